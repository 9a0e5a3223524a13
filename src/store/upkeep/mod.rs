//! Maintenance of a store: backup, restore, the check for damage, and statistics.

pub mod backup;
pub mod check;
pub mod erased;
pub mod restore;
pub mod statistics;
pub mod verify_backup;
