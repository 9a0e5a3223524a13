//! `/accounts/{id}/companies/{id}`: one company with its contacts, and the form of its name. The emails of contacts are
//! masked unless the user may see them (rules.md 28), and so are their names on the timeline of the company.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use super::{parts, revenue};
use crate::app::people::companies;
use crate::app::reports::company_timeline::{self, CONTACTS_MAX, CompanyEntry, CompanyTimeline};
use crate::app::reports::{self, CompanyReport, LIMIT_DEFAULT, parameters};
use crate::domain::company::{self, CompanyId, NAME_MAX};
use crate::domain::contact::ContactId;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::contact_activity::NUMBERS_MAX;
use crate::web::admin::people::list::{COLUMNS, mask, title_of};
use crate::web::admin::people::lists::{Member, member};
use crate::web::admin::people::visitor::{Fact, Moment, Visit, visit};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::fill;

const NAME: &str = "name";
/// Which part of the timeline is shown, beside the part of the contacts.
const TIMELINE_AFTER: &str = "timeline_after";
const TIMELINE_ROW: &str = "timeline_row";

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/companies/{company}")
            .route(get_or_head().to(show))
            .route(post().to(rename)),
    );
}

/// The number of the company in the path.
fn id_of(request: &HttpRequest) -> Result<CompanyId, WebError> {
    let id = request.match_info().get("company").and_then(|text| text.parse().ok());
    id.map(CompanyId).ok_or(WebError::NotFound)
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let id = id_of(&request)?;
    let pairs = report_page::pairs(&request)?;
    let usual = if access.format.is_csv() { export::CSV_ROWS_MAX } else { LIMIT_DEFAULT };
    let limit = match query::first(&pairs, "limit") {
        None => usual,
        wanted => parameters::limit(wanted, LIMIT_DEFAULT)?,
    };
    let after = parameters::after(query::first(&pairs, "after"), |text| text.parse().ok())?;
    report_page::wait(&access, &pairs).await?;
    let (app, account) = (&access.state.app, access.account.id());
    let found = reports::companies::show(app, account, id, after, limit).await?;
    let mut found = found.ok_or(WebError::NotFound)?;
    if !access.format.is_csv() {
        // The file is about the contacts.
        let after = query::first(&pairs, TIMELINE_AFTER);
        found.activity = Some(company_timeline::timeline(app, account, id, after).await?);
    }
    redact(access.sees_emails, &mut found);
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("company-{account}-{}", id.0));
            export::csv_columns(file, &COLUMNS, found.contacts)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = reader.layout(&found.company.name, Section::Companies, "");
            let shown = CompanyView {
                currency: &access.account.settings().currency,
                row: report_page::first_row(&pairs, after.is_some()),
                timeline_row: timeline_row(&pairs),
                limit,
                typed: None,
            };
            respond::page(&page(layout, &access.account.zone, &shown, &found))
        }
    }
}

/// Removes what this user may not see.
fn redact(sees_emails: bool, found: &mut CompanyReport) {
    if sees_emails {
        return;
    }
    found.contacts.iter_mut().for_each(mask);
    for entry in found.activity.iter_mut().flat_map(|activity| &mut activity.entries) {
        mask(&mut entry.contact);
        entry.visit.iter_mut().for_each(|visit| visit.submitted.clear());
    }
}

/// Number of the first entry of the timeline shown, counted from 1; only displayed.
fn timeline_row(pairs: &query::Pairs) -> i64 {
    let row = query::first(pairs, TIMELINE_ROW).and_then(|text| text.parse().ok());
    row.filter(|row| *row > 0 && query::first(pairs, TIMELINE_AFTER).is_some()).unwrap_or(1)
}

async fn rename(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let (app, account, id) = (member.app(), member.account_id(), id_of(&request)?);
    let typed = fields.text(NAME);
    let Ok(name) = company::parse_name(typed) else {
        let found = reports::companies::show(app, account, id, None, LIMIT_DEFAULT).await?;
        let mut found = found.ok_or(WebError::NotFound)?;
        found.activity = Some(company_timeline::timeline(app, account, id, None).await?);
        redact(member.sees_emails(), &mut found);
        let layout = member.layout(&found.company.name, Section::Companies, "");
        let currency = &member.account.settings().currency;
        let shown =
            CompanyView { currency, row: 1, timeline_row: 1, limit: LIMIT_DEFAULT, typed: Some(typed) };
        return respond::form(true, &page(layout, &member.account.zone, &shown, &found));
    };
    let is_there = companies::rename(app, member.actor(), account, id, name).await?;
    let next = if is_there { paths::company(account, id) } else { paths::companies(account) };
    respond::done(&request, member.https(), Done::Saved, &next)
}

/// What the page shows beside what was found.
pub(crate) struct CompanyView<'a> {
    pub currency: &'a str,
    /// Number of the first contact shown, counted from 1; only displayed.
    pub row: i64,
    /// The same of the timeline.
    pub timeline_row: i64,
    pub limit: usize,
    /// A name that was refused.
    pub typed: Option<&'a str>,
}

