//! Forms, and what people submit with them (rules.md 33). A form is known by the key that the site gives it. What nobody
//! may keep of a form is left out here, whoever sends it.

use serde::{Deserialize, Serialize};

use super::contact::PROPERTY_NAME_MAX;
use crate::domain::scrub;

/// Most forms of an account. Keys come from outside, and a flood of invented ones must end somewhere.
pub const FORMS_MAX: i64 = 1_000;
/// Longest key of a form, characters.
pub const FORM_KEY_MAX: usize = 64;
/// Longest body of a submission, bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Most fields of a submission.
pub const FIELDS_MAX: usize = 1_000;
/// Longest name of a field, characters.
pub const FIELD_NAME_MAX: usize = PROPERTY_NAME_MAX;
/// Longest value of a field, characters. A message is longer than a property.
pub const FIELD_VALUE_MAX: usize = 4_096;
/// Longest text of a consent that is kept with a submission, bytes of its JSON.
pub const CONSENT_TEXT_MAX: usize = 16 * 1024;

/// The key of a form, as the site names it: HubSpot's GUID, or a name of letters, digits, `-` and `_`, in lower case.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct FormKey(String);

impl FormKey {
    /// `None` when the text is empty or too long, or has other characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = (1..=FORM_KEY_MAX).contains(&text.len())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    /// Of what the page calls a form: other characters become hyphens. `None` when nothing is left.
    #[must_use]
    pub fn of_text(text: &str) -> Option<Self> {
        let spaced: String =
            text.chars().map(|c| if c.is_ascii_alphanumeric() || c == '_' { c } else { ' ' }).collect();
        let words: Vec<&str> = spaced.split_whitespace().collect();
        let key: String = words.join("-").chars().take(FORM_KEY_MAX).collect();
        Self::parse(key.trim_end_matches('-'))
    }

    /// Of a form that the page does not name: that of its path.
    #[must_use]
    pub fn of_page(path: &str) -> Self {
        Self::of_text(&format!("form {path}")).unwrap_or_else(Self::other)
    }

    /// Stands for every form past the limit whose submission was accepted already. No site can name a form like that.
    #[must_use]
    pub fn other() -> Self {
        Self("(other)".to_owned())
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// How a submission came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Way {
    /// An HTTP call that nobody signed, mostly of a browser.
    Call,
    /// An HTTP call with a token of the account.
    Token,
    /// The tracking script noticed it.
    Script,
}

/// A form that somebody sent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Submission {
    pub form: FormKey,
    pub way: Way,
    /// As they were sent, without those that are never kept.
    pub fields: Vec<(String, String)>,
    /// The words of consent that the form showed, as JSON; empty = none.
    pub consent_text: String,
}

/// What is read of a form that the tracking script noticed, and nothing else. The script has the same list.
pub const COLLECTED: [&str; 5] = ["email", "firstname", "lastname", "phone", "company"];
/// Longest value of such a field, characters.
pub const COLLECTED_VALUE_MAX: usize = 256;

/// Whether a text may be the number of a payment card: 13 or more digits, and no sign before them that begins a phone
/// number.
#[must_use]
pub fn is_number_of_card(value: &str) -> bool {
    let digits = value.chars().filter(char::is_ascii_digit).count();
    let begin = value.chars().find(|c| c.is_ascii_digit() || *c == '+');
    digits > 12 && !matches!(begin, Some('+' | '0'))
}

