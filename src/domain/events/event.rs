//! An event is what a site reports besides page views, as an account defines it (rules.md 19, 20). When a visitor
//! does it, that is a *completion* of the event.

use serde::{Deserialize, Serialize};

use crate::domain::contact::{PROPERTIES_MAX, PROPERTY_NAME_MAX, PROPERTY_VALUE_MAX};
use crate::domain::money;
use crate::domain::scrub::{self, Emails};
use crate::domain::text::{cut, is_longer};
use crate::domain::url_rule::{self, UrlRule};
use crate::domain::value_property::ValueProperty;

/// Number of digits of an id as it is shown and sent (rules.md 19).
pub const ID_DIGITS: usize = 12;
/// Longest name, characters.
pub const NAME_MAX: usize = 100;
/// Longest tag in characters, and the most tags of an event.
pub const TAG_MAX: usize = 50;
pub const TAGS_MAX: usize = 20;
/// Longest CSS selector, characters. It may be a list separated by commas.
pub const SELECTOR_MAX: usize = 1_024;
/// Largest custom JavaScript of an event, bytes.
pub const CUSTOM_JS_MAX: usize = 2 * 1024 * 1024;
/// Longest JSON of all properties of a completion, characters (rules.md 16).
pub const PROPERTIES_TEXT_MAX: usize = 8_192;
/// The most events an account may have, unless the configuration of the server sets another limit.
pub const LIMIT: i64 = 2_000;
/// The most names that wait for review in an account (rules.md 20).
pub const WAITING_MAX: i64 = 10_000;
/// From this part of the limit on the account is warned, per cent.
pub const WARN_FROM: i64 = 90;

/// The number of an event within its account, from 1 up. It is shown with 12 digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EventNumber(pub u32);

impl EventNumber {
    /// Reads exactly twelve digits. Returns `None` for a number that no event can have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_id = text.len() == ID_DIGITS && text.bytes().all(|b| b.is_ascii_digit());
        text.parse().ok().filter(|number| is_id && *number > 0).map(Self)
    }
}

impl std::fmt::Display for EventNumber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:0width$}", self.0, width = ID_DIGITS)
    }
}

/// How a hit names its event: twelve digits are an id, anything else is a name (rules.md 19).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventRef {
    Id(EventNumber),
    Name(String),
}

impl EventRef {
    /// Returns `None` for a text that is empty or too long, and for an id that no event can have.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.len() == ID_DIGITS && text.bytes().all(|b| b.is_ascii_digit()) {
            return EventNumber::parse(text).map(Self::Id);
        }
        name(text).ok().map(Self::Name)
    }
}

macro_rules! words {
    ($(#[$doc:meta])* $type:ident { $($name:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $type { $($name,)* }

        impl $type {
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }

            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|known| known.as_str() == text)
            }
        }
    };
}

words! {
    /// How an event is completed.
    EventKind {
        Custom = "custom",
        Http = "http",
        Click = "click",
        Form = "form",
        Visit = "visit",
    }
}

words! {
    /// The state of an event. The name of a deleted event is not created again by a hit.
    Status {
        Active = "active",
        Archived = "archived",
        Deleted = "deleted",
    }
}

words! {
    /// What happens with a name that nobody has created (rules.md 19).
    UnknownNames {
        Create = "create",
        Queue = "queue",
        Refuse = "refuse",
    }
}

impl EventKind {
    /// Whether the tracking script finds the completions in the page.
    #[must_use]
    pub const fn is_found_by_script(self) -> bool {
        matches!(self, Self::Click | Self::Form)
    }

    /// Whether its completions may carry properties.
    #[must_use]
    pub const fn has_properties(self) -> bool {
        matches!(self, Self::Custom)
    }

    const fn has_selector(self) -> bool {
        matches!(self, Self::Click | Self::Form)
    }

    const fn has_url_rule(self) -> bool {
        matches!(self, Self::Click | Self::Form | Self::Visit)
    }
}

