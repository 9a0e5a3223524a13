//! `/accounts/{id}/events/{id}`: one event with completions and value over time, the contacts who completed it,
//! breakdowns by browser, page and source, and its definition.

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::events::count_back;
use crate::app::events::custom_js::{self, By, Changed};
use crate::app::reports::event::{Completer, Part, Point as Counted};
use crate::app::reports::parameters;
use crate::app::reports::{self, EventReport};
use crate::domain::contact::ContactId;
use crate::domain::event::{EventKind, Status};
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::store::event_work::Work;
use crate::web::admin::events::event_form::number_of;
use crate::web::admin::people::list::{mask_email, name_of};
use crate::web::admin::reports::report_page::{self, Bars, signed};
use crate::web::admin::reports::series_chart::{self, Series};
use crate::web::drawing::chart::{Chart, Unit};
use crate::web::drawing::format;
use crate::web::part::count_back::CountBack;
use crate::web::part::delta::Delta;
use crate::web::part::filters::FilterBar;
use crate::web::part::icon::Icon;
use crate::web::part::kpi::{Kpi, KpiRow};
use crate::web::part::missing::Missing;
use crate::web::part::pager::Pager;
use crate::web::part::panel::{Head, Number, Panel, Row};
use crate::web::part::period::PeriodBar;
use crate::web::part::suspected::Suspected;
use crate::web::paths::{self, Report, is};
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, ReportParams};
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/events/{event:[0-9]{12}}", get_or_head().to(show))
        .route("/accounts/{account}/events/{event:[0-9]{12}}/count-back", post().to(count_back));
}

/// Contacts on one page.
const PEOPLE: usize = 20;

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let number = number_of(&request)?;
    let mut params = report_page::ask(&request, &access, Report::Event(number), &["metric"]).await?;
    let pairs = report_page::pairs(&request)?;
    let metric = Metric::read(query::first(&pairs, "metric"))?;
    let (app, id) = (&access.state.app, access.account.id());
    let by_contact = query::first(&pairs, "show") == Some("contacts");
    if by_contact && access.format != Format::Html {
        access.need_persons()?;
    }
    if access.format == Format::Html && query::first(&pairs, "limit").is_none() {
        params.query.limit = PEOPLE;
    }
    // The CSV of the series names no contact, so it needs no right to read them.
    let persons = access.persons && (by_contact || !access.format.is_csv());
    let found = reports::event(app, id, number, &params.query, persons).await?;
    let mut found = found.ok_or(WebError::NotFound)?;
    if !access.sees_emails {
        found.completed_by.iter_mut().flatten().for_each(mask);
    }
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) if by_contact => {
            let name = format!("{}-contacts", file_name(&params));
            let rows = found.completed_by.unwrap_or_default();
            export::csv_columns(access.csv_file(mark, name), &CONTACTS, rows)
        }
        Format::Csv(mark) => {
            let file = access.csv_file(mark, file_name(&params));
            export::csv(file, &COLUMNS, found.series.into_iter().map(|point| cells(&point)))
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let mut layout = report_page::layout(&access, &params, Section::Events, |t| t.events.all)?;
            layout.title.clone_from(&found.row.name);
            let work = count_back::counted_back(app, id, number).await?;
            let may_publish = access.reader.as_ref().is_some_and(|reader| reader.membership.may_publish());
            let changes = if may_publish { custom_js::changes(app, id, number).await? } else { Vec::new() };
            let zone = &access.account.zone;
            let page = Page {
                changes: code_changes(layout.t, zone, changes),
                ..page(layout, &params, zone, metric, &found, work)
            };
            respond::page(&page)
        }
    }
}

async fn count_back(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let number = number_of(&request)?;
    match count_back::count_back(member.app(), member.actor(), member.account_id(), number).await {
        Ok(()) => {
            Ok(respond::see_other(&format!("{}#count-back", paths::event(member.account_id(), number))))
        }
        Err(count_back::Error::Access(error)) => Err(error.into()),
        Err(error) => Err(WebError::BadRequest(error.to_string())),
    }
}

fn mask(completer: &mut Completer) {
    mask_email(&mut completer.email);
}

/// `events-000000000012-1000001-2026-10-26-2026-11-22`
fn file_name(params: &ReportParams) -> String {
    report_page::file_name(params).replacen("events", &params.url.report.name().replace('/', "-"), 1)
}

/// Columns of the CSV, in the order of `cells`: the series of the event.
const COLUMNS: [&str; 3] = ["at", "completions", "value"];

