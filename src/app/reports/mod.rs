//! Reports as the pages, their JSON and their CSV show them; each page has a file. A report turns a query into one
//! request to the scan, and its answer into rows with the keys that other programs rely on. Nothing is counted here.

pub mod anonymous;
pub mod consent;
pub mod consent_log;
pub mod dashboard;
pub mod devices;
mod error;
pub mod event;
pub mod events;
pub mod pages;
pub mod parameters;
mod people;
pub mod saved_views;
pub mod sources;
pub mod typed;

use std::borrow::Cow;
use std::ops::Range;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use super::core::App;
use crate::app::state::account_cache::Entry;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::period::{Days, LocalDay, Step};
use crate::domain::question::{Dimension, Filter, NONE, Period};
use crate::store::{self, Connection, scan};
use parameters::{after, choose, limit, no_cursor, not_one_of};

pub use anonymous::{anonymous, anonymous_totals};
pub use companies::{CompanyReport, CompanyRow};
pub use consent::{ConsentReport, consent};
pub use contact::{ContactReport, contact};
pub use contacts::ContactRow;
pub use dashboard::{Dashboard, dashboard};
pub use devices::{NameRow, countries, devices};
pub use error::Error;
pub use event::{EventReport, event};
pub use events::{EventRow, events};
pub use forms::{FormReport, FormRow, form, forms};
pub use pages::{PageRow, pages};
pub use parameters::{LIMIT_DEFAULT, LIMIT_MAX};
pub use people::{
    analytics, companies, company_timeline, contact, contacts, forms, kept, lists, merges, person,
    properties, timeline_filter, visitor,
};
pub use sources::{SourceRow, sources};
pub use visitor::{VisitorReport, visitor};

/// What an address asks of a report.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportQuery {
    pub period: Period,
    pub filters: Vec<Filter>,
    pub limit: usize,
    pub after: Option<scan::Cursor>,
    /// A variant of the page.
    pub show: Option<String>,
    /// What the page groups by.
    pub by: Option<String>,
    pub sort: scan::Measure,
    /// Rows of tables carry their figures of the period they are compared with. This costs one more scan.
    pub compares_rows: bool,
}

impl Default for ReportQuery {
    fn default() -> Self {
        Self {
            period: Period::default(),
            filters: Vec::new(),
            limit: LIMIT_DEFAULT,
            after: None,
            show: None,
            by: None,
            sort: scan::Measure::Visitors,
            compares_rows: false,
        }
    }
}

impl ReportQuery {
    /// Reads the decoded pairs of a query. The first of repeated keys counts, except that `filter` may be repeated;
    /// unknown keys are ignored.
    ///
    /// # Errors
    /// `Invalid`, with what is allowed.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Error> {
        let all = |key: &'static str| pairs.iter().filter(move |(k, _)| k == key).map(|(_, v)| v.as_str());
        let first = |key| parameters::first(pairs, key);
        let sort = first("sort").map(|text| {
            let words = scan::Measure::ALL.map(scan::Measure::as_str);
            scan::Measure::parse(text).ok_or_else(|| not_one_of(text, "order", &words))
        });
        Ok(Self {
            period: Period::parse(first("period"), first("from"), first("to"), first("compare"))?,
            filters: Filter::parse_all(all("filter"))?,
            limit: limit(first("limit"), LIMIT_DEFAULT)?,
            after: after(first("after"), scan::Cursor::parse)?,
            show: first("show").map(str::to_owned),
            by: first("by").map(str::to_owned),
            sort: sort.transpose()?.unwrap_or(scan::Measure::Visitors),
            compares_rows: first("compare").is_some(),
        })
    }

    fn top(&self, skip_empty: bool) -> scan::Top {
        scan::Top { by: self.sort, limit: self.limit, after: self.after, skip_empty }
    }
}

/// A page of a table.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Table<R> {
    pub rows: Vec<R>,
    /// Number of all rows, shown or not.
    pub total: u64,
    /// The value of `after` that continues the table.
    pub next: Option<String>,
    /// The period that `before` of the rows is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compared>,
    /// How many page views in the table are of suspected robots.
    #[serde(skip_serializing_if = "is_zero")]
    pub suspected_page_views: u64,
    /// Local days that cannot be read and are missing here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
