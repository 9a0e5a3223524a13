//! Pages about contacts and visitors.

pub mod contact;
pub mod edit;
mod erase;
pub mod list;
pub mod merge;
mod merged;
pub mod visitor;
