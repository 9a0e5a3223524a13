//! The settings pages of an account: tracking code, companies, properties of contacts, sites, identity, privacy, users, API tokens,
//! export; and the list of accounts.

pub mod account_form;
pub mod account_settings;
pub mod accounts;
pub mod advanced_tracking;
pub mod banner_preview;
pub mod companies;
pub mod consent;
pub mod export;
pub mod form_errors;
pub mod identity;
pub mod privacy;
pub mod properties;
pub mod settings_nav;
pub mod tokens;
pub mod tracking_code;
pub mod users;
