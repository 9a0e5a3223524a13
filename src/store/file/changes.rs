//! How a change is noticed. Everything that is kept in memory of what the store holds (accounts, events, visitors, whose
//! a visitor is) follows one list of changes:
//!
//! 1. Whoever changes something raises a number for its account and kind, in the transaction of the change (`raise`).
//!    A change that is undone takes its number with it.
//! 2. The writer looks after each commit which numbers are new and calls the followers, in the order of the commits,
//!    before it answers. A follower reads what it needs from the writer's own connection, so it waits for nobody.
//! 3. When a follower fails, the change stays committed and is answered as such. The writer calls the followers again
//!    every `AGAIN` until all of them have succeeded.
//!
//! To let another cache follow, give it a function like `follow` of `app/state/definition_cache.rs` and call that in
//! `app/core.rs`, where the followers are registered.
//!
//! Whoever works inside a transaction of its own (the fold, a report) does not need to be called: it compares the
//! numbers that its transaction sees with those it has followed already.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use rusqlite::{Connection, OptionalExtension};

use crate::domain::account::AccountId;
use crate::store::error::Error;

/// Between two attempts of followers that failed.
pub(in crate::store) const AGAIN: Duration = Duration::from_millis(200);
/// The list of visitors whose contact changed reaches back this many changes. Whoever is further behind reads all visitors.
pub const VISITORS_BACK: i64 = 50_000;

/// What of an account changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Its row: settings, domains, switches; also that it is new or gone.
    Account,
    /// Its events, and what becomes of names that nobody has created.
    Events,
    /// Rows of visitors and sessions, or texts of the dictionary, by somebody else than the fold.
    Visitors,
    /// Which contact a visitor belongs to; `list_visitors_after` says of which visitors.
    ContactOfVisitor,
    /// Emails of contacts that were there before. New contacts raise nothing: their numbers rise.
    Emails,
}

impl Kind {
    const ALL: [Self; 5] =
        [Self::Account, Self::Events, Self::Visitors, Self::ContactOfVisitor, Self::Emails];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Account => "account",
            Self::Events => "events",
            Self::Visitors => "visitors",
            Self::ContactOfVisitor => "contact_of_visitor",
            Self::Emails => "emails",
        }
    }
}

/// The latest change of one kind in one account.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Change {
    pub account: AccountId,
    pub kind: Kind,
    pub number: i64,
}

/// Notes a change, in the transaction that makes it. Returns its number.
pub fn raise(conn: &Connection, account: AccountId, kind: Kind) -> Result<i64, Error> {
    let number = latest(conn)? + 1;
    conn.prepare_cached(
        "insert into change (account_id, kind, number) values (?1, ?2, ?3) on conflict do update set number = ?3",
    )?
    .execute((account.0, kind.as_str(), number))?;
    Ok(number)
}

/// Notes that a visitor belongs to another contact from now on, or to none.
pub fn raise_contact_of_visitor(conn: &Connection, account: AccountId, visitor: u32) -> Result<(), Error> {
    let number = raise(conn, account, Kind::ContactOfVisitor)?;
    conn.prepare_cached("insert into visitor_change (number, account_id, visitor) values (?1, ?2, ?3)")?
        .execute((number, account.0, visitor))?;
    conn.prepare_cached("delete from visitor_change where number <= ?1")?
        .execute([number - VISITORS_BACK])?;
    Ok(())
}

/// The number of the latest change; 0 before the first one.
pub fn latest(conn: &Connection) -> Result<i64, Error> {
    Ok(conn.prepare_cached("select coalesce(max(number), 0) from change")?.query_row([], |row| row.get(0))?)
}

/// The number of the latest change of one kind; 0 before the first one.
pub fn find(conn: &Connection, account: AccountId, kind: Kind) -> Result<i64, Error> {
    let number = conn
        .prepare_cached("select number from change where account_id = ?1 and kind = ?2")?
        .query_row((account.0, kind.as_str()), |row| row.get(0))
        .optional()?;
    Ok(number.unwrap_or(0))
}

/// What changed after the change of this number, in the order of the changes.
pub fn list_after(conn: &Connection, number: i64) -> Result<Vec<Change>, Error> {
    let mut statement =
        conn.prepare_cached("select account_id, kind, number from change where number > ?1 order by number")?;
    let mut rows = statement.query([number])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let word = row.get_ref(1)?.as_str().map_err(|error| Error::Sqlite(error.into()))?;
        // The schema allows no other word.
        let Some(kind) = Kind::ALL.into_iter().find(|kind| kind.as_str() == word) else { continue };
        changes.push(Change { account: AccountId(row.get(0)?), kind, number: row.get(2)? });
    }
    Ok(changes)
}

/// The visitors whose contact changed after the change of this number, each once. `None` when that is too long ago to be
/// known.
pub fn list_visitors_after(
    conn: &Connection,
    account: AccountId,
    number: i64,
) -> Result<Option<Vec<u32>>, Error> {
    if number < find(conn, account, Kind::ContactOfVisitor)? - VISITORS_BACK {
        return Ok(None);
    }
    let mut statement = conn.prepare_cached(
        "select distinct visitor from visitor_change where account_id = ?1 and number > ?2 order by visitor",
    )?;
    let visitors = statement.query_map((account.0, number), |row| row.get(0))?;
    Ok(Some(visitors.collect::<Result<_, _>>()?))
}

/// Reads what changed. It is called again with the same changes when it, or another one, failed.
pub type Follower = Box<dyn Fn(&Connection, &[Change]) -> Result<(), Error> + Send>;

