//! Reports as the pages, their JSON and their CSV show them: one file a page. A report turns a query into one
//! question to the scan and its answer into rows whose names are those of the contract. No counting here.

pub mod contact;
pub mod contacts;
pub mod dashboard;
pub mod devices;
mod error;
pub mod event;
pub mod events;
pub mod pages;
pub mod parameters;
pub mod saved_views;
pub mod sources;
pub mod visitor;

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::core::App;
use crate::app::state::account_cache::Entry;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::period::{Days, LocalDay, Step};
use crate::domain::question::{Dimension, Filter, NONE, Period};
use crate::store::{Connection, scan};
use parameters::{after, choose, limit, no_cursor, not_one_of};

pub use contact::{ContactReport, contact};
pub use contacts::ContactRow;
pub use dashboard::{Dashboard, dashboard};
pub use devices::{NameRow, countries, devices};
pub use error::Error;
pub use event::{EventReport, event};
pub use events::{EventRow, events};
pub use pages::{PageRow, pages};
pub use parameters::{LIMIT_DEFAULT, LIMIT_MAX};
pub use sources::{SourceRow, sources};
pub use visitor::{VisitorReport, visitor};

/// A report as asked in an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportQuery {
    pub period: Period,
    pub filters: Vec<Filter>,
    pub limit: usize,
    pub after: Option<scan::Cursor>,
    /// `show`: a variant of the page.
    pub show: Option<String>,
    /// `by`: what a page groups by.
    pub by: Option<String>,
    pub sort: scan::Measure,
    /// Rows of tables carry what they were in the period they are compared with: one scan more.
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
    /// Reads the decoded pairs of a query; of a repeated key the first counts, `filter` may be repeated; other
    /// keys are for others.
    ///
    /// # Errors
    /// `Invalid` with what is allowed.
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
    /// Of all rows, shown or not.
    pub total: u64,
    /// What `after` must be to go on.
    pub next: Option<String>,
    /// What `before` of the rows is of.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub compare: Option<Compared>,
    /// Local days that cannot be read and are missing here.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

/// The days rows are compared with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Compared {
    #[serde(flatten)]
    pub period: Span,
    /// Where they end, while the period itself is not over.
    pub until: Option<String>,
}

/// What a row was in the period it is compared with.
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

/// A period as an answer tells it.
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
    /// Where the part of them ends that is compared, while the period itself is not over.
    until: Option<String>,
    /// Of that part.
    total: scan::Totals,
    /// Intervals of the chart, and a row of each.
    edges: Vec<i64>,
    steps: scan::Table,
    damaged: Vec<LocalDay>,
}

/// A question in the making: whose, when, and of which days.
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

    fn range(&self) -> Range<i64> {
        self.days.range(&self.entry.zone)
    }

    /// Of the account's currency.
    fn digits(&self) -> u32 {
        money::digits(&self.entry.settings().currency)
    }

    /// Of the days compared with, as much as is over of the period itself; where it ends when that is not all.
    fn part(&self, days: Days) -> (Range<i64>, Option<Millis>) {
        let zone = &self.entry.zone;
        let range = days.range(zone);
        let until = days.part_until(self.days, zone, self.now);
        let end = until.map_or(range.end, |until| until.0.max(range.start));
        (range.start..end, until)
    }

    /// What the days compared with came to; `None` when there are none.
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
        // of the width of the period itself, so that point stands over point
        let edges = days.edges(zone, self.days.step());
        let total = match until {
            // The figures of the part are the first row: distinct visitors of just that part.
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
        self.ask_of(conn, deadline, range_ms, filters, (groupings, contacts))
    }

    /// The same; `contacts`: they are counted too.
    fn ask_of(
        &self,
        conn: &Connection,
        deadline: &scan::Deadline,
        range_ms: Range<i64>,
        filters: &[Filter],
        (groupings, contacts): (&[scan::Grouping], bool),
    ) -> Result<scan::Answer, Error> {
        let ask = scan::Request {
            account: self.entry.id(),
            range_ms,
            filters,
            groupings,
            engaged: groupings.iter().any(shows_time),
            contacts,
            now: self.now,
            deadline: deadline.clone(),
            bounds: scan::Bounds::default(),
        };
        Ok(self.scanner.run(conn, &ask)?)
    }

    /// Intervals of the chart that have begun; what is told ahead of time counts in the last.
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

/// Does a table show how many contacts completed an event?
const fn shows_contacts(grouping: &scan::Grouping) -> bool {
    use scan::{Grouping, Key};
    matches!(grouping, Grouping::By(Key::Dimension(Dimension::Event | Dimension::Tag), _))
}

/// Does a table show, or go by, how long pages were visible?
const fn shows_time(grouping: &scan::Grouping) -> bool {
    use scan::{Grouping, Key, Measure};
    match grouping {
        Grouping::Total | Grouping::Intervals(_) | Grouping::Grid(..) => false,
        Grouping::Chosen(Key::Dimension(dimension), _) => dimension.is_page(),
        Grouping::Chosen(..) => false,
        Grouping::By(key, top) | Grouping::SumsBy(key, top) => {
            matches!(top.by, Measure::Engaged | Measure::TimeOfView | Measure::TimeOfSession)
                || matches!(key, Key::Dimension(dimension) if dimension.is_page())
        }
    }
}

/// A table by one key.
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
    app.store
        .read(move |conn| {
            let groupings = [scan::Grouping::By(key, query.top(skip_empty))];
            let deadline = scan::Deadline::new(clock);
            let answer = frame.ask(conn, &deadline, frame.range(), &query.filters, &groupings)?;
            let mut damaged = answer.damaged;
            let found = answer.tables.into_iter().next().unwrap_or_default();
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
            Ok(Table { compare, damaged: told(damaged), ..table })
        })
        .await
}

fn shown<R>(table: scan::Table, row: impl FnMut(scan::Row) -> R) -> Table<R> {
    Table {
        rows: table.rows.into_iter().map(row).collect(),
        total: table.total,
        next: table.next.map(|cursor| cursor.to_string()),
        compare: None,
        damaged: Vec::new(),
    }
}

/// Days as answers tell them, each once.
fn told(mut days: Vec<LocalDay>) -> Vec<String> {
    days.sort_unstable();
    days.dedup();
    days.iter().map(LocalDay::to_string).collect()
}

/// Text `n` of a row's name, as a filter takes it.
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
