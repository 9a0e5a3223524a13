//! Access to the two SQLite files: the data directory, opening, migrations, the writer and the readers.

pub mod changes;
pub mod data_dir;
pub(in crate::store) mod migrate;
pub(in crate::store) mod open;
pub(in crate::store) mod presence;
pub mod readers;
pub(super) mod truncate_log;
pub mod writer;