fn cells(point: &Counted) -> Vec<String> {
    vec![point.at.clone(), point.completions.to_string(), point.value.clone()]
}

const CONTACTS: [Column<Completer>; 5] = [
    ("contact_id", |row| row.contact_id.to_string()),
    ("email", |row| export::cell(row.email.as_deref().unwrap_or_default())),
    ("completions", |row| row.completions.to_string()),
    ("value", |row| row.value.clone()),
    ("last", |row| row.last.map_or_else(String::new, crate::base::clock::Millis::iso)),
];

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Metric {
    #[default]
    Completions,
    Value,
}

impl Metric {
    const ALL: [Self; 2] = [Self::Completions, Self::Value];

    const fn as_str(self) -> &'static str {
        match self {
            Self::Completions => "completions",
            Self::Value => "value",
        }
    }

    fn read(word: Option<&str>) -> Result<Self, reports::Error> {
        parameters::choose(word, "metric", &Self::ALL.map(|metric| (metric.as_str(), metric)))
    }

    const fn label(self, t: &'static Texts) -> &'static str {
        match self {
            Self::Completions => t.events.completions,
            Self::Value => t.events.value,
        }
    }

    fn of(self, point: &Counted) -> i64 {
        match self {
            Self::Completions => signed(point.completions),
            Self::Value => point.value_minor,
        }
    }
}

/// One line of the event's definition.
struct Fact {
    name: &'static str,
    value: String,
    is_code: bool,
}

struct Person {
    name: String,
    href: String,
    completions: String,
    value: String,
    last: String,
    last_when: String,
}

