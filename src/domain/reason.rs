//! The closed list of what can become of a hit. `X-Guestlog`, `/metrics` and the live page say one of these.

use serde::{Deserialize, Serialize};

macro_rules! reasons {
    ($($(#[$doc:meta])* $name:ident = $text:literal,)*) => {
        /// What became of a hit.
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
    /// On disk; will be or was counted.
    Stored = "stored",
    /// An event id that was counted before (rules.md 5). Found by the fold.
    Duplicate = "duplicate",
    /// Not readable as any wire form, or a required field is missing or out of range.
    Malformed = "malformed",
    /// No account of that number.
    UnknownAccount = "unknown_account",
    /// The visitor did not consent to analytics (rules.md 2).
    NoConsent = "no_consent",
    /// The visitor's browser carries the do-not-track cookie.
    DoNotTrack = "do_not_track",
    /// A robot (rules.md 4).
    Bot = "bot",
    /// An address the account leaves out.
    ExcludedAddress = "excluded_address",
    /// A referring domain the account leaves out.
    ExcludedReferrer = "excluded_referrer",
    /// A host that is not among the account's domains, with the limit switched on.
    UnknownHost = "unknown_host",
    /// A kind of beacon that is not counted (rules.md 3).
    UnsupportedKind = "unsupported_kind",
    /// Older than 24 hours (rules.md 6).
    TooOld = "too_old",
    /// Past a size limit.
    TooLarge = "too_large",
    /// More requests than an address may send.
    TooMany = "too_many",
    /// Cannot be stored now; try again.
    Unavailable = "unavailable",
    /// The value of an event is not a number in range (rules.md 21).
    BadValue = "bad_value",
    /// No event of that id or name (rules.md 19).
    UnknownEvent = "unknown_event",
    /// A name that waits for review (rules.md 20). Found by the fold.
    Unexpected = "unexpected",
    /// An event that was archived. Found by the fold.
    ArchivedEvent = "archived_event",
    /// Engagement of a page view that is not known (any more). Found by the fold.
    UnknownPageView = "unknown_page_view",
    /// Could not be folded; kept and can be replayed.
    DeadLetter = "dead_letter",
}

impl Reason {
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
