//! Small things without product meaning: the clock and the random source. Nothing here knows a visitor.

pub mod cidr;
pub mod clock;
pub mod random;
pub mod secret;
