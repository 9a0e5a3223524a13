//! Visitors and contacts: one table, or a table with its parts, in each file.

pub mod contact;
pub mod visitor;
