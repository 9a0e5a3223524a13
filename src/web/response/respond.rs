//! Answers for browsers: a rendered page, or a redirect.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

use crate::web::response::error::WebError;
use crate::web::response::flash::{self, Done};

pub fn page(page: &impl Template) -> Result<HttpResponse, WebError> {
    page_with(StatusCode::OK, page)
}

pub fn page_with(status: StatusCode, page: &impl Template) -> Result<HttpResponse, WebError> {
    let html = page.render()?;
    Ok(HttpResponse::build(status).content_type("text/html; charset=utf-8").body(html))
}

/// A page with a form. When the form could not be accepted, the status says so.
pub fn form(has_errors: bool, page: &impl Template) -> Result<HttpResponse, WebError> {
    page_with(if has_errors { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::OK }, page)
}

/// A redirect after a form, so that reloading the next page does not submit the form again.
pub fn see_other(path: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header((header::LOCATION, path)).finish()
}

/// A redirect to a page that shows the notice `done`.
pub fn done(request: &HttpRequest, https: bool, done: Done, path: &str) -> Result<HttpResponse, WebError> {
    flash::put(request, https, done);
    Ok(see_other(path))
}
