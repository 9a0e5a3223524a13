//! Erasing one visitor: what goes, and the steps that take it away. What is kept on purpose is written in
//! `store::erase`. The audit log says that a visitor was erased and how much it was, never who.

use std::sync::Arc;
use std::time::Duration;

use super::access::{self, Actor, Error};
use super::core::App;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::store::scan::Deadline;
use crate::store::timeline::{self, Timeline};
use crate::store::{self, erase};

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
    /// Days that cannot be read, so that he may still be in them; then he can be erased again.
    pub damaged: Vec<LocalDay>,
}

/// Erases a visitor, with everything acknowledged before the call. Cut off anywhere, it finishes when it is run again.
///
/// # Errors
/// `Denied` below admin; `NotFound` when there is no such visitor, or he is the number of what programs tell of a
/// contact; the store's.
pub async fn erase_visitor(
    app: &App,
    actor: Actor,
    account: AccountId,
    number: VisitorNumber,
) -> Result<Erased, Error> {
    tokio::time::timeout(WAIT, app.folded()).await.map_err(|_| store::Error::Busy)?;
    let entry = app.accounts.find(account).ok_or(store::Error::NotFound)?;
    let (now, clock) = (app.now(), Arc::clone(&app.clock));
    let tokens = app.store.read(move |conn| store::visitor::list_tokens(conn, account, number)).await?;
    let (gone, range_ms) = {
        let tokens = tokens.clone();
        let clock = Arc::clone(&clock);
        app.store
            .writer
            .write(move |conn| {
                access::need(conn, actor, account, Role::Admin)?;
                let visitor = store::visitor::find(conn, account, number)?.filter(|found| !found.no_browser);
                let visitor = visitor.ok_or(store::Error::NotFound)?;
                let range_ms = visitor.first_ms..visitor.last_ms.saturating_add(1);
                let ask = timeline::Ask {
                    account,
                    visitor: number,
                    range_ms: range_ms.clone(),
                    zone: &entry.zone,
                    after: None,
                    limit: 0,
                    deadline: &Deadline::new(clock),
                };
                let gone = timeline::list(conn, &ask)?;
                erase::delete_identity(conn, account, number, &tokens)?;
                let detail = told(&gone);
                store::audit::insert(conn, now, Some(account), actor.user(), "visitor.erase", &detail)?;
                Ok::<_, Error>((gone, range_ms))
            })
            .await?
    };
    app.live.forget(account, number.0, &tokens);
    let range = range_ms.clone();
    let seen = app.store.read(move |conn| erase::list_seen(conn, account, number, &range, now)).await?;
    let range = range_ms.clone();
    app.store
        .writer
        .write(move |conn| {
            erase::update_seen(conn, account, &seen)?;
            erase::delete_rows(conn, account, number, &range, now)
        })
        .await?;
    let mut left = Vec::new();
    for _ in 0..ROUNDS {
        let (range, clock) = (range_ms.clone(), Arc::clone(&clock));
        let held = app
            .store
            .read(move |conn| erase::list_days(conn, account, number, &range, &Deadline::new(clock)))
            .await?;
        left = held.damaged;
        if held.days.is_empty() {
            break;
        }
        let mut days = held.days.clone();
        while !days.is_empty() {
            let due = days.clone();
            let done =
                app.store.writer.write(move |conn| erase::delete_from_days(conn, account, number, &due)).await?;
            days.drain(..done.min(days.len()));
        }
        left.extend(held.days);
    }
    left.sort_unstable();
    left.dedup();
    if left.is_empty() {
        app.store.writer.write(move |conn| store::visitor::delete(conn, account, number)).await?;
    }
    let Timeline { sessions, sums, days, .. } = gone;
    Ok(Erased { sessions, page_views: sums.page_views, days, damaged: left })
}

fn told(gone: &Timeline) -> String {
    let Timeline { sessions, sums, days, .. } = gone;
    format!("{sessions} sessions, {} page views, {days} days", sums.page_views)
}
