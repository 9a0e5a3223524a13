//! A contact: a person. Browsers and unsigned calls create one by an email alone; admins, imports and API tokens may
//! create one that has none. A contact can have several emails, one of which is its primary one.

use serde::{Deserialize, Serialize};

use super::provenance::Trust;

/// Longest email, bytes (RFC 5321).
pub const EMAIL_MAX: usize = 254;
/// Longest external id, longest name and longest value of a property, characters.
pub const EXTERNAL_ID_MAX: usize = 64;
pub const PROPERTY_NAME_MAX: usize = 100;
pub const PROPERTY_VALUE_MAX: usize = 1_024;
/// Most properties a call may carry, and most that a contact has.
pub const PROPERTIES_MAX: usize = 100;
/// Replaced values that are kept of one property, the newest ones.
pub const PROPERTY_HISTORY_MAX: usize = 20;
/// Most emails of one contact.
pub const EMAILS_MAX: usize = 20;

/// The number of a contact within its account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ContactId(pub i64);

/// An email address in lower case, its domain as people read it: `bücher.example`, not `xn--bcher-kva.example`. Both
/// writings are one address (rules.md 36).
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Email(String);

impl Email {
    /// Checks the form (`local@domain.tld`), not whether the address exists.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if text.is_empty() || text.len() > EMAIL_MAX {
            return None;
        }
        let (local, domain) = text.rsplit_once('@')?;
        let local = &*local.to_lowercase();
        let domain = readable_domain(domain)?;
        // With a dot at its end it is the same domain.
        let domain = domain.strip_suffix('.').unwrap_or(&domain);
        let plain = |c: char| !c.is_control() && !c.is_whitespace();
        let local_fits = !local.is_empty()
            && local.len() <= 64
            && local.chars().all(|c| plain(c) && !"()<>[],;:\\\"@".contains(c))
            && !local.starts_with('.')
            && !local.ends_with('.')
            && !local.contains("..");
        let label = |l: &str| {
            !l.is_empty()
                && l.len() <= 63
                && !l.starts_with('-')
                && !l.ends_with('-')
                && l.chars().all(|c| c.is_alphanumeric() || c == '-')
        };
        let domain_fits = domain.contains('.') && domain.split('.').all(label);
        let email = format!("{local}@{domain}");
        (local_fits && domain_fits && email.len() <= EMAIL_MAX).then_some(Self(email))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The form for users who may not see addresses: `a…@example.com`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or((&self.0, ""));
        format!("{}…@{domain}", local.chars().next().unwrap_or('…'))
    }
}

/// A domain in lower case and in the letters of its language. `None` when it cannot be a domain (UTS 46).
pub(super) fn readable_domain(domain: &str) -> Option<String> {
    if domain.is_ascii() && !domain.to_ascii_lowercase().contains("xn--") {
        return Some(domain.to_ascii_lowercase());
    }
    // Only what has an ASCII form can receive mail. What that form decodes to is one text for all writings.
    let ascii = idna::domain_to_ascii(domain).ok()?;
    let (readable, checked) = idna::domain_to_unicode(&ascii);
    checked.ok().map(|()| readable)
}

/// The properties that are a person's name.
pub const FIRST_NAME: &str = "firstname";
pub const LAST_NAME: &str = "lastname";

/// Why a property that somebody typed is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InvalidProperty {
    NoName,
    LongName,
    LongValue,
    /// An email has a place of its own.
    IsEmail,
}

/// A property as it is typed: its name in lower case (rules.md 22), its value without the whitespace around it. An empty
/// value takes the property away.
///
/// # Errors
/// Why it is none.
pub fn typed_property(name: &str, value: &str) -> Result<(String, String), InvalidProperty> {
    let (name, value) = (name.trim().to_lowercase(), value.trim());
    match name.as_str() {
        "" => Err(InvalidProperty::NoName),
        "email" => Err(InvalidProperty::IsEmail),
        name if name.chars().count() > PROPERTY_NAME_MAX => Err(InvalidProperty::LongName),
        _ if value.chars().count() > PROPERTY_VALUE_MAX => Err(InvalidProperty::LongValue),
        _ => Ok((name, value.to_owned())),
    }
}

/// First and last name as one; `None` when neither is known.
#[must_use]
pub fn full_name(first: Option<&str>, last: Option<&str>) -> Option<String> {
    let parts: Vec<&str> = [first, last].into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join(" "))
}

/// What a browser says about its user (`identify`). It is asserted, not verified (rules.md 22).
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    pub email: Option<Email>,
    /// The site's own id of the person. It never creates a contact alone.
    pub external_id: Option<String>,
    /// A second token of the same person, which a link between two domains carried over.
    pub other_token: Option<crate::domain::visitor::Token>,
    /// Further properties, as they were sent.
    pub properties: Vec<(String, String)>,
}

impl Identity {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.email.is_none()
            && self.external_id.is_none()
            && self.other_token.is_none()
            && self.properties.is_empty()
    }
}

/// What was found when an identity was checked. The order is that of its rows: new ones come last.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum IdentityCheck {
    /// Nobody signed it.
    #[default]
    Asserted,
    /// The signature is of its email.
    Verified,
    /// The signature is not of its email. The identity was dropped.
    WrongSignature,
    /// The account takes signed identities only. The identity was dropped.
    Unsigned,
    /// The account blocks its email. The identity was dropped.
    BlockedEmail,
}

