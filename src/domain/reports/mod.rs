//! What a report can be asked for: a period, filters and saved views.

pub mod period;
pub mod question;
pub mod saved_view;
