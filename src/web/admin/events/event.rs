//! `/accounts/{id}/events/{id}`: one event with completions and value over time, the contacts who completed it,
//! breakdowns by browser, page and source, and its definition.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::events::count_back;
use crate::app::events::custom_js::{self, By, Changed};
use crate::app::reports::event::{Completer, Part, Point as Counted};
use crate::app::reports::parameters;
use crate::app::reports::{self, EventReport};
use crate::domain::contact::ContactId;
use crate::domain::event::{EventKind, Status};
use crate::domain::period::{Days, Zone};
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::store::event_work::Work;
use crate::web::admin::events::event_form::number_of;
use crate::web::admin::people::list::masked;
use crate::web::admin::reports::dashboard::{cut, name, starts, when};
use crate::web::admin::reports::report::{self, Bars, signed};
use crate::web::drawing::chart::{Chart, Point, Sparkline, Unit};
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
use crate::web::paths::{self, Report, is};
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::query::{self, Asked};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{answer, data};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/events/{event:[0-9]{12}}", get().to(show))
        .route("/accounts/{account}/events/{event:[0-9]{12}}/count-back", post().to(count_back));
}

/// Contacts on one page.
const PEOPLE: usize = 20;

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let number = number_of(&request)?;
    let mut asked = report::ask(&request, &access, Report::Event(number), &["metric"]).await?;
    let pairs = report::pairs(&request)?;
    let metric = Metric::read(query::first(&pairs, "metric"))?;
    let (app, id) = (&access.state.app, access.account.id());
    let by_contact = query::first(&pairs, "show") == Some("contacts");
    if by_contact && access.format != Format::Html {
        access.need_persons()?;
    }
    if access.format == Format::Html && query::first(&pairs, "limit").is_none() {
        asked.query.limit = PEOPLE;
    }
    // The CSV of the series names no contact, so it needs no right to read them.
    let persons = access.persons && (by_contact || access.format != Format::Csv);
    let found = reports::event(app, id, number, &asked.query, persons).await?;
    let mut found = found.ok_or(WebError::NotFound)?;
    if !access.sees_emails {
        found.completed_by.iter_mut().flatten().for_each(mask);
    }
    match access.format {
        Format::Json => data::json(&found),
        Format::Csv if by_contact => {
            let rows = found.completed_by.iter().flatten().map(contact_cells).collect();
            data::csv(&format!("{}-contacts", file_name(&asked)), &CONTACTS, rows)
        }
        Format::Csv => data::csv(&file_name(&asked), &COLUMNS, found.series.iter().map(cells).collect()),
        Format::Html if asked.from_form => Ok(answer::see_other(&asked.url.href())),
        Format::Html => {
            let mut layout = report::layout(&access, &asked, Section::Events, |t| t.events.all)?;
            layout.title.clone_from(&found.row.name);
            let work = count_back::counted_back(app, id, number).await?;
            let may_publish = access.reader.as_ref().is_some_and(|reader| reader.membership.may_publish());
            let changes = if may_publish { custom_js::changes(app, id, number).await? } else { Vec::new() };
            let zone = &access.account.zone;
            let page = Page {
                changes: told(layout.t, zone, changes),
                ..page(layout, &asked, zone, metric, &found, work)
            };
            answer::page(StatusCode::OK, &page)
        }
    }
}

async fn count_back(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let here = form.page;
    here.need(Role::Editor)?;
    let number = number_of(&request)?;
    match count_back::count_back(&here.who.state.app, here.who.actor(), here.id(), number).await {
        Ok(()) => Ok(answer::see_other(&format!("{}#count-back", paths::event(here.id(), number)))),
        Err(count_back::Error::Access(error)) => Err(error.into()),
        Err(error) => Err(WebError::BadRequest(error.to_string())),
    }
}

fn mask(completer: &mut Completer) {
    completer.email = masked(&completer.email);
}

/// `event-000000000012-1000001-2026-10-26-2026-11-22`
fn file_name(asked: &Asked) -> String {
    report::file_name(asked).replacen("events", &asked.url.report.name().replace('/', "-"), 1)
}

/// Columns of the CSV, in the order of `cells`: the series of the event.
const COLUMNS: [&str; 3] = ["at", "completions", "value"];

fn cells(point: &Counted) -> Vec<String> {
    vec![point.at.clone(), point.completions.to_string(), point.value.clone()]
}

/// Columns of the CSV of contacts (`?show=contacts`).
const CONTACTS: [&str; 5] = ["contact_id", "email", "completions", "value", "last"];

fn contact_cells(row: &Completer) -> Vec<String> {
    vec![
        row.contact_id.to_string(),
        data::cell(&row.email),
        row.completions.to_string(),
        row.value.clone(),
        row.last.map_or_else(String::new, crate::base::clock::Millis::iso),
    ]
}

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
    email: String,
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
    put_away: Option<(&'static str, String)>,
    delete: String,
}

