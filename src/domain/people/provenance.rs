//! Where a statement about a person comes from: through which channel, and how far it is trusted (rules.md 22).

use crate::base::clock::Millis;

/// How a statement reached the store. The numbers are stored: never reuse one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case", const_into_str)]
#[repr(u8)]
pub enum Channel {
    /// It was stored before channels were kept.
    Unknown = 0,
    /// The tracking script.
    Browser = 1,
    /// An HTTP call that nobody signed.
    Program = 2,
    /// A submitted form.
    Form = 3,
    /// An API call with a token.
    Api = 4,
    /// A file of contacts.
    Import = 5,
    /// A user on the admin pages.
    Page = 6,
}

impl Channel {
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Browser, Self::Program, Self::Form, Self::Api, Self::Import, Self::Page];

    #[must_use]
    pub fn of_number(number: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| *channel as u8 == number)
    }

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    /// A browser or an unsigned call creates a contact by an email alone; otherwise anybody could fill an account
    /// with contacts of whom nothing is known.
    #[must_use]
    pub const fn needs_email(self) -> bool {
        !matches!(self, Self::Api | Self::Import | Self::Page)
    }
}

/// How far a statement is trusted. Verified is more than asserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Trust {
    /// A browser or an unsigned call says so.
    Asserted,
    /// A token or the email's signature stands behind it.
    Verified,
}

impl Trust {
    #[must_use]
    pub const fn of(is_verified: bool) -> Self {
        if is_verified { Self::Verified } else { Self::Asserted }
    }

    #[must_use]
    pub const fn is_verified(self) -> bool {
        matches!(self, Self::Verified)
    }

    /// Whether a value with this trust may replace one with the trust `current`. An asserted value never replaces a
    /// verified one.
    #[must_use]
    pub fn may_replace(self, current: Self) -> bool {
        self >= current
    }
}

/// Who says something about a person, how far that is trusted, and when it was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Provenance {
    pub channel: Channel,
    pub trust: Trust,
    pub at: Millis,
    /// What the server's clock shows now. A statement that waited is older.
    pub now: Millis,
}

impl Provenance {
    #[must_use]
    pub const fn new(channel: Channel, trust: Trust, at: Millis) -> Self {
        Self { channel, trust, at, now: at }
    }

    #[must_use]
    pub const fn asserted(channel: Channel, at: Millis) -> Self {
        Self::new(channel, Trust::Asserted, at)
    }

    #[must_use]
    pub const fn verified(channel: Channel, at: Millis) -> Self {
        Self::new(channel, Trust::Verified, at)
    }

    /// The same, recorded at another time than it was said.
    #[must_use]
    pub const fn recorded(self, now: Millis) -> Self {
        Self { now, ..self }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_asserted_value_never_replaces_a_verified_one() {
        let (asserted, verified) = (Trust::Asserted, Trust::Verified);
        assert!(!asserted.may_replace(verified));
        assert!(
            asserted.may_replace(asserted)
                && verified.may_replace(asserted)
                && verified.may_replace(verified)
        );
    }

    #[test]
    fn each_channel_is_read_as_it_was_written() {
        for channel in Channel::ALL {
            assert_eq!(Channel::of_number(channel as u8), Some(channel));
        }
        assert_eq!(Channel::of_number(7), None);
    }
}
