//! What the fold keeps in memory between batches, so that the hits of a busy visitor touch the store once per batch.
//! All of it can be read from the store again. It is stale after a failed batch, and then dropped, and after changes
//! by others, which it follows (`store::changes`).

use std::collections::hash_map::Entry;

use rustc_hash::FxHashMap;

use super::definitions::{Definitions, Found, Visits};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, EventNumber, EventRef, LIMIT};
use crate::domain::hit::{Hit, SEEN_FOR};
use crate::domain::visitor::Token;
use crate::store::account::Numbers;
use crate::store::changes::{self, Change, Kind};
use crate::store::dictionary::{self, Kind as TextKind};
use crate::store::session::Session;
use crate::store::visitor::Visitor;
use crate::store::{self, Connection};

/// Entries of one kind. Beyond it, all of that kind are dropped between two batches.
const ENTRIES_MAX: usize = 25_000;
/// Bytes of the remembered texts, approximately. Beyond it, all are dropped between two batches.
const NAMES_BYTES: usize = 8 << 20;
/// Bytes of what is remembered of pages in all accounts, approximately. Beyond it, all of it is dropped between two
/// batches. Each account has a bound of its own as well.
const PAGES_BYTES: usize = 8 << 20;
/// Bytes of a remembered text beside its letters, approximately.
const NAME_BYTES: usize = 40;

/// Event ids that even the smallest batch looks at.
const SEEN_LEAST: usize = 10;

/// A row, and whether the store lacks its present state.
#[derive(Debug)]
struct Kept<T> {
    row: T,
    dirty: bool,
}

/// Rows that were read or changed lately.
#[derive(Debug)]
pub struct Cache {
    accounts: FxHashMap<AccountId, Option<Kept<Numbers>>>,
    names: FxHashMap<(AccountId, u8), FxHashMap<Box<str>, u32>>,
    /// Bytes of `names`.
    name_bytes: usize,
    visitors: FxHashMap<AccountId, FxHashMap<Token, Kept<Visitor>>>,
    sessions: FxHashMap<(AccountId, u32), Kept<Session>>,
    /// The last event id of the sweep for ids that are too old.
    swept: Option<(AccountId, String)>,
    definitions: FxHashMap<AccountId, Definitions>,
    /// The latest change that everything here has followed.
    followed: i64,
    /// Most events of an account.
    limit: i64,
}

impl Default for Cache {
    fn default() -> Self {
        Self::new(LIMIT)
    }
}

impl Cache {
    /// For accounts of at most `limit` events.
    #[must_use]
    pub fn new(limit: i64) -> Self {
        Self {
            accounts: FxHashMap::default(),
            names: FxHashMap::default(),
            name_bytes: 0,
            visitors: FxHashMap::default(),
            sessions: FxHashMap::default(),
            swept: None,
            definitions: FxHashMap::default(),
            followed: 0,
            limit,
        }
    }

