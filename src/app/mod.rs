//! Use cases and background jobs over store, maps and script. `core` holds what they share; each use case is
//! functions over `&App` in a file of its own.

pub mod accept;
pub mod access;
pub mod accounts;
pub mod agents;
pub mod closing;
pub mod control;
pub mod core;
pub mod counters;
pub mod custom_js;
pub mod definitions;
pub mod directory;
pub mod erasing;
pub mod events;
pub mod fold;
pub mod generate;
pub mod limiter;
pub mod live;
pub mod passwords;
pub mod picker;
pub mod progress;
pub mod recount;
pub mod reports;
pub mod retention;
pub mod review;
pub mod saved_views;
pub mod scripts;
pub mod setup;
pub mod sign_in;
pub mod throttle;
pub mod tokens;
pub mod users;

pub use core::App;
