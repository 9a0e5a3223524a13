//! Whom a hit identifies: reading what was said, and whether it is believed (rules.md 22, 36).

use std::borrow::Cow;

use crate::domain::contact::{self, Email, Identity, IdentityCheck};
use crate::domain::identity_key::{DIGITS, IdentityPolicy};
use crate::domain::scrub::{self, Emails};
use crate::domain::text::{cut, is_longer};
use crate::domain::visitor::{TOKEN_MAX, Token};

/// What was said of a person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Said {
    pub identity: Identity,
    /// The email as it was written, which is what a signature is of.
    written_email: String,
    /// Of the email, if any was sent. It is no property, and is kept nowhere.
    signature: Option<String>,
    /// How many values were too long or too many. These are left out; the hit is kept.
    pub left_out: u64,
}

/// Reads names and values.
pub(super) fn read(said: &[(Cow<'_, str>, Cow<'_, str>)]) -> Said {
    let mut all = Said::default();
    let identity = &mut all.identity;
    let mut left_out = said.len().saturating_sub(contact::PROPERTIES_MAX);
    for (said_name, value) in said.iter().take(contact::PROPERTIES_MAX) {
        let name = said_name.to_lowercase();
        let too_long = match &*name {
            "email" => value.trim().len() > contact::EMAIL_MAX,
            "id" => is_longer(value.trim(), contact::EXTERNAL_ID_MAX),
            "visitor" => is_longer(value, TOKEN_MAX),
            // One that is too long is wrong, and not absent.
            "hmac" => false,
            _ => {
                is_longer(&name, contact::PROPERTY_NAME_MAX) || is_longer(value, contact::PROPERTY_VALUE_MAX)
            }
        };
        if too_long {
            left_out += 1;
            continue;
        }
        match &*name {
            "email" if identity.email.is_none() => {
                identity.email = Email::parse(value);
                value.trim().clone_into(&mut all.written_email);
            }
            "email" => {}
            "id" => {
                let kept = cut(value.trim(), contact::EXTERNAL_ID_MAX);
                if !kept.is_empty() {
                    identity.external_id.get_or_insert(kept);
                }
            }
            "visitor" => identity.other_token = identity.other_token.take().or_else(|| Token::parse(value)),
            "hmac" if value.trim().is_empty() => {}
            "hmac" => drop(all.signature.get_or_insert_with(|| cut(value.trim(), DIGITS + 1))),
            _ => {
                let kept = property(said_name, value);
                let is_known = |name: &str| identity.properties.iter().any(|(known, _)| known == name);
                identity.properties.extend(kept.filter(|(name, _)| !is_known(name)));
            }
        }
    }
    all.left_out = u64::try_from(left_out).unwrap_or(u64::MAX);
    all
}

/// A property as it is kept: `firstName`, `FirstName` and `firstname` are one, since HubSpot's names are in lower case.
/// `None` when there is nothing to keep.
fn property(name: &str, value: &str) -> Option<(String, String)> {
    let kept = match scrub::is_secret_property(name) {
        true => Cow::Borrowed(scrub::TOKEN_MARK),
        false => scrub::kept_text(value, Emails::Kept),
    };
    // A text that consists of control characters is empty after the cut.
    let name = cut(&scrub::kept_text(&name.to_lowercase(), Emails::Masked), contact::PROPERTY_NAME_MAX);
    let kept = cut(&kept, contact::PROPERTY_VALUE_MAX);
    (!name.is_empty() && !kept.trim().is_empty()).then_some((name, kept))
}

/// Who says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Browser,
    /// `GET /v1/event`
    Call,
}

/// An identity after the check.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Checked {
    pub identity: Identity,
    pub check: IdentityCheck,
}

impl Checked {
    /// Of an identity that is not believed only the other token stays, which names nobody.
    fn dropped(identity: Identity, check: IdentityCheck) -> Self {
        Self { identity: Identity { other_token: identity.other_token, ..Identity::default() }, check }
    }
}

/// Whether what was said is believed. The signature goes no further than this.
pub(super) fn check(policy: &IdentityPolicy, said: Said, by: By) -> Checked {
    let Said { identity, written_email, signature, .. } = said;
    if let Some(signature) = signature {
        let proven = policy.keys.as_ref().and_then(|keys| keys.verify(&written_email, &signature));
        if proven.is_none() || proven != identity.email {
            return Checked::dropped(identity, IdentityCheck::WrongSignature);
        }
        let checked = unless_blocked(policy, identity);
        return match checked.check {
            IdentityCheck::Asserted => Checked { check: IdentityCheck::Verified, ..checked },
            _ => checked,
        };
    }
    let names_somebody = identity.email.is_some() || identity.external_id.is_some();
    if policy.signed_only && by == By::Browser && names_somebody {
        return Checked::dropped(identity, IdentityCheck::Unsigned);
    }
    unless_blocked(policy, identity)
}