#[derive(Template)]
#[template(path = "events/show.html")]
pub(crate) struct Page {
    layout: Layout,
    period: PeriodBar,
    filters: FilterBar,
    missing: Option<Missing>,
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
    facts: Vec<Fact>,
    /// Filled only for users who may publish custom JavaScript.
    pub(crate) changes: Vec<Change>,
    csv: String,
    json: String,
}

pub(crate) fn page(
    layout: Layout,
    asked: &Asked,
    zone: &Zone,
    metric: Metric,
    found: &EventReport,
    work: Option<Work>,
) -> Page {
    let t = layout.t;
    let words = &t.events.show;
    let Bars { period, filters } = Bars::over(&layout, asked);
    let kind = EventKind::parse(found.row.kind).unwrap_or(EventKind::Custom);
    let here = asked.url.path();
    let may_edit = layout.viewer.as_ref().is_some_and(|viewer| viewer.role >= Role::Editor);
    let may_publish = layout.viewer.as_ref().is_some_and(|viewer| viewer.may_publish);
    let is_archived = found.row.status == Status::Archived.as_str();
    let all = asked.url.to(Report::Events);
    let people = found.completed_by.iter().flatten();
    let people: Vec<Person> = people.map(|row| person(&layout, asked, zone, found, row)).collect();
    let cards = cards(t, asked, metric, found, period.until.as_deref());
    let kind_name = t.events.kind.of(kind).0;
    Page {
        missing: Missing::of(t, &found.damaged),
        under: fill(words.under, &[("kind", kind_name), ("id", &found.row.id)]),
        tags: found.row.tags.iter().map(|tag| (tag.clone(), all.with("tag", tag).href())).collect(),
        archived: t.events.status(found.row.status),
        stale: found.row.stale,
        install: format!("{here}/install"),
        actions: may_edit.then(|| Actions {
            edit: format!("{here}/edit"),
            put_away: match is_archived {
                true if found.custom_js && !may_publish => None,
                true => Some((words.restore, format!("{here}/restore"))),
                false => Some((words.archive, format!("{here}/archive"))),
            },
            delete: format!("{here}/delete"),
        }),
        kpis: KpiRow { t, cards },
        chart: chart(t, asked, zone, metric, found),
        pager: report::pager(t, asked, people.len(), found.row.contacts, found.next.as_deref()),
        people_csv: (!people.is_empty()).then(|| asked.url.with("show", "contacts").export("csv")),
        people,
        panels: panels(t, asked, found),
        by_programs: (found.told_by_programs > 0)
            .then(|| words.told_by_programs.of(signed(found.told_by_programs), &t.number)),
        count_back: (kind == EventKind::Visit).then(|| CountBack {
            t,
            csrf: layout.csrf.clone(),
            here: asked.url.href(),
            action: may_edit.then(|| format!("{here}/count-back")),
            is_archived,
            work,
            zone: zone.clone(),
        }),
        facts: facts(t, zone, kind, found),
        changes: Vec::new(),
        csv: asked.url.export("csv"),
        json: asked.url.export("json"),
        period,
        filters,
        layout,
    }
}

pub(crate) fn told(t: &'static Texts, zone: &Zone, changes: Vec<Changed>) -> Vec<Change> {
    let words = &t.events.show;
    let change = |changed: Changed| Change {
        when: format::date_time(&t.number, zone, changed.at),
        who: match changed.by {
            By::Machine => words.by_machine.to_owned(),
            By::User(email) => email,
            By::Gone => words.by_gone.to_owned(),
        },
        texts: [(words.code_before, changed.old), (words.code_after, changed.new)],
    };
    changes.into_iter().map(change).collect()
}

