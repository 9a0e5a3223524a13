//! `/accounts/{id}/events`: the events of the account with their numbers in the period. Also the tabs and the limit
//! meter above all lists of events.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::reports::events::{Events, Order, Past, Wanted};
use crate::app::reports::{self, EventRow};
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, EventNumber, Status};
use crate::domain::period::{LocalDay, Zone};
use crate::domain::user::Role;
use crate::web::admin::reports::report_page::{self, Bars, signed};
use crate::web::drawing::chart::Sparkline;
use crate::web::drawing::format;
use crate::web::part::delta::Delta;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::field::Choice;
use crate::web::part::filters::FilterBar;
use crate::web::part::heading::Heading;
use crate::web::part::icon::Icon;
use crate::web::part::meter::Meter;
use crate::web::part::missing::Missing;
use crate::web::part::pager::Pager;
use crate::web::part::period::PeriodBar;
use crate::web::part::suspected::Suspected;
use crate::web::paths::{self, Report, ReportUrl};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs, ReportParams};
use crate::web::response::error::WebError;
use crate::web::response::export::CsvFile;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/events", get_or_head().to(show));
}

/// Parameters that only this page has.
const EXTRA_KEYS: [&str; 5] = ["tag", "type", "status", "search", "sort"];

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let pairs = report_page::pairs(&request)?;
    let wanted = Wanted::parse(&pairs)?;
    let row = report_page::first_row(&pairs, wanted.after.is_some());
    let mut params = report_page::ask_of(&access, Report::Events, &EXTRA_KEYS, others(pairs)).await?;
    params.url = ordered(params.url, &wanted);
    params.row = row;
    let found = reports::events(&access.state.app, access.account.id(), &params.query, &wanted).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, report_page::file_name(&params));
            csv(file, found)
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let layout = report_page::layout(&access, &params, Section::Events, |t| t.frame.nav.events)?;
            let currency = &access.account.settings().currency;
            respond::page(&page(layout, &params, &wanted, currency, &found))
        }
    }
}

/// Parses the parameters of this list.
pub(crate) fn read(
    account: AccountId,
    pairs: &[(String, String)],
    today: LocalDay,
) -> Result<ReportParams, reports::Error> {
    let wanted = Wanted::parse(pairs)?;
    let params = query::read(account, Report::Events, &others(pairs.to_vec()), &EXTRA_KEYS, today)?;
    Ok(ReportParams { url: ordered(params.url.clone(), &wanted), ..params })
}

/// Without order and cursor: this page has its own, which the shared parser does not know.
fn others(pairs: Pairs) -> Pairs {
    pairs.into_iter().filter(|(key, _)| key != "sort" && key != "after").collect()
}

fn ordered(url: ReportUrl, wanted: &Wanted) -> ReportUrl {
    if wanted.order == Order::default() { url } else { url.with("sort", wanted.order.as_str()) }
}

/// Columns of the CSV, in the order of `cells`.
const COLUMNS: [&str; 9] =
    ["id", "name", "type", "tags", "status", "completions", "contacts", "value", "last_seen"];

fn cells(row: &EventRow) -> Vec<String> {
    vec![
        row.id.clone(),
        export::cell(&row.name),
        row.kind.to_owned(),
        export::cell(&row.tags.join(", ")),
        row.status.to_owned(),
        row.completions.to_string(),
        row.contacts.to_string(),
        row.value.clone(),
        row.last_seen.map_or_else(String::new, crate::base::clock::Millis::iso),
    ]
}

