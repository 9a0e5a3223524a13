//! Pages about contacts, visitors, and the forms they submit.

pub mod contact;
pub mod form;
pub mod forms;
pub mod list;
pub mod visitor;
