//! Erasing one visitor: what goes, and the steps that take it away. What is kept on purpose is written in
//! `store::erase_visitor`. The audit log says that a visitor was erased and how much it was, never who.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::store;
use crate::store::erase_visitor;
use crate::store::scan::Deadline;
use crate::store::segment::Segment;
use crate::store::timeline::{self, Timeline};

/// Longest it waits until everything acknowledged is folded.
const WAIT: Duration = Duration::from_secs(10);
/// How often the segments are looked through again, should days be closed meanwhile.
const ROUNDS: usize = 3;

/// What was erased.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Erased {
    pub sessions: u64,
    pub page_views: u64,
    pub days: u64,
    /// Days that cannot be read, so that the visitor may still be in them; then it can be erased again.
    pub damaged: Vec<LocalDay>,
}

/// Erases a visitor, with everything acknowledged before the call. Cut off anywhere, it finishes when it is run again.
///
/// # Errors
/// `Denied` below admin; `NotFound` when there is no such visitor, or it is the number for what programs report
/// about a contact; the store's.
pub async fn erase_visitor(
    app: &App,
    actor: Actor,
    account: AccountId,
    number: VisitorNumber,
) -> Result<Erased, Error> {
    tokio::time::timeout(WAIT, app.folded()).await.map_err(|_| store::Error::Busy)?;
    let entry = app.accounts.find(account).ok_or(store::Error::NotFound)?;
    let (now, clock) = (app.now(), Arc::clone(&app.clock));
    // What takes long is read beside the writer.
    let (tokens, gone) = app
        .store
        .read_long(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let ask = timeline::Request {
                account,
                visitor: number,
                range_ms: range_of(conn, account, number)?,
                zone: &entry.zone,
                after: None,
                limit: 0,
                deadline: &Deadline::new(clock),
            };
            let gone = timeline::list(conn, &ask)?;
            Ok::<_, Error>((store::visitor::list_tokens(conn, account, number)?, gone))
        })
        .await?;
    let (known, detail) = (tokens.clone(), summary(&gone));
    let range_ms = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            // with what came meanwhile: from here on no hit joins the visitor
            let range_ms = range_of(conn, account, number)?;
            erase_visitor::delete_identity(conn, account, number, &known)?;
            store::audit::insert(conn, now, Some(account), actor.user(), "visitor.erase", &detail)?;
            Ok::<_, Error>(range_ms)
        })
        .await?;
    app.live.forget(account, number.0, &tokens);
    let range = range_ms.clone();
    let seen = app
        .store
        .read_long(move |conn| erase_visitor::list_event_ids(conn, account, number, &range, now))
        .await?;
    let range = range_ms.clone();
    app.store
        .writer
        .write(move |conn| {
            erase_visitor::detach_event_ids(conn, account, &seen)?;
            erase_visitor::delete_rows(conn, account, number, &range, now)
        })
        .await?;
    let left = erase_days(app, account, number, &range_ms).await?;
    if left.is_empty() {
        app.store.writer.write(move |conn| store::visitor::delete(conn, account, number)).await?;
    }
    let Timeline { sessions, sums, days, .. } = gone;
    Ok(Erased { sessions, page_views: sums.page_views, days, damaged: left })
}

/// When the visitor was seen.
fn range_of(
    conn: &store::Connection,
    account: AccountId,
    number: VisitorNumber,
) -> Result<Range<i64>, store::Error> {
    let visitor = store::visitor::find(conn, account, number)?.filter(|found| !found.no_browser);
    let visitor = visitor.ok_or(store::Error::NotFound)?;
    Ok(visitor.first_ms..visitor.last_ms.saturating_add(1))
}

/// Takes the visitor out of all segments; answers the days it may still be in.
async fn erase_days(
    app: &App,
    account: AccountId,
    number: VisitorNumber,
    range_ms: &Range<i64>,
) -> Result<Vec<LocalDay>, Error> {
    let mut left = Vec::new();
    for _ in 0..ROUNDS {
        let (range, clock) = (range_ms.clone(), Arc::clone(&app.clock));
        let held = app
            .store
            .read_long(move |conn| {
                erase_visitor::list_segments(conn, account, number, &range, &Deadline::new(clock))
            })
            .await?;
        left = held.damaged;
        if held.segments.is_empty() {
            break;
        }
        left.extend(held.segments.iter().map(|segment| segment.day));
        let cut = |mut segments: VecDeque<Segment>| {
            app.store.read_long(move |conn| {
                Ok::<_, store::Error>((
                    erase_visitor::prepare_removals(conn, number, &mut segments)?,
                    segments,
                ))
            })
        };
        let (mut cuts, mut segments) = cut(held.segments.into()).await?;
        while !cuts.is_empty() || !segments.is_empty() {
            // What is left of the next ones is made while these are written: the writer only writes.
            let written =
                app.store.writer.write(move |conn| erase_visitor::apply_removals(conn, account, cuts));
            let (written, next) = tokio::join!(written, cut(segments));
            written?;
            (cuts, segments) = next?;
        }
    }
    left.sort_unstable();
    left.dedup();
    Ok(left)
}

fn summary(gone: &Timeline) -> String {
    let Timeline { sessions, sums, days, .. } = gone;
    format!("{sessions} sessions, {} page views, {days} days", sums.page_views)
}
