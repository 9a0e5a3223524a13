//! The public side: the script and its beacons. No sign-in, no admin cookies, CORS for everybody.

pub(super) mod beacon;
pub(super) mod code;
pub(super) mod event;
pub(super) mod pick;
pub(super) mod script;
