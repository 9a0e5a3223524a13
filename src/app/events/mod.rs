//! Events of an account: their definitions, the names that wait for review, their custom JavaScript, the script that
//! looks for them on pages, and work on the completions they have already.

pub mod count_back;
pub mod custom_js;
pub mod definitions;
pub mod element_picker;
pub mod own_visits;
pub mod unexpected;
