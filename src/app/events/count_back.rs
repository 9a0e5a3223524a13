//! Work on all completions of an event, in the background: counting a visited-URL event back over page views from
//! before it was created, and removing the completions of a deleted event. Work that is cut off begins again when the
//! server next runs, and nothing is counted twice.

use std::collections::VecDeque;

use rustc_hash::FxHashSet;

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, EventNumber, Status};
use crate::domain::user::Role;
use crate::store::count_back::{self, Change, Done, Pages};
use crate::store::definition::Stored;
use crate::store::event_work::{self, Kind, Work};
use crate::store::segment::{self, Segment};
use crate::store::{self, definition};

/// How often the segments are listed again, because closing a day may replace some meanwhile. A few times suffice:
/// the fold counts what is written after the first listing, and closing a day takes seconds.
const ROUNDS: usize = 16;

/// Why an event is not counted back.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("past page views can only be counted for visited-URL events that are not archived")]
    Kind,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

/// Begins to count a visited-URL event back over all page views that are kept.
///
/// # Errors
/// `Kind`, `NotFound`; `Denied` when the actor is no editor.
pub async fn count_back(
    app: &App,
    actor: Actor,
    account: AccountId,
    number: EventNumber,
) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let event = definition::find(conn, account, number)?.ok_or(store::Error::NotFound)?;
            if event.definition.kind != EventKind::Visit || event.status != Status::Active {
                return Err(Error::Kind);
            }
            event_work::upsert(conn, account, number, Kind::CountBack, now)?;
            let detail = format!("{number} {}", event.definition.name);
            store::audit::insert(conn, now, Some(account), actor.user(), "event.count_back", &detail)?;
            Ok(())
        })
        .await
}

/// How far the counting back of an event has come; `None` when it was never begun.
pub async fn counted_back(
    app: &App,
    account: AccountId,
    number: EventNumber,
) -> Result<Option<Work>, store::Error> {
    app.store.read(move |conn| event_work::find(conn, account, number, Kind::CountBack)).await
}

/// Does the work that is due. Blocks. What fails is logged and tried again the next time.
pub fn work_due(app: &App) {
    let waiting = match app.store.readers.read(event_work::list_unfinished) {
        Ok(waiting) => waiting,
        Err(error) => return tracing::warn!(%error, "pending event tasks could not be read"),
    };
    for work in waiting {
        match do_work(app, work) {
            // The work was begun again, or the event has changed: the next run starts from the beginning.
            Ok(()) | Err(store::Error::NotFound) => {}
            Err(error) => {
                tracing::error!(
                    account = work.account.0, event = %work.number, %error,
                    "an event task could not be finished and will be tried again"
                );
            }
        }
    }
}

/// What is done to the store, and when the event was last changed, by whose rule it is done.
struct Step {
    change: Change,
    changed: Option<Millis>,
}

fn do_work(app: &App, work: Work) -> Result<(), store::Error> {
    let Work { account, number, .. } = work;
    let step = match work.kind {
        Kind::Delete => Some(Step { change: Change::Delete { event: number }, changed: None }),
        Kind::CountBack => app.store.readers.read(|conn| {
            let event = definition::find(conn, account, number)?;
            event.map_or(Ok(None), |event| step_of(conn, account, &event))
        })?,
    };
    let mut work = Work { done: 0, total: 0, completions: 0, ..work };
    let changed = step.as_ref().and_then(|step| step.changed);
    if let Some(step) = step {
        work = change_hot(app, work, &step)?;
        work = change_segments(app, work, &step)?;
    }
    if work.kind == Kind::Delete {
        delete_properties(app, work)?;
    }
    work.finished = Some(app.now());
    app.store.writer.write_blocking(move |conn| event_work::update(conn, &work, changed))
}

fn delete_properties(app: &App, work: Work) -> Result<(), store::Error> {
    let mut from = Some(i64::MIN);
    while let Some(from_ms) = from {
        from = app.store.writer.write_blocking(move |conn| {
            count_back::delete_properties(conn, work.account, work.number, from_ms)
        })?;
    }
    Ok(())
}

fn step_of(
    conn: &store::Connection,
    account: AccountId,
    event: &Stored,
) -> Result<Option<Step>, store::Error> {
    let Some(rule) = event.definition.url.as_ref().filter(|_| event.status == Status::Active) else {
        return Ok(None);
    };
    let pages = Pages::matching(conn, account, rule)?;
    let value_minor = event.definition.value_minor;
    let change = Change::CountBack { event: event.number, value_minor, pages };
    Ok(Some(Step { change, changed: Some(event.changed) }))
}

/// Changes the rows of open days, some minutes of them in a transaction.
fn change_hot(app: &App, mut work: Work, step: &Step) -> Result<Work, store::Error> {
    let mut from = Some(i64::MIN);
    while let Some(from_ms) = from {
        let (change, changed, account) = (step.change.clone(), step.changed, work.account);
        (work, from) = app.store.writer.write_blocking(move |conn| {
            let (done, next) = count_back::change_hot(conn, account, &change, from_ms)?;
            add(&mut work, done);
            event_work::update(conn, &work, changed)?;
            Ok::<_, store::Error>((work, next))
        })?;
    }
    Ok(work)
}

/// Changes the segments, some days in a transaction.
fn change_segments(app: &App, mut work: Work, step: &Step) -> Result<Work, store::Error> {
    let (account, changed) = (work.account, step.changed);
    let mut looked_at = FxHashSet::default();
    for _ in 0..ROUNDS {
        let mut segments: VecDeque<Segment> = app
            .store
            .readers
            .read(|conn| segment::list(conn, account, i64::MIN, i64::MAX))?
            .into_iter()
            .filter(|segment| looked_at.insert(segment.id))
            .collect();
        if segments.is_empty() {
            break;
        }
        work.total = work.done + i64::try_from(segments.len()).unwrap_or(i64::MAX);
        while !segments.is_empty() {
            let made =
                app.store.readers.read(|conn| count_back::prepare(conn, &step.change, &mut segments))?;
            work.done = work.total - i64::try_from(segments.len()).unwrap_or(i64::MAX);
            let written;
            (work, written) = app.store.writer.write_blocking(move |conn| {
                let (done, written) = count_back::apply(conn, account, work.number, made)?;
                add(&mut work, done);
                event_work::update(conn, &work, changed)?;
                Ok::<_, store::Error>((work, written))
            })?;
            looked_at.extend(written);
        }
    }
    Ok(work)
}

fn add(work: &mut Work, done: Done) {
    work.completions += i64::try_from(done.completions).unwrap_or(i64::MAX);
}
