//! `/accounts/{id}/forms`: the forms that visitors submitted. The list covers everything that is stored, so it has no
//! period. It names nobody, so `reports.read` is enough for a token.

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::reports::forms::{Order, Wanted};
use crate::app::reports::{self, FormRow, Table};
use crate::domain::account::AccountId;
use crate::domain::form::FORMS_MAX;
use crate::domain::period::Zone;
use crate::web::admin::reports::report_page;
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
    config.route("/accounts/{account}/forms", get_or_head().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let pairs = report_page::pairs(&request)?;
    let mut wanted = Wanted::parse(&pairs)?;
    if access.format.is_csv() && query::first(&pairs, "limit").is_none() {
        wanted.limit = usize::try_from(FORMS_MAX).unwrap_or(usize::MAX).saturating_add(1);
    }
    report_page::wait(&access, &pairs).await?;
    let account = access.account.id();
    let found = reports::forms(&access.state.app, account, &wanted).await?;
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            export::csv_columns(access.csv_file(mark, format!("forms-{account}")), &COLUMNS, found.rows)
        }
        Format::Html => {
            let member = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = member.layout(member.t().forms.title, Section::Forms, "");
            let row = report_page::first_row(&pairs, wanted.after.is_some());
            respond::page(&page(layout, &access.account.zone, wanted, row, &found))
        }
    }
}

const COLUMNS: [Column<FormRow>; 11] = [
    ("id", |row| row.id.to_string()),
    ("name", |row| export::cell(&row.name)),
    ("host", |row| export::cell(&row.host)),
    ("path", |row| export::cell(&row.path)),
    ("submissions", |row| row.submissions.to_string()),
    ("contacts", |row| row.contacts.to_string()),
    ("visitors", |row| row.visitors.to_string()),
    ("page_visitors", |row| row.page_visitors.map(|seen| seen.to_string()).unwrap_or_default()),
    ("conversion_rate", |row| export::ratio(row.conversion_rate)),
    ("first_seen", |row| row.first_seen.iso()),
    ("last_seen", |row| row.last_seen.iso()),
];

struct Row {
    name: String,
    href: String,
    page: String,
    submissions: String,
    contacts: String,
    rate: String,
    /// Of how many the rate is.
    rate_of: String,
    last: String,
    last_when: String,
}

#[derive(Template)]
#[template(path = "forms/list.html")]
pub(crate) struct Page {
    layout: Layout,
    damaged: Option<String>,
    columns: Vec<Heading>,
    rows: Vec<Row>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    empty: Option<Empty>,
}

/// The address of the list; default values are left out.
fn href(account: AccountId, order: Order, more: &str) -> String {
    let mut pairs = Vec::new();
    if order != Order::default() {
        pairs.push(format!("sort={}", order.as_str()));
    }
    if !more.is_empty() {
        pairs.push(more.to_owned());
    }
    let sign = if pairs.is_empty() { "" } else { "?" };
    format!("{}{sign}{}", paths::forms(account), pairs.join("&"))
}

pub(crate) fn page(layout: Layout, zone: &Zone, wanted: Wanted, row: i64, found: &Table<FormRow>) -> Page {
    let t = layout.t;
    let texts = &t.forms;
    let account = layout.account_id();
    let Wanted { order, after, limit } = wanted;
    let at = |more: &str| href(account, order, more);
    let number = account.to_string();
    Page {
        damaged: damaged(t, &found.damaged),
        columns: columns(t, account, order),
        rows: found.rows.iter().map(|row| row_of(&layout, zone, row)).collect(),
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
        empty: (found.total == 0).then(|| Empty {
            icon: Icon::Form,
            title: texts.none_title.to_owned(),
            what: fill(texts.none, &[("account", &number)]),
            action: Some(Action {
                label: texts.none_action.to_owned(),
                href: paths::settings(account, "advanced-tracking"),
            }),
        }),
        layout,
    }
}

/// What to say when days could not be read.
pub(crate) fn damaged(t: &Texts, days: &[String]) -> Option<String> {
    (!days.is_empty()).then(|| fill(t.forms.damaged, &[("days", &days.join(", "))]))
}

fn columns(t: &'static Texts, account: AccountId, order: Order) -> Vec<Heading> {
    let texts = &t.forms;
    let column = |label, by: Order, is_number| Heading {
        label,
        href: Some(href(account, by, "")),
        sorted: (by == order).then_some(if by == Order::Name { "ascending" } else { "descending" }),
        is_number,
    };
    vec![
        column(texts.form, Order::Name, false),
        column(texts.submissions, Order::Submissions, true),
        column(texts.contacts, Order::Contacts, true),
        column(texts.conversion_rate, Order::ConversionRate, true),
        column(texts.last_seen, Order::LastSeen, true),
    ]
}

fn row_of(layout: &Layout, zone: &Zone, row: &FormRow) -> Row {
    let t = layout.t;
    Row {
        name: row.name.clone(),
        href: paths::form(layout.account_id(), row.id),
        page: format!("{}{}", row.host, row.path),
        submissions: report_page::count(t, row.submissions),
        contacts: report_page::count(t, row.contacts),
        rate: report_page::rate(t, row.conversion_rate),
        rate_of: rate_of(t, row),
        last: format::ago(&t.number, layout.now, row.last_seen),
        last_when: format::date_time(&t.number, zone, row.last_seen),
    }
}

/// Of how many visitors the conversion rate is.
pub(crate) fn rate_of(t: &Texts, row: &FormRow) -> String {
    match row.page_visitors {
        None => t.forms.rate_unknown.to_owned(),
        Some(seen) => {
            let (visitors, seen) = (report_page::count(t, row.visitors), report_page::count(t, seen));
            fill(t.forms.rate_of, &[("visitors", &visitors), ("seen", &seen)])
        }
    }
}
