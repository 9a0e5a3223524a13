//! Maintenance of a store: backup, restore, the check for damage, and statistics; and what is kept beside it, so that no
//! backup takes it back: who was erased, and who withdrew. Also who asked to be deleted.

pub mod backup;
pub mod check;
pub mod erased;
pub mod erasure_request;
pub mod restore;
pub mod statistics;
pub mod verify_backup;
pub mod withdrawn;
