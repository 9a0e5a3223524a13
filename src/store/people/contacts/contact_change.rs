//! Which contacts changed, as triggers of the store write it down in `contact_change`: when one is added, merged, erased or
//! restored, and when its emails or properties change. What is kept of contacts in memory follows it.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::{FxHashMap, FxHashSet};

use super::contact;
use crate::domain::account::AccountId;
use crate::store::error::Error;

/// How many changes of contacts are kept; the triggers know the number too. Whoever is further behind reads all contacts.
const BACK: i64 = 50_000;

/// The number of the latest change in any account, 0 before the first one. Read it before the contacts: what changes meanwhile is then read
/// once more next time.
pub fn latest(conn: &Connection) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select coalesce(max(number), 0) from contact_change")?
        .query_row([], |row| row.get(0))?)
}

/// The contacts of an account that changed after the change `after`. `None` when that is too long ago to be known.
pub(in crate::store) fn list_after(
    conn: &Connection,
    account: AccountId,
    after: i64,
) -> Result<Option<FxHashSet<u32>>, Error> {
    if latest(conn)? - after > BACK {
        return Ok(None);
    }
    let mut statement =
        conn.prepare_cached("select contact_id from contact_change where number > ?2 and account_id = ?1")?;
    let contacts = statement.query_map((account.0, after), |row| row.get(0))?;
    Ok(Some(contacts.collect::<Result<_, _>>()?))
}

/// Whether a contact is there, and neither merged into another one nor being erased.
pub(in crate::store) fn is_active(
    conn: &Connection,
    account: AccountId,
    contact: u32,
) -> Result<bool, Error> {
    let mut statement =
        conn.prepare_cached("select 1 from contact where account_id = ?1 and id = ?2 and state = 'active'")?;
    Ok(statement.query_row((account.0, contact), |_| Ok(())).optional()?.is_some())
}

/// The contacts of the accounts whose lists were asked, kept between questions: reading all of them takes longer than
/// most questions.
#[derive(Debug, Default)]
pub struct ActiveContacts(Mutex<FxHashMap<AccountId, Known>>);

#[derive(Clone, Debug)]
struct Known {
    /// The change up to which they were read.
    change: i64,
    /// By contact number.
    flags: Arc<Vec<bool>>,
    is_used: bool,
}

impl ActiveContacts {
    /// Whether each contact number is one of a contact.
    pub fn flags(&self, conn: &Connection, account: AccountId) -> Result<Arc<Vec<bool>>, Error> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let latest = latest(conn)?;
        let known = lock().get(&account).cloned();
        let flags = match known {
            // Who began to read earlier than somebody else sees less: the state of the other one is as good.
            Some(known) if known.change >= latest => known.flags,
            Some(Known { change, mut flags, .. }) => {
                match list_after(conn, account, change)? {
                    Some(changed) => {
                        let flags = Arc::make_mut(&mut flags);
                        for contact in changed {
                            set(flags, contact, is_active(conn, account, contact)?);
                        }
                    }
                    None => flags = read_all(conn, account)?,
                }
                flags
            }
            None => read_all(conn, account)?,
        };
        let mut kept = lock();
        let known = kept.entry(account).or_insert_with(|| Known {
            change: 0,
            flags: Arc::clone(&flags),
            is_used: true,
        });
        known.is_used = true;
        if known.change < latest {
            (known.change, known.flags) = (latest, Arc::clone(&flags));
        }
        Ok(flags)
    }

    /// Forgets the accounts that were not asked since the last call.
    pub fn release_memory(&self) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.retain(|_, known| std::mem::take(&mut known.is_used));
    }
}

fn read_all(conn: &Connection, account: AccountId) -> Result<Arc<Vec<bool>>, Error> {
    let mut flags = Vec::new();
    for contact in contact::list_ids(conn, account)? {
        set(&mut flags, contact, true);
    }
    Ok(Arc::new(flags))
}

fn set(flags: &mut Vec<bool>, contact: u32, to: bool) {
    let contact = contact as usize;
    if contact >= flags.len() && to {
        flags.resize(contact + 1, false);
    }
    if let Some(flag) = flags.get_mut(contact) {
        *flag = to;
    }
}
