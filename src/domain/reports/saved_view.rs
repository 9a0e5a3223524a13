//! A saved view is a name that a user in an account gave to a report with its period and filters.

/// The most views of a user in an account.
pub const VIEWS_MAX: u32 = 50;
/// Longest name, characters.
pub const VIEW_NAME_MAX: usize = 60;
/// Longest query of a report's address, bytes.
pub const VIEW_QUERY_MAX: usize = 8_192;

/// Why a view cannot be saved.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    #[error("a view needs a name")]
    NoName,
    #[error("a name can have at most {VIEW_NAME_MAX} characters")]
    LongName,
    #[error("the filters are too long to save; they can have at most {VIEW_QUERY_MAX} bytes")]
    LongQuery,
}

/// Reads a name. Space around it is removed, and control characters become spaces.
pub fn name(typed: &str) -> Result<String, Unfit> {
    let plain: String = typed.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    match plain.trim() {
        "" => Err(Unfit::NoName),
        name if name.chars().count() > VIEW_NAME_MAX => Err(Unfit::LongName),
        name => Ok(name.to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_taken_at_the_limit_and_refused_one_past_it() {
        assert_eq!(name("  a\tb\n").as_deref(), Ok("a b"));
        assert_eq!(name(&"é".repeat(VIEW_NAME_MAX)).map(|name| name.chars().count()), Ok(VIEW_NAME_MAX));
        assert_eq!(name(&"é".repeat(VIEW_NAME_MAX + 1)), Err(Unfit::LongName));
        for empty in ["", " ", "\u{0}\t"] {
            assert_eq!(name(empty), Err(Unfit::NoName), "{empty:?}");
        }
    }
}
