//! What several areas of the tests build upon.

pub(crate) mod mmdb;
