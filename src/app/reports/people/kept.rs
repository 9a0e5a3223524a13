//! How much is kept of a browser or of a person, in counts alone: for the page of visitors, which shows nothing else, and for
//! a look before somebody is exported or erased.

use std::sync::Arc;

use crate::app::access::{self, Actor, permissions};
use crate::app::core::App;
use crate::app::people::find_person::{self, Found};
use crate::app::state::account_cache::Entry;
use crate::base::clock::Clock;
use crate::domain::account::AccountId;
use crate::domain::user::Role;
use crate::domain::visitor::{Token, VisitorNumber};
use crate::store::person::Person;
use crate::store::scan::Deadline;
use crate::store::timeline::{self, Timeline};
use crate::store::{self, Connection, contact, person, submission, visitor};

/// What is kept of one browser.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    pub submissions: u64,
}

impl Kept {
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Self::default()
    }
}

/// What is kept under a token. A token that nobody has is answered like one with nothing.
///
/// # Errors
/// `TimeLimit`; the store's.
pub async fn of_token(app: &App, account: &Arc<Entry>, token: &Token) -> Result<Kept, store::Error> {
    let (account, token, clock) = (Arc::clone(account), token.clone(), Arc::clone(&app.clock));
    app.store
        .read_long(move |conn| match visitor::find_number(conn, account.id(), token.as_str())? {
            Some(number) => of_visitor(conn, &account, number, clock),
            None => Ok(Kept::default()),
        })
        .await
}

fn of_visitor(
    conn: &Connection,
    account: &Entry,
    number: VisitorNumber,
    clock: Arc<dyn Clock>,
) -> Result<Kept, store::Error> {
    let id = account.id();
    let Some(found) = visitor::find(conn, id, number)? else { return Ok(Kept::default()) };
    let ask = timeline::Request {
        account: id,
        visitors: &[(number, found.first_ms..found.last_ms.saturating_add(1))],
        zone: &account.zone,
        after: None,
        limit: 0,
        rows: 0,
        deadline: &Deadline::new(clock),
    };
    let Timeline { sessions, sums, .. } = timeline::list(conn, &ask)?;
    Ok(Kept {
        sessions,
        page_views: sums.page_views,
        completions: sums.completions,
        submissions: submission::count_of_visitor(conn, id, number)?,
    })
}

/// What exporting or erasing a person is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Preview {
    pub found: Found,
    /// The primary email, if there is one.
    pub email: Option<String>,
    pub kept: Kept,
    pub browsers: u64,
    /// With those of contacts that were merged into it.
    pub emails: u64,
    /// Rows by table, of `person::TABLES`.
    pub rows: Vec<(String, usize)>,
}

impl Preview {
    /// How many rows a table has of the person.
    #[must_use]
    pub fn rows_of(&self, table: &str) -> usize {
        self.rows.iter().find(|(name, _)| name == table).map_or(0, |(_, count)| *count)
    }
}

/// Looks for the person whom a typed text means, with everything acknowledged before the call.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn preview(
    app: &App,
    actor: Actor,
    account: &Arc<Entry>,
    typed: String,
) -> Result<Option<Preview>, access::Error> {
    app.folded().await;
    let (account, clock) = (Arc::clone(account), Arc::clone(&app.clock));
    app.store
        .read_long(move |conn| {
            let id = account.id();
            permissions::need(conn, actor, id, Role::Admin)?;
            let Some(found) = find_person::find_typed(conn, id, &typed)? else { return Ok(None) };
            Ok(Some(read(conn, &account, found, clock)?))
        })
        .await
}

fn read(
    conn: &Connection,
    account: &Entry,
    found: Found,
    clock: Arc<dyn Clock>,
) -> Result<Preview, store::Error> {
    let id: AccountId = account.id();
    let (person, email, kept) = match found {
        Found::Contact(contact) => {
            let shown = contact::find(conn, id, contact)?.ok_or(store::Error::NotFound)?;
            let kept = Kept {
                sessions: shown.sessions,
                page_views: shown.page_views,
                completions: shown.completions,
                submissions: submission::count_of_contact(conn, id, contact)?,
            };
            (Person::of_contact(conn, id, contact)?, shown.email, kept)
        }
        Found::Visitor(number) => {
            (Person::of_visitor(conn, id, number)?, None, of_visitor(conn, account, number, clock)?)
        }
    };
    let rows = person::count_rows(conn, id, &person)?;
    Ok(Preview {
        found,
        email,
        kept,
        browsers: person.tokens.len() as u64,
        emails: person.emails.len() as u64,
        rows,
    })
}
