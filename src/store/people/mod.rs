//! Visitors, contacts, their companies, and the forms they submit: one table, or a table with its parts, in each file.

pub mod alias;
pub mod company;
pub mod contact;
pub mod contact_change;
pub mod contact_erasure;
pub mod contact_list;
pub mod email;
pub mod form;
pub mod identification;
mod identity;
pub mod import;
pub mod list;
pub mod person;
mod properties;
pub mod search;
pub mod submission;
pub mod visitor;

pub use identity::{blocked_email, contact_joining, identity_key};
pub use properties::{property, property_definition};
