//! The contact of every visitor, kept between questions: reading all of them takes longer than most questions.
//!
//! It follows the changes that the question's own read transaction sees (`store::changes`): only the visitors whose
//! contact changed are read again.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;

use super::column::set;
use crate::domain::account::AccountId;
use crate::store::account::Numbers;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// Bytes of lists that are kept; past it the others are read anew when asked for.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// By account.
#[derive(Debug, Default)]
pub(in crate::store) struct Contacts(Mutex<FxHashMap<AccountId, Known>>);

#[derive(Clone, Debug)]
struct Known {
    /// The change up to which it was read.
    change: i64,
    /// Highest contact when it was read.
    last: i64,
    /// By visitor number; 0 = of none.
    of_visitor: Arc<Vec<u32>>,
}

impl Known {
    fn bytes(&self) -> usize {
        self.of_visitor.capacity() * size_of::<u32>()
    }
}

impl Contacts {
    pub(super) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = FxHashMap::default();
    }

    /// The contact of every visitor number that has one. Identity is resolved when a question is asked (rules.md 12).
    /// The list holds what `conn` sees, and may hold some contacts that were added later.
    pub(in crate::store) fn list(
        &self,
        conn: &Connection,
        account: AccountId,
        numbers: Numbers,
    ) -> Result<Arc<Vec<u32>>, Error> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let change = changes::find(conn, account, Kind::ContactOfVisitor)?;
        let known = lock().get(&account).cloned();
        if let Some(known) = &known
            && known.change >= change
            && known.last >= numbers.contact
        {
            return Ok(Arc::clone(&known.of_visitor));
        }
        let since = known.as_ref().map_or(0, |known| known.change);
        let changed = changes::list_visitors_after(conn, account, since)?;
        let (last, mut of_visitor, changed) = match (known, changed) {
            (Some(known), Some(changed)) => (known.last, known.of_visitor, changed),
            _ => (0, Arc::default(), Vec::new()),
        };
        let list = Arc::make_mut(&mut of_visitor);
        read_new(conn, account, last, list)?;
        read_changed(conn, account, &changed, list)?;
        // The question may see an older state than the one before it did: what is known stays.
        let known = Known {
            change: change.max(since),
            last: numbers.contact.max(last),
            of_visitor: Arc::clone(&of_visitor),
        };
        let mut kept = lock();
        kept.insert(account, known);
        if kept.values().map(Known::bytes).sum::<usize>() > KEPT_BYTES {
            kept.retain(|other, _| *other == account);
        }
        Ok(of_visitor)
    }
}

/// Visitors of the contacts above `last`: of a new contact no visitor was known before.
fn read_new(
    conn: &Connection,
    account: AccountId,
    last: i64,
    of_visitor: &mut Vec<u32>,
) -> Result<(), Error> {
    // two columns in one number: fetching a value costs more than reading it
    let mut statement = conn.prepare_cached(
        "select (contact_id << 32) | number from visitor indexed by visitor_contact
         where account_id = ?1 and contact_id > ?2 and contact_id is not null",
    )?;
    let mut rows = statement.query((account.0, last))?;
    while let Some(row) = rows.next()? {
        let both: i64 = row.get(0)?;
        set(of_visitor, both as u32, (both >> 32) as u32, 0);
    }
    Ok(())
}

/// Visitors that belong to another contact than before, or to none.
fn read_changed(
    conn: &Connection,
    account: AccountId,
    visitors: &[u32],
    of_visitor: &mut Vec<u32>,
) -> Result<(), Error> {
    let mut statement =
        conn.prepare_cached("select contact_id from visitor where account_id = ?1 and number = ?2")?;
    for visitor in visitors {
        let contact: Option<Option<u32>> =
            statement.query_row((account.0, visitor), |row| row.get(0)).optional()?;
        set(of_visitor, *visitor, contact.flatten().unwrap_or(0), 0);
    }
    Ok(())
}
