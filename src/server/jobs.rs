//! The background jobs of a running server: folding, closing days, deleting old data, work on events, lists, companies of
//! contacts, imports of contacts, writing the counts of robots, and loading changed map files.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use actix_web::rt::task::JoinHandle;
use futures_util::FutureExt;

use crate::app::App;
use crate::app::events::count_back;
use crate::app::ingest::{accept, fold};
use crate::app::jobs::assign_companies::assign_companies;
use crate::app::jobs::build_lists::ListJob;
use crate::app::jobs::close_days::CloseJob;
use crate::app::jobs::erase_unseen::erase_due;
use crate::app::jobs::retention::RetentionJob;
use crate::app::people::import;

/// How often map files are checked.
const MAPS_EVERY: Duration = Duration::from_secs(60);
/// How long the fold waits after it panicked.
const FOLD_AGAIN: Duration = Duration::from_secs(1);
/// How often days are closed and late hits are merged.
const CLOSE_EVERY: Duration = Duration::from_secs(30);
/// How often data older than the retention is deleted.
const RETENTION_EVERY: Duration = Duration::from_secs(3600);
/// How often work on events is looked for.
const WORK_EVERY: Duration = Duration::from_secs(1);
/// How often lists are looked through for those that are due.
const LISTS_EVERY: Duration = Duration::from_secs(5);
/// How often it is looked for contacts that get a company after the fact.
const COMPANIES_EVERY: Duration = Duration::from_secs(2);
/// How often imports of contacts are looked for, and how long it waits after one failed.
const IMPORTS_EVERY: Duration = Duration::from_secs(1);
const IMPORTS_AGAIN: Duration = Duration::from_secs(30);
/// How often the counts of robots are written.
const BOTS_EVERY: Duration = Duration::from_secs(1);

/// The jobs that run.
pub(super) struct Jobs {
    app: Arc<App>,
    running: Vec<JoinHandle<()>>,
}

impl Jobs {
    pub(super) fn start(app: &Arc<App>) -> Self {
        // The expressions for User-Agents take a moment to load. The first visitor must not wait for them.
        std::thread::spawn(crate::domain::device::prepare);
        let running = vec![
            rt::spawn(keep_folding(Arc::clone(app))),
            rt::spawn(write_bots(Arc::clone(app))),
            rt::spawn(reload_maps(Arc::clone(app))),
            rt::spawn(close_days(Arc::clone(app))),
            rt::spawn(work_on_events(Arc::clone(app))),
            rt::spawn(build_lists(Arc::clone(app))),
            rt::spawn(keep_companies(Arc::clone(app))),
            rt::spawn(import_contacts(Arc::clone(app))),
            rt::spawn(delete_old_data(Arc::clone(app))),
        ];
        Self { app: Arc::clone(app), running }
    }

    /// Ends the jobs. What is not folded yet is safe in the inbox.
    pub(super) async fn stop(self) {
        for job in self.running {
            job.abort();
            let _ = job.await;
        }
        // The robots of the last second are not written yet.
        let _ = rt::task::spawn_blocking(move || accept::write_bots(&self.app)).await;
    }
}

async fn keep_folding(app: Arc<App>) {
    // The fold handles panics that a hit causes. This handles panics of the fold itself; without it nothing would be
    // counted any more.
    while AssertUnwindSafe(fold::run(&app)).catch_unwind().await.is_err() {
        tracing::error!("processing hits panicked; it continues");
        tokio::time::sleep(FOLD_AGAIN).await;
    }
}

async fn write_bots(app: Arc<App>) {
    loop {
        tokio::time::sleep(BOTS_EVERY).await;
        let app = Arc::clone(&app);
        if let Ok(Err(error)) = rt::task::spawn_blocking(move || accept::write_bots(&app)).await {
            tracing::warn!(error = %error, "bot counts could not be saved");
        }
    }
}

/// Loads a map file that replaced another one. A damaged one is refused.
async fn reload_maps(app: Arc<App>) {
    loop {
        tokio::time::sleep(MAPS_EVERY).await;
        let app = Arc::clone(&app);
        let _ = rt::task::spawn_blocking(move || app.geo.reload_changed()).await;
    }
}

async fn close_days(app: Arc<App>) {
    let mut job = CloseJob::default();
    loop {
        let app = Arc::clone(&app);
        let closing = rt::task::spawn_blocking(move || {
            job.run(&app);
            job
        });
        job = closing.await.unwrap_or_default();
        tokio::time::sleep(CLOSE_EVERY).await;
    }
}

async fn work_on_events(app: Arc<App>) {
    loop {
        tokio::time::sleep(WORK_EVERY).await;
        let app = Arc::clone(&app);
        let _ = rt::task::spawn_blocking(move || count_back::work_due(&app)).await;
    }
}

async fn build_lists(app: Arc<App>) {
    let mut job = ListJob::default();
    loop {
        tokio::time::sleep(LISTS_EVERY).await;
        if let Err(error) = job.run(&app).await {
            tracing::warn!(%error, "lists could not be kept up to date");
        }
    }
}

async fn keep_companies(app: Arc<App>) {
    loop {
        assign_companies(&app).await;
        tokio::time::sleep(COMPANIES_EVERY).await;
    }
}

async fn import_contacts(app: Arc<App>) {
    loop {
        tokio::time::sleep(IMPORTS_EVERY).await;
        if let Err(error) = import::work::work_due(&app).await {
            tracing::error!(%error, "an import of contacts was interrupted; it goes on later");
            tokio::time::sleep(IMPORTS_AGAIN).await;
        }
    }
}

async fn delete_old_data(app: Arc<App>) {
    let mut job = RetentionJob::default();
    loop {
        let looking = Arc::clone(&app);
        let looked = rt::task::spawn_blocking(move || {
            let looked = job.run(&looking);
            (job, looked)
        });
        job = match looked.await {
            Ok((job, Ok(accounts))) => {
                // None means that the clock is not trusted.
                if accounts > 0
                    && let Err(error) = erase_due(&app).await
                {
                    tracing::error!(%error, "unseen contacts could not be searched for");
                }
                job
            }
            Ok((job, Err(error))) => {
                tracing::error!(%error, "old data could not be searched for");
                job
            }
            Err(_) => RetentionJob::default(),
        };
        tokio::time::sleep(RETENTION_EVERY).await;
    }
}
