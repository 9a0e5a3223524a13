//! The notice that the next page shows once after a change ("The settings were saved"). The cookie holds a number
//! of a closed list and never a text, so nobody can make a page show a text of theirs.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;

use crate::web::response::cookie::{self, FLASH};
use crate::web::response::page::{Flash, Tone};
use crate::web::text::Texts;
use crate::web::text::access::Done as Words;

/// Seconds after which the notice is dropped.
const KEPT: i64 = 60;

/// A finished change. Its number is the value of the cookie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    Saved,
    AccountMade,
    UserAdded,
    UserChanged,
    UserRemoved,
    UserDisabled,
    UserEnabled,
    TokenRevoked,
    PasswordChanged,
    BrowserEnded,
    BrowsersEnded,
    SignedOut,
    VisitorErased,
    ViewSaved,
    ViewDeleted,
    EventMade,
    EventSaved,
    EventArchived,
    EventRestored,
    EventDeleted,
    NamesApproved,
    NamesDismissed,
    NamesRestored,
}

impl Done {
    const ALL: [Self; 23] = [
        Self::Saved,
        Self::AccountMade,
        Self::UserAdded,
        Self::UserChanged,
        Self::UserRemoved,
        Self::UserDisabled,
        Self::UserEnabled,
        Self::TokenRevoked,
        Self::PasswordChanged,
        Self::BrowserEnded,
        Self::BrowsersEnded,
        Self::SignedOut,
        Self::VisitorErased,
        Self::ViewSaved,
        Self::ViewDeleted,
        Self::EventMade,
        Self::EventSaved,
        Self::EventArchived,
        Self::EventRestored,
        Self::EventDeleted,
        Self::NamesApproved,
        Self::NamesDismissed,
        Self::NamesRestored,
    ];

    const fn text(self, words: &Words) -> &'static str {
        match self {
            Self::Saved => words.saved,
            Self::AccountMade => words.account_made,
            Self::UserAdded => words.user_added,
            Self::UserChanged => words.user_changed,
            Self::UserRemoved => words.user_removed,
            Self::UserDisabled => words.user_disabled,
            Self::UserEnabled => words.user_enabled,
            Self::TokenRevoked => words.token_revoked,
            Self::PasswordChanged => words.password_changed,
            Self::BrowserEnded => words.browser_ended,
            Self::BrowsersEnded => words.browsers_ended,
            Self::SignedOut => words.signed_out,
            Self::VisitorErased => words.visitor_erased,
            Self::ViewSaved => words.view_saved,
            Self::ViewDeleted => words.view_deleted,
            Self::EventMade => words.event_made,
            Self::EventSaved => words.event_saved,
            Self::EventArchived => words.event_archived,
            Self::EventRestored => words.event_restored,
            Self::EventDeleted => words.event_deleted,
            Self::NamesApproved => words.names_approved,
            Self::NamesDismissed => words.names_dismissed,
            Self::NamesRestored => words.names_restored,
        }
    }
}

pub fn put(request: &HttpRequest, https: bool, done: Done) {
    let mut told = cookie::of(&FLASH, &(done as u8).to_string(), https);
    told.set_max_age(Duration::seconds(KEPT));
    cookie::set(request, told);
}

/// The notice that this page shows.
#[must_use]
pub fn read(request: &HttpRequest, https: bool, t: &Texts) -> Option<Flash> {
    let number = FLASH.read(request, https)?;
    let done = Done::ALL.into_iter().find(|done| (*done as u8).to_string() == number)?;
    Some(Flash { tone: Tone::Good, text: done.text(&t.access.done).to_owned() })
}

/// Call this when a page is answered, not on a redirect, which has not shown the notice yet.
pub fn forget(request: &HttpRequest, https: bool) {
    if FLASH.read(request, https).is_some() {
        let mut gone = cookie::of(&FLASH, "", https);
        gone.make_removal();
        cookie::set(request, gone);
    }
}
