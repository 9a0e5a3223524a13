//! The served scripts, built once per account and state of its settings.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::directory::Entry;
use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Settings};
use crate::tracker::{self, Script, ScriptOptions};

/// How often browsers asked for an account's script since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub times: u64,
    pub last: Millis,
}

/// Scripts by account, each with the settings it was built from; and who asked for them.
#[derive(Default)]
pub struct Scripts {
    built: RwLock<FxHashMap<AccountId, (Settings, Arc<Script>)>>,
    fetched: RwLock<FxHashMap<AccountId, Fetched>>,
}

impl Scripts {
    /// The script of an account as its settings are now. Building one costs some tens of milliseconds.
    #[must_use]
    pub fn of(&self, account: &Entry) -> Arc<Script> {
        let settings = account.settings();
        let known = self.built.read().unwrap_or_else(PoisonError::into_inner);
        if let Some((from, script)) = known.get(&account.id())
            && from == settings
        {
            return Arc::clone(script);
        }
        drop(known);
        let script = Arc::new(tracker::build(&ScriptOptions {
            limit: settings.limit_to_domains,
            ..ScriptOptions::new(account.id(), settings.domains.clone())
        }));
        let mut known = self.built.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(account.id(), (settings.clone(), Arc::clone(&script)));
        script
    }

    /// A browser asked for the script of an account that exists.
    pub fn count_fetch(&self, account: AccountId, now: Millis) {
        let mut fetched = self.fetched.write().unwrap_or_else(PoisonError::into_inner);
        let of = fetched.entry(account).or_insert(Fetched { times: 0, last: now });
        of.times += 1;
        of.last = now;
    }

    /// `None`: nobody asked since the start.
    #[must_use]
    pub fn fetched(&self, account: AccountId) -> Option<Fetched> {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).get(&account).copied()
    }
}
