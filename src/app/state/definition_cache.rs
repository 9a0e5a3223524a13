//! The events of accounts as the way of every hit and the served script need them: in memory, read again after each
//! change.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use crate::domain::account::AccountId;
use crate::domain::event::{EventNumber, Status};
use crate::store::definition::Stored;
use crate::store::{self, Store};

/// The events of one account.
#[derive(Debug, Default)]
pub struct AccountEvents {
    /// By number; none is deleted.
    pub events: Vec<Stored>,
}

impl AccountEvents {
    /// An event that is not deleted.
    #[must_use]
    pub fn find(&self, number: EventNumber) -> Option<&Stored> {
        let place = self.events.binary_search_by_key(&number, |stored| stored.number).ok()?;
        self.events.get(place)
    }

    /// Those whose completions are counted.
    pub fn active(&self) -> impl Iterator<Item = &Stored> {
        self.events.iter().filter(|stored| stored.status == Status::Active)
    }
}

/// The events of all accounts.
#[derive(Debug, Default)]
pub struct DefinitionCache {
    known: RwLock<FxHashMap<AccountId, Arc<AccountEvents>>>,
    /// Held from reading the store to taking what was read, so that of two changes the later one stays.
    reading: Mutex<()>,
    /// Accounts whose events could not be read. A lock of its own: the fold looks here after every batch, and must not
    /// wait for who reads.
    unread: Mutex<FxHashSet<AccountId>>,
}

impl DefinitionCache {
    /// The events of an account; none where it is not known.
    #[must_use]
    pub fn of(&self, account: AccountId) -> Arc<AccountEvents> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.get(&account).cloned().unwrap_or_default()
    }

    /// Takes the events of an account as they are stored now; after each change of one.
    pub fn reload(&self, store: &Store, account: AccountId) -> Result<(), store::Error> {
        let _one = self.reading.lock().unwrap_or_else(PoisonError::into_inner);
        let read = store.readers.read(|conn| store::definition::list(conn, account));
        let mut unread = self.unread.lock().unwrap_or_else(PoisonError::into_inner);
        if read.is_err() {
            unread.insert(account);
        } else {
            unread.remove(&account);
        }
        drop(unread);
        let mut events = read?;
        events.retain(|stored| stored.status != Status::Deleted);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(account, Arc::new(AccountEvents { events }));
        Ok(())
    }

    /// Accounts whose events could not be read when they had changed.
    #[must_use]
    pub fn unread(&self) -> Vec<AccountId> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect()
    }
}
