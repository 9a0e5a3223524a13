//! Texts of the pages about people: contacts, companies, visitors, lists and forms.

pub mod companies;
pub mod contacts;
pub mod forms;
pub mod lists;
pub mod visitor;
