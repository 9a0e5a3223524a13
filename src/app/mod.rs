//! Use cases and background jobs over store, maps and script. `core` holds what they share; each use case is
//! functions over `&App` in a file of its own.

pub mod accounts;
pub mod core;
pub mod counters;
pub mod directory;
pub mod limiter;
pub mod live;
pub mod progress;
pub mod reports;

pub use core::App;
