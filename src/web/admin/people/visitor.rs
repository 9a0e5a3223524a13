//! `/accounts/{id}/visitors/{number}`: one visitor with their sessions and page views. The page covers all time, so
//! it has no period and no filters. The email is shown in full, masked or not at all, depending on the user's
//! rights (rules.md 28).

use std::borrow::Cow;

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::erase::visitor::erase_visitor;
use crate::app::people::find_person::Key;
use crate::app::reports::parameters;
use crate::app::reports::visitor::{EventRow, SessionRow};
use crate::app::reports::{self, LIMIT_DEFAULT, LIMIT_MAX, VisitorReport};
use crate::base::clock::SECOND;
use crate::domain::contact::ContactId;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::people::erase::Erase;
use crate::web::admin::people::find_person;
use crate::web::admin::people::list::mask_email;
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::{self, Pairs};
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Texts, fill};

/// Sessions on one page.
const SESSIONS: usize = 20;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/visitors/{visitor}", get_or_head().to(show))
        .route("/accounts/{account}/visitors/{visitor}/export", post().to(download))
        .route("/accounts/{account}/visitors/{visitor}/erase", post().to(delete));
}

/// The visitor number in the path.
fn number_of(request: &HttpRequest) -> Result<VisitorNumber, WebError> {
    let number = request.match_info().get("visitor").and_then(|text| text.parse().ok());
    number.map(VisitorNumber).ok_or(WebError::NotFound)
}

/// The parameters of the timeline.
#[derive(Default)]
pub(crate) struct TimelineParams {
    pub after: Option<String>,
    /// Number of the first session shown, counted from 1; only displayed.
    pub row: i64,
    pub limit: usize,
}

impl TimelineParams {
    pub(crate) fn read(pairs: &Pairs, format: Format) -> Result<Self, WebError> {
        let usual = match format {
            Format::Html => SESSIONS,
            Format::Json => LIMIT_DEFAULT,
            Format::Csv(_) => LIMIT_MAX,
        };
        let limit = parameters::limit(query::first(pairs, "limit"), usual)?;
        let after = query::first(pairs, "after").map(str::to_owned);
        Ok(Self { row: report_page::first_row(pairs, after.is_some()), after, limit })
    }
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let pairs = report_page::pairs(&request)?;
    let params = TimelineParams::read(&pairs, access.format)?;
    report_page::wait(&access, &pairs).await?;
    let (app, id) = (&access.state.app, access.account.id());
    let number = number_of(&request)?;
    let found = reports::visitor(app, id, number, params.after.as_deref(), params.limit).await?;
    let found = redact(&access, found.ok_or(WebError::NotFound)?);
    match access.format {
        Format::Json => export::json(&found),
        Format::Csv(mark) => {
            let file = access.csv_file(mark, format!("visitor-{id}-{}", found.number));
            let rows = found.table.rows.into_iter().flat_map(|mut session| {
                let timeline = std::mem::take(&mut session.timeline);
                timeline.into_iter().map(move |event| cells(&session, &event))
            });
            export::csv(file, &COLUMNS, rows)
        }
        Format::Html => {
            let reader = access.reader.as_ref().ok_or(WebError::Unauthorized)?;
            let title = title(reader.signed_in.context.t, &found);
            let layout = reader.layout(&title, Section::Live, "");
            let currency = &access.account.settings().currency;
            respond::page(&page(layout, &access.account.zone, currency, &params, &found))
        }
    }
}

/// Everything that is stored of the visitor, or of the contact it belongs to, as one JSON file.
async fn download(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let (account, number) = (form.sender.account_id(), number_of(&request)?);
    let name = format!("visitor-{account}-{}", number.0);
    find_person::file(&form.sender, Key::Visitor(number), &name).await
}

