//! Folding: accepted hits become visitors, sessions and event rows, in the order they were accepted. A batch of hits
//! is one transaction, which also moves the watermark. The transaction leaves out hits at or below the watermark, so
//! every hit counts once, whatever crashes and whatever this process remembers. A hit that cannot be folded becomes a
//! dead letter, and the next one goes on.

mod apply;
mod cache;
mod complete;
mod definitions;
mod pending;
mod replay;
mod submit;

use std::borrow::Cow;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::hit::{Act, Hit};
use crate::domain::hit_reason::Reason;
use crate::store::inbox::{Content, Waiting};
use crate::store::withdrawn::WithdrawnBrowsers;
use crate::store::writer::attempt;
use crate::store::{self, Connection, dead_letter, row};
use apply::{Batch, Folded};
pub use cache::Cache;
pub use replay::{delete_dead_letters, replay_dead_letters};

/// Most hits in one transaction.
pub const BATCH: usize = 5_000;
/// How long the fold waits for more hits when nobody waits for it.
const PILE_UP: Duration = Duration::from_millis(250);
/// After this long without a hit the memory of a busy time is given back, and again each time it passes.
const IDLE: Duration = Duration::from_secs(20);
/// How long the fold waits when the store cannot be written.
const RETRY: Duration = Duration::from_secs(1);

/// Folds until the store is closed.
pub async fn run(app: &App) {
    let mut cache = Cache::new(app.event_limit);
    loop {
        match take_batch(app, &mut cache).await {
            Ok(Took::Nothing) => wait_for_hits(app, &mut cache).await,
            Ok(Took::Part) => continue,
            Ok(Took::All) => {}
            Err(store::Error::Closed) if !app.store.writer.is_alive() => return,
            Err(error) => {
                tracing::error!(error = %error, "the store cannot be written, so hits are waiting");
                tokio::time::sleep(RETRY).await;
            }
        }
        tokio::select! {
            () = app.progress.hurried() => {}
            () = tokio::time::sleep(PILE_UP) => {}
        }
    }
}

/// What a batch took of the hits that waited when it began.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Took {
    Nothing,
    /// It was full, or had only those that are in memory.
    Part,
    All,
}

/// Folds one batch. After an error nothing of it was folded.
pub async fn take_batch(app: &App, cache: &mut Cache) -> Result<Took, store::Error> {
    let last = app.store.inbox.last_id();
    Ok(match step(app, cache).await? {
        0 => Took::Nothing,
        _ if app.progress.watermark() < last => Took::Part,
        _ => Took::All,
    })
}

async fn wait_for_hits(app: &App, cache: &mut Cache) {
    while tokio::time::timeout(IDLE, app.store.inbox.arrived()).await.is_err() {
        *cache = cache.fresh();
        app.addresses.clear();
        if let Err(error) = app.store.release_memory().await {
            tracing::warn!(%error, "the store did not give its memory back");
        }
    }
}

/// Folds one batch of what waits and returns how many hits it had. After an error nothing of it was folded.
pub async fn step(app: &App, cache: &mut Cache) -> Result<usize, store::Error> {
    let after = app.progress.watermark();
    let inbox = app.store.inbox.clone();
    let waiting = tokio::task::spawn_blocking(move || inbox.list(after, BATCH))
        .await
        .map_err(|_| store::Error::Panicked)??;
    let count = waiting.len();
    let Some(last) = waiting.last().map(|hit| hit.id) else {
        if app.store.inbox.waiting() > 0 {
            app.store.inbox.purge(after);
        }
        return Ok(0);
    };
    let replays = waiting.iter().any(|hit| letter_of(hit).is_some());
    let results = fold_batch(app, cache, waiting).await?;
    report(app, &results);
    app.progress.note_accounts(results.iter().filter_map(|hit| hit.live.map(|(account, _)| account)), last);
    if replays || results.iter().any(|hit| hit.folded.reason == Reason::DeadLetter) {
        replay::count_dead_letters(app).await?;
    }
    // This comes last: whoever waited for the fold finds the counters and the live page up to date.
    app.progress.advance(last);
    app.store.inbox.purge(last);
    Ok(count)
}

/// What became of one hit, for the counters and the live page.
struct FoldedHit {
    folded: Folded,
    live: Option<(AccountId, u64)>,
}

