//! Addresses that stand for nobody (rules.md 36): the section about them on the list of contacts, the notice on the page of
//! a contact, and `/accounts/{id}/contacts/blocked`, where editors block and unblock addresses.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::people::block::{self, Error};
use crate::app::reports::contact::ContactReport;
use crate::domain::account::AccountId;
use crate::domain::contact::{ContactId, EMAIL_MAX, Email};
use crate::domain::period::Zone;
use crate::domain::placeholder::{BLOCKED_MAX, BROWSERS_MAX};
use crate::domain::user::Role;
use crate::store::blocked_email::BlockedEmail;
use crate::store::contact_joining::Suspect;
use crate::web::admin::people::contact::id_of;
use crate::web::drawing::format;
use crate::web::part::empty::Empty;
use crate::web::part::field::{Field, Kind};
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

/// Addresses that the list of contacts shows at most.
pub(crate) const SUSPECTS_MAX: usize = 10;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/contacts/blocked")
                .route(get_or_head().to(list))
                .route(post().to(update)),
        )
        .route("/accounts/{account}/contacts/{contact}/block", post().to(block_contact));
}

fn blocked_path(account: AccountId) -> String {
    format!("{}/blocked", paths::contacts(account))
}

fn block_path(account: AccountId, contact: i64) -> String {
    format!("{}/block", paths::contact(account, ContactId(contact)))
}

fn limit(t: &Texts) -> String {
    t.number.whole(i64::from(BROWSERS_MAX))
}

/// The section on the list of contacts.
#[derive(Template)]
#[template(path = "placeholders/_section.html")]
pub(crate) struct SuspectsSection {
    t: &'static Texts,
    csrf: String,
    rows: Vec<SuspectRow>,
    /// How many rows there are, as a text.
    count: String,
    /// How many addresses are blocked, and where they are listed.
    blocked: Option<(String, String)>,
}

impl HtmlSafe for SuspectsSection {}

struct SuspectRow {
    email: String,
    href: String,
    why: String,
    action: String,
    label: String,
}

/// `None` when there is nothing to show.
pub(crate) fn suspects_section(
    layout: &Layout,
    suspects: &[Suspect],
    blocked: i64,
) -> Option<SuspectsSection> {
    let t = layout.t;
    let texts = &t.placeholders;
    let account = layout.account_id();
    let row = |suspect: &Suspect| SuspectRow {
        email: suspect.email.clone(),
        href: paths::contact(account, ContactId(suspect.contact)),
        why: match suspect.noticed {
            Some(_) => fill(texts.by_browsers, &[("limit", &limit(t))]),
            None => texts.by_name.to_owned(),
        },
        action: block_path(account, suspect.contact),
        label: fill(texts.block_one, &[("email", &suspect.email)]),
    };
    (!suspects.is_empty() || blocked > 0).then(|| SuspectsSection {
        t,
        csrf: layout.csrf.clone(),
        rows: suspects.iter().map(row).collect(),
        count: t.number.whole(suspects.len() as i64),
        blocked: (blocked > 0).then(|| (texts.blocked_count.of(blocked, &t.number), blocked_path(account))),
    })
}

/// The notice on the page of a contact.
#[derive(Template)]
#[template(path = "placeholders/_notice.html")]
pub(crate) struct Notice {
    t: &'static Texts,
    csrf: String,
    text: String,
    /// Blocks the address.
    block: Option<String>,
    /// Where blocked addresses are listed.
    see: Option<String>,
}

impl HtmlSafe for Notice {}

pub(crate) fn notice(layout: &Layout, found: &ContactReport) -> Option<Notice> {
    let t = layout.t;
    let texts = &t.placeholders;
    let account = layout.account_id();
    let may = layout.viewer_is(Role::Editor);
    let text = match (found.blocked, found.possible_placeholder) {
        (true, _) => texts.notice_blocked.to_owned(),
        (false, Some("browsers")) => fill(texts.notice_browsers, &[("limit", &limit(t))]),
        (false, Some(_)) => texts.notice_name.to_owned(),
        (false, None) => return None,
    };
    Some(Notice {
        t,
        csrf: layout.csrf.clone(),
        text,
        block: (may && !found.blocked).then(|| block_path(account, found.row.id)),
        see: (may && found.blocked).then(|| blocked_path(account)),
    })
}

