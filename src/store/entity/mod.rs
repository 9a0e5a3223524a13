//! What is created on the admin pages: accounts, users, event definitions and so on. Each file has one table, or a table
//! with its parts. Other modules refer to a file as `store::account` and so on.

pub mod access;
pub mod account;
pub mod audit;
pub mod bot;
pub mod consent;
pub mod definition;
pub mod element_pick;
pub mod event_work;
pub mod saved_view;
pub mod script_change;
pub mod unexpected;

pub use access::{member, one_time_link, sign_in, token, user};
