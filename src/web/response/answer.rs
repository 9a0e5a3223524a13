//! Answers for browsers: a rendered page, or a redirect.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::base::clock::SECOND;
use crate::base::secret::Secret;
use crate::web::response::cookie;
use crate::web::response::error::WebError;

pub fn page(status: StatusCode, page: &impl Template) -> Result<HttpResponse, WebError> {
    let html = page.render()?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// A redirect after a form, so that reloading the next page does not submit the form again.
#[must_use]
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// Sets the cookie that signs the browser in.
pub fn sign_in(request: &HttpRequest, https: bool, secret: &Secret) {
    let mut signed_in = cookie::of(&cookie::SIGN_IN, secret.reveal(), https);
    let seconds = crate::app::access::sign_in::ABSOLUTE / SECOND;
    signed_in.set_max_age(actix_web::cookie::time::Duration::seconds(seconds));
    cookie::set(request, signed_in);
}

/// Removes the cookie that signs the browser in.
pub fn sign_out(request: &HttpRequest, https: bool) {
    let mut gone = cookie::of(&cookie::SIGN_IN, "", https);
    gone.make_removal();
    cookie::set(request, gone);
}
