//! What a visitor allowed. Every stored event has its consent (rules.md 2).

use serde::{Deserialize, Serialize};

/// HubSpot's consent bits, and two of our own that say where the consent comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consent(pub u8);

impl Consent {
    pub const NECESSARY: u8 = 1;
    pub const ANALYTICS: u8 = 2;
    pub const ADVERTISEMENT: u8 = 4;
    pub const FUNCTIONALITY: u8 = 8;
    /// The beacon said nothing, and the policy of the account granted it.
    const BY_POLICY: u8 = 16;
    /// A program sent the hit, and its caller answers for consent.
    const BY_SERVER: u8 = 32;
    const CATEGORIES: u8 = 15;

    /// Granted because the account shows no banner.
    pub const POLICY: Self = Self(Self::CATEGORIES | Self::BY_POLICY);
    /// Reported by a program.
    pub const SERVER: Self = Self(Self::BY_SERVER);

    /// Reads the parameters `cc` (the mask) and `ce` (`false` refuses analytics) of a browser's beacon. `None` means
    /// that consent was refused and the hit must not be stored.
    #[must_use]
    pub const fn of_beacon(mask: Option<u8>, allowed: Option<bool>) -> Option<Self> {
        match (mask, allowed) {
            (_, Some(false)) => None,
            (Some(mask), _) if mask & Self::ANALYTICS == 0 => None,
            (Some(mask), _) => Some(Self(mask & Self::CATEGORIES)),
            (None, _) => Some(Self::POLICY),
        }
    }

    /// The word for reports: `granted`, `policy` or `server`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        if self.0 & Self::BY_SERVER != 0 {
            "server"
        } else if self.0 & Self::BY_POLICY != 0 {
            "policy"
        } else {
            "granted"
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// rules.md 2
    #[test]
    fn a_beacon_without_the_analytics_bit_is_refused() {
        assert_eq!(Consent::of_beacon(Some(0), None), None);
        assert_eq!(Consent::of_beacon(Some(13), None), None);
        assert_eq!(Consent::of_beacon(Some(15), Some(false)), None);
        assert_eq!(Consent::of_beacon(None, Some(false)), None);
        assert_eq!(Consent::of_beacon(Some(15), None), Some(Consent(15)));
        assert_eq!(Consent::of_beacon(Some(3), Some(true)), Some(Consent(3)));
        assert_eq!(Consent::of_beacon(None, None).map(Consent::as_str), Some("policy"));
    }
}
