//! One event: its completions and their value over time, who completed it, with which browser and on which page, and
//! its definition. Whether emails are shown is decided where the answer is written (rules.md 28).

use std::sync::Arc;

use serde::Serialize;

use super::events::{EventRow, Past, past};
use super::{Error, Frame, ReportQuery, SUSPECTED, Span, is_zero, iso_days, name, suspected};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::money;
use crate::domain::question::{Dimension, Filter};
use crate::domain::url_rule::UrlRule;
use crate::domain::value_property::ValueProperty;
use crate::store::contact_activity;
use crate::store::definition::{self, Stored};
use crate::store::scan::{self, Grouping, Key, Measure, Top};
use crate::store::{self, Connection};

/// Rows of a panel.
const PANEL_ROWS: usize = 10;

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct EventReport {
    #[serde(flatten)]
    pub row: EventRow,
    pub period: Span,
    pub time_zone: String,
    pub currency: String,
    pub selector: String,
    pub url_rule: String,
    /// The value of a completion that carries none.
    pub default_value: String,
    #[serde(skip)]
    pub default_minor: i64,
    /// The property that is the value of completions without one; empty when none is.
    pub value_property: String,
    /// A property of the latest completions that usually holds money, while no property is set.
    pub suggested_value_property: Option<String>,
    pub custom_js: bool,
    #[serde(serialize_with = "super::visitor::iso")]
    pub created: Millis,
    /// Visitors who completed it in a browser.
    pub visitors: u64,
    pub sessions: u64,
    /// Completions that programs reported; they have no browser, page or source (rules.md 13).
    pub reported_by_programs: u64,
    /// Completions of suspected robots; all figures include them.
    #[serde(skip_serializing_if = "is_zero")]
    pub suspected_completions: u64,
    pub compare: Option<Compare>,
    /// `hour`, `day` or `month`.
    pub step: &'static str,
    pub series: Vec<Point>,
    pub browsers: Vec<Part>,
    pub systems: Vec<Part>,
    pub devices: Vec<Part>,
    pub pages: Vec<Part>,
    pub sources: Vec<Part>,
    pub countries: Vec<Part>,
    /// Null for readers who may not see persons.
    pub completed_by: Option<Vec<Completer>>,
    /// The value of `after` that continues the list.
    pub next: Option<String>,
    /// Local days that cannot be read and are missing in all figures.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

/// The period before.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Compare {
    #[serde(flatten)]
    pub period: Span,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub until: Option<String>,
    #[serde(flatten)]
    pub total: Past,
    pub series: Vec<Point>,
}

/// A point of the chart.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Beginning of the interval.
    pub at: String,
    pub completions: u64,
    pub value: String,
    #[serde(skip)]
    pub value_minor: i64,
    /// The interval is not over.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub unfinished: bool,
}

/// Completions by one browser, page, source and so on, in the form that a filter takes; `(none)` means unknown.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Part {
    pub name: String,
    /// Only of a page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    pub completions: u64,
    pub visitors: u64,
    pub value: String,
}

/// A contact who completed it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Completer {
    pub contact_id: i64,
    /// The primary one, if the contact has any.
    pub email: Option<String>,
    pub completions: u64,
    pub value: String,
    #[serde(skip)]
    pub value_minor: i64,
    /// In the period; null when its day cannot be read.
    #[serde(serialize_with = "super::events::iso")]
    pub last: Option<Millis>,
}

/// What is asked of an event beside the period and the filters, and where its list of contacts continues.
struct Ask<'a> {
    conn: &'a Connection,
    frame: &'a Frame,
    deadline: &'a scan::Deadline,
    query: &'a ReportQuery,
    number: EventNumber,
    filters: Vec<Filter>,
    digits: u32,
}

/// The event with this number; `None` when there is none. `after` and `limit` of the query apply to its contacts,
/// which are listed when `persons` is true.
///
/// # Errors
/// `Invalid`, `NoAccount`.
pub async fn event(
    app: &App,
    account: AccountId,
    number: EventNumber,
    query: &ReportQuery,
    persons: bool,
) -> Result<Option<EventReport>, Error> {
    let frame = Frame::new(app, account, query)?;
    let (query, clock) = (query.clone(), Arc::clone(&app.clock));
    frame
        .read(app, move |frame, conn| {
            let Some(stored) = definition::find(conn, account, number)? else { return Ok(None) };
            let of_event = Filter::is(Dimension::Event, &number.to_string());
            let ask = Ask {
                conn,
                frame,
                deadline: &scan::Deadline::new(clock),
                query: &query,
                number,
                filters: std::iter::once(of_event).chain(query.filters.iter().cloned()).collect(),
                digits: frame.digits(),
            };
            answer(&ask, &stored, persons).map(Some)
        })
        .await
}

