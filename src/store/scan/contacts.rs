//! Whose contact a visitor is, kept between questions: reading it takes longer than many a question itself.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::column::set;
use crate::domain::account::AccountId;
use crate::store::account::Numbers;
use crate::store::error::Error;

/// Bytes of lists that are kept; past it the others are read anew when asked for.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

/// By account.
#[derive(Debug, Default)]
pub(super) struct Contacts(Mutex<FxHashMap<AccountId, Known>>);

#[derive(Clone, Debug)]
struct Known {
    links: i64,
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
    /// The contact of every visitor number that has one; identity is resolved when asked (rules.md 12). Those `conn`
    /// sees, and maybe some that came later.
    pub(super) fn list(
        &self,
        conn: &Connection,
        account: AccountId,
        numbers: Numbers,
    ) -> Result<Arc<Vec<u32>>, Error> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&account).filter(|known| known.links == numbers.links).cloned();
        let (last, mut of_visitor) = match known {
            Some(known) if known.last >= numbers.contact => return Ok(known.of_visitor),
            Some(known) => (known.last, known.of_visitor),
            None => (0, Arc::default()),
        };
        // what belongs to a contact that is new was not there before
        read(conn, account, last, Arc::make_mut(&mut of_visitor))?;
        let known =
            Known { links: numbers.links, last: numbers.contact, of_visitor: Arc::clone(&of_visitor) };
        let mut kept = lock();
        kept.insert(account, known);
        if kept.values().map(Known::bytes).sum::<usize>() > KEPT_BYTES {
            kept.retain(|other, _| *other == account);
        }
        Ok(of_visitor)
    }
}

/// Visitors of the contacts above `last`.
fn read(conn: &Connection, account: AccountId, last: i64, of_visitor: &mut Vec<u32>) -> Result<(), Error> {
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
