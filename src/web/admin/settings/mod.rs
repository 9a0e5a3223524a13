//! Pages on which an account is set up: sites, tracking code, users, API tokens.

pub mod account_form;
pub mod account_settings;
pub mod accounts;
pub mod refusal;
pub mod settings_nav;
pub mod tokens;
pub mod tracking_code;
pub mod users;
