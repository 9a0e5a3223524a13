//! Pages about access: set-up, sign-in, password reset, the user's own profile.

pub mod home;
pub mod profile;
pub mod reset;
pub mod setup;
pub mod sign_in;
pub mod theme;

/// The query of a link that carries a secret.
#[derive(serde::Deserialize)]
struct LinkQuery {
    #[serde(default)]
    token: String,
}
