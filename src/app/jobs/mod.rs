//! Background jobs that no request waits for: closing days, companies of contacts, lists, and deleting what is older than the owner keeps.

pub mod assign_companies;
pub mod build_lists;
pub mod close_days;
pub mod erase_unseen;
pub mod retention;
