//! Middleware around all admin routes: security headers, cookies, and the origin check for changes. It wraps the
//! whole scope, so no page can forget it.

use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{Error, HttpMessage, HttpRequest, ResponseError};

use crate::domain::period::Preset;
use crate::web::part::empty::Action;
use crate::web::request::client;
use crate::web::request::context::{Context, wants_data};
use crate::web::request::options::Options;
use crate::web::request::state::State;
use crate::web::response::cookie::{self, NewCookies, Nonce};
use crate::web::response::error::WebError;
use crate::web::response::flash;
use crate::web::response::framing::Framing;
use crate::web::response::page::ErrorPage;
use crate::web::text::error::{Errors, Failure};

/// Value of `Strict-Transport-Security`: one year.
const HSTS: &str = "max-age=31536000";

pub async fn guard(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(state) = request.app_data::<Data<State>>().cloned() else {
        return Err(WebError::internal("the web state is missing").into());
    };
    let nonce = Nonce(state.app.random.token());
    request.extensions_mut().insert(nonce.clone());
    request.extensions_mut().insert(NewCookies::default());
    let changes = ![Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    let mut answer = if changes && !is_own_origin(&state.options, request.request()) {
        request.error_response(WebError::Expired)
    } else {
        // Failures of handlers and extractors are already answers here, so `?` passes on only failures of the
        // framework.
        next.call(request).await?.map_into_boxed_body()
    };
    answer = render_error_page(answer);
    let request = answer.request().clone();
    let https = state.is_https(&request);
    let framing = Framing::of(&request);
    let headers = answer.headers_mut();
    if headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().starts_with(b"text/html")) {
        flash::forget(&request, https);
    }
    put_headers(headers, &nonce, framing, https);
    for text in cookie::new_cookies(&request) {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.append(header::SET_COOKIE, value);
        }
    }
    Ok(answer)
}

/// Whether a change was sent by a page of this server. Old browsers and plain http send no `Sec-Fetch-Site`, and
/// programs send no `Origin`. Without both headers the CSRF token alone decides.
fn is_own_origin(options: &Options, request: &HttpRequest) -> bool {
    let text = |name: &str| request.headers().get(name).map(|value| value.to_str().unwrap_or("").to_owned());
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    match text("origin") {
        Some(origin) => {
            client::origin_host(&origin).is_some_and(|host| client::hosts(options, request).contains(&host))
        }
        None => true,
    }
}

/// Turns an error into a page, unless the client asked for data.
fn render_error_page(answer: ServiceResponse) -> ServiceResponse {
    let Some(error) = answer.response().error() else { return answer };
    let request = answer.request();
    if wants_data(request) {
        return answer;
    }
    let Some(error) = error.as_error::<WebError>() else { return answer };
    let context = Context::of(request);
    let Some(failure) = failure(error, &context.t.error) else { return answer };
    let page = ErrorPage {
        layout: context.layout(failure.title),
        status: error.status_code().as_u16(),
        failure,
        detail: match error {
            WebError::BadRequest(text) | WebError::TimeLimit(text) => Some(text.clone()),
            _ => None,
        },
        id: match error {
            WebError::Internal { id } => Some(id.clone()),
            _ => None,
        },
        instead: match error {
            WebError::TimeLimit(_) => Some(Action {
                label: context.t.error.shorter.to_owned(),
                href: format!("{}?period={}", request.path(), Preset::Days7.as_str()),
            }),
            _ => None,
        },
    };
    let Ok(html) = askama::Template::render(&page) else { return answer };
    let mut response = actix_web::HttpResponse::build(error.status_code());
    if let Some(seconds) = error.retry_after() {
        response.insert_header((header::RETRY_AFTER, seconds.to_string()));
    }
    let response = response.content_type("text/html; charset=utf-8").body(html);
    answer.into_response(response)
}

/// The texts of the error page; `None` for a redirect to the sign-in page.
const fn failure<'a>(error: &WebError, texts: &'a Errors) -> Option<&'a Failure> {
    Some(match error {
        WebError::SignIn { .. } => return None,
        WebError::NotFound => &texts.not_found,
        WebError::Denied | WebError::Scope(_) | WebError::Unauthorized => &texts.denied,
        WebError::BadRequest(_) | WebError::TooLarge | WebError::Slow => &texts.bad_request,
        WebError::Expired => &texts.expired,
        WebError::TooMany(_) => &texts.too_many,
        WebError::TooManyReports(_) => &texts.too_many_reports,
        WebError::Busy => &texts.busy,
        WebError::TimeLimit(_) => &texts.time_limit,
        WebError::Internal { .. } => &texts.internal,
    })
}

fn put_headers(headers: &mut HeaderMap, nonce: &Nonce, framing: Framing, https: bool) {
    let policy = format!(
        "default-src 'none'; script-src 'nonce-{}'; style-src 'self'; img-src 'self'; connect-src 'self'; \
         form-action 'self'; base-uri 'none'; {}; object-src 'none'",
        nonce.0,
        framing.directives()
    );
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    for (name, value) in [
        ("x-content-type-options", "nosniff"),
        ("x-frame-options", framing.options()),
        // With `no-referrer` browsers would send `Origin: null` with our own forms.
        ("referrer-policy", "same-origin"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-resource-policy", "same-origin"),
    ] {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    if https {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HSTS));
    }
    // Assets set their own header: their address contains their hash, so they may be kept for ever.
    if !headers.contains_key(header::CACHE_CONTROL) {
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    }
    add_charset(headers);
}

fn add_charset(headers: &mut HeaderMap) {
    let Some(kind) = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()) else { return };
    let is_text = kind.starts_with("text/") || kind.starts_with("application/json");
    if is_text
        && !kind.contains("charset")
        && let Ok(value) = HeaderValue::from_str(&format!("{kind}; charset=utf-8"))
    {
        headers.insert(header::CONTENT_TYPE, value);
    }
}
