//! Work over everything that is stored, in hot rows and segments alike: timelines, exports, erasing a visitor, retention,
//! and counting an event back.

pub mod anonymous_count;
pub mod contact_activity;
pub mod count_back;
pub mod erase_texts;
pub mod erase_visitors;
pub mod export;
pub mod retention;
pub mod sql_baseline;
pub mod timeline;
pub mod visit_counts;
