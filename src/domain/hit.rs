//! A hit is what every wire form becomes once it is accepted. It waits in the inbox in this form until it is folded.
//! It holds what rules.md 16 keeps and nothing else; it never holds the address.

use serde::{Deserialize, Serialize};

use super::account::AccountId;
use super::campaign::Campaign;
use super::click_id::ClickId;
use super::consent::Consent;
use super::contact::Identity;
use super::device::Device;
use super::event::EventRef;
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
#[serde(rename_all = "snake_case")]
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
        #[serde(skip_serializing_if = "Value::is_usual", default)]
        value: Value,
        /// As they were sent.
        #[serde(skip_serializing_if = "Vec::is_empty", default)]
        properties: Vec<(String, String)>,
    },
}

/// What a completion is worth (rules.md 21).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
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

/// One accepted hit. Its row in the inbox has short names, those of the wire where there are any, because every byte
/// of it is written twice before it is folded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hit {
    #[serde(rename = "a")]
    pub account: AccountId,
    #[serde(rename = "rt")]
    pub received: Millis,
    /// The time of receipt minus the reported age (rules.md 6).
    pub at: Millis,
    #[serde(rename = "k")]
    pub act: Act,
    /// Counts only once per account within 48 hours (rules.md 5).
    #[serde(rename = "id", skip_serializing_if = "Option::is_none", default)]
    pub event_id: Option<String>,
    /// `None` when a program reported the hit (rules.md 1).
    #[serde(rename = "vi", skip_serializing_if = "Option::is_none", default)]
    pub visitor: Option<Token>,
    /// The session number of the `__hstc` cookie.
    #[serde(rename = "sn", skip_serializing_if = "Option::is_none", default)]
    pub session_number: Option<u32>,
    /// Empty when a program reported the hit.
    #[serde(rename = "p", default)]
    pub page: Page,
    #[serde(rename = "t", skip_serializing_if = "String::is_empty", default)]
    pub title: String,
    /// The referring address, without secrets.
    #[serde(rename = "r", skip_serializing_if = "String::is_empty", default)]
    pub referrer: String,
    #[serde(rename = "utm", skip_serializing_if = "Campaign::is_empty", default)]
    pub campaign: Campaign,
    #[serde(rename = "ci", skip_serializing_if = "ClickId::is_none", default)]
    pub click_id: ClickId,
    #[serde(rename = "o")]
    pub origin: Origin,
    #[serde(rename = "sd", default)]
    pub screen: ScreenClass,
    #[serde(rename = "ln", skip_serializing_if = "String::is_empty", default)]
    pub language: String,
    #[serde(rename = "d", default)]
    pub device: Device,
    /// ISO 3166-1 alpha-2, upper case. Empty means unknown.
    #[serde(rename = "co", skip_serializing_if = "String::is_empty", default)]
    pub country: String,
    #[serde(rename = "re", skip_serializing_if = "String::is_empty", default)]
    pub region: String,
    #[serde(rename = "cc")]
    pub consent: Consent,
    /// The revision of the consent policy that was in force.
    #[serde(rename = "rev", default)]
    pub policy: u32,
    #[serde(rename = "i", skip_serializing_if = "Identity::is_empty", default)]
    pub identity: Identity,
    /// The hit's entry in the ring of the live page, which the fold completes.
    #[serde(rename = "lv", default)]
    pub live: u64,
    /// Something about it says that a robot hides behind its browser.
    #[serde(rename = "sus", skip_serializing_if = "std::ops::Not::not", default)]
    pub suspected: bool,
    /// The host is not among the account's domains.
    #[serde(rename = "fh", skip_serializing_if = "std::ops::Not::not", default)]
    pub foreign_host: bool,
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
        }
    }

    #[must_use]
    pub const fn is_completion(&self) -> bool {
        matches!(self.act, Act::Completion { .. })
    }

    /// What is known of a stored hit at once.
    #[must_use]
    pub const fn stored_reason(&self) -> Reason {
        match self.act {
            Act::Completion { value: Value::Unreadable, .. } => Reason::BadValue,
            _ => Reason::Stored,
        }
    }
}
