//! `/accounts/{id}/contacts/{id}`: one contact with properties, revenue, and a timeline of the sessions of all its
//! browsers and the events that programs reported. The page covers all time, so it has no period. The email is
//! masked unless the user may see it (rules.md 28).

use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::erase::contact::erase_contact;
use crate::app::people::find_person::Key;
use crate::app::reports;
use crate::app::reports::contact::{ContactReport, Moment};
use crate::app::reports::timeline_filter::TimelineFilter;
use crate::base::clock::Millis;
use crate::domain::contact::ContactId;
use crate::domain::list::ListId;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::user::Role;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::people::contact_properties::{self, Property, property_label};
use crate::web::admin::people::erase::Erase;
use crate::web::admin::people::find_person;
use crate::web::admin::people::list::{mask, mask_email, parts, revenue, title_of};
use crate::web::admin::people::merged::{self, MergedList, merged_list};
use crate::web::admin::people::placeholders::{Notice, notice};
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
use crate::web::request::query::{self, Pairs};
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

/// Sessions on one page of a timeline that shows one kind of entries.
const FILTERED: usize = 200;

/// Which entries the timeline shows.
fn filter(pairs: &Pairs) -> Result<TimelineFilter, WebError> {
    let Some(text) = query::first(pairs, "show") else { return Ok(TimelineFilter::All) };
    let known = TimelineFilter::ALL.map(TimelineFilter::as_str);
    let wrong = || WebError::BadRequest(format!("“{text}” is not one of {}", known.join(", ")));
    TimelineFilter::parse(text).ok_or_else(wrong)
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    access.need_persons()?;
    let id = id_of(&request)?;
    let pairs = report_page::pairs(&request)?;
    let mut params = TimelineParams::read(&pairs, access.format)?;
    let show = filter(&pairs)?;
    if show != TimelineFilter::All && query::first(&pairs, "limit").is_none() {
        // Few entries of a part may be of one kind.
        params.limit = params.limit.max(FILTERED);
    }
    report_page::wait(&access, &pairs).await?;
    let (app, account) = (&access.state.app, access.account.id());
    let found = reports::contact(app, account, id, params.after.as_deref(), params.limit).await?;
    let mut found = redact(&access, found.ok_or(WebError::NotFound)?);
    let count = found.visits.len();
    show.apply(&mut found);
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
            let shown = Shown { params, show, count };
            respond::page(&page(layout, &access.account.zone, currency, &shown, &found))
        }
    }
}

/// Everything that is stored of the person, as one JSON file.
async fn download(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let (account, id) = (form.sender.account_id(), id_of(&request)?);
    find_person::file(&form.sender, Key::Contact(id), &format!("person-{account}-{id}")).await
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
        // Labels of properties are no secret; which of them somebody has may be.
        found.edits.clear();
        found.timeline.retain(|moment| moment.event.kind != "edit");
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

/// Which part of the timeline is shown.
pub(crate) struct Shown {
    pub params: TimelineParams,
    pub show: TimelineFilter,
    /// Sessions of that part, whatever is shown of them.
    pub count: usize,
}

/// A key figure.
struct Figure {
    label: &'static str,
    value: String,
    detail: String,
}

/// A choice of what the timeline shows.
struct Show {
    label: &'static str,
    href: String,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "contacts/show.html")]
