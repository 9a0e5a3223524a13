//! Pages about contacts, companies, visitors, and the forms they submit.

pub mod blocked;
pub mod companies;
pub mod contact;
mod contact_properties;
pub mod edit;
mod erase;
pub mod find_person;
pub mod forms;
pub mod imports;
pub mod list;
pub mod lists;
pub mod merge;
mod merged;
pub mod placeholders;
pub mod visitor;
