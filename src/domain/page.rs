//! A page: host, path and the query that is kept (rules.md 14), with secrets scrubbed.

use serde::{Deserialize, Serialize};

/// Longest page address, bytes; past it the hit is refused (rules.md 8).
pub const URL_MAX: usize = 8 * 1024;

/// A recorded page. Case of the path is kept; the query has no campaign values, click ids or secrets.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Page {
    /// Lower case, with its port unless it is the scheme's own.
    pub host: String,
    /// Begins with `/`.
    pub path: String,
    /// Without `?`; empty = none.
    #[serde(skip_serializing_if = "String::is_empty", default)]
    pub query: String,
}
