//! `/accounts/{id}/companies`: the companies of contacts, by the domains of their emails. The list covers all time, so it
//! has no period. A domain is no email, so everybody who may see contacts sees it (rules.md 28, 35).

pub mod show;

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports::companies::Wanted;
use crate::app::reports::{self, CompanyRow, Table};
use crate::domain::account::AccountId;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::company::Order;
use crate::web::admin::reports::report_page;
use crate::web::admin::settings::settings_nav::Tab;
use crate::web::drawing::format;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::heading::Heading;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/companies", get_or_head().to(list));
}

async fn list(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let pairs = report_page::pairs(&request)?;
    let mut wanted = Wanted::parse(&pairs)?;
    if access.format.is_csv() && query::first(&pairs, "limit").is_none() {
        wanted.limit = export::CSV_ROWS_MAX;
    }
    report_page::wait(&access, &pairs).await?;
    let account = access.account.id();
    let found = reports::companies::list(&access.state.app, account, &wanted).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            export::csv_columns(access.csv_file(mark, format!("companies-{account}")), &COLUMNS, found.rows)
        }
        Format::Html => {
            let member = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = member.layout(member.t().companies.title, Section::Companies, "");
            let row = report_page::first_row(&pairs, wanted.after.is_some());
            let currency = &access.account.settings().currency;
            respond::page(&page(layout, &access.account.zone, currency, &wanted, row, &found))
        }
    }
}

const COLUMNS: [Column<CompanyRow>; 11] = [
    ("id", |row| row.id.0.to_string()),
    ("name", |row| export::cell(&row.name)),
    ("domain", |row| export::cell(&row.domain)),
    ("contact_count", |row| row.contact_count.to_string()),
    ("visits", |row| row.visits.to_string()),
    ("page_views", |row| row.page_views.to_string()),
    ("completions", |row| row.completions.to_string()),
    ("revenue", |row| row.revenue.clone()),
    ("revenue_asserted", |row| row.revenue_asserted.clone()),
    ("created", |row| row.created.iso()),
    ("last_visit", |row| row.last_visit.map(|at| at.iso()).unwrap_or_default()),
];

struct Row {
    name: String,
    /// Shown below the name when an editor wrote that.
    domain: Option<String>,
    href: String,
    contacts: String,
    visits: String,
    page_views: String,
    completions: String,
    revenue: String,
    /// How much of the revenue is verified.
    parts: String,
    last: String,
    last_when: String,
}

#[derive(Template)]
#[template(path = "companies/list.html")]
pub(crate) struct Page {
    layout: Layout,
    path: String,
    search: String,
    order: &'static str,
    /// Sorts by creation again.
    newest: Option<String>,
    columns: Vec<Heading>,
    rows: Vec<Row>,
    no_match: String,
    pager: Option<Pager>,
    csv: String,
    json: String,
    empty: Option<Empty>,
}

/// The address of the list; default values are left out.
fn href(account: AccountId, order: Order, search: &str, more: &str) -> String {
    let mut pairs = Vec::new();
    if order != Order::default() {
        pairs.push(format!("sort={}", order.as_str()));
    }
    if !search.is_empty() {
        pairs.push(format!("search={}", paths::encode(search)));
    }
    if !more.is_empty() {
        pairs.push(more.to_owned());
    }
    let sign = if pairs.is_empty() { "" } else { "?" };
    format!("{}{sign}{}", paths::companies(account), pairs.join("&"))
}

pub(crate) fn page(
    layout: Layout,
    zone: &Zone,
    currency: &str,
    wanted: &Wanted,
    row: i64,
    found: &Table<CompanyRow>,
) -> Page {
    let t = layout.t;
    let texts = &t.companies;
    let account = layout.account_id();
    let Wanted { search, order, after, limit } = wanted;
    let at = |more: &str| href(account, *order, search, more);
    let action = layout
        .viewer_is(Role::Admin)
        .then(|| Action { label: texts.none_action.to_owned(), href: Tab::Companies.path(account) });
    Page {
        path: paths::companies(account),
        search: search.clone(),
        order: if *order == Order::default() { "" } else { order.as_str() },
        newest: (*order != Order::default()).then(|| href(account, Order::default(), search, "")),
        columns: columns(t, account, *order, search),
        rows: found.rows.iter().map(|row| row_of(&layout, zone, currency, row)).collect(),
        no_match: fill(texts.no_match, &[("search", search)]),
        pager: Pager::of(
            t,
            row,
            found.rows.len(),
            found.total,
            after.is_some().then(|| at("")),
            found.next.as_deref(),
            |cursor, row| at(&format!("limit={limit}&after={cursor}&row={row}")),
        ),
        csv: at("format=csv"),
        json: at("format=json"),
        empty: (found.total == 0 && search.is_empty()).then(|| Empty {
            icon: Icon::Company,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action,
        }),
        layout,
    }
}

fn columns(t: &'static Texts, account: AccountId, order: Order, search: &str) -> Vec<Heading> {
    let texts = &t.companies;
    let column = |label, by: Order, is_number| Heading {
        label,
        href: Some(href(account, by, search, "")),
        sorted: (by == order).then_some(if by == Order::Name { "ascending" } else { "descending" }),
        is_number,
    };
    vec![
        column(texts.company, Order::Name, false),
        column(texts.contacts, Order::Contacts, true),
        column(texts.visits, Order::Visits, true),
        column(texts.page_views, Order::PageViews, true),
        column(texts.completions, Order::Completions, true),
        column(texts.revenue, Order::Revenue, true),
        column(texts.last_visit, Order::LastVisit, true),
    ]
}

fn row_of(layout: &Layout, zone: &Zone, currency: &str, row: &CompanyRow) -> Row {
    let t = layout.t;
    let unknown = || t.number.unknown.to_owned();
    Row {
        name: row.name.clone(),
        domain: (row.domain != row.name).then(|| row.domain.clone()),
        href: paths::company(layout.account_id(), row.id),
        contacts: report_page::count(t, row.contact_count),
        visits: report_page::count(t, row.visits),
        page_views: report_page::count(t, row.page_views),
        completions: report_page::count(t, row.completions),
        revenue: revenue(t, row, currency),
        parts: parts(t, row, currency),
        last: row.last_visit.map_or_else(unknown, |at| format::ago(&t.number, layout.now, at)),
        last_when: row.last_visit.map_or_else(unknown, |at| format::date_time(&t.number, zone, at)),
    }
}

/// Verified and asserted revenue together, or the sign for an unknown value (rules.md 21).
fn revenue(t: &Texts, row: &CompanyRow, currency: &str) -> String {
    match row.revenue_minor.saturating_add(row.asserted_minor) {
        0 if row.revenue_minor == 0 => t.number.unknown.to_owned(),
        both => format::money(&t.number, both, currency),
    }
}

/// How much of the revenue is verified and how much only asserted.
fn parts(t: &Texts, row: &CompanyRow, currency: &str) -> String {
    let money = |minor| format::money(&t.number, minor, currency);
    let (verified, asserted) = (money(row.revenue_minor), money(row.asserted_minor));
    fill(t.contacts.parts, &[("verified", &verified), ("asserted", &asserted)])
}