async fn delete(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Admin)?;
    let number = number_of(&request)?;
    let app = member.app();
    let erased = erase_visitor(app, member.actor(), member.account_id(), number).await?;
    if !erased.damaged.is_empty() {
        // Some days could not be read, so data of the visitor remains. Their page lists these days and offers to
        // erase again.
        return Ok(respond::see_other(&paths::visitor(member.account_id(), number)));
    }
    respond::done(&request, member.https(), Done::VisitorErased, &paths::dashboard(member.account_id()))
}

/// Removes what this user may not see.
fn redact(access: &ReportAccess, mut found: VisitorReport) -> VisitorReport {
    found.contact = found.contact.filter(|_| access.persons);
    if let Some(contact) = found.contact.as_mut().filter(|_| !access.sees_emails) {
        mask_email(&mut contact.email);
    }
    found
}

/// Columns of the CSV, in the order of `cells`: one line per event.
const COLUMNS: [&str; 14] = [
    "session",
    "session_at",
    "source",
    "source_detail",
    "device",
    "country",
    "at",
    "kind",
    "host",
    "path",
    "title",
    "event",
    "engaged_seconds",
    "consent",
];

fn cells(session: &SessionRow, event: &EventRow) -> Vec<String> {
    vec![
        session.id.to_string(),
        session.at.iso(),
        export::cell(&session.source),
        export::cell(&session.source_detail),
        export::cell(&session.device),
        export::cell(&session.country),
        event.at.iso(),
        event.kind.to_owned(),
        export::cell(&event.host),
        export::cell(&event.path),
        export::cell(&event.title),
        export::cell(&event.event),
        event.engaged_seconds.to_string(),
        event.consent.to_owned(),
    ]
}

/// A label with its value.
pub(crate) struct Fact {
    /// Of a text, or as a form has it.
    pub name: Cow<'static, str>,
    pub value: String,
    /// Shown small below the value.
    pub detail: String,
}

/// Something that happened between sessions.
pub(crate) struct Moment {
    pub when: String,
    pub badge: &'static str,
    pub text: String,
}

pub(crate) struct Visit {
    /// What is shown above the session.
    pub before: Vec<Moment>,
    /// Start of the session.
    pub when: String,
    pub lasted: String,
    pub from: Vec<String>,
    pub counts: Vec<String>,
    pub badges: Vec<&'static str>,
    /// Details that are hidden until the session is opened.
    pub more: Vec<Fact>,
    pub rows: Vec<View>,
    pub left_out: Option<String>,
    /// Accessible name of the table.
    pub label: String,
    /// Only the first session of the page is open.
    pub open: bool,
}

pub(crate) struct View {
    /// With date and time.
    pub when: String,
    pub time: String,
    pub page: String,
    /// The kind of event; empty for a page view.
    pub badge: &'static str,
    pub title: String,
    pub seen: String,
    pub consent: String,
}

#[derive(Template)]
#[template(path = "visitors/show.html")]
pub(crate) struct Page {
    layout: Layout,
    /// The visitor number, shown below a title that is an email.
    under: Option<String>,
    /// Address of the contact's page.
    contact: Option<String>,
    no_browser: bool,
    damaged: Option<String>,
    facts: Vec<Fact>,
    visits: Vec<Visit>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    erase: Option<Erase>,
}

/// The pager of a timeline at this address, which may have a query.
pub(crate) fn timeline_pager(
    t: &'static Texts,
    params: &TimelineParams,
    address: &str,
    shown: usize,
    total: u64,
    next: Option<&str>,
) -> Option<Pager> {
    let first = params.after.is_some().then(|| address.to_owned());
    Pager::of(t, params.row, shown, total, first, next, |cursor, row| {
        let sign = if address.contains('?') { '&' } else { '?' };
        format!("{address}{sign}after={cursor}&row={row}")
    })
}

fn title(t: &Texts, found: &VisitorReport) -> String {
    let email = found.contact.as_ref().and_then(|contact| contact.email.clone());
    let number = found.number.to_string();
    email.unwrap_or_else(|| fill(t.visitor.title, &[("number", &number)]))
}

