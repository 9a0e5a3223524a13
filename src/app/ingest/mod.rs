//! From a request of a browser or a program to rows in the store: `accept` answers it, `fold` counts it.

pub mod accept;
pub mod consent_choice;
pub mod count_anonymously;
pub mod fold;
pub mod refusal;
