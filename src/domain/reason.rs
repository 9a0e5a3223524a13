//! The closed list of what can happen to a hit. The header `X-Guestlog`, `/metrics` and the live page use these
//! words.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What happened to a hit.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        #[repr(u8)]
        pub enum Reason { $($(#[$doc])* $name,)* }

        impl Reason {
            /// Every reason, in the order of the enum.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// The word used in headers, metrics and JSON.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text,)* }
            }
        }
    };
}

reasons! {
    /// The hit is on disk. It is counted, or will be.
    Stored = "stored",
    /// The event id was counted before (rules.md 5). The fold finds this.
    Duplicate = "duplicate",
    /// The hit cannot be read in any wire form, or a required field is missing or out of range.
    Malformed = "malformed",
    /// There is no account with that number.
    UnknownAccount = "unknown_account",
    /// The visitor did not consent to analytics (rules.md 2).
    NoConsent = "no_consent",
    /// The visitor's browser carries the do-not-track cookie.
    DoNotTrack = "do_not_track",
    /// A robot (rules.md 4).
    Bot = "bot",
    /// The account excludes the address.
    ExcludedAddress = "excluded_address",
    /// The account excludes the referring domain.
    ExcludedReferrer = "excluded_referrer",
    /// The host is not among the account's domains, and the account accepts only those.
    UnknownHost = "unknown_host",
    /// Beacons of this kind are not counted (rules.md 3).
    UnsupportedKind = "unsupported_kind",
    /// The hit is older than 24 hours (rules.md 6).
    TooOld = "too_old",
    /// Something is larger than its limit.
    TooLarge = "too_large",
    /// The address sent more requests than it may.
    TooMany = "too_many",
    /// The hit cannot be stored now. The sender should try again.
    Unavailable = "unavailable",
    /// The value of the event is not a number in range (rules.md 21).
    BadValue = "bad_value",
    /// There is no event with that id or name (rules.md 19).
    UnknownEvent = "unknown_event",
    /// The name waits for review (rules.md 20). The fold finds this.
    Unexpected = "unexpected",
    /// The event is archived. The fold finds this.
    ArchivedEvent = "archived_event",
    /// The page view of this engagement is not known, or not any more. The fold finds this.
    UnknownPageView = "unknown_page_view",
    /// The hit could not be folded. It is kept and can be replayed.
    DeadLetter = "dead_letter",
}

impl Reason {
    /// The index in `ALL`, for arrays of counters.
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
