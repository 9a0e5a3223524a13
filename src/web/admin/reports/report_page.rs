//! What all report pages share: reading the parameters, waiting for the fold, the layout, and the parts of their
//! tables.

use std::time::Duration;

use actix_web::{HttpRequest, HttpResponse, web};

use crate::app::access::accounts;
use crate::app::reports::{self, Before, Table};
use crate::app::reports::{saved_views, typed};
use crate::base::clock::Millis;
use crate::domain::event::EventNumber;
use crate::domain::period::Zone;
use crate::domain::question::{Comparison, Dimension, Filter, NONE, Operator};
use crate::web::drawing::format;
use crate::web::part::delta::Delta;
use crate::web::part::filters::FilterBar;
use crate::web::part::pager::Pager;
use crate::web::part::panel::{Head, Number, Row, Tab};
use crate::web::part::period::PeriodBar;
use crate::web::part::saved_views::ViewsMenu;
use crate::web::paths::{Report, ReportUrl};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::query::{self, Pairs, ReportParams};
use crate::web::response::error::WebError;
use crate::web::response::export::{self, CSV_ROWS_MAX, CsvFile};
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

/// The number of the first row shown, which the pager's links carry. Only a page after a cursor can have one.
pub(crate) fn first_row(pairs: &Pairs, has_cursor: bool) -> i64 {
    let row = query::first(pairs, "row").and_then(|text| text.parse().ok());
    row.filter(|row| *row > 0 && has_cursor).unwrap_or(1)
}