/// What is wrong with an event as a user typed it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("an event needs a name")]
    NoName,
    #[error("a name can have at most {NAME_MAX} characters")]
    LongName,
    #[error("a name cannot be twelve digits, because that is the form of an event ID")]
    NameIsId,
    #[error("a tag can have at most {TAG_MAX} characters")]
    LongTag,
    #[error("an event can have at most {TAGS_MAX} tags")]
    ManyTags,
    #[error("this type needs a CSS selector")]
    NoSelector,
    #[error("a selector can have at most {SELECTOR_MAX} characters")]
    LongSelector,
    #[error("a selector cannot begin with “<”, because that is markup")]
    Markup,
    #[error("this type needs a URL rule")]
    NoUrlRule,
    #[error(transparent)]
    UrlRule(url_rule::Invalid),
    #[error("“{0}” is not an amount")]
    Value(String),
    #[error("“{0}” is not the name of a property")]
    ValueProperty(String),
    #[error("the code has more than {CUSTOM_JS_MAX} bytes")]
    LongCustomJs,
}

impl Invalid {
    /// The name of the form field that is wrong.
    #[must_use]
    pub const fn field(&self) -> &'static str {
        match self {
            Self::NoName | Self::LongName | Self::NameIsId => "name",
            Self::LongTag | Self::ManyTags => "tags",
            Self::NoSelector | Self::LongSelector | Self::Markup => "selector",
            Self::NoUrlRule | Self::UrlRule(_) => "url",
            Self::Value(_) => "value",
            Self::ValueProperty(_) => "value_property",
            Self::LongCustomJs => "custom_js",
        }
    }
}

/// An event as a user typed it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Typed<'a> {
    pub name: &'a str,
    pub tags: Vec<&'a str>,
    pub selector: &'a str,
    pub url: &'a str,
    pub value: &'a str,
    pub value_property: &'a str,
    pub custom_js: &'a str,
}

/// The checked definition of an event. Fields that its kind does not have are empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Definition {
    pub name: String,
    pub kind: EventKind,
    /// Each tag once, in the order in which they were given.
    pub tags: Vec<String>,
    /// CSS; empty means none.
    pub selector: String,
    pub url: Option<UrlRule>,
    /// The value of a completion that carries none, minor units.
    pub value_minor: i64,
    /// The property that is the value of a completion, where a completion has it and no value of its own.
    pub value_property: Option<ValueProperty>,
    /// Its syntax is checked by a user with the right to publish script.
    pub custom_js: String,
}

