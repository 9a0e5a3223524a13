//! `/accounts/{id}/contacts/{id}`: one contact with properties, revenue, and a timeline of the sessions of all its
//! browsers and the events that programs reported. The page covers all time, so it has no period. The email is
//! masked unless the user may see it (rules.md 28).

use actix_web::http::header;
use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::erase::contact::erase_contact;
use crate::app::reports;
use crate::app::reports::contact::{ContactReport, Moment};
use crate::app::reports::person::{self, Key};
use crate::base::clock::Millis;
use crate::domain::contact::ContactId;
use crate::domain::list::ListId;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::people::erase::Erase;
use crate::web::admin::people::list::{mask, mask_email, revenue, title_of};
use crate::web::admin::people::merged::{self, MergedList, merged_list};
use crate::web::admin::people::visitor::{
    Fact, Moment as Note, TimelineParams, Visit, timeline_pager, visit,
};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::field::Field;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Plural, Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/contacts/{contact}", get_or_head().to(show))
        .route("/accounts/{account}/contacts/{contact}/export", post().to(download))
        .route("/accounts/{account}/contacts/{contact}/erase", post().to(erase));
}

/// The number of the contact in the path.
pub(crate) fn id_of(request: &HttpRequest) -> Result<i64, WebError> {
    let id = request.match_info().get("contact").and_then(|text| text.parse().ok());
    id.ok_or(WebError::NotFound)
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let id = id_of(&request)?;
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
            let title = title_of(reader.t(), &found.row);
            let layout = reader.layout(&title, Section::Contacts, "");
            let currency = &access.account.settings().currency;
            respond::page(&page(layout, &access.account.zone, currency, &params, &found))
        }
    }
}

/// Everything that is stored of the person, as one JSON file.
async fn download(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Admin)?;
    let (account, id) = (member.account_id(), id_of(&request)?);
    let document = person::export(member.app(), member.actor(), account, Key::Contact(id)).await?;
    let name = format!("attachment; filename=\"person-{account}-{id}.json\"");
    let mut answer = export::json(&document)?;
    answer.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        header::HeaderValue::from_str(&name).map_err(WebError::internal)?,
    );
    Ok(answer)
}

async fn erase(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Admin)?;
    let account = member.account_id();
    let erased = erase_contact(member.app(), member.actor(), account, id_of(&request)?).await?;
    let done = if erased.damaged.is_empty() { Done::ContactErased } else { Done::ContactErasedInPart };
    respond::done(&request, member.https(), done, &paths::contacts(account))
}

/// Removes what this user may not see. Properties and the external id can identify a person just like the email.
fn redact(access: &ReportAccess, mut found: ContactReport) -> ContactReport {
    if !access.sees_emails {
        mask(&mut found.row);
        found.emails.clear();
        found.external_id = None;
        found.properties.clear();
        for merged in found.merged.iter_mut().chain(&mut found.shown_merges) {
            mask_email(&mut merged.email);
        }
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
    /// What happened besides sessions, before the first one that is shown.
    after: Vec<Note>,
    /// Name and address of each list that the contact is in.
    lists: Vec<(String, String)>,
    pager: Option<Pager>,
    csv: String,
    json: String,
    /// Where an editor changes the contact.
    edit: Option<String>,
    /// Its emails beside the primary one.
    further: Vec<String>,
    merged: Option<MergedList>,
    /// Begins a merge, for users who may merge.
    merge: Option<(String, Field)>,
    /// Downloads everything that is stored of the person, for users who may.
    export: Option<String>,
    erase: Option<Erase>,
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
    let mut visits: Vec<Visit> =
        found.visits.iter().enumerate().map(|(at, row)| visit(t, zone, currency, row, at == 0)).collect();
    let count = visits.len();
    let after = add_notes(t, zone, found, &mut visits);
    let mut under: Vec<String> =
        found.row.email.iter().filter(|_| found.row.name.is_some()).cloned().collect();
    under.push(fill(texts.number, &[("number", &found.row.id.to_string())]));
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
        pager: timeline_pager(t, params, &address, count, found.total, found.next.as_deref()),
        visits,
        csv: format!("{address}?format=csv"),
        json: format!("{address}?format=json"),
        edit: layout.viewer_is(Role::Editor).then(|| format!("{address}/edit")),
        further: found.emails.iter().skip(1).cloned().collect(),
        merged: merged_list(&layout, zone, found, &address),
        merge: layout.viewer_is(Role::Editor).then(|| (format!("{address}/merge"), merged::field(t))),
        lists: found
            .lists
            .iter()
            .map(|one| (one.name.clone(), paths::list(account, ListId(one.id))))
            .collect(),
        after,
        export: layout.viewer_is(Role::Admin).then(|| format!("{address}/export")),
        erase: erase_section(&layout, found, &address),
        layout,
    }
}

/// Merges and changes of lists, the newest first.
fn notes(t: &Texts, zone: &Zone, found: &ContactReport) -> Vec<(Millis, Note)> {
    let merges = found.shown_merges.iter().map(|merge| {
        let (when, text) = merged::moment(t, zone, merge);
        (merge.at, Note { when, badge: t.contacts.merge.badge, text })
    });
    let of_lists = found.list_changes.iter().map(|change| {
        let text = if change.is_joined { t.contacts.list_joined } else { t.contacts.list_left };
        let when = format::date_time(&t.number, zone, change.at);
        (change.at, Note { when, badge: t.contacts.list, text: fill(text, &[("list", &change.name)]) })
    });
    let mut notes: Vec<_> = merges.chain(of_lists).collect();
    notes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    notes
}

/// Puts each note before the first session that is older; answers those older than all sessions.
fn add_notes(t: &Texts, zone: &Zone, found: &ContactReport, visits: &mut [Visit]) -> Vec<Note> {
    let mut after = Vec::new();
    for (at, note) in notes(t, zone, found) {
        let place = found.visits.iter().position(|visit| visit.at <= at);
        match place.and_then(|place| visits.get_mut(place)) {
            Some(visit) => visit.before.push(note),
            None => after.push(note),
        }
    }
    after
}

/// Only for users who may erase.
fn erase_section(layout: &Layout, found: &ContactReport, address: &str) -> Option<Erase> {
    let t = layout.t;
    let count = |plural: &Plural, number| plural.of(report_page::signed(number), &t.number);
    let sessions = count(&t.visitor.erase_sessions, found.row.sessions);
    let views = count(&t.visitor.views, found.row.page_views);
    let completions = count(&t.visitor.completions, found.row.completions);
    layout.viewer_is(Role::Admin).then(|| Erase {
        title: t.contacts.erase,
        what: fill(
            t.contacts.erase_what,
            &[("sessions", &sessions), ("views", &views), ("completions", &completions)],
        ),
        stays: t.contacts.erase_stays,
        ask: t.visitor.erase_ask,
        action: format!("{address}/erase"),
    })
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
