//! Where a statement about a person comes from: through which channel, and how far it is trusted (rules.md 22).

use crate::base::clock::Millis;

/// How a statement reached the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// It was stored before channels were kept.
    Unknown,
    /// The tracking script.
    Browser,
    /// An HTTP call that nobody signed.
    Program,
    /// A submitted form.
    Form,
    /// An API call with a token.
    Api,
    /// A file of contacts.
    Import,
    /// A user on the admin pages.
    Page,
}

impl Channel {
    pub const ALL: [Self; 7] =
        [Self::Unknown, Self::Browser, Self::Program, Self::Form, Self::Api, Self::Import, Self::Page];

    /// The word the store keeps.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unknown => "unknown",
            Self::Browser => "browser",
            Self::Program => "program",
            Self::Form => "form",
            Self::Api => "api",
            Self::Import => "import",
            Self::Page => "page",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.as_str() == text)
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
}

impl Provenance {
    #[must_use]
    pub const fn asserted(channel: Channel, at: Millis) -> Self {
        Self { channel, trust: Trust::Asserted, at }
    }

    #[must_use]
    pub const fn verified(channel: Channel, at: Millis) -> Self {
        Self { channel, trust: Trust::Verified, at }
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
            assert_eq!(Channel::parse(channel.as_str()), Some(channel));
        }
        assert_eq!(Channel::parse("telepathy"), None);
    }
}