fn person(layout: &Layout, asked: &Asked, zone: &Zone, found: &EventReport, row: &Completer) -> Person {
    let t = layout.t;
    Person {
        email: row.email.clone(),
        href: paths::contact(asked.url.account, ContactId(row.contact_id)),
        completions: report::count(t, row.completions),
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
    asked: &Asked,
    metric: Metric,
    found: &EventReport,
    until: Option<&str>,
) -> Vec<Kpi> {
    let days = asked.url.compared_days();
    let whole = |metric: Metric| {
        let parts = cut(asked.url.period.days, found.series.len());
        let whole = found.series.iter().zip(parts).filter(|(point, cut)| !point.unfinished && !cut);
        Sparkline::of(whole.map(|(point, _)| metric.of(point)).collect())
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
            spark: whole(Metric::Completions),
            href: asked.url.without("metric").href(),
            charted: metric == Metric::Completions,
            ..plain(t.events.completions, format::figure(&t.number, completions), n(completions))
        },
        Kpi {
            spark: whole(Metric::Value),
            href: asked.url.with("metric", Metric::Value.as_str()).href(),
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

fn chart(t: &'static Texts, asked: &Asked, zone: &Zone, metric: Metric, found: &EventReport) -> Chart {
    let days = asked.url.period.days;
    let step = days.step();
    let range = format::days(&t.number, days);
    let title = fill(t.report.chart.title, &[("what", metric.label(t)), ("range", &range)]);
    // Without completions in the comparison period there is nothing to compare with.
    let counted = found.compare.as_ref().filter(|c| c.series.iter().any(|point| metric.of(point) != 0));
    let before: Option<(_, Days)> = counted.zip(asked.url.compared_days());
    let before_starts = before.as_ref().map(|(_, days)| starts(*days, zone, step)).unwrap_or_default();
    let before_at = |i: usize| {
        let (compare, days) = before.as_ref()?;
        let next = before_starts.get(i + 1);
        Some((when(t, zone, *days, *before_starts.get(i)?, next), metric.of(compare.series.get(i)?)))
    };
    let starts = starts(days, zone, step);
    let parts = cut(days, starts.len());
    let points = starts.iter().zip(parts).enumerate().map(|(i, (start, cut))| Point {
        when: when(t, zone, days, *start, starts.get(i + 1)),
        name: name(t, zone, step, *start),
        value: found.series.get(i).map(|point| metric.of(point)),
        before: before_at(i),
        cut,
    });
    let unit = match metric {
        Metric::Completions => Unit::Count,
        Metric::Value => Unit::Money(found.currency.clone()),
    };
    let unfinished = found.series.last().is_some_and(|point| point.unfinished);
    Chart::new(t, "chart", &title, metric.label(t), unit).with(points.collect(), unfinished)
}

fn panels(t: &'static Texts, asked: &Asked, found: &EventReport) -> Vec<Panel> {
    let (words, tables) = (&t.events.show, &t.table);
    let all = [
        ("devices", words.devices, tables.device, Dimension::Device, &found.devices),
        ("browsers", words.browsers, words.browser, Dimension::Browser, &found.browsers),
        ("systems", words.systems, words.system, Dimension::Os, &found.systems),
        ("countries", tables.countries, tables.country, Dimension::Country, &found.countries),
        ("pages", words.pages, tables.page, Dimension::Page, &found.pages),
        ("sources", tables.sources, tables.source, Dimension::Source, &found.sources),
    ];
    let panel = |(id, title, head, dimension, parts): (_, &str, &str, Dimension, &Vec<Part>)| Panel {
        t,
        id,
        title: title.to_owned(),
        alone: false,
        tabs: Vec::new(),
        head: head.to_owned(),
        number_heads: vec![Head::plain(t.events.completions), Head::plain(words.share)],
        rows: rows(t, asked, dimension, parts, found.row.completions),
        empty: Panel::nothing(t, words.no_parts, !asked.url.filters.is_empty()),
        remedy: None,
        searchable: false,
        search_all: None,
        export: None,
        more: None,
        pager: None,
    };
    all.into_iter().map(panel).collect()
}

fn rows(t: &Texts, asked: &Asked, dimension: Dimension, parts: &[Part], all: u64) -> Vec<Row> {
    let most = parts.iter().map(|part| part.completions).max();
    let row = |part: &Part| {
        let host = part.host.as_deref().filter(|host| *host != crate::domain::question::NONE);
        let value = format!("{}{}", host.unwrap_or_default(), part.name);
        Row {
            name: match dimension {
                Dimension::Page => format::address(&part.name),
                _ => report::named(t, dimension, &part.name),
            },
            detail: host.map(str::to_owned),
            href: Some(asked.url.filtered(is(dimension, &value)).href()),
            bar: report::bar(part.completions, most),
            numbers: vec![
                Number::from(report::count(t, part.completions)),
                format::percent(&t.number, signed(part.completions), signed(all)).into(),
            ],
        }
    };
    parts.iter().map(row).collect()
}

fn facts(t: &'static Texts, zone: &Zone, kind: EventKind, found: &EventReport) -> Vec<Fact> {
    let words = &t.events.show;
    let fact = |name, value: String, is_code| Fact { name, value, is_code };
    let mut facts = vec![fact(t.events.list.kind, t.events.kind.of(kind).0.to_owned(), false)];
    if !found.selector.is_empty() {
        facts.push(fact(words.selector, found.selector.clone(), true));
    }
    match kind {
        EventKind::Click | EventKind::Form if found.url_rule.is_empty() => {
            facts.push(fact(words.url_rule, words.any_page.to_owned(), false));
        }
        EventKind::Click | EventKind::Form | EventKind::Visit => {
            facts.push(fact(words.url_rule, found.url_rule.clone(), true));
        }
        EventKind::Custom | EventKind::Http => {}
    }
    facts.push(fact(words.default_value, worth(t, found.default_minor, &found.currency), false));
    if found.custom_js {
        facts.push(fact(words.custom_js, words.has_custom_js.to_owned(), false));
    }
    facts.push(fact(words.created, format::date_time(&t.number, zone, found.created), false));
    facts
}
