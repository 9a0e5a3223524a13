//! How far the fold has come. Requests with `?wait=1` wait for it, and ask it not to wait for a fuller batch.

use std::sync::atomic::{AtomicI64, Ordering};

use tokio::sync::{Notify, watch};

/// Shared by the fold and its waiters.
#[derive(Debug)]
pub struct FoldProgress {
    watermark: watch::Sender<i64>,
    /// The latest change that the fold's memory has followed.
    followed: AtomicI64,
    hurry: Notify,
}

impl FoldProgress {
    #[must_use]
    pub fn at(watermark: i64) -> Self {
        Self { watermark: watch::Sender::new(watermark), followed: AtomicI64::new(0), hurry: Notify::new() }
    }

    /// The fold has committed everything up to `watermark`.
    pub fn advance(&self, watermark: i64) {
        self.watermark.send_replace(watermark);
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