#[derive(Template)]
#[template(path = "companies/show.html")]
pub(crate) struct Page {
    layout: Layout,
    domain: String,
    facts: Vec<Fact>,
    members: Vec<Member>,
    pager: Option<Pager>,
    /// Days of the timeline that cannot be read.
    damaged: Option<String>,
    /// Set when the timeline does not show everybody.
    older: Option<String>,
    entries: Vec<Entry>,
    timeline_pager: Option<Pager>,
    csv: String,
    json: String,
    /// Where the form of the name is sent, for users who may change it.
    rename: Option<(String, Field)>,
}

/// An entry of the timeline: a session, or a moment.
struct Entry {
    /// Of the contact whose it is.
    name: String,
    href: String,
    visit: Option<Visit>,
    moment: Option<Moment>,
}

pub(crate) fn page(layout: Layout, zone: &Zone, shown: &CompanyView<'_>, found: &CompanyReport) -> Page {
    let t = layout.t;
    let texts = &t.companies;
    let company = &found.company;
    let address = paths::company(layout.account_id(), company.id);
    let limit = shown.limit;
    let name = if company.name == company.domain { "" } else { company.name.as_str() };
    let field = Field::new(t, NAME, texts.name, Kind::Text)
        .value(shown.typed.unwrap_or(name))
        .hint(&fill(texts.name_hint, &[("domain", &company.domain)]))
        .error(shown.typed.map(|_| fill(texts.long_name, &[("limit", &NAME_MAX.to_string())])))
        .max(NAME_MAX);
    let nothing = CompanyTimeline::default();
    let activity = found.activity.as_ref().unwrap_or(&nothing);
    let [contacts, browsers] = [CONTACTS_MAX, NUMBERS_MAX].map(|most| most.to_string());
    Page {
        damaged: (!activity.damaged.is_empty())
            .then(|| fill(t.visitor.damaged, &[("days", &activity.damaged.join(", "))])),
        older: activity
            .older_left_out
            .then(|| fill(texts.older_left_out, &[("contacts", &contacts), ("browsers", &browsers)])),
        entries: entries(&layout, zone, shown.currency, &activity.entries),
        timeline_pager: Pager::of(
            t,
            shown.timeline_row,
            activity.entries.len(),
            activity.timeline_total,
            (shown.timeline_row > 1).then(|| format!("{address}#timeline")),
            activity.timeline_next.as_deref(),
            |cursor, row| format!("{address}?{TIMELINE_AFTER}={cursor}&{TIMELINE_ROW}={row}#timeline"),
        ),
        domain: company.domain.clone(),
        facts: facts(&layout, zone, shown.currency, found),
        members: found.contacts.iter().map(|row| member(&layout, shown.currency, row)).collect(),
        pager: Pager::of(
            t,
            shown.row,
            found.contacts.len(),
            company.contact_count,
            (shown.row > 1).then(|| address.clone()),
            found.next.as_deref(),
            |cursor, row| format!("{address}?limit={limit}&after={cursor}&row={row}"),
        ),
        csv: format!("{address}?format=csv"),
        json: format!("{address}?format=json"),
        rename: layout.viewer_is(Role::Editor).then_some((address, field)),
        layout,
    }
}

fn entries(layout: &Layout, zone: &Zone, currency: &str, found: &[CompanyEntry]) -> Vec<Entry> {
    let t = layout.t;
    let entry = |(place, entry): (usize, &CompanyEntry)| Entry {
        name: title_of(t, &entry.contact),
        href: paths::contact(layout.account_id(), ContactId(entry.contact.id)),
        visit: entry.visit.as_ref().map(|row| visit(t, zone, currency, row, place == 0)),
        moment: entry.visit.is_none().then(|| Moment {
            when: format::date_time(&t.number, zone, entry.at),
            badge: t.companies.came,
            text: t.companies.came_what.to_owned(),
        }),
    };
    found.iter().enumerate().map(entry).collect()
}

fn facts(layout: &Layout, zone: &Zone, currency: &str, found: &CompanyReport) -> Vec<Fact> {
    let t = layout.t;
    let (texts, row) = (&t.companies, &found.company);
    let fact = |name: &'static str, value: String, detail: String| Fact { name: name.into(), value, detail };
    let at = |at| format::date_time(&t.number, zone, at);
    let count = |number| report_page::count(t, number);
    vec![
        fact(texts.contacts, count(row.contact_count), String::new()),
        fact(texts.visits, count(row.visits), String::new()),
        fact(texts.completions, count(row.completions), String::new()),
        fact(texts.revenue, revenue(t, row, currency), parts(t, row, currency)),
        fact(texts.page_views, count(row.page_views), String::new()),
        fact(texts.last_visit, row.last_visit.map(at).unwrap_or_default(), String::new()),
        fact(texts.created, at(row.created), String::new()),
    ]
}
