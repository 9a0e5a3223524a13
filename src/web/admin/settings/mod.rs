//! The settings pages of an account: tracking code, properties of contacts, sites, users, API tokens, export; and the list of accounts.

pub mod account_form;
pub mod account_settings;
pub mod accounts;
pub mod advanced_tracking;
pub mod export;
pub mod form_errors;
pub mod properties;
pub mod settings_nav;
pub mod tokens;
pub mod tracking_code;
pub mod users;
