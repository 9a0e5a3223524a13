//! Parts that pages are made of. Each is a struct with its template `_<name>.html`; a page holds it and
//! writes `{{ part }}`. Only structs whose text comes from an escaping template may be marked `HtmlSafe`;
//! a test holds that.

pub mod code;
pub mod count_back;
pub mod delta;
pub mod empty;
pub mod field;
pub mod filters;
pub mod icon;
pub mod kpi;
pub mod meter;
pub mod missing;
pub mod pager;
pub mod panel;
pub mod period;
pub mod views;
