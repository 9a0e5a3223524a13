//! The work on imports: one at a time, in steps of some hundred rows. The server does it in the background, and a command
//! does it beside the server or without one. Whoever comes later goes on where the last finished step ended.

use std::time::Duration;

use super::run::{Outcome, Run, is_still};
use super::{Error, delete_file, file::FileError, find};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::store::changes::{self, Kind};
use crate::store::import::{Import, State, Stop};
use crate::store::{self, Connection, import};

/// Works on an import, at most this long. Answers how it stands then.
///
/// # Errors
/// `NotFound`; the store's.
pub async fn work(
    app: &App,
    account: AccountId,
    id: i64,
    longest: Option<Duration>,
) -> Result<Import, Error> {
    let begun = app.clock.monotonic();
    let is_over = || longest.is_some_and(|longest| app.clock.monotonic().saturating_sub(begun) >= longest);
    let turn = match longest {
        None => Ok(app.importing.lock().await),
        Some(longest) => tokio::time::timeout(longest, app.importing.lock()).await,
    };
    let found = find(app, account, id).await?;
    if turn.is_err() || !found.state.is_active() {
        return Ok(found);
    }
    let opened = {
        let (data_dir, import, now) = (app.store.data_dir().to_owned(), found.clone(), app.now());
        blocking(move || Run::open(&data_dir, import, now)).await?
    };
    let mut run = match opened {
        Ok(run) => run,
        Err(error) => return stop(app, &found, &error).await,
    };
    loop {
        let (next, read) = blocking(move || {
            let mut run = run;
            let read = run.read();
            (run, read)
        })
        .await?;
        run = next;
        if let Err(error) = read {
            return stop(app, &found, &error).await;
        }
        let (is_last, is_behind) = (run.is_at_end(), run.is_behind());
        match step(app, run).await? {
            Some(next) => run = next,
            // Somebody stopped it.
            None => break,
        }
        if is_last {
            finish(app, &found).await?;
            break;
        }
        // A call that only found its place would never come further.
        if is_over() && !is_behind {
            break;
        }
    }
    Ok(find(app, account, id).await?)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, store::Error> {
    tokio::task::spawn_blocking(work).await.map_err(|_| store::Error::Panicked)
}

/// Checks or imports the rows that were read. `None` when the import was stopped.
async fn step(app: &App, mut run: Run) -> Result<Option<Run>, Error> {
    if run.is_behind() {
        let skipping = move |conn: &Connection| {
            run.skip(conn)?;
            Ok::<_, store::Error>(run)
        };
        return Ok(Some(app.store.read(skipping).await?));
    }
    if run.import.state == State::Checking {
        let checking = move |conn: &Connection| {
            let outcome = run.check(conn)?;
            Ok::<_, store::Error>((run, outcome))
        };
        let (run, Outcome { line, tally, refusals }) = app.store.read(checking).await?;
        let import = run.import.clone();
        let writing = move |conn: &Connection| {
            let is_still = is_still(conn, &import)?;
            if is_still {
                import::add_rows(conn, import.id, line, &tally, &refusals)?;
            }
            Ok::<_, store::Error>(is_still)
        };
        return Ok(app.store.writer.write(writing).await?.then_some(run));
    }
    // An erasure has written down who the person is, and must not miss what joins it.
    let _turn = app.erasing.lock().await;
    let now = app.now();
    let writing = move |conn: &Connection| {
        let outcome = run.write(conn, now)?;
        Ok::<_, store::Error>(outcome.map(|_| run))
    };
    Ok(app.store.writer.write(writing).await?)
}

/// Every row is done.
async fn finish(app: &App, before: &Import) -> Result<(), Error> {
    let (now, import) = (app.now(), before.clone());
    let state = if before.state == State::Checking { State::Checked } else { State::Done };
    let finishing = move |conn: &Connection| {
        if !is_still(conn, &import)? {
            return Ok(());
        }
        if state == State::Done {
            // New contacts raise nothing by themselves, and lists ask whether something changed.
            changes::raise(conn, import.account, Kind::Emails)?;
        }
        import::finish(conn, import.id, state, None, now)
    };
    app.store.writer.write(finishing).await?;
    if state == State::Done { delete_file(app, before).await } else { Ok(()) }
}

/// The file is lost. What was imported of it stays, and the import says how far it came.
async fn stop(app: &App, import: &Import, error: &FileError) -> Result<Import, Error> {
    tracing::error!(import = import.id, %error, "the file of an import cannot be read, so the import stops");
    let (id, now) = (import.id, app.now());
    app.store
        .writer
        .write(move |conn| import::finish(conn, id, State::Stopped, Some(Stop::Lost), now))
        .await?;
    delete_file(app, import).await?;
    Ok(find(app, import.account, id).await?)
}

/// Works on all imports that have something to do, and deletes files that are of no use any more.
///
/// # Errors
/// The store's.
pub async fn work_due(app: &App) -> Result<(), Error> {
    for due in app.store.read(import::list_open).await? {
        if due.state.is_active() {
            work(app, due.account, due.id, None).await?;
        }
    }
    super::delete_left_over(app, app.now()).await
}
