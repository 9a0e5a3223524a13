//! Visitors and the contact each belongs to. Of all that a visitor did before it belonged to one, the contact takes over
//! the figures; what it does later counts for both.

use super::contacts::{self, Found};
use crate::domain::account::AccountId;
use crate::domain::provenance::{Provenance, Trust};
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::account::Numbers;
use crate::store::changes;
use crate::store::contact::{self, Activity};
use crate::store::contact_joining;
use crate::store::identification::{self, Identification};
use crate::store::visitor::{self, Visitor};
use crate::store::{self, Connection};

/// Gives out the next visitor number: dense, and never used again (rules.md 12).
pub const fn next_number(numbers: &mut Numbers) -> VisitorNumber {
    numbers.visitor += 1;
    VisitorNumber(numbers.visitor)
}

/// Lets a visitor belong to a contact. One that belongs to another contact becomes a new number, which its token stands
/// for from now on; the older number stays with its contact (rules.md 12). Answers whether that happened.
///
/// The caller writes `visitor` afterwards.
pub fn assign(
    conn: &Connection,
    account: AccountId,
    numbers: &mut Numbers,
    said: &Provenance,
    found: &Found,
    visitor: &mut Visitor,
    token: Option<&Token>,
) -> Result<bool, store::Error> {
    let contact = found.contact.id;
    if visitor.contact_id == Some(contact) {
        return Ok(false);
    }
    let is_switched = visitor.contact_id.is_some();
    if is_switched {
        visitor::upsert(conn, account, visitor)?;
        let number = next_number(numbers);
        if let Some(token) = token {
            visitor::upsert_token(conn, account, token.as_str(), number)?;
        }
        *visitor = Visitor {
            number,
            first_ms: said.at.0,
            first_source: visitor.source,
            first_page: 0,
            last_page: 0,
            first_referrer: visitor.last_referrer,
            first_referrer_ms: visitor.last_referrer_ms,
            sessions: 0,
            page_views: 0,
            shared_session: 0,
            contact_completions: 0,
            contact_value_minor: 0,
            ..visitor.clone()
        };
    }
    visitor.contact_id = Some(contact);
    if !found.is_new && !is_switched && !said.trust.is_verified() {
        contact_joining::count(conn, account, contact, said.at)?;
    }
    if !found.is_new {
        changes::raise_contact_of_visitor(conn, account, visitor.number.0)?;
    }
    hand_over(conn, account, said, contact, visitor)?;
    Ok(is_switched)
}

/// What a visitor did before it belonged to a contact counts for the contact.
fn hand_over(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    contact: i64,
    visitor: &mut Visitor,
) -> Result<(), store::Error> {
    let completions = std::mem::take(&mut visitor.completions);
    let value_minor = std::mem::take(&mut visitor.value_minor);
    if completions > 0 {
        let said = Provenance { trust: Trust::Asserted, ..*said };
        contacts::add_completions(conn, account, &said, contact, completions.into(), value_minor)?;
        visitor.note_counted(completions.into(), value_minor);
    }
    if visitor.sessions > 0 || visitor.page_views > 0 {
        let activity = Activity {
            first_ms: visitor.first_ms,
            last_ms: visitor.last_ms,
            sessions: visitor.sessions,
            page_views: visitor.page_views,
        };
        contact::add_activity(conn, account, contact, &activity, said.now)?;
    }
    Ok(())
}

/// Counts a session of a visitor and returns whether it is a new session of the contact too. `taken_over` is the session
/// that continues one of the visitor number that the token had before; that number may belong to the same contact.
pub fn count_session(
    conn: &Connection,
    account: AccountId,
    visitor: &mut Visitor,
    taken_over: Option<u32>,
) -> Result<bool, store::Error> {
    visitor.sessions += 1;
    let Some(contact) = visitor.contact_id else { return Ok(false) };
    let Some(session) = taken_over else { return Ok(true) };
    visitor.shared_session = session;
    Ok(!contact::has_session(conn, account, contact, visitor.number.0, session)?)
}

/// Writes down who a visitor said to be. Two identifications of one millisecond have different inbox ids.
pub fn record_identification(
    conn: &Connection,
    account: AccountId,
    said: &Provenance,
    inbox_id: i64,
    visitor: VisitorNumber,
    contact: Option<i64>,
    (external_id, other_token): (Option<&str>, Option<&Token>),
) -> Result<(), store::Error> {
    let identification = Identification {
        at_ms: said.at.0,
        inbox_id,
        visitor: visitor.0,
        contact_id: contact,
        external_id: external_id.map(str::to_owned),
        other_token: other_token.map(|token| token.as_str().to_owned()),
    };
    identification::insert(conn, account, &identification)
}
