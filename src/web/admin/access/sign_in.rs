//! Signing in by password or by a one-time link, and signing out.

use actix_web::http::{StatusCode, header};
use actix_web::web::{Query, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Deserialize;

use crate::app::access;
use crate::app::access::sign_in;
use crate::base::secret::Secret;
use crate::domain::contact::EMAIL_MAX;
use crate::web::admin::access::LinkQuery;
use crate::web::part::field::{Field, Kind};
use crate::web::part::icon::Icon;
use crate::web::paths;
use crate::web::request::context;
use crate::web::request::form::{GuestForm, SignedForm};
use crate::web::request::guard::Guest;
use crate::web::request::method::get_or_head;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::flash::Done;
use crate::web::response::page::Layout;
use crate::web::response::respond;

pub fn routes(config: &mut ServiceConfig) {
    config
        .service(resource(paths::SIGN_IN).route(get_or_head().to(show)).route(post().to(create)))
        .service(resource(paths::SIGN_IN_LINK).route(get().to(by_link)))
        .route(paths::SIGN_OUT, post().to(delete));
}

#[derive(Template)]
#[template(path = "sign_in/show.html")]
struct Page {
    layout: Layout,
    next: String,
    fields: Vec<Field>,
    wrong: Option<String>,
}

impl Page {
    fn new(guest: &Guest, next: &str, email: &str, wrong: Option<String>) -> Self {
        let t = guest.context.t;
        let texts = &t.access.field;
        let fields = vec![
            Field::new(t, "email", texts.email, Kind::Email)
                .value(email)
                .required()
                .max(EMAIL_MAX)
                .autocomplete("username"),
            Field::new(t, "password", texts.password, Kind::Password)
                .required()
                .autocomplete("current-password"),
        ];
        let next = paths::local(next).unwrap_or_default().to_owned();
        Self { layout: guest.layout(t.access.sign_in.title), next, fields, wrong }
    }
}

#[derive(Deserialize)]
struct NextQuery {
    #[serde(default)]
    next: String,
}

async fn show(guest: Guest, params: Query<NextQuery>) -> Result<HttpResponse, WebError> {
    if guest.session.is_some() {
        return Ok(respond::see_other(paths::local(&params.next).unwrap_or("/")));
    }
    respond::page(&Page::new(&guest, &params.next, "", None))
}

async fn create(request: HttpRequest, form: GuestForm) -> Result<HttpResponse, WebError> {
    let GuestForm { sender: guest, fields } = form;
    let (email, next) = (fields.text("email"), fields.raw("next"));
    let sender = context::sender(&guest.state, &request);
    let browser = context::browser(&request);
    let texts = &guest.context.t.access.sign_in;
    let again = |wrong: String| Page::new(&guest, next, email, Some(wrong));
    match sign_in::sign_in(&guest.state.app, email, fields.raw("password"), sender, &browser).await {
        Ok(secret) => {
            replace(&request, &guest, &secret).await?;
            Ok(respond::see_other(paths::local(next).unwrap_or("/")))
        }
        Err(access::Error::Wrong) => {
            respond::page_with(StatusCode::UNPROCESSABLE_ENTITY, &again(texts.wrong.to_owned()))
        }
        Err(access::Error::Wait(seconds)) => {
            let text = texts.wait.of(i64::from(seconds), &guest.context.t.number);
            let mut response = respond::page_with(StatusCode::TOO_MANY_REQUESTS, &again(text))?;
            response.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            Ok(response)
        }
        Err(error) => Err(error.into()),
    }
}

/// Signs in and ends the sign-in that the browser had before.
async fn replace(request: &HttpRequest, guest: &Guest, secret: &Secret) -> Result<(), WebError> {
    if let Some(old) = &guest.session {
        sign_in::end(&guest.state.app, old.user.id, old.sign_in.id).await?;
    }
    cookie::set_sign_in(request, guest.context.https, secret);
    Ok(())
}

async fn by_link(
    request: HttpRequest,
    guest: Guest,
    query: Query<LinkQuery>,
) -> Result<HttpResponse, WebError> {
    // Otherwise a link on another site could sign a visitor in as somebody else.
    let site = request.headers().get("sec-fetch-site").and_then(|value| value.to_str().ok());
    if site.is_some_and(|site| site != "none" && site != "same-origin") {
        return Err(WebError::Expired);
    }
    let browser = context::browser(&request);
    match sign_in::by_link(&guest.state.app, &Secret::from_request(&query.token), &browser).await {
        Ok(secret) => {
            replace(&request, &guest, &secret).await?;
            Ok(respond::see_other("/"))
        }
        Err(access::Error::Link) => {
            let text = guest.context.t.access.wrong.link.to_owned();
            respond::page_with(StatusCode::GONE, &Page::new(&guest, "", "", Some(text)))
        }
        Err(error) => Err(error.into()),
    }
}

async fn delete(request: HttpRequest, form: SignedForm) -> Result<HttpResponse, WebError> {
    let session = &form.sender.session;
    sign_in::end(&form.sender.state.app, session.user.id, session.sign_in.id).await?;
    cookie::clear(&request, form.sender.context.https, &cookie::SIGN_IN);
    respond::done(&request, form.sender.context.https, Done::SignedOut, paths::SIGN_IN)
}
