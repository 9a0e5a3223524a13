//! `/accounts/{id}/events/pick`: starts the element picker on the site and answers with the picked selector. The
//! event form posts here into a new tab. Then its script asks for the result, or the user submits the form again.

use actix_web::http::StatusCode;
use actix_web::web::{Path, ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde_json::json;

use crate::app::events::element_picker::{self, Choice, Error, Started};
use crate::domain::event::EventKind;
use crate::domain::user::Role;
use crate::web::admin::reports::report_page;
use crate::web::request::context::wants_data;
use crate::web::request::form::AccountForm;
use crate::web::request::guard::Member;
use crate::web::request::method::get_or_head;
use crate::web::request::query;
use crate::web::response::error::WebError;
use crate::web::response::page::{Layout, Section};
use crate::web::response::respond;
use crate::web::text::fill;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config
        .route("/accounts/{account}/events/pick", post().to(create))
        .route("/accounts/{account}/events/pick/latest", get_or_head().to(show_latest))
        .route("/accounts/{account}/events/pick/{number}", get_or_head().to(show));
}

#[derive(Template)]
#[template(path = "element_picker/opening.html")]
pub(crate) struct OpeningPage {
    pub layout: Layout,
    pub lead: String,
    /// Address of the site with the token; `None` when the site cannot be opened, and `lead` says why.
    pub address: Option<String>,
}

/// Fields: `url`, a page of the site; `kind`, the type of the event (`form` picks forms); `key`, the key of the
/// event form. The answer is a page that goes on to the site, because the content security policy of the form would
/// block a redirect to another host. Programs get `{number, address}`.
async fn create(request: HttpRequest, form: AccountForm) -> Result<HttpResponse, WebError> {
    let AccountForm { sender: member, fields } = form;
    member.need(Role::Editor)?;
    let kind = EventKind::parse(fields.text("kind")).unwrap_or(EventKind::Click);
    let texts = &member.t().picker;
    let app = member.app();
    let (url, key) = (fields.text("url"), fields.text("key"));
    let (status, lead, address) =
        match element_picker::start(app, member.actor(), member.account_id(), kind, url, key).await {
            Ok(Started { number, address }) if wants_data(&request) => {
                return Ok(HttpResponse::Ok().json(json!({ "number": number, "address": address })));
            }
            Ok(Started { address, .. }) => {
                let host = address.split('/').nth(2).unwrap_or_default();
                (StatusCode::OK, fill(texts.opening_lead, &[("host", host)]), Some(address))
            }
            Err(Error::Address) => (StatusCode::UNPROCESSABLE_ENTITY, texts.no_address.to_owned(), None),
            Err(Error::Foreign(host)) => {
                (StatusCode::UNPROCESSABLE_ENTITY, fill(texts.foreign, &[("host", &host)]), None)
            }
            Err(error) => return Err(web_error(error)),
        };
    if wants_data(&request) {
        return Err(WebError::BadRequest(lead));
    }
    let layout = member.layout(texts.opening, Section::Events, "");
    respond::page_with(status, &OpeningPage { layout, lead, address })
}

/// `{"number","open","selector"}`: `open` while an element can still be picked; `selector` is null until then.
async fn show(member: Member, path: Path<(i64, i64)>) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    show_choice(&member, Some(path.into_inner().1)).await
}

/// The same for the latest pick of the form `key`, whose number the form's page does not know.
async fn show_latest(request: HttpRequest, member: Member) -> Result<HttpResponse, WebError> {
    member.need(Role::Editor)?;
    let pairs = report_page::pairs(&request)?;
    let key = query::first(&pairs, "key").unwrap_or_default();
    let latest = element_picker::latest(member.app(), member.actor(), member.account_id(), key)
        .await
        .map_err(web_error)?;
    show_choice(&member, latest).await
}

async fn show_choice(member: &Member, number: Option<i64>) -> Result<HttpResponse, WebError> {
    let app = member.app();
    let choice = match number {
        Some(number) => element_picker::choice(app, member.actor(), member.account_id(), number)
            .await
            .map_err(web_error)?,
        None => Choice::Gone,
    };
    let (open, selector) = match choice {
        Choice::Waiting => (true, None),
        Choice::Picked(selector) => (false, Some(selector)),
        Choice::Gone => (false, None),
    };
    let body = json!({ "number": number, "open": open, "selector": selector });
    Ok(HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(body))
}

fn web_error(error: Error) -> WebError {
    match error {
        Error::Access(error) => error.into(),
        Error::NoAccount => WebError::NotFound,
        Error::Address | Error::Key | Error::Foreign(_) => WebError::BadRequest(error.to_string()),
    }
}
