//! The served scripts, built once per account and state of its settings.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::directory::Entry;
use crate::domain::account::{AccountId, Settings};
use crate::tracker::{self, Script, ScriptOptions};

/// Scripts by account, each with the settings it was built from.
#[derive(Default)]
pub struct Scripts(RwLock<FxHashMap<AccountId, (Settings, Arc<Script>)>>);

impl Scripts {
    /// The script of an account as its settings are now. Building one costs some tens of milliseconds.
    #[must_use]
    pub fn of(&self, account: &Entry) -> Arc<Script> {
        let settings = account.settings();
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
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
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        known.insert(account.id(), (settings.clone(), Arc::clone(&script)));
        script
    }
}
