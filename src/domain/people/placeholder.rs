//! Addresses that stand for nobody: a site sends `guest@example.com` for everyone who is not signed in, and many people
//! become one contact. They are noticed and shown, and nothing is dropped until an editor blocks the address (rules.md 36).

use crate::base::clock::DAY;

/// When more browsers than this join one contact within `JOINED_WITHIN` because they say so, its address is possibly a
/// placeholder. Few people use more than a handful in a day.
pub const BROWSERS_MAX: u32 = 20;
/// Milliseconds.
pub const JOINED_WITHIN: i64 = DAY;
/// Most addresses that an account blocks.
pub const BLOCKED_MAX: i64 = 1_000;

/// What stands before the `@` of addresses that programs and people fill in where they have none.
pub const NAMES: [&str; 26] = [
    "anon",
    "anonymous",
    "asdf",
    "customer",
    "demo",
    "donotreply",
    "dummy",
    "email",
    "example",
    "fake",
    "foo",
    "gast",
    "guest",
    "na",
    "no-reply",
    "nobody",
    "none",
    "noreply",
    "null",
    "placeholder",
    "qwerty",
    "test",
    "tester",
    "undefined",
    "unknown",
    "user",
];

/// Whether an email has one of those names.
#[must_use]
pub fn has_placeholder_name(email: &str) -> bool {
    email.rsplit_once('@').is_some_and(|(name, _)| NAMES.contains(&name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_known_as_a_whole() {
        for email in ["test@example.com", "guest@shop.test", "no-reply@example.com"] {
            assert!(has_placeholder_name(email), "{email}");
        }
        for email in
            ["testa@example.com", "ada@test.com", "guest.book@example.com", "info@example.com", "test"]
        {
            assert!(!has_placeholder_name(email), "{email}");
        }
        assert!(NAMES.is_sorted() && NAMES.iter().all(|name| !name.contains('@')));
    }
}
