//! Guestlog: visitor tracking, custom events and buyer intent on an organisation's own premises.
//!
//! The layers, each of which may use what stands below it and nothing beside or above
//! (`tests/it/layering.rs` holds it):
//!
//! ```text
//! main ─► cli ─► bench ─► demo ─► server ─► web ─► app ─► { store, geo, tracker, outbound, config } ─► domain ─► base
//! ```

pub mod app;
pub mod base;
pub mod bench;
pub mod cli;
pub mod config;
pub mod demo;
pub mod domain;
pub mod geo;
pub mod server;
pub mod store;
pub mod tracker;
pub mod web;
