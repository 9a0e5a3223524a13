//! The class of a screen by its width in CSS pixels.

use serde::{Deserialize, Serialize};

/// Longest screen text that is read, characters (rules.md 8).
pub const SCREEN_MAX: usize = 32;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[repr(u8)]
pub enum ScreenClass {
    #[default]
    Unknown,
    /// Below 576.
    Small,
    /// Below 992.
    Medium,
    /// Below 1440.
    Large,
    /// Below 1920.
    Wide,
    Huge,
}

impl ScreenClass {
    pub const ALL: [Self; 6] =
        [Self::Unknown, Self::Small, Self::Medium, Self::Large, Self::Wide, Self::Huge];

    /// Reads the value `sd` of a beacon, such as `1920x1080`.
    #[must_use]
    pub fn of(text: &str) -> Self {
        let width = text.split(['x', 'X', '×']).next().and_then(|w| w.trim().parse::<u32>().ok());
        match width {
            None | Some(0) => Self::Unknown,
            Some(1..576) => Self::Small,
            Some(576..992) => Self::Medium,
            Some(992..1440) => Self::Large,
            Some(1440..1920) => Self::Wide,
            Some(1920..) => Self::Huge,
        }
    }

    /// The word for reports and filters.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "",
            Self::Small => "< 576",
            Self::Medium => "576–991",
            Self::Large => "992–1439",
            Self::Wide => "1440–1919",
            Self::Huge => "≥ 1920",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn screens_fall_into_classes_at_their_bounds() {
        for (text, class) in [
            ("575x1", ScreenClass::Small),
            ("576x1", ScreenClass::Medium),
            ("991x1", ScreenClass::Medium),
            ("992x1", ScreenClass::Large),
            ("1439x1", ScreenClass::Large),
            ("1440x1", ScreenClass::Wide),
            ("1920x1080", ScreenClass::Huge),
            ("", ScreenClass::Unknown),
            ("0x0", ScreenClass::Unknown),
            ("wide", ScreenClass::Unknown),
            ("-5x3", ScreenClass::Unknown),
        ] {
            assert_eq!(ScreenClass::of(text), class, "{text}");
        }
    }
}
