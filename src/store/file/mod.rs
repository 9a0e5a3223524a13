//! The two SQLite files as files: opening, migrating, the writer and the readers.

pub mod changes;
pub mod data_dir;
pub(in crate::store) mod migrate;
pub(in crate::store) mod open;
pub mod readers;
pub mod writer;