const fn is_zero(n: &u64) -> bool {
    *n == 0
}

/// The days that rows are compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    #[serde(flatten)]
    pub period: Span,
    /// Where the comparison ends, while the period itself is not over.
    pub until: Option<String>,
}

/// The figures of a row in the period it is compared with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Before {
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
}

impl From<&scan::Totals> for Before {
    fn from(figures: &scan::Totals) -> Self {
        let scan::Totals { visitors, sessions, page_views, .. } = *figures;
        Self { visitors, sessions, page_views }
    }
}

/// A period as an answer shows it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Span {
    /// Local days, both included.
    pub from: String,
    pub to: String,
}

impl From<Days> for Span {
    fn from(days: Days) -> Self {
        Self { from: days.first.to_string(), to: days.last.to_string() }
    }
}

/// Totals of the days compared with.
struct Earlier {
    period: Span,
    /// Where the compared part of these days ends, while the period itself is not over.
    until: Option<String>,
    /// Totals of that part.
    total: scan::Totals,
    /// Intervals of the chart, and a row for each.
    edges: Vec<i64>,
    steps: scan::Table,
    damaged: Vec<LocalDay>,
}

/// How long a long report waits for its turn.
const TURN_WAIT: Duration = Duration::from_secs(10);

/// Waits for the turn of a report over many days.
async fn long_turn(app: &App) -> Result<impl Drop, Error> {
    let turn = tokio::time::timeout(TURN_WAIT, app.long_reports.acquire()).await;
    Ok(turn.ok().and_then(Result::ok).ok_or(store::Error::Busy)?)
}

/// What every request of a report has in common: the account, the time and the days.
struct Frame {
    scanner: Arc<scan::Scanner>,
    entry: Arc<Entry>,
    now: Millis,
    days: Days,
}

impl Frame {
    fn new(app: &App, account: AccountId, query: &ReportQuery) -> Result<Self, Error> {
        let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
        let now = app.now();
        let days = query.period.days(entry.zone.day_of(now))?;
        Ok(Self { scanner: Arc::clone(&app.store.scanner), entry, now, days })
    }

