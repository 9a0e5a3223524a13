//! Commands about people: contacts, their companies, lists of them, and everything that is known of one person.

pub(super) mod company;
pub(super) mod contact;
mod contact_files;
pub(super) mod list;
pub(super) mod person;
