//! The accounts in memory, because every hit needs its account. They follow the changes of accounts (`store::changes`).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

#[cfg(test)]
use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Settings};
use crate::domain::consent::counting::Counting;
use crate::domain::consent::policy::InForce;
use crate::domain::exclusions::Exclusions;
use crate::domain::identity_key::IdentityPolicy;
use crate::domain::period::Zone;
use crate::domain::tracking::Tracking;
use crate::store::account::Account;
use crate::store::changes::{Change, Kind};
use crate::store::{self, Connection, identity_key};

/// One account, ready for use.
#[derive(Debug)]
pub struct Entry {
    pub account: Account,
    pub zone: Zone,
    /// Which identifications it believes.
    pub identity: IdentityPolicy,
    /// Its consent policy, compiled. `None` when it has none.
    pub consent: Option<InForce>,
    /// No two entries have the same.
    revision: u64,
}

impl Entry {
    fn new(account: Account, identity: IdentityPolicy, consent: Option<InForce>) -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        let revision = NEXT.fetch_add(1, Ordering::Relaxed);
        Self { zone: Zone::named(&account.settings.time_zone), account, identity, consent, revision }
    }

    #[cfg(test)]
    pub(in crate::app) fn for_test(id: AccountId, domain: &str) -> Self {
        let settings = Settings::parse("Example", &[domain.to_owned()], "UTC", "EUR").unwrap();
        let account = Account {
            id,
            settings,
            tracking: Tracking::default(),
            exclusions: Exclusions::default(),
            counting: Counting::default(),
            created: Millis(0),
            first_hit: None,
            custom_js: true,
        };
        Self::new(account, IdentityPolicy::default(), None)
    }

    fn read(conn: &Connection, account: Account) -> Result<Arc<Self>, store::Error> {
        let identity = identity_key::find_policy(conn, account.id)?;
        let consent = store::consent::find_in_force(conn, account.id)?;
        Ok(Arc::new(Self::new(account, identity, consent)))
    }

    /// What was made with these settings is stale once the account has another revision.
    pub(super) const fn revision(&self) -> u64 {
        self.revision
    }

    #[must_use]
    pub fn id(&self) -> AccountId {
        self.account.id
    }

    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.account.settings
    }

    #[must_use]
    pub fn tracking(&self) -> &Tracking {
        &self.account.tracking
    }

    #[must_use]
    pub const fn counting(&self) -> Counting {
        self.account.counting
    }

    #[must_use]
    pub fn exclusions(&self) -> &Exclusions {
        &self.account.exclusions
    }
}

/// All accounts.
#[derive(Debug)]
pub struct AccountCache(RwLock<FxHashMap<AccountId, Arc<Entry>>>);

impl AccountCache {
    pub(in crate::app) fn load(conn: &Connection) -> Result<Self, store::Error> {
        let accounts = store::account::list(conn)?.into_iter();
        let entries = accounts.map(|account| Ok((account.id, Entry::read(conn, account)?)));
        Ok(Self(RwLock::new(entries.collect::<Result<_, store::Error>>()?)))
    }

    #[must_use]
    pub fn find(&self, id: AccountId) -> Option<Arc<Entry>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&id).cloned()
    }

    /// The account to whose sites this host belongs. When it belongs to several, the one with the lowest number.
    #[must_use]
    pub fn find_by_host(&self, host: &str) -> Option<Arc<Entry>> {
        let entries = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let owners = entries.values().filter(|entry| entry.settings().owns_host(host));
        owners.min_by_key(|entry| entry.id()).cloned()
    }

    /// By number.
    #[must_use]
    pub fn list(&self) -> Vec<Arc<Entry>> {
        let mut entries: Vec<_> =
            self.0.read().unwrap_or_else(PoisonError::into_inner).values().cloned().collect();
        entries.sort_by_key(|entry| entry.id());
        entries
    }

    /// Reads the accounts that changed.
    pub(in crate::app) fn follow(&self, conn: &Connection, changes: &[Change]) -> Result<(), store::Error> {
        for change in changes.iter().filter(|change| change.kind == Kind::Account) {
            let found = store::account::find(conn, change.account)?;
            let found = found.map(|account| Entry::read(conn, account)).transpose()?;
            let mut entries = self.0.write().unwrap_or_else(PoisonError::into_inner);
            match found {
                Some(entry) => drop(entries.insert(entry.id(), entry)),
                None => drop(entries.remove(&change.account)),
            }
        }
        Ok(())
    }
}
