//! Pages about who may come in: set-up, sign-in, accounts, the own profile.

pub mod home;
pub mod profile;
pub mod reset;
pub mod setup;
pub mod sign_in;
pub mod theme;