    /// An empty cache with the same limit.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.limit)
    }

    pub(super) const fn followed(&self) -> i64 {
        self.followed
    }

    /// Drops what others have changed since the last batch. Called at the beginning of a batch, in its transaction.
    pub(super) fn follow(&mut self, conn: &Connection) -> Result<(), store::Error> {
        let before = self.followed;
        for Change { account, kind, number } in changes::list_after(conn, before)? {
            match kind {
                Kind::Events => drop(self.definitions.remove(&account)),
                Kind::Visitors => {
                    self.visitors.remove(&account);
                    self.sessions.retain(|(of, _), _| *of != account);
                    self.names.retain(|(of, _), _| *of != account);
                }
                Kind::ContactOfVisitor => self.follow_contacts(conn, account, before)?,
                // The numbers of an account are read in each batch, and contacts for each hit.
                Kind::Account | Kind::Emails => {}
            }
            self.followed = number;
        }
        Ok(())
    }

    /// Drops the visitors whose contact changed after the change `before`, and no others.
    fn follow_contacts(
        &mut self,
        conn: &Connection,
        account: AccountId,
        before: i64,
    ) -> Result<(), store::Error> {
        let Some(visitors) = self.visitors.get_mut(&account) else { return Ok(()) };
        match changes::list_visitors_after(conn, account, before)? {
            Some(changed) => {
                visitors.retain(|_, kept| changed.binary_search(&kept.row.number.0).is_err());
            }
            None => visitors.clear(),
        }
        Ok(())
    }

    fn definitions(
        &mut self,
        conn: &Connection,
        account: AccountId,
    ) -> Result<&mut Definitions, store::Error> {
        Ok(match self.definitions.entry(account) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Definitions::load(conn, account)?),
        })
    }

    /// The event that a hit names. A new name may become an event (rules.md 19).
    pub(super) fn define(
        &mut self,
        conn: &Connection,
        hit: &Hit,
        event: &EventRef,
        kind: EventKind,
        now: Millis,
    ) -> Result<Found, store::Error> {
        let limit = self.limit;
        self.definitions(conn, hit.account)?.find(conn, hit, event, kind, (limit, now))
    }

    /// The events that a view of the page with this dictionary id completes by itself.
    pub(super) fn visits(&mut self, conn: &Connection, hit: &Hit, page: u32) -> Result<Visits, store::Error> {
        Ok(self.definitions(conn, hit.account)?.visits(hit, page))
    }

    pub(super) fn note_completion(&mut self, account: AccountId, number: EventNumber, at_ms: i64) {
        if let Some(definitions) = self.definitions.get_mut(&account) {
            definitions.note_completion(number, at_ms);
        }
    }

    /// Deletes event ids older than 48 h. Each batch deletes a few, in proportion to its size, so the table is swept
    /// completely before it can grow by half. Drops old sessions from memory too: the store may have deleted them,
    /// and must not get them back.
    pub(super) fn sweep(&mut self, conn: &Connection, now: Millis, hits: usize) -> Result<(), store::Error> {
        let before = now.plus(-SEEN_FOR).0;
        self.sessions.retain(|_, kept| kept.row.last_ms >= before);
        let limit = SEEN_LEAST + 2 * hits;
        store::event::sweep_seen(conn, before, &mut self.swept, limit)
    }

    /// The numbers of an account, to be changed. `None` when the account is gone.
    pub(super) fn numbers(
        &mut self,
        conn: &Connection,
        id: AccountId,
    ) -> Result<Option<&mut Numbers>, store::Error> {
        let kept = match self.accounts.entry(id) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let row = store::account::find_numbers(conn, id)?;
                new.insert(row.map(|row| Kept { row, dirty: false }))
            }
        };
        Ok(kept.as_mut().map(|kept| {
            kept.dirty = true;
            &mut kept.row
        }))
    }

    /// The dictionary id of a text; 0 for the empty text.
    pub(super) fn name(
        &mut self,
        conn: &Connection,
        account: AccountId,
        kind: TextKind,
        value: &str,
    ) -> Result<u32, store::Error> {
        if value.is_empty() {
            return Ok(0);
        }
        if let Some(id) = self.names.get(&(account, kind as u8)).and_then(|names| names.get(value)) {
            return Ok(*id);
        }
        let id = dictionary::upsert(conn, account, kind, value)?;
        self.keep_name(account, kind, value, id);
        Ok(id)
    }

    fn keep_name(&mut self, account: AccountId, kind: TextKind, value: &str, id: u32) {
        self.names.entry((account, kind as u8)).or_default().insert(value.into(), id);
        self.name_bytes += NAME_BYTES + value.len();
    }

    /// A copy of the visitor that a token stands for.
    pub(super) fn visitor(
        &mut self,
        conn: &Connection,
        account: AccountId,
        token: &Token,
    ) -> Result<Option<Visitor>, store::Error> {
        if let Some(kept) = self.visitors.get(&account).and_then(|visitors| visitors.get(token)) {
            return Ok(Some(kept.row.clone()));
        }
        // It is not kept here: the caller puts it back when it is changed.
        store::visitor::find_by_token(conn, account, token.as_str())
    }

    /// Keeps the present state of a visitor under its token.
    pub(super) fn put_visitor(&mut self, account: AccountId, token: &Token, row: Visitor) {
        let visitors = self.visitors.entry(account).or_default();
        let kept = Kept { row, dirty: true };
        match visitors.get_mut(token) {
            Some(known) => *known = kept,
            None => {
                visitors.insert(token.clone(), kept);
            }
        }
    }

    pub(super) fn session(
        &mut self,
        conn: &Connection,
        account: AccountId,
        id: u32,
    ) -> Result<Option<&mut Session>, store::Error> {
        let kept = match self.sessions.entry((account, id)) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => match store::session::find(conn, account, id)? {
                Some(row) => new.insert(Kept { row, dirty: false }),
                None => return Ok(None),
            },
        };
        kept.dirty = true;
        Ok(Some(&mut kept.row))
    }

    pub(super) fn put_session(&mut self, account: AccountId, row: Session) {
        self.sessions.insert((account, row.id), Kept { row, dirty: true });
    }

    /// Writes what changed, in the order of the keys. Called at the end of a batch, in its transaction.
    pub(super) fn flush(&mut self, conn: &Connection) -> Result<(), store::Error> {
        let visitors =
            self.visitors.iter_mut().flat_map(|(account, kept)| kept.values_mut().map(|k| (*account, k)));
        let mut visitors: Vec<_> = visitors.filter(|(_, kept)| kept.dirty).collect();
        visitors.sort_unstable_by_key(|(account, kept)| (*account, kept.row.number));
        let mut upsert = store::visitor::Upsert::prepare(conn)?;
        for (account, kept) in visitors {
            upsert.execute(account, &kept.row)?;
            kept.dirty = false;
        }
        let mut sessions: Vec<_> = self.sessions.iter_mut().filter(|(_, kept)| kept.dirty).collect();
        sessions.sort_unstable_by_key(|(key, _)| **key);
        let mut upsert = store::session::Upsert::prepare(conn)?;
        for ((account, _), kept) in sessions {
            upsert.execute(*account, &kept.row)?;
            kept.dirty = false;
        }
        for (account, definitions) in &mut self.definitions {
            definitions.write(conn, *account)?;
        }
        // Everything that changed since the batch began was changed by the batch itself, and is known here.
        self.followed = changes::latest(conn)?;
        for (account, kept) in &mut self.accounts {
            if let Some(kept) = kept.as_mut().filter(|kept| kept.dirty) {
                store::account::update_numbers(conn, *account, kept.row)?;
            }
        }
        // Somebody may delete an account between two batches.
        self.accounts.clear();
        self.forget();
        Ok(())
    }

    fn forget(&mut self) {
        if self.visitors.values().map(FxHashMap::len).sum::<usize>() > ENTRIES_MAX {
            self.visitors.clear();
        }
        if self.sessions.len() > ENTRIES_MAX {
            self.sessions.clear();
        }
        let names = self.names.values().map(FxHashMap::len).sum::<usize>();
        if names > ENTRIES_MAX || self.name_bytes > NAMES_BYTES {
            self.names.clear();
            self.name_bytes = 0;
        }
        if self.definitions.values().map(Definitions::page_bytes).sum::<usize>() > PAGES_BYTES {
            self.definitions.values_mut().for_each(Definitions::forget_pages);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

    use super::*;

    /// What is left after remembering texts of these sizes.
    fn left(sizes: impl IntoIterator<Item = usize>) -> (usize, usize) {
        let mut cache = Cache::default();
        for (id, size) in (1u32..).zip(sizes) {
            let name = format!("{id:0>width$}", width = size - NAME_BYTES);
            cache.keep_name(AccountId::FIRST, TextKind::Page, &name, id);
        }
        cache.forget();
        (cache.names.values().map(FxHashMap::len).sum(), cache.name_bytes)
    }

    #[test]
    fn names_are_remembered_up_to_a_number_and_to_their_bytes() {
        let short = NAME_BYTES + 5;
        assert_eq!(left(repeat_n(short, ENTRIES_MAX)).0, ENTRIES_MAX);
        assert_eq!(left(repeat_n(short, ENTRIES_MAX + 1)), (0, 0), "one too many");
        let long = NAMES_BYTES / 1_024;
        assert_eq!(left(repeat_n(long, 1_024)), (1_024, NAMES_BYTES));
        assert_eq!(left(repeat_n(long, 1_023).chain([long + 1])), (0, 0), "one byte too many");
    }
}
