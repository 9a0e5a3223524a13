//! Saves the theme for browsers without script.

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::web::{ServiceConfig, post};
use actix_web::{HttpRequest, HttpResponse};

use crate::web::paths;
use crate::web::request::form::SignedForm;
use crate::web::response::cookie;
use crate::web::response::error::WebError;
use crate::web::response::page::Theme;
use crate::web::response::respond;

const KEPT_DAYS: i64 = 365;

pub fn routes(config: &mut ServiceConfig) {
    config.route(paths::THEME, post().to(choose));
}

async fn choose(request: HttpRequest, form: SignedForm) -> Result<HttpResponse, WebError> {
    let params = form.fields.text("theme");
    let theme = Theme::parse(params).ok_or_else(|| WebError::BadRequest("unknown theme".to_owned()))?;
    // The script of the pages writes this cookie too, so it is readable and has the same name for both schemes. It
    // is not a secret.
    let chosen = Cookie::build(Theme::COOKIE, theme.as_str())
        .path("/")
        .same_site(SameSite::Lax)
        .secure(form.sender.context.https)
        .max_age(Duration::days(KEPT_DAYS))
        .finish();
    cookie::set(&request, chosen);
    Ok(respond::see_other(paths::local(form.fields.raw("back")).unwrap_or("/")))
}
