//! Secrets that are handed out once and kept as a hash: cookies, one-time links and API tokens. `Debug` does not show
//! them, so they cannot get into a log.

use sha2::{Digest, Sha256};

use super::random::Random;

/// SHA-256 of a secret, as the store keeps it. The secrets have at least 128 random bits, so a fast hash is enough.
/// Passwords have a slow hash of their own.
pub type Hash = [u8; 32];

#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Makes a secret of 256 random bits: `prefix`, then 64 lower-case hex digits.
    #[must_use]
    pub fn new(random: &dyn Random, prefix: &str) -> Self {
        Self(format!("{prefix}{}", random.secret()))
    }

    /// Takes a secret out of a request.
    #[must_use]
    pub fn from_request(text: &str) -> Self {
        Self(text.to_owned())
    }

    #[must_use]
    pub fn hash(&self) -> Hash {
        Sha256::digest(self.0.as_bytes()).into()
    }

    /// Returns the text. It is for handing the secret out once.
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
        assert_eq!(Secret::from_request(a.reveal()).hash(), a.hash());
        assert_eq!(format!("{a:?}"), "Secret(…)");
    }
}
