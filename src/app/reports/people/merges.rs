//! What a merge of contacts will join, before it is done, and the merges that a contact came of. Whose email may be read is
//! decided where the answer is written (rules.md 28).

use serde::Serialize;

use super::contacts::{self, ContactRow, RowTexts};
use crate::app::core::App;
use crate::app::people::merge::{self, Error};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::contact::Email;
use crate::domain::money;
use crate::store::alias::Merge;
use crate::store::contact::Shown;
use crate::store::{self, Connection, alias, email, property, user, visitor};

/// A contact that became part of another one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Merged {
    pub contact_id: i64,
    /// The contact it was merged into itself, which may have been merged in turn.
    pub into: i64,
    #[serde(serialize_with = "super::visitor::iso")]
    pub at: Millis,
    /// Its primary email when it was merged.
    pub email: Option<String>,
    /// Email of the user who merged them; `None` is the command line, or a user who is gone.
    #[serde(skip)]
    pub by: Option<String>,
}

/// The contacts that became part of this one, the latest first.
pub(in crate::app::reports) fn list(
    conn: &Connection,
    account: AccountId,
    id: i64,
) -> Result<Vec<Merged>, store::Error> {
    let merged = |merge: Merge| {
        let Merge { alias, into, at, by } = merge;
        let brought = alias::list_brought(conn, account, alias)?;
        let by = by.map(|by| user::find(conn, by)).transpose()?.flatten();
        Ok(Merged {
            contact_id: alias,
            into,
            at,
            email: brought.emails.into_iter().find(|(_, was_primary)| *was_primary).map(|(email, _)| email),
            by: by.map(|user| user.email),
        })
    };
    alias::list(conn, account, id)?.into_iter().map(merged).collect()
}

/// One of the two contacts of a merge.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Side {
    pub row: ContactRow,
    pub emails: Vec<String>,
    pub browsers: u64,
}

/// A property of which both have another value.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Conflict {
    pub name: String,
    pub kept: String,
    pub dropped: String,
}

/// What a merge will do.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Preview {
    pub survivor: Side,
    pub other: Side,
    pub conflicts: Vec<Conflict>,
}

/// What merging the contact of an email or a number into this one will do.
///
/// # Errors
/// `Nobody` when no contact has that email or number; those of `merge`.
pub async fn preview(app: &App, account: AccountId, into: i64, with: &str) -> Result<Preview, Error> {
    let entry = app.accounts.find(account).ok_or(store::Error::NotFound)?;
    let digits = money::digits(&entry.settings().currency);
    let with = with.to_owned();
    app.store
        .read(move |conn| {
            let from = find(conn, account, &with)?.ok_or(Error::Nobody)?;
            let (from, into) = merge::find_both(conn, account, from, into)?;
            merge::check_limits(conn, account, from.id, into.id)?;
            let conflicts = conflicts(conn, account, from.id, into.id)?;
            Ok(Preview {
                survivor: side(conn, account, into, digits)?,
                other: side(conn, account, from, digits)?,
                conflicts,
            })
        })
        .await
}

/// The contact of an email, or of a number, as it is typed.
fn find(conn: &Connection, account: AccountId, typed: &str) -> Result<Option<i64>, store::Error> {
    if let Some(email) = Email::parse(typed) {
        return email::find_owner(conn, account, email.as_str());
    }
    match typed.trim_start_matches('#').parse() {
        Ok(number) => alias::resolve(conn, account, number),
        Err(_) => Ok(None),
    }
}

fn side(conn: &Connection, account: AccountId, shown: Shown, digits: u32) -> Result<Side, store::Error> {
    let id = shown.id;
    Ok(Side {
        row: contacts::row_of(conn, account, shown, &mut RowTexts::default(), digits)?,
        emails: email::list(conn, account, id)?.into_iter().map(|email| email.email).collect(),
        browsers: visitor::count_browsers(conn, account, id)?,
    })
}

fn conflicts(
    conn: &Connection,
    account: AccountId,
    from: i64,
    into: i64,
) -> Result<Vec<Conflict>, store::Error> {
    let set = merge::merge_properties(conn, account, from, into)?;
    let mut conflicts = Vec::new();
    for theirs in property::list(conn, account, from)? {
        let Some(own) = property::find(conn, account, into, &theirs.name)? else { continue };
        if own.value == theirs.value {
            continue;
        }
        let (kept, dropped) = if set.contains(&theirs.name) { (theirs, own) } else { (own, theirs) };
        conflicts.push(Conflict { name: kept.name, kept: kept.value, dropped: dropped.value });
    }
    Ok(conflicts)
}
