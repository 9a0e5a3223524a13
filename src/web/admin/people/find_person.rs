//! `/accounts/{id}/settings/privacy/person`: finds whatever is stored of a person, by an email, a number, a token or a receipt,
//! to export or erase it. What is typed comes in the body of a form, because addresses are kept in histories and logs. The
//! page also lists the visitors who asked that what is kept of them is deleted.

use actix_web::HttpResponse;
use actix_web::http::header;
use actix_web::web::{ServiceConfig, post, resource};
use askama::Template;

use crate::app::people::find_person::{Found, Key, TYPED_MAX};
use crate::app::people::withdraw;
use crate::app::reports::kept::{self, Preview};
use crate::app::reports::person;
use crate::domain::account::AccountId;
use crate::domain::contact::ContactId;
use crate::domain::period::Zone;
use crate::domain::user::Role;
use crate::store::erasure_request::Request;
use crate::web::admin::people::erase::Erase;
use crate::web::admin::reports::report_page::signed;
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::drawing::format;
use crate::web::part::field::{Field, Kind};
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::{Plural, Texts, fill};

/// Most requests that the page lists.
const REQUESTS_SHOWN: usize = 100;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.service(
        resource("/accounts/{account}/settings/privacy/person")
            .route(get_or_head().to(show))
            .route(post().to(find)),
    );
}

/// `/accounts/1000001/settings/privacy/person`
pub(crate) fn path(account: AccountId) -> String {
    format!("{}/person", Tab::Privacy.path(account))
}

/// A person who was found.
struct Person {
    name: String,
    /// Address of the page of the contact or the visitor.
    href: String,
    counts: Vec<String>,
    /// Address that answers the file.
    export: String,
}

/// A request to delete.
struct Row {
    when: String,
    /// Who asks, as far as that is known.
    who: String,
    href: String,
}

#[derive(Template)]
#[template(path = "find_person/show.html")]
pub(crate) struct Page {
    layout: Layout,
    nav: SettingsNav,
    id: AccountId,
    typed: Field,
    person: Option<Person>,
    erase: Option<Erase>,
    requests: Vec<Row>,
    /// Says how many requests are not listed.
    more: Option<String>,
}

/// What the page shows besides texts.
pub(crate) struct Shown<'a> {
    pub zone: &'a Zone,
    pub typed: &'a str,
    /// `None` before anything was looked for, `Some(None)` when nobody was found.
    pub found: Option<Option<Preview>>,
    pub requests: Vec<Request>,
    /// Of all requests.
    pub waiting: i64,
    pub sees_emails: bool,
}

impl Page {
    fn address(&self) -> String {
        path(self.id)
    }
}

pub(crate) fn page(layout: Layout, nav: SettingsNav, id: AccountId, shown: Shown<'_>) -> Page {
    let t = layout.t;
    let texts = &t.privacy.person;
    let is_missing = matches!(shown.found, Some(None));
    let left_out = shown.waiting.saturating_sub(i64::try_from(shown.requests.len()).unwrap_or(i64::MAX));
    let (preview, sees_emails) = (shown.found.flatten(), shown.sees_emails);
    Page {
        typed: Field::new(t, "person", texts.typed, Kind::Text)
            .value(shown.typed)
            .hint(texts.typed_hint)
            .error(is_missing.then(|| texts.nobody.to_owned()))
            .required()
            .max(TYPED_MAX)
            .autocomplete("off"),
        person: preview.as_ref().map(|preview| found(t, id, preview, sees_emails)),
        erase: preview.as_ref().map(|preview| erase(t, id, preview.found)),
        requests: shown.requests.iter().map(|one| row(t, id, shown.zone, one, sees_emails)).collect(),
        more: (left_out > 0).then(|| texts.more.of(left_out, &t.number)),
        layout,
        nav,
        id,
    }
}

