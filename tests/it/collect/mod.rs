//! The public routes, called in process.

mod custom_js;
mod forms;
mod health;
mod limits;
mod proxies;
mod rules;
mod script;
mod submissions;
