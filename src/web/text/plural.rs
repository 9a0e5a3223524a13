//! Texts that differ by number.

use serde::Serialize;

use crate::web::format;
use crate::web::text::number::Numbers;
use crate::web::text::place::fill;

/// A text that differs by number; `{n}` is the number.
#[derive(Debug, Serialize)]
pub struct Plural {
    pub one: &'static str,
    pub other: &'static str,
}

impl Plural {
    /// The sentence for `n`, with the number written as people write it.
    #[must_use]
    pub fn of(&self, n: i64, numbers: &Numbers) -> String {
        let text = if n == 1 { self.one } else { self.other };
        fill(text, &[("n", &format::number(numbers, n))])
    }
}
