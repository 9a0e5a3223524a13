//! The notice that the next page shows once after a change ("The settings were saved"). The cookie holds a number
//! of a closed list and never a text, so nobody can make a page show a text of theirs.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;

use crate::web::response::cookie::{self, FLASH};
use crate::web::response::page::{Flash, Tone};
use crate::web::text::Texts;
use crate::web::text::access::Done as DoneTexts;

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
    ContactErased,
    ContactErasedInPart,
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
    ListCreated,
    ListSaved,
    ListDeleted,
    ContactsMerged,
    MergeUndone,
    ContactMade,
    FormDeleted,
    IdentityKeyMade,
    IdentityKeyDropped,
    EmailBlocked,
    EmailUnblocked,
    PropertyDeclared,
    PropertyUndeclared,
    ImportDiscarded,
    ConsentAskedAgain,
}

/// Every notice with its text.
const fn notices(texts: &DoneTexts) -> [(Done, &'static str); 40] {
    [
        (Done::Saved, texts.saved),
        (Done::AccountMade, texts.account_made),
        (Done::UserAdded, texts.user_added),
        (Done::UserChanged, texts.user_changed),
        (Done::UserRemoved, texts.user_removed),
        (Done::UserDisabled, texts.user_disabled),
        (Done::UserEnabled, texts.user_enabled),
        (Done::TokenRevoked, texts.token_revoked),
        (Done::PasswordChanged, texts.password_changed),
        (Done::BrowserEnded, texts.browser_ended),
        (Done::BrowsersEnded, texts.browsers_ended),
        (Done::SignedOut, texts.signed_out),
        (Done::VisitorErased, texts.visitor_erased),
        (Done::ContactErased, texts.contact_erased),
        (Done::ContactErasedInPart, texts.contact_erased_in_part),
        (Done::ViewSaved, texts.view_saved),
        (Done::ViewDeleted, texts.view_deleted),
        (Done::EventMade, texts.event_made),
        (Done::EventSaved, texts.event_saved),
        (Done::EventArchived, texts.event_archived),
        (Done::EventRestored, texts.event_restored),
        (Done::EventDeleted, texts.event_deleted),
        (Done::NamesApproved, texts.names_approved),
        (Done::NamesDismissed, texts.names_dismissed),
        (Done::NamesRestored, texts.names_restored),
        (Done::ListCreated, texts.list_created),
        (Done::ListSaved, texts.list_saved),
        (Done::ListDeleted, texts.list_deleted),
        (Done::ContactsMerged, texts.contacts_merged),
        (Done::MergeUndone, texts.merge_undone),
        (Done::ContactMade, texts.contact_made),
        (Done::FormDeleted, texts.form_deleted),
        (Done::IdentityKeyMade, texts.identity_key_made),
        (Done::IdentityKeyDropped, texts.identity_key_dropped),
        (Done::EmailBlocked, texts.email_blocked),
        (Done::EmailUnblocked, texts.email_unblocked),
        (Done::PropertyDeclared, texts.property_declared),
        (Done::PropertyUndeclared, texts.property_undeclared),
        (Done::ImportDiscarded, texts.import_discarded),
        (Done::ConsentAskedAgain, texts.consent_asked_again),
    ]
}

pub fn put(request: &HttpRequest, https: bool, done: Done) {
    let mut notice = cookie::of(&FLASH, &(done as u8).to_string(), https);
    notice.set_max_age(Duration::seconds(KEPT));
    cookie::set(request, notice);
}

/// The notice that this page shows.
pub fn read(request: &HttpRequest, https: bool, t: &Texts) -> Option<Flash> {
    let number = FLASH.read(request, https)?;
    let all = notices(&t.access.done);
    let (_, text) = all.into_iter().find(|(done, _)| (*done as u8).to_string() == number)?;
    Some(Flash { tone: Tone::Good, text: text.to_owned() })
}

/// Call this when a page is answered, not on a redirect, which has not shown the notice yet.
pub fn forget(request: &HttpRequest, https: bool) {
    if FLASH.read(request, https).is_some() {
        cookie::clear(request, https, &FLASH);
    }
}
