//! The public routes, called in process.

mod banner;
pub(crate) mod consent_choices;
mod counting;
mod custom_js;
mod exclusions;
mod forms;
mod health;
mod limits;
mod proxies;
mod rules;
mod script;
mod submissions;
