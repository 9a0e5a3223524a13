//! Maintenance of a store: backup, restore, the check for damage, and statistics; and what is kept beside it, so that no
//! backup takes it back: who was erased, and who withdrew.

pub mod backup;
pub mod check;
pub mod erased;
pub mod restore;
pub mod statistics;
pub mod verify_backup;
pub mod withdrawn;
