//! Visitors, contacts, and the forms they submit: one table, or a table with its parts, in each file.

pub mod alias;
pub mod contact;
pub mod contact_erasure;
pub mod email;
pub mod form;
pub mod identification;
pub mod import;
pub mod list;
pub mod person;
pub mod property;
pub mod submission;
pub mod visitor;
