//! Stored days that a benchmark begins with.

use std::ops::RangeInclusive;

use anyhow::{Context, anyhow};

use super::requests::{self, Request, What};
use crate::app::App;
use crate::app::ingest::accept::beacon::of_json;
use crate::app::ingest::accept::{Sender, read_hit};
use crate::app::ingest::fold::{self, Cache};
use crate::app::jobs::close_days::CloseJob;
use crate::base::clock::{DAY, HOUR, Millis};
use crate::domain::account::AccountId;
use crate::store;

/// How long ago the page views of a closed day were, milliseconds. Their ids are known for two days.
const LATE: i64 = 25 * HOUR;
/// In how many parts of a day the page views of a busy day come: each minute some.
const PARTS: i64 = 24 * 60;
/// After how many of them the server looks whether rows can leave the open day.
const PARTS_PER_CLOSING: i64 = 10;

/// Stores a page view of each request on a day that is over, and closes that day. The event ids are 1, 2, 3 and so on.
pub(super) fn close_a_day(app: &App) -> anyhow::Result<()> {
    let requests = requests::make(What::PageViews);
    let count = requests.len() as u64;
    fold_views(app, &requests, app.now().plus(-LATE), 1..=count, &mut Cache::default())?;
    let account = app.accounts.find(AccountId::FIRST).context("no account")?;
    CloseJob::default().close_account(app, &account, app.now())?;
    let hot = app.store.readers.read(|conn| store::event::find_first(conn, account.id(), 0, i64::MAX))?;
    anyhow::ensure!(hot.is_none(), "the day was not closed");
    Ok(())
}

/// Stores a day of `rows` page views that is over but not closed. The server has run all day, so most rows have left the
/// open day in parts; they are joined when it is closed, and those of the last hours move. The event ids begin at `first`.
pub(super) fn fold_a_busy_day(app: &App, rows: u64, first: u64) -> anyhow::Result<()> {
    let requests = requests::make(What::PageViews);
    let account = app.accounts.find(AccountId::FIRST).context("no account")?;
    let start = account.zone.start_of(account.zone.day_of(app.now()).plus(-1));
    let each = rows.div_ceil(PARTS.unsigned_abs());
    let mut cache = Cache::default();
    for part in 0..PARTS {
        let at = start.plus(part * DAY / PARTS);
        let first = first + part.unsigned_abs() * each;
        fold_views(app, &requests, at, first..=first + each - 1, &mut cache)?;
        if part % PARTS_PER_CLOSING == 0 {
            CloseJob::default().close_account(app, &account, at)?;
        }
    }
    Ok(())
}

/// Folds a page view with each event id as if it arrived at `at`.
fn fold_views(
    app: &App,
    requests: &[Request],
    at: Millis,
    ids: RangeInclusive<u64>,
    cache: &mut Cache,
) -> anyhow::Result<()> {
    let account = app.accounts.find(AccountId::FIRST).context("no account")?;
    let sender = Sender::default();
    let agent = app.user_agents.read(sender.user_agent, &sender.hints);
    let mut hits = Vec::new();
    for (number, request) in ids.zip(requests.iter().cycle()) {
        let body = request.body(number);
        for beacon in of_json(&body).map_err(|_| anyhow!("unreadable request"))? {
            let beacon = beacon.map_err(|_| anyhow!("unreadable page view"))?;
            let hit = read_hit(app, at, sender, &agent, &account, &beacon);
            hits.push(hit.map_err(|reason| anyhow!("a page view was refused: {}", reason.as_str()))?);
        }
    }
    fold::fold_hits(app, cache, at, hits)?;
    Ok(())
}
