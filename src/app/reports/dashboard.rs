//! The dashboard: key figures with their comparison, the chart, and the first rows of the tables. One scan of the
//! period fills all of it, and one more scan the period it is compared with.

use std::sync::Arc;

use serde::Serialize;

use super::anonymous::{self, AnonymousTotals};
use super::events::{Panel, TopEvent};
use super::sources::By;
use super::{
    Error, Frame, NameRow, PageRow, ReportQuery, SUSPECTED, SourceRow, Span, Table, iso_days, shown,
    suspected,
};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::question::Dimension;
use crate::store::scan::{self, Grouping, Key, Measure, Top, Totals};
use crate::store::{self, Connection};

/// Rows of a panel.
const PANEL_ROWS: usize = 10;

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Dashboard {
    pub period: Span,
    pub time_zone: String,
    pub kpi: Kpi,
    pub compare: Option<Compare>,
    /// `hour`, `day` or `month`.
    pub step: &'static str,
    pub series: Vec<Point>,
    /// Hits of robots in the period; no other figure includes them.
    pub bots: u64,
    /// Page views without consent, which no other figure includes; null where the account counts none of them, and with
    /// filters.
    pub anonymous: Option<AnonymousTotals>,
    /// Page views of suspected robots in the period; all figures include them.
    pub suspected_page_views: u64,
    pub sources: Table<SourceRow>,
    pub pages: Table<PageRow>,
    pub devices: Table<NameRow>,
    pub countries: Table<NameRow>,
    /// The events with the most completions.
    pub events: Table<TopEvent>,
    /// Local days that cannot be read and are missing in all figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

/// The key figures; null where nothing is counted yet. Revenue is what browsers and unsigned calls reported (rules.md
/// 22).
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Kpi {
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    /// The value of the completions, a decimal number in the account's currency.
    pub revenue: String,
    #[serde(skip)]
    pub revenue_minor: i64,
    pub companies: Option<u64>,
}

/// The key figures of the period before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compare {
    #[serde(flatten)]
    pub period: Span,
    /// Where these figures end while the period is not over: at the same local time of the corresponding day.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(flatten)]
    pub kpi: Kpi,
    /// Its intervals, all of them complete.
    pub series: Vec<Point>,
}

/// A point of the chart.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Beginning of the interval.
    pub at: String,
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    /// As `Kpi::revenue`.
    pub revenue: String,
    #[serde(skip)]
    pub revenue_minor: i64,
    /// The interval is not over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
}

impl Kpi {
    /// `digits` is the number of decimal places of the account's currency.
    fn of(figures: &Totals, digits: u32) -> Self {
        Self {
            visitors: figures.visitors,
            sessions: figures.sessions,
            page_views: figures.page_views,
            completions: figures.completions,
            revenue: money::decimal(figures.value_minor, digits),
            revenue_minor: figures.value_minor,
            companies: None,
        }
    }
}

/// The dashboard of an account. It ignores the parts of the query that concern a table (`limit`, `after`, `by`,
/// `show`).
///
/// # Errors
/// `Invalid`, `NoAccount`.
pub async fn dashboard(app: &App, account: AccountId, query: &ReportQuery) -> Result<Dashboard, Error> {
    let frame = Frame::new(app, account, query)?;
    let (query, clock) = (query.clone(), Arc::clone(&app.clock));
    let of_events = Panel::of(app.definitions.of(account));
    frame
        .read(app, move |frame, conn| {
            let deadline = scan::Deadline::new(clock);
            answer(conn, frame, &deadline, &query, of_events.as_ref())
        })
        .await
}

fn answer(
    conn: &Connection,
    frame: &Frame,
    deadline: &scan::Deadline,
    query: &ReportQuery,
    of_events: Option<&Panel>,
) -> Result<Dashboard, Error> {
    let top = |key, skip_empty| {
        Grouping::By(key, Top { by: Measure::Visitors, limit: PANEL_ROWS, after: None, skip_empty })
    };
    let (step, edges) = frame.steps();
    let mut groupings = vec![
        Grouping::Total,
        Grouping::Intervals(edges.clone()),
        top(By::Source.key(), false),
        top(Key::Dimension(Dimension::Page), true),
        top(Key::Dimension(Dimension::Device), false),
        top(Key::Dimension(Dimension::Country), false),
        SUSPECTED,
    ];
    groupings.extend(of_events.map(|panel| panel.grouping.clone()));
    let answer = frame.ask(conn, deadline, frame.range(), &query.filters, &groupings)?;
    let mut damaged = answer.damaged;
    let compare = frame.earlier(conn, deadline, query, &query.filters)?.map(|earlier| {
        damaged.extend(earlier.damaged);
        Compare {
            period: earlier.period,
            until: earlier.until,
            kpi: Kpi::of(&earlier.total, frame.digits()),
            series: series(frame, &earlier.edges, earlier.steps),
        }
    });
    let mut tables = answer.tables.into_iter();
    // Tables come in the order of the groupings.
    let mut panel = || tables.next().unwrap_or_default();
    let total = panel().rows.into_iter().next().unwrap_or_default();
    let kpi = Kpi::of(&total.figures, frame.digits());
    let series = series(frame, &edges, panel());
    Ok(Dashboard {
        period: frame.days.into(),
        time_zone: frame.entry.settings().time_zone.clone(),
        kpi,
        compare,
        step: step.as_str(),
        series,
        sources: shown(panel(), |row| SourceRow::of(By::Source, row, None)),
        pages: shown(panel(), |row| PageRow::of(row, None)),
        devices: shown(panel(), |row| NameRow::of(row, None)),
        countries: shown(panel(), |row| NameRow::of(row, None)),
        suspected_page_views: suspected(&panel()).page_views,
        events: of_events
            .map(|of_events| of_events.table(&panel(), frame.digits(), PANEL_ROWS))
            .unwrap_or_default(),
        anonymous: anonymous::totals_in(conn, frame, query)?,
        bots: bots(conn, frame)?,
        damaged: iso_days(damaged),
    })
}

fn series(frame: &Frame, edges: &[i64], table: scan::Table) -> Vec<Point> {
    let (now, digits) = (frame.now.0, frame.digits());
    let bounds = edges.iter().zip(edges.iter().skip(1));
    let points = bounds.zip(table.rows).map(|((from, to), row)| {
        let Totals { visitors, sessions, page_views, completions, value_minor, .. } = row.figures;
        Point {
            at: Millis(*from).iso(),
            visitors,
            sessions,
            page_views,
            completions,
            revenue: money::decimal(value_minor, digits),
            revenue_minor: value_minor,
            unfinished: *from <= now && now < *to,
        }
    });
    points.collect()
}

fn bots(conn: &Connection, frame: &Frame) -> Result<u64, Error> {
    let families = store::bot::list(conn, frame.entry.id(), frame.days)?;
    Ok(families.iter().map(|(_, hits)| u64::try_from(*hits).unwrap_or(0)).sum())
}
