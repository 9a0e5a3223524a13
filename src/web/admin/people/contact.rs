//! `/accounts/{id}/contacts/{id}`: one contact with properties, revenue, and a timeline of the sessions of all its
//! browsers and the events that programs reported. The page covers all time, so it has no period. The email is
//! masked unless the user may see it (rules.md 28).

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports;
use crate::app::reports::contact::{ContactReport, Moment};
use crate::domain::account::AccountId;
use crate::domain::contact::ContactId;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::people::list::{masked, revenue};
use crate::web::admin::people::visitor::{Asked, Fact, Visit, visit};
use crate::web::admin::reports::report::{self, signed};
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{answer, data};
use crate::web::text::fill;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/contacts/{contact}", get().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let id = request.match_info().get("contact").and_then(|text| text.parse().ok());
    let id: i64 = id.ok_or(WebError::NotFound)?;
    let pairs = report::pairs(&request)?;
    let asked = Asked::read(&pairs, access.format)?;
    report::wait(&access, &pairs).await?;
    let (app, account) = (&access.state.app, access.account.id());
    let found = reports::contact(app, account, id, asked.after.as_deref(), asked.limit).await?;
    let found = told(&access, found.ok_or(WebError::NotFound)?);
    match access.format {
        Format::Json => data::json(&found),
        Format::Csv => {
            let rows = found.timeline.iter().map(cells).collect();
            data::csv(&format!("contact-{account}-{id}"), &COLUMNS, rows)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = reader.layout(&found.row.email, Section::Contacts, "");
            let currency = &access.account.settings().currency;
            answer::page(StatusCode::OK, &page(layout, &access.account.zone, currency, &asked, &found))
        }
    }
}

/// Removes what this user may not see. Properties and the external id can identify a person just like the email.
fn told(access: &ReportAccess, mut found: ContactReport) -> ContactReport {
    if !access.sees_emails {
        found.row.email = masked(&found.row.email);
        found.external_id = None;
        found.properties.clear();
    }
    found
}

/// Columns of the CSV, in the order of `cells`: one line per entry of the timeline.
const COLUMNS: [&str; 12] = [
    "at",
    "kind",
    "host",
    "path",
    "title",
    "event",
    "value",
    "engaged_seconds",
    "consent",
    "session",
    "source",
    "device",
];

fn cells(moment: &Moment) -> Vec<String> {
    let event = &moment.event;
    vec![
        event.at.iso(),
        event.kind.to_owned(),
        data::cell(&event.host),
        data::cell(&event.path),
        data::cell(&event.title),
        data::cell(&event.event),
        event.value.clone().unwrap_or_default(),
        event.engaged_seconds.to_string(),
        event.consent.to_owned(),
        moment.session.to_string(),
        data::cell(&moment.source),
        data::cell(&moment.device),
    ]
}

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
    asked: &Asked,
    found: &ContactReport,
) -> Page {
    let t = layout.t;
    let words = &t.contacts;
    let account = layout.account.as_ref().map_or(AccountId(0), |here| here.id);
    let here = paths::contact(account, ContactId(found.row.id));
    let visits: Vec<Visit> =
        found.visits.iter().enumerate().map(|(at, row)| visit(t, zone, currency, row, at == 0)).collect();
    let to = asked.row + i64::try_from(visits.len()).unwrap_or(0) - 1;
    let next = found.next.as_ref().map(|cursor| format!("{here}?after={cursor}&row={}", to + 1));
    let is_part = asked.after.is_some() || next.is_some();
    let mut under = vec![fill(words.number, &[("number", &found.row.id.to_string())])];
    under.extend(found.external_id.as_ref().map(|id| fill(words.external_id, &[("id", id)])));
    let browser = |number: &u32| {
        let name = fill(words.visitor_number, &[("number", &number.to_string())]);
        (name, paths::visitor(account, VisitorNumber(*number)))
    };
    let property = |said: &reports::contact::Said| Property {
        name: said.name.clone(),
        value: said.value.clone(),
        how: if said.verified { words.is_verified } else { words.said },
        is_verified: said.verified,
    };
    Page {
        under: under.join(" · "),
        damaged: (!found.damaged.is_empty())
            .then(|| fill(t.visitor.damaged, &[("days", &found.damaged.join(", "))])),
        older: found
            .older_left_out
            .then(|| fill(words.older_left_out, &[("number", &found.visitors.len().to_string())])),
        facts: facts(&layout, zone, currency, found),
        browsers: found.visitors.iter().map(browser).collect(),
        properties: found.properties.iter().map(property).collect(),
        visits,
        pager: is_part.then(|| Pager {
            t,
            from: asked.row,
            to,
            total: signed(found.total),
            first: asked.after.is_some().then(|| here.clone()),
            next,
        }),
        csv: format!("{here}?format=csv"),
        json: format!("{here}?format=json"),
        layout,
    }
}

fn facts(layout: &Layout, zone: &Zone, currency: &str, found: &ContactReport) -> Vec<Fact> {
    let t = layout.t;
    let words = &t.contacts;
    let row = &found.row;
    let fact = |name, value: String, detail: &str| Fact { name, value, detail: detail.to_owned() };
    let money = |minor| format::money(&t.number, minor, currency);
    let at = |at| format::date_time(&t.number, zone, at);
    let source = t.word.value(Dimension::Source, &row.original_source).into_owned();
    vec![
        fact(words.revenue, revenue(t, row, currency), ""),
        fact(words.verified, money(row.revenue_minor), words.verified_what),
        fact(words.asserted, money(row.asserted_minor), words.asserted_what),
        fact(words.completions, report::count(t, row.completions), ""),
        fact(words.sessions, report::count(t, row.sessions), ""),
        fact(words.page_views, report::count(t, row.page_views), ""),
        fact(words.original_source, source, &format::address(&row.original_source_detail)),
        fact(words.first_seen, at(row.first_seen), ""),
        fact(words.last_seen, at(row.last_seen), ""),
        fact(words.created, at(found.created), ""),
    ]
}
