//! Pages about contacts and visitors.

pub mod contact;
pub mod list;
pub mod visitor;