pub(crate) fn page(
    layout: Layout,
    zone: &Zone,
    currency: &str,
    params: &TimelineParams,
    found: &VisitorReport,
) -> Page {
    let t = layout.t;
    let texts = &t.visitor;
    let address = layout
        .account
        .as_ref()
        .map(|account| paths::visitor(account.id, VisitorNumber(found.number)))
        .unwrap_or_default();
    let visits: Vec<Visit> =
        found.table.rows.iter().enumerate().map(|(at, row)| visit(t, zone, currency, row, at == 0)).collect();
    let number = found.number.to_string();
    Page {
        under: found.contact.as_ref().map(|_| fill(texts.number, &[("number", &number)])),
        contact: found
            .contact
            .as_ref()
            .zip(layout.account.as_ref())
            .map(|(contact, account)| paths::contact(account.id, ContactId(contact.contact_id))),
        no_browser: found.no_browser,
        damaged: (!found.damaged.is_empty())
            .then(|| fill(texts.damaged, &[("days", &found.damaged.join(", "))])),
        facts: facts(t, zone, found),
        pager: timeline_pager(
            t,
            params,
            &address,
            visits.len(),
            found.table.total,
            found.table.next.as_deref(),
        ),
        visits,
        erase: erase(&layout, found, &address),
        csv: format!("{address}?format=csv"),
        json: format!("{address}?format=json"),
        layout,
    }
}

/// Only for users who may erase. A visitor without a browser stands for what programs reported about a contact and
/// is deleted with that contact.
fn erase(layout: &Layout, found: &VisitorReport, address: &str) -> Option<Erase> {
    let may = layout.viewer_is(Role::Admin);
    let t = layout.t;
    let texts = &t.visitor;
    let counts = [
        texts.erase_sessions.of(report_page::signed(found.sessions), &t.number),
        texts.views.of(report_page::signed(found.page_views), &t.number),
        texts.erase_days.of(report_page::signed(found.days), &t.number),
    ];
    let [sessions, views, days] = &counts;
    (may && !found.no_browser).then(|| Erase {
        title: texts.erase,
        what: fill(texts.erase_what, &[("sessions", sessions), ("views", views), ("days", days)]),
        stays: texts.erase_stays,
        ask: texts.erase_ask,
        action: format!("{address}/erase"),
    })
}

fn facts(t: &'static Texts, zone: &Zone, found: &VisitorReport) -> Vec<Fact> {
    let texts = &t.visitor;
    let fact = |name: &'static str, value: String, detail: String| Fact { name: name.into(), value, detail };
    let value = |dimension, value: &str| t.label.value(dimension, value).into_owned();
    let browser = t.label.browser(&found.browser, &found.os).unwrap_or_default();
    vec![
        fact(texts.first_seen, format::date_time(&t.number, zone, found.first_seen), String::new()),
        fact(texts.last_seen, format::date_time(&t.number, zone, found.last_seen), String::new()),
        fact(
            texts.original_source,
            value(Dimension::Source, &found.original_source),
            found.original_source_detail.clone(),
        ),
        fact(texts.device, value(Dimension::Device, &found.device), browser),
        fact(texts.country, value(Dimension::Country, &found.country), found.region.clone()),
        fact(texts.sessions, report_page::count(t, found.sessions), String::new()),
        fact(texts.page_views, report_page::count(t, found.page_views), String::new()),
        fact(texts.engaged, span(t, found.engaged_seconds), String::new()),
        fact(texts.days, report_page::count(t, found.days), String::new()),
    ]
}

fn span(t: &Texts, seconds: u64) -> String {
    format::duration(&t.number, report_page::signed(seconds).saturating_mul(SECOND))
}

