//! Texts of the pages about people: contacts, their properties and companies, visitors, lists and forms.

pub mod companies;
pub mod contacts;
pub mod forms;
pub mod imports;
pub mod lists;
pub mod properties;
pub mod visitor;
pub mod visitor_page;
