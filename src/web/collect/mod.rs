//! The public routes: the tracking script and its beacons. They need no sign-in, read no admin cookies, and allow
//! every origin.

pub(super) mod beacon;
pub(super) mod code;
pub(super) mod event;
pub(super) mod pick;
pub(super) mod script;
