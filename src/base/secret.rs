//! A secret that is handed out once and kept as its hash: cookies, one-time links, API tokens. It never shows
//! itself in a log.

use sha2::{Digest, Sha256};

use super::random::Random;

/// SHA-256 of a secret, as the store keeps it. The secrets have at least 128 random bits, so that a fast hash
/// is enough; passwords have a slow one of their own.
pub type Hash = [u8; 32];

/// The secret itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// 256 random bits, 64 lower-case hex digits, after `prefix`.
    #[must_use]
    pub fn new(random: &dyn Random, prefix: &str) -> Self {
        Self(format!("{prefix}{}", random.secret()))
    }

    /// What a request carries.
    #[must_use]
    pub fn told(text: &str) -> Self {
        Self(text.to_owned())
    }

    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// The text to hand out.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::SeededRandom;

    #[test]
    fn a_secret_is_long_differs_and_hides() {
        let random = SeededRandom::new(1);
        let (a, b) = (Secret::new(&random, "gl_"), Secret::new(&random, "gl_"));
        assert_eq!(a.reveal().len(), 3 + 64);
        assert_ne!(a, b);
        assert_ne!(a.hash(), b.hash());
        assert_eq!(Secret::told(a.reveal()).hash(), a.hash());
        assert_eq!(format!("{a:?}"), "Secret(…)");
    }
}
