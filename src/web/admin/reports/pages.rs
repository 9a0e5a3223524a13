//! `/accounts/{id}/pages`: all pages, entry pages (`?show=entry`) and exit pages (`?show=exit`).

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::{self, PageRow, Table};
use crate::base::clock::SECOND;
use crate::domain::question::{Dimension, NONE};
use crate::web::admin::reports::report_page;
use crate::web::admin::reports::table::{TableContents, TablePage};
use crate::web::drawing::format;
use crate::web::part::panel::{Number, Row};
use crate::web::paths::{Report, ReportUrl, is};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::ReportParams;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::Texts;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/pages", get_or_head().to(show));
}

/// Columns of the CSV, in the order of `cells`.
const COLUMNS: [&str; 7] =
    ["host", "path", "visitors", "sessions", "page_views", "engaged_seconds", "bounce_rate"];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Show {
    All,
    Entry,
    Exit,
}

impl Show {
    fn of(params: &ReportParams) -> Self {
        match params.query.show.as_deref() {
            Some("entry") => Self::Entry,
            Some("exit") => Self::Exit,
            _ => Self::All,
        }
    }
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let params = report_page::ask(&request, &access, Report::Pages, &["show", "sort"]).await?;
    let table = reports::pages(&access.state.app, access.account.id(), &params.query).await?;
    match access.format {
        Format::Json => export::json(&table),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, report_page::file_name(&params));
            report_page::csv(file, &COLUMNS, table, cells, |row| row.before)
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let layout = report_page::layout(&access, &params, Section::Pages, |t| t.table.pages)?;
            let mut page = page(layout, &params, &table);
            let anonymous =
                reports::anonymous_totals(&access.state.app, access.account.id(), &params.query).await?;
            page.add_anonymous(&params, anonymous);
            respond::page(&page)
        }
    }
}

fn cells(row: &PageRow) -> Vec<String> {
    vec![
        export::cell(&row.host),
        export::cell(&row.path),
        row.visitors.to_string(),
        row.sessions.to_string(),
        row.page_views.to_string(),
        row.engaged_seconds.to_string(),
        export::ratio(row.bounce_rate),
    ]
}

pub(crate) fn page(layout: Layout, params: &ReportParams, table: &Table<PageRow>) -> TablePage {
    let t = layout.t;
    let heads = &t.table;
    let show = Show::of(params);
    let until = report_page::until(&layout, params);
    let (dimension, head, title, nothing) = match show {
        Show::All => (Dimension::Page, heads.page, heads.all_pages, t.report.nothing.pages),
        Show::Entry => (Dimension::EntryPage, heads.entry_page, heads.entry_pages, t.report.nothing.entry),
        Show::Exit => (Dimension::ExitPage, heads.exit_page, heads.exit_pages, t.report.nothing.exit),
    };
    let names = rows(t, &params.url, dimension, &table.rows);
    let numbers = table.rows.iter().map(|row| {
        let count = |n| Number::from(report_page::count(t, n));
        let seen = if show == Show::All { row.page_views } else { row.sessions };
        let mut numbers = vec![
            report_page::visitors(t, params, until.as_deref(), row.visitors, row.before),
            count(row.sessions),
            count(row.page_views),
            average(t, row.engaged_seconds, seen).into(),
        ];
        // The bounce rate says nothing about exit pages.
        if show != Show::Exit {
            numbers.push(report_page::rate(t, row.bounce_rate).into());
        }
        numbers
    });
    let bar_count =
        |row: &PageRow| report_page::bar_count(params, row.visitors, row.sessions, row.page_views);
    let counts: Vec<u64> = table.rows.iter().map(bar_count).collect();
    let rows = report_page::with_numbers(names, numbers, &counts);
    let choices = [("all", heads.all_pages), ("entry", heads.entry_pages), ("exit", heads.exit_pages)];
    let kpi = &t.report.kpi;
    let (time, time_head) = match show {
        Show::All => ("time_of_view", heads.time_seen),
        Show::Entry | Show::Exit => ("time_of_session", heads.time_of_session),
    };
    let mut number_heads = vec![
        report_page::sorting_head(params, "visitors", kpi.visitors),
        report_page::sorting_head(params, "sessions", kpi.sessions),
        report_page::sorting_head(params, "page_views", kpi.page_views),
        report_page::sorting_head(params, time, time_head),
    ];
    if show != Show::Exit {
        number_heads.push(report_page::sorting_head(params, "bounce_rate", heads.bounce_rate));
    }
    TablePage::of(
        layout,
        params,
        TableContents {
            id: "pages",
            title,
            // Some sort orders exist only on some of the tabs.
            tabs: report_page::tabs(
                &params.url.without("sort"),
                "show",
                params.query.show.as_deref(),
                &choices,
            ),
            head,
            searched: Some(dimension),
            number_heads,
            rows,
            nothing,
            total: table.total,
            next: table.next.as_deref(),
            suspected_page_views: table.suspected_page_views,
            damaged: &table.damaged,
        },
    )
}

/// Average visible time per view or session.
fn average(t: &Texts, engaged_seconds: u64, of: u64) -> String {
    match engaged_seconds.checked_div(of) {
        Some(seconds) => format::duration(&t.number, report_page::signed(seconds).saturating_mul(SECOND)),
        None => t.number.unknown.to_owned(),
    }
}

/// Rows for a panel. The host is shown when the table has several.
pub(crate) fn rows(t: &Texts, url: &ReportUrl, dimension: Dimension, rows: &[PageRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let has_hosts = rows.windows(2).any(|pair| matches!(pair, [a, b] if a.host != b.host));
    let row = |row: &PageRow| {
        let known = |text: &str| if text == NONE { String::new() } else { text.to_owned() };
        let (host, path) = (known(&row.host), known(&row.path));
        Row {
            href: Some(url.filtered(is(dimension, &format!("{host}{path}"))).href()),
            detail: Some(host).filter(|host| has_hosts && !host.is_empty()),
            name: path,
            bar: report_page::bar(row.visitors, most),
            numbers: vec![
                report_page::count(t, row.visitors).into(),
                report_page::count(t, row.page_views).into(),
            ],
        }
    };
    rows.iter().map(row).collect()
}
