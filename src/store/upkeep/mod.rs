//! Looking after a store: backup and restore, the check of its integrity, and what it holds in numbers.

pub mod backup;
pub mod check;
pub mod restore;
pub mod statistics;
