//! How far the fold has come, in all and in each account. Requests with `?wait=1` wait for it, and ask it not to wait for a fuller batch.

use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Mutex, PoisonError};

use rustc_hash::FxHashMap;

use tokio::sync::{Notify, watch};

use crate::domain::account::AccountId;

/// Shared by the fold and its waiters.
#[derive(Debug)]
pub struct FoldProgress {
    watermark: watch::Sender<i64>,
    /// The latest change that the fold's memory has followed.
    followed: AtomicI64,
    hurry: Notify,
    /// The inbox id of a hit that was folded with the last one of each account.
    accounts: Mutex<FxHashMap<AccountId, i64>>,
}

impl FoldProgress {
    #[must_use]
    pub fn at(watermark: i64) -> Self {
        Self {
            watermark: watch::Sender::new(watermark),
            followed: AtomicI64::new(0),
            hurry: Notify::new(),
            accounts: Mutex::default(),
        }
    }

    /// The fold has committed everything up to `watermark`.
    pub fn advance(&self, watermark: i64) {
        self.watermark.send_replace(watermark);
    }

    /// Hits of these accounts were folded, up to the inbox id `last`.
    pub fn note_accounts(&self, accounts: impl Iterator<Item = AccountId>, last: i64) {
        let mut known = self.accounts.lock().unwrap_or_else(PoisonError::into_inner);
        let mut before = None;
        for account in accounts {
            // Most hits of a batch are of the same account.
            if before.replace(account) != Some(account) {
                known.insert(account, last);
            }
        }
    }

    /// How far an account has come; 0 before its first hit since the start.
    #[must_use]
    pub fn last_of(&self, account: AccountId) -> i64 {
        self.accounts.lock().unwrap_or_else(PoisonError::into_inner).get(&account).copied().unwrap_or(0)
    }

    /// The fold's memory has followed every change up to this one.
    pub fn follow(&self, change: i64) {
        self.followed.store(change, Ordering::Relaxed);
    }

    /// The latest change that the fold's memory has followed.
    #[must_use]
    pub fn followed(&self) -> i64 {
        self.followed.load(Ordering::Relaxed)
    }

    #[must_use]
    pub fn watermark(&self) -> i64 {
        *self.watermark.borrow()
    }

    /// Resolves when the hit with this inbox id is folded. Asks the fold to hurry.
    pub async fn wait_for(&self, id: i64) {
        let mut seen = self.watermark.subscribe();
        if *seen.borrow() < id {
            self.hurry.notify_one();
            // The sender lives as long as `self`.
            let _ = seen.wait_for(|watermark| *watermark >= id).await;
        }
    }

    /// Resolves when somebody waits.
    pub async fn hurried(&self) {
        self.hurry.notified().await;
    }
}
