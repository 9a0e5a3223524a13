//! Visitors and contacts: what is done to a person as a whole.

pub mod erase_visitor;
