//! Folding: accepted hits become visitors, sessions and event rows, in the order they were accepted, a batch a
//! transaction that also moves the watermark. So every hit counts once, whatever crashes. A hit that cannot be
//! folded goes to the dead letters and the next one goes on.

mod apply;
mod cache;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::time::Duration;

use super::core::App;
use crate::domain::account::AccountId;
use crate::domain::hit::Hit;
use crate::domain::reason::Reason;
use crate::store::inbox::Waiting;
use crate::store::{self, Connection, dead_letter, event};
pub use apply::SEEN_FOR;
use apply::{Batch, Folded};
pub use cache::Cache;

/// Most hits in one transaction.
pub const BATCH: usize = 5_000;
/// How long the fold lets hits pile up when nobody waits for them.
const PILE_UP: Duration = Duration::from_millis(250);
/// How long it waits when the store cannot be written.
const RETRY: Duration = Duration::from_secs(1);
/// Event ids forgotten at a time, beside each batch.
const SEEN_STEP: u32 = 10_000;

/// Folds until the store is closed. Runs beside the server, on the blocking threads of the store.
pub async fn run(app: &App) {
    let mut cache = Cache::default();
    loop {
        match step(app, &mut cache).await {
            Ok(0) => app.store.inbox.arrived().await,
            Ok(BATCH) => continue,
            Ok(_) => {}
            Err(store::Error::Closed) => return,
            Err(error) => {
                tracing::error!(error = %error, "hits wait: the store cannot be written");
                tokio::time::sleep(RETRY).await;
            }
        }
        tokio::select! {
            () = app.progress.hurried() => {}
            () = tokio::time::sleep(PILE_UP) => {}
        }
    }
}

/// Folds what waits, one batch of it; answers how many hits it was.
///
/// # Errors
/// The store's; nothing was folded then.
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
    let results = fold_batch(app, cache, waiting).await?;
    app.progress.advance(last);
    app.store.inbox.purge(last);
    tell(app, &results);
    Ok(count)
}

/// What became of one hit, for the counters and the live page.
struct Told {
    folded: Folded,
    live: Option<(AccountId, u64)>,
}

fn tell(app: &App, results: &[Told]) {
    for told in results {
        app.counters.count(told.folded.reason, 1);
    }
    app.live.complete(results.iter().filter_map(|told| {
        let (account, serial) = told.live?;
        Some((account, serial, told.folded.reason, told.folded.visitor))
    }));
}

/// All at once; where one of them fails, one by one, so that only that one is put aside.
async fn fold_batch(app: &App, cache: &mut Cache, waiting: Vec<Waiting>) -> Result<Vec<Told>, store::Error> {
    let now = app.now();
    let mut own = std::mem::take(cache);
    let batch = std::sync::Arc::new(waiting);
    let hits = std::sync::Arc::clone(&batch);
    let whole = app
        .store
        .writer
        .write(move |conn| {
            event::delete_seen(conn, now.plus(-SEEN_FOR).0, SEEN_STEP)?;
            let told = fold_all(conn, &mut own, now, &hits)?;
            Ok::<_, store::Error>((own, told))
        })
        .await;
    match whole {
        Ok((own, told)) => {
            *cache = own;
            Ok(told)
        }
        Err(error) if error.is_of_the_disk() => Err(error),
        Err(error) => {
            tracing::warn!(error = %error, hits = batch.len(), "a hit could not be folded; going one by one");
            fold_singly(app, &batch).await
        }
    }
}

/// Each hit in a transaction of its own, with nothing remembered from the failed batch.
async fn fold_singly(app: &App, batch: &[Waiting]) -> Result<Vec<Told>, store::Error> {
    let now = app.now();
    let mut told = Vec::with_capacity(batch.len());
    for hit in batch {
        let single = vec![Waiting { id: hit.id, body: hit.body.clone() }];
        let folded =
            app.store.writer.write(move |conn| fold_all(conn, &mut Cache::default(), now, &single)).await;
        match folded {
            Ok(mut one) => told.append(&mut one),
            Err(error) if error.is_of_the_disk() => return Err(error),
            Err(error) => {
                let (id, body, text) = (hit.id, hit.body.clone(), error.to_string());
                app.store
                    .writer
                    .write(move |conn| {
                        dead_letter::insert(conn, id, now.0, &text, &body)?;
                        store::update_watermark(conn, id)
                    })
                    .await?;
                tracing::error!(inbox_id = id, error = %error, "a hit was put aside");
                told.push(Told {
                    folded: Folded { reason: Reason::DeadLetter, visitor: None },
                    live: serde_json::from_slice::<Hit>(&hit.body).ok().map(|hit| (hit.account, hit.live)),
                });
            }
        }
        // A stop in the middle of the batch goes on here.
        app.progress.advance(hit.id);
    }
    Ok(told)
}

/// Folds `hits` and moves the watermark, in the transaction of the caller. Any error undoes all of it.
fn fold_all(
    conn: &Connection,
    cache: &mut Cache,
    now: crate::base::clock::Millis,
    hits: &[Waiting],
) -> Result<Vec<Told>, store::Error> {
    let mut told = Vec::with_capacity(hits.len());
    let mut batch = Batch { conn, cache, now };
    for waiting in hits {
        let hit: Hit = serde_json::from_slice(&waiting.body)
            .map_err(|error| store::Error::Unreadable(error.to_string()))?;
        let folded = catch_unwind(AssertUnwindSafe(|| batch.apply(waiting.id, &hit)))
            .unwrap_or(Err(store::Error::Panicked))?;
        told.push(Told { folded, live: Some((hit.account, hit.live)) });
    }
    batch.cache.flush(conn)?;
    if let Some(last) = hits.last() {
        store::update_watermark(conn, last.id)?;
    }
    Ok(told)
}

/// Puts the dead letters back in the inbox, oldest first; answers how many. A letter leaves its place only
/// when it is in the inbox, and counts once all the same where it has an event id.
///
/// # Errors
/// The store's; what was not put back stays where it is.
pub async fn replay_dead_letters(app: &App) -> Result<usize, store::Error> {
    let mut replayed = 0;
    let mut after = 0;
    let end = app.store.inbox.last_id();
    loop {
        let letters = app.store.read(move |conn| dead_letter::list(conn, after, 100)).await?;
        if letters.is_empty() {
            return Ok(replayed);
        }
        for letter in letters {
            after = letter.inbox_id;
            if letter.inbox_id > end {
                return Ok(replayed);
            }
            app.store.inbox.append(vec![letter.body]).await?;
            app.store.writer.write(move |conn| dead_letter::delete(conn, letter.inbox_id)).await?;
            replayed += 1;
        }
    }
}
