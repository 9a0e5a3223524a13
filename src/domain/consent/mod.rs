//! What a visitor allowed, and who said so. Every stored event has its consent (rules.md 2, 38).

pub mod change;
pub mod choice;
pub mod counting;
pub mod place;
pub mod policy;
pub mod preset;
pub mod rule;

use serde::{Deserialize, Serialize};

/// HubSpot's consent bits in the lower four, and where the consent comes from (`Origin`) in the upper four.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Consent(pub u8);

/// Where a consent comes from. The numbers are stored, in the upper half of `Consent`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Origin {
    /// The beacon says that it was given, and not how: HubSpot's GIF, and all that was stored before there were policies.
    #[default]
    Beacon = 0,
    /// Nobody was asked, and the policy of the account grants it.
    Policy = 1,
    /// A program sent the hit, and its caller answers for consent.
    Server = 2,
    /// The visitor answered the banner.
    Banner = 3,
    /// The site said so with a call of the consent API.
    Api = 4,
    /// The site said so with that call, and has switched the banner off: it has one of its own.
    OutsideBanner = 5,
    /// Global Privacy Control. It can only refuse, so no stored event has it.
    Gpc = 6,
}

impl Origin {
    const ALL: [Self; 7] =
        [Self::Beacon, Self::Policy, Self::Server, Self::Banner, Self::Api, Self::OutsideBanner, Self::Gpc];

    /// The word in reports and exports.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Beacon => "beacon",
            Self::Policy => "policy",
            Self::Server => "server",
            Self::Banner => "banner",
            Self::Api => "api",
            Self::OutsideBanner => "outside_banner",
            Self::Gpc => "gpc",
        }
    }

    /// What a beacon may claim. Everything else is `Beacon`: nobody can claim to be the policy or a server.
    #[must_use]
    pub fn claimed(word: &str) -> Self {
        match word {
            "banner" => Self::Banner,
            "api" => Self::Api,
            "outside_banner" => Self::OutsideBanner,
            _ => Self::Beacon,
        }
    }
}

impl Consent {
    pub const NECESSARY: u8 = 1;
    pub const ANALYTICS: u8 = 2;
    pub const ADVERTISEMENT: u8 = 4;
    pub const FUNCTIONALITY: u8 = 8;
    const CATEGORIES: u8 = 15;
    const ORIGIN_SHIFT: u32 = 4;

    /// Granted by the policy of the account, or because it has none.
    pub const POLICY: Self = Self::given(Self::CATEGORIES, Origin::Policy);
    /// Reported by a program.
    pub const SERVER: Self = Self::given(0, Origin::Server);

    /// A consent to these categories.
    #[must_use]
    pub const fn given(mask: u8, origin: Origin) -> Self {
        Self(mask & Self::CATEGORIES | (origin as u8) << Self::ORIGIN_SHIFT)
    }

    /// Where it comes from. A number that this program does not know counts as `Beacon`.
    #[must_use]
    pub fn origin(self) -> Origin {
        let number = self.0 >> Self::ORIGIN_SHIFT;
        Origin::ALL.into_iter().find(|origin| *origin as u8 == number).unwrap_or_default()
    }

    /// The word for reports: `granted`, `policy` or `server`.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self.origin() {
            Origin::Server => "server",
            Origin::Policy => "policy",
            Origin::Beacon | Origin::Banner | Origin::Api | Origin::OutsideBanner | Origin::Gpc => "granted",
        }
    }
}

/// What a browser's beacon says about consent. None of it is believed before a policy has looked at it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Claim {
    /// The categories that the visitor allowed (`cc`); `None` when nobody was asked.
    pub mask: Option<u8>,
    /// The revision of the policy that the visitor answered; `None` when the beacon does not say.
    pub revision: Option<u32>,
    pub origin: Origin,
}

impl Claim {
    /// Reads the parameters `cc` (the mask), `ce` (`false` refuses analytics), the revision, and by what the choice was
    /// made; empty texts are absent. `None` when the beacon itself says that analytics is not allowed. What cannot be
    /// read counts as refused.
    #[must_use]
    pub fn read(mask: &str, allowed: &str, revision: &str, by: &str) -> Option<Self> {
        if !matches!(allowed, "" | "true" | "1") {
            return None;
        }
        let mask = if mask.is_empty() { None } else { Some(mask.parse::<u8>().ok()?) };
        if mask.is_some_and(|mask| mask & Consent::ANALYTICS == 0) {
            return None;
        }
        let revision = if revision.is_empty() { None } else { Some(revision.parse().ok()?) };
        // A script that knows no policy says 0.
        let revision = revision.filter(|number| *number > 0);
        let origin = if revision.is_some() { Origin::claimed(by) } else { Origin::Beacon };
        Some(Self { mask, revision, origin })
    }

    /// What is stored where nothing speaks against it.
    #[must_use]
    pub fn consent(self) -> Consent {
        self.mask.map_or(Consent::POLICY, |mask| Consent::given(mask, self.origin))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(mask: &str, allowed: &str) -> Option<Consent> {
        Claim::read(mask, allowed, "", "").map(Claim::consent)
    }

    /// rules.md 2
    #[test]
    fn a_beacon_that_says_no_is_refused() {
        for (mask, allowed) in [("0", ""), ("13", ""), ("15", "false"), ("", "false"), ("15", "no")] {
            assert_eq!(read(mask, allowed), None, "{mask} {allowed}");
        }
        for unreadable in ["x", "256", "?", "-1"] {
            assert_eq!(read(unreadable, ""), None, "{unreadable}");
        }
        assert_eq!(read("15", ""), Some(Consent(15)));
        assert_eq!(read("3", "true"), Some(Consent(3)));
        assert_eq!(read("", ""), Some(Consent::POLICY));
    }

    #[test]
    fn an_origin_is_kept_beside_the_categories_and_cannot_be_forged() {
        for origin in Origin::ALL {
            assert_eq!(Consent::given(3, origin).origin(), origin);
            assert_eq!(Consent::given(u8::MAX, origin).0 & 15, 15);
        }
        let claimed = |by: &str, revision: &str| Claim::read("15", "", revision, by).unwrap().origin;
        assert_eq!(claimed("banner", "1"), Origin::Banner);
        assert_eq!(claimed("api", "1"), Origin::Api);
        assert_eq!(claimed("outside_banner", "1"), Origin::OutsideBanner);
        for by in ["", "policy", "server", "gpc", "3", "BANNER"] {
            assert_eq!(claimed(by, "1"), Origin::Beacon, "{by}");
        }
        assert_eq!(claimed("banner", ""), Origin::Beacon, "a banner knows which revision it shows");
    }

    #[test]
    fn what_was_stored_before_there_were_policies_means_what_it_meant() {
        for (stored, word, origin) in
            [(15, "granted", "beacon"), (31, "policy", "policy"), (32, "server", "server")]
        {
            let consent = Consent(stored);
            assert_eq!((consent.as_str(), consent.origin().as_str()), (word, origin));
        }
        assert_eq!((Consent::POLICY, Consent::SERVER), (Consent(31), Consent(32)));
        assert_eq!(Consent(255).origin(), Origin::Beacon, "a number of a newer program");
    }

    #[test]
    fn a_revision_that_cannot_be_read_is_refused() {
        for revision in ["x", "-1", "1.5", "4294967296", "?"] {
            assert_eq!(Claim::read("15", "", revision, ""), None, "{revision}");
        }
        let revision = |text: &str| Claim::read("15", "", text, "").unwrap().revision;
        assert_eq!((revision(""), revision("0"), revision("4294967295")), (None, None, Some(u32::MAX)));
    }
}
