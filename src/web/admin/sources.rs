//! `/accounts/{id}/sources`: where sessions came from, by source and detail, folded (`?by=source`) or by campaign.
//! A click on a source shows its details.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::{self, SourceRow, Table};
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
    config.route("/accounts/{account}/sources", get().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let asked = report::ask(&request, &access, Report::Sources, &["by", "sort"]).await?;
    let table = reports::sources(&access.state.app, access.account.id(), &asked.query).await?;
    match access.format {
        Format::Json => data::json(&table),
        Format::Csv => {
            let columns = columns(asked.query.by.as_deref());
            let rows = table.rows.iter().map(cells).collect();
            data::csv(&report::file_name(&asked), columns, rows)
        }
        Format::Html if asked.from_form => Ok(answer::see_other(&asked.url.href())),
        Format::Html => {
            let layout = report::layout(&access, &asked, Section::Sources, |t| t.table.sources)?;
            answer::page(StatusCode::OK, &page(layout, &asked, &table))
        }
    }
}

/// Heads of the CSV, in the order of `cells`.
fn columns(by: Option<&str>) -> &'static [&'static str] {
    match by {
        Some("source") => &["source", "visitors", "sessions", "page_views", "bounce_rate"],
        Some("campaign") => {
            &["campaign", "utm_source", "utm_medium", "visitors", "sessions", "page_views", "bounce_rate"]
        }
        _ => &["source", "detail", "visitors", "sessions", "page_views", "bounce_rate"],
    }
}

fn cells(row: &SourceRow) -> Vec<String> {
    let names = [&row.source, &row.detail, &row.campaign, &row.utm_source, &row.utm_medium];
    let mut cells: Vec<String> = names.into_iter().flatten().map(|name| data::cell(name)).collect();
    cells.extend([row.visitors, row.sessions, row.page_views].map(|n| n.to_string()));
    cells.push(data::ratio(row.bounce_rate));
    cells
}

pub(crate) fn page(layout: Layout, asked: &Asked, table: &Table<SourceRow>) -> TablePage {
    let t = layout.t;
    let words = &t.table;
    let by = asked.query.by.as_deref();
    let names = rows(t, &asked.url, &table.rows);
    let numbers = table.rows.iter().map(|row| {
        let count = |n| report::count(t, n);
        vec![
            count(row.visitors),
            count(row.sessions),
            count(row.page_views),
            report::rate(t, row.bounce_rate),
        ]
    });
    let rows = names.into_iter().zip(numbers).map(|(row, numbers)| Row { numbers, ..row }).collect();
    let choices = [
        ("detail", words.by_source_and_detail),
        ("source", words.by_source),
        ("campaign", words.by_campaign),
    ];
    let (title, head) = match by {
        Some("source") => (words.by_source, words.source),
        Some("campaign") => (words.by_campaign, words.campaign),
        _ => (words.by_source_and_detail, words.source),
    };
    let kpi = &t.report.kpi;
    TablePage::of(
        layout,
        asked,
        Shown {
            id: "sources",
            title,
            tabs: report::tabs(&asked.url, "by", by, &choices),
            head,
            number_heads: vec![
                report::sorting_head(asked, "visitors", kpi.visitors),
                report::sorting_head(asked, "sessions", kpi.sessions),
                report::sorting_head(asked, "page_views", kpi.page_views),
                Head::plain(words.bounce_rate),
            ],
            rows,
            total: table.total,
            next: table.next.as_deref(),
        },
    )
}

/// Rows with visitors and sessions.
pub(crate) fn rows(t: &Texts, url: &ReportUrl, rows: &[SourceRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let row = |row: &SourceRow| {
        let (name, detail, href) = name(t, url, row);
        Row {
            name,
            detail,
            href: Some(href),
            bar: report::bar(row.visitors, most),
            numbers: vec![report::count(t, row.visitors), report::count(t, row.sessions)],
        }
    };
    rows.iter().map(row).collect()
}

/// Name and detail of a row, and the address that filters by it.
fn name(t: &Texts, url: &ReportUrl, row: &SourceRow) -> (String, Option<String>, String) {
    let known = |text: &Option<String>| text.clone().filter(|text| text != NONE);
    if let Some(campaign) = &row.campaign {
        let parts: Vec<String> = [&row.utm_source, &row.utm_medium].into_iter().filter_map(known).collect();
        let mut url = url.clone();
        for (dimension, value) in [
            (Dimension::UtmCampaign, Some(campaign)),
            (Dimension::UtmSource, row.utm_source.as_ref()),
            (Dimension::UtmMedium, row.utm_medium.as_ref()),
        ] {
            url = value.map_or_else(|| url.clone(), |value| url.filtered(is(dimension, value)));
        }
        let name = report::named(t, Dimension::UtmCampaign, campaign);
        return (name, (!parts.is_empty()).then(|| parts.join(" / ")), url.href());
    }
    let source = row.source.as_deref().unwrap_or(NONE);
    let name = report::named(t, Dimension::Source, source);
    let url = url.filtered(is(Dimension::Source, source));
    match &row.detail {
        Some(detail) => {
            // The entry page, of direct traffic.
            let shown = known(&row.detail).map(|detail| format::address(&detail));
            (name, shown, url.filtered(is(Dimension::SourceDetail, detail)).href())
        }
        // One step down: the details of this source.
        None => (name, None, url.without("by").href()),
    }
}