/// Who follows, and how far.
pub struct Changes {
    followers: Mutex<Vec<Follower>>,
    followed: AtomicI64,
    is_behind: AtomicBool,
}

impl Changes {
    /// Everything up to the change of this number is known to whoever reads the store from now on.
    pub(in crate::store) fn since(number: i64) -> Self {
        Self {
            followers: Mutex::default(),
            followed: AtomicI64::new(number),
            is_behind: AtomicBool::new(false),
        }
    }

    /// From now on `follower` is called after each change.
    pub fn follow(&self, follower: Follower) {
        self.followers.lock().unwrap_or_else(PoisonError::into_inner).push(follower);
    }

    /// The number of the latest change that every follower has read.
    #[must_use]
    pub fn followed(&self) -> i64 {
        self.followed.load(Ordering::SeqCst)
    }

    /// Did a follower fail, so that all must be called again?
    pub(in crate::store) fn is_behind(&self) -> bool {
        self.is_behind.load(Ordering::SeqCst)
    }

    /// Calls the followers when something changed; by the writer, after a commit.
    pub(in crate::store) fn publish(&self, conn: &Connection) {
        let called = catch_unwind(AssertUnwindSafe(|| self.call(conn))).unwrap_or(Err(Error::Panicked));
        let was_behind = self.is_behind.swap(called.is_err(), Ordering::SeqCst);
        match called {
            Err(error) if !was_behind => {
                tracing::error!(%error, "a change could not be read back; it is tried again until it can");
            }
            Ok(()) if was_behind => tracing::info!("every change could be read back again"),
            _ => {}
        }
    }

    fn call(&self, conn: &Connection) -> Result<(), Error> {
        let changes = list_after(conn, self.followed())?;
        let Some(latest) = changes.last() else { return Ok(()) };
        let followers = self.followers.lock().unwrap_or_else(PoisonError::into_inner);
        followers.iter().try_for_each(|follower| follower(conn, &changes))?;
        self.followed.store(latest.number, Ordering::SeqCst);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ONE: AccountId = AccountId(1_000_001);
    const OTHER: AccountId = AccountId(1_000_002);

    fn store() -> Connection {
        let conn = Connection::open_in_memory().unwrap();
        // The last statements change tables of the migration before.
        let sql = include_str!("migrations/0002_changes.sql");
        conn.execute_batch(sql.split("-- These counters").next().unwrap()).unwrap();
        conn
    }

    #[test]
    fn only_the_latest_change_of_a_kind_is_listed_in_the_order_of_the_changes() {
        let conn = store();
        raise(&conn, ONE, Kind::Events).unwrap();
        raise(&conn, OTHER, Kind::Account).unwrap();
        raise(&conn, ONE, Kind::Events).unwrap();
        let change = |account, kind, number| Change { account, kind, number };
        let both = [change(OTHER, Kind::Account, 2), change(ONE, Kind::Events, 3)];
        assert_eq!(list_after(&conn, 0).unwrap(), both);
        assert_eq!(list_after(&conn, 2).unwrap(), both[1..]);
        assert_eq!((latest(&conn).unwrap(), find(&conn, ONE, Kind::Account).unwrap()), (3, 0));
    }

    #[test]
    fn visitors_are_listed_as_far_back_as_they_are_kept_and_not_one_change_further() {
        let conn = store();
        for visitor in [7, 8, 7] {
            raise_contact_of_visitor(&conn, ONE, visitor).unwrap();
        }
        raise_contact_of_visitor(&conn, OTHER, 9).unwrap();
        assert_eq!(list_visitors_after(&conn, ONE, 0).unwrap(), Some(vec![7, 8]));
        assert_eq!(list_visitors_after(&conn, ONE, 2).unwrap(), Some(vec![7]));
        conn.execute("update change set number = ?1 where account_id = ?2", (VISITORS_BACK, OTHER.0))
            .unwrap();
        raise_contact_of_visitor(&conn, ONE, 5).unwrap();
        assert_eq!(list_visitors_after(&conn, ONE, 0).unwrap(), None, "one change too far back");
        assert_eq!(list_visitors_after(&conn, ONE, 1).unwrap(), Some(vec![5, 7, 8]));
    }

    #[test]
    fn a_follower_that_fails_is_called_again_with_what_it_missed() {
        let conn = store();
        let changes = Changes::since(0);
        let (calls, fails) =
            (std::sync::Arc::new(Mutex::new(Vec::new())), std::sync::Arc::new(AtomicBool::new(true)));
        let (kept, failing) = (std::sync::Arc::clone(&calls), std::sync::Arc::clone(&fails));
        changes.follow(Box::new(move |_, changes| {
            kept.lock().unwrap().push(changes.iter().map(|change| change.number).collect::<Vec<_>>());
            if failing.load(Ordering::SeqCst) { Err(Error::Busy) } else { Ok(()) }
        }));
        changes.publish(&conn);
        assert!(calls.lock().unwrap().is_empty(), "nothing changed");
        raise(&conn, ONE, Kind::Events).unwrap();
        changes.publish(&conn);
        assert!(changes.is_behind() && changes.followed() == 0);
        raise(&conn, ONE, Kind::Account).unwrap();
        fails.store(false, Ordering::SeqCst);
        changes.publish(&conn);
        changes.publish(&conn);
        assert!(!changes.is_behind() && changes.followed() == 2);
        assert_eq!(*calls.lock().unwrap(), [vec![1], vec![1, 2]]);
    }
}
