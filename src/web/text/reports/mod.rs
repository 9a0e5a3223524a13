//! Texts that all reports share: the bars above them, their tables, and saved views.

pub mod anonymous;
pub mod consent_log;
pub mod report;
pub mod saved_views;
pub mod table;
