//! Texts of the pages about people: contacts, their properties, visitors, lists and forms.

pub mod contacts;
pub mod forms;
pub mod lists;
pub mod properties;
pub mod visitor;
