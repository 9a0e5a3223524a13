//! What a report can be asked: period, filters, saved views.

pub mod period;
pub mod question;
pub mod saved_view;
