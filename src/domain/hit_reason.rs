//! The closed list of what can happen to a hit. The header `X-Guestlog`, `/metrics` and the live page use these
//! words.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// What happened to a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(u8)]
pub enum Reason {
    /// The hit is on disk. It is counted, or will be.
    Stored,
    /// The event id was counted before (rules.md 5). The fold finds this.
    Duplicate,
    /// The hit cannot be read in any wire form, or a required field is missing or out of range.
    Malformed,
    /// There is no account with that number.
    UnknownAccount,
    /// The visitor did not consent to analytics (rules.md 2).
    NoConsent,
    /// The visitor did not consent, and the page view is in the totals that the account keeps of those (rules.md 41).
    CountedAnonymously,
    /// The visitor's browser carries the do-not-track cookie.
    DoNotTrack,
    /// A robot (rules.md 4).
    Bot,
    /// The account excludes the address.
    ExcludedAddress,
    /// The account excludes the referring domain.
    ExcludedReferrer,
    /// The host is not among the account's domains, and the account accepts only those.
    UnknownHost,
    /// Beacons of this kind are not counted (rules.md 3).
    UnsupportedKind,
    /// The hit is older than 24 hours (rules.md 6).
    TooOld,
    /// Something is larger than its limit.
    TooLarge,
    /// The address sent more requests than it may.
    TooMany,
    /// The hit cannot be stored now. The sender should try again.
    Unavailable,
    /// The completion is stored with the value 0, because its value is no amount in range (rules.md 21).
    BadValue,
    /// There is no event with that id or name (rules.md 19).
    UnknownEvent,
    /// The name waits for review (rules.md 20). The fold finds this.
    Unexpected,
    /// The event is archived. The fold finds this.
    ArchivedEvent,
    /// The page view of this engagement is not known, or not any more. The fold finds this.
    UnknownPageView,
    /// The hit is stored without its contact, because browsers and unsigned calls may create no more contacts today
    /// (rules.md 13). The fold finds this.
    ContactLimit,
    /// The hit is stored without its identity, because its signature is not of its email (rules.md 36).
    WrongSignature,
    /// The hit is stored without its identity, because the account takes signed ones only (rules.md 36).
    UnsignedIdentity,
    /// The hit is stored without its identity, because the account blocks its email (rules.md 36). The sender is not told.
    BlockedEmail,
    /// The account has as many forms as it may have, and this is one more (rules.md 33).
    FormLimit,
    /// The hit could not be folded. It is kept and can be replayed.
    DeadLetter,
}

impl Reason {
    /// Every reason, in the order of the enum.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The word used in headers, metrics and JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// Whether the hit is in the reports.
    #[must_use]
    pub const fn is_counted(self) -> bool {
        matches!(
            self,
            Self::Stored
                | Self::ContactLimit
                | Self::BadValue
                | Self::WrongSignature
                | Self::UnsignedIdentity
                | Self::BlockedEmail
        )
    }

    /// Position in `ALL`, for arrays of counters.
    #[must_use]
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_reason_has_its_own_word_and_place() {
        for (place, reason) in Reason::ALL.iter().enumerate() {
            assert_eq!(reason.index(), place);
            assert_eq!(serde_json::to_value(reason).unwrap(), reason.as_str());
        }
        let words: std::collections::HashSet<_> = Reason::ALL.iter().map(|r| r.as_str()).collect();
        assert_eq!(words.len(), Reason::ALL.len());
    }
}
