//! A user of the admin pages, the user's role in an account, and what a role or a token may do (rules.md 28).

use serde::{Deserialize, Serialize};

/// Shortest password in characters, and longest in bytes.
pub const PASSWORD_MIN: usize = 12;
pub const PASSWORD_MAX: usize = 1_024;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct UserId(pub i64);

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TokenId(pub i64);

/// The most users and tokens of an account, and the longest name of a token in characters.
pub const USERS_MAX: i64 = 1_000;
pub const TOKENS_MAX: i64 = 100;
pub const TOKEN_NAME_MAX: usize = 100;

/// The role of a user in one account. Each role may do everything that the ones before it may.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Editor,
    Admin,
    Owner,
}

impl Role {
    pub const ALL: [Self; 4] = [Self::Viewer, Self::Editor, Self::Admin, Self::Owner];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Viewer => "viewer",
            Self::Editor => "editor",
            Self::Admin => "admin",
            Self::Owner => "owner",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|r| r.as_str() == text)
    }
}

/// A permission of an API token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Scope {
    #[serde(rename = "events.write")]
    EventsWrite,
    #[serde(rename = "events.read")]
    EventsRead,
    #[serde(rename = "crm.read")]
    CrmRead,
    #[serde(rename = "crm.write")]
    CrmWrite,
    #[serde(rename = "reports.read")]
    ReportsRead,
}

impl Scope {
    pub const ALL: [Self; 5] =
        [Self::EventsWrite, Self::EventsRead, Self::CrmRead, Self::CrmWrite, Self::ReportsRead];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::EventsWrite => "events.write",
            Self::EventsRead => "events.read",
            Self::CrmRead => "crm.read",
            Self::CrmWrite => "crm.write",
            Self::ReportsRead => "reports.read",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.as_str() == text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_and_scopes_read_back_what_they_write() {
        assert!(Role::ALL.iter().all(|r| Role::parse(r.as_str()) == Some(*r)));
        assert!(Scope::ALL.iter().all(|s| Scope::parse(s.as_str()) == Some(*s)));
        assert!(Role::Owner > Role::Admin && Role::Editor > Role::Viewer);
    }
}