impl Definition {
    /// The definition of an event that a hit created by naming it.
    #[must_use]
    pub fn named(name: &str, kind: EventKind) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            tags: Vec::new(),
            selector: String::new(),
            url: None,
            value_minor: 0,
            value_property: None,
            custom_js: String::new(),
        }
    }

    /// As a user types it; empty means none.
    #[must_use]
    pub fn value_property_text(&self) -> String {
        self.value_property.as_ref().map_or_else(String::new, ToString::to_string)
    }

    /// Checks what a user typed. The error holds everything that is wrong, in the order of the form. `digits` are the
    /// decimal places of the account's currency.
    pub fn parse(kind: EventKind, typed: &Typed<'_>, digits: u32) -> Result<Self, Vec<Invalid>> {
        let mut wrong = Vec::new();
        let name = name(typed.name).unwrap_or_else(|invalid| {
            wrong.push(invalid);
            String::new()
        });
        let tags = tags(&typed.tags).unwrap_or_else(|invalid| {
            wrong.push(invalid);
            Vec::new()
        });
        let mut selector = String::new();
        if kind.has_selector() {
            typed.selector.trim().clone_into(&mut selector);
            if selector.is_empty() {
                wrong.push(Invalid::NoSelector);
            } else if selector.chars().count() > SELECTOR_MAX {
                wrong.push(Invalid::LongSelector);
            } else if selector.split(',').any(|one| one.trim_start().starts_with('<')) {
                wrong.push(Invalid::Markup);
            }
        }
        let mut url = None;
        if kind.has_url_rule() {
            match UrlRule::parse(typed.url) {
                Ok(rule) => url = Some(rule),
                Err(url_rule::Invalid::Empty) if kind == EventKind::Visit => wrong.push(Invalid::NoUrlRule),
                Err(url_rule::Invalid::Empty) => {}
                Err(invalid) => wrong.push(Invalid::UrlRule(invalid)),
            }
        }
        let value_minor = match typed.value.trim() {
            "" => 0,
            value => money::parse(value, digits).unwrap_or_else(|| {
                wrong.push(Invalid::Value(value.chars().take(money::TEXT_MAX).collect()));
                0
            }),
        };
        let value_property = match typed.value_property.trim() {
            name if name.is_empty() || !kind.has_properties() => None,
            name => {
                let parsed = ValueProperty::parse(name);
                if parsed.is_none() {
                    wrong.push(Invalid::ValueProperty(name.chars().take(PROPERTY_NAME_MAX).collect()));
                }
                parsed
            }
        };
        let mut custom_js = String::new();
        if kind == EventKind::Custom && !typed.custom_js.trim().is_empty() {
            if typed.custom_js.len() > CUSTOM_JS_MAX {
                wrong.push(Invalid::LongCustomJs);
            } else {
                typed.custom_js.clone_into(&mut custom_js);
            }
        }
        if !wrong.is_empty() {
            return Err(wrong);
        }
        Ok(Self { name, kind, tags, selector, url, value_minor, value_property, custom_js })
    }
}

/// The properties of a completion in the form that is kept: without secrets, and of a name that is given twice the first
/// value.
/// Returns `None` when there are too many, or one is too long.
#[must_use]
pub fn properties<'a>(sent: impl IntoIterator<Item = (&'a str, &'a str)>) -> Option<Vec<(String, String)>> {
    let mut kept: Vec<(String, String)> = Vec::new();
    for (name, value) in sent {
        if is_longer(name, PROPERTY_NAME_MAX) || is_longer(value, PROPERTY_VALUE_MAX) {
            return None;
        }
        let name = cut(name, PROPERTY_NAME_MAX);
        // A name that consists of control characters is no name.
        if name.is_empty() || kept.iter().any(|(known, _)| *known == name) {
            continue;
        }
        if kept.len() == PROPERTIES_MAX {
            return None;
        }
        let value = match scrub::is_secret_property(&name) {
            true => scrub::TOKEN_MARK.to_owned(),
            false => cut(&scrub::kept_text(value, Emails::Masked), PROPERTY_VALUE_MAX),
        };
        kept.push((scrub::kept_text(&name, Emails::Masked).into_owned(), value));
    }
    let fits = kept.is_empty() || properties_text(&kept).chars().count() <= PROPERTIES_TEXT_MAX;
    fits.then_some(kept)
}

#[must_use]
pub fn properties_text(properties: &[(String, String)]) -> String {
    let map: serde_json::Map<String, serde_json::Value> =
        properties.iter().map(|(name, value)| (name.clone(), value.clone().into())).collect();
    serde_json::Value::Object(map).to_string()
}

/// Reads a name: trimmed, case kept, without control characters (rules.md 19).
pub fn name(text: &str) -> Result<String, Invalid> {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let plain = plain.trim();
    if plain.is_empty() {
        return Err(Invalid::NoName);
    }
    if plain.chars().count() > NAME_MAX {
        return Err(Invalid::LongName);
    }
    if plain.len() == ID_DIGITS && plain.bytes().all(|b| b.is_ascii_digit()) {
        return Err(Invalid::NameIsId);
    }
    Ok(plain.to_owned())
}

