//! What all report pages share: reading the parameters, waiting for the fold, the layout, and the parts of their
//! tables.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::access::accounts;
use crate::app::reports::saved_views;
use crate::app::reports::{self, Before, Table};
use crate::domain::event::EventNumber;
use crate::domain::period::Zone;
use crate::domain::question::{Comparison, Dimension, Filter, NONE, Operator};
use crate::web::drawing::format;
use crate::web::part::delta::Delta;
use crate::web::part::filters::FilterBar;
use crate::web::part::pager::Pager;
use crate::web::part::panel::{Head, Number, Row, Tab};
use crate::web::part::period::PeriodBar;
use crate::web::part::views::ViewsMenu;
use crate::web::paths::{Report, ReportUrl};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::query::{self, Asked, Pairs};
use crate::web::response::data::{self, CSV_ROWS_MAX};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::text::Texts;

/// Longest time that `?wait=1` waits.
const WAIT: Duration = Duration::from_secs(10);

impl From<reports::Error> for WebError {
    fn from(error: reports::Error) -> Self {
        match error {
            reports::Error::Invalid(text) => Self::BadRequest(text),
            reports::Error::NoAccount => Self::NotFound,
            reports::Error::Store(error) => error.into(),
        }
    }
}

/// The decoded parameters of the request.
pub(crate) fn pairs(request: &HttpRequest) -> Result<Pairs, WebError> {
    let pairs = web::Query::<Pairs>::from_query(request.query_string());
    pairs.map(web::Query::into_inner).map_err(|error| WebError::BadRequest(error.to_string()))
}

