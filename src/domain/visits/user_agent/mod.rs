//! What a browser says about itself: browser, system and class of the device, robots, and what makes one suspected.

pub mod client_hints;
pub mod device;
pub mod suspicion;
mod tablet;
