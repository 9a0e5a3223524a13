//! How a map file is used, and why it may be unusable.

use std::path::PathBuf;

use serde::Serialize;

/// A map file that is to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapOptions {
    pub path: PathBuf,
    pub kind: MapKind,
    /// The place of a fact in a record, such as `country.iso_code` or `subdivisions.0.iso_code`. It replaces what is
    /// recognised.
    pub places: Vec<(Fact, String)>,
}

/// Which facts of a file are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MapKind {
    /// Everything it has.
    #[default]
    Auto,
    /// Country and region.
    Country,
    /// Operator, type of network, ways of hiding.
    Network,
    /// Organisation, its domain, type of network.
    Company,
}

/// A fact whose place can be configured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Asn,
    AsName,
    Org,
    Domain,
    Country,
    Region,
    NetType,
}

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    #[error("is not a map file: {0}")]
    NoMap(&'static str),
    #[error("is damaged or not a map file: {0}")]
    Broken(String),
    #[error("contains nothing that Guestlog can use (type {0:?}); set map.<fact> or another kind")]
    Useless(String),
    #[error("changed while it was read")]
    Changing,
}
