//! Visitors and contacts: one table, or a table with its parts, in each file.

pub mod alias;
pub mod contact;
pub mod contact_erasure;
pub mod email;
pub mod identification;
pub mod list;
pub mod property;
pub mod visitor;