/// A change of the custom JavaScript.
pub(crate) struct Change {
    when: String,
    who: String,
    /// Label and code, before and after the change.
    texts: [(&'static str, String); 2],
}

/// Links to change the event; only for users who may.
struct Actions {
    edit: String,
    /// Label and address of archiving or restoring. `None` when restoring would publish code and the user may not
    /// publish.
    archive_or_restore: Option<(&'static str, String)>,
    delete: String,
}

#[derive(Template)]
#[template(path = "events/show.html")]
pub(crate) struct Page {
    layout: Layout,
    period: PeriodBar,
    filters: FilterBar,
    missing: Option<Missing>,
    suspected: Option<Suspected>,
    under: String,
    tags: Vec<(String, String)>,
    archived: Option<&'static str>,
    stale: bool,
    install: String,
    actions: Option<Actions>,
    kpis: KpiRow,
    chart: Chart,
    people: Vec<Person>,
    people_csv: Option<String>,
    pager: Option<Pager>,
    panels: Vec<Panel>,
    by_programs: Option<String>,
    count_back: Option<CountBack>,
    /// A property that may hold the value, for users who may set it.
    suggested: Option<String>,
    facts: Vec<Fact>,
    /// Filled only for users who may publish custom JavaScript.
    pub(crate) changes: Vec<Change>,
    csv: String,
    json: String,
}

pub(crate) fn page(
    layout: Layout,
    params: &ReportParams,
    zone: &Zone,
    metric: Metric,
    found: &EventReport,
    work: Option<Work>,
) -> Page {
    let t = layout.t;
    let texts = &t.events.show;
    let Bars { period, filters } = Bars::over(&layout, params);
    let kind = EventKind::parse(found.row.kind).unwrap_or(EventKind::Custom);
    let address = params.url.path();
    let may_edit = layout.viewer_is(Role::Editor);
    let may_publish = layout.viewer.as_ref().is_some_and(|viewer| viewer.may_publish);
    let is_archived = found.row.status == Status::Archived.as_str();
    let all = params.url.to(Report::Events);
    let people = found.completed_by.iter().flatten();
    let people: Vec<Person> = people.map(|row| person(&layout, params, zone, found, row)).collect();
    let cards = cards(t, params, metric, found, period.until.as_deref());
    let kind_name = t.events.kind.of(kind).0;
    Page {
        suspected: Suspected::completions(t, &params.url, found.suspected_completions),
        missing: Missing::of(t, &found.damaged),
        under: fill(texts.under, &[("kind", kind_name), ("id", &found.row.id)]),
        tags: found.row.tags.iter().map(|tag| (tag.clone(), all.with("tag", tag).href())).collect(),
        archived: t.events.status(found.row.status),
        stale: found.row.stale,
        install: format!("{address}/install"),
        actions: may_edit.then(|| Actions {
            edit: format!("{address}/edit"),
            archive_or_restore: match is_archived {
                true if found.custom_js && !may_publish => None,
                true => Some((texts.restore, format!("{address}/restore"))),
                false => Some((texts.archive, format!("{address}/archive"))),
            },
            delete: format!("{address}/delete"),
        }),
        kpis: KpiRow { t, cards },
        chart: chart(t, params, zone, metric, found),
        pager: report_page::pager(t, params, people.len(), found.row.contacts, found.next.as_deref()),
        people_csv: (!people.is_empty()).then(|| params.url.with("show", "contacts").export("csv")),
        people,
        panels: panels(t, params, found),
        by_programs: (found.reported_by_programs > 0)
            .then(|| texts.sent_by_programs.of(signed(found.reported_by_programs), &t.number)),
        count_back: (kind == EventKind::Visit).then(|| CountBack {
            t,
            csrf: layout.csrf.clone(),
            address: params.url.href(),
            action: may_edit.then(|| format!("{address}/count-back")),
            is_archived,
            work,
            zone: zone.clone(),
        }),
        suggested: found
            .suggested_value_property
            .as_deref()
            .filter(|_| may_edit)
            .map(|name| fill(texts.suggested, &[("name", name)])),
        facts: facts(t, zone, kind, found),
        changes: Vec::new(),
        csv: params.url.export("csv"),
        json: params.url.export("json"),
        period,
        filters,
        layout,
    }
}

pub(crate) fn code_changes(t: &'static Texts, zone: &Zone, changes: Vec<Changed>) -> Vec<Change> {
    let texts = &t.events.show;
    let change = |changed: Changed| Change {
        when: format::date_time(&t.number, zone, changed.at),
        who: match changed.by {
            By::Machine => texts.by_machine.to_owned(),
            By::User(email) => email,
            By::Gone => texts.by_gone.to_owned(),
        },
        texts: [(texts.code_before, changed.old), (texts.code_after, changed.new)],
    };
    changes.into_iter().map(change).collect()
}

fn person(
    layout: &Layout,
    params: &ReportParams,
    zone: &Zone,
    found: &EventReport,
    row: &Completer,
) -> Person {
    let t = layout.t;
    Person {
        name: name_of(t, row.email.as_deref(), row.contact_id),
        href: paths::contact(params.url.account, ContactId(row.contact_id)),
        completions: report_page::count(t, row.completions),
        value: worth(t, row.value_minor, &found.currency),
        last: row
            .last
            .map_or_else(|| t.number.unknown.to_owned(), |at| format::ago(&t.number, layout.now, at)),
        last_when: row.last.map_or_else(String::new, |at| format::date_time(&t.number, zone, at)),
    }
}

/// An amount, or the sign for an unknown value.
fn worth(t: &Texts, minor: i64, currency: &str) -> String {
    match minor {
        0 => t.number.unknown.to_owned(),
        minor => format::money(&t.number, minor, currency),
    }
}

fn cards(
    t: &'static Texts,
    params: &ReportParams,
    metric: Metric,
    found: &EventReport,
    until: Option<&str>,
) -> Vec<Kpi> {
    let days = params.url.compared_days();
    let spark = |metric: Metric| {
        series_chart::sparkline(params, found.series.iter().map(|point| (metric.of(point), point.unfinished)))
    };
    let delta = |now: i64, before: i64| Delta::since(t, now, before, days, until);
    let before = found.compare.as_ref().map(|compare| &compare.total);
    let completions = signed(found.row.completions);
    let mobile = found.devices.iter().find(|part| part.name == "mobile");
    let mobile = signed(mobile.map_or(0, |part| part.completions));
    let of_browsers: i64 = found.devices.iter().map(|part| signed(part.completions)).sum();
    let n = |n: i64| format::number(&t.number, n);
    let plain = |label: &str, value: String, exact: String| Kpi {
        label: label.to_owned(),
        value,
        exact,
        change: None,
        spark: None,
        href: String::new(),
        charted: false,
    };
    let part = [("part", n(mobile)), ("whole", n(of_browsers))];
    let part = part.each_ref().map(|(key, value)| (*key, value.as_str()));
    vec![
        Kpi {
            change: before.map(|past| delta(completions, signed(past.completions))),
            spark: spark(Metric::Completions),
            href: params.url.without("metric").href(),
            charted: metric == Metric::Completions,
            ..plain(t.events.completions, format::figure(&t.number, completions), n(completions))
        },
        Kpi {
            spark: spark(Metric::Value),
            href: params.url.with("metric", Metric::Value.as_str()).href(),
            charted: metric == Metric::Value,
            ..plain(
                t.events.value,
                format::money_figure(&t.number, found.row.value_minor, &found.currency),
                format::money(&t.number, found.row.value_minor, &found.currency),
            )
        },
        plain(t.events.contacts, n(signed(found.row.contacts)), n(signed(found.row.contacts))),
        plain(
            t.events.show.mobile,
            format::percent(&t.number, mobile, of_browsers),
            fill(t.events.show.mobile_of, &part),
        ),
    ]
}

fn chart(
    t: &'static Texts,
    params: &ReportParams,
    zone: &Zone,
    metric: Metric,
    found: &EventReport,
) -> Chart {
    let values = |points: &[Counted]| points.iter().map(|point| metric.of(point)).collect();
    let unit = match metric {
        Metric::Completions => Unit::Count,
        Metric::Value => Unit::Money(found.currency.clone()),
    };
    let series = Series {
        values: values(&found.series),
        compared: found.compare.as_ref().map(|compare| values(&compare.series)),
        unfinished: found.series.last().is_some_and(|point| point.unfinished),
    };
    series_chart::chart(t, params, zone, (metric.label(t), unit), &series)
}

fn panels(t: &'static Texts, params: &ReportParams, found: &EventReport) -> Vec<Panel> {
    let (texts, tables) = (&t.events.show, &t.table);
    let all = [
        ("devices", texts.devices, tables.device, Dimension::Device, &found.devices),
        ("browsers", texts.browsers, texts.browser, Dimension::Browser, &found.browsers),
        ("systems", texts.systems, texts.system, Dimension::Os, &found.systems),
        ("countries", tables.countries, tables.country, Dimension::Country, &found.countries),
        ("pages", texts.pages, tables.page, Dimension::Page, &found.pages),
        ("sources", tables.sources, tables.source, Dimension::Source, &found.sources),
    ];
    let panel = |(id, title, head, dimension, parts): (_, &str, &str, Dimension, &Vec<Part>)| Panel {
        number_heads: vec![Head::plain(t.events.completions), Head::plain(texts.share)],
        rows: rows(t, params, dimension, parts, found.row.completions),
        empty: Panel::nothing(t, texts.no_parts, !params.url.filters.is_empty()),
        ..Panel::new(t, id, title, head)
    };
    all.into_iter().map(panel).collect()
}

fn rows(t: &Texts, params: &ReportParams, dimension: Dimension, parts: &[Part], all: u64) -> Vec<Row> {
    let most = parts.iter().map(|part| part.completions).max();
    let row = |part: &Part| {
        let host = part.host.as_deref().filter(|host| *host != crate::domain::question::NONE);
        let value = format!("{}{}", host.unwrap_or_default(), part.name);
        Row {
            name: match dimension {
                Dimension::Page => part.name.clone(),
                _ => report_page::value_label(t, dimension, &part.name),
            },
            detail: host.map(str::to_owned),
            href: Some(params.url.filtered(is(dimension, &value)).href()),
            bar: report_page::bar(part.completions, most),
            numbers: vec![
                Number::from(report_page::count(t, part.completions)),
                format::percent(&t.number, signed(part.completions), signed(all)).into(),
            ],
        }
    };
    parts.iter().map(row).collect()
}

fn facts(t: &'static Texts, zone: &Zone, kind: EventKind, found: &EventReport) -> Vec<Fact> {
    let texts = &t.events.show;
    let fact = |name, value: String, is_code| Fact { name, value, is_code };
    let mut facts = vec![fact(t.events.list.kind, t.events.kind.of(kind).0.to_owned(), false)];
    if !found.selector.is_empty() {
        facts.push(fact(texts.selector, found.selector.clone(), true));
    }
    match kind {
        EventKind::Click | EventKind::Form if found.url_rule.is_empty() => {
            facts.push(fact(texts.url_rule, texts.any_page.to_owned(), false));
        }
        EventKind::Click | EventKind::Form | EventKind::Visit => {
            facts.push(fact(texts.url_rule, found.url_rule.clone(), true));
        }
        EventKind::Custom | EventKind::Http => {}
    }
    facts.push(fact(texts.default_value, worth(t, found.default_minor, &found.currency), false));
    if !found.value_property.is_empty() {
        facts.push(fact(texts.value_property, found.value_property.clone(), true));
    }
    if found.custom_js {
        facts.push(fact(texts.custom_js, texts.has_custom_js.to_owned(), false));
    }
    facts.push(fact(texts.created, format::date_time(&t.number, zone, found.created), false));
    facts
}
