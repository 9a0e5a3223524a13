//! Visitors, contacts, their companies, and the forms they submit: one table, or a table with its parts, in each file.

pub mod company;
mod contacts;
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

pub use contacts::{alias, contact, contact_change, contact_erasure, contact_list, email};
pub use identity::{blocked_email, contact_joining, identity_key};
pub use properties::{property, property_definition};
