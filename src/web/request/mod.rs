//! Reads requests: client address, context, access control, forms, queries, and the middleware around them.

pub mod body;
pub mod client;
pub mod context;
pub mod form;
pub mod forwarded;
pub mod guard;
pub mod method;
pub mod options;
pub mod query;
pub mod security;
pub mod state;
mod troubles;
pub mod upload;
