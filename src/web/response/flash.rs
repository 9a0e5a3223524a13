//! What was just done, told once by the next page. The cookie carries a number of a closed list, never a text.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;

use crate::web::response::cookie::{self, FLASH};
use crate::web::response::page::{Flash, Tone};
use crate::web::text::Texts;
use crate::web::text::access::Done as Words;

/// Seconds until it is no news any more.
const KEPT: i64 = 60;

/// What was done. Its number stands in the cookie.
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

/// The next page of this browser will say so.
pub fn put(request: &HttpRequest, https: bool, done: Done) {
    let mut told = cookie::of(&FLASH, &(done as u8).to_string(), https);
    told.set_max_age(Duration::seconds(KEPT));
    cookie::set(request, told);
}

/// What this page has to say.
#[must_use]
pub fn read(request: &HttpRequest, https: bool, t: &Texts) -> Option<Flash> {
    let number = FLASH.read(request, https)?;
    let done = Done::ALL.into_iter().find(|done| (*done as u8).to_string() == number)?;
    Some(Flash { tone: Tone::Good, text: done.text(&t.access.done).to_owned() })
}

/// It was said; a redirect on the way has not said it yet.
pub fn forget(request: &HttpRequest, https: bool) {
    if FLASH.read(request, https).is_some() {
        let mut gone = cookie::of(&FLASH, "", https);
        gone.make_removal();
        cookie::set(request, gone);
    }
}
