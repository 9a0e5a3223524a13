//! A hit is what every wire form becomes once it is accepted. It waits in the inbox in this form until it is folded.
//! It holds what rules.md 16 keeps and nothing else; it never holds the address.

use serde::{Deserialize, Serialize};

use super::account::AccountId;
use super::campaign::Campaign;
use super::click_id::ClickId;
use super::consent::Consent;
use super::contact::{Identity, IdentityCheck};
use super::device::Device;
use super::event::EventRef;
use super::form::{Submission, Way};
use super::hit_reason::Reason;
use super::page::Page;
use super::screen::ScreenClass;
use super::source::Origin;
use super::visitor::Token;
use crate::base::clock::{DAY, HOUR, MINUTE, Millis};

/// Longest id a client may give a hit, characters.
pub const EVENT_ID_MAX: usize = 64;
/// An event id counts only once within this time (rules.md 5).
pub const SEEN_FOR: i64 = 48 * HOUR;
/// Longest title, characters. A longer one is cut (rules.md 8).
pub const TITLE_MAX: usize = 512;
/// The highest age that the script may report (rules.md 6).
pub const AGE_MAX: i64 = DAY;
/// The longest engagement that may be reported at once (rules.md 15).
pub const ENGAGED_MAX: i64 = 30 * MINUTE;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Act {
    PageView,
    /// A page view was visible for this long. It is merged into that page view.
    Engagement {
        page_view: String,
        engaged_ms: u32,
    },
    /// A visitor did what the account defines as an event.
    Completion {
        event: EventRef,
        value: Value,
        /// As they were sent.
        properties: Vec<(String, String)>,
    },
    /// Somebody submitted a form (rules.md 33).
    Submission(Box<Submission>),
}

/// What a completion is worth (rules.md 21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Value {
    /// The value in the event's definition.
    #[default]
    Usual,
    /// Minor units.
    Minor(i64),
    /// It was sent, but is no amount. It counts as 0.
    Unreadable,
}

impl Value {
    #[must_use]
    pub fn is_usual(&self) -> bool {
        *self == Self::Usual
    }
}

/// One accepted hit. The order of the fields is that of its row in the inbox (`store::row`), here and in the types of its
/// fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    pub account: AccountId,
    pub received: Millis,
    /// The time of receipt minus the reported age (rules.md 6).
    pub at: Millis,
    pub act: Act,
    /// Counts only once per account within 48 hours (rules.md 5).
    pub event_id: Option<String>,
    /// `None` when a program reported the hit (rules.md 1). A submission may name a visitor, and never creates one.
    pub visitor: Option<Token>,
    /// The session number of the `__hstc` cookie.
    pub session_number: Option<u32>,
    /// Empty when a program reported the hit.
    pub page: Page,
    pub title: String,
    /// The referring address, without secrets.
    pub referrer: String,
    pub campaign: Campaign,
    pub click_id: ClickId,
    pub origin: Origin,
    pub screen: ScreenClass,
    pub language: String,
    pub device: Device,
    /// ISO 3166-1 alpha-2, upper case. Empty means unknown.
    pub country: String,
    pub region: String,
    pub consent: Consent,
    /// The revision of the consent policy that was in force.
    pub policy: u32,
    pub identity: Identity,
    /// The hit's entry in the ring of the live page, which the fold completes.
    pub live: u64,
    /// Something about it says that a robot hides behind its browser.
    pub suspected: bool,
    /// The host is not among the account's domains.
    pub foreign_host: bool,
    /// How far the identity is believed, or why it was dropped.
    pub identity_check: IdentityCheck,
}

impl Hit {
    /// A hit that a program reports. It has no browser, no visitor and no page (rules.md 1, 2, 13).
    #[must_use]
    pub fn from_program(account: AccountId, now: Millis, act: Act, identity: Identity) -> Self {
        Self {
            account,
            received: now,
            at: now,
            act,
            event_id: None,
            visitor: None,
            session_number: None,
            page: Page::default(),
            title: String::new(),
            referrer: String::new(),
            campaign: Campaign::default(),
            click_id: ClickId::NONE,
            origin: Origin::offline("ANALYTICS"),
            screen: ScreenClass::default(),
            language: String::new(),
            device: Device::default(),
            country: String::new(),
            region: String::new(),
            consent: Consent::SERVER,
            policy: 0,
            identity,
            live: 0,
            suspected: false,
            foreign_host: false,
            identity_check: IdentityCheck::default(),
        }
    }

    #[must_use]
    pub const fn is_completion(&self) -> bool {
        matches!(self.act, Act::Completion { .. })
    }

    #[must_use]
    pub const fn is_submission(&self) -> bool {
        matches!(self.act, Act::Submission(_))
    }

    /// Whether it is a form that the script noticed.
    #[must_use]
    pub fn is_collected_form(&self) -> bool {
        matches!(&self.act, Act::Submission(submission) if submission.way == Way::Script)
    }

    /// What is known of a stored hit at once.
    #[must_use]
    pub const fn stored_reason(&self) -> Reason {
        match (self.identity_check, &self.act) {
            (IdentityCheck::WrongSignature, _) => Reason::WrongSignature,
            (IdentityCheck::Unsigned, _) => Reason::UnsignedIdentity,
            (IdentityCheck::BlockedEmail, _) => Reason::BlockedEmail,
            (_, Act::Completion { value: Value::Unreadable, .. }) => Reason::BadValue,
            _ => Reason::Stored,
        }
    }

    /// What the sender of a stored hit is told of it. Which emails are blocked is nobody's business: an address may be a
    /// person's.
    #[must_use]
    pub const fn answered_reason(&self) -> Reason {
        match self.stored_reason() {
            Reason::BlockedEmail => Reason::Stored,
            reason => reason,
        }
    }
}
