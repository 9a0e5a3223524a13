//! The lists of an account, and the members of one. Whose email may be read is decided where the answer is written
//! (rules.md 28).

use serde::Serialize;

use super::contacts::{ContactRow, rows_of};
use crate::app::core::App;
use crate::app::reports::{Error, Table, no_cursor};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::list::{Conditions, ListId, ListKind};
use crate::domain::money;
use crate::store::list::List;
use crate::store::{self, Connection, account, contact, contact_list, list};

/// A list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ListRow {
    pub id: ListId,
    pub name: String,
    pub kind: ListKind,
    pub size: u64,
    /// When its members were found; null before that.
    pub built_at: Option<String>,
    #[serde(skip)]
    pub built: Option<Millis>,
    #[serde(skip)]
    pub conditions: Conditions,
}

impl From<List> for ListRow {
    fn from(list: List) -> Self {
        let List { id, name, kind, conditions, built, size, .. } = list;
        Self { id, name, kind, size, built_at: built.map(Millis::iso), built, conditions }
    }
}

/// A list with some of its members.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ListReport {
    #[serde(flatten)]
    pub list: ListRow,
    #[serde(rename = "conditions")]
    pub shown_conditions: Conditions,
    #[serde(flatten)]
    pub table: Table<ContactRow>,
}

/// The lists of an account, by name.
///
/// # Errors
/// The store's.
pub async fn list_all(app: &App, account: AccountId) -> Result<Vec<ListRow>, Error> {
    let lists = app.store.read(move |conn| list::list(conn, account)).await?;
    Ok(lists.into_iter().map(ListRow::from).collect())
}

/// A list with at most `limit` of its members, those created last first, after the contact `after`. `None` when there is
/// no such list.
///
/// # Errors
/// `Invalid` when `after` is no answer's `next`; `NoAccount`; the store's.
pub async fn show(
    app: &App,
    account: AccountId,
    id: ListId,
    after: Option<i64>,
    limit: usize,
) -> Result<Option<ListReport>, Error> {
    app.store.read(move |conn| read(conn, account, id, after, limit)).await
}

/// The same over a connection, for the command line.
///
/// # Errors
/// Those of `show`.
pub fn read(
    conn: &Connection,
    account: AccountId,
    id: ListId,
    after: Option<i64>,
    limit: usize,
) -> Result<Option<ListReport>, Error> {
    let stored = account::find(conn, account)?.ok_or(Error::NoAccount)?;
    let digits = money::digits(&stored.settings.currency);
    let Some(found) = list::find(conn, account, id)? else { return Ok(None) };
    if let Some(after) = after
        && contact::find(conn, account, after)?.is_none()
    {
        return Err(no_cursor());
    }
    let mut shown = contact_list::list_members(conn, account, id, after, limit.saturating_add(1))?;
    let is_more = shown.len() > limit;
    shown.truncate(limit);
    let next = shown.last().filter(|_| is_more).map(|last| last.id.to_string());
    let total = list::count_members(conn, account, id)? as u64;
    let rows = rows_of(conn, account, shown, digits)?;
    let shown_conditions = found.conditions.clone();
    let table = Table { rows, total, next, ..Table::default() };
    Ok(Some(ListReport { list: ListRow::from(found), shown_conditions, table }))
}

/// The contacts of these numbers, in this order; those that are gone are left out.
///
/// # Errors
/// `NoAccount`; the store's.
pub async fn contacts(app: &App, account: AccountId, ids: Vec<u32>) -> Result<Vec<ContactRow>, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let digits = money::digits(&entry.settings().currency);
    app.store
        .read(move |conn: &Connection| {
            let found = ids.iter().map(|id| contact::find(conn, account, i64::from(*id)));
            let shown = found.filter_map(Result::transpose).collect::<Result<Vec<_>, store::Error>>()?;
            Ok::<_, Error>(rows_of(conn, account, shown, digits)?)
        })
        .await
}
