//! Archiving, restoring and deleting an event. Deleting first shows a page with what will be lost.

use actix_web::http::StatusCode;
use actix_web::web::{ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::events::definitions::{self, Error, Goes};
use crate::domain::account::AccountId;
use crate::domain::event::{EventNumber, Status};
use crate::domain::user::Role;
use crate::web::admin::events::event_form::{find, number_of};
use crate::web::admin::events::list::named;
use crate::web::admin::reports::report::{self, signed};
use crate::web::drawing::format;
use crate::web::paths;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::InAccount;
use crate::web::response::answer;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::{Layout, Section};
use crate::web::text::fill;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/events/{event:[0-9]{12}}/archive", post().to(archive))
        .route("/accounts/{account}/events/{event:[0-9]{12}}/restore", post().to(restore))
        .service(
            resource("/accounts/{account}/events/{event:[0-9]{12}}/delete")
                .route(get().to(ask))
                .route(post().to(delete)),
        );
}

async fn archive(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    set(&request, &form.page, Status::Archived, Done::EventArchived).await
}

async fn restore(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    set(&request, &form.page, Status::Active, Done::EventRestored).await
}

async fn set(
    request: &HttpRequest,
    here: &InAccount,
    status: Status,
    done: Done,
) -> Result<HttpResponse, WebError> {
    here.need(Role::Editor)?;
    let number = number_of(request)?;
    let app = &here.who.state.app;
    match definitions::set_status(app, here.who.actor(), here.id(), number, status).await {
        Ok(()) => {}
        // The message says what to do: archive another event first.
        Err(Error::Full(limit)) => {
            let t = here.who.context.t;
            let limit = report::count(t, limit.unsigned_abs());
            return Err(WebError::BadRequest(fill(t.events.form.wrong.full, &[("limit", &limit)])));
        }
        Err(Error::Publish) => {
            return Err(WebError::BadRequest(here.who.context.t.events.show.no_restore.to_owned()));
        }
        Err(error) => return Err(refusal(error)),
    }
    flash::put(request, here.who.context.https, done);
    Ok(answer::see_other(&paths::event(here.id(), number)))
}

/// For handlers without a form field to show the message at.
fn refusal(error: Error) -> WebError {
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
    goes: String,
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
    let words = &t.events.remove;
    let account = layout.account.as_ref().map_or(AccountId(0), |here| here.id);
    let here = paths::event(account, number);
    layout.title = named(words.title, name);
    let completions = words.completions.of(signed(goes.completions), &t.number);
    let contacts = words.contacts.of(signed(goes.contacts), &t.number);
    let value = format::money(&t.number, goes.value_minor, currency);
    let said = [("completions", completions.as_str()), ("contacts", &contacts), ("value", &value)];
    Page {
        goes: match goes.completions {
            0 => words.nothing.to_owned(),
            _ => fill(words.goes, &said),
        },
        action: format!("{here}/delete"),
        archive: (status == Status::Active).then(|| format!("{here}/archive")),
        cancel: here,
        layout,
    }
}

async fn ask(request: HttpRequest, here: InAccount) -> Result<HttpResponse, WebError> {
    here.need(Role::Editor)?;
    let stored = find(&here, number_of(&request)?).await?;
    let app = &here.who.state.app;
    let goes = definitions::what_goes(app, here.id(), stored.number).await.map_err(refusal)?;
    let layout = here.layout("", Section::Events, "");
    let currency = &here.account.settings().currency;
    let which = (stored.number, stored.definition.name.as_str(), stored.status);
    answer::page(StatusCode::OK, &page(layout, currency, which, &goes))
}

async fn delete(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let here = form.page;
    here.need(Role::Editor)?;
    let number = number_of(&request)?;
    let app = &here.who.state.app;
    definitions::delete(app, here.who.actor(), here.id(), number).await.map_err(refusal)?;
    flash::put(&request, here.who.context.https, Done::EventDeleted);
    Ok(answer::see_other(&paths::events(here.id())))
}
