//! What the fold keeps in memory between batches, so that a busy visitor's hits touch the store once a batch.
//! Everything here can be read again from the store; after a failed batch it is thrown away.

use std::collections::hash_map::Entry;

use rustc_hash::{FxHashMap, FxHashSet};

use super::definitions::{Definitions, Found, Visits};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, EventNumber, EventRef, LIMIT};
use crate::domain::hit::{Hit, SEEN_FOR};
use crate::domain::visitor::Token;
use crate::store::account::Numbers;
use crate::store::dictionary::{self, Kind};
use crate::store::session::Session;
use crate::store::visitor::Visitor;
use crate::store::{self, Connection};

/// Entries of one kind; past it that kind is forgotten between two batches.
const ENTRIES_MAX: usize = 50_000;
/// Bytes of the names remembered, about; past it they are forgotten between two batches.
const NAMES_BYTES: usize = 16 << 20;
/// What a remembered name takes beside its letters, about.
const NAME_BYTES: usize = 40;

/// Event ids looked at beside even the smallest batch.
const SEEN_LEAST: usize = 10;

/// A row and whether the store knows its present state.
#[derive(Debug)]
struct Kept<T> {
    row: T,
    dirty: bool,
}

/// Rows read or changed lately.
#[derive(Debug)]
pub struct Cache {
    accounts: FxHashMap<AccountId, Option<Kept<Numbers>>>,
    names: FxHashMap<(AccountId, u8), FxHashMap<Box<str>, u32>>,
    /// Of the names.
    name_bytes: usize,
    visitors: FxHashMap<AccountId, FxHashMap<Token, Kept<Visitor>>>,
    sessions: FxHashMap<(AccountId, u32), Kept<Session>>,
    /// The event id up to which all were looked at, whether they are outlived.
    swept: Option<(AccountId, String)>,
    /// Visitors erased when these rows were read.
    erasures: i64,
    definitions: FxHashMap<AccountId, Definitions>,
    /// Changes of definitions when these were read.
    generation: i64,
    /// Accounts whose names became events since somebody asked.
    made: FxHashSet<AccountId>,
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
            erasures: 0,
            definitions: FxHashMap::default(),
            generation: 0,
            made: FxHashSet::default(),
            limit,
        }
    }

    /// An empty one of the same limit.
    pub(super) fn fresh(&self) -> Self {
        Self::new(self.limit)
    }

    /// Accounts whose names became events since the last call.
    pub(super) fn take_made(&mut self) -> Vec<AccountId> {
        self.made.drain().collect()
    }

    /// Forgets definitions when one was changed since they were read; at the beginning of a batch.
    pub(super) fn forget_changed(&mut self, conn: &Connection) -> Result<(), store::Error> {
        let generation = store::definition::generation(conn)?;
        if generation != self.generation {
            self.definitions.clear();
            self.generation = generation;
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

    /// The event a hit names; a new name may become one (rules.md 19).
    pub(super) fn define(
        &mut self,
        conn: &Connection,
        hit: &Hit,
        event: &EventRef,
        kind: EventKind,
        now: Millis,
    ) -> Result<Found, store::Error> {
        let limit = self.limit;
        let (found, is_made) =
            self.definitions(conn, hit.account)?.find(conn, hit, event, kind, (limit, now))?;
        if is_made {
            self.made.insert(hit.account);
        }
        Ok(found)
    }

    /// The events a page view completes by itself.
    pub(super) fn visits(&mut self, conn: &Connection, hit: &Hit) -> Result<Visits, store::Error> {
        Ok(self.definitions(conn, hit.account)?.visits(hit))
    }

    pub(super) fn note_completion(&mut self, account: AccountId, number: EventNumber, at_ms: i64) {
        if let Some(definitions) = self.definitions.get_mut(&account) {
            definitions.note_completion(number, at_ms);
        }
    }

    /// Forgets outlived event ids: a few beside every batch of `hits`, so that all are looked at while half as many
    /// as are kept arrive. Forgets old sessions too: the store may have, and must not get their rows back.
    pub(super) fn sweep(&mut self, conn: &Connection, now: Millis, hits: usize) -> Result<(), store::Error> {
        let before = now.plus(-SEEN_FOR).0;
        self.sessions.retain(|_, kept| kept.row.last_ms >= before);
        let limit = SEEN_LEAST + 2 * hits;
        store::event::sweep_seen(conn, before, &mut self.swept, limit)
    }

    /// Forgets visitors and sessions when somebody was erased since they were read; at the beginning of a batch, in
    /// its transaction.
    pub(super) fn forget_erased(&mut self, conn: &Connection) -> Result<(), store::Error> {
        let erasures = store::erase_visitor::erasures(conn)?;
        if erasures != self.erasures {
            self.visitors.clear();
            self.sessions.clear();
            self.erasures = erasures;
        }
        Ok(())
    }

    /// The numbers of an account to change; `None` when it is gone.
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

    /// The id of a text; 0 for the empty one.
    pub(super) fn name(
        &mut self,
        conn: &Connection,
        account: AccountId,
        kind: Kind,
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

    fn keep_name(&mut self, account: AccountId, kind: Kind, value: &str, id: u32) {
        self.names.entry((account, kind as u8)).or_default().insert(value.into(), id);
        self.name_bytes += NAME_BYTES + value.len();
    }

    /// The visitor a token stands for, to read.
    pub(super) fn visitor(
        &mut self,
        conn: &Connection,
        account: AccountId,
        token: &Token,
    ) -> Result<Option<Visitor>, store::Error> {
        if let Some(kept) = self.visitors.get(&account).and_then(|visitors| visitors.get(token)) {
            return Ok(Some(kept.row.clone()));
        }
        // Whoever asks will put it back as it is then.
        store::visitor::find_by_token(conn, account, token.as_str())
    }

    /// From now on the token stands for this state of its visitor.
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

    /// Writes what changed, in the order of its keys; at the end of a batch, in its transaction.
    pub(super) fn flush(&mut self, conn: &Connection) -> Result<(), store::Error> {
        let visitors =
            self.visitors.iter_mut().flat_map(|(account, kept)| kept.values_mut().map(|k| (*account, k)));
        let mut visitors: Vec<_> = visitors.filter(|(_, kept)| kept.dirty).collect();
        visitors.sort_unstable_by_key(|(account, kept)| (*account, kept.row.number));
        for (account, kept) in visitors {
            store::visitor::upsert(conn, account, &kept.row)?;
            kept.dirty = false;
        }
        let mut sessions: Vec<_> = self.sessions.iter_mut().filter(|(_, kept)| kept.dirty).collect();
        sessions.sort_unstable_by_key(|(key, _)| **key);
        for ((account, _), kept) in sessions {
            store::session::upsert(conn, *account, &kept.row)?;
            kept.dirty = false;
        }
        for (account, definitions) in &mut self.definitions {
            definitions.write(conn, *account)?;
        }
        if !self.made.is_empty() {
            // by itself, so what is remembered is right
            self.generation = store::definition::generation(conn)?;
        }
        for (account, kept) in &mut self.accounts {
            if let Some(kept) = kept.as_mut().filter(|kept| kept.dirty) {
                store::account::update_numbers(conn, *account, kept.row)?;
            }
        }
        // Others may delete an account between two batches.
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
    }
}

#[cfg(test)]
mod tests {
    use std::iter::repeat_n;

    use super::*;

    /// What is left of names that take so many bytes each.
    fn left(sizes: impl IntoIterator<Item = usize>) -> (usize, usize) {
        let mut cache = Cache::default();
        for (id, size) in (1u32..).zip(sizes) {
            let name = format!("{id:0>width$}", width = size - NAME_BYTES);
            cache.keep_name(AccountId::FIRST, Kind::Page, &name, id);
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
