//! `/accounts/{id}/contacts`: all people with a known email address. The list covers all time, so it has no period.
//! Users who see emails only masked see no names either: they can neither search nor sort by emails, because that would
//! reveal them (rules.md 28).

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::block;
use crate::app::reports::contacts::Wanted;
use crate::app::reports::{self, ContactRow, Table};
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::contact::{ContactId, Email};
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::store::contact::Order;
use crate::store::contact_joining::Suspect;
use crate::web::admin::people::placeholders::{SUSPECTS_MAX, SuspectsSection, suspects_section};
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
    config.route("/accounts/{account}/contacts", get_or_head().to(show));
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let pairs = report_page::pairs(&request)?;
    let mut wanted = Wanted::parse(&pairs)?;
    let reveals_emails = !wanted.search.is_empty() || wanted.order == Order::Email;
    if reveals_emails && !access.sees_emails {
        return Err(WebError::Denied);
    }
    if access.format.is_csv() && query::first(&pairs, "limit").is_none() {
        wanted.limit = export::CSV_ROWS_MAX;
    }
    report_page::wait(&access, &pairs).await?;
    let account = access.account.id();
    let mut found = reports::contacts::list(&access.state.app, account, &wanted).await?;
    if !access.sees_emails {
        found.rows.iter_mut().for_each(mask);
    }
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("contacts-{account}"));
            export::csv_columns(file, &COLUMNS, found.rows)
        }
        Format::Html => {
            let member = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let layout = member.layout(member.t().contacts.title, Section::Contacts, "");
            // What only editors can do something about is shown to them, on the first page.
            let is_first = wanted.after.is_none() && wanted.search.is_empty();
            let (suspects, blocked) = match is_first && layout.viewer_is(Role::Editor) {
                true => block::suspects(&access.state.app, account, SUSPECTS_MAX).await?,
                false => (Vec::new(), 0),
            };
            let row = report_page::first_row(&pairs, wanted.after.is_some());
            let company = match wanted.company {
                Some(id) => reports::companies::name(&access.state.app, account, id).await?,
                None => None,
            };
            let shown = ContactsView {
                wanted,
                company,
                row,
                sees_emails: access.sees_emails,
                currency: access.account.settings().currency.clone(),
                suspects,
                blocked,
            };
            respond::page(&page(layout, &access.account.zone, &shown, &found))
        }
    }
}

/// Masks what names the person, for users who may not see it.
pub(crate) fn mask(row: &mut ContactRow) {
    mask_email(&mut row.email);
    row.name = None;
}

/// Masks an email for users who may not see it in full.
pub(crate) fn mask_email(email: &mut Option<String>) {
    *email = email.as_deref().and_then(Email::parse).map(|email| email.masked());
}

/// The name of a contact on a page: its primary email, or its number when it has none.
pub(crate) fn name_of(t: &Texts, email: Option<&str>, id: i64) -> String {
    let number = || fill(t.contacts.number, &[("number", &id.to_string())]);
    email.map_or_else(number, str::to_owned)
}

/// The title of a contact on a page: its name, or what else it is known by.
pub(crate) fn title_of(t: &Texts, row: &ContactRow) -> String {
    row.name.clone().unwrap_or_else(|| name_of(t, row.email.as_deref(), row.id))
}

pub(crate) const COLUMNS: [Column<ContactRow>; 15] = [
    ("id", |row| row.id.to_string()),
    ("email", |row| export::cell(row.email.as_deref().unwrap_or_default())),
    ("revenue", |row| row.revenue.clone()),
    ("revenue_asserted", |row| row.revenue_asserted.clone()),
    ("completions", |row| row.completions.to_string()),
    ("sessions", |row| row.sessions.to_string()),
    ("page_views", |row| row.page_views.to_string()),
    ("first_seen", |row| row.first_seen.iso()),
    ("last_seen", |row| row.last_seen.iso()),
    ("original_source", |row| export::cell(&row.original_source)),
    ("company", |row| export::cell(row.company.as_deref().unwrap_or_default())),
    ("name", |row| export::cell(row.name.as_deref().unwrap_or_default())),
    ("original_source_detail", |row| export::cell(&row.original_source_detail)),
    ("latest_source", |row| export::cell(&row.latest_source)),
    ("latest_source_detail", |row| export::cell(&row.latest_source_detail)),
];

