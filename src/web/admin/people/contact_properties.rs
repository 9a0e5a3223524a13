//! What the page of a contact shows of its properties: the declared ones, those that data brought apart from them, and who
//! said each value when, the values before too.

use crate::app::reports::properties::{Earlier, Said};
use crate::base::clock::Millis;
use crate::domain::contact::{FIRST_NAME, LAST_NAME};
use crate::domain::period::{Zone, parse_day};
use crate::domain::property_type::{PropertyType, parse_yes_no};
use crate::domain::provenance::Channel;
use crate::web::drawing::format;
use crate::web::text::{Texts, fill};

/// A property on the page.
pub(crate) struct Property {
    pub label: String,
    pub value: String,
    /// The value does not fit the type of the property.
    pub is_misfit: bool,
    /// The value now and those before it, the newest first.
    pub history: Vec<Statement>,
    /// Accessible name of the history.
    pub history_label: String,
}

/// A value that somebody said.
pub(crate) struct Statement {
    pub value: String,
    /// Through which channel, and how far it is trusted.
    pub how: String,
    pub when: String,
}

/// The declared properties by their labels, and the others by name.
pub(crate) fn of_contact(t: &'static Texts, zone: &Zone, all: &[Said]) -> [Vec<Property>; 2] {
    let (mut declared, others): (Vec<&Said>, Vec<&Said>) = all.iter().partition(|said| said.declared);
    declared.sort_by_key(|said| label(t, said).to_lowercase());
    [declared, others].map(|part| part.into_iter().map(|said| property(t, zone, said)).collect())
}

/// How pages name a property that is not declared.
pub(crate) fn property_label<'a>(t: &'static Texts, name: &'a str) -> &'a str {
    let texts = &t.contacts.edit;
    match name {
        FIRST_NAME => texts.first_name,
        LAST_NAME => texts.last_name,
        "phone" => texts.phone,
        "company" => texts.company,
        name => name,
    }
}

fn label(t: &'static Texts, said: &Said) -> String {
    if said.label == said.name { property_label(t, &said.name).to_owned() } else { said.label.clone() }
}

fn property(t: &'static Texts, zone: &Zone, said: &Said) -> Property {
    let kind = PropertyType::parse(said.kind).unwrap_or_default();
    let now = statement(t, zone, kind, (&said.value, said.verified, said.channel, said.at));
    let before = |earlier: &Earlier| {
        statement(t, zone, kind, (&earlier.value, earlier.verified, earlier.channel, earlier.at))
    };
    let label = label(t, said);
    Property {
        value: now.value.clone(),
        is_misfit: !said.fits,
        history: std::iter::once(now).chain(said.history.iter().map(before)).collect(),
        history_label: fill(t.contacts.history_of, &[("property", &label)]),
        label,
    }
}

fn statement(
    t: &Texts,
    zone: &Zone,
    kind: PropertyType,
    (value, is_verified, channel, at): (&str, bool, &str, Millis),
) -> Statement {
    let texts = &t.contacts;
    let trust = if is_verified { texts.is_verified } else { texts.is_unverified };
    let how = fill(texts.said_by, &[("trust", trust), ("channel", channel_label(t, channel))]);
    Statement { value: readable(t, kind, value), how, when: format::date_time(&t.number, zone, at) }
}

/// A value as people write it. One that does not fit the type stays as it is.
fn readable(t: &Texts, kind: PropertyType, value: &str) -> String {
    let shown = match kind {
        PropertyType::Date => parse_day(value).map(|day| format::date(&t.number, day)),
        PropertyType::YesNo => {
            let word = |is| if is { t.properties.yes } else { t.properties.no };
            parse_yes_no(value).map(|is| word(is).to_owned())
        }
        _ => None,
    };
    shown.unwrap_or_else(|| value.to_owned())
}

fn channel_label(t: &Texts, channel: &str) -> &'static str {
    let texts = &t.contacts.channel;
    let known = Channel::ALL.into_iter().find(|known| known.as_str() == channel);
    match known.unwrap_or(Channel::Unknown) {
        Channel::Unknown => texts.unknown,
        Channel::Browser => texts.browser,
        Channel::Program => texts.program,
        Channel::Form => texts.form,
        Channel::Api => texts.api,
        Channel::Import => texts.import,
        Channel::Page => texts.page,
    }
}
