//! What is known of a request and who may go on: its sender, its time and colours, the user behind it, its form, its
//! query.

pub mod client;
pub mod context;
pub mod form;
pub mod guard;
pub mod options;
pub mod query;
pub mod security;
pub mod state;
pub mod unread;