impl IdentityCheck {
    /// How far what the identity says is trusted.
    #[must_use]
    pub fn trust(self) -> Trust {
        Trust::of(self == Self::Verified)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_typed_property_has_a_name_in_lower_case_and_is_refused_one_past_its_limits() {
        let own = |name: &str, value: &str| Ok((name.to_owned(), value.to_owned()));
        assert_eq!(typed_property(" FirstName ", " Ada "), own("firstname", "Ada"));
        assert_eq!(typed_property("city", " "), own("city", ""));
        let (name, value) = ("n".repeat(PROPERTY_NAME_MAX), "é".repeat(PROPERTY_VALUE_MAX));
        assert_eq!(typed_property(&name, &value), own(&name, &value));
        assert_eq!(typed_property(&format!("{name}n"), ""), Err(InvalidProperty::LongName));
        assert_eq!(typed_property("n", &format!("{value}é")), Err(InvalidProperty::LongValue));
        assert_eq!(typed_property(" ", "x"), Err(InvalidProperty::NoName));
        assert_eq!(typed_property("Email", "x"), Err(InvalidProperty::IsEmail));
    }

    #[test]
    fn a_name_is_what_is_known_of_it() {
        assert_eq!(full_name(Some("Ada"), Some("Lovelace")).as_deref(), Some("Ada Lovelace"));
        assert_eq!(full_name(None, Some("Lovelace")).as_deref(), Some("Lovelace"));
        assert_eq!(full_name(Some("Ada"), Some("")).as_deref(), Some("Ada"));
        assert_eq!(full_name(None, None), None);
    }

    #[test]
    fn emails_are_read_lower_case_and_masked() {
        let email = Email::parse(" Ada.Lovelace+x@Example.COM ").unwrap();
        assert_eq!(email.as_str(), "ada.lovelace+x@example.com");
        assert_eq!(email.masked(), "a…@example.com");
        for bad in ["", "a", "@", "a@b", "a@b..c", "a b@c.de", ".a@b.cd", "a@-b.cd", "a@b.cd\u{0}", "a@@b.cd"]
        {
            assert_eq!(Email::parse(bad), None, "{bad}");
        }
        for (writing, kept) in [
            ("a@bücher.example", "a@bücher.example"),
            ("a@BÜCHER.example", "a@bücher.example"),
            ("a@xn--bcher-kva.example", "a@bücher.example"),
            ("a@XN--BCHER-KVA.Example", "a@bücher.example"),
            ("a@bu\u{308}cher.example", "a@bücher.example"),
            ("a@bücher。example", "a@bücher.example"),
            ("a@例え.テスト", "a@例え.テスト"),
        ] {
            assert_eq!(Email::parse(writing).as_ref().map(Email::as_str), Some(kept), "{writing}");
        }
        assert_eq!(Email::parse("a@xn--a.example"), None, "no text has this form");
        // Lower case may be longer, and what is kept must be readable again.
        let turkish = "İ".repeat(21);
        let kept = Email::parse(&format!("{turkish}@b.cd")).unwrap();
        assert_eq!(Email::parse(kept.as_str()), Some(kept));
        assert_eq!(Email::parse(&format!("{turkish}İ@b.cd")), None);
        let long = |n: usize| {
            format!("a@{}.{}.{}.{}com", "b".repeat(63), "c".repeat(63), "d".repeat(63), "e".repeat(n))
        };
        let fill = EMAIL_MAX - long(0).len();
        assert!(Email::parse(&long(fill)).is_some());
        assert!(Email::parse(&long(fill + 1)).is_none());
    }

    /// rules.md 36
    #[test]
    fn each_way_to_write_an_address_has_one_meaning() {
        let kept = |text: &str| Email::parse(text).map(|email| email.as_str().to_owned());
        for (writing, wanted) in [
            // Case never matters, before the sign neither.
            ("ADA@EXAMPLE.COM", Some("ada@example.com")),
            // What follows a plus and a dot in the name are part of the address.
            ("ada+news@example.com", Some("ada+news@example.com")),
            ("a.da@example.com", Some("a.da@example.com")),
            // A dot at the end of the domain says only that it is whole.
            ("ada@example.com.", Some("ada@example.com")),
            ("ada@bücher.example。", Some("ada@bücher.example")),
            ("ada@example.com..", None),
            ("ada.@example.com", None),
            // A name in quotes is refused, and so are remarks and routes.
            ("\"ada\"@example.com", None),
            ("\"ada lovelace\"@example.com", None),
            ("'ada'@example.com", Some("'ada'@example.com")),
            ("ada(home)@example.com", None),
            ("Ada <ada@example.com>", None),
            ("mailto:ada@example.com", None),
            ("ada@[192.0.2.1]", None),
            // Letters that only look alike are others.
            ("аda@example.com", Some("аda@example.com")),
            ("ada@exаmple.com", Some("ada@exаmple.com")),
            // Wide letters of a domain are the same ones, by the rules of domains.
            ("ada@ｅxample.com", Some("ada@example.com")),
        ] {
            assert_eq!(kept(writing).as_deref(), wanted, "{writing}");
        }
    }
}
