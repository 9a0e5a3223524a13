//! Background jobs that no request waits for: closing days, and deleting what is older than the owner keeps.

pub mod build_lists;
pub mod close_days;
pub mod retention;
