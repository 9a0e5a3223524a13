//! HTTP and pages: turns requests into calls of `app` and answers into pages. No rule of the data is
//! decided here and no SQL is written here.

pub mod admin;
pub mod answer;
pub mod assets;
pub mod chart;
pub mod client;
pub mod context;
pub mod cookie;
pub mod error;
pub mod flash;
pub mod form;
pub mod format;
pub mod guard;
pub mod options;
pub mod page;
pub mod part;
pub mod paths;
pub mod query;
pub mod security;
pub mod state;
pub mod text;

#[cfg(test)]
mod sample;
