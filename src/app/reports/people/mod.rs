//! Tables and pages of people: contacts, visitors, the lists contacts are in, and the forms they submit.

pub mod contact;
pub mod contacts;
pub mod forms;
pub mod lists;
pub mod merges;
pub mod person;
pub mod visitor;
