//! The closed list of what can become of a hit. `X-Guestlog`, `/metrics` and the live page say one of these.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

/// What became of a hit.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize, IntoStaticStr, VariantArray)]
#[serde(rename_all = "snake_case")]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(u8)]
pub enum Reason {
    /// On disk; will be or was counted.
    Stored,
    /// An event id that was counted before (rules.md 5). Found by the fold.
    Duplicate,
    /// Not readable as any wire form, or a required field is missing or out of range.
    Malformed,
    /// No account of that number.
    UnknownAccount,
    /// The visitor did not consent to analytics (rules.md 2).
    NoConsent,
    /// The visitor's browser carries the do-not-track cookie.
    DoNotTrack,
    /// A robot (rules.md 4).
    Bot,
    /// An address the account leaves out.
    ExcludedAddress,
    /// A referring domain the account leaves out.
    ExcludedReferrer,
    /// A host that is not among the account's domains, with the limit switched on.
    UnknownHost,
    /// A kind of beacon that is not counted (rules.md 3).
    UnsupportedKind,
    /// Older than 24 hours (rules.md 6).
    TooOld,
    /// Past a size limit.
    TooLarge,
    /// More requests than an address may send.
    TooMany,
    /// Cannot be stored now; try again.
    Unavailable,
    /// The value of an event is not a number in range (rules.md 21).
    BadValue,
    /// No event of that id or name (rules.md 19).
    UnknownEvent,
    /// A name that waits for review (rules.md 20). Found by the fold.
    Unexpected,
    /// An event that was archived. Found by the fold.
    ArchivedEvent,
    /// Engagement of a page view that is not known (any more). Found by the fold.
    UnknownPageView,
    /// Could not be folded; kept and can be replayed.
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
