//! `/accounts/{id}/sources`: where sessions came from: by source and detail, by source only (`?by=source`), by
//! referrer, or by a campaign parameter. A click drills down from a source to its details, and from a detail to the
//! second detail.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};

use crate::app::reports::sources::By;
use crate::app::reports::{self, SourceRow, Table};
use crate::domain::question::{Dimension, NONE};
use crate::domain::source::Source;
use crate::web::admin::reports::report_page;
use crate::web::admin::reports::table::{TableContents, TablePage};
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
    config.route("/accounts/{account}/sources", get_or_head().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let params = report_page::ask(&request, &access, Report::Sources, &["by", "sort"]).await?;
    let table = reports::sources(&access.state.app, access.account.id(), &params.query).await?;
    match access.format {
        Format::Json => export::json(&table),
        Format::Csv(mark) => {
            let columns = columns(By::parse(params.query.by.as_deref())?);
            let file = access.csv_file(mark, report_page::file_name(&params));
            report_page::csv(file, &columns, table, cells, |row| row.before)
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let layout = report_page::layout(&access, &params, Section::Sources, |t| t.table.sources)?;
            respond::page(&page(layout, &params, &table)?)
        }
    }
}

/// Columns of the CSV, in the order of `cells`.
fn columns(by: By) -> Vec<&'static str> {
    let names: &[&str] = match by {
        By::Detail => &["source", "detail"],
        By::Source => &["source"],
        By::Detail2 => &["detail_2"],
        By::Referrer => &["referrer"],
        By::Campaign => &["campaign", "utm_source", "utm_medium"],
        By::Medium => &["utm_medium"],
        By::Term => &["utm_term"],
        By::Content => &["utm_content"],
        By::ClickId => &["click_id"],
    };
    [names, &["visitors", "sessions", "page_views", "bounce_rate"]].concat()
}

fn cells(row: &SourceRow) -> Vec<String> {
    let mut cells: Vec<String> = names(row).into_iter().map(|(_, name)| export::cell(name)).collect();
    cells.extend([row.visitors, row.sessions, row.page_views].map(|n| n.to_string()));
    cells.push(export::ratio(row.bounce_rate));
    cells
}

/// The names of a row in their order, each with the dimension that filters by it.
fn names(row: &SourceRow) -> Vec<(Dimension, &str)> {
    let all = [
        (Dimension::Source, &row.source),
        (Dimension::SourceDetail, &row.detail),
        (Dimension::SourceDetail2, &row.detail_2),
        (Dimension::Referrer, &row.referrer),
        (Dimension::UtmCampaign, &row.campaign),
        (Dimension::UtmSource, &row.utm_source),
        (Dimension::UtmMedium, &row.utm_medium),
        (Dimension::UtmTerm, &row.utm_term),
        (Dimension::UtmContent, &row.utm_content),
        (Dimension::ClickId, &row.click_id),
    ];
    all.into_iter().filter_map(|(dimension, name)| Some((dimension, name.as_deref()?))).collect()
}