    /// Reads for the report. Reports of many days run one after the other, and wait before they take a reader.
    async fn read<T: Send + 'static>(
        self,
        app: &App,
        question: impl FnOnce(&Self, &Connection) -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let is_long = self.days.count() > scan::LONG_DAYS;
        let _turn = if is_long { Some(long_turn(app).await?) } else { None };
        app.store.read_long(move |conn| question(&self, conn)).await
    }

    fn range(&self) -> Range<i64> {
        self.days.range(&self.entry.zone)
    }

    /// Decimal places of the account's currency.
    fn digits(&self) -> u32 {
        money::digits(&self.entry.settings().currency)
    }

    /// The period may not be over, so only the same part of `days` is compared with it. Returns that part, and its end
    /// when it is not all of `days`.
    fn part(&self, days: Days) -> (Range<i64>, Option<Millis>) {
        let zone = &self.entry.zone;
        let range = days.range(zone);
        let until = days.part_until(self.days, zone, self.now);
        let end = until.map_or(range.end, |until| until.0.max(range.start));
        (range.start..end, until)
    }

    /// The totals of the days compared with; `None` when there are none.
    fn earlier(
        &self,
        conn: &Connection,
        deadline: &scan::Deadline,
        query: &ReportQuery,
        filters: &[Filter],
    ) -> Result<Option<Earlier>, Error> {
        let Some(days) = query.period.compared(self.days) else { return Ok(None) };
        let zone = &self.entry.zone;
        let range = days.range(zone);
        let (part, until) = self.part(days);
        // Both series have the same number of points, so each point is drawn above its counterpart.
        let edges = days.edges(zone, self.days.step());
        let total = match until {
            // The first row holds the figures of the part, whose distinct visitors are those of that part alone.
            Some(_) => scan::Grouping::Intervals(vec![range.start, part.end, range.end]),
            None => scan::Grouping::Total,
        };
        let answer =
            self.ask(conn, deadline, range, filters, &[total, scan::Grouping::Intervals(edges.clone())])?;
        let mut tables = answer.tables.into_iter();
        let total = tables.next().and_then(|table| table.rows.into_iter().next());
        Ok(Some(Earlier {
            period: days.into(),
            until: until.map(Millis::iso),
            total: total.filter(|_| !part.is_empty()).unwrap_or_default().figures,
            edges,
            steps: tables.next().unwrap_or_default(),
            damaged: answer.damaged,
        }))
    }

    fn ask(
        &self,
        conn: &Connection,
        deadline: &scan::Deadline,
        range_ms: Range<i64>,
        filters: &[Filter],
        groupings: &[scan::Grouping],
    ) -> Result<scan::Answer, Error> {
        let contacts = groupings.iter().any(shows_contacts);
        let counted = if contacts { scan::Counted::Both } else { scan::Counted::Visitors };
        self.ask_of(conn, deadline, range_ms, filters, (groupings, counted))
    }

    /// The same, for a report that says itself whose distinct numbers it needs.
    fn ask_of(
        &self,
        conn: &Connection,
        deadline: &scan::Deadline,
        range_ms: Range<i64>,
        filters: &[Filter],
        (groupings, counted): (&[scan::Grouping], scan::Counted),
    ) -> Result<scan::Answer, Error> {
        let filters = &*self.with_switch(filters);
        let ask = scan::Request {
            account: self.entry.id(),
            range_ms,
            filters,
            groupings,
            engaged: groupings.iter().any(shows_time),
            counted,
            now: self.now,
            deadline: deadline.clone(),
            bounds: scan::Bounds::default(),
        };
        Ok(self.scanner.run(conn, &ask)?)
    }

    /// The filters with the account's own, which leaves out suspected robots. Who filters by that decides it himself.
    fn with_switch<'f>(&self, filters: &'f [Filter]) -> Cow<'f, [Filter]> {
        let is_asked = filters.iter().any(|filter| filter.dimension == Dimension::Suspected);
        if is_asked || !self.entry.tracking().leave_out_suspected {
            return Cow::Borrowed(filters);
        }
        Cow::Owned(filters.iter().cloned().chain([Filter::without_suspected()]).collect())
    }

    /// Intervals of the chart that have begun. Events with a time in the future count in the last one.
    fn steps(&self) -> (Step, Vec<i64>) {
        let step = self.days.step();
        let mut edges = self.days.edges(&self.entry.zone, step);
        let end = edges.pop();
        if edges.first().is_some_and(|start| *start <= self.now.0) {
            edges.retain(|start| *start <= self.now.0);
        }
        edges.extend(end);
        (step, edges)
    }
}

/// Whether a table shows how many contacts completed an event.
const fn shows_contacts(grouping: &scan::Grouping) -> bool {
    use scan::{Grouping, Key};
    matches!(grouping, Grouping::By(Key::Dimension(Dimension::Event | Dimension::Tag), _))
}

/// Whether a table shows, or is sorted by, how long pages were visible.
const fn shows_time(grouping: &scan::Grouping) -> bool {
    use scan::{Grouping, Key, Measure};
    match grouping {
        Grouping::Total
        | Grouping::Intervals(_)
        | Grouping::Grid(..)
        | Grouping::EachContact
        | Grouping::Suspected(_) => false,
        Grouping::Chosen(Key::Dimension(dimension), _) => dimension.is_page(),
        Grouping::Chosen(..) => false,
        Grouping::By(key, top) | Grouping::SumsBy(key, top) => {
            matches!(top.by, Measure::Engaged | Measure::TimeOfView | Measure::TimeOfSession)
                || matches!(key, Key::Dimension(dimension) if dimension.is_page())
        }
    }
}

