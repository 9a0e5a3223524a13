//! Filling values into texts.

use serde::Serialize;

use super::number::Numbers;

/// A text that depends on a number, `{n}`.
#[derive(Debug, Serialize)]
pub struct Plural {
    pub one: &'static str,
    pub other: &'static str,
}

impl Plural {
    /// The text for `n`, with the number in the style of the language.
    #[must_use]
    pub fn of(&self, n: i64, numbers: &Numbers) -> String {
        let text = if n == 1 { self.one } else { self.other };
        fill(text, &[("n", &numbers.whole(n))])
    }
}

/// Replaces each `{name}` in `text` with its value. Placeholders inside a value are not replaced.
#[must_use]
pub fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut filled = String::with_capacity(text.len() + 32);
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        filled.push_str(before);
        let place = after.split_once('}');
        let value = place.and_then(|(name, _)| values.iter().find(|(key, _)| *key == name));
        match (place, value) {
            (Some((_, after)), Some((_, value))) => {
                filled.push_str(value);
                rest = after;
            }
            _ => {
                filled.push('{');
                rest = after;
            }
        }
    }
    filled.push_str(rest);
    filled
}
