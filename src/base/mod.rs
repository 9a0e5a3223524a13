//! Small things without product meaning: address ranges, the clock, the random source and secrets. Nothing here knows
//! what a visitor is.

pub mod cidr;
pub mod clock;
pub mod forwarding_header;
pub mod random;
pub mod secret;
