//! The background jobs of a running server: folding, closing days, forgetting, work on events, writing robots down,
//! looking at map files.

use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use actix_web::rt;
use actix_web::rt::task::JoinHandle;
use futures_util::FutureExt;

use crate::app::App;
use crate::app::events::count_back;
use crate::app::ingest::{accept, fold};
use crate::app::jobs::close_days;
use crate::app::jobs::retention::Keeper;

/// How often map files are looked at.
const MAPS_EVERY: Duration = Duration::from_secs(60);
/// How long the fold rests after a panic of its own.
const FOLD_AGAIN: Duration = Duration::from_secs(1);
/// How often it is asked whether a day is to be closed, and what came late merged.
const CLOSE_EVERY: Duration = Duration::from_secs(30);
/// How often it is looked for what is older than the owner keeps.
const FORGET_EVERY: Duration = Duration::from_secs(3600);
/// How often it is asked whether there is work on an event.
const WORK_EVERY: Duration = Duration::from_secs(1);
/// How often robots are written down.
const BOTS_EVERY: Duration = Duration::from_secs(1);

/// The jobs under way.
pub(super) struct Jobs {
    app: Arc<App>,
    running: Vec<JoinHandle<()>>,
}

impl Jobs {
    pub(super) fn start(app: &Arc<App>, events_months: u32) -> Self {
        // Reading User-Agents takes a moment to get ready: not at the first visitor's cost.
        std::thread::spawn(crate::domain::device::prepare);
        let running = vec![
            rt::spawn(fold_on(Arc::clone(app))),
            rt::spawn(write_bots(Arc::clone(app))),
            rt::spawn(reload_maps(Arc::clone(app))),
            rt::spawn(close_days(Arc::clone(app))),
            rt::spawn(work_on_events(Arc::clone(app))),
            rt::spawn(forget_old(Arc::clone(app), events_months)),
        ];
        Self { app: Arc::clone(app), running }
    }

    /// Ends them. What the fold has not taken lies safe in the inbox.
    pub(super) async fn stop(self) {
        for job in self.running {
            job.abort();
            let _ = job.await;
        }
        // Robots of the last second.
        let _ = rt::task::spawn_blocking(move || accept::write_bots(&self.app)).await;
    }
}

async fn fold_on(app: Arc<App>) {
    // It catches what hits do to it; this is for itself. Without it nothing accepted would be counted.
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

/// A map file that was put in another's place is taken into use; a damaged one is not.
async fn reload_maps(app: Arc<App>) {
    loop {
        tokio::time::sleep(MAPS_EVERY).await;
        let app = Arc::clone(&app);
        let _ = rt::task::spawn_blocking(move || app.geo.reload_changed()).await;
    }
}

async fn close_days(app: Arc<App>) {
    loop {
        let app_now = Arc::clone(&app);
        let _ = rt::task::spawn_blocking(move || close_days::close_due(&app_now)).await;
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

async fn forget_old(app: Arc<App>, events_months: u32) {
    let mut keeper = Keeper::default();
    loop {
        let app = Arc::clone(&app);
        let looked = rt::task::spawn_blocking(move || {
            let looked = keeper.look(&app, events_months);
            (keeper, looked)
        });
        keeper = match looked.await {
            Ok((keeper, Ok(_))) => keeper,
            Ok((keeper, Err(error))) => {
                tracing::error!(%error, "old data could not be searched for");
                keeper
            }
            Err(_) => Keeper::default(),
        };
        tokio::time::sleep(FORGET_EVERY).await;
    }
}