/// What the list shows, and to whom.
pub(crate) struct ContactsView {
    pub wanted: Wanted,
    /// The name of the company that is wanted.
    pub company: Option<String>,
    /// Number of the first row shown, counted from 1; only displayed.
    pub row: i64,
    pub sees_emails: bool,
    pub currency: String,
    /// Contacts whose address possibly stands for nobody, and how many addresses are blocked.
    pub suspects: Vec<Suspect>,
    pub blocked: i64,
}

struct Row {
    name: String,
    /// Name and address.
    company: Option<(String, String)>,
    /// Shown below the name when that is a person's.
    email: Option<String>,
    href: String,
    source: String,
    source_detail: String,
    /// The latest source, when it is another one.
    latest: Option<String>,
    revenue: String,
    /// How much of the revenue is verified.
    parts: String,
    completions: String,
    sessions: String,
    page_views: String,
    first: String,
    last: String,
    last_when: String,
}

#[derive(Template)]
#[template(path = "contacts/list.html")]
pub(crate) struct Page {
    layout: Layout,
    path: String,
    /// `None` when the user may not search.
    search: Option<String>,
    /// What a search keeps: the number of the company.
    company: Option<String>,
    /// Says that only contacts of a company are shown, and leads to it.
    only: Option<(String, String)>,
    order: &'static str,
    /// Sorts by creation again.
    newest: Option<String>,
    columns: Vec<Heading>,
    rows: Vec<Row>,
    no_match: String,
    /// Where an editor creates a contact.
    create: Option<String>,
    /// Where an admin imports and exports contacts.
    import: Option<String>,
    pager: Option<Pager>,
    placeholders: Option<SuspectsSection>,
    csv: String,
    json: String,
    empty: Option<Empty>,
}

/// The address of the list; default values are left out.
fn href(account: AccountId, order: Order, wanted: &Wanted, more: &str) -> String {
    let search = &wanted.search;
    let mut pairs = Vec::new();
    if let Some(company) = wanted.company {
        pairs.push(format!("company={}", company.0));
    }
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
    format!("{}{sign}{}", paths::contacts(account), pairs.join("&"))
}

pub(crate) fn page(layout: Layout, zone: &Zone, shown: &ContactsView, found: &Table<ContactRow>) -> Page {
    let t = layout.t;
    let texts = &t.contacts;
    let account = layout.account_id();
    let wanted = &shown.wanted;
    let Wanted { search, company, order, after, limit } = wanted;
    let at = |more: &str| href(account, *order, wanted, more);
    let is_empty = found.total == 0 && search.is_empty() && company.is_none();
    let only = |id: CompanyId| {
        let name = shown.company.clone().unwrap_or_else(|| id.0.to_string());
        (fill(t.companies.only, &[("company", &name)]), paths::company(account, id))
    };
    Page {
        path: paths::contacts(account),
        search: shown.sees_emails.then(|| search.clone()),
        order: if *order == Order::default() { "" } else { order.as_str() },
        newest: (*order != Order::default()).then(|| href(account, Order::default(), wanted, "")),
        company: company.map(|id| id.0.to_string()),
        only: company.map(only),
        columns: columns(t, account, shown),
        rows: found.rows.iter().map(|row| row_of(&layout, zone, shown, row)).collect(),
        create: layout.viewer_is(Role::Editor).then(|| format!("{}/new", paths::contacts(account))),
        import: layout.viewer_is(Role::Admin).then(|| paths::imports(account)),
        no_match: fill(texts.no_match, &[("search", search)]),
        pager: Pager::of(
            t,
            shown.row,
            found.rows.len(),
            found.total,
            after.is_some().then(|| at("")),
            found.next.as_deref(),
            |cursor, row| at(&format!("limit={limit}&after={cursor}&row={row}")),
        ),
        placeholders: suspects_section(&layout, &shown.suspects, shown.blocked),
        csv: at("format=csv"),
        json: at("format=json"),
        empty: is_empty.then(|| Empty {
            icon: Icon::Contact,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: Some(Action { label: texts.none_action.to_owned(), href: paths::events(account) }),
        }),
        layout,
    }
}