/// Names of fields whose values are never kept, without their signs: `Card number`, `card-number` and `cardNumber` are
/// one. These are whole names.
const SECRET_NAMES: &[&str] = &[
    "pass", "pwd", "pin", "pincode", "card", "cardno", "cc", "ccn", "ccno", "ccnum", "ccname", "cctype",
    "pan", "cid", "cvc", "cvc2", "cvn", "cvv", "cvv2", "csc", "otp", "ssn",
];
/// And these are parts of names.
const SECRET_PARTS: &[&str] = &[
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "passwort",
    "kennwort",
    "wachtwoord",
    "motdepasse",
    "contrasena",
    "contraseña",
    "senha",
    "parola",
    "creditcard",
    "debitcard",
    "cardnum",
    "cardexp",
    "cardcvc",
    "cardcvv",
    "cardcode",
    "cardsec",
    "cardverification",
    "ccnumber",
    "ccexp",
    "cccsc",
    "cccvc",
    "cccvv",
    "kreditkarte",
    "kartennummer",
    "kaartnummer",
    "cartedecredit",
    "cartebancaire",
    "numerocarte",
    "tarjeta",
    "securitycode",
    "sicherheitscode",
    "socialsecurity",
];

/// Whether the value of a field with this name is never kept: passwords, payment cards and tokens.
#[must_use]
pub fn is_secret_field(name: &str) -> bool {
    let plain: String = name.chars().filter(|c| c.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    scrub::is_secret_property(name)
        || SECRET_NAMES.contains(&&*plain)
        || SECRET_PARTS.iter().any(|part| plain.contains(part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_read_at_the_limit_and_refused_one_past_it() {
        assert!(FormKey::parse(&"a".repeat(FORM_KEY_MAX)).is_some());
        for bad in ["", "a b", "a/b", "(other)", "ä", "a.b", &"a".repeat(FORM_KEY_MAX + 1)] {
            assert_eq!(FormKey::parse(bad), None, "{bad}");
        }
        let guid = FormKey::parse("0F1B9A6C-8D3E-4D7B-9E55-2C8B3A0C4E11").unwrap();
        assert_eq!(guid.as_str(), "0f1b9a6c-8d3e-4d7b-9e55-2c8b3a0c4e11");
    }

    #[test]
    fn a_form_that_the_page_names_gets_a_key_of_its_name_or_its_path() {
        for (text, key) in [
            ("Contact Us!", Some("contact-us")),
            ("#signup.form", Some("signup-form")),
            ("ä", None),
            ("", None),
            (&"a ".repeat(FORM_KEY_MAX), Some(&*format!("{}a", "a-".repeat(FORM_KEY_MAX / 2 - 1)))),
        ] {
            assert_eq!(FormKey::of_text(text).as_ref().map(FormKey::as_str), key, "{text}");
        }
        assert_eq!(FormKey::of_page("/about/contact").as_str(), "form-about-contact");
        assert_eq!(FormKey::of_page("/").as_str(), "form");
    }

    #[test]
    fn numbers_of_cards_are_told_from_those_of_phones() {
        for card in ["4111111111111111", "4111 1111 1111 1111", "3782-822463-10005", "card 4222222222222"] {
            assert!(is_number_of_card(card), "{card}");
        }
        for phone in ["+49 1512 34567890", "0049 1512 3456789", "(0) 1512 345678901", "555 0199", "Ada", ""] {
            assert!(!is_number_of_card(phone), "{phone}");
        }
    }

    #[test]
    fn a_field_is_secret_by_its_name_however_it_is_written() {
        for secret in [
            "password",
            "Password",
            "user[password]",
            "new_password",
            "passwordConfirmation",
            "pwd",
            "PIN",
            "pass",
            "card-number",
            "cardNumber",
            "Card number",
            "cc-number",
            "cc_num",
            "creditcard",
            "cvc",
            "CVV2",
            "card_cvc",
            "cc-exp",
            "cc-csc",
            "security code",
            "Wachtwoord",
            "mot de passe",
            "contraseña",
            "token",
            "api_key",
            "secret",
        ] {
            assert!(is_secret_field(secret), "{secret}");
        }
        for plain in [
            "email",
            "firstname",
            "last name",
            "phone",
            "company",
            "message",
            "code",
            "postcode",
            "card_colour",
            "spinning",
            "passport_country",
            "compass",
            "city",
            "discard",
        ] {
            assert!(!is_secret_field(plain), "{plain}");
        }
    }
}