pub(crate) fn page(
    layout: Layout,
    params: &ReportParams,
    table: &Table<SourceRow>,
) -> Result<TablePage, reports::Error> {
    let t = layout.t;
    let texts = &t.table;
    let by = By::parse(params.query.by.as_deref())?;
    let until = report_page::until(&layout, params);
    let names = rows(t, &params.url, &table.rows);
    let numbers = table.rows.iter().map(|row| {
        let visitors = report_page::visitors(t, params, until.as_deref(), row.visitors, row.before);
        report_page::session_numbers(t, visitors, (row.sessions, row.page_views), row.bounce_rate)
    });
    let bar_count =
        |row: &SourceRow| report_page::bar_count(params, row.visitors, row.sessions, row.page_views);
    let counts: Vec<u64> = table.rows.iter().map(bar_count).collect();
    let rows = report_page::with_numbers(names, numbers, &counts);
    let mut choices = vec![
        ("detail", texts.by_source_and_detail),
        ("source", texts.by_source),
        ("referrer", texts.by_referrer),
        ("campaign", texts.by_campaign),
        ("medium", texts.by_medium),
        ("term", texts.by_term),
        ("content", texts.by_content),
        ("click_id", texts.by_click_id),
    ];
    // This tab is only reached by drilling down.
    if by == By::Detail2 {
        choices.insert(1, ("detail_2", texts.by_detail));
    }
    let word = params.query.by.as_deref();
    let current = choices.iter().find(|(key, _)| Some(*key) == word).or(choices.first());
    let is_campaign = matches!(by, By::Campaign | By::Medium | By::Term | By::Content);
    Ok(TablePage::of(
        layout,
        params,
        TableContents {
            id: "sources",
            title: current.map_or("", |(_, label)| *label),
            tabs: report_page::tabs(&params.url, "by", word, &choices),
            head: match by {
                By::Detail | By::Source => texts.source,
                By::Campaign => texts.campaign,
                _ => current.map_or("", |(_, label)| *label),
            },
            searched: match by {
                By::Detail => Some(Dimension::SourceDetail),
                By::Detail2 => Some(Dimension::SourceDetail2),
                // What is shown is not what is stored, and few rows need no search.
                By::Source | By::ClickId => None,
                By::Referrer => Some(Dimension::Referrer),
                By::Campaign => Some(Dimension::UtmCampaign),
                By::Medium => Some(Dimension::UtmMedium),
                By::Term => Some(Dimension::UtmTerm),
                By::Content => Some(Dimension::UtmContent),
            },
            number_heads: report_page::session_heads(t, params),
            rows,
            nothing: match by {
                By::ClickId => t.report.nothing.click_ids,
                _ if is_campaign => t.report.nothing.campaigns,
                _ => t.report.nothing.sources,
            },
            total: table.total,
            next: table.next.as_deref(),
            suspected_page_views: table.suspected_page_views,
            damaged: &table.damaged,
        },
    ))
}

pub(crate) fn rows(t: &Texts, url: &ReportUrl, rows: &[SourceRow]) -> Vec<Row> {
    let most = rows.iter().map(|row| row.visitors).max();
    let row = |row: &SourceRow| {
        let (name, detail) = name(t, row);
        Row {
            name,
            detail,
            href: Some(down(url, row).href()),
            bar: report_page::bar(row.visitors, most),
            numbers: vec![
                Number::from(report_page::count(t, row.visitors)),
                report_page::count(t, row.sessions).into(),
            ],
        }
    };
    rows.iter().map(row).collect()
}

/// The first name of a row, and the other known names as its detail.
fn name(t: &Texts, row: &SourceRow) -> (String, Option<String>) {
    let mut names = names(row).into_iter();
    let first = names.next().map(|(dimension, name)| report_page::value_label(t, dimension, name));
    let others: Vec<&str> = names.map(|(_, name)| name).filter(|name| *name != NONE).collect();
    (first.unwrap_or_default(), (!others.is_empty()).then(|| others.join(" / ")))
}

/// The link that drills down: the names of the row as filters, and the next variant if there is one.
fn down(url: &ReportUrl, row: &SourceRow) -> ReportUrl {
    let url =
        names(row).into_iter().fold(url.clone(), |url, (dimension, name)| url.filtered(is(dimension, name)));
    match (&row.source, &row.detail) {
        (Some(_), None) => url.without("by"),
        (Some(source), Some(_)) if has_second_detail(source) => url.with("by", "detail_2"),
        _ => url,
    }
}

/// Whether sessions of this source have a second detail. For others the table would have a single row without a
/// name.
fn has_second_detail(source: &str) -> bool {
    match Source::parse(source) {
        Some(Source::DirectTraffic | Source::EmailMarketing | Source::SocialMedia | Source::Offline)
        | None => false,
        Some(_) => true,
    }
}
