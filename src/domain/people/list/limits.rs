//! The limits of lists, and what can be wrong with one.

/// Most lists of an account.
pub const LISTS_MAX: usize = 1_000;
/// Longest name, characters.
pub const NAME_MAX: usize = 100;
/// Most conditions of a list, and most groups.
pub const CONDITIONS_MAX: usize = 250;
/// Most filters of one condition.
pub const FILTERS_MAX: usize = 10;
/// Longest text that a property is compared with, characters.
pub const VALUE_MAX: usize = 1_024;

/// What is wrong with a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Invalid {
    #[error("a name needs 1 to {NAME_MAX} characters")]
    Name,
    #[error("a list needs at least one condition")]
    NoCondition,
    #[error("a list can have at most {CONDITIONS_MAX} conditions")]
    ManyConditions,
    #[error("a condition can have at most {FILTERS_MAX} filters")]
    ManyFilters,
    #[error("a list cannot filter activity by {0}")]
    Dimension(&'static str),
    #[error("a count cannot be less than 0")]
    Number,
    #[error("a time needs at least one hour, day or week, and at most ten years")]
    Amount,
    #[error("the second day must not be before the first one")]
    Days,
    #[error("a value can have at most {VALUE_MAX} characters")]
    LongValue,
    #[error("a comparison needs a value")]
    NoValue,
    #[error(
        "it is counted how often a property is something, so ask for at most 0 times instead of a negative test"
    )]
    Negative,
    #[error("a condition on a property needs its name")]
    NoProperty,
    #[error("a property is compared with a number such as 12.5")]
    NoNumber,
    #[error("these conditions cannot be read: {0}")]
    Json(String),
}
