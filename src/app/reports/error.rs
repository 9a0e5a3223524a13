//! Why a report was not answered: the question was wrong, or the store failed.

use crate::domain::question::Invalid;
use crate::store;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The question was wrong. The text says what is allowed.
    #[error("{0}")]
    Invalid(String),
    #[error("there is no such account")]
    NoAccount,
    #[error(transparent)]
    Store(#[from] store::Error),
}

impl From<Invalid> for Error {
    fn from(invalid: Invalid) -> Self {
        Self::Invalid(invalid.to_string())
    }
}
