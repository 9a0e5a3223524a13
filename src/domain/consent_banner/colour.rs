//! A colour of the banner, written `#1f4f8f`, and the contrast of two colours as WCAG 2.2 defines it.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The least contrast of text to what it stands on, in hundredths (WCAG 2.2, 1.4.3).
pub const CONTRAST_MIN: u32 = 450;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour {
    pub red: u8,
    pub green: u8,
    pub blue: u8,
}

impl Colour {
    pub const BLACK: Self = Self { red: 0, green: 0, blue: 0 };
    pub const WHITE: Self = Self { red: 255, green: 255, blue: 255 };

    /// Reads `#1f4f8f`, the form in which browsers send the field for a colour.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('#').filter(|digits| digits.len() == 6 && digits.is_ascii())?;
        let part = |from: usize| digits.get(from..from + 2).and_then(|two| u8::from_str_radix(two, 16).ok());
        let is_hex = digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then_some(Self { red: part(0)?, green: part(2)?, blue: part(4)? })
    }

    /// The contrast to another colour in hundredths, rounded down: from 100 (the same colour) to 2100 (black and white).
    #[must_use]
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "from 100 to 2100")]
    pub fn contrast_with(self, other: Self) -> u32 {
        let (one, two) = (self.luminance(), other.luminance());
        ((one.max(two) + 0.05) / (one.min(two) + 0.05) * 100.0) as u32
    }

    /// Black or white, whichever is easier to read on this colour. One of them always has the least contrast that is
    /// needed.
    #[must_use]
    pub fn readable(self) -> Self {
        if self.contrast_with(Self::WHITE) >= self.contrast_with(Self::BLACK) {
            Self::WHITE
        } else {
            Self::BLACK
        }
    }

    /// The relative luminance of sRGB, from 0 to 1.
    fn luminance(self) -> f64 {
        let linear = |value: u8| {
            let value = f64::from(value) / 255.0;
            if value <= 0.04045 { value / 12.92 } else { ((value + 0.055) / 1.055).powf(2.4) }
        };
        0.2126 * linear(self.red) + 0.7152 * linear(self.green) + 0.0722 * linear(self.blue)
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:02x}{:02x}{:02x}", self.red, self.green, self.blue)
    }
}

impl Serialize for Colour {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Colour {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(&text).ok_or_else(|| de::Error::custom("a colour is written as #1f4f8f"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colour_has_six_hexadecimal_digits() {
        assert_eq!(Colour::parse("#1F4f8f").unwrap().to_string(), "#1f4f8f");
        for bad in ["", "1f4f8f", "#1f4f8", "#1f4f8f0", "#1f4f8g", "#+1+1+1", "#é4f8f", "red"] {
            assert_eq!(Colour::parse(bad), None, "{bad}");
        }
    }

    #[test]
    fn contrast_is_that_of_wcag() {
        let colour = |text| Colour::parse(text).unwrap();
        assert_eq!(Colour::BLACK.contrast_with(Colour::WHITE), 2100);
        assert_eq!(Colour::WHITE.contrast_with(Colour::WHITE), 100);
        // The well-known pair of greys around the limit.
        assert_eq!(colour("#767676").contrast_with(Colour::WHITE), 454);
        assert_eq!(colour("#777777").contrast_with(Colour::WHITE), 447);
    }

    #[test]
    fn black_or_white_is_readable_on_every_colour() {
        for red in (0..=255).step_by(15) {
            for green in (0..=255).step_by(15) {
                for blue in (0..=255).step_by(15) {
                    let colour = Colour { red, green, blue };
                    assert!(colour.contrast_with(colour.readable()) >= CONTRAST_MIN, "{colour}");
                }
            }
        }
    }
}
