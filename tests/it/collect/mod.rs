//! The public side, in process through its front door.

mod custom_js;
mod forms;
mod health;
mod limits;
mod proxies;
mod rules;
mod script;
