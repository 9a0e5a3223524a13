//! Browser, system and class of a device, read from its User-Agent; robots by name.

use serde::{Deserialize, Serialize};

/// Class of a device.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum DeviceClass {
    Desktop,
    Mobile,
    Tablet,
    #[default]
    Other,
}

impl DeviceClass {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Desktop => "desktop",
            Self::Mobile => "mobile",
            Self::Tablet => "tablet",
            Self::Other => "other",
        }
    }
}

/// What a User-Agent says of a browser; families only, empty = unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Device {
    #[serde(default)]
    pub class: DeviceClass,
    #[serde(default)]
    pub browser: String,
    #[serde(default)]
    pub os: String,
}
