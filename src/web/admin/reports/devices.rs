//! `/accounts/{id}/devices` and `/accounts/{id}/countries`: tables with one name per row. The countries also get a
//! map.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::{self, LIMIT_MAX, NameRow, Table};
use crate::domain::question::{Dimension, NONE};
use crate::web::admin::reports::report_page;
use crate::web::admin::reports::table::{TableContents, TablePage};
use crate::web::drawing::format;
use crate::web::drawing::map::{Country, Map};
use crate::web::part::empty::Empty;
use crate::web::part::icon::Icon;
use crate::web::part::panel::Row;
use crate::web::paths::{Report, ReportUrl, is};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, ReportParams};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/devices", get_or_head().to(devices))
        .route("/accounts/{account}/countries", get_or_head().to(countries));
}

const COLUMNS: [&str; 5] = ["name", "visitors", "sessions", "page_views", "bounce_rate"];

async fn devices(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let params = report_page::ask(&request, &access, Report::Devices, &["by", "sort"]).await?;
    let table = reports::devices(&access.state.app, access.account.id(), &params.query).await?;
    answer(&access, &params, table)
}

async fn countries(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let mut params = report_page::ask(&request, &access, Report::Countries, &["sort"]).await?;
    // The map needs all countries.
    if access.format == Format::Html && query::first(&report_page::pairs(&request)?, "limit").is_none() {
        params.query.limit = LIMIT_MAX;
    }
    let table = reports::countries(&access.state.app, access.account.id(), &params.query).await?;
    answer(&access, &params, table)
}

fn answer(
    access: &ReportAccess,
    params: &ReportParams,
    table: Table<NameRow>,
) -> Result<HttpResponse, WebError> {
    match access.format {
        Format::Json => export::json(&table),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, report_page::file_name(params));
            report_page::csv(file, &COLUMNS, table, cells, |row| row.before)
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let is_countries = params.url.report == Report::Countries;
            let title = |t: &'static Texts| if is_countries { t.table.countries } else { t.table.devices };
            let layout = report_page::layout(access, params, Section::Dashboard, title)?;
            let t = layout.t;
            let mut page = page(layout, params, &table);
            if is_countries {
                let has_maps =
                    access.state.app.geo.status(access.state.app.now()).iter().any(|map| map.in_use);
                add_map(&mut page, t, params, &table, has_maps);
            }
            respond::page(&page)
        }
    }
}

fn cells(row: &NameRow) -> Vec<String> {
    let counts = [row.visitors, row.sessions, row.page_views].map(|n| n.to_string());
    [export::cell(&row.name)].into_iter().chain(counts).chain([export::ratio(row.bounce_rate)]).collect()
}

pub(crate) fn page(layout: Layout, params: &ReportParams, table: &Table<NameRow>) -> TablePage {
    let t = layout.t;
    let texts = &t.table;
    let by = params.query.by.as_deref();
    let is_countries = params.url.report == Report::Countries;
    let dimension = match by {
        _ if is_countries => Dimension::Country,
        Some("browser") => Dimension::Browser,
        Some("os") => Dimension::Os,
        Some("screen") => Dimension::Screen,
        Some("language") => Dimension::Language,
        _ => Dimension::Device,
    };
    let until = report_page::until(&layout, params);
    let names = rows(t, &params.url, dimension, &table.rows);
    let numbers = table.rows.iter().map(|row| {
        let visitors = report_page::visitors(t, params, until.as_deref(), row.visitors, row.before);
        report_page::session_numbers(t, visitors, (row.sessions, row.page_views), row.bounce_rate)
    });
    let bar_count =
        |row: &NameRow| report_page::bar_count(params, row.visitors, row.sessions, row.page_views);
    let counts: Vec<u64> = table.rows.iter().map(bar_count).collect();
    let rows = report_page::with_numbers(names, numbers, &counts);
    let choices = [
        ("device", texts.by_device),
        ("browser", texts.by_browser),
        ("os", texts.by_system),
        ("screen", texts.by_screen),
        ("language", texts.by_language),
    ];
    let current = choices.iter().find(|(word, _)| Some(*word) == by).or(choices.first());
    let note = (dimension == Dimension::Os && !rows.is_empty()).then_some(texts.frozen_systems);
    let mut page = TablePage::of(
        layout,
        params,
        TableContents {
            id: "names",
            title: if is_countries { texts.countries } else { current.map_or("", |(_, label)| *label) },
            tabs: if is_countries { Vec::new() } else { report_page::tabs(&params.url, "by", by, &choices) },
            head: t.label.dimension(dimension),
            searched: None,
            number_heads: report_page::session_heads(t, params),
            rows,
            nothing: if is_countries { t.report.nothing.countries } else { t.report.nothing.devices },
            total: table.total,
            next: table.next.as_deref(),
            suspected_page_views: table.suspected_page_views,
            damaged: &table.damaged,
        },
    );
    page.note = note;
    page
}

/// Adds the map when the table contains all countries. When no country is known, it adds a hint how to set up the
/// database that maps addresses to countries.
pub(crate) fn add_map(
    page: &mut TablePage,
    t: &'static Texts,
    params: &ReportParams,
    table: &Table<NameRow>,
    has_maps: bool,
) {
    let texts = &t.report.map;
    let known = table.rows.iter().any(|row| row.name != NONE);
    if !known && !table.rows.is_empty() && !has_maps && params.url.filters.is_empty() {
        page.hint = Some(Empty {
            icon: Icon::Info,
            title: texts.no_map_title.to_owned(),
            what: texts.no_map.to_owned(),
            action: None,
        });
        return;
    }
    let is_whole = params.query.after.is_none() && table.next.is_none();
    if !is_whole || !known {
        return;
    }
    let called = |code: &str| match report_page::value_label(t, Dimension::Country, code) {
        name if name.is_empty() => texts.unknown.to_owned(),
        name => name,
    };
    let country = |row: &NameRow| {
        let visitors = texts.visitors.of(report_page::signed(row.visitors), &t.number);
        Country {
            code: row.name.clone(),
            count: report_page::signed(row.visitors),
            title: fill(texts.place, &[("name", &called(&row.name)), ("visitors", &visitors)]),
            href: params.url.filtered(is(Dimension::Country, &row.name)).href(),
        }
    };
    let title = fill(texts.title, &[("range", &format::days(&t.number, params.url.period.days))]);
    let nobody = |code: &str| fill(texts.place_nobody, &[("name", &called(code))]);
    page.map = Some(Map::new(t, "map", title, table.rows.iter().map(country).collect(), nobody));
}

pub(crate) fn rows(t: &Texts, url: &ReportUrl, dimension: Dimension, rows: &[NameRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let row = |row: &NameRow| Row {
        name: report_page::value_label(t, dimension, &row.name),
        detail: t.label.code(dimension, &row.name),
        href: Some(url.filtered(is(dimension, &row.name)).href()),
        bar: report_page::bar(row.visitors, most),
        numbers: vec![report_page::count(t, row.visitors).into(), report_page::count(t, row.sessions).into()],
    };
    rows.iter().map(row).collect()
}
