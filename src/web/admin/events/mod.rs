//! Pages about custom events: the list, one event, its form, names that wait for review, picking an element.

pub mod event;
pub mod event_form;
pub mod event_install;
pub mod event_remove;
pub mod list;
pub mod pick;
pub mod review;
