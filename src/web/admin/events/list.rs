//! `/accounts/{id}/events`: the events of the account with their numbers in the period. Also the tabs and the limit
//! meter above all lists of events.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::reports::events::{Events, Order, Past, Wanted};
use crate::app::reports::{self, EventRow};
use crate::domain::account::AccountId;
use crate::domain::event::{EventKind, EventNumber, Status};
use crate::domain::period::{LocalDay, Zone};
use crate::domain::user::Role;
use crate::web::admin::reports::report::{self, Bars, signed};
use crate::web::drawing::chart::Sparkline;
use crate::web::drawing::format;
use crate::web::part::delta::Delta;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::field::Choice;
use crate::web::part::filters::FilterBar;
use crate::web::part::icon::Icon;
use crate::web::part::meter::Meter;
use crate::web::part::missing::Missing;
use crate::web::part::pager::Pager;
use crate::web::part::period::PeriodBar;
use crate::web::paths::{self, Report, ReportUrl};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::query::{self, Asked, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{answer, data};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/events", get().to(show));
}

/// Parameters that only this page has.
const OWN: [&str; 5] = ["tag", "type", "status", "search", "sort"];

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let pairs = report::pairs(&request)?;
    let wanted = Wanted::parse(&pairs)?;
    let row = query::first(&pairs, "row").and_then(|row| row.parse().ok());
    let mut asked = report::ask_of(&access, Report::Events, &OWN, others(pairs)).await?;
    asked.url = ordered(asked.url, &wanted);
    asked.row = row.filter(|row| *row > 0 && wanted.after.is_some()).unwrap_or(1);
    let found = reports::events(&access.state.app, access.account.id(), &asked.query, &wanted).await?;
    match access.format {
        Format::Json => data::json(&found),
        Format::Csv => csv(&asked, &found),
        Format::Html if asked.from_form => Ok(answer::see_other(&asked.url.href())),
        Format::Html => {
            let layout = report::layout(&access, &asked, Section::Events, |t| t.frame.nav.events)?;
            let currency = &access.account.settings().currency;
            answer::page(StatusCode::OK, &page(layout, &asked, &wanted, currency, &found))
        }
    }
}

/// Parses the parameters of this list.
pub(crate) fn read(
    account: AccountId,
    pairs: &[(String, String)],
    today: LocalDay,
) -> Result<Asked, reports::Error> {
    let wanted = Wanted::parse(pairs)?;
    let asked = query::read(account, Report::Events, &others(pairs.to_vec()), &OWN, today)?;
    Ok(Asked { url: ordered(asked.url.clone(), &wanted), ..asked })
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
        data::cell(&row.name),
        row.kind.to_owned(),
        data::cell(&row.tags.join(", ")),
        row.status.to_owned(),
        row.completions.to_string(),
        row.contacts.to_string(),
        row.value.clone(),
        row.last_seen.map_or_else(String::new, crate::base::clock::Millis::iso),
    ]
}

