//! What several areas of the tests build upon.

pub(crate) mod load;
pub(crate) mod mmdb;
pub(crate) mod server;
pub(crate) mod site;
