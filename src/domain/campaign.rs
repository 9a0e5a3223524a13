//! The five campaign values of a landing address (`utm_*`).

use serde::{Deserialize, Serialize};

/// Longest campaign value, characters (rules.md 8).
pub const VALUE_MAX: usize = 256;

/// The `utm_*` values of an address; empty = not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(default)]
pub struct Campaign {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub source: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub medium: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub campaign: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub term: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub content: String,
}

impl Campaign {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.source.is_empty()
            && self.medium.is_empty()
            && self.campaign.is_empty()
            && self.term.is_empty()
            && self.content.is_empty()
    }
}
