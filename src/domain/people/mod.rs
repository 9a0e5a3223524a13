//! Contacts, and the users of the admin pages.

pub mod contact;
pub mod list;
pub mod password;
pub mod provenance;
pub mod user;
