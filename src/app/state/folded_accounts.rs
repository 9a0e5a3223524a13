//! The last folded hit of each account: whoever depends on what happens in an account sees that something did.

use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::domain::account::AccountId;

#[derive(Debug, Default)]
pub struct FoldedAccounts(Mutex<FxHashMap<AccountId, i64>>);

impl FoldedAccounts {
    /// Hits of these accounts were folded; `last` is the inbox id of the last one.
    pub fn note(&self, accounts: impl Iterator<Item = AccountId>, last: i64) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = None;
        for account in accounts {
            if before.replace(account) != Some(account) {
                known.insert(account, last);
            }
        }
    }

    /// The inbox id of a hit that was folded with the account's last one; 0 before the first one since the start.
    #[must_use]
    pub fn last(&self, account: AccountId) -> i64 {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied().unwrap_or(0)
    }
}