/// What a form says of its person, which nobody signs.
pub(super) fn unless_blocked(policy: &IdentityPolicy, identity: Identity) -> Checked {
    let is_blocked = identity.email.as_ref().is_some_and(|email| policy.blocked.contains(email.as_str()));
    if is_blocked {
        return Checked::dropped(identity, IdentityCheck::BlockedEmail);
    }
    Checked { identity, check: IdentityCheck::Asserted }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::SeededRandom;
    use crate::domain::identity_key::{IdentityKey, IdentityKeys};

    fn said(pairs: &[(&str, &str)]) -> Said {
        read(&pairs.iter().map(|(n, v)| (Cow::Borrowed(*n), Cow::Borrowed(*v))).collect::<Vec<_>>())
    }

    #[test]
    fn an_identity_keeps_what_fits() {
        let said = |pairs: &[(&str, &str)]| said(pairs).identity;
        let long = "x".repeat(contact::PROPERTY_VALUE_MAX + 1);
        let seen =
            said(&[("email", "A@b.cd"), ("email", "c@d.ef"), ("id", "7"), ("name", "Ada"), ("bio", &long)]);
        assert_eq!(seen.email, Email::parse("a@b.cd"));
        assert_eq!(seen.external_id.as_deref(), Some("7"));
        assert_eq!(seen.properties, [("name".to_owned(), "Ada".to_owned())]);
        assert!(said(&[("email", "nobody")]).is_empty());
        let seen = said(&[("firstName", "Ada"), ("firstname", "Bo"), ("Email", "a@b.cd"), ("note", " ")]);
        assert_eq!(seen.email, Email::parse("a@b.cd"));
        assert_eq!(seen.properties, [("firstname".to_owned(), "Ada".to_owned())], "one property, none empty");
    }

    /// rules.md 36
    #[test]
    fn a_signature_is_checked_and_kept_nowhere() {
        let key = IdentityKey::new(&SeededRandom::new(1));
        let right = key.sign("ada@b.cd");
        let policy = IdentityPolicy {
            keys: Some(IdentityKeys { current: key, former: None }),
            blocked: ["guest@b.cd".to_owned()].into_iter().collect(),
            ..IdentityPolicy::default()
        };
        let strict = IdentityPolicy { signed_only: true, ..policy.clone() };
        let keyless = IdentityPolicy { keys: None, ..policy.clone() };
        let (long, guest) = (format!("{right}0"), policy.keys.as_ref().unwrap().current.sign("guest@b.cd"));
        use IdentityCheck::{Asserted, BlockedEmail, Unsigned, Verified, WrongSignature};
        for (policy, by, pairs, wanted) in [
            (&policy, By::Browser, vec![("email", "Ada@b.cd"), ("hmac", &*right)], Verified),
            (&policy, By::Call, vec![("HMAC", &right), ("email", " ada@b.cd ")], Verified),
            (&policy, By::Browser, vec![("email", "ada@b.cd"), ("hmac", " ")], Asserted),
            (&policy, By::Browser, vec![("email", "bob@b.cd"), ("hmac", &right)], WrongSignature),
            // The first email counts, and the first signature.
            (
                &policy,
                By::Browser,
                vec![("email", "bob@b.cd"), ("email", "ada@b.cd"), ("hmac", &right)],
                WrongSignature,
            ),
            (
                &policy,
                By::Browser,
                vec![("email", "ada@b.cd"), ("hmac", "x"), ("hmac", &right)],
                WrongSignature,
            ),
            (&policy, By::Browser, vec![("email", "ada@b.cd"), ("hmac", &long)], WrongSignature),
            (&policy, By::Browser, vec![("id", "7"), ("hmac", &right)], WrongSignature),
            (&policy, By::Browser, vec![("email", "nobody"), ("hmac", &right)], WrongSignature),
            (&keyless, By::Browser, vec![("email", "ada@b.cd"), ("hmac", &right)], WrongSignature),
            (&strict, By::Browser, vec![("email", "ada@b.cd"), ("hmac", &right)], Verified),
            (&strict, By::Browser, vec![("email", "ada@b.cd")], Unsigned),
            (&strict, By::Browser, vec![("id", "7")], Unsigned),
            (&strict, By::Call, vec![("email", "ada@b.cd")], Asserted),
            (&strict, By::Browser, vec![("visitor", "ab12")], Asserted),
            (&strict, By::Browser, vec![], Asserted),
            (&policy, By::Browser, vec![("email", "Guest@b.cd")], BlockedEmail),
            (&policy, By::Browser, vec![("email", "guest@b.cd"), ("hmac", &guest)], BlockedEmail),
            (&policy, By::Call, vec![("email", "guest@b.cd")], BlockedEmail),
        ] {
            let mut pairs = pairs;
            pairs.push(("plan", "pro"));
            let checked = check(policy, said(&pairs), by);
            assert_eq!(checked.check, wanted, "{by:?} {pairs:?}");
            let names: Vec<_> = checked.identity.properties.iter().map(|(name, _)| name.as_str()).collect();
            let is_kept = matches!(wanted, Asserted | Verified);
            assert_eq!(names, if is_kept { vec!["plan"] } else { vec![] }, "{pairs:?}");
            assert!(is_kept || checked.identity.email.is_none() && checked.identity.external_id.is_none());
        }
        let linked = check(&strict, said(&[("email", "ada@b.cd"), ("visitor", "ab12")]), By::Browser);
        assert_eq!(linked.identity.other_token, Token::parse("ab12"));
    }
}
