//! `/accounts/{id}/pages`: the pages people saw, came in by (`?show=entry`) and left from (`?show=exit`).

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::{self, PageRow, Table};
use crate::base::clock::SECOND;
use crate::domain::question::{Dimension, NONE};
use crate::web::admin::report;
use crate::web::admin::table::{Shown, TablePage};
use crate::web::error::WebError;
use crate::web::guard::{Format, ReportAccess};
use crate::web::page::{Layout, Section};
use crate::web::part::panel::{Head, Row};
use crate::web::paths::{Report, ReportUrl, is};
use crate::web::query::Asked;
use crate::web::text::Texts;
use crate::web::{answer, data, format};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/pages", get().to(show));
}

/// Heads of the CSV, in the order of `cells`.
const COLUMNS: [&str; 7] =
    ["host", "path", "visitors", "sessions", "page_views", "engaged_seconds", "bounce_rate"];

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let asked = report::ask(&request, &access, Report::Pages, &["show", "sort"]).await?;
    let table = reports::pages(&access.state.app, access.account.id(), &asked.query).await?;
    match access.format {
        Format::Json => data::json(&table),
        Format::Csv => {
            data::csv(&report::file_name(&asked), &COLUMNS, table.rows.iter().map(cells).collect())
        }
        Format::Html if asked.from_form => Ok(answer::see_other(&asked.url.href())),
        Format::Html => {
            let layout = report::layout(&access, &asked, Section::Pages, |t| t.table.pages)?;
            answer::page(StatusCode::OK, &page(layout, &asked, &table))
        }
    }
}

fn cells(row: &PageRow) -> Vec<String> {
    vec![
        data::cell(&row.host),
        data::cell(&row.path),
        row.visitors.to_string(),
        row.sessions.to_string(),
        row.page_views.to_string(),
        row.engaged_seconds.to_string(),
        data::ratio(row.bounce_rate),
    ]
}

pub(crate) fn page(layout: Layout, asked: &Asked, table: &Table<PageRow>) -> TablePage {
    let t = layout.t;
    let heads = &t.table;
    let shown = asked.query.show.as_deref();
    let (dimension, head) = match shown {
        Some("entry") => (Dimension::EntryPage, heads.entry_page),
        Some("exit") => (Dimension::ExitPage, heads.exit_page),
        _ => (Dimension::Page, heads.page),
    };
    let names = rows(t, &asked.url, dimension, &table.rows);
    let numbers = table.rows.iter().map(|row| {
        let count = |n| report::count(t, n);
        vec![
            count(row.visitors),
            count(row.sessions),
            count(row.page_views),
            seen(t, row),
            report::rate(t, row.bounce_rate),
        ]
    });
    let rows = names.into_iter().zip(numbers).map(|(row, numbers)| Row { numbers, ..row }).collect();
    let choices = [("all", heads.all_pages), ("entry", heads.entry_pages), ("exit", heads.exit_pages)];
    let kpi = &t.report.kpi;
    TablePage::of(
        layout,
        asked,
        Shown {
            id: "pages",
            title: match shown {
                Some("entry") => heads.entry_pages,
                Some("exit") => heads.exit_pages,
                _ => heads.all_pages,
            },
            tabs: report::tabs(&asked.url, "show", shown, &choices),
            head,
            number_heads: vec![
                report::sorting_head(asked, "visitors", kpi.visitors),
                report::sorting_head(asked, "sessions", kpi.sessions),
                report::sorting_head(asked, "page_views", kpi.page_views),
                Head::plain(heads.time_seen),
                Head::plain(heads.bounce_rate),
            ],
            rows,
            total: table.total,
            next: table.next.as_deref(),
        },
    )
}

/// Time visible of one page view, on average.
fn seen(t: &Texts, row: &PageRow) -> String {
    match row.engaged_seconds.checked_div(row.page_views) {
        Some(seconds) => format::duration(&t.number, report::signed(seconds).saturating_mul(SECOND)),
        None => t.number.unknown.to_owned(),
    }
}

/// Rows with visitors and page views. The host is shown where the table has several.
pub(crate) fn rows(t: &Texts, url: &ReportUrl, dimension: Dimension, rows: &[PageRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let has_hosts = rows.windows(2).any(|pair| matches!(pair, [a, b] if a.host != b.host));
    let row = |row: &PageRow| {
        let known = |text: &str| if text == NONE { String::new() } else { text.to_owned() };
        let (host, path) = (known(&row.host), known(&row.path));
        Row {
            href: Some(url.filtered(is(dimension, &format!("{host}{path}"))).href()),
            detail: Some(host).filter(|host| has_hosts && !host.is_empty()),
            name: format::address(&path),
            bar: report::bar(row.visitors, most),
            numbers: vec![report::count(t, row.visitors), report::count(t, row.page_views)],
        }
    };
    rows.iter().map(row).collect()
}
