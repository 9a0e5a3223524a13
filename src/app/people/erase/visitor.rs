//! Erasing one visitor, whose contact stays, if there is one.

use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashSet;

use super::{Leaving, Remember, wait_for_fold};
use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::store;
use crate::store::erase_visitors;
use crate::store::erased::Mark;
use crate::store::scan::Deadline;
use crate::store::timeline::{self, Timeline};

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
    erase(app, actor, account, number, Remember::Yes).await
}

pub(super) async fn erase(
    app: &App,
    actor: Actor,
    account: AccountId,
    number: VisitorNumber,
    remember: Remember,
) -> Result<Erased, Error> {
    wait_for_fold(app).await?;
    let _turn = app.erasing.lock().await;
    let entry = app.accounts.find(account).ok_or(store::Error::NotFound)?;
    let (now, clock) = (app.now(), Arc::clone(&app.clock));
    let visitors = Arc::new(FxHashSet::from_iter([number.0]));
    let of = Arc::clone(&visitors);
    // What takes long is read beside the writer.
    let (tokens, gone) = app
        .store
        .read_long(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let ask = timeline::Request {
                account,
                visitors: &[(number, range_of(conn, account, number)?)],
                zone: &entry.zone,
                after: None,
                limit: 0,
                rows: timeline::ROWS_MAX,
                deadline: &Deadline::new(clock),
            };
            let gone = timeline::list(conn, &ask)?;
            Ok::<_, Error>((store::visitor::list_tokens(conn, account, &of)?, gone))
        })
        .await?;
    let marks = tokens.iter().cloned().map(Mark::Token).collect();
    let remembered = remember.append(app, account, marks).await?;
    let (known, detail, of) = (tokens.clone(), summary(&gone), Arc::clone(&visitors));
    let range_ms = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            // with what came meanwhile: from here on no hit joins the visitor
            let range_ms = range_of(conn, account, number)?;
            erase_visitors::delete_identity(conn, account, &of, &known, &[])?;
            remembered.map_or(Ok(()), |count| store::erased::update_count(conn, count))?;
            store::audit::insert(conn, now, Some(account), actor.user(), "visitor.erase", &detail)?;
            Ok::<_, Error>(range_ms)
        })
        .await?;
    app.live.forget(account, number.0, &tokens);
    let damaged = Leaving { account, visitors, range_ms }.erase(app).await?;
    app.store.truncate_logs().await;
    let Timeline { sessions, sums, days, .. } = gone;
    Ok(Erased { sessions, page_views: sums.page_views, days, damaged })
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

fn summary(gone: &Timeline) -> String {
    let Timeline { sessions, sums, days, .. } = gone;
    format!("{sessions} sessions, {} page views, {days} days", sums.page_views)
}