/// The name of a person, and the address of their page.
fn name_and_href(t: &Texts, account: AccountId, found: Found, email: Option<&str>) -> (String, String) {
    match found {
        Found::Contact(id) => {
            let number = fill(t.privacy.person.contact, &[("number", &id.to_string())]);
            (email.map_or(number, str::to_owned), paths::contact(account, ContactId(id)))
        }
        Found::Visitor(number) => {
            let name = fill(t.visitor.title, &[("number", &number.0.to_string())]);
            (name, paths::visitor(account, number))
        }
    }
}

fn found(t: &'static Texts, account: AccountId, preview: &Preview, sees_emails: bool) -> Person {
    let texts = &t.privacy.person;
    let email = preview.email.as_deref().filter(|_| sees_emails);
    let (name, href) = name_and_href(t, account, preview.found, email);
    let kept = preview.kept;
    let rows = |table: &str| preview.rows_of(table) as u64;
    let counts: [(&Plural, u64); 9] = [
        (&texts.emails, preview.emails),
        (&texts.properties, rows("contact_property")),
        (&texts.browsers, preview.browsers),
        (&t.visitor.erase_sessions, kept.sessions),
        (&t.privacy.page_views, kept.page_views),
        (&t.privacy.completions_count, kept.completions),
        (&t.privacy.submissions_count, kept.submissions),
        (&texts.identifications, rows("identification")),
        (&texts.lists, rows("list_member")),
    ];
    let counts = counts.into_iter().filter(|(_, count)| *count > 0);
    Person {
        name,
        counts: counts.map(|(plural, count)| plural.of(signed(count), &t.number)).collect(),
        export: format!("{href}/export"),
        href,
    }
}

fn erase(t: &'static Texts, account: AccountId, found: Found) -> Erase {
    let (_, href) = name_and_href(t, account, found, None);
    let (title, stays) = match found {
        Found::Contact(_) => (t.contacts.erase, t.contacts.erase_stays),
        Found::Visitor(_) => (t.visitor.erase, t.visitor.erase_stays),
    };
    let what = t.privacy.person.erase_what.to_owned();
    Erase { title, what, stays, ask: t.visitor.erase_ask, action: format!("{href}/erase") }
}

fn row(t: &'static Texts, account: AccountId, zone: &Zone, request: &Request, sees_emails: bool) -> Row {
    let found = request.contact.map_or(Found::Visitor(request.visitor), Found::Contact);
    let email = request.email.as_deref().filter(|_| sees_emails);
    let (who, href) = name_and_href(t, account, found, email);
    Row { when: format::date_time(&t.number, zone, request.at), who, href }
}

async fn page_of(
    member: &Member,
    typed: &str,
    found: Option<Option<Preview>>,
) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let (app, id) = (member.app(), member.account_id());
    let (requests, waiting) = withdraw::requests(app, member.actor(), id, REQUESTS_SHOWN).await?;
    let is_missing = matches!(found, Some(None));
    let sees_emails = member.membership.show_emails;
    let shown = Shown { zone: &member.account.zone, typed, found, requests, waiting, sees_emails };
    let layout = member.layout(member.t().privacy.person.title, Section::Settings, "");
    respond::form(is_missing, &page(layout, SettingsNav::over(member, Tab::Privacy), id, shown))
}

async fn show(member: Member) -> Result<HttpResponse, WebError> {
    page_of(&member, "", None).await
}

async fn find(form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Admin)?;
    let typed = fields.text("person");
    let found = kept::preview(member.app(), member.actor(), &member.account, typed.to_owned()).await?;
    page_of(&member, typed, Some(found)).await
}

/// Everything that is stored of a person, as one JSON file.
pub(crate) async fn file(member: &Member, key: Key, name: &str) -> Result<HttpResponse, WebError> {
    member.need(Role::Admin)?;
    let document = person::export(member.app(), member.actor(), member.account_id(), key).await?;
    let name = format!("attachment; filename=\"{name}.json\"");
    let mut answer = export::json(&document)?;
    answer.headers_mut().insert(
        header::CONTENT_DISPOSITION,
        header::HeaderValue::from_str(&name).map_err(WebError::internal)?,
    );
    Ok(answer)
}
