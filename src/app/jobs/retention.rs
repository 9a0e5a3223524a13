//! Deletes what is older than an account keeps, kind by kind, a month of days in a step so that visitors never wait for it;
//! then the visitors that were not seen since and are no contacts. A wrong clock must not empty a store: when the clock
//! has jumped, the job waits a day and logs why, and after a long jump it waits until somebody confirms the time.

use std::time::Duration;

use rustc_hash::FxHashMap;

use crate::app::core::App;
use crate::app::state::account_cache::Entry as Account;
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::retention::{JUMP_MAX, Kind, Retention, needs_confirming};
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
    /// Goes through all accounts and returns how many they are, 0 when the clock is not trusted. An account that fails does not
    /// hold up the others.
    pub fn run(&mut self, app: &App) -> Result<usize, store::Error> {
        let now = app.now();
        if !self.is_clock_trusted(app, now)? {
            return Ok(0);
        }
        let default = app.retention;
        let accounts = app.accounts.list();
        for account in &accounts {
            if let Err(error) = self.delete_old(app, account, default, now) {
                tracing::error!(account = account.id().0, %error, "old data could not be deleted");
            }
        }
        delete_log_rows(app, None, &Zone::named("UTC"), default, now)?;
        app.store.writer.write_blocking(move |conn| store::retention::update_last(conn, now))?;
        Ok(accounts.len())
    }

    fn delete_old(
        &mut self,
        app: &App,
        account: &Account,
        default: Retention,
        now: Millis,
    ) -> Result<(), store::Error> {
        let id = account.id();
        let find = |conn: &store::Connection| store::retention::find(conn, id, default);
        let kept = app.store.readers.read(find)?;
        let oldest = delete_days(app, account, &kept, now)?;
        if let Some((first, before)) = oldest
            && self.visitors.get(&id) != Some(&first)
            && delete_visitors(app, id, before)?
        {
            self.visitors.insert(id, first);
        }
        delete_log_rows(app, Some(id), &account.zone, kept, now)
    }

    /// Whether the clock is trusted.
    fn is_clock_trusted(&mut self, app: &App, now: Millis) -> Result<bool, store::Error> {
        let last = app.store.readers.read(store::retention::find_last)?;
        if last.is_none_or(|last| now.since(last).abs() <= LEAP) {
            self.watched = None;
            return Ok(true);
        }
        let is_doubted = last.is_some_and(|last| needs_confirming(last, now));
        let monotonic = app.clock.monotonic();
        let since = *self.watched.get_or_insert_with(|| {
            tracing::warn!(
                last = last.map(Millis::iso),
                now = now.iso(),
                needs_confirming = is_doubted,
                "the clock has moved by more than a day since old data was last deleted, so nothing is deleted until it \
                 has run for another day, or after more than {} days until somebody confirms the time",
                JUMP_MAX / DAY
            );
            monotonic
        });
        let waited = monotonic.saturating_sub(since);
        let jumped_to = Millis(now.0 - i64::try_from(waited.as_millis()).unwrap_or(i64::MAX));
        if waited < WAIT || last.is_some_and(|last| needs_confirming(last, jumped_to)) {
            return Ok(false);
        }
        self.watched = None;
        Ok(true)
    }
}

/// Deletes the days of an account that are too old, page views, completions, submissions and logged choices each when theirs is. Returns the
/// first day of which anything of a visitor is kept, and when it begins; `None` when all days are.
pub fn delete_days(
    app: &App,
    account: &Account,
    kept: &Retention,
    now: Millis,
) -> Result<Option<(LocalDay, Millis)>, store::Error> {
    let (id, today) = (account.id(), account.zone.day_of(now));
    let first = |kind| kept.first_kept(kind, today);
    let (visits, completions) = (first(Kind::Visits), first(Kind::Completions));
    let oldest = visits.zip(completions).map(|(visits, completions)| visits.min(completions));
    let oldest = oldest.map(|first| (first, account.zone.start_of(first)));
    if let Some((first, before)) = oldest {
        while app.store.writer.write_blocking(move |conn| store::retention::step(conn, id, first, before))? {}
    }
    for (kind, first) in [(Kind::Visits, visits), (Kind::Completions, completions)] {
        let sooner = first.filter(|first| oldest.is_none_or(|(oldest, _)| *first > oldest));
        if let Some(first) = sooner {
            delete_kind(app, id, kind, account.zone.start_of(first))?;
        }
    }
    if let Some(first) = visits {
        let delete = move |conn: &_| store::anonymous_count::delete_before(conn, id, first);
        while app.store.writer.write_blocking(delete)? {}
    }
    if let Some(first) = first(Kind::Submissions) {
        let before = account.zone.start_of(first);
        let delete = move |conn: &_| store::retention::delete_submissions(conn, id, before);
        while app.store.writer.write_blocking(delete)? {}
    }
    if let Some(first) = first(Kind::ConsentLog) {
        let before = account.zone.start_of(first);
        let delete = move |conn: &_| store::consent::choice::delete_before(conn, id, first, before);
        while app.store.writer.write_blocking(delete)? {}
    }
    Ok(oldest)
}

/// Takes page views or completions out of days whose other rows are kept longer. What is left of a day is made beside the
/// writer, which only writes it.
fn delete_kind(app: &App, account: AccountId, kind: Kind, before: Millis) -> Result<(), store::Error> {
    let list = |conn: &store::Connection| store::retention::list_with(conn, account, kind, before);
    let mut segments = app.store.readers.read(list)?;
    while !segments.is_empty() {
        let prepare = |conn: &store::Connection| {
            let mut segments = segments.clone();
            let prepared = store::retention::prepare_without(conn, kind, &mut segments)?;
            Ok::<_, store::Error>((prepared, segments))
        };
        let (prepared, left) = app.store.readers.read(prepare)?;
        segments = left;
        app.store.writer.write_blocking(move |conn| store::retention::apply(conn, account, prepared))?;
    }
    if kind == Kind::Completions {
        let delete = move |conn: &_| store::retention::delete_properties(conn, account, before);
        app.store.writer.write_blocking(delete)?;
    }
    Ok(())
}

/// Deletes rows of logs of an account, or of the server, that are too old.
fn delete_log_rows(
    app: &App,
    account: Option<AccountId>,
    zone: &Zone,
    kept: Retention,
    now: Millis,
) -> Result<(), store::Error> {
    if let Some(first) = kept.first_kept(Kind::AuditLog, zone.day_of(now)) {
        let before = zone.start_of(first);
        let delete = move |conn: &_| store::retention::delete_log_rows(conn, account, before);
        while app.store.writer.write_blocking(delete)? {}
    }
    Ok(())
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
