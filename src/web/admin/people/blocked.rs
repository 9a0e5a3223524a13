//! `/accounts/{id}/contacts/blocked`: addresses by which nobody is identified (rules.md 36). Editors block and unblock them
//! here, and block the address of a contact on its page and on the list of contacts.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::people::block::{self, Error};
use crate::domain::contact::{EMAIL_MAX, Email};
use crate::domain::period::Zone;
use crate::domain::placeholder::BLOCKED_MAX;
use crate::domain::user::Role;
use crate::store::blocked_email::BlockedEmail;
use crate::web::admin::people::contact::id_of;
use crate::web::admin::people::placeholders::blocked_path;
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

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .service(
            resource("/accounts/{account}/contacts/blocked")
                .route(get_or_head().to(list))
                .route(post().to(update)),
        )
        .route("/accounts/{account}/contacts/{contact}/block", post().to(block_contact));
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
        Ok(()) => respond::done(&request, member.https(), Done::EmailBlocked, &blocked_path(account)),
        Err(error) => {
            let error = Some(wrong(member.t(), error)?);
            show(&member, Typed { error, ..Typed::default() }).await
        }
    }
}
