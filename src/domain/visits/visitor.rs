//! A visitor is a browser that carries a token. It is not a person; only an email creates a contact.

use serde::{Deserialize, Serialize};

use crate::base::clock::DAY;

/// Longest token, characters.
pub const TOKEN_MAX: usize = 64;
/// A visitor's session ends after this time without a stored hit (rules.md 10).
pub const SESSION_IDLE: i64 = 30 * crate::base::clock::MINUTE;
/// A session that was visible for less than this can be a bounce (rules.md 15).
const BOUNCE_BELOW: i64 = 10 * crate::base::clock::SECOND;
/// An internal start keeps the source of a session that is at most this old (rules.md 11).
pub const SOURCE_MEMORY: i64 = 30 * crate::base::clock::DAY;

/// The value of the `hubspotutk` cookie in lower case. Our script writes 32 hex digits; programs may use other
/// letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Token(String);

impl Token {
    /// Returns `None` when the text is empty or too long, or has anything but letters, digits, `-` and `_`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fits = !text.is_empty()
            && text.len() <= TOKEN_MAX
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_');
        fits.then(|| Self(text.to_ascii_lowercase()))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The dense number of a visitor within its account, from 1 up. It is never used again (rules.md 12).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct VisitorNumber(pub u32);

/// Reads a `__hstc` cookie: the text of the token and the number of the session. The times in it are never believed (rules.md
/// 10).
#[must_use]
pub fn read_hstc(cookie: &str) -> Option<(&str, u32)> {
    let mut parts = cookie.split('.').skip(1);
    let mut next = || parts.next();
    let (token, times, number) = (next()?, [next()?, next()?, next()?], next()?);
    let is_time = |text: &&str| (1..20).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_digit());
    let is_whole = next().is_none() && times.iter().all(is_time);
    is_whole.then_some(token).zip(number.parse().ok())
}

/// Whether a hit opens a session (rules.md 10). `open` describes the visitor's open session: the time of its last
/// stored hit, and the number that its cookie carried.
#[must_use]
pub fn opens_session(at_ms: i64, cookie_number: Option<u32>, open: Option<(i64, Option<u32>)>) -> bool {
    let Some((last_ms, open_number)) = open else { return true };
    at_ms.saturating_sub(last_ms) >= SESSION_IDLE
        || matches!((cookie_number, open_number), (Some(now), Some(then)) if now > then)
}

/// A clock that shows less was never set: it began in 1970 after it lost power. Milliseconds, 2001-09-09.
pub const CLOCK_MIN: i64 = 1_000_000_000_000;
/// A time this far ahead of the clock was stored while the clock was wrong.
pub const AHEAD_MAX: i64 = DAY;

/// When somebody was seen first and last, after a hit of theirs at `at_ms`. What was stored while the clock was wrong gives
/// way, so that a leap of the clock leaves nothing behind.
#[must_use]
pub const fn seen(first_ms: i64, last_ms: i64, at_ms: i64, now_ms: i64) -> (i64, i64) {
    let first = if first_ms < CLOCK_MIN || at_ms < first_ms { at_ms } else { first_ms };
    let last = if is_ahead(last_ms, now_ms) || at_ms > last_ms { at_ms } else { last_ms };
    (first, last)
}

/// Whether a stored time is from a clock that was ahead.
#[must_use]
pub const fn is_ahead(stored_ms: i64, now_ms: i64) -> bool {
    stored_ms.saturating_sub(now_ms) > AHEAD_MAX
}

/// Whether a session with these figures is a bounce (rules.md 15).
#[must_use]
pub const fn is_bounce(page_views: u32, completions: u32, engaged_ms: i64) -> bool {
    page_views == 1 && completions == 0 && engaged_ms < BOUNCE_BELOW
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_are_read_at_the_limit_and_refused_one_past_it() {
        assert!(Token::parse(&"a".repeat(TOKEN_MAX)).is_some());
        for bad in ["", "a b", "ä", "a.b", "<x>", &"a".repeat(TOKEN_MAX + 1)] {
            assert_eq!(Token::parse(bad), None, "{bad}");
        }
        assert_eq!(Token::parse("AB12").map(|t| t.as_str().to_owned()), Some("ab12".into()));
    }

    #[test]
    fn a_cookie_is_read_by_its_six_parts() {
        let cookie = "226818242.1380c1.1783669943308.1783669943308.1783937475079.2";
        assert_eq!(read_hstc(cookie), Some(("1380c1", 2)));
        for bad in ["", "1.2.3", "1.a.2.3.4.x", "1.a.b.3.4.5", "1.a.2.3.4.5.6", "1.a.2..4.5"] {
            assert_eq!(read_hstc(bad), None, "{bad}");
        }
    }

    /// rules.md 10
    #[test]
    fn a_session_opens_without_one_after_30_minutes_or_by_a_greater_number() {
        assert!(opens_session(0, None, None));
        assert!(!opens_session(SESSION_IDLE - 1, None, Some((0, None))));
        assert!(opens_session(SESSION_IDLE, None, Some((0, None))));
        assert!(opens_session(1, Some(3), Some((0, Some(2)))));
        assert!(!opens_session(1, Some(2), Some((0, Some(2)))));
        assert!(!opens_session(1, Some(9), Some((0, None))));
        assert!(!opens_session(-5_000, None, Some((0, None))), "late hits join the open session");
    }

    #[test]
    fn what_was_seen_while_the_clock_was_wrong_gives_way() {
        const NOW: i64 = 1_800_000_000_000;
        let seen = |first, last, at| super::seen(first, last, at, NOW);
        assert_eq!(seen(NOW - 5, NOW, NOW + 7), (NOW - 5, NOW + 7));
        assert_eq!(seen(NOW - 5, NOW, NOW - 9), (NOW - 9, NOW));
        assert_eq!(seen(NOW, NOW + AHEAD_MAX, NOW), (NOW, NOW + AHEAD_MAX), "at the limit");
        assert_eq!(seen(NOW, NOW + AHEAD_MAX + 1, NOW - 3), (NOW - 3, NOW - 3), "one past it");
        assert_eq!(seen(CLOCK_MIN, CLOCK_MIN, NOW), (CLOCK_MIN, NOW), "at the limit");
        assert_eq!(seen(CLOCK_MIN - 1, CLOCK_MIN - 1, NOW), (NOW, NOW), "one past it");
    }
}
