//! Why a command failed, as its caller is told.

use serde::{Deserialize, Serialize};

use crate::app::access::{self, accounts, consent};
use crate::app::events::{count_back, definitions};
use crate::app::people::{import, lists, merge};
use crate::store;
/// Why a command failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The request was wrong; another value helps.
    Invalid,
    /// The request was right but could not be done.
    Failed,
}

/// Why a command was not carried out. Nothing was changed then.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    pub kind: Kind,
    pub message: String,
}

impl Error {
    #[must_use]
    pub fn failed(cause: &dyn std::fmt::Display) -> Self {
        Self { kind: Kind::Failed, message: cause.to_string() }
    }

    pub(super) fn of_event(error: access::Error) -> Self {
        match error {
            access::Error::Store(store::Error::NotFound) => {
                Self::failed(&"there is no event with this ID; see guestlog event list")
            }
            error => error.into(),
        }
    }

    #[must_use]
    pub fn invalid(cause: &dyn std::fmt::Display) -> Self {
        Self { kind: Kind::Invalid, message: cause.to_string() }
    }
}

impl From<accounts::Error> for Error {
    fn from(error: accounts::Error) -> Self {
        match error {
            accounts::Error::Invalid(what) => Self::invalid(&what),
            accounts::Error::Store(error) => Self::failed(&error),
        }
    }
}

impl From<consent::Error> for Error {
    fn from(error: consent::Error) -> Self {
        match error {
            consent::Error::Invalid(_) => Self::invalid(&error),
            consent::Error::Access(error) => error.into(),
            error => Self::failed(&error),
        }
    }
}

impl From<lists::Error> for Error {
    fn from(error: lists::Error) -> Self {
        match error {
            lists::Error::Access(access::Error::Store(store::Error::NotFound)) => {
                Self::failed(&"there is no such list; see guestlog list list")
            }
            lists::Error::Access(error) => error.into(),
            error => Self::invalid(&error),
        }
    }
}

impl From<definitions::Error> for Error {
    fn from(error: definitions::Error) -> Self {
        match error {
            definitions::Error::Invalid(_)
            | definitions::Error::Taken
            | definitions::Error::CustomJs { .. } => Self::invalid(&error),
            definitions::Error::Access(error) => Self::of_event(error),
            error => Self::failed(&error),
        }
    }
}

impl From<count_back::Error> for Error {
    fn from(error: count_back::Error) -> Self {
        match error {
            count_back::Error::Access(error) => Self::of_event(error),
            count_back::Error::Kind => Self::failed(&error),
        }
    }
}

impl From<merge::Error> for Error {
    fn from(error: merge::Error) -> Self {
        match error {
            merge::Error::Access(access::Error::Store(store::Error::NotFound)) => {
                Self::failed(&"there is no contact with this number; see guestlog contact list")
            }
            merge::Error::Access(error) => error.into(),
            merge::Error::Same => Self::invalid(&error),
            error => Self::failed(&error),
        }
    }
}

impl From<import::Error> for Error {
    fn from(error: import::Error) -> Self {
        match error {
            import::Error::Access(access::Error::Store(store::Error::NotFound)) => {
                Self::failed(&"there is no such import")
            }
            import::Error::Access(error) => error.into(),
            import::Error::Columns(error) => Self::invalid(&error),
            error => Self::failed(&error),
        }
    }
}

impl From<access::Error> for Error {
    fn from(error: access::Error) -> Self {
        use access::Error as Access;
        match error {
            Access::Email | Access::Weak(_) | Access::TokenName | Access::NoScope => Self::invalid(&error),
            error => Self::failed(&error),
        }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::failed(&error)
    }
}