fn answer(ask: &Ask<'_>, stored: &Stored, persons: bool) -> Result<EventReport, Error> {
    let (frame, digits) = (ask.frame, ask.digits);
    let (step, edges) = frame.steps();
    // Without persons only their number is counted.
    let groupings = groupings(ask, edges.clone(), if persons { ask.query.limit } else { 0 });
    let found = frame.ask(ask.conn, ask.deadline, frame.range(), &ask.filters, &groupings)?;
    let mut damaged = found.damaged;
    let compare = frame.earlier(ask.conn, ask.deadline, ask.query, &ask.filters)?.map(|earlier| {
        damaged.extend(earlier.damaged);
        Compare {
            period: earlier.period,
            until: earlier.until,
            total: past(&earlier.total, digits),
            series: series(ask, &earlier.edges, earlier.steps),
        }
    });
    let mut tables = found.tables.into_iter();
    // Tables come in the order of the groupings.
    let mut next = || tables.next().unwrap_or_default();
    let total = next().rows.into_iter().next().unwrap_or_default().figures;
    let series = series(ask, &edges, next());
    let contacts = next();
    let mut row = EventRow::of(stored, frame.now, digits);
    row.count(&total, digits);
    row.contacts = contacts.total;
    let [browsers, systems, devices, pages, sources, countries] =
        std::array::from_fn(|_| parts(next(), digits));
    let suspected_completions = suspected(&next()).completions;
    let (settings, definition) = (frame.entry.settings(), &stored.definition);
    let of_browsers: u64 = devices.iter().map(|part| part.completions).sum();
    Ok(EventReport {
        period: frame.days.into(),
        time_zone: settings.time_zone.clone(),
        currency: settings.currency.clone(),
        selector: definition.selector.clone(),
        url_rule: definition.url.as_ref().map_or("", UrlRule::as_str).to_owned(),
        default_value: money::decimal(definition.value_minor, digits),
        default_minor: definition.value_minor,
        value_property: definition.value_property_text(),
        suggested_value_property: suggest_value_property(ask, stored)?,
        custom_js: !stored.script_hash.is_empty(),
        created: stored.created,
        visitors: total.visitors,
        sessions: total.sessions,
        suspected_completions,
        reported_by_programs: total.completions.saturating_sub(of_browsers),
        compare,
        step: step.as_str(),
        series,
        browsers,
        systems,
        devices,
        pages,
        sources,
        countries,
        next: contacts.next.filter(|_| persons).map(|cursor| cursor.to_string()),
        completed_by: if persons { Some(completers(ask, contacts)?) } else { None },
        damaged: iso_days(damaged),
        row,
    })
}

/// What is asked of the scan, with so many contacts.
fn groupings(ask: &Ask<'_>, edges: Vec<i64>, contacts: usize) -> [Grouping; 10] {
    let top = |limit, after, skip_empty| Top { by: Measure::Completions, limit, after, skip_empty };
    let panel =
        |dimension, skip_empty| Grouping::By(Key::Dimension(dimension), top(PANEL_ROWS, None, skip_empty));
    [
        Grouping::Total,
        Grouping::Intervals(edges),
        Grouping::SumsBy(Key::Dimension(Dimension::Contact), top(contacts, ask.query.after, true)),
        panel(Dimension::Browser, false),
        panel(Dimension::Os, false),
        panel(Dimension::Device, false),
        panel(Dimension::Page, true),
        panel(Dimension::Source, false),
        panel(Dimension::Country, false),
        SUSPECTED,
    ]
}

fn suggest_value_property(ask: &Ask<'_>, stored: &Stored) -> Result<Option<String>, Error> {
    let definition = &stored.definition;
    if !definition.kind.has_properties() || definition.value_property.is_some() {
        return Ok(None);
    }
    let latest = store::event::list_latest_properties(ask.conn, ask.frame.entry.id(), ask.number)?;
    Ok(latest.iter().find_map(|properties| {
        let properties: serde_json::Map<String, serde_json::Value> = serde_json::from_str(properties).ok()?;
        ValueProperty::suggest(properties.keys().map(String::as_str)).map(|named| named.to_string())
    }))
}

fn series(ask: &Ask<'_>, edges: &[i64], table: scan::Table) -> Vec<Point> {
    let now = ask.frame.now;
    let bounds = edges.iter().zip(edges.iter().skip(1));
    let points = bounds.zip(table.rows).map(|((from, to), row)| Point {
        at: Millis(*from).iso(),
        completions: row.figures.completions,
        value: money::decimal(row.figures.value_minor, ask.digits),
        value_minor: row.figures.value_minor,
        unfinished: *from <= now.0 && now.0 < *to,
    });
    points.collect()
}

fn parts(table: scan::Table, digits: u32) -> Vec<Part> {
    let part = |mut row: scan::Row| {
        let is_page = row.name.len() > 1;
        let figures = row.figures;
        let first = name(&mut row, 0);
        let (host, name) = if is_page { (Some(first), name(&mut row, 1)) } else { (None, first) };
        let value = money::decimal(figures.value_minor, digits);
        Part { name, host, completions: figures.completions, visitors: figures.visitors, value }
    };
    table.rows.into_iter().map(part).collect()
}

fn completers(ask: &Ask<'_>, table: scan::Table) -> Result<Vec<Completer>, store::Error> {
    let contacts: Vec<i64> = table.codes.iter().map(|code| i64::from(*code)).collect();
    let (account, range) = (ask.frame.entry.id(), ask.frame.range());
    let last = contact_activity::list_last(ask.conn, account, ask.number, &contacts, range, ask.deadline)?;
    let completer = |(contact_id, mut row): (i64, scan::Row)| Completer {
        contact_id,
        // a contact without one is named by its number
        email: row.name.first_mut().map(std::mem::take).filter(|name| name.contains('@')),
        completions: row.figures.completions,
        value: money::decimal(row.figures.value_minor, ask.digits),
        value_minor: row.figures.value_minor,
        last: last.get(&contact_id).copied(),
    };
    Ok(contacts.into_iter().zip(table.rows).map(completer).collect())
}
