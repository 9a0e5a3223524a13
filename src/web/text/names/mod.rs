//! Names of things of the world and of the field: countries, languages, dimensions.

pub mod country;
pub mod language;
pub mod word;
