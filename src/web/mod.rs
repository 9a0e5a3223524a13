//! HTTP and pages: turns requests into calls of `app` and answers into pages. No rule of the data is
//! decided here and no SQL is written here.

pub mod assets;
pub mod chart;
pub mod format;
pub mod page;
pub mod part;
pub mod paths;
pub mod query;
pub mod text;

#[cfg(test)]
mod sample;