fn csv(file: CsvFile<'_>, found: Events) -> Result<HttpResponse, WebError> {
    let compared: &[&str] = match found.table.compare {
        Some(_) => &["completions_before", "value_before"],
        None => &[],
    };
    let row = |row: EventRow| {
        let before = row.before.iter().flat_map(|past| [past.completions.to_string(), past.value.clone()]);
        cells(&row).into_iter().chain(before).collect()
    };
    export::csv(file, &[&COLUMNS, compared].concat(), found.table.rows.into_iter().map(row))
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Tab {
    Events,
    Unexpected,
    Dismissed,
}

/// The tabs above the lists, and how much of the limit is used.
#[derive(Template)]
#[template(path = "events/_head.html")]
pub struct Head {
    t: &'static Texts,
    tabs: Vec<HeadTab>,
    pub(crate) meter: Meter,
}

struct HeadTab {
    label: &'static str,
    href: String,
    current: bool,
    /// Number of entries that wait there.
    count: Option<String>,
}

impl HtmlSafe for Head {}

impl Head {
    pub(crate) fn of(layout: &Layout, current: Tab, active: i64, limit: i64) -> Self {
        let t = layout.t;
        let texts = &t.events;
        let (id, kept, waiting) = layout
            .account
            .as_ref()
            .map_or((AccountId(0), "", 0), |account| (account.id, account.query.as_str(), account.waiting));
        let all = paths::events(id);
        let tab = |tab, label, href, n: i64| HeadTab {
            label,
            href,
            current: tab == current,
            count: (n > 0).then(|| format::compact(&t.number, n)),
        };
        Self {
            t,
            tabs: vec![
                tab(Tab::Events, texts.all, format!("{all}{kept}"), 0),
                tab(Tab::Unexpected, texts.unexpected, format!("{all}/unexpected"), waiting),
                tab(Tab::Dismissed, texts.dismissed, format!("{all}/dismissed"), 0),
            ],
            meter: Meter { t, active, limit },
        }
    }
}

struct Row {
    name: String,
    href: String,
    id: String,
    kind: &'static str,
    tags: Vec<Tag>,
    archived: Option<&'static str>,
    stale: bool,
    completions: String,
    change: Option<Delta>,
    spark: Option<Sparkline>,
    contacts: String,
    value: String,
    last: String,
    /// With date and time.
    last_when: String,
}

struct Tag {
    name: String,
    href: String,
}

/// A drop-down list above the table.
struct Chooser {
    name: &'static str,
    label: &'static str,
    chosen: String,
    choices: Vec<Choice>,
}

impl Chooser {
    fn is_chosen(&self, choice: &Choice) -> bool {
        self.chosen == choice.value
    }
}

#[derive(Template)]
#[template(path = "events/list.html")]
pub(crate) struct Page {
    layout: Layout,
    period: PeriodBar,
    filters: FilterBar,
    missing: Option<Missing>,
    suspected: Option<Suspected>,
    head: Head,
    create: Option<String>,
    path: String,
    kept: Vec<(&'static str, String)>,
    search: String,
    choosers: Vec<Chooser>,
    columns: Vec<Heading>,
    rows: Vec<Row>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    /// Removes all filters and searches.
    clear: Option<String>,
    /// Shown instead of the table while the account has no event.
    empty: Option<Empty>,
}

pub(crate) fn page(
    layout: Layout,
    params: &ReportParams,
    wanted: &Wanted,
    currency: &str,
    found: &Events,
) -> Page {
    let t = layout.t;
    let texts = &t.events.list;
    let Bars { period, filters } = Bars::over(&layout, params);
    let until = report_page::until(&layout, params);
    let may_edit = layout.viewer_is(Role::Editor);
    let create = format!("{}/new", paths::events(params.url.account));
    let row = |row: &EventRow| row_of(&layout, params, currency, until.as_deref(), row);
    let empty = (found.defined == 0).then(|| Empty {
        icon: Icon::Event,
        title: texts.none_title.to_owned(),
        what: if may_edit { texts.none } else { texts.none_reader }.to_owned(),
        action: may_edit.then(|| Action { label: texts.create.to_owned(), href: create.clone() }),
    });
    let all = EXTRA_KEYS.iter().fold(params.url.clone(), |url, key| url.without(key));
    Page {
        suspected: Suspected::completions(t, &params.url, found.suspected_completions),
        missing: Missing::of(t, &found.table.damaged),
        head: Head::of(&layout, Tab::Events, found.active, found.limit),
        create: may_edit.then_some(create),
        path: params.url.path(),
        kept: params.url.fields_but(&["tag", "type", "status", "search"]),
        search: wanted.search.clone(),
        choosers: choosers(t, wanted, &found.tags),
        columns: columns(t, params, wanted.order),
        rows: found.table.rows.iter().map(row).collect(),
        pager: report_page::pager_of(
            t,
            params,
            (wanted.after.is_none(), found.table.rows.len()),
            found.table.total,
            found.table.next.as_deref(),
        ),
        csv: params.url.export("csv"),
        json: params.url.export("json"),
        clear: (!wanted.is_all() || !params.url.filters.is_empty()).then(|| all.without_filters().href()),
        empty,
        period,
        filters,
        layout,
    }
}

fn row_of(
    layout: &Layout,
    params: &ReportParams,
    currency: &str,
    until: Option<&str>,
    row: &EventRow,
) -> Row {
    let t = layout.t;
    let kind = EventKind::parse(row.kind).map_or("", |kind| t.events.kind.of(kind).0);
    let number = EventNumber::parse(&row.id).unwrap_or(EventNumber(0));
    let zone = layout.account.as_ref().map_or("UTC", |account| account.zone.as_str());
    let zone = Zone::named(zone);
    let change = |past: &Past| {
        let days = params.url.compared_days();
        Delta::since(t, signed(row.completions), signed(past.completions), days, until)
    };
    let tag = |name: &String| Tag { name: name.clone(), href: params.url.with("tag", name).href() };
    Row {
        name: row.name.clone(),
        href: params.url.to(Report::Event(number)).href(),
        id: row.id.clone(),
        kind,
        tags: row.tags.iter().map(tag).collect(),
        archived: t.events.status(row.status),
        stale: row.stale,
        completions: report_page::count(t, row.completions),
        change: row.before.as_ref().map(change),
        spark: Sparkline::of(over(params, &row.series)),
        contacts: report_page::count(t, row.contacts),
        value: match row.value_minor {
            0 => t.number.unknown.to_owned(),
            minor => format::money(&t.number, minor, currency),
        },
        last: row
            .last_seen
            .map_or_else(|| t.events.never.to_owned(), |at| format::ago(&t.number, layout.now, at)),
        last_when: row.last_seen.map_or_else(String::new, |at| format::date_time(&t.number, &zone, at)),
    }
}

/// Without the interval that is still running: it would end every line with a fall.
fn over(params: &ReportParams, series: &[u64]) -> Vec<i64> {
    let is_open = params.url.period.days.last >= params.url.period.today;
    let n = series.len().saturating_sub(usize::from(is_open));
    series.iter().take(n).map(|n| signed(*n)).collect()
}

fn columns(t: &'static Texts, params: &ReportParams, order: Order) -> Vec<Heading> {
    let texts = &t.events;
    let column = |of: Order, label, is_number| Heading {
        label,
        href: Some(match of {
            Order::Completions => params.url.without("sort").href(),
            _ => params.url.with("sort", of.as_str()).href(),
        }),
        sorted: (of == order).then_some(if of == Order::Name { "ascending" } else { "descending" }),
        is_number,
    };
    vec![
        column(Order::Name, texts.list.event, false),
        column(Order::Completions, texts.completions, true),
        column(Order::Contacts, texts.contacts, true),
        column(Order::Value, texts.value, true),
        column(Order::LastSeen, texts.last_seen, true),
    ]
}

fn choosers(t: &'static Texts, wanted: &Wanted, tags: &[String]) -> Vec<Chooser> {
    let texts = &t.events.list;
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into(), hint: None };
    let kinds = EventKind::ALL.iter().map(|kind| choice(kind.as_str(), t.events.kind.of(*kind).0));
    let mut choosers = vec![
        Chooser {
            name: "type",
            label: texts.kind,
            chosen: wanted.kind.map_or("", EventKind::as_str).to_owned(),
            choices: std::iter::once(choice("", texts.any_kind)).chain(kinds).collect(),
        },
        Chooser {
            name: "status",
            label: texts.status,
            chosen: wanted.status.map_or("", Status::as_str).to_owned(),
            choices: vec![
                choice("", texts.any_status),
                choice(Status::Active.as_str(), texts.active),
                choice(Status::Archived.as_str(), t.events.archived),
            ],
        },
    ];
    let chosen = wanted.tag.clone().unwrap_or_default();
    let known = |tag: &&String| tag.to_lowercase() == chosen.to_lowercase();
    // The spelling in the list of tags, so that the tag is selected.
    let chosen = tags.iter().find(known).cloned().unwrap_or(chosen);
    if !tags.is_empty() {
        let tags = tags.iter().map(|tag| choice(tag, tag));
        let choices = std::iter::once(choice("", texts.any_tag)).chain(tags).collect();
        choosers.push(Chooser { name: "tag", label: texts.tag, chosen, choices });
    }
    choosers
}

/// Puts the name of the event into a title.
pub(crate) fn with_name(text: &str, name: &str) -> String {
    fill(text, &[("name", name)])
}
