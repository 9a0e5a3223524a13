//! What an answer is made of: the page with its frame, data for programs, errors, files, cookies.

pub mod answer;
pub mod assets;
pub mod cookie;
pub mod data;
pub(crate) mod encoded;
pub mod error;
pub mod flash;
pub mod page;
