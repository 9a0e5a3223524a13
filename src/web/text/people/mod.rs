//! Texts of the pages about people: contacts, visitors, lists and forms.

pub mod contacts;
pub mod forms;
pub mod imports;
pub mod lists;
pub mod visitor;
