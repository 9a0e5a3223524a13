//! What the tests stand on: the real product in process, browsers before it, and map files.

pub(crate) mod app;
pub(crate) mod browser;
pub(crate) mod load;
pub(crate) mod mmdb;
pub(crate) mod server;
pub(crate) mod site;
pub(crate) mod totals;
pub(crate) mod unpacked;
