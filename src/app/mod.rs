//! Use cases and background jobs over store, maps and script. `core` holds what they share; each use case is
//! functions over `&App` in a file of its own.

pub mod accept;
pub mod accounts;
pub mod agents;
pub mod core;
pub mod counters;
pub mod directory;
pub mod fold;
pub mod generate;
pub mod limiter;
pub mod live;
pub mod progress;
pub mod scripts;

pub use core::App;
