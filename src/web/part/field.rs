//! One field of a form with label, hint and the message of what was wrong with it. The error is tied to
//! the field for those who hear the page.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "_field.html")]
pub struct Field {
    pub t: &'static Texts,
    /// Name in the form; `f-<name>` is the element's id.
    pub name: &'static str,
    pub label: String,
    pub value: String,
    pub kind: Kind,
    pub hint: Option<String>,
    pub error: Option<String>,
    pub required: bool,
    /// `autocomplete` of HTML: `username`, `current-password` …
    pub autocomplete: Option<&'static str>,
    /// Characters.
    pub max: Option<usize>,
    /// What the browser offers to be taken.
    pub suggestions: Vec<String>,
}

pub enum Kind {
    Text,
    Email,
    Password,
    Number,
    Date,
    /// Several lines.
    Area {
        rows: u8,
    },
    /// `value` is the chosen one's.
    Select(Vec<Choice>),
    /// One of few, all visible.
    Radio(Vec<Choice>),
    /// `value` is `on` when ticked.
    Check,
}

pub struct Choice {
    pub value: String,
    pub label: String,
    pub hint: Option<String>,
}

impl HtmlSafe for Field {}

impl Field {
    #[must_use]
    pub fn new(t: &'static Texts, name: &'static str, label: &str, kind: Kind) -> Self {
        Self {
            t,
            name,
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

    #[must_use]
    pub fn value(mut self, value: &str) -> Self {
        value.clone_into(&mut self.value);
        self
    }

    #[must_use]
    pub fn hint(mut self, hint: &str) -> Self {
        self.hint = Some(hint.to_owned());
        self
    }

    #[must_use]
    pub fn error(mut self, error: Option<String>) -> Self {
        self.error = error;
        self
    }

    #[must_use]
    pub const fn required(mut self) -> Self {
        self.required = true;
        self
    }

    #[must_use]
    pub const fn autocomplete(mut self, word: &'static str) -> Self {
        self.autocomplete = Some(word);
        self
    }

    #[must_use]
    pub const fn max(mut self, characters: usize) -> Self {
        self.max = Some(characters);
        self
    }

    #[must_use]
    pub fn suggestions(mut self, texts: &[String]) -> Self {
        self.suggestions = texts.to_vec();
        self
    }

    const fn input_type(&self) -> &'static str {
        match self.kind {
            Kind::Email => "email",
            Kind::Password => "password",
            Kind::Number => "number",
            Kind::Date => "date",
            _ => "text",
        }
    }

    /// Never sent back to the browser.
    const fn is_secret(&self) -> bool {
        matches!(self.kind, Kind::Password)
    }

    /// Ids of the texts that describe the field; empty = none.
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
    fn what_was_typed_comes_back_escaped_with_its_message() {
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
    fn the_chosen_of_a_list_stays_chosen() {
        let choice = |v: &str| Choice { value: v.into(), label: v.into(), hint: None };
        for kind in [Kind::Select as fn(Vec<Choice>) -> Kind, Kind::Radio] {
            let html =
                Field::new(&EN, "role", "Role", kind(vec![choice("a"), choice("b")])).value("b").to_string();
            assert_eq!(html.matches(" selected").count() + html.matches(" checked").count(), 1, "{html}");
        }
    }
}
