//! What the owner and the users of the admin pages make: accounts, users, event definitions and the like. One table,
//! or a table with its parts, in each file. Other modules name these files by `store::account` and so on.

pub mod account;
pub mod audit;
pub mod bot;
pub mod definition;
pub mod event_work;
pub mod member;
pub mod one_time_link;
pub mod pick;
pub mod saved_view;
pub mod script_change;
pub mod sign_in;
pub mod token;
pub mod unexpected;
pub mod user;
