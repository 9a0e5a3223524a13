//! `/accounts/{id}/contacts/{id}/merge`: merging another contact into this one. The page first shows what is joined; a
//! button on it merges. The contact in the path survives. Undoing starts on the page of a contact.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::edit;
use crate::app::people::merge::{self, ALIASES_MAX, Error, NUMBERS_MAX};
use crate::app::reports::merges::{self, Preview, Side};
use crate::domain::account::AccountId;
use crate::domain::contact::{ContactId, EMAILS_MAX};
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::web::admin::people::contact::id_of;
use crate::web::admin::people::list::{name_of, revenue};
use crate::web::admin::people::merged::{WITH, field};
use crate::web::admin::reports::report_page;
use crate::web::drawing::format;
use crate::web::part::field::Field;
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::{Texts, fill};

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/contacts/{contact}/merge")
                .route(get_or_head().to(ask))
                .route(post().to(merge)),
        )
        .route("/accounts/{account}/contacts/{contact}/undo-merge", post().to(undo));
}

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
fn wrong(t: &Texts, error: Error) -> Result<String, WebError> {
    let texts = &t.contacts.merge.wrong;
    let limit =
        |text, limit: usize| fill(text, &[("limit", &t.number.whole(report_page::signed(limit as u64)))]);
    Ok(match error {
        Error::Nobody => texts.nobody.to_owned(),
        Error::Same => texts.same.to_owned(),
        Error::Emails(_) => limit(texts.emails, EMAILS_MAX),
        Error::Browsers => limit(texts.browsers, NUMBERS_MAX),
        Error::Aliases => limit(texts.contacts, ALIASES_MAX),
        Error::NotMerged => texts.not_merged.to_owned(),
        Error::CameWith(id) => fill(texts.came_with, &[("number", &id.to_string())]),
        Error::Access(error) => return Err(error.into()),
    })
}

async fn ask(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let pairs = report_page::pairs(&request)?;
    // An empty field was sent, too.
    let with = pairs.iter().find(|(key, _)| key == WITH).map(|(_, value)| value.as_str());
    show(&member, id_of(&request)?, with, None).await
}

/// The page; `refused` says why merging with what was typed was refused.
async fn show(
    member: &Member,
    id: i64,
    with: Option<&str>,
    refused: Option<String>,
) -> Result<HttpResponse, WebError> {
    let (app, account) = (member.app(), member.account_id());
    let edit::Known { id, emails, .. } = edit::find(app, account, id).await?;
    let typed = with.unwrap_or_default().trim();
    let (preview, error) = match (refused, with) {
        (Some(refused), _) => (None, Some(refused)),
        (None, None) => (None, None),
        (None, Some(_)) if typed.is_empty() => (None, Some(member.t().contacts.merge.wrong.empty.to_owned())),
        (None, Some(_)) => match merges::preview(app, account, id, typed).await {
            Ok(preview) => (Some(preview), None),
            Err(error) => (None, Some(wrong(member.t(), error)?)),
        },
    };
    let layout = member.layout(member.t().contacts.merge.title, Section::Contacts, "");
    let email = emails.into_iter().next();
    let shown = Shown { id, email, typed: typed.to_owned(), error, preview };
    let has_errors = shown.error.is_some();
    let currency = &member.account.settings().currency;
    respond::form(has_errors, &page(layout, &member.account.zone, currency, &shown))
}

async fn merge(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let (account, id) = (member.account_id(), id_of(&request)?);
    let typed = form.fields.text(WITH);
    // The page sends the number that it showed, so that nobody else is merged when an email moves meanwhile.
    let Some(other) = form.fields.number(WITH) else { return show(&member, id, Some(typed), None).await };
    match merge::merge(member.app(), member.actor(), account, other, id).await {
        Ok(survivor) => {
            let address = paths::contact(account, ContactId(survivor));
            respond::done(&request, member.https(), Done::ContactsMerged, &address)
        }
        Err(error) => {
            let refused = wrong(member.t(), error)?;
            show(&member, id, Some(typed), Some(refused)).await
        }
    }
}