/// Reads tags. Tags that differ in case only are the same, and empty ones are left out.
fn tags(typed: &[&str]) -> Result<Vec<String>, Invalid> {
    let mut tags: Vec<String> = Vec::new();
    for tag in typed {
        let tag: String = tag.chars().map(|c| if c.is_control() || c == ',' { ' ' } else { c }).collect();
        let tag = tag.trim();
        if tag.chars().count() > TAG_MAX {
            return Err(Invalid::LongTag);
        }
        if !tag.is_empty() && !tags.iter().any(|known| known.to_lowercase() == tag.to_lowercase()) {
            tags.push(tag.to_owned());
        }
    }
    if tags.len() > TAGS_MAX {
        return Err(Invalid::ManyTags);
    }
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rules.md 19
    #[test]
    fn twelve_digits_are_an_id_and_anything_else_a_name() {
        assert_eq!(EventRef::parse("000000001625"), Some(EventRef::Id(EventNumber(1625))));
        assert_eq!(EventNumber(1625).to_string(), "000000001625");
        for name in ["1625", "0000000016255", "00000000162x", "Sign Up", "٠٠٠٠٠٠٠٠٠٠٠١"] {
            assert_eq!(
                EventRef::parse(&format!(" {name} ")),
                Some(EventRef::Name(name.to_owned())),
                "{name}"
            );
        }
        for none in ["", " ", "\u{0}", "000000000000", "999999999999"] {
            assert_eq!(EventRef::parse(none), None, "{none:?}");
        }
        assert!(EventRef::parse(&"é".repeat(NAME_MAX)).is_some());
        assert_eq!(EventRef::parse(&"é".repeat(NAME_MAX + 1)), None);
    }

    #[test]
    fn each_kind_needs_what_it_needs_and_keeps_nothing_else() {
        let all = Typed {
            name: " Sign up ",
            tags: vec!["a", "B", "b ", "", "x,y"],
            selector: " #go, .go ",
            url: "/pricing*",
            value: "9.99",
            value_property: "price * quantity",
            custom_js: "go()",
        };
        let parse = |kind, typed: &Typed<'_>| Definition::parse(kind, typed, 2);
        for kind in EventKind::ALL {
            let definition = parse(*kind, &all).unwrap();
            assert_eq!((definition.name.as_str(), definition.value_minor), ("Sign up", 999));
            assert_eq!(definition.tags, ["a", "B", "x y"]);
            assert_eq!(definition.selector.is_empty(), !kind.is_found_by_script(), "{kind:?}");
            let by_url = matches!(kind, EventKind::Click | EventKind::Form | EventKind::Visit);
            assert_eq!(definition.url.is_some(), by_url, "{kind:?}");
            assert_eq!(definition.value_property.is_some(), kind.has_properties(), "{kind:?}");
            assert_eq!(definition.custom_js.is_empty(), *kind != EventKind::Custom, "{kind:?}");
        }
        let nothing = Typed::default();
        assert_eq!(parse(EventKind::Custom, &nothing), Err(vec![Invalid::NoName]));
        assert_eq!(parse(EventKind::Click, &nothing), Err(vec![Invalid::NoName, Invalid::NoSelector]));
        assert_eq!(parse(EventKind::Visit, &nothing), Err(vec![Invalid::NoName, Invalid::NoUrlRule]));
        let odd = Typed { name: "000000000001", value: "9,99", ..Typed::default() };
        let wrong = parse(EventKind::Http, &odd).unwrap_err();
        assert_eq!(wrong.iter().map(Invalid::field).collect::<Vec<_>>(), ["name", "value"]);
    }

    /// Scripts of pages create elements from such a text, so it must not be a selector.
    #[test]
    fn markup_is_no_selector() {
        let parse = |selector, kind| {
            Definition::parse(kind, &Typed { name: "a", selector, ..Typed::default() }, 2).map(|_| ())
        };
        let refused = Err(vec![Invalid::Markup]);
        for wrong in ["<img src=x onerror=go()>", " \t<b>", ".buy, <b>", ".buy,\n<b>, a", "<"] {
            assert_eq!(parse(wrong, EventKind::Click), refused, "{wrong:?}");
            assert_eq!(parse(wrong, EventKind::Form), refused, "{wrong:?}");
            assert_eq!(parse(wrong, EventKind::Custom), Ok(()), "{wrong:?}: it keeps none");
        }
        for right in [".buy, a", "a:contains('<b>')", "[title='a<b']"] {
            assert_eq!(parse(right, EventKind::Click), Ok(()), "{right:?}");
        }
    }

    /// rules.md 16
    #[test]
    fn properties_are_taken_at_each_limit_and_refused_one_past_it() {
        let fits = |sent: &[(String, String)]| {
            properties(sent.iter().map(|(name, value)| (name.as_str(), value.as_str()))).is_some()
        };
        let of = |n: usize| (0..n).map(|n| (format!("p{n}"), String::from("v"))).collect::<Vec<_>>();
        assert!(fits(&of(PROPERTIES_MAX)) && !fits(&of(PROPERTIES_MAX + 1)));
        let one = |name: usize, value: usize| vec![("é".repeat(name), "é".repeat(value))];
        assert!(fits(&one(PROPERTY_NAME_MAX, 1)) && !fits(&one(PROPERTY_NAME_MAX + 1, 1)));
        assert!(fits(&one(1, PROPERTY_VALUE_MAX)) && !fits(&one(1, PROPERTY_VALUE_MAX + 1)));
        // Eight properties of 1,014 characters, with 10 around each except for the first brace and the last comma.
        let mut full: Vec<(String, String)> =
            (0..8).map(|n| (format!("pro{n}"), "v".repeat(1_014))).collect();
        full[0].1.pop();
        assert_eq!(properties_text(&full).chars().count(), PROPERTIES_TEXT_MAX);
        assert!(fits(&full));
        full[0].1.push('v');
        assert!(!fits(&full));
        let sent = [("a", "1"), ("a", "2"), ("\u{1}", "3")];
        assert_eq!(properties(sent).unwrap(), [("a".to_owned(), "1".to_owned())]);
    }

    #[test]
    fn fields_are_taken_at_the_limit_and_refused_one_past_it() {
        let code = |n: usize| "x".repeat(n);
        let check = |typed: Typed<'_>, kind, wrong: Option<Invalid>| {
            let typed = Typed { name: if typed.name.is_empty() { "n" } else { typed.name }, ..typed };
            assert_eq!(Definition::parse(kind, &typed, 2).err(), wrong.map(|wrong| vec![wrong]));
        };
        let (at, past) = (code(NAME_MAX), code(NAME_MAX + 1));
        check(Typed { name: &at, ..Typed::default() }, EventKind::Http, None);
        check(Typed { name: &past, ..Typed::default() }, EventKind::Http, Some(Invalid::LongName));
        let (at, past) = (code(TAG_MAX), code(TAG_MAX + 1));
        check(Typed { tags: vec![&at], ..Typed::default() }, EventKind::Http, None);
        check(Typed { tags: vec![&past], ..Typed::default() }, EventKind::Http, Some(Invalid::LongTag));
        let many: Vec<String> = (0..=TAGS_MAX).map(|n| n.to_string()).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        check(Typed { tags: many[1..].to_vec(), ..Typed::default() }, EventKind::Http, None);
        check(Typed { tags: many, ..Typed::default() }, EventKind::Http, Some(Invalid::ManyTags));
        let (at, past) = (code(SELECTOR_MAX), code(SELECTOR_MAX + 1));
        check(Typed { selector: &at, ..Typed::default() }, EventKind::Click, None);
        check(Typed { selector: &past, ..Typed::default() }, EventKind::Click, Some(Invalid::LongSelector));
        let (at, past) = (code(CUSTOM_JS_MAX), code(CUSTOM_JS_MAX + 1));
        check(Typed { custom_js: &at, ..Typed::default() }, EventKind::Custom, None);
        check(Typed { custom_js: &past, ..Typed::default() }, EventKind::Custom, Some(Invalid::LongCustomJs));
    }
}