/// Reads the parameters of a report. `extra_keys` are the report's own parameters that its links keep. With `?wait=1`
/// every hit that was acknowledged before is counted.
pub(crate) async fn ask(
    request: &HttpRequest,
    access: &ReportAccess,
    report: Report,
    extra_keys: &[&'static str],
) -> Result<ReportParams, WebError> {
    ask_of(access, report, extra_keys, pairs(request)?).await
}

/// Like `ask`, for parameters that were already decoded.
pub(crate) async fn ask_of(
    access: &ReportAccess,
    report: Report,
    extra_keys: &[&'static str],
    pairs: Pairs,
) -> Result<ReportParams, WebError> {
    let pairs = as_meant(access, pairs).await?;
    let today = access.account.zone.day_of(access.state.app.now());
    let mut params = query::read(access.account.id(), report, &pairs, extra_keys, today)?;
    may_ask_of_persons(access, &params.query.filters)?;
    // Pages always show the comparison of the period bar; programs must ask for it.
    params.query.compares_rows |= access.format == Format::Html;
    // A CSV file has no next page, so it gets all rows by default.
    if access.format.is_csv() && query::first(&pairs, "limit").is_none() {
        params.query.limit = CSV_ROWS_MAX;
    }
    wait(access, &pairs).await?;
    if access.format == Format::Html {
        compare_with_something(access, &mut params).await?;
        params.events = named_events(access, &params.query.filters);
    }
    if let Some(reader) = access.reader.as_ref().filter(|_| access.format == Format::Html) {
        let user = reader.signed_in.session.user.id;
        params.views = saved_views::list(&access.state.app, user, access.account.id()).await?;
    }
    Ok(params)
}

/// Replaces what a person typed into the filter form with the filter that is meant.
async fn as_meant(access: &ReportAccess, pairs: Pairs) -> Result<Pairs, WebError> {
    let Some(reader) = &access.reader else { return Ok(pairs) };
    let Some((dimension, operator, text)) = query::typed_parts(&pairs) else { return Ok(pairs) };
    let (app, account) = (&access.state.app, access.account.id());
    let mut filter = typed::meant(app, account, (dimension, operator), text).await?;
    if matches!(operator, Operator::Is | Operator::IsNot) {
        let languages = match dimension {
            Dimension::Language => typed::texts(app, account, dimension).await?,
            _ => Vec::new(),
        };
        filter = query::by_name(reader.signed_in.context.t, filter, &languages);
    }
    Ok(query::with_typed(pairs, &filter))
}

/// Id and name of each event that a filter mentions.
fn named_events(access: &ReportAccess, filters: &[Filter]) -> Vec<(String, String)> {
    let known = access.state.app.definitions.of(access.account.id());
    let of_events = filters.iter().filter(|filter| filter.dimension == Dimension::Event);
    let id_and_name =
        |id: &String| Some((id.clone(), known.find(EventNumber::parse(id)?)?.definition.name.clone()));
    of_events.flat_map(|filter| &filter.values).filter_map(id_and_name).collect()
}

/// When the first page view of the account was counted.
pub(crate) async fn first_hit(access: &ReportAccess) -> Result<Option<Millis>, WebError> {
    match &access.reader {
        Some(reader) => reader.first_hit().await,
        None => Ok(accounts::first_hit(&access.state.app, access.account.id()).await?),
    }
}

/// Drops the comparison when it lies entirely before the first visit; otherwise every row would be marked as new.
async fn compare_with_something(access: &ReportAccess, params: &mut ReportParams) -> Result<(), WebError> {
    let Some(days) = params.url.compared_days() else { return Ok(()) };
    let first = first_hit(access).await?;
    let end = days.range(&access.account.zone).end;
    params.nothing_before = first.is_none_or(|first| end <= first.0);
    if params.nothing_before {
        params.query.period.comparison = Comparison::None;
        params.query.compares_rows = false;
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

/// A filter on contacts or lists identifies people (rules.md 28), so it needs the right to read contacts. Users who see
/// emails only masked may filter only by a contact's number; otherwise they could find out emails by trying.
fn may_ask_of_persons(access: &ReportAccess, filters: &[Filter]) -> Result<(), WebError> {
    if !filters.iter().any(|filter| matches!(filter.dimension, Dimension::Contact | Dimension::List)) {
        return Ok(());
    }
    access.need_persons()?;
    let mut of_contacts = filters.iter().filter(|filter| filter.dimension == Dimension::Contact);
    let by_number = |filter: &Filter| {
        matches!(filter.operator, Operator::Is | Operator::IsNot)
            && filter.values.iter().all(|value| value.chars().all(|c| c.is_ascii_digit()))
    };
    if access.sees_emails || of_contacts.all(by_number) { Ok(()) } else { Err(WebError::Denied) }
}

/// The layout of a report page. Tokens cannot get pages.
pub(crate) fn layout(
    access: &ReportAccess,
    params: &ReportParams,
    section: Section,
    title: impl FnOnce(&'static Texts) -> &'static str,
) -> Result<Layout, WebError> {
    let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
    Ok(reader.layout(title(reader.signed_in.context.t), section, &params.url.kept()))
}

/// The file name of an export: `pages-1000001-2026-10-26-2026-11-22`.
pub(crate) fn file_name(params: &ReportParams) -> String {
    let ReportUrl { account, report, period, .. } = &params.url;
    format!("{}-{account}-{}-{}", report.as_str(), period.days.first, period.days.last)
}

/// A table as CSV. A comparison adds columns at the end.
pub(crate) fn csv<R: 'static>(
    file: CsvFile<'_>,
    columns: &[&str],
    table: Table<R>,
    cells: impl Fn(&R) -> Vec<String> + 'static,
    before: impl Fn(&R) -> Option<Before> + 'static,
) -> Result<HttpResponse, WebError> {
    let is_compared = table.compare.is_some();
    let compared: &[&str] =
        if is_compared { &["visitors_before", "sessions_before", "page_views_before"] } else { &[] };
    let row = move |row: R| {
        let before = before(&row).filter(|_| is_compared);
        let counts = before.map(|b| [b.visitors, b.sessions, b.page_views].map(|n| n.to_string()));
        cells(&row).into_iter().chain(counts.into_iter().flatten()).collect()
    };
    export::csv(file, &[columns, compared].concat(), table.rows.into_iter().map(row))
}

/// The period bar and the filter bar above a report.
pub(crate) struct Bars {
    pub period: PeriodBar,
    pub filters: FilterBar,
}

impl Bars {
    pub(crate) fn over(layout: &Layout, params: &ReportParams) -> Self {
        let (t, url) = (layout.t, params.url.clone());
        let zone = layout.account.as_ref().map(|account| account.zone.clone()).unwrap_or_default();
        let until = until(layout, params);
        let menu = ViewsMenu { t, csrf: layout.csrf.clone(), url: url.clone(), views: params.views.clone() };
        Self {
            period: PeriodBar { t, url: url.clone(), zone, until, nothing_before: params.nothing_before },
            filters: FilterBar { t, url, views: Some(menu), events: params.events.clone() },
        }
    }
}

/// The time at which the comparison ends while the period is still running.
pub(crate) fn until(layout: &Layout, params: &ReportParams) -> Option<String> {
    let days = params.url.compared_days().filter(|_| !params.nothing_before);
    let (account, days) = layout.account.as_ref().zip(days)?;
    let zone = Zone::named(&account.zone);
    Some(format::time(&zone, days.part_until(params.url.period.days, &zone, layout.now)?))
}

/// The label of a value; empty when it has none.
pub(crate) fn value_label(t: &Texts, dimension: Dimension, value: &str) -> String {
    if value == NONE { String::new() } else { t.label.value(dimension, value).into_owned() }
}

pub(crate) fn count(t: &Texts, n: u64) -> String {
    format::number(&t.number, signed(n))
}

/// The visitors of a row with their change.
pub(crate) fn visitors(
    t: &'static Texts,
    params: &ReportParams,
    until: Option<&str>,
    now: u64,
    before: Option<Before>,
) -> Number {
    let days = params.url.compared_days();
    let change = before.map(|before| Delta::since(t, signed(now), signed(before.visitors), days, until));
    Number { text: count(t, now), change }
}

/// The numbers of a row: visitors, sessions, page views, bounce rate.
pub(crate) fn session_numbers(
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
pub(crate) fn bar_count(params: &ReportParams, visitors: u64, sessions: u64, page_views: u64) -> u64 {
    match params.query.sort.as_str() {
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
pub(crate) fn sorting_head(params: &ReportParams, measure: &str, label: &str) -> Head {
    let sorted = params.query.sort.as_str() == measure;
    Head { label: label.to_owned(), href: Some(params.url.with("sort", measure).href()), sorted }
}

/// The column headings of a table with `session_numbers`.
pub(crate) fn session_heads(t: &Texts, params: &ReportParams) -> Vec<Head> {
    let kpi = &t.report.kpi;
    vec![
        sorting_head(params, "visitors", kpi.visitors),
        sorting_head(params, "sessions", kpi.sessions),
        sorting_head(params, "page_views", kpi.page_views),
        sorting_head(params, "bounce_rate", t.table.bounce_rate),
    ]
}

/// `None` when all rows are shown.
pub(crate) fn pager(
    t: &'static Texts,
    params: &ReportParams,
    shown: usize,
    total: u64,
    next: Option<&str>,
) -> Option<Pager> {
    pager_of(t, params, (params.query.after.is_none(), shown), total, next)
}

/// Like `pager`, for a table with its own cursor.
pub(crate) fn pager_of(
    t: &'static Texts,
    params: &ReportParams,
    (is_first, shown): (bool, usize),
    total: u64,
    next: Option<&str>,
) -> Option<Pager> {
    let first = (!is_first).then(|| params.url.href());
    Pager::of(t, params.row, shown, total, first, next, |cursor, row| {
        let url = params.url.with("limit", &params.query.limit.to_string());
        url.with("after", cursor).with("row", &row.to_string()).href()
    })
}
