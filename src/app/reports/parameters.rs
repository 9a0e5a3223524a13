//! Parameters of addresses, read alike by all reports and pages. An error says what is allowed.

use super::error::Error;

/// Rows of a table when the address does not say how many.
pub const LIMIT_DEFAULT: usize = 100;
/// Most rows of a table. A larger number is refused.
pub const LIMIT_MAX: usize = 1_000;

/// The value of a key. The first of repeated keys counts; an empty value counts as absent.
#[must_use]
pub fn first<'a>(pairs: &'a [(String, String)], key: &str) -> Option<&'a str> {
    let found = pairs.iter().find(|(known, _)| known == key).map(|(_, value)| value.trim());
    found.filter(|value| !value.is_empty())
}

/// Rows of a table; `usual` when the address does not say.
///
/// # Errors
/// `Invalid`, with what is allowed.
pub fn limit(text: Option<&str>, usual: usize) -> Result<usize, Error> {
    let Some(text) = text else { return Ok(usual) };
    let limit = text.parse().ok().filter(|n| (1..=LIMIT_MAX).contains(n));
    limit.ok_or_else(|| Error::Invalid(format!("limit must be a number from 1 to {LIMIT_MAX}")))
}

/// The cursor from which a table continues.
///
/// # Errors
/// `Invalid` when it cannot be read.
pub fn after<T>(text: Option<&str>, read: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, Error> {
    text.map(|text| read(text).ok_or_else(no_cursor)).transpose()
}

/// The error for a cursor that no answer contained.
#[must_use]
pub fn no_cursor() -> Error {
    Error::Invalid("after must be the value of next in the previous answer".into())
}

/// One of `choices` by its word; the first one when there is no word.
///
/// # Errors
/// `Invalid`, with the choices.
pub fn choose<T: Copy>(text: Option<&str>, what: &str, choices: &[(&str, T)]) -> Result<T, Error> {
    let wanted = text.or(choices.first().map(|(word, _)| *word)).unwrap_or_default();
    let found = choices.iter().find(|(word, _)| *word == wanted);
    let words: Vec<_> = choices.iter().map(|(word, _)| *word).collect();
    found.map(|(_, choice)| *choice).ok_or_else(|| not_one_of(wanted, what, &words))
}

pub(super) fn not_one_of(text: &str, what: &str, words: &[&str]) -> Error {
    let text: String = text.chars().take(100).collect();
    Error::Invalid(format!("“{text}” is not a {what}; use one of: {}", words.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_at_their_limits_and_refused_past_them_with_what_is_allowed() {
        let pairs = [("a", " "), ("b", " 1 "), ("b", "2")].map(|(k, v)| (k.to_owned(), v.to_owned()));
        assert_eq!((first(&pairs, "a"), first(&pairs, "b"), first(&pairs, "c")), (None, Some("1"), None));
        let read = |text: &str| limit(Some(text), 5).map_err(|error| error.to_string());
        assert_eq!(
            (read("1"), read(&LIMIT_MAX.to_string()), limit(None, 5).ok()),
            (Ok(1), Ok(LIMIT_MAX), Some(5))
        );
        for bad in ["0", "-1", "many", &(LIMIT_MAX + 1).to_string()] {
            assert_eq!(read(bad), Err("limit must be a number from 1 to 1000".to_owned()), "{bad}");
        }
        let number = |text: &str| text.parse::<u8>().ok();
        assert_eq!((after(Some("7"), number).ok(), after(None, number).ok()), (Some(Some(7)), Some(None)));
        assert!(after(Some("x"), number).is_err());
        let choices = [("a", 1), ("b", 2)];
        assert!(choose(Some("c"), "view", &choices).unwrap_err().to_string().contains("a, b"));
        assert_eq!(choose(None, "view", &choices).ok(), Some(1));
        assert_eq!(choose(Some("b"), "view", &choices).ok(), Some(2));
    }
}