async fn undo(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let account = member.account_id();
    let wrong = |error| wrong(member.t(), error).map_or_else(|failed| failed, WebError::BadRequest);
    let alias = form.fields.number("alias").ok_or_else(|| wrong(Error::NotMerged))?;
    let survivor = merge::undo_merge(member.app(), member.actor(), account, alias).await.map_err(wrong)?;
    let address = paths::contact(account, ContactId(survivor));
    respond::done(&request, member.https(), Done::MergeUndone, &address)
}

/// What the page shows.
pub(crate) struct Shown {
    pub id: i64,
    pub email: Option<String>,
    /// As it was typed.
    pub typed: String,
    pub error: Option<String>,
    pub preview: Option<Preview>,
}

#[derive(Template)]
#[template(path = "contacts/merge.html")]
pub(crate) struct Page {
    layout: Layout,
    name: String,
    action: String,
    cancel: String,
    with: Field,
    has_errors: bool,
    preview: Option<View>,
}

/// A line of the comparison.
struct Line {
    label: &'static str,
    survivor: Vec<String>,
    other: Vec<String>,
    together: Vec<String>,
}

/// What a merge will do, as it is shown.
struct View {
    survives: String,
    lead: String,
    lines: Vec<Line>,
    conflicts: Vec<merges::Conflict>,
    /// Number of the contact that is merged.
    other: i64,
    /// Lets the other contact survive instead.
    swap: String,
}

pub(crate) fn page(layout: Layout, zone: &Zone, currency: &str, shown: &Shown) -> Page {
    let t = layout.t;
    let account = layout.account_id();
    let address = paths::contact(account, ContactId(shown.id));
    Page {
        name: name_of(t, shown.email.as_deref(), shown.id),
        action: format!("{address}/merge"),
        cancel: address,
        with: field(t).value(&shown.typed).error(shown.error.clone()),
        has_errors: shown.error.is_some(),
        preview: shown.preview.as_ref().map(|preview| view(t, account, zone, currency, preview)),
        layout,
    }
}

fn view(t: &'static Texts, account: AccountId, zone: &Zone, currency: &str, preview: &Preview) -> View {
    let texts = &t.contacts.merge;
    let Preview { survivor, other, conflicts } = preview;
    let name = |side: &Side| name_of(t, side.row.email.as_deref(), side.row.id);
    let names = [("survivor", &*name(survivor)), ("other", &name(other))];
    let address = paths::contact(account, ContactId(other.row.id));
    View {
        survives: fill(texts.survives, &names),
        lead: fill(texts.lead, &names),
        lines: lines(t, zone, currency, preview),
        conflicts: conflicts.clone(),
        other: other.row.id,
        swap: format!("{address}/merge?{WITH}={}", survivor.row.id),
    }
}

fn lines(t: &'static Texts, zone: &Zone, currency: &str, preview: &Preview) -> Vec<Line> {
    let texts = &t.contacts;
    let sides = [&preview.survivor, &preview.other];
    let line = |label, [survivor, other]: [String; 2], together: String| Line {
        label,
        survivor: vec![survivor],
        other: vec![other],
        together: vec![together],
    };
    let count = |label, of: fn(&Side) -> u64| {
        let [a, b] = sides.map(of);
        line(label, [a, b].map(|n| report_page::count(t, n)), report_page::count(t, a.saturating_add(b)))
    };
    let at = |at| format::date_time(&t.number, zone, at);
    let [a, b] = sides.map(|side| &side.row);
    let mut both = a.clone();
    both.revenue_minor = a.revenue_minor.saturating_add(b.revenue_minor);
    both.asserted_minor = a.asserted_minor.saturating_add(b.asserted_minor);
    vec![
        Line {
            label: texts.merge.emails,
            survivor: preview.survivor.emails.clone(),
            other: preview.other.emails.clone(),
            together: sides.iter().flat_map(|side| side.emails.clone()).collect(),
        },
        count(texts.browsers, |side| side.browsers),
        count(texts.page_views, |side| side.row.page_views),
        count(texts.completions, |side| side.row.completions),
        line(texts.revenue, [a, b].map(|row| revenue(t, row, currency)), revenue(t, &both, currency)),
        line(texts.first_seen, [a, b].map(|row| at(row.first_seen)), at(a.first_seen.min(b.first_seen))),
        line(texts.last_seen, [a, b].map(|row| at(row.last_seen)), at(a.last_seen.max(b.last_seen))),
    ]
}
