//! Builds answers: pages with their layout, data for programs, errors, assets, cookies.

pub mod answer;
pub mod assets;
pub mod cookie;
pub mod data;
pub mod error;
pub mod flash;
pub mod page;
