//! `/accounts/{id}/anonymous`: page views of visitors who did not consent, in totals by page, source, country and device. They
//! are on a page of their own, so that nobody adds them to what the other reports count.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports::anonymous::{AnonymousReport, AnonymousRow};
use crate::app::reports::{self, LIMIT_MAX};
use crate::domain::question::{Dimension, NONE};
use crate::web::admin::reports::report_page::{self, Bars};
use crate::web::part::anonymous::totals;
use crate::web::part::panel::{Head, Panel, Row};
use crate::web::part::period::PeriodBar;
use crate::web::paths::{self, Report};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::ReportParams;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/anonymous", get_or_head().to(show));
}

/// Columns of the CSV, in the order of `cells`.
const COLUMNS: [&str; 3] = ["name", "sessions", "page_views"];

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let mut params = report_page::ask(&request, &access, Report::Anonymous, &["by"]).await?;
    if access.format == Format::Html {
        // Links from filtered reports carry their filters along.
        params.url = params.url.without_filters();
        params.query.filters.clear();
        params.query.limit = LIMIT_MAX;
    }
    let found = reports::anonymous(&access.state.app, access.account.id(), &params.query).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, report_page::file_name(&params));
            export::csv(file, &COLUMNS, found.table.rows.into_iter().map(|row| cells(&row)))
        }
        Format::Html => {
            let layout = report_page::layout(&access, &params, Section::Dashboard, |t| t.anonymous.title)?;
            respond::page(&page(layout, &params, &found))
        }
    }
}

fn cells(row: &AnonymousRow) -> Vec<String> {
    vec![export::cell(&row.name), row.sessions.to_string(), row.page_views.to_string()]
}

#[derive(Template)]
#[template(path = "anonymous/show.html")]
pub(crate) struct Page {
    layout: Layout,
    period: PeriodBar,
    /// What was counted, in a sentence.
    counted: String,
    /// The settings page, when counting is off.
    off: Option<String>,
    panel: Panel,
    /// Not all rows are shown.
    largest: Option<String>,
}

pub(crate) fn page(layout: Layout, params: &ReportParams, found: &AnonymousReport) -> Page {
    let t = layout.t;
    let texts = &t.anonymous;
    let choices = [
        ("page", t.table.page),
        ("source", t.table.by_referrer),
        ("country", t.table.country),
        ("device", t.table.device),
    ];
    let by = params.query.by.as_deref();
    let (word, head) =
        choices.into_iter().find(|(word, _)| Some(*word) == by).unwrap_or(("page", t.table.page));
    let most = found.table.rows.iter().map(|row| row.page_views).max();
    let row = |row: &AnonymousRow| Row {
        name: label(t, word, &row.name),
        detail: None,
        href: None,
        bar: report_page::bar(row.page_views, most),
        numbers: vec![
            report_page::count(t, row.sessions).into(),
            report_page::count(t, row.page_views).into(),
        ],
    };
    let rows: Vec<Row> = found.table.rows.iter().map(row).collect();
    let shown = u64::try_from(rows.len()).unwrap_or(u64::MAX);
    let is_cut = found.table.total > shown;
    Page {
        period: Bars::over(&layout, params).period,
        counted: fill(texts.counted, &[("what", &totals(t, found.totals))]),
        off: (!found.is_on).then(|| paths::settings(params.url.account, "consent/counting")),
        largest: is_cut.then(|| fill(texts.largest, &[("n", &report_page::count(t, shown))])),
        panel: Panel {
            alone: true,
            tabs: report_page::tabs(&params.url, "by", by, &choices),
            number_heads: vec![Head::plain(t.report.kpi.sessions), Head::plain(t.report.kpi.page_views)],
            empty: texts.nothing.to_owned(),
            searchable: rows.len() > 1,
            export: (!rows.is_empty()).then(|| params.url.clone()),
            rows,
            ..Panel::new(t, "anonymous", texts.title, head)
        },
        layout,
    }
}

fn label(t: &Texts, by: &str, name: &str) -> String {
    match by {
        "source" if name == NONE => t.anonymous.no_source.to_owned(),
        "country" => report_page::value_label(t, Dimension::Country, name),
        "device" => report_page::value_label(t, Dimension::Device, name),
        _ => name.to_owned(),
    }
}
