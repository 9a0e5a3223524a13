//! The accounts as the way of every event needs them: in memory, replaced whole after each change.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::account::{AccountId, Settings};
use crate::domain::period::Zone;
use crate::store::account::Account;

/// One account, ready for use.
#[derive(Debug)]
pub struct Entry {
    pub account: Account,
    pub zone: Zone,
}

impl Entry {
    #[must_use]
    pub fn id(&self) -> AccountId {
        self.account.id
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.account.settings
    }
}

/// All accounts.
#[derive(Debug, Default)]
pub struct AccountCache(RwLock<Arc<FxHashMap<AccountId, Arc<Entry>>>>);

impl AccountCache {
    #[must_use]
    pub fn find(&self, id: AccountId) -> Option<Arc<Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// By number.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Entry>> {
        let all = Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner));
        let mut entries: Vec<_> = all.values().cloned().collect();
        entries.sort_by_key(|entry| entry.id());
        entries
    }

    /// Takes the accounts as they are stored now.
    pub fn replace(&self, accounts: Vec<Account>) {
        let entries = accounts.into_iter().map(|account| {
            let zone = Zone::named(&account.settings.time_zone);
            (account.id, Arc::new(Entry { account, zone }))
        });
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(entries.collect());
    }
}
