//! Why a report is not answered: what was asked is wrong, or what the store says.

use crate::domain::question::Invalid;
use crate::store;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What the asker wrote is wrong; says what is allowed.
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
