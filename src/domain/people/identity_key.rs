//! The identity key of an account. With it the servers of the account's sites sign the email of whoever is signed in there.
//! An identification that carries the signature is verified (rules.md 36). `Debug` does not show the key, so it cannot get
//! into a log.

use hmac::{Hmac, KeyInit, Mac};
use rustc_hash::FxHashSet;
use sha2::Sha256;

use super::contact::Email;
use crate::base::random::{Random, hex};

/// Hex digits of a key, and of a signature.
pub const DIGITS: usize = 64;

/// A key: 256 random bits as 64 lower-case hex digits. Those digits as text are what signs, so that no site has to decode
/// them.
#[derive(Clone, PartialEq, Eq)]
pub struct IdentityKey(String);

impl IdentityKey {
    #[must_use]
    pub fn new(random: &dyn Random) -> Self {
        Self(random.secret())
    }

    /// The key in the store; `None` when it is none.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let is_digit = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        (text.len() == DIGITS && text.bytes().all(is_digit)).then(|| Self(text.to_owned()))
    }

    /// The text, for the store and for admins.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// A key of any length is one, so there always is a `Mac`.
    fn mac(&self, text: &str) -> Option<Hmac<Sha256>> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.as_bytes()).ok()?;
        mac.update(text.as_bytes());
        Some(mac)
    }

    /// The signature of an email, in hex digits.
    #[must_use]
    pub fn sign(&self, email: &str) -> String {
        self.mac(&signed_text(email)).map_or_else(String::new, |mac| hex(&mac.finalize().into_bytes()))
    }

    /// Compares in constant time.
    fn has_signed(&self, text: &str, signature: &[u8]) -> bool {
        self.mac(text).is_some_and(|mac| mac.verify_slice(signature).is_ok())
    }
}

impl std::fmt::Debug for IdentityKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("IdentityKey(…)")
    }
}

/// What is signed of an email: without the whitespace around it, in lower case.
fn signed_text(email: &str) -> String {
    email.trim().to_lowercase()
}

/// The keys that are accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdentityKeys {
    pub current: IdentityKey,
    /// The one before, until an admin drops it.
    pub former: Option<IdentityKey>,
}

impl IdentityKeys {
    /// The email that a signature proves, of the text in which it was sent. `None` when no key has signed it.
    #[must_use]
    pub fn verify(&self, email: &str, signature: &str) -> Option<Email> {
        let text = signed_text(email);
        let bytes = bytes_of(signature)?;
        // The address is read from what is signed, so nothing else can become verified.
        let email = Email::parse(&text)?;
        let mut keys = std::iter::once(&self.current).chain(&self.former);
        keys.any(|key| key.has_signed(&text, &bytes)).then_some(email)
    }
}

/// The bytes of a signature in hex digits of either case.
fn bytes_of(signature: &str) -> Option<Vec<u8>> {
    let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    if signature.len() != DIGITS {
        return None;
    }
    signature
        .as_bytes()
        .chunks_exact(2)
        .map(|pair| match pair {
            [high, low] => Some(digit(high)? << 4 | digit(low)?),
            _ => None,
        })
        .collect()
}

/// What an account asks of those who say who they are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentityPolicy {
    pub keys: Option<IdentityKeys>,
    /// What browsers say of their users counts only when it is signed.
    pub signed_only: bool,
    /// Emails by which nobody is identified.
    pub blocked: FxHashSet<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::SeededRandom;

    fn keys(former: bool) -> IdentityKeys {
        let random = SeededRandom::new(7);
        let (current, other) = (IdentityKey::new(&random), IdentityKey::new(&random));
        IdentityKeys { current, former: former.then_some(other) }
    }

    /// rules.md 36
    #[test]
    fn a_signature_is_of_the_trimmed_email_in_lower_case() {
        // The reference value was computed with another program.
        let key = IdentityKey::parse(&"0123456789abcdef".repeat(4)).unwrap();
        let signature = "35388a70fac9997cbb89e65a85aaf69e5e6637bc6572addbf8d5ba60415f2ef6";
        assert_eq!(key.sign("ada@example.com"), signature);
        let keys = IdentityKeys { current: key.clone(), former: None };
        let wanted = Email::parse("ada@example.com");
        for writing in ["ada@example.com", " Ada@Example.COM\n"] {
            assert_eq!(key.sign(writing), key.sign("ada@example.com"));
            assert_eq!(keys.verify(writing, &key.sign("ada@example.com")), wanted, "{writing}");
            assert_eq!(keys.verify(writing, &key.sign(writing).to_uppercase()), wanted, "{writing}");
        }
        let foreign = "a@xn--bcher-kva.example";
        assert_eq!(keys.verify(foreign, &key.sign(foreign)), Email::parse("a@bücher.example"));
        let readable = key.sign("a@bücher.example");
        assert_eq!(keys.verify(foreign, &readable), None, "a signature is of one text");
    }

    #[test]
    fn a_signature_of_another_email_or_key_proves_nothing() {
        let (both, current) = (keys(true), keys(false));
        let former = both.former.clone().unwrap();
        let email = "ada@example.com";
        assert_eq!(both.verify(email, &former.sign(email)), Email::parse(email));
        assert_eq!(current.verify(email, &former.sign(email)), None, "it was dropped");
        let right = current.current.sign(email);
        assert_eq!(current.verify("bob@example.com", &right), None);
        assert_eq!(current.verify("", &current.current.sign("")), None, "no email is no identity");
        for wrong in
            [String::new(), right[..62].to_owned(), format!("{right}00"), right.replace(&right[..1], "g")]
        {
            assert_eq!(current.verify(email, &wrong), None, "{wrong}");
        }
        // 64 bytes that are fewer characters.
        assert_eq!(current.verify(email, &"é".repeat(32)), None);
    }

    #[test]
    fn a_key_is_read_as_it_was_written_and_hides() {
        let key = IdentityKey::new(&SeededRandom::new(1));
        assert_eq!(IdentityKey::parse(key.reveal()), Some(key.clone()));
        assert_eq!(format!("{key:?}"), "IdentityKey(…)");
        for bad in ["", &key.reveal()[1..], &format!("{}0", key.reveal()), &"G".repeat(DIGITS)] {
            assert_eq!(IdentityKey::parse(bad), None, "{bad}");
        }
    }
}
