//! Properties of contacts: their values with the history, and the types that an account declares.

pub mod property;
pub mod property_definition;
