//! What goes over everything stored, hot rows and segments alike: a person's past, erasing it, retention, and counting
//! an event back.

pub mod contact_activity;
pub mod count_back;
pub mod erase_visitor;
pub mod retention;
pub mod sql_baseline;
pub mod timeline;
pub mod visit_counts;
