//! Deletes what is older than the owner keeps, account by account, a month of days in a step so that visitors never
//! wait for it; then the visitors that were not seen since and are no contacts. A wrong clock must not empty a store:
//! when the clock has jumped, the job waits a day and logs why.

use std::time::Duration;

use jiff::ToSpan;
use rustc_hash::FxHashMap;

use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::store;

/// When the clock moved further than this between two runs, it has jumped, or the server was off for that long.
pub const LEAP: i64 = DAY;
/// How long the clock must go on evenly before it is trusted again.
pub const WAIT: Duration = Duration::from_secs(24 * 3600);

/// Deletes what is due, and remembers when it last ran.
#[derive(Debug, Default)]
pub struct RetentionJob {
    /// When the wait after a jump began, by the monotonic clock.
    watched: Option<Duration>,
    /// The first day kept when the account's visitors were last looked through. Once a day is often enough.
    visitors: FxHashMap<AccountId, LocalDay>,
}

impl RetentionJob {
    /// Goes through all accounts and returns how many they are. An account that fails does not hold up the others.
    pub fn run(&mut self, app: &App, months: u32) -> Result<usize, store::Error> {
        let now = app.now();
        if months == 0 || !self.is_clock_trusted(app, now)? {
            return Ok(0);
        }
        let accounts = app.accounts.list();
        for account in &accounts {
            if let Err(error) = self.delete_old(app, account, months, now) {
                tracing::error!(account = account.id().0, %error, "old data could not be deleted");
            }
        }
        let zone = Zone::named("UTC");
        let before = zone.start_of(first_kept(zone.day_of(now), months));
        while app.store.writer.write_blocking(move |conn| store::retention::delete_log_rows(conn, before))? {}
        app.store.writer.write_blocking(move |conn| store::retention::update_last(conn, now))?;
        Ok(accounts.len())
    }

    fn delete_old(
        &mut self,
        app: &App,
        account: &Account,
        months: u32,
        now: Millis,
    ) -> Result<(), store::Error> {
        let id = account.id();
        let (first, before) = delete_days(app, account, months, now)?;
        if self.visitors.get(&id) != Some(&first) && delete_visitors(app, id, before)? {
            self.visitors.insert(id, first);
        }
        Ok(())
    }

    /// Whether the clock is trusted.
    fn is_clock_trusted(&mut self, app: &App, now: Millis) -> Result<bool, store::Error> {
        let last = app.store.readers.read(store::retention::find_last)?;
        if last.is_none_or(|last| now.since(last).abs() <= LEAP) {
            self.watched = None;
            return Ok(true);
        }
        let monotonic = app.clock.monotonic();
        let since = *self.watched.get_or_insert_with(|| {
            tracing::warn!(
                last = last.map(Millis::iso),
                now = now.iso(),
                "the clock has moved by more than a day since old data was last deleted, so nothing is \
                 deleted until it has run for another day"
            );
            monotonic
        });
        if monotonic.saturating_sub(since) < WAIT {
            return Ok(false);
        }
        self.watched = None;
        Ok(true)
    }
}

/// Deletes the days of an account that are too old. Returns the first day that is kept, and when it begins.
pub fn delete_days(
    app: &App,
    account: &Account,
    months: u32,
    now: Millis,
) -> Result<(LocalDay, Millis), store::Error> {
    let id = account.id();
    let first = first_kept(account.zone.day_of(now), months);
    let before = account.zone.start_of(first);
    while app.store.writer.write_blocking(move |conn| store::retention::step(conn, id, first, before))? {}
    Ok((first, before))
}

/// The first local day that is kept.
#[must_use]
pub fn first_kept(today: LocalDay, months: u32) -> LocalDay {
    let date = today.date().checked_sub(i64::from(months).months());
    date.map_or(LocalDay(i32::MIN / 2), LocalDay::of_date)
}

/// Deletes visitors of whom nothing is left. A reader finds them, so that nobody waits, and few are deleted at a
/// time. Returns whether all of them were found.
fn delete_visitors(app: &App, account: AccountId, before: Millis) -> Result<bool, store::Error> {
    let list = |conn: &store::Connection| store::retention::list_unseen(conn, account, before);
    let (unseen, before) = app.store.readers.read(list)?;
    for some in unseen.tokens.chunks(store::retention::VISITORS) {
        let some = some.to_vec();
        app.store
            .writer
            .write_blocking(move |conn| store::retention::delete_tokens(conn, account, before, &some))?;
    }
    for some in unseen.numbers.chunks(store::retention::VISITORS) {
        let some = some.to_vec();
        app.store
            .writer
            .write_blocking(move |conn| store::retention::delete_unseen(conn, account, before, &some))?;
    }
    Ok(unseen.numbers.len() < store::retention::FOUND)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::period::parse_day;

    #[test]
    fn months_are_those_of_the_calendar() {
        let first = |today: &str, months| first_kept(parse_day(today).unwrap(), months).to_string();
        assert_eq!(first("2026-11-23", 25), "2024-10-23");
        assert_eq!(first("2024-03-31", 1), "2024-02-29");
        assert_eq!(first("2026-11-23", 0), "2026-11-23");
    }
}