pub(crate) struct Page {
    layout: Layout,
    under: String,
    /// Set when the address possibly stands for nobody, or is blocked.
    placeholder: Option<Notice>,
    damaged: Option<String>,
    /// Set when the contact has more browsers than are shown.
    older: Option<String>,
    /// Whether the primary email is verified, in words; `None` without an email.
    trust: Option<(&'static str, bool)>,
    figures: Vec<Figure>,
    facts: Vec<Fact>,
    analytics: Vec<Fact>,
    browsers: Vec<(String, String)>,
    properties: Vec<Property>,
    /// Properties that nobody declared.
    undeclared: Vec<Property>,
    shows: Vec<Show>,
    /// Instead of a timeline that shows nothing.
    nothing: &'static str,
    visits: Vec<Visit>,
    /// What happened besides sessions, before the first one that is shown.
    after: Vec<Note>,
    /// Name and address.
    company: Option<(String, String)>,
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
    shown: &Shown,
    found: &ContactReport,
) -> Page {
    let t = layout.t;
    let texts = &t.contacts;
    let account = layout.account_id();
    let address = paths::contact(account, ContactId(found.row.id));
    let with_show = match shown.show {
        TimelineFilter::All => address.clone(),
        show => format!("{address}?show={}", show.as_str()),
    };
    let mut visits: Vec<Visit> =
        found.visits.iter().enumerate().map(|(at, row)| visit(t, zone, currency, row, at == 0)).collect();
    let after = add_notes(t, zone, found, &mut visits);
    let browser = |number: &u32| {
        let name = fill(texts.visitor_number, &[("number", &number.to_string())]);
        (name, paths::visitor(account, VisitorNumber(*number)))
    };
    let [properties, undeclared] = contact_properties::of_contact(t, zone, &found.properties);
    let next = found.next.as_deref();
    let sign = if shown.show == TimelineFilter::All { '?' } else { '&' };
    Page {
        under: under(t, found),
        placeholder: notice(&layout, found),
        damaged: (!found.damaged.is_empty())
            .then(|| fill(t.visitor.damaged, &[("days", &found.damaged.join(", "))])),
        older: found
            .older_left_out
            .then(|| fill(texts.older_left_out, &[("number", &found.visitors.len().to_string())])),
        trust: found.row.email.as_ref().map(|_| match found.email_verified {
            true => (texts.email_verified, true),
            false => (texts.email_unverified, false),
        }),
        figures: figures(t, currency, found),
        facts: facts(t, zone, found),
        analytics: analytics(t, zone, currency, found),
        browsers: found.visitors.iter().map(browser).collect(),
        properties,
        undeclared,
        shows: shows(t, &address, shown.show),
        nothing: if shown.show == TimelineFilter::All { texts.nothing } else { texts.showing.nothing },
        pager: timeline_pager(t, &shown.params, &with_show, shown.count, found.total, next),
        visits,
        csv: format!("{with_show}{sign}format=csv"),
        json: format!("{with_show}{sign}format=json"),
        edit: layout.viewer_is(Role::Editor).then(|| format!("{address}/edit")),
        further: found.emails.iter().skip(1).cloned().collect(),
        merged: merged_list(&layout, zone, found, &address),
        merge: layout.viewer_is(Role::Editor).then(|| (format!("{address}/merge"), merged::field(t))),
        company: found.row.company.clone().zip(found.row.company_id.map(|id| paths::company(account, id))),
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

/// What stands below the name: email, company, number and the site's own id.
fn under(t: &Texts, found: &ContactReport) -> String {
    let texts = &t.contacts;
    let mut under: Vec<String> =
        found.row.email.iter().filter(|_| found.row.name.is_some()).cloned().collect();
    let said = found.properties.iter().find(|said| said.name == "company").map(|said| &said.value);
    under.extend(found.row.company.as_ref().or(said).cloned());
    under.push(fill(texts.number, &[("number", &found.row.id.to_string())]));
    under.extend(found.external_id.as_ref().map(|id| fill(texts.external_id, &[("id", id)])));
    under.join(" · ")
}

/// The choices of what the timeline shows.
fn shows(t: &'static Texts, address: &str, current: TimelineFilter) -> Vec<Show> {
    let texts = &t.contacts.showing;
    let show = |show: TimelineFilter| Show {
        label: match show {
            TimelineFilter::All => texts.all,
            TimelineFilter::Sessions => texts.sessions,
            TimelineFilter::Completions => texts.completions,
            TimelineFilter::Submissions => texts.submissions,
            TimelineFilter::Identifications => texts.identifications,
            TimelineFilter::Lists => texts.lists,
            TimelineFilter::Merges => texts.merges,
            TimelineFilter::Edits => texts.edits,
        },
        href: match show {
            TimelineFilter::All => address.to_owned(),
            show => format!("{address}?show={}", show.as_str()),
        },
        is_current: show == current,
    };
    TimelineFilter::ALL.map(show).into()
}

/// Merges, changes of lists and edits, the newest first.
fn notes(t: &'static Texts, zone: &Zone, found: &ContactReport) -> Vec<(Millis, Note)> {
    let merges = found.shown_merges.iter().map(|merge| {
        let (when, text) = merged::moment(t, zone, merge);
        (merge.at, Note { when, badge: t.contacts.merge.badge, text })
    });
    let of_lists = found.list_changes.iter().map(|change| {
        let text = if change.is_joined { t.contacts.list_joined } else { t.contacts.list_left };
        let when = format::date_time(&t.number, zone, change.at);
        (change.at, Note { when, badge: t.contacts.list, text: fill(text, &[("list", &change.name)]) })
    });
    let edits = found.edits.iter().map(|edit| {
        let labels: Vec<&str> = edit.labels.iter().map(|label| property_label(t, label)).collect();
        let text = fill(t.contacts.edited_what, &[("properties", &labels.join(", "))]);
        let when = format::date_time(&t.number, zone, edit.at);
        (edit.at, Note { when, badge: t.contacts.edited, text })
    });
    let mut notes: Vec<_> = merges.chain(of_lists).chain(edits).collect();
    notes.sort_by_key(|(at, _)| std::cmp::Reverse(*at));
    notes
}

/// Puts each note before the first session that is older; answers those older than all sessions.
fn add_notes(t: &'static Texts, zone: &Zone, found: &ContactReport, visits: &mut [Visit]) -> Vec<Note> {
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

/// The four figures that are looked at first.
fn figures(t: &'static Texts, currency: &str, found: &ContactReport) -> Vec<Figure> {
    let texts = &t.contacts;
    let row = &found.row;
    let figure = |label, value, detail| Figure { label, value, detail };
    let has_revenue = row.revenue_minor != 0 || row.asserted_minor != 0;
    let parts = if has_revenue { parts(t, row, currency) } else { String::new() };
    let count = |n| report_page::count(t, n);
    vec![
        figure(texts.revenue, revenue(t, row, currency), parts),
        figure(texts.completions, count(row.completions), String::new()),
        figure(texts.sessions, count(row.sessions), String::new()),
        figure(texts.page_views, count(row.page_views), String::new()),
    ]
}

fn fact(name: &'static str, value: String, detail: &str) -> Fact {
    Fact { name: name.into(), value, detail: detail.to_owned() }
}

fn facts(t: &'static Texts, zone: &Zone, found: &ContactReport) -> Vec<Fact> {
    let texts = &t.contacts;
    let row = &found.row;
    let at = |at| format::date_time(&t.number, zone, at);
    let source = |name, source: &str, detail: &str| {
        let label = t.label.value(Dimension::Source, source).into_owned();
        fact(name, label, t.label.source_detail(source, detail))
    };
    vec![
        fact(texts.first_seen, at(row.first_seen), ""),
        fact(texts.last_seen, at(row.last_seen), ""),
        fact(texts.created, at(found.created), ""),
        source(texts.original_source, &row.original_source, &row.original_source_detail),
        source(texts.latest_source, &row.latest_source, &row.latest_source_detail),
    ]
}

/// What HubSpot calls analytics properties, in words.
fn analytics(t: &'static Texts, zone: &Zone, currency: &str, found: &ContactReport) -> Vec<Fact> {
    let texts = &t.contacts;
    let words = &texts.analytics;
    let all = &found.analytics;
    let at = |at| format::date_time(&t.number, zone, at);
    let if_any = |time: Option<Millis>| time.map(at).unwrap_or_default();
    let count = |n| report_page::count(t, n);
    let source = |source: &str| t.label.value(Dimension::Source, source).into_owned();
    let data = |source: &str, data: &str| t.label.source_detail(source, data).to_owned();
    let average = all.average_page_views.map(|average| average.to_string().replace('.', t.number.decimal));
    let money = |minor| format::money(&t.number, minor, currency);
    vec![
        fact(texts.first_seen, at(all.first), ""),
        fact(texts.last_seen, at(all.last), ""),
        fact(words.first_visit, if_any(all.first_visit), ""),
        fact(words.last_visit, if_any(all.last_visit), ""),
        fact(words.first_url, all.first_url.clone(), ""),
        fact(words.last_url, all.last_url.clone(), ""),
        fact(words.first_referrer, all.first_referrer.clone(), ""),
        fact(words.last_referrer, all.last_referrer.clone(), ""),
        fact(texts.sessions, count(all.visits), ""),
        fact(texts.page_views, count(all.page_views), ""),
        fact(words.average_page_views, average.unwrap_or_default(), ""),
        fact(texts.completions, count(all.completions), ""),
        fact(texts.verified, money(found.row.revenue_minor), texts.verified_what),
        fact(texts.asserted, money(found.row.asserted_minor), texts.asserted_what),
        fact(texts.original_source, source(&all.source), ""),
        fact(words.source_data_1, data(&all.source, &all.source_data_1), ""),
        fact(words.source_data_2, data(&all.source, &all.source_data_2), ""),
        fact(texts.latest_source, source(&all.latest_source), ""),
        fact(words.latest_data_1, data(&all.latest_source, &all.latest_source_data_1), ""),
        fact(words.latest_data_2, data(&all.latest_source, &all.latest_source_data_2), ""),
        fact(words.latest_at, if_any(all.latest_source_at), ""),
    ]
}
