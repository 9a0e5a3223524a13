//! What the tests stand on: the real product in process, and browsers before it.

pub(crate) mod app;
pub(crate) mod browser;