pub(crate) fn visit(t: &'static Texts, zone: &Zone, currency: &str, row: &SessionRow, open: bool) -> Visit {
    let texts = &t.visitor;
    let named = |dimension, value: &str| t.label.value(dimension, value).into_owned();
    let when = format::date_time(&t.number, zone, row.at);
    let source = match (row.form(), row.id) {
        (Some(_), _) => texts.form_sent.to_owned(),
        (None, 0) => texts.sent_by_programs.to_owned(),
        _ => named(Dimension::Source, &row.source),
    };
    let form = row.form().map(|form| form.event.clone()).unwrap_or_default();
    let device = named(Dimension::Device, &row.device);
    let place = [named(Dimension::Country, &row.country), row.region.clone()];
    let place = place.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(", ");
    let mut counts = Vec::new();
    if row.form().is_none() && (row.page_views > 0 || row.completions == 0) {
        counts.push(texts.views.of(report_page::signed(row.page_views), &t.number));
    }
    if row.completions > 0 {
        counts.push(texts.completions.of(report_page::signed(row.completions), &t.number));
    }
    let badges = [
        (row.new_visitor, texts.first_visit),
        (row.bounced, texts.bounced),
        (row.switched, texts.switched),
        (row.suspected, texts.suspected),
    ];
    let left_out = report_page::signed(row.left_out);
    Visit {
        before: Vec::new(),
        lasted: if row.id == 0 { String::new() } else { span(t, row.duration_seconds) },
        from: [source, form, device, place].into_iter().filter(|text| !text.is_empty()).collect(),
        counts,
        badges: badges.into_iter().filter(|(is, _)| *is).map(|(_, name)| name).collect(),
        more: more(t, row),
        rows: row.timeline.iter().map(|event| view(t, zone, currency, event)).collect(),
        left_out: (left_out > 0).then(|| texts.left_out.of(left_out, &t.number)),
        label: fill(texts.events_of, &[("title", &when)]),
        when,
        open,
    }
}

/// Details that the heading of the session does not show.
fn more(t: &'static Texts, row: &SessionRow) -> Vec<Fact> {
    let texts = &t.visitor;
    let campaign = [&row.utm_campaign, &row.utm_source, &row.utm_medium];
    let campaign: Vec<&str> =
        campaign.into_iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
    let all = [
        (texts.referrer, row.referrer.clone()),
        (texts.campaign, campaign.join(" · ")),
        (texts.device, t.label.browser(&row.browser, &row.os).unwrap_or_default()),
        (texts.screen, t.label.value(Dimension::Screen, row.screen).into_owned()),
        (texts.language, t.label.value(Dimension::Language, &row.language).into_owned()),
    ];
    let known = all.into_iter().filter(|(_, value)| !value.is_empty());
    let fields = row.submitted.iter().map(|(name, value)| (name.clone().into(), value.clone()));
    let all = known.map(|(name, value)| (name.into(), value)).chain(fields);
    all.map(|(name, value)| Fact { name, value, detail: String::new() }).collect()
}

fn view(t: &'static Texts, zone: &Zone, currency: &str, event: &EventRow) -> View {
    let texts = &t.visitor;
    let address = format!("{}{}", event.host, event.path);
    let page = match (event.event.as_str(), address.as_str()) {
        ("", _) => address,
        (name, "") => name.to_owned(),
        (name, address) => format!("{name} · {address}"),
    };
    let state = match event.consent {
        "granted" => t.live.granted,
        "policy" => t.live.policy,
        "server" => t.live.server,
        _ => "",
    };
    let revision = event.policy.to_string();
    View {
        when: format::date_time(&t.number, zone, event.at),
        time: format::time_seconds(zone, event.at),
        title: match event.kind {
            "completion" if event.value_minor != 0 => format::money(&t.number, event.value_minor, currency),
            "completion" => String::new(),
            _ => event.title.clone(),
        },
        badge: match event.kind {
            "completion" => texts.completion,
            "identification" => t.contacts.identified,
            "submission" => texts.form,
            _ => "",
        },
        page,
        seen: if event.engaged_seconds == 0 { String::new() } else { span(t, event.engaged_seconds) },
        consent: match event.policy {
            0 => state.to_owned(),
            _ => fill(texts.consent_to, &[("state", state), ("revision", &revision)]),
        },
    }
}
