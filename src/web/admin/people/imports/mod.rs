//! The imports of contacts, and one import from the check to the report.

pub mod import;
pub mod list;