struct BlockedRow {
    id: i64,
    email: String,
    since: String,
    label: String,
}

#[derive(Template)]
#[template(path = "placeholders/list.html")]
pub(crate) struct Page {
    layout: Layout,
    action: String,
    back: String,
    rows: Vec<BlockedRow>,
    empty: Empty,
    email: Field,
    has_errors: bool,
}

/// What was typed, and what is wrong with it.
#[derive(Default)]
pub(crate) struct Typed {
    pub email: String,
    pub error: Option<String>,
}

pub(crate) fn page(layout: Layout, zone: &Zone, blocked: &[BlockedEmail], typed: Typed) -> Page {
    let t = layout.t;
    let texts = &t.placeholders;
    let account = layout.account_id();
    let row = |blocked: &BlockedEmail| BlockedRow {
        id: blocked.id,
        email: blocked.email.clone(),
        since: format::date_time(&t.number, zone, blocked.created),
        label: fill(texts.unblock_one, &[("email", &blocked.email)]),
    };
    let has_errors = typed.error.is_some();
    Page {
        action: blocked_path(account),
        back: paths::contacts(account),
        rows: blocked.iter().map(row).collect(),
        empty: Empty {
            icon: Icon::Contact,
            title: texts.none_title.to_owned(),
            what: texts.none.to_owned(),
            action: None,
        },
        email: Field::new(t, "email", texts.email, Kind::Email)
            .value(&typed.email)
            .error(typed.error)
            .required()
            .max(EMAIL_MAX)
            .autocomplete("off"),
        has_errors,
        layout,
    }
}

async fn show(member: &Member, typed: Typed) -> Result<HttpResponse, WebError> {
    let blocked = block::list(member.app(), member.account_id()).await?;
    let layout = member.layout(member.t().placeholders.title, Section::Contacts, "");
    let has_errors = typed.error.is_some();
    respond::form(has_errors, &page(layout, &member.account.zone, &blocked, typed))
}

async fn list(member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    show(&member, Typed::default()).await
}

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
fn wrong(t: &Texts, error: Error) -> Result<String, WebError> {
    let texts = &t.placeholders.wrong;
    Ok(match error {
        Error::Blocked => texts.blocked.to_owned(),
        Error::TooMany => fill(texts.too_many, &[("limit", &t.number.whole(BLOCKED_MAX))]),
        Error::NoEmail => texts.no_email.to_owned(),
        Error::Access(error) => return Err(error.into()),
    })
}

/// Unblocks the address of a row, or blocks the one that was typed.
async fn update(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let (app, actor, account) = (member.app(), member.actor(), member.account_id());
    let back = blocked_path(account);
    if let Some(id) = fields.number("unblock") {
        block::unblock(app, actor, account, id).await?;
        return respond::done(&request, member.https(), Done::EmailUnblocked, &back);
    }
    let typed = fields.text("email").to_owned();
    let refused = match Email::parse(&typed) {
        None => member.t().placeholders.wrong.email.to_owned(),
        Some(email) => match block::block(app, actor, account, email).await {
            Ok(()) => return respond::done(&request, member.https(), Done::EmailBlocked, &back),
            Err(error) => wrong(member.t(), error)?,
        },
    };
    show(&member, Typed { email: typed, error: Some(refused) }).await
}

/// Blocks the primary address of a contact.
async fn block_contact(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let account = member.account_id();
    match block::block_contact(member.app(), member.actor(), account, id_of(&request)?).await {
        Ok(()) => {
            respond::done(&request, member.https(), Done::EmailBlocked, &blocked_path(account))
        }
        Err(error) => {
            let error = Some(wrong(member.t(), error)?);
            show(&member, Typed { error, ..Typed::default() }).await
        }
    }
}
