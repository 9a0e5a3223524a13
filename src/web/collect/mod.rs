//! The public routes: the tracking script and its beacons. They need no sign-in, read no admin cookies, and allow
//! every origin.

pub(super) mod banner;
pub(super) mod collector;
pub(super) mod consent_choice;
pub(super) mod count;
pub(super) mod custom_js;
pub(super) mod element_picker;
pub(super) mod event;
pub(super) mod form;
pub(super) mod location;
pub(super) mod own_visits;
pub(super) mod script;
