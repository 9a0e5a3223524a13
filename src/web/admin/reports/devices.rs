//! `/accounts/{id}/devices` and `/accounts/{id}/countries`: tables with one name per row. The countries also get a
//! map.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::{self, LIMIT_MAX, NameRow, Table};
use crate::domain::question::{Dimension, NONE};
use crate::web::admin::reports::report;
use crate::web::admin::reports::table::{Shown, TablePage};
use crate::web::drawing::format;
use crate::web::drawing::map::{Country, Map};
use crate::web::part::empty::Empty;
use crate::web::part::icon::Icon;
use crate::web::part::panel::Row;
use crate::web::paths::{Report, ReportUrl, is};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::query::{self, Asked};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{answer, data};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/devices", get().to(devices))
        .route("/accounts/{account}/countries", get().to(countries));
}

const COLUMNS: [&str; 5] = ["name", "visitors", "sessions", "page_views", "bounce_rate"];

async fn devices(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let asked = report::ask(&request, &access, Report::Devices, &["by", "sort"]).await?;
    let table = reports::devices(&access.state.app, access.account.id(), &asked.query).await?;
    answer(&access, &asked, &table)
}

async fn countries(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let mut asked = report::ask(&request, &access, Report::Countries, &["sort"]).await?;
    // The map needs all countries.
    if access.format == Format::Html && query::first(&report::pairs(&request)?, "limit").is_none() {
        asked.query.limit = LIMIT_MAX;
    }
    let table = reports::countries(&access.state.app, access.account.id(), &asked.query).await?;
    answer(&access, &asked, &table)
}

fn answer(access: &ReportAccess, asked: &Asked, table: &Table<NameRow>) -> Result<HttpResponse, WebError> {
    match access.format {
        Format::Json => data::json(table),
        Format::Csv => report::csv(asked, &COLUMNS, table, cells, |row| row.before),
        Format::Html if asked.from_form => Ok(answer::see_other(&asked.url.href())),
        Format::Html => {
            let is_countries = asked.url.report == Report::Countries;
            let title = |t: &'static Texts| if is_countries { t.table.countries } else { t.table.devices };
            let layout = report::layout(access, asked, Section::Dashboard, title)?;
            let t = layout.t;
            let mut page = page(layout, asked, table);
            if is_countries {
                let has_maps =
                    access.state.app.geo.status(access.state.app.now()).iter().any(|map| map.in_use);
                add_map(&mut page, t, asked, table, has_maps);
            }
            answer::page(StatusCode::OK, &page)
        }
    }
}

fn cells(row: &NameRow) -> Vec<String> {
    let counts = [row.visitors, row.sessions, row.page_views].map(|n| n.to_string());
    [data::cell(&row.name)].into_iter().chain(counts).chain([data::ratio(row.bounce_rate)]).collect()
}

pub(crate) fn page(layout: Layout, asked: &Asked, table: &Table<NameRow>) -> TablePage {
    let t = layout.t;
    let words = &t.table;
    let by = asked.query.by.as_deref();
    let is_countries = asked.url.report == Report::Countries;
    let dimension = match by {
        _ if is_countries => Dimension::Country,
        Some("browser") => Dimension::Browser,
        Some("os") => Dimension::Os,
        Some("screen") => Dimension::Screen,
        Some("language") => Dimension::Language,
        _ => Dimension::Device,
    };
    let until = report::until(&layout, asked);
    let names = rows(t, &asked.url, dimension, &table.rows);
    let numbers = table.rows.iter().map(|row| {
        let visitors = report::visitors(t, asked, until.as_deref(), row.visitors, row.before);
        report::of_sessions(t, visitors, (row.sessions, row.page_views), row.bounce_rate)
    });
    let barred = |row: &NameRow| report::barred(asked, row.visitors, row.sessions, row.page_views);
    let counts: Vec<u64> = table.rows.iter().map(barred).collect();
    let rows = report::with_numbers(names, numbers, &counts);
    let choices = [
        ("device", words.by_device),
        ("browser", words.by_browser),
        ("os", words.by_system),
        ("screen", words.by_screen),
        ("language", words.by_language),
    ];
    let current = choices.iter().find(|(word, _)| Some(*word) == by).or(choices.first());
    let kpi = &t.report.kpi;
    TablePage::of(
        layout,
        asked,
        Shown {
            id: "names",
            title: if is_countries { words.countries } else { current.map_or("", |(_, label)| *label) },
            tabs: if is_countries { Vec::new() } else { report::tabs(&asked.url, "by", by, &choices) },
            head: t.word.dimension(dimension),
            searched: None,
            number_heads: vec![
                report::sorting_head(asked, "visitors", kpi.visitors),
                report::sorting_head(asked, "sessions", kpi.sessions),
                report::sorting_head(asked, "page_views", kpi.page_views),
                report::sorting_head(asked, "bounce_rate", words.bounce_rate),
            ],
            rows,
            nothing: if is_countries { t.report.nothing.countries } else { t.report.nothing.devices },
            total: table.total,
            next: table.next.as_deref(),
            damaged: &table.damaged,
        },
    )
}

/// Adds the map when the table contains all countries. When no country is known, it adds a hint how to set up the
/// database that maps addresses to countries.
pub(crate) fn add_map(
    page: &mut TablePage,
    t: &'static Texts,
    asked: &Asked,
    table: &Table<NameRow>,
    has_maps: bool,
) {
    let words = &t.report.map;
    let known = table.rows.iter().any(|row| row.name != NONE);
    if !known && !table.rows.is_empty() && !has_maps && asked.url.filters.is_empty() {
        page.hint = Some(Empty {
            icon: Icon::Info,
            title: words.no_map_title.to_owned(),
            what: words.no_map.to_owned(),
            action: None,
        });
        return;
    }
    let is_whole = asked.query.after.is_none() && table.next.is_none();
    if !is_whole || !known {
        return;
    }
    let called = |code: &str| match report::named(t, Dimension::Country, code) {
        name if name.is_empty() => words.unknown.to_owned(),
        name => name,
    };
    let country = |row: &NameRow| {
        let visitors = words.visitors.of(report::signed(row.visitors), &t.number);
        Country {
            code: row.name.clone(),
            count: report::signed(row.visitors),
            title: fill(words.place, &[("name", &called(&row.name)), ("visitors", &visitors)]),
            href: asked.url.filtered(is(Dimension::Country, &row.name)).href(),
        }
    };
    let title = fill(words.title, &[("range", &format::days(&t.number, asked.url.period.days))]);
    let nobody = |code: &str| fill(words.place_nobody, &[("name", &called(code))]);
    page.map = Some(Map::new(t, "map", title, table.rows.iter().map(country).collect(), nobody));
}

pub(crate) fn rows(t: &Texts, url: &ReportUrl, dimension: Dimension, rows: &[NameRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let row = |row: &NameRow| Row {
        name: report::named(t, dimension, &row.name),
        detail: t.word.code(dimension, &row.name),
        href: Some(url.filtered(is(dimension, &row.name)).href()),
        bar: report::bar(row.visitors, most),
        numbers: vec![report::count(t, row.visitors).into(), report::count(t, row.sessions).into()],
    };
    rows.iter().map(row).collect()
}
