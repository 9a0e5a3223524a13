//! `/accounts/{id}/reports/consent`: what visitors answered, and by which consent page views are stored. It names nobody, so
//! `reports.read` is enough for a token.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports::consent::{ConsentRow, OriginRow};
use crate::app::reports::{self, ConsentReport};
use crate::domain::question::{Dimension, NONE};
use crate::domain::user::Role;
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::part::panel::{Head, Panel, Row};
use crate::web::part::period::PeriodBar;
use crate::web::paths::{self, Report};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::ReportParams;
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/reports/consent", get_or_head().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let params = report_page::ask(&request, &access, Report::Consent, &["by"]).await?;
    if access.format == Format::Html && !params.query.filters.is_empty() {
        // The navigation carries the filters of the report before.
        return Ok(respond::see_other(&params.url.without_filters().href()));
    }
    let account = access.account.id();
    let found = reports::consent(&access.state.app, account, &params.query).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let days = params.url.period.days;
            let name = format!("consent-{account}-{}-{}", days.first, days.last);
            export::csv_columns(access.csv_file(mark, name), &COLUMNS, found.rows)
        }
        Format::Html => {
            let layout = report_page::layout(&access, &params, Section::Consent, |t| t.consent_report.title)?;
            respond::page(&page(layout, &params, &found))
        }
    }
}

const COLUMNS: [Column<ConsentRow>; 7] = [
    ("name", |row| export::cell(&row.name)),
    ("accepted", |row| row.answers.accepted.to_string()),
    ("partly", |row| row.answers.partly.to_string()),
    ("refused", |row| row.answers.refused.to_string()),
    ("withdrawn", |row| row.answers.withdrawn.to_string()),
    ("allowed", |row| row.answers.allowed.to_string()),
    ("asked", |row| row.asked.to_string()),
];

#[derive(Template)]
#[template(path = "consent_report/show.html")]
pub(crate) struct Page {
    layout: Layout,
    period: PeriodBar,
    damaged: Option<String>,
    /// What the numbers stand for, a sentence each.
    sentences: Vec<String>,
    answers: Panel,
    origins: Panel,
    /// Of the log, for whom may see it.
    log: Option<String>,
}

pub(crate) fn page(layout: Layout, params: &ReportParams, found: &ConsentReport) -> Page {
    let t = layout.t;
    let zone = layout.account.as_ref().map(|account| account.zone.clone()).unwrap_or_default();
    Page {
        period: PeriodBar { t, url: params.url.clone(), zone, until: None, nothing_before: false },
        damaged: (!found.damaged.is_empty())
            .then(|| fill(t.consent_report.damaged, &[("days", &found.damaged.join(", "))])),
        sentences: sentences(t, found),
        answers: answers(t, params, found),
        origins: origins(t, &found.origins),
        log: layout.viewer_is(Role::Admin).then(|| paths::consent_log(layout.account_id())),
        layout,
    }
}

/// Says no more than was counted.
fn sentences(t: &'static Texts, found: &ConsentReport) -> Vec<String> {
    let texts = &t.consent_report;
    let n = |count: u64| report_page::count(t, count);
    let percent = |part: u64, whole: u64| {
        format::percent(&t.number, report_page::signed(part), report_page::signed(whole))
    };
    let answered = found.answers.answered();
    let mut sentences = vec![if answered == 0 {
        texts.nobody_answered.to_owned()
    } else {
        let share = percent(found.answers.allowed, answered);
        fill(
            texts.of_answered,
            &[("allowed", &n(found.answers.allowed)), ("answered", &n(answered)), ("share", &share)],
        )
    }];
    match found.asked {
        None => sentences.push(texts.not_counted.to_owned()),
        Some(asked) => sentences.push(fill(
            texts.of_asked,
            &[
                ("days", &texts.days.of(report_page::signed(asked.days), &t.number)),
                ("asked", &n(asked.asked)),
                ("answered", &n(asked.answered)),
                ("unanswered", &n(asked.unanswered)),
                ("allowed", &n(asked.allowed)),
                ("share", &percent(asked.allowed.min(asked.asked), asked.asked)),
            ],
        )),
    }
    if found.answers.withdrawn > 0 {
        let withdrawn = report_page::signed(found.answers.withdrawn);
        sentences.push(texts.withdrawals.of(withdrawn, &t.number));
    }
    if found.not_logged > 0 {
        let not_logged = report_page::signed(found.not_logged);
        sentences.push(texts.not_logged.of(not_logged, &t.number));
    }
    sentences
}

fn answers(t: &'static Texts, params: &ReportParams, found: &ConsentReport) -> Panel {
    let (texts, log) = (&t.consent_report, &t.consent_log);
    let by = params.query.by.as_deref();
    let choices = [("country", texts.by_country), ("page", texts.by_page), ("device", texts.by_device)];
    let current = choices.iter().find(|(word, _)| Some(*word) == by).or(choices.first());
    let dimension = match by {
        Some("page") => Dimension::Page,
        Some("device") => Dimension::Device,
        _ => Dimension::Country,
    };
    let is_asked = found.asked.is_some();
    let mut heads = vec![log.accepted, log.partly, log.refused, log.withdrawn];
    if is_asked {
        heads.push(texts.asked);
    }
    let most = found.rows.iter().map(|row| row.answers.answered()).max();
    let row = |row: &ConsentRow| {
        let answers = row.answers;
        let mut counts = vec![answers.accepted, answers.partly, answers.refused, answers.withdrawn];
        if is_asked {
            counts.push(row.asked);
        }
        let name = if row.name.is_empty() { NONE } else { &row.name };
        let label = report_page::value_label(t, dimension, name);
        Row {
            name: if label.is_empty() { texts.unknown.to_owned() } else { label },
            detail: t.label.code(dimension, name),
            href: None,
            bar: report_page::bar(answers.answered(), most),
            numbers: counts.into_iter().map(|n| report_page::count(t, n).into()).collect(),
        }
    };
    Panel {
        tabs: report_page::tabs(&params.url, "by", by, &choices),
        number_heads: heads.into_iter().map(Head::plain).collect(),
        rows: found.rows.iter().map(row).collect(),
        empty: texts.no_answers.to_owned(),
        export: Some(params.url.clone()),
        ..Panel::new(t, "answers", texts.answers, current.map_or("", |(_, label)| *label))
    }
}

fn origins(t: &'static Texts, rows: &[OriginRow]) -> Panel {
    let (texts, kpi) = (&t.consent_report, &t.report.kpi);
    let most = rows.iter().map(|row| row.page_views).max();
    let row = |row: &OriginRow| Row {
        name: report_page::value_label(t, Dimension::ConsentOrigin, &row.origin),
        detail: None,
        href: None,
        bar: report_page::bar(row.page_views, most),
        numbers: [row.page_views, row.sessions].map(|n| report_page::count(t, n).into()).into(),
    };
    Panel {
        number_heads: [kpi.page_views, kpi.sessions].map(Head::plain).into(),
        rows: rows.iter().map(row).collect(),
        empty: texts.no_views.to_owned(),
        ..Panel::new(t, "origins", texts.origins, texts.origin)
    }
}
