//! Pages about contacts, visitors, and the forms they submit.

pub mod contact;
pub mod edit;
mod erase;
pub mod form;
pub mod forms;
pub mod import;
pub mod imports;
pub mod list;
pub mod lists;
pub mod merge;
mod merged;
pub mod visitor;
