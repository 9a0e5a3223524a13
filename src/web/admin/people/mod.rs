//! Pages about contacts and visitors.

pub mod contact;
mod erase;
pub mod list;
pub mod merge;
mod merged;
pub mod visitor;