fn csv(asked: &Asked, found: &Events) -> Result<HttpResponse, WebError> {
    let compared: &[&str] = match found.table.compare {
        Some(_) => &["completions_before", "value_before"],
        None => &[],
    };
    let row = |row: &EventRow| {
        let before = row.before.iter().flat_map(|past| [past.completions.to_string(), past.value.clone()]);
        cells(row).into_iter().chain(before).collect()
    };
    let rows = found.table.rows.iter().map(row).collect();
    data::csv(&report::file_name(asked), &[&COLUMNS, compared].concat(), rows)
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
        let words = &t.events;
        let (id, kept, waiting) = layout
            .account
            .as_ref()
            .map_or((AccountId(0), "", 0), |here| (here.id, here.query.as_str(), here.waiting));
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
                tab(Tab::Events, words.all, format!("{all}{kept}"), 0),
                tab(Tab::Unexpected, words.unexpected, format!("{all}/unexpected"), waiting),
                tab(Tab::Dismissed, words.dismissed, format!("{all}/dismissed"), 0),
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

/// A column heading that sorts the table.
struct Column {
    label: &'static str,
    href: String,
    /// Value of `aria-sort`.
    sorted: Option<&'static str>,
    is_number: bool,
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
    head: Head,
    create: Option<String>,
    path: String,
    kept: Vec<(&'static str, String)>,
    search: String,
    choosers: Vec<Chooser>,
    columns: Vec<Column>,
    rows: Vec<Row>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    /// Removes all filters and searches.
    clear: Option<String>,
    /// Shown instead of the table while the account has no event.
    empty: Option<Empty>,
}

pub(crate) fn page(layout: Layout, asked: &Asked, wanted: &Wanted, currency: &str, found: &Events) -> Page {
    let t = layout.t;
    let words = &t.events.list;
    let Bars { period, filters } = Bars::over(&layout, asked);
    let until = report::until(&layout, asked);
    let may_edit = layout.viewer.as_ref().is_some_and(|viewer| viewer.role >= Role::Editor);
    let create = format!("{}/new", paths::events(asked.url.account));
    let row = |row: &EventRow| row_of(&layout, asked, currency, until.as_deref(), row);
    let empty = (found.defined == 0).then(|| Empty {
        icon: Icon::Event,
        title: words.none_title.to_owned(),
        what: if may_edit { words.none } else { words.none_reader }.to_owned(),
        action: may_edit.then(|| Action { label: words.create.to_owned(), href: create.clone() }),
    });
    let all = OWN.iter().fold(asked.url.clone(), |url, key| url.without(key));
    Page {
        missing: Missing::of(t, &found.table.damaged),
        head: Head::of(&layout, Tab::Events, found.active, found.limit),
        create: may_edit.then_some(create),
        path: asked.url.path(),
        kept: asked.url.fields_but(&["tag", "type", "status", "search"]),
        search: wanted.search.clone(),
        choosers: choosers(t, wanted, &found.tags),
        columns: columns(t, asked, wanted.order),
        rows: found.table.rows.iter().map(row).collect(),
        pager: report::pager_of(
            t,
            asked,
            (wanted.after.is_none(), found.table.rows.len()),
            found.table.total,
            found.table.next.as_deref(),
        ),
        csv: asked.url.export("csv"),
        json: asked.url.export("json"),
        clear: (!wanted.is_all() || !asked.url.filters.is_empty()).then(|| all.without_filters().href()),
        empty,
        period,
        filters,
        layout,
    }
}

fn row_of(layout: &Layout, asked: &Asked, currency: &str, until: Option<&str>, row: &EventRow) -> Row {
    let t = layout.t;
    let kind = EventKind::parse(row.kind).map_or("", |kind| t.events.kind.of(kind).0);
    let number = EventNumber::parse(&row.id).unwrap_or(EventNumber(0));
    let zone = layout.account.as_ref().map_or("UTC", |account| account.zone.as_str());
    let zone = Zone::named(zone);
    let change = |past: &Past| {
        let days = asked.url.compared_days();
        Delta::since(t, signed(row.completions), signed(past.completions), days, until)
    };
    let tag = |name: &String| Tag { name: name.clone(), href: asked.url.with("tag", name).href() };
    Row {
        name: row.name.clone(),
        href: asked.url.to(Report::Event(number)).href(),
        id: row.id.clone(),
        kind,
        tags: row.tags.iter().map(tag).collect(),
        archived: t.events.status(row.status),
        stale: row.stale,
        completions: report::count(t, row.completions),
        change: row.before.as_ref().map(change),
        spark: Sparkline::of(over(asked, &row.series)),
        contacts: report::count(t, row.contacts),
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
fn over(asked: &Asked, series: &[u64]) -> Vec<i64> {
    let is_open = asked.url.period.days.last >= asked.url.period.today;
    let n = series.len().saturating_sub(usize::from(is_open));
    series.iter().take(n).map(|n| signed(*n)).collect()
}

fn columns(t: &'static Texts, asked: &Asked, order: Order) -> Vec<Column> {
    let words = &t.events;
    let column = |of: Order, label, is_number| Column {
        label,
        href: match of {
            Order::Completions => asked.url.without("sort").href(),
            _ => asked.url.with("sort", of.as_str()).href(),
        },
        sorted: (of == order).then_some(if of == Order::Name { "ascending" } else { "descending" }),
        is_number,
    };
    vec![
        column(Order::Name, words.list.event, false),
        column(Order::Completions, words.completions, true),
        column(Order::Contacts, words.contacts, true),
        column(Order::Value, words.value, true),
        column(Order::LastSeen, words.last_seen, true),
    ]
}

fn choosers(t: &'static Texts, wanted: &Wanted, tags: &[String]) -> Vec<Chooser> {
    let words = &t.events.list;
    let choice = |value: &str, label: &str| Choice { value: value.into(), label: label.into(), hint: None };
    let kinds = EventKind::ALL.iter().map(|kind| choice(kind.as_str(), t.events.kind.of(*kind).0));
    let mut choosers = vec![
        Chooser {
            name: "type",
            label: words.kind,
            chosen: wanted.kind.map_or("", EventKind::as_str).to_owned(),
            choices: std::iter::once(choice("", words.any_kind)).chain(kinds).collect(),
        },
        Chooser {
            name: "status",
            label: words.status,
            chosen: wanted.status.map_or("", Status::as_str).to_owned(),
            choices: vec![
                choice("", words.any_status),
                choice(Status::Active.as_str(), words.active),
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
        let choices = std::iter::once(choice("", words.any_tag)).chain(tags).collect();
        choosers.push(Chooser { name: "tag", label: words.tag, chosen, choices });
    }
    choosers
}

/// Puts the name of the event into a title.
pub(crate) fn named(text: &str, name: &str) -> String {
    fill(text, &[("name", name)])
}