fn columns(t: &'static Texts, account: AccountId, shown: &ContactsView) -> Vec<Heading> {
    let texts = &t.contacts;
    let column = |label, order: Option<Order>, is_number| Heading {
        label,
        href: order.map(|order| href(account, order, &shown.wanted, "")),
        sorted: order.filter(|order| *order == shown.wanted.order).map(|order| match order {
            Order::Email => "ascending",
            _ => "descending",
        }),
        is_number,
    };
    vec![
        column(texts.contact, shown.sees_emails.then_some(Order::Email), false),
        column(texts.company, None, false),
        column(texts.revenue, Some(Order::Revenue), true),
        column(texts.completions, Some(Order::Completions), true),
        column(texts.sessions, None, true),
        column(texts.page_views, None, true),
        column(texts.first_seen, Some(Order::FirstSeen), true),
        column(texts.last_seen, Some(Order::LastSeen), true),
    ]
}

fn row_of(layout: &Layout, zone: &Zone, shown: &ContactsView, row: &ContactRow) -> Row {
    let t = layout.t;
    let account = layout.account_id();
    Row {
        name: title_of(t, row),
        email: row.email.clone().filter(|_| row.name.is_some()),
        href: paths::contact(account, ContactId(row.id)),
        company: row.company.clone().zip(row.company_id.map(|id| paths::company(account, id))),
        source: t.label.value(Dimension::Source, &row.original_source).into_owned(),
        source_detail: t.label.source_detail(&row.original_source, &row.original_source_detail).to_owned(),
        latest: latest(t, row),
        revenue: revenue(t, row, &shown.currency),
        parts: parts(t, row, &shown.currency),
        completions: report_page::count(t, row.completions),
        sessions: report_page::count(t, row.sessions),
        page_views: report_page::count(t, row.page_views),
        first: format::date(&t.number, zone.day_of(row.first_seen)),
        last: format::ago(&t.number, layout.now, row.last_seen),
        last_when: format::date_time(&t.number, zone, row.last_seen),
    }
}

/// The latest source with its drill-downs, when it is not the original one.
fn latest(t: &Texts, row: &ContactRow) -> Option<String> {
    let source = t.label.value(Dimension::Source, &row.latest_source);
    let detail = t.label.source_detail(&row.latest_source, &row.latest_source_detail);
    let is_other =
        row.latest_source != row.original_source || row.latest_source_detail != row.original_source_detail;
    let latest = if detail.is_empty() { source.into_owned() } else { format!("{source} · {detail}") };
    is_other.then(|| fill(t.contacts.latest, &[("source", &latest)]))
}

/// Verified and asserted revenue together, or the sign for an unknown value (rules.md 21).
pub(crate) fn revenue(t: &Texts, row: &ContactRow, currency: &str) -> String {
    match row.revenue_minor.saturating_add(row.asserted_minor) {
        0 if row.revenue_minor == 0 => t.number.unknown.to_owned(),
        both => format::money(&t.number, both, currency),
    }
}

/// How much of the revenue is verified and how much only asserted.
pub(crate) fn parts(t: &Texts, row: &ContactRow, currency: &str) -> String {
    let money = |minor| format::money(&t.number, minor, currency);
    let (verified, asserted) = (money(row.revenue_minor), money(row.asserted_minor));
    fill(t.contacts.parts, &[("verified", &verified), ("asserted", &asserted)])
}
