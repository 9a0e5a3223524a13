//! Pages about contacts, visitors, and the forms they submit.

pub mod contact;
pub mod edit;
mod erase;
pub mod form;
pub mod forms;
pub mod list;
pub mod list_condition;
mod list_examples;
pub mod list_fields;
pub mod list_form;
pub mod list_words;
pub mod lists;
pub mod merge;
mod merged;
pub mod visitor;
