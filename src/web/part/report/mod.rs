//! What stands above the figures of every report: period, filters, saved views, and what is missing or included.

pub mod anonymous;
pub mod filters;
pub mod missing;
pub mod period;
pub mod saved_views;
pub mod suspected;
