//! Contacts, the forms they submit, and the users of the admin pages.

pub mod contact;
pub mod form;
pub mod list;
pub mod password;
pub mod property_type;
pub mod provenance;
pub mod user;
