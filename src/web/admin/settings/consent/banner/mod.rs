//! The look and the texts of the banner, each with the preview beside it.

pub mod look;
pub mod preview;
pub mod texts;
