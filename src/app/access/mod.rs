//! Accounts, the users of the admin pages, API tokens, and who may do what.

pub mod accounts;
pub mod consent;
pub mod counting;
pub mod identity_keys;
pub mod permissions;
pub mod retention;
pub mod setup;
pub mod sign_in;
pub mod tokens;
pub mod users;

pub use permissions::{Actor, Error, membership};
pub(in crate::app) use permissions::{need, need_publisher, need_server_admin, need_website_settings};