fn report(app: &App, results: &[FoldedHit]) {
    for hit in results {
        app.counters.count(hit.folded.reason, 1);
    }
    app.live.complete(results.iter().filter_map(|hit| {
        let (account, serial) = hit.live?;
        Some((account, serial, hit.folded.reason, hit.folded.visitor))
    }));
}

/// Folds all hits of a batch at once. When one of them fails, folds them one by one, so that only that one is put
/// aside.
async fn fold_batch(
    app: &App,
    cache: &mut Cache,
    waiting: Vec<Waiting>,
) -> Result<Vec<FoldedHit>, store::Error> {
    let now = app.now();
    let fresh = cache.fresh();
    let mut own = std::mem::replace(cache, fresh);
    let batch = Arc::new(waiting);
    let hits = Arc::clone(&batch);
    let withdrawn = Arc::clone(&app.store.withdrawn);
    let whole = app
        .store
        .writer
        .write(move |conn| {
            own.sweep(conn, now, hits.len())?;
            let folded_hits = fold_all(conn, &mut own, now, &withdrawn, &hits)?;
            Ok::<_, store::Error>((own, folded_hits))
        })
        .await;
    match whole {
        Ok((own, folded_hits)) => {
            app.progress.follow(own.followed());
            *cache = own;
            Ok(folded_hits)
        }
        Err(error) if error.is_of_the_disk() => Err(error),
        Err(error) => {
            tracing::warn!(
                error = %error, hits = batch.len(),
                "a batch of hits could not be processed; trying them one by one"
            );
            let (limit, withdrawn) = (app.event_limit, Arc::clone(&app.store.withdrawn));
            app.store.writer.write(move |conn| fold_singly(conn, limit, now, &withdrawn, &batch)).await
        }
    }
}

/// Folds each hit apart from the others; one that fails becomes a dead letter. It is still one transaction: a commit
/// for each hit would hold up thousands of good hits behind a bad one.
fn fold_singly(
    conn: &Connection,
    limit: i64,
    now: Millis,
    withdrawn: &WithdrawnBrowsers,
    batch: &[Waiting],
) -> Result<Vec<FoldedHit>, store::Error> {
    let mut folded_hits = Vec::with_capacity(batch.len());
    let mut cache = Cache::new(limit);
    for hit in batch {
        let single = std::slice::from_ref(hit);
        match attempt(conn, |conn| fold_all(conn, &mut cache, now, withdrawn, single))? {
            Ok(mut one) => folded_hits.append(&mut one),
            Err(error) if error.is_of_the_disk() => return Err(error),
            Err(error) => {
                // The cache remembers what was undone.
                cache = cache.fresh();
                let why = error.to_string();
                let (row, live) = match &hit.what {
                    Content::Hit(hit) => (Cow::Owned(row::of_hit(hit)?), Some((hit.account, hit.live))),
                    Content::Row(row) => {
                        (Cow::Borrowed(row), row::hit(row).ok().map(|hit| (hit.account, hit.live)))
                    }
                };
                match letter_of(hit) {
                    None => dead_letter::insert(conn, hit.id, now.0, &why, &row)?,
                    Some(letter) => dead_letter::update(conn, letter, now.0, &why)?,
                }
                store::update_watermark(conn, hit.id)?;
                tracing::error!(
                    inbox_id = hit.id, error = %error,
                    "a hit could not be processed and was set aside"
                );
                folded_hits
                    .push(FoldedHit { folded: Folded { reason: Reason::DeadLetter, visitor: None }, live });
            }
        }
    }
    Ok(folded_hits)
}

/// Folds the hits above the watermark and moves it, in the transaction of the caller. Any error undoes all of it.
fn fold_all(
    conn: &Connection,
    cache: &mut Cache,
    now: Millis,
    withdrawn: &WithdrawnBrowsers,
    hits: &[Waiting],
) -> Result<Vec<FoldedHit>, store::Error> {
    let watermark = store::watermark(conn)?;
    let mut folded_hits = Vec::with_capacity(hits.len());
    let mut batch = Batch::start(conn, cache, now, withdrawn)?;
    for waiting in hits.iter().filter(|waiting| waiting.id > watermark) {
        folded_hits.push(match &waiting.what {
            Content::Hit(hit) => fold_hit(&mut batch, waiting.id, hit)?,
            Content::Row(row) => match row::letter(row) {
                None => fold_hit(&mut batch, waiting.id, &row::hit(row)?)?,
                Some(letter) => fold_letter(&mut batch, waiting.id, letter)?,
            },
        });
    }
    finish(batch, hits.last().map(|hit| hit.id).filter(|last| *last > watermark))?;
    Ok(folded_hits)
}

