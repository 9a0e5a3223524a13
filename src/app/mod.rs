//! Use cases and background jobs over store, maps and script. `core` holds what they share; each use case is
//! functions over `&App` in a file of its own.

pub mod access;
pub mod banner_cache;
pub mod commands;
pub mod core;
pub mod events;
pub mod export;
pub mod ingest;
pub mod jobs;
pub mod people;
pub mod reports;
pub mod state;

pub use core::App;
