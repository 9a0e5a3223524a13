//! The components of pages. Each is a struct with a template `_<name>.html`, and a page renders it with `{{ part
//! }}`. Only structs that an escaping template renders may implement `HtmlSafe`; a test checks that.

pub mod banner_preview;
pub mod code_block;
pub mod count_back;
pub mod delta;
pub mod empty;
pub mod field;
pub mod heading;
pub mod icon;
pub mod kpi;
pub mod meter;
pub mod pager;
pub mod panel;
mod report;

pub use report::{anonymous, filters, missing, period, saved_views, suspected};