/// The dead letter that is to be folded again.
fn letter_of(waiting: &Waiting) -> Option<i64> {
    match &waiting.what {
        Content::Hit(_) => None,
        Content::Row(row) => row::letter(row),
    }
}

fn fold_hit(batch: &mut Batch<'_>, id: i64, hit: &Hit) -> Result<FoldedHit, store::Error> {
    let folded = fold_one(batch, id, hit)?;
    Ok(FoldedHit { folded, live: Some((hit.account, hit.live)) })
}

/// Folds a dead letter that is replayed.
fn fold_letter(batch: &mut Batch<'_>, id: i64, letter: i64) -> Result<FoldedHit, store::Error> {
    let Some(body) = replay::take(batch.conn, letter)? else {
        return Ok(FoldedHit { folded: Folded { reason: Reason::Duplicate, visitor: None }, live: None });
    };
    let hit = fold_hit(batch, id, &row::hit(&body)?)?;
    // The live page has counted it as a dead letter; only its entry shows what it has become.
    let live = hit.live.filter(|_| hit.folded.reason.is_counted());
    Ok(FoldedHit { live, ..hit })
}

fn fold_one(batch: &mut Batch<'_>, id: i64, hit: &Hit) -> Result<Folded, store::Error> {
    catch_unwind(AssertUnwindSafe(|| batch.apply(id, hit))).unwrap_or(Err(store::Error::Panicked))
}

fn finish(batch: Batch<'_>, last: Option<i64>) -> Result<(), store::Error> {
    let conn = batch.conn;
    batch.finish()?;
    match last {
        Some(last) => store::update_watermark(conn, last),
        None => Ok(()),
    }
}

/// Folds everything that waits in the inbox, where no server does so: in a command, or before a server answers.
///
/// # Errors
/// Those of `step`.
pub async fn fold_waiting(app: &App) -> Result<(), store::Error> {
    let mut cache = Cache::new(app.event_limit);
    while step(app, &mut cache).await? > 0 {}
    Ok(())
}

/// Folds hits that never were in the inbox (`generate`), in one transaction, as of `now`. Returns how many page views
/// were stored, and the hits themselves, because whoever made them can free them more cheaply. The hits take the
/// inbox ids after the watermark, so nothing may wait in the inbox or enter it meanwhile.
///
/// # Errors
/// `Busy` when something waits. After any error nothing was folded, and `cache` is empty.
pub fn fold_hits(
    app: &App,
    cache: &mut Cache,
    now: Millis,
    hits: Vec<Hit>,
) -> Result<(u64, Vec<Hit>), store::Error> {
    let first = app.progress.watermark();
    if app.store.inbox.last_id() != first {
        return Err(store::Error::Busy);
    }
    let last = first.saturating_add(i64::try_from(hits.len()).unwrap_or(i64::MAX));
    let fresh = cache.fresh();
    let mut own = std::mem::replace(cache, fresh);
    let withdrawn = Arc::clone(&app.store.withdrawn);
    let (own, stored, hits) = app.store.writer.write_blocking(move |conn| {
        if store::watermark(conn)? != first {
            return Err(store::Error::Busy);
        }
        let mut stored = 0u64;
        own.sweep(conn, now, hits.len())?;
        let mut batch = Batch::start(conn, &mut own, now, &withdrawn)?;
        for (id, hit) in (first + 1..).zip(&hits) {
            let folded = fold_one(&mut batch, id, hit)?;
            stored += u64::from(folded.reason.is_counted() && hit.act == Act::PageView);
        }
        finish(batch, Some(last))?;
        Ok::<_, store::Error>((own, stored, hits))
    })?;
    *cache = own;
    app.store.inbox.skip_to(last);
    app.progress.advance(last);
    Ok((stored, hits))
}
