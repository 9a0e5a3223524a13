//! Erasing a visitor, or a person: a contact with all its visitors. This module holds the steps that both share. What is
//! kept on purpose is written in `store::erase_visitors`. The audit log says that somebody was erased and how much it was,
//! never who.
//!
//! Each step is a short transaction. The first one takes the identity away, so that nothing more joins; the last one deletes
//! the row that the work is found by. In between the work can be cut off anywhere and run again from the start.
//!
//! Who is erased is remembered as keyed hashes beside the store (`store::erased`), before the first transaction. A backup
//! from before that time brings the person back when it is restored; `restored` then erases them again.

pub mod contact;
pub mod person;
pub mod restored;
pub mod visitor;

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use rustc_hash::FxHashSet;

use crate::app::access::Error;
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store;
use crate::store::erase_texts;
use crate::store::erase_visitors;
use crate::store::erased::Mark;
use crate::store::scan::Deadline;
use crate::store::segment::Segment;

/// Longest it waits until everything acknowledged is folded.
const WAIT: Duration = Duration::from_secs(10);
/// How often the segments are looked through again, should days be closed meanwhile.
const ROUNDS: usize = 3;

/// Whether an erasure is written down beside the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Remember {
    Yes,
    /// It was written down when the person was erased for the first time, and somebody who came back since then, and is in
    /// a later backup, must not be erased with them. Or it is erased for its age, which it also has in a backup.
    No,
}

impl Remember {
    /// Writes down who is erased. Answers how many hashes the store has followed then; `None` when that stays as it is.
    async fn append(self, app: &App, account: AccountId, marks: Vec<Mark>) -> Result<Option<u64>, Error> {
        match self {
            Self::Yes => Ok(Some(app.store.erased.append(Arc::clone(&app.random), account, marks).await?)),
            Self::No => Ok(None),
        }
    }
}

/// Waits until everything that was acknowledged before the call is folded, so that the erasure finds it.
async fn wait_for_fold(app: &App) -> Result<(), Error> {
    Ok(tokio::time::timeout(WAIT, app.folded()).await.map_err(|_| store::Error::Busy)?)
}

/// Visitors whose identity is gone already, so that no hit joins them any more.
#[derive(Clone)]
struct Leaving {
    account: AccountId,
    visitors: Arc<FxHashSet<u32>>,
    /// From the first to the last time that one of them was seen.
    range_ms: Range<i64>,
}

impl Leaving {
    /// Takes out of the store what the visitors did, their tokens, and at last their own rows. Answers the days that cannot
    /// be read: they may still hold something, so the rows of the visitors are kept then.
    async fn erase(&self, app: &App) -> Result<Vec<LocalDay>, Error> {
        let (account, now) = (self.account, app.now());
        let work = self.clone();
        let seen = app
            .store
            .read_long(move |conn| {
                erase_visitors::list_event_ids(conn, account, &work.visitors, &work.range_ms, now)
            })
            .await?;
        self.note_texts(app).await?;
        let work = self.clone();
        app.store
            .writer
            .write(move |conn| {
                erase_visitors::detach_event_ids(conn, account, &seen)?;
                erase_visitors::delete_rows(conn, account, &work.visitors, &work.range_ms, now)
            })
            .await?;
        let left = self.erase_days(app).await?;
        if !left.is_empty() {
            return Ok(left);
        }
        let work = self.clone();
        let tokens = app
            .store
            .read_long(move |conn| store::visitor::list_tokens(conn, account, &work.visitors))
            .await?;
        let work = self.clone();
        app.store
            .writer
            .write(move |conn| {
                erase_visitors::delete_tokens(conn, account, &work.visitors, &tokens)?;
                store::visitor::delete_all(conn, account, &work.visitors)
            })
            .await?;
        erase_unused_texts(app, account).await?;
        Ok(Vec::new())
    }

    /// Writes down which texts the visitors brought, while their rows are still there. `erase_unused_texts` looks at them.
    async fn note_texts(&self, app: &App) -> Result<(), Error> {
        let (account, work) = (self.account, self.clone());
        let texts = app
            .store
            .read_long(move |conn| {
                erase_texts::list_of_visitors(conn, account, &work.visitors, &work.range_ms)
            })
            .await?;
        app.store.writer.write(move |conn| erase_texts::insert(conn, account, &texts)).await?;
        Ok(())
    }

    /// Takes the visitors out of all segments; answers the days they may still be in.
    async fn erase_days(&self, app: &App) -> Result<Vec<LocalDay>, Error> {
        let account = self.account;
        let mut left = Vec::new();
        for _ in 0..ROUNDS {
            let (work, clock) = (self.clone(), Arc::clone(&app.clock));
            let held = app
                .store
                .read_long(move |conn| {
                    let deadline = Deadline::new(clock);
                    erase_visitors::list_segments(conn, account, &work.visitors, &work.range_ms, &deadline)
                })
                .await?;
            left = held.damaged;
            if held.segments.is_empty() {
                break;
            }
            left.extend(held.segments.iter().map(|segment| segment.day));
            let cut = |mut segments: VecDeque<Segment>| {
                let visitors = Arc::clone(&self.visitors);
                app.store.read_long(move |conn| {
                    Ok::<_, store::Error>((
                        erase_visitors::prepare_removals(conn, &visitors, &mut segments)?,
                        segments,
                    ))
                })
            };
            let (mut cuts, mut segments) = cut(held.segments.into()).await?;
            while !cuts.is_empty() || !segments.is_empty() {
                // What is left of the next ones is made while these are written: the writer only writes.
                let written =
                    app.store.writer.write(move |conn| erase_visitors::apply_removals(conn, account, cuts));
                let (written, next) = tokio::join!(written, cut(segments));
                written?;
                (cuts, segments) = next?;
            }
        }
        left.sort_unstable();
        left.dedup();
        Ok(left)
    }
}

/// Erases those of the noted texts that nobody else brought.
async fn erase_unused_texts(app: &App, account: AccountId) -> Result<(), Error> {
    let unused = app.store.read_long(move |conn| erase_texts::list_unused(conn, account)).await?;
    app.store.writer.write(move |conn| erase_texts::erase(conn, account, &unused)).await?;
    Ok(())
}
