//! Contacts, the forms they submit, and the users of the admin pages.

pub mod contact;
pub mod form;
pub mod import;
pub mod list;
pub mod password;
pub mod provenance;
pub mod user;
