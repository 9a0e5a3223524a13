//! Builds answers: pages with their layout, data for programs, errors, assets, cookies.

pub mod assets;
pub mod cookie;
pub(crate) mod encoded;
pub mod error;
pub mod export;
pub mod flash;
pub mod framing;
pub mod page;
pub mod respond;
