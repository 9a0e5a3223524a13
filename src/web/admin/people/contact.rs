//! `/accounts/{id}/contacts/{id}`: one contact with properties, revenue, and a timeline of the sessions of all its
//! browsers and the events that programs reported. The page covers all time, so it has no period. The email is
//! masked unless the user may see it (rules.md 28).

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports;
use crate::app::reports::contact::{ContactReport, Moment};
use crate::domain::contact::ContactId;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::people::list::{mask_email, name_of, revenue};
use crate::web::admin::people::visitor::{Fact, TimelineParams, Visit, timeline_pager, visit};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::fill;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/contacts/{contact}", get_or_head().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let id = request.match_info().get("contact").and_then(|text| text.parse().ok());
    let id: i64 = id.ok_or(WebError::NotFound)?;
    let pairs = report_page::pairs(&request)?;
    let params = TimelineParams::read(&pairs, access.format)?;
    report_page::wait(&access, &pairs).await?;
    let (app, account) = (&access.state.app, access.account.id());
    let found = reports::contact(app, account, id, params.after.as_deref(), params.limit).await?;
    let found = redact(&access, found.ok_or(WebError::NotFound)?);
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("contact-{account}-{id}"));
            export::csv_columns(file, &COLUMNS, found.timeline)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let name = name_of(reader.t(), found.row.email.as_deref(), found.row.id);
            let layout = reader.layout(&name, Section::Contacts, "");
            let currency = &access.account.settings().currency;
            respond::page(&page(layout, &access.account.zone, currency, &params, &found))
        }
    }
}

/// Removes what this user may not see. Properties and the external id can identify a person just like the email.
fn redact(access: &ReportAccess, mut found: ContactReport) -> ContactReport {
    if !access.sees_emails {
        mask_email(&mut found.row.email);
        found.external_id = None;
        found.properties.clear();
        found.visits.iter_mut().for_each(|visit| visit.submitted.clear());
    }
    found
}

const COLUMNS: [Column<Moment>; 12] = [
    ("at", |moment| moment.event.at.iso()),
    ("kind", |moment| moment.event.kind.to_owned()),
    ("host", |moment| export::cell(&moment.event.host)),
    ("path", |moment| export::cell(&moment.event.path)),
    ("title", |moment| export::cell(&moment.event.title)),
    ("event", |moment| export::cell(&moment.event.event)),
    ("value", |moment| moment.event.value.clone().unwrap_or_default()),
    ("engaged_seconds", |moment| moment.event.engaged_seconds.to_string()),
    ("consent", |moment| moment.event.consent.to_owned()),
    ("session", |moment| moment.session.to_string()),
    ("source", |moment| export::cell(&moment.source)),
    ("device", |moment| export::cell(&moment.device)),
];

struct Property {
    name: String,
    value: String,
    how: &'static str,
    is_verified: bool,
}

#[derive(Template)]
#[template(path = "contacts/show.html")]
pub(crate) struct Page {
    layout: Layout,
    under: String,
    damaged: Option<String>,
    /// Set when the contact has more browsers than are shown.
    older: Option<String>,
    facts: Vec<Fact>,
    browsers: Vec<(String, String)>,
    properties: Vec<Property>,
    visits: Vec<Visit>,
    pager: Option<Pager>,
    csv: String,
    json: String,
}

pub(crate) fn page(
    layout: Layout,
    zone: &Zone,
    currency: &str,
    params: &TimelineParams,
    found: &ContactReport,
) -> Page {
    let t = layout.t;
    let texts = &t.contacts;
    let account = layout.account_id();
    let address = paths::contact(account, ContactId(found.row.id));
    let visits: Vec<Visit> =
        found.visits.iter().enumerate().map(|(at, row)| visit(t, zone, currency, row, at == 0)).collect();
    let mut under = vec![fill(texts.number, &[("number", &found.row.id.to_string())])];
    under.extend(found.external_id.as_ref().map(|id| fill(texts.external_id, &[("id", id)])));
    let browser = |number: &u32| {
        let name = fill(texts.visitor_number, &[("number", &number.to_string())]);
        (name, paths::visitor(account, VisitorNumber(*number)))
    };
    let property = |said: &reports::contact::Said| Property {
        name: said.name.clone(),
        value: said.value.clone(),
        how: if said.verified { texts.is_verified } else { texts.is_unverified },
        is_verified: said.verified,
    };
    Page {
        under: under.join(" · "),
        damaged: (!found.damaged.is_empty())
            .then(|| fill(t.visitor.damaged, &[("days", &found.damaged.join(", "))])),
        older: found
            .older_left_out
            .then(|| fill(texts.older_left_out, &[("number", &found.visitors.len().to_string())])),
        facts: facts(&layout, zone, currency, found),
        browsers: found.visitors.iter().map(browser).collect(),
        properties: found.properties.iter().map(property).collect(),
        pager: timeline_pager(t, params, &address, visits.len(), found.total, found.next.as_deref()),
        visits,
        csv: format!("{address}?format=csv"),
        json: format!("{address}?format=json"),
        layout,
    }
}

fn facts(layout: &Layout, zone: &Zone, currency: &str, found: &ContactReport) -> Vec<Fact> {
    let t = layout.t;
    let texts = &t.contacts;
    let row = &found.row;
    let fact = |name: &'static str, value: String, detail: &str| Fact {
        name: name.into(),
        value,
        detail: detail.to_owned(),
    };
    let money = |minor| format::money(&t.number, minor, currency);
    let at = |at| format::date_time(&t.number, zone, at);
    let source = t.label.value(Dimension::Source, &row.original_source).into_owned();
    vec![
        fact(texts.revenue, revenue(t, row, currency), ""),
        fact(texts.verified, money(row.revenue_minor), texts.verified_what),
        fact(texts.asserted, money(row.asserted_minor), texts.asserted_what),
        fact(texts.completions, report_page::count(t, row.completions), ""),
        fact(texts.sessions, report_page::count(t, row.sessions), ""),
        fact(texts.page_views, report_page::count(t, row.page_views), ""),
        fact(texts.original_source, source, &row.original_source_detail),
        fact(texts.first_seen, at(row.first_seen), ""),
        fact(texts.last_seen, at(row.last_seen), ""),
        fact(texts.created, at(found.created), ""),
    ]
}
