//! The forms of an account, and one form with its submissions.

pub mod form;
pub mod list;
