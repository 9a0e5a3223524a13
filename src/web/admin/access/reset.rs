//! `/reset`: choose a password by a link that an administrator handed over.

use actix_web::http::StatusCode;
use actix_web::web::{Query, ServiceConfig, get, post, resource};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::app::access;
use crate::app::access::users;
use crate::base::secret::Secret;
use crate::web::admin::access::LinkQuery;
use crate::web::admin::settings::form_errors;
use crate::web::part::field::{Field, Kind};
use crate::web::paths;
use crate::web::request::context;
use crate::web::request::form::GuestForm;
use crate::web::request::guard::Guest;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};
use crate::web::response::page::Layout;
use crate::web::response::respond;
use crate::web::text::fill;

pub fn routes(config: &mut ServiceConfig) {
    config.service(resource(paths::RESET).route(get().to(show)).route(post().to(create)));
}

#[derive(Template)]
#[template(path = "reset/show.html")]
struct Page {
    layout: Layout,
    token: String,
    email: String,
    field: Field,
}

impl Page {
    fn lead(&self) -> String {
        fill(self.layout.t.access.reset.lead, &[("email", &self.email)])
    }
}

#[derive(Template)]
#[template(path = "reset/gone.html")]
struct GonePage {
    layout: Layout,
}

fn page(guest: &Guest, token: &str, email: String, wrong: Option<&str>) -> Result<HttpResponse, WebError> {
    let t = guest.context.t;
    let field = Field::new(t, "password", t.access.field.new_password, Kind::Password)
        .hint(t.access.field.new_password_hint)
        .error(wrong.map(str::to_owned))
        .required()
        .autocomplete("new-password");
    let layout = guest.layout(t.access.reset.title);
    respond::form(wrong.is_some(), &Page { layout, token: token.to_owned(), email, field })
}

fn gone(guest: &Guest) -> Result<HttpResponse, WebError> {
    let layout = guest.layout(guest.context.t.access.reset.gone_title);
    respond::page_with(StatusCode::GONE, &GonePage { layout })
}

async fn show(guest: Guest, query: Query<LinkQuery>) -> Result<HttpResponse, WebError> {
    match users::look(&guest.state.app, &Secret::from_request(&query.token)).await {
        Ok(email) => page(&guest, &query.token, email, None),
        Err(access::Error::Link) => gone(&guest),
        Err(error) => Err(error.into()),
    }
}

async fn create(request: HttpRequest, form: GuestForm) -> Result<HttpResponse, WebError> {
    let GuestForm { sender: guest, fields } = form;
    let token = fields.raw("token");
    let link = Secret::from_request(token);
    let browser = context::browser(&request);
    let app = &guest.state.app;
    let error = match users::choose_password(app, &link, fields.raw("password"), &browser).await {
        Ok(secret) => {
            cookie::set_sign_in(&request, guest.context.https, &secret);
            flash::put(&request, guest.context.https, Done::PasswordChanged);
            return Ok(respond::see_other("/"));
        }
        Err(access::Error::Link) => return gone(&guest),
        Err(error) => error,
    };
    let text = form_errors::message(&guest.context.t.access.wrong, error)?;
    match users::look(app, &link).await {
        Ok(email) => page(&guest, token, email, Some(text)),
        Err(access::Error::Link) => gone(&guest),
        Err(error) => Err(error.into()),
    }
}
