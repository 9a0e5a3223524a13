//! The figures of the consent log: answers of a period, by country, page or device, and how often the banner asked.

use std::ops::Range;

use rusqlite::{Connection, named_params};
use serde::Serialize;

use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;
use crate::store::error::Error;

/// What answers are grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    Country,
    /// Host and path. Of erased persons the host alone, and of pages past the most of a day nothing.
    Page,
    Device,
}

/// The period of a report, in time and in local days, both of which are included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    pub account: AccountId,
    pub range_ms: Range<i64>,
    pub days: (LocalDay, LocalDay),
}

/// How many choices there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Answers {
    pub accepted: u64,
    pub partly: u64,
    pub refused: u64,
    /// Withdrawals of earlier choices, which answer no banner.
    pub withdrawn: u64,
    /// Those of the first two that allow analytics.
    pub allowed: u64,
}

impl Answers {
    /// How many answer a banner.
    #[must_use]
    pub const fn answered(&self) -> u64 {
        self.accepted + self.partly + self.refused
    }

    fn read(row: &rusqlite::Row<'_>, first: usize) -> Result<Self, rusqlite::Error> {
        let n = |place: usize| row.get::<_, Option<i64>>(first + place);
        let n = |place: usize| n(place).map(|n| n.unwrap_or(0).unsigned_abs());
        Ok(Self { accepted: n(0)?, partly: n(1)?, refused: n(2)?, withdrawn: n(3)?, allowed: n(4)? })
    }
}

/// The sums of the answers. Tests compare them with `Answer::of`.
const SUMS: &str = "sum(how <> 'withdraw' and mask & 14 = 14),
    sum(how <> 'withdraw' and mask & 14 not in (0, 14)),
    sum(how <> 'withdraw' and mask & 14 = 0),
    sum(how = 'withdraw'),
    sum(how <> 'withdraw' and mask & 2 <> 0)";

/// All answers of a time.
pub fn sum(conn: &Connection, account: AccountId, range_ms: Range<i64>) -> Result<Answers, Error> {
    let sql =
        format!("select {SUMS} from consent_choice where account_id = ?1 and at_ms >= ?2 and at_ms < ?3");
    let read = |row: &rusqlite::Row<'_>| Answers::read(row, 0);
    Ok(conn.prepare_cached(&sql)?.query_row((account.0, range_ms.start, range_ms.end), read)?)
}

/// A group: its name, its answers, and how often the banner asked.
pub type Group = (String, Answers, u64);

/// The groups with most answers, at most `limit`, and how many there are.
pub fn list(conn: &Connection, wanted: &Wanted, by: By, limit: usize) -> Result<(Vec<Group>, u64), Error> {
    let name = match by {
        By::Country => "country",
        By::Page => "host || path",
        By::Device => "device",
    };
    let sql = format!(
        "with counted as (
             select {name} as name, {SUMS}, 0 from consent_choice
             where account_id = :account and at_ms >= :start and at_ms < :end group by 1
             union all
             select {name}, 0, 0, 0, 0, 0, sum(asked) from consent_asked
             where account_id = :account and day between :first and :last group by 1),
         counts (name, accepted, partly, refused, withdrawn, allowed, asked) as (select * from counted)
         select name, sum(accepted), sum(partly), sum(refused), sum(withdrawn), sum(allowed), sum(asked),
             count(*) over ()
         from counts group by name
         order by sum(accepted + partly + refused) desc, sum(asked) desc, name limit :limit"
    );
    let mut statement = conn.prepare_cached(&sql)?;
    let mut rows = statement.query(named_params! {
        ":account": wanted.account.0,
        ":start": wanted.range_ms.start,
        ":end": wanted.range_ms.end,
        ":first": wanted.days.0.0,
        ":last": wanted.days.1.0,
        ":limit": i64::try_from(limit).unwrap_or(i64::MAX),
    })?;
    let (mut groups, mut total) = (Vec::new(), 0);
    while let Some(row) = rows.next()? {
        groups.push((row.get(0)?, Answers::read(row, 1)?, row.get::<_, i64>(6)?.unsigned_abs()));
        total = row.get::<_, i64>(7)?.unsigned_abs();
    }
    Ok((groups, total))
}

/// The days on which it was counted how often the banner asked, with that count, in order.
pub fn list_asked_days(conn: &Connection, wanted: &Wanted) -> Result<Vec<(LocalDay, u64)>, Error> {
    let mut statement = conn.prepare_cached(
        "select day, sum(asked) from consent_asked where account_id = ?1 and day between ?2 and ?3
         group by day order by day",
    )?;
    let days = (wanted.account.0, wanted.days.0.0, wanted.days.1.0);
    let rows =
        statement.query_map(days, |row| Ok((LocalDay(row.get(0)?), row.get::<_, i64>(1)?.unsigned_abs())))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// How many choices were refused because their day had its most.
pub fn count_refused(conn: &Connection, wanted: &Wanted) -> Result<u64, Error> {
    let sql =
        "select coalesce(sum(refused), 0) from consent_day where account_id = ?1 and day between ?2 and ?3";
    let days = (wanted.account.0, wanted.days.0.0, wanted.days.1.0);
    Ok(conn.prepare_cached(sql)?.query_row(days, |row| row.get::<_, i64>(0))?.unsigned_abs())
}
