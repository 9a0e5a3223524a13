//! Contacts, their companies, the forms they submit, and the users of the admin pages.

pub mod company;
pub mod contact;
pub mod form;
pub mod identity_key;
pub mod import;
pub mod list;
pub mod password;
pub mod placeholder;
pub mod property_type;
pub mod provenance;
pub mod user;
