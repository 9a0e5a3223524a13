//! The forms of the invented site, as visitors submit them: the newsletter, which everybody who becomes known signed up
//! for, and the contact form, which some of them use when they come back.

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::{Email, Identity};
use crate::domain::form::{FormKey, Submission, Way};
use crate::domain::hit::{Act, Hit};
use crate::domain::page::Page;
use crate::domain::source::Origin;
use crate::domain::visitor::Token;

/// A form, the path of its page, and what is asked beside name and email.
pub(super) struct Form {
    key: &'static str,
    path: &'static str,
    title: &'static str,
    more: &'static [(&'static str, &'static str)],
}

/// It stands at the foot of the first page.
pub(super) const NEWSLETTER: Form = Form { key: "newsletter", path: "/", title: "Ostrel", more: &[] };

pub(super) const CONTACT: Form = Form {
    key: "contact-us",
    path: "/contact",
    title: "Contact",
    more: &[
        ("topic", "Relay"),
        ("message", "My station sends nothing since the last update.\nWhat can I do?"),
    ],
};

/// Who visitors agree with when they submit a form.
const CONSENT_TEXT: &str =
    r#"{"consent":{"consentToProcess":true,"text":"Ostrel may store what I entered.","communications":[]}}"#;

/// The hit of a submitted form. `None` when the visitor or the page cannot be one.
pub(super) fn submission(
    account: AccountId,
    at: Millis,
    form: &Form,
    origin: &str,
    token: &str,
    person: &[(&'static str, String)],
) -> Option<Hit> {
    let fields = person.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let more = form.more.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let said = |name: &str| person.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    let identity = Identity { email: Email::parse(said("email")?), ..Identity::default() };
    let submission = Submission {
        form: FormKey::parse(form.key)?,
        way: Way::Call,
        fields: fields.chain(more).collect(),
        consent_text: CONSENT_TEXT.to_owned(),
    };
    let mut hit = Hit::from_program(account, at, Act::Submission(Box::new(submission)), identity);
    hit.origin = Origin::offline("FORM");
    hit.visitor = Token::parse(token);
    hit.page = Page::recorded(&format!("{origin}{}", form.path), None, None).ok()?.page;
    hit.title = form.title.to_owned();
    Some(hit)
}
