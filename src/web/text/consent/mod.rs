//! Texts of the settings of consent, and of the preview of the banner.

pub mod banner_preview;
pub mod pages;
