//! The open connections of an HTTP server. The framework has no limit on how long a client may leave an answer unread, on
//! how many requests it may send ahead, or on how many connections one address may hold; these modules set them.
//!
//! `stream` stands between the framework and the socket. It hands requests over one at a time and sees when the server
//! waits for the client. `registry` knows all connections. When there are too many, it closes those for which the server
//! has waited longest.

pub(super) mod descriptors;
mod head;
pub(super) mod registry;
pub(super) mod requests;
pub(super) mod stream;
