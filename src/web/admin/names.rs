//! `/accounts/{id}/devices` and `/accounts/{id}/countries`: tables whose rows have one name.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::{self, NameRow, Table};
use crate::domain::question::Dimension;
use crate::web::admin::report;
use crate::web::admin::table::{Shown, TablePage};
use crate::web::error::WebError;
use crate::web::guard::{Format, ReportAccess};
use crate::web::page::{Layout, Section};
use crate::web::part::panel::Row;
use crate::web::paths::{Report, ReportUrl, is};
use crate::web::query::Asked;
use crate::web::text::Texts;
use crate::web::{answer, data};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/devices", get().to(devices))
        .route("/accounts/{account}/countries", get().to(countries));
}

const COLUMNS: [&str; 4] = ["name", "visitors", "sessions", "page_views"];

async fn devices(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let asked = report::ask(&request, &access, Report::Devices, &["by", "sort"]).await?;
    let table = reports::devices(&access.state.app, access.account.id(), &asked.query).await?;
    answer(&access, &asked, &table)
}

async fn countries(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let asked = report::ask(&request, &access, Report::Countries, &["sort"]).await?;
    let table = reports::countries(&access.state.app, access.account.id(), &asked.query).await?;
    answer(&access, &asked, &table)
}

fn answer(access: &ReportAccess, asked: &Asked, table: &Table<NameRow>) -> Result<HttpResponse, WebError> {
    match access.format {
        Format::Json => data::json(table),
        Format::Csv => data::csv(&report::file_name(asked), &COLUMNS, table.rows.iter().map(cells).collect()),
        Format::Html if asked.from_form => Ok(answer::see_other(&asked.url.href())),
        Format::Html => {
            let is_countries = asked.url.report == Report::Countries;
            let title = |t: &'static Texts| if is_countries { t.table.countries } else { t.table.devices };
            let layout = report::layout(access, asked, Section::Dashboard, title)?;
            answer::page(StatusCode::OK, &page(layout, asked, table))
        }
    }
}

fn cells(row: &NameRow) -> Vec<String> {
    let counts = [row.visitors, row.sessions, row.page_views].map(|n| n.to_string());
    [data::cell(&row.name)].into_iter().chain(counts).collect()
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
    let names = rows(t, &asked.url, dimension, &table.rows);
    let numbers = table
        .rows
        .iter()
        .map(|row| [row.visitors, row.sessions, row.page_views].map(|n| report::count(t, n)).to_vec());
    let rows = names.into_iter().zip(numbers).map(|(row, numbers)| Row { numbers, ..row }).collect();
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
            number_heads: vec![
                report::sorting_head(asked, "visitors", kpi.visitors),
                report::sorting_head(asked, "sessions", kpi.sessions),
                report::sorting_head(asked, "page_views", kpi.page_views),
            ],
            rows,
            total: table.total,
            next: table.next.as_deref(),
        },
    )
}

/// Rows with visitors and sessions.
pub(crate) fn rows(t: &Texts, url: &ReportUrl, dimension: Dimension, rows: &[NameRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let row = |row: &NameRow| Row {
        name: report::named(t, dimension, &row.name),
        detail: t.word.code(dimension, &row.name),
        href: Some(url.filtered(is(dimension, &row.name)).href()),
        bar: report::bar(row.visitors, most),
        numbers: vec![report::count(t, row.visitors), report::count(t, row.sessions)],
    };
    rows.iter().map(row).collect()
}