/// Reads the parameters of a report. `own` are the report's own parameters that its links keep. With `?wait=1`
/// every hit that was acknowledged before is counted.
pub(crate) async fn ask(
    request: &HttpRequest,
    access: &ReportAccess,
    report: Report,
    own: &[&'static str],
) -> Result<Asked, WebError> {
    ask_of(access, report, own, pairs(request)?).await
}

/// Like `ask`, for parameters that were already decoded.
pub(crate) async fn ask_of(
    access: &ReportAccess,
    report: Report,
    own: &[&'static str],
    pairs: Pairs,
) -> Result<Asked, WebError> {
    let pairs = match &access.reader {
        Some(reader) => query::by_name(reader.who.context.t, pairs),
        None => pairs,
    };
    let today = access.account.zone.day_of(access.state.app.now());
    let mut asked = query::read(access.account.id(), report, &pairs, own, today)?;
    may_ask_of_persons(access, &asked.query.filters)?;
    // Pages always show the comparison of the period bar; programs must ask for it.
    asked.query.compares_rows |= access.format == Format::Html;
    // A CSV file has no next page, so it gets all rows by default.
    if access.format == Format::Csv && query::first(&pairs, "limit").is_none() {
        asked.query.limit = CSV_ROWS_MAX;
    }
    wait(access, &pairs).await?;
    if access.format == Format::Html {
        compare_with_something(access, &mut asked).await?;
        asked.events = named_events(access, &asked.query.filters);
    }
    if let Some(reader) = access.reader.as_ref().filter(|_| access.format == Format::Html) {
        let user = reader.who.session.user.id;
        asked.views = saved_views::list(&access.state.app, user, access.account.id()).await?;
    }
    Ok(asked)
}

/// Id and name of each event that a filter mentions.
fn named_events(access: &ReportAccess, filters: &[Filter]) -> Vec<(String, String)> {
    let known = access.state.app.definitions.of(access.account.id());
    let of_events = filters.iter().filter(|filter| filter.dimension == Dimension::Event);
    let named =
        |id: &String| Some((id.clone(), known.find(EventNumber::parse(id)?)?.definition.name.clone()));
    of_events.flat_map(|filter| &filter.values).filter_map(named).collect()
}

/// Drops the comparison when it lies entirely before the first visit; otherwise every row would be marked as new.
async fn compare_with_something(access: &ReportAccess, asked: &mut Asked) -> Result<(), WebError> {
    let Some(days) = asked.url.compared_days() else { return Ok(()) };
    let first = accounts::first_hit(&access.state.app, access.account.id()).await?;
    let end = days.range(&access.account.zone).end;
    asked.nothing_before = first.is_none_or(|first| end <= first.0);
    if asked.nothing_before {
        asked.query.period.comparison = Comparison::None;
        asked.query.compares_rows = false;
    }
    Ok(())
}

/// With `?wait=1`: returns when every hit that was acknowledged before is counted. `Busy` when that takes too long.
pub(crate) async fn wait(access: &ReportAccess, pairs: &Pairs) -> Result<(), WebError> {
    if query::first(pairs, "wait") == Some("1") {
        let folded = tokio::time::timeout(WAIT, access.state.app.folded());
        folded.await.map_err(|_| WebError::Busy)?;
    }
    Ok(())
}

/// A filter on contacts identifies people (rules.md 28), so it needs the right to read contacts. Users who see
/// emails only masked may filter only by a contact's number; otherwise they could find out emails by trying.
fn may_ask_of_persons(access: &ReportAccess, filters: &[Filter]) -> Result<(), WebError> {
    let mut of_contacts = filters.iter().filter(|filter| filter.dimension == Dimension::Contact).peekable();
    if of_contacts.peek().is_none() {
        return Ok(());
    }
    access.need_persons()?;
    let by_number = |filter: &Filter| {
        matches!(filter.operator, Operator::Is | Operator::IsNot)
            && filter.values.iter().all(|value| value.chars().all(|c| c.is_ascii_digit()))
    };
    if access.sees_emails || of_contacts.all(by_number) { Ok(()) } else { Err(WebError::Denied) }
}

/// The layout of a report page. Tokens cannot get pages.
pub(crate) fn layout(
    access: &ReportAccess,
    asked: &Asked,
    section: Section,
    title: impl FnOnce(&'static Texts) -> &'static str,
) -> Result<Layout, WebError> {
    let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
    Ok(reader.layout(title(reader.who.context.t), section, &asked.url.kept()))
}

/// The file name of an export: `pages-1000001-2026-10-26-2026-11-22`.
pub(crate) fn file_name(asked: &Asked) -> String {
    let ReportUrl { account, report, period, .. } = &asked.url;
    format!("{}-{account}-{}-{}", report.as_str(), period.days.first, period.days.last)
}

/// A table as CSV. A comparison adds columns at the end.
pub(crate) fn csv<R>(
    asked: &Asked,
    columns: &[&str],
    table: &Table<R>,
    cells: impl Fn(&R) -> Vec<String>,
    before: impl Fn(&R) -> Option<Before>,
) -> Result<HttpResponse, WebError> {
    let compared: &[&str] = match table.compare {
        Some(_) => &["visitors_before", "sessions_before", "page_views_before"],
        None => &[],
    };
    let row = |row: &R| {
        let before = before(row).filter(|_| table.compare.is_some());
        let counts = before.map(|b| [b.visitors, b.sessions, b.page_views].map(|n| n.to_string()));
        cells(row).into_iter().chain(counts.into_iter().flatten()).collect()
    };
    data::csv(&file_name(asked), &[columns, compared].concat(), table.rows.iter().map(row).collect())
}

/// The period bar and the filter bar above a report.
pub(crate) struct Bars {
    pub period: PeriodBar,
    pub filters: FilterBar,
}

impl Bars {
    pub(crate) fn over(layout: &Layout, asked: &Asked) -> Self {
        let (t, url) = (layout.t, asked.url.clone());
        let zone = layout.account.as_ref().map(|account| account.zone.clone()).unwrap_or_default();
        let until = until(layout, asked);
        let menu = ViewsMenu { t, csrf: layout.csrf.clone(), url: url.clone(), views: asked.views.clone() };
        Self {
            period: PeriodBar { t, url: url.clone(), zone, until, nothing_before: asked.nothing_before },
            filters: FilterBar { t, url, views: Some(menu), events: asked.events.clone() },
        }
    }
}

/// The time at which the comparison ends while the period is still running.
pub(crate) fn until(layout: &Layout, asked: &Asked) -> Option<String> {
    let days = asked.url.compared_days().filter(|_| !asked.nothing_before);
    let (account, days) = layout.account.as_ref().zip(days)?;
    let zone = Zone::named(&account.zone);
    Some(format::time(&zone, days.part_until(asked.url.period.days, &zone, layout.now)?))
}

/// The label of a value; empty when it has none.
pub(crate) fn named(t: &Texts, dimension: Dimension, value: &str) -> String {
    if value == NONE { String::new() } else { t.word.value(dimension, value).into_owned() }
}

pub(crate) fn count(t: &Texts, n: u64) -> String {
    format::number(&t.number, signed(n))
}

/// The visitors of a row with their change.
pub(crate) fn visitors(
    t: &'static Texts,
    asked: &Asked,
    until: Option<&str>,
    now: u64,
    before: Option<Before>,
) -> Number {
    let days = asked.url.compared_days();
    let change = before.map(|before| Delta::since(t, signed(now), signed(before.visitors), days, until));
    Number { text: count(t, now), change }
}

/// The numbers of a row: visitors, sessions, page views, bounce rate.
pub(crate) fn of_sessions(
    t: &'static Texts,
    visitors: Number,
    (sessions, page_views): (u64, u64),
    bounce_rate: Option<f64>,
) -> Vec<Number> {
    vec![visitors, count(t, sessions).into(), count(t, page_views).into(), rate(t, bounce_rate).into()]
}

pub(crate) fn signed(n: u64) -> i64 {
    i64::try_from(n).unwrap_or(i64::MAX)
}

/// A rate from 0 to 1 as a percentage.
pub(crate) fn rate(t: &Texts, rate: Option<f64>) -> String {
    match rate {
        Some(rate) => format::percent(&t.number, (rate * 10_000.0).round() as i64, 10_000),
        None => t.number.unknown.to_owned(),
    }
}

/// Length of a bar relative to the largest count.
pub(crate) fn bar(n: u64, most: Option<u64>) -> f64 {
    Row::share(signed(n), signed(most.unwrap_or(0)))
}

/// The count that the bars show: the one the table is sorted by, so that bars get shorter from row to row. Visitors
/// when the table is sorted by a rate.
pub(crate) fn barred(asked: &Asked, visitors: u64, sessions: u64, page_views: u64) -> u64 {
    match asked.query.sort.as_str() {
        "sessions" => sessions,
        "page_views" => page_views,
        _ => visitors,
    }
}

/// Puts numbers and bars into the rows.
pub(crate) fn with_numbers(
    rows: Vec<Row>,
    numbers: impl Iterator<Item = Vec<Number>>,
    counts: &[u64],
) -> Vec<Row> {
    let most = counts.iter().max().copied();
    let whole = rows.into_iter().zip(numbers).zip(counts);
    whole.map(|((row, numbers), n)| Row { numbers, bar: bar(*n, most), ..row }).collect()
}

/// The tabs that choose the value of `key`. The first one is the default.
pub(crate) fn tabs(
    url: &ReportUrl,
    key: &'static str,
    shown: Option<&str>,
    choices: &[(&'static str, &'static str)],
) -> Vec<Tab> {
    let first = choices.first().map_or("", |(word, _)| *word);
    let shown = shown.unwrap_or(first);
    let tab = |(word, label): &(&'static str, &'static str)| Tab {
        label: (*label).to_owned(),
        href: if *word == first { url.without(key).href() } else { url.with(key, word).href() },
        current: *word == shown,
    };
    choices.iter().map(tab).collect()
}

/// A column heading that sorts the table by this figure.
pub(crate) fn sorting_head(asked: &Asked, measure: &str, label: &str) -> Head {
    let sorted = asked.query.sort.as_str() == measure;
    Head { label: label.to_owned(), href: Some(asked.url.with("sort", measure).href()), sorted }
}

/// `None` when all rows are shown.
pub(crate) fn pager(
    t: &'static Texts,
    asked: &Asked,
    shown: usize,
    total: u64,
    next: Option<&str>,
) -> Option<Pager> {
    pager_of(t, asked, (asked.query.after.is_none(), shown), total, next)
}

/// Like `pager`, for a table with its own cursor.
pub(crate) fn pager_of(
    t: &'static Texts,
    asked: &Asked,
    (is_first, shown): (bool, usize),
    total: u64,
    next: Option<&str>,
) -> Option<Pager> {
    if is_first && next.is_none() {
        return None;
    }
    let from = asked.row;
    let to = from.saturating_add(i64::try_from(shown).unwrap_or(0)).saturating_sub(1);
    let after = |cursor: &str| {
        let url = asked.url.with("limit", &asked.query.limit.to_string());
        url.with("after", cursor).with("row", &to.saturating_add(1).to_string()).href()
    };
    Some(Pager {
        t,
        from,
        to,
        total: signed(total),
        first: (!is_first).then(|| asked.url.href()),
        next: next.map(after),
    })
}