/// A table grouped by one key.
async fn table<R: Send + 'static>(
    app: &App,
    account: AccountId,
    query: &ReportQuery,
    key: scan::Key,
    skip_empty: bool,
    row: impl Fn(scan::Row, Option<Before>) -> R + Send + 'static,
) -> Result<Table<R>, Error> {
    let frame = Frame::new(app, account, query)?;
    let (query, clock) = (query.clone(), Arc::clone(&app.clock));
    frame
        .read(app, move |frame, conn| {
            let robots = scan::Grouping::Suspected(skip_empty.then_some(key));
            let groupings = [scan::Grouping::By(key, query.top(skip_empty)), robots];
            let deadline = scan::Deadline::new(clock);
            let answer = frame.ask(conn, &deadline, frame.range(), &query.filters, &groupings)?;
            let mut damaged = answer.damaged;
            let mut tables = answer.tables.into_iter();
            let found = tables.next().unwrap_or_default();
            let suspected_page_views = suspected(&tables.next().unwrap_or_default()).page_views;
            let mut before = Vec::new();
            let mut compare = None;
            if let Some(days) = query.period.compared(frame.days).filter(|_| query.compares_rows) {
                let (range, until) = frame.part(days);
                let groupings = [scan::Grouping::Chosen(key, found.codes.clone())];
                let answer = frame.ask(conn, &deadline, range, &query.filters, &groupings)?;
                damaged.extend(answer.damaged);
                before = answer.tables.into_iter().next().unwrap_or_default().rows;
                compare = Some(Compared { period: days.into(), until: until.map(Millis::iso) });
            }
            let mut before = before.iter().map(|row| Before::from(&row.figures));
            let table = shown(found, |named| row(named, before.next()));
            Ok(Table { compare, suspected_page_views, damaged: iso_days(damaged), ..table })
        })
        .await
}

fn shown<R>(table: scan::Table, row: impl FnMut(scan::Row) -> R) -> Table<R> {
    Table {
        rows: table.rows.into_iter().map(row).collect(),
        total: table.total,
        next: table.next.map(|cursor| cursor.to_string()),
        compare: None,
        suspected_page_views: 0,
        damaged: Vec::new(),
    }
}

/// Asked beside a report, so that it can say what it includes.
const SUSPECTED: scan::Grouping = scan::Grouping::Suspected(None);

/// The figures of suspected robots in the answer to `Grouping::Suspected`.
fn suspected(table: &scan::Table) -> scan::Totals {
    table.rows.first().map(|row| row.figures).unwrap_or_default()
}

/// Days as answers show them, each once.
fn iso_days(mut days: Vec<LocalDay>) -> Vec<String> {
    days.sort_unstable();
    days.dedup();
    days.iter().map(LocalDay::to_string).collect()
}

/// Text `n` of a row's name, in the form that a filter takes.
fn name(row: &mut scan::Row, n: usize) -> String {
    match row.name.get_mut(n).map(std::mem::take) {
        Some(text) if !text.is_empty() => text,
        _ => NONE.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(pairs: &[(&str, &str)]) -> Result<ReportQuery, String> {
        let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        ReportQuery::parse(&pairs).map_err(|error| error.to_string())
    }

    #[test]
    fn a_query_without_anything_has_defaults_and_unknown_keys_are_for_others() {
        assert_eq!(parse(&[("format", "json"), ("wait", "1"), ("period", "")]), Ok(ReportQuery::default()));
        let query =
            parse(&[("filter", "page:is:/a"), ("limit", "5"), ("limit", "7"), ("filter", "tag:is:b")]);
        assert_eq!(query.map(|q| (q.filters.len(), q.limit)), Ok((2, 5)));
    }

    #[test]
    fn tables_have_at_most_a_thousand_rows() {
        assert_eq!(parse(&[("limit", &LIMIT_MAX.to_string())]).map(|q| q.limit), Ok(LIMIT_MAX));
        for bad in [&(LIMIT_MAX + 1).to_string(), "0", "-1", "many"] {
            assert!(parse(&[("limit", bad)]).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_not_known_is_answered_with_the_list() {
        assert!(parse(&[("period", "ever")]).unwrap_err().contains("today, yesterday"));
        assert!(parse(&[("filter", "a:is:b")]).unwrap_err().contains("entry_page"));
        assert!(parse(&[("sort", "luck")]).unwrap_err().contains("visitors, sessions"));
        assert!(parse(&[("after", "x")]).is_err());
    }
}
