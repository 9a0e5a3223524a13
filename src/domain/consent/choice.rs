//! A choice that a visitor made in the banner, as the consent log keeps it (rules.md 40).

use std::fmt;

use serde::{Deserialize, Serialize};

use super::Consent;
use super::rule::PolicyType;
use crate::base::clock::Millis;
use crate::domain::device::DeviceClass;

/// Longest address of a page with which a choice is reported, bytes.
pub const PAGE_MAX: usize = 2_048;
/// The most choices of an account that are logged on a local day. A row with its indexes takes some 200 bytes, so a day adds
/// at most 50 MB. One sender cannot use this up: `PER_SENDER` a second are fewer.
pub const CHOICES_PER_DAY: u32 = 250_000;
/// Choices that a sender may report in a second, in bursts of ten times as many.
pub const PER_SENDER: u32 = 2;
/// The most rows of an account and a local day that count how often the banner asked. What does not fit is counted without
/// its page.
pub const ASKED_ROWS_PER_DAY: u32 = 10_000;

/// 128 random bits that a browser makes for each choice and keeps. Its visitor finds the choice by it, and nobody else does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Receipt(pub [u8; 16]);

impl Receipt {
    /// Reads 32 hex digits in lower case.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        bytes_of_hex(text).map(Self)
    }
}

impl fmt::Display for Receipt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(self.0, f)
    }
}

/// The token of a visitor, as the log keeps it: the bytes of the 32 hex digits that the script writes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChoiceToken(pub [u8; 16]);

impl ChoiceToken {
    /// Reads 32 hex digits in lower case. Programs may use other tokens, but no banner does.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        bytes_of_hex(text).map(Self)
    }
}

impl fmt::Display for ChoiceToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(self.0, f)
    }
}

fn bytes_of_hex(text: &str) -> Option<[u8; 16]> {
    let is_hex = text.len() == 32 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
    let number = u128::from_str_radix(text, 16).ok().filter(|_| is_hex)?;
    Some(number.to_be_bytes())
}

fn write_hex(bytes: [u8; 16], f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{:032x}", u128::from_be_bytes(bytes))
}

/// By what the visitor chose. The words are stored.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum How {
    /// The button that allows what is asked.
    Accept,
    /// The button that allows nothing.
    Reject,
    /// The categories that were ticked in the dialog.
    Save,
    /// The banner was closed.
    Close,
    /// An earlier choice was taken back.
    Withdraw,
}

impl How {
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }

    /// Whether somebody can have allowed these categories in this way.
    #[must_use]
    pub const fn fits(self, mask: u8) -> bool {
        mask <= ALL_CATEGORIES
            && match self {
                Self::Accept => mask & Consent::ANALYTICS != 0,
                Self::Reject | Self::Withdraw => mask & OPTIONAL == 0,
                Self::Save | Self::Close => true,
            }
    }
}

const ALL_CATEGORIES: u8 =
    Consent::NECESSARY | Consent::ANALYTICS | Consent::ADVERTISEMENT | Consent::FUNCTIONALITY;
/// The categories that visitors are asked about.
const OPTIONAL: u8 = ALL_CATEGORIES & !Consent::NECESSARY;

/// What a choice comes down to.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    Hash,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
    strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
pub enum Answer {
    /// Every category.
    Accepted,
    /// Some categories.
    Partly,
    /// No category that visitors are asked about.
    Refused,
    /// An earlier choice was taken back. It answers no banner.
    Withdrawn,
}

impl Answer {
    pub const ALL: &[Self] = <Self as strum::VariantArray>::VARIANTS;

    #[must_use]
    pub const fn of(how: How, mask: u8) -> Self {
        match (how, mask & OPTIONAL) {
            (How::Withdraw, _) => Self::Withdrawn,
            (_, 0) => Self::Refused,
            (_, OPTIONAL) => Self::Accepted,
            _ => Self::Partly,
        }
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

/// Where a visitor was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Asked {
    /// With its port unless that is the default one.
    pub host: String,
    /// Without the query. Empty once the person was erased.
    pub path: String,
    /// ISO 3166-1 alpha-2 of the local map. Empty means unknown.
    pub country: String,
    pub device: DeviceClass,
}

/// A row of the consent log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    pub receipt: Receipt,
    pub at: Millis,
    /// `None` where analytics is not allowed, and once the person was erased.
    pub token: Option<ChoiceToken>,
    /// Of the policy that was shown.
    pub revision: u32,
    /// What it asked of this visitor on this page.
    pub kind: PolicyType,
    pub how: How,
    /// The categories that are allowed from now on.
    pub mask: u8,
    /// Of the banner's texts.
    pub language: String,
    pub asked: Asked,
}

impl Choice {
    #[must_use]
    pub const fn answer(&self) -> Answer {
        Answer::of(self.how, self.mask)
    }

    #[must_use]
    pub const fn allows(&self, category: u8) -> bool {
        self.mask & category != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::DAY;

    #[test]
    fn receipts_are_32_hex_digits_in_lower_case() {
        let text = "00112233445566778899aabbccddeeff";
        assert_eq!(Receipt::parse(text).unwrap().to_string(), text);
        assert_eq!(ChoiceToken::parse(text).unwrap().to_string(), text);
        for wrong in ["", &text[1..], &format!("{text}0"), &text.to_uppercase(), &format!("+{}", &text[1..])]
        {
            assert_eq!(Receipt::parse(wrong), None, "{wrong}");
        }
        assert_eq!(Receipt::parse("00112233445566778899aabbccddeefg"), None);
    }

    #[test]
    fn what_is_allowed_fits_how_it_was_chosen() {
        let masks = |how: How| -> Vec<u8> { (0..=u8::MAX).filter(|mask| how.fits(*mask)).collect() };
        assert_eq!(masks(How::Accept), [2, 3, 6, 7, 10, 11, 14, 15]);
        assert_eq!((masks(How::Reject), masks(How::Withdraw)), (vec![0, 1], vec![0, 1]));
        assert_eq!((masks(How::Save).len(), masks(How::Close).len()), (16, 16));
        for how in How::ALL {
            assert_eq!(How::parse(how.as_str()), Some(*how));
        }
        assert_eq!(How::parse("asked"), None);
    }

    #[test]
    fn an_answer_is_what_is_allowed_and_a_withdrawal_is_none_to_a_banner() {
        assert_eq!(Answer::of(How::Accept, 15), Answer::Accepted);
        assert_eq!(Answer::of(How::Save, 15), Answer::Accepted);
        assert_eq!(Answer::of(How::Accept, 3), Answer::Partly);
        assert_eq!(Answer::of(How::Save, 8), Answer::Partly);
        assert_eq!(Answer::of(How::Save, 1), Answer::Refused);
        assert_eq!(Answer::of(How::Close, 0), Answer::Refused);
        assert_eq!(Answer::of(How::Withdraw, 1), Answer::Withdrawn);
        for answer in Answer::ALL {
            assert_eq!(Answer::parse(answer.as_str()), Some(*answer));
        }
    }

    #[test]
    fn one_sender_cannot_fill_the_log_of_a_day() {
        let seconds = u32::try_from(DAY / 1_000).unwrap();
        assert!(PER_SENDER * (seconds + 10) < CHOICES_PER_DAY);
    }
}
