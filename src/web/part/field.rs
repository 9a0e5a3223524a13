//! One form field with its label, hint and error. The markup ties hint and error to the field, so screen readers
//! read them out.

use std::borrow::Cow;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;
use crate::web::text::Texts;

#[must_use]
#[derive(Template)]
#[template(path = "_field.html")]
pub struct Field {
    pub t: &'static Texts,
    /// The name in the form. The element's id is `f-<name>`.
    pub name: Cow<'static, str>,
    pub label: String,
    pub value: String,
    pub kind: Kind,
    pub hint: Option<String>,
    pub error: Option<String>,
    pub required: bool,
    /// The `autocomplete` attribute: `username`, `current-password` …
    pub autocomplete: Option<&'static str>,
    /// Longest value, in characters.
    pub max: Option<usize>,
    /// Values that the browser offers for completion.
    pub suggestions: Vec<String>,
}

pub enum Kind {
    Text,
    Email,
    Password,
    /// A day, such as `2026-01-31`.
    Date,
    /// A colour, such as `#1f4f8f`.
    Colour,
    /// A field of several lines.
    Area {
        rows: u8,
    },
    /// A list of which one choice is taken; the field's `value` is that of the choice.
    Select(Vec<Choice>),
    /// Like `Select`, for few choices that are all visible.
    Radio(Vec<Choice>),
    /// A checkbox; the field's `value` is `on` when it is ticked.
    Check,
}

pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: Option<String>,
}

impl HtmlSafe for Field {}

impl Field {
    pub fn new(t: &'static Texts, name: impl Into<Cow<'static, str>>, label: &str, kind: Kind) -> Self {
        Self {
            t,
            name: name.into(),
            label: label.to_owned(),
            value: String::new(),
            kind,
            hint: None,
            error: None,
            required: false,
            autocomplete: None,
            max: None,
            suggestions: Vec::new(),
        }
    }

    pub fn value(mut self, value: &str) -> Self {
        value.clone_into(&mut self.value);
        self
    }

    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    pub fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    pub const fn autocomplete(mut self, word: &'static str) -> Self {
        self.autocomplete = Some(word);
        self
    }

    pub const fn max(mut self, characters: usize) -> Self {
        self.max = Some(characters);
        self
    }

    pub fn suggestions(mut self, texts: &[String]) -> Self {
        self.suggestions = texts.to_vec();
        self
    }

    const fn input_type(&self) -> &'static str {
        match self.kind {
            Kind::Email => "email",
            Kind::Password => "password",
            Kind::Date => "date",
            Kind::Colour => "color",
            _ => "text",
        }
    }

    /// Whether the value must never be sent back to the browser.
    const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }

    /// The `aria-describedby` attribute; empty when nothing describes the field.
    fn described_by(&self) -> String {
        let ids = [("hint", self.hint.is_some()), ("error", self.error.is_some())];
        let ids: Vec<String> =
            ids.iter().filter(|(_, is)| *is).map(|(id, _)| format!("f-{}-{id}", self.name)).collect();
        ids.join(" ")
    }

    fn is_chosen(&self, choice: &Choice) -> bool {
        self.value == choice.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    #[test]
    fn the_typed_value_is_shown_again_escaped_with_its_error() {
        let html = Field::new(&EN, "email", "Email", Kind::Email)
            .value("\"><script>x")
            .hint("a hint")
            .error(Some("is no address".into()))
            .required()
            .max(254)
            .to_string();
        assert!(!html.contains("<script>"));
        for part in [
            "aria-describedby=\"f-email-hint f-email-error\"",
            "aria-invalid=\"true\"",
            "is no address",
            "required",
            "maxlength=\"254\"",
            "for=\"f-email\"",
        ] {
            assert!(html.contains(part), "{part} in {html}");
        }
        let secret = Field::new(&EN, "password", "Password", Kind::Password).value("secret").to_string();
        assert!(!secret.contains("secret"), "a password is never sent back");
    }

    #[test]
    fn the_choice_of_a_list_stays_selected() {
        let choice = |v: &str| Choice { value: v.into(), label: v.into(), hint: None };
        for kind in [Kind::Select as fn(Vec<Choice>) -> Kind, Kind::Radio] {
            let html =
                Field::new(&EN, "role", "Role", kind(vec![choice("a"), choice("b")])).value("b").to_string();
            assert_eq!(html.matches(" selected").count() + html.matches(" checked").count(), 1, "{html}");
        }
    }
}
