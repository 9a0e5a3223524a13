//! Archiving, restoring and deleting an event. Deleting first shows a page with what will be lost.

use actix_web::web::{ServiceConfig, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::events::definitions::{self, Error, Goes};
use crate::domain::event::{EventNumber, Status};
use crate::domain::user::Role;
use crate::web::admin::events::event_form::{find, number_of};
use crate::web::admin::events::list::with_name;
use crate::web::admin::reports::report_page::{self, signed};
use crate::web::drawing::format;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::fill;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/events/{event:[0-9]{12}}/archive", post().to(archive))
        .route("/accounts/{account}/events/{event:[0-9]{12}}/restore", post().to(restore))
        .service(
            resource("/accounts/{account}/events/{event:[0-9]{12}}/delete")
                .route(get_or_head().to(ask))
                .route(post().to(delete)),
        );
}

async fn archive(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    set(&request, &form.sender, Status::Archived, Done::EventArchived).await
}

async fn restore(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    set(&request, &form.sender, Status::Active, Done::EventRestored).await
}

async fn set(
    request: &HttpRequest,
    member: &Member,
    status: Status,
    done: Done,
) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let number = number_of(request)?;
    let app = member.app();
    match definitions::set_status(app, member.actor(), member.account_id(), number, status).await {
        Ok(()) => {}
        // The message says what to do: archive another event first.
        Err(Error::Full(limit)) => {
            let t = member.t();
            let limit = report_page::count(t, limit.unsigned_abs());
            return Err(WebError::BadRequest(fill(t.events.form.wrong.full, &[("limit", &limit)])));
        }
        Err(Error::Publish) => {
            return Err(WebError::BadRequest(member.t().events.show.no_restore.to_owned()));
        }
        Err(error) => return Err(web_error(error)),
    }
    respond::done(request, member.https(), done, &paths::event(member.account_id(), number))
}

/// For handlers without a form field to show the message at.
fn web_error(error: Error) -> WebError {
    match error {
        Error::Access(error) => error.into(),
        Error::NoAccount => WebError::NotFound,
        other => WebError::BadRequest(other.to_string()),
    }
}

#[derive(Template)]
#[template(path = "events/remove.html")]
pub(crate) struct Page {
    layout: Layout,
    /// What deleting will remove.
    loss: String,
    action: String,
    /// Offers archiving instead; `None` when the event is already archived.
    archive: Option<String>,
    cancel: String,
}

pub(crate) fn page(
    mut layout: Layout,
    currency: &str,
    (number, name, status): (EventNumber, &str, Status),
    goes: &Goes,
) -> Page {
    let t = layout.t;
    let texts = &t.events.remove;
    let account = layout.account_id();
    let address = paths::event(account, number);
    layout.title = with_name(texts.title, name);
    let completions = texts.completions.of(signed(goes.completions), &t.number);
    let contacts = texts.contacts.of(signed(goes.contacts), &t.number);
    let value = format::money(&t.number, goes.value_minor, currency);
    let said = [("completions", completions.as_str()), ("contacts", &contacts), ("value", &value)];
    Page {
        loss: match goes.completions {
            0 => texts.nothing.to_owned(),
            _ => fill(texts.goes, &said),
        },
        action: format!("{address}/delete"),
        archive: (status == Status::Active).then(|| format!("{address}/archive")),
        cancel: address,
        layout,
    }
}

async fn ask(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let stored = find(&member, number_of(&request)?).await?;
    let app = member.app();
    let goes = definitions::what_goes(app, member.account_id(), stored.number).await.map_err(web_error)?;
    let layout = member.layout("", Section::Events, "");
    let currency = &member.account.settings().currency;
    let which = (stored.number, stored.definition.name.as_str(), stored.status);
    respond::page(&page(layout, currency, which, &goes))
}

async fn delete(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let member = form.sender;
    member.need(Role::Editor)?;
    let number = number_of(&request)?;
    let app = member.app();
    definitions::delete(app, member.actor(), member.account_id(), number).await.map_err(web_error)?;
    respond::done(&request, member.https(), Done::EventDeleted, &paths::events(member.account_id()))
}
