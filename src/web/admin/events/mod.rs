//! Pages about custom events: the list, one event, its form, the review of unexpected events, the element picker.

pub mod element_picker;
pub mod event;
pub mod event_form;
pub mod event_install;
pub mod event_remove;
pub mod list;
pub mod unexpected;
