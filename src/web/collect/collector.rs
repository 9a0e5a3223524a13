//! Receives beacons: HubSpot's GIF requests and the JSON of our script. Each is turned into a `Beacon` for
//! `app::ingest::accept`. The answer is sent only after the hits are committed to disk.

use std::borrow::Cow;

use actix_web::http::StatusCode;
use actix_web::http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_EXPOSE_HEADERS, ACCESS_CONTROL_MAX_AGE, CACHE_CONTROL, CONTENT_TYPE, COOKIE, HeaderName,
    HeaderValue, REFERER, RETRY_AFTER, USER_AGENT,
};
use actix_web::web::{Bytes, Data, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder};

use crate::app::ingest::accept::beacon::{BATCH_BODY_MAX, Beacon, Unreadable, json_of_query, of_json};
use crate::app::ingest::accept::{Outcome, Sender, accept};
use crate::app::state::rate_limit::sender_of;
use crate::domain::client_hints::ClientHints;
use crate::domain::hit_reason::Reason;
use crate::web::request::body;
use crate::web::request::state::State;

/// `Retry-After` when hits cannot be stored at the moment, in seconds.
pub(super) const RETRY_SECONDS: u32 = 2;
/// Shows developers in the browser's network panel what happened to the hit.
const X_GUESTLOG: HeaderName = HeaderName::from_static("x-guestlog");
const SEC_GPC: HeaderName = HeaderName::from_static("sec-gpc");
/// The client hints that are read.
const HINTS: [HeaderName; 4] = [
    HeaderName::from_static("sec-ch-ua"),
    HeaderName::from_static("sec-ch-ua-mobile"),
    HeaderName::from_static("sec-ch-ua-platform"),
    HeaderName::from_static("sec-ch-ua-platform-version"),
];
/// A transparent pixel.
const GIF: &[u8] =
    b"GIF89a\x01\x00\x01\x00\x80\x00\x00\x00\x00\x00\xff\xff\xff!\xf9\x04\x01\x00\x00\x00\x00,\
\x00\x00\x00\x00\x01\x00\x01\x00\x00\x02\x02D\x01\x00;";

/// `GET /__ptq.gif`, `/__ptbe.gif`, `/__ptc.gif`
pub(crate) async fn gif(request: HttpRequest, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let json = json_of_query(request.query_string());
    let beacons = match &json {
        None => vec![Ok(of_parameters(&request))],
        Some(json) => of_json(json.as_bytes()).unwrap_or_else(|unreadable| vec![Err(unreadable)]),
    };
    let outcome = accept_beacons(&request, &state, beacons).await;
    if is_refused(outcome.reason) {
        return refuse(outcome.reason);
    }
    let mut answer = HttpResponse::Ok();
    add_headers(&mut answer, outcome.reason);
    answer.insert_header((CONTENT_TYPE, "image/gif")).body(Bytes::from_static(GIF))
}

/// Behavioural events and autocapture have no parameter `k`; the path says which kind they are.
fn of_parameters(request: &HttpRequest) -> Beacon<'_> {
    let mut beacon = Beacon::of_query(request.query_string());
    match request.path() {
        "/__ptbe.gif" => beacon.kind = "ptbe".into(),
        "/__ptc.gif" => beacon.kind = "ptc".into(),
        _ => {}
    }
    beacon
}

/// `POST /collect`
pub(crate) async fn collect(request: HttpRequest, body: Payload, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let body = match read_body(body, BATCH_BODY_MAX).await {
        Ok(body) => body,
        Err(reason) => return count_and_refuse(&state, reason),
    };
    let beacons = of_json(&body).unwrap_or_else(|unreadable| vec![Err(unreadable)]);
    let outcome = accept_beacons(&request, &state, beacons).await;
    if is_refused(outcome.reason) {
        return refuse(outcome.reason);
    }
    let mut answer = HttpResponse::NoContent();
    add_headers(&mut answer, outcome.reason);
    answer.finish()
}

/// CORS preflight. Browsers send it for requests that set a content type.
pub(crate) async fn preflight() -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((ACCESS_CONTROL_ALLOW_METHODS, "GET, POST, OPTIONS"))
        .insert_header((ACCESS_CONTROL_ALLOW_HEADERS, "Content-Type"))
        .insert_header((ACCESS_CONTROL_MAX_AGE, "86400"))
        .finish()
}

pub(super) async fn accept_beacons(
    request: &HttpRequest,
    state: &State,
    beacons: Vec<Result<Beacon<'_>, Unreadable>>,
) -> Outcome {
    let headers = SenderHeaders::of(request);
    accept(&state.app, headers.sender(request, state), beacons).await
}

/// The texts of a request that say who sends it. Browsers may send non-ASCII bytes in all of them.
pub(super) struct SenderHeaders<'a> {
    user_agent: Cow<'a, str>,
    referer: Cow<'a, str>,
    hints: [Cow<'a, str>; 4],
}

impl<'a> SenderHeaders<'a> {
    pub(super) fn of(request: &'a HttpRequest) -> Self {
        let header = |name| {
            let value = request.headers().get(name).map(HeaderValue::as_bytes);
            value.map(String::from_utf8_lossy).unwrap_or_default()
        };
        Self { user_agent: header(USER_AGENT), referer: header(REFERER), hints: HINTS.map(header) }
    }

    pub(super) fn sender(&self, request: &HttpRequest, state: &State) -> Sender<'_> {
        let [brands, mobile, platform, platform_version] = &self.hints;
        state.count_proxy(request);
        Sender {
            address: state.client_address(request),
            user_agent: &self.user_agent,
            hints: ClientHints { brands, mobile, platform, platform_version },
            referer: &self.referer,
            do_not_track: is_do_not_track(request),
            gpc: sends_gpc(request),
        }
    }
}

/// Whether the browser carries the do-not-track cookie. Another cookie with non-ASCII bytes must not hide it.
pub(super) fn is_do_not_track(request: &HttpRequest) -> bool {
    request.headers().get_all(COOKIE).any(|cookies| {
        let mut cookies = cookies.as_bytes().split(|byte| *byte == b';');
        cookies.any(|cookie| cookie.trim_ascii() == b"__hs_do_not_track=yes")
    })
}

/// Whether the browser sends Global Privacy Control. The page cannot set this header.
pub(super) fn sends_gpc(request: &HttpRequest) -> bool {
    request.headers().get_all(SEC_GPC).any(|value| value.as_bytes().trim_ascii() == b"1")
}

pub(super) fn over_limit(request: &HttpRequest, state: &State) -> Option<HttpResponse> {
    let sender = sender_of(state.client_address(request)?);
    let wait = state.app.senders.take(sender, state.app.now()).err()?;
    state.app.counters.receive(1);
    state.app.counters.count(Reason::TooMany, 1);
    let mut answer = HttpResponse::TooManyRequests();
    add_headers(&mut answer, Reason::TooMany);
    Some(answer.insert_header((RETRY_AFTER, wait)).finish())
}

/// Reads a body of at most `max` bytes.
pub(super) async fn read_body(body: Payload, max: usize) -> Result<Vec<u8>, Reason> {
    body::read(body, max).await.map_err(|error| match error {
        body::Error::TooLarge => Reason::TooLarge,
        body::Error::TooSlow | body::Error::Broken(_) => Reason::Malformed,
    })
}

pub(super) fn count_and_refuse(state: &State, reason: Reason) -> HttpResponse {
    state.app.counters.receive(1);
    state.app.counters.count(reason, 1);
    refuse(reason)
}

/// Whether the sender gets an error status, because they can correct the hit or send it again. Other rejected hits
/// are answered with success, and only the header names the reason.
pub(super) const fn is_refused(reason: Reason) -> bool {
    matches!(reason, Reason::Malformed | Reason::TooLarge | Reason::Unavailable)
}

/// The answer to a hit that is refused.
pub(super) fn refuse(reason: Reason) -> HttpResponse {
    let (status, retry) = match reason {
        Reason::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, true),
        Reason::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, false),
        _ => (StatusCode::BAD_REQUEST, false),
    };
    let mut answer = HttpResponse::build(status);
    add_headers(&mut answer, reason);
    if retry {
        answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
    }
    answer.finish()
}

pub(super) fn add_headers(answer: &mut HttpResponseBuilder, reason: Reason) {
    answer
        .insert_header((X_GUESTLOG, HeaderValue::from_static(reason.as_str())))
        .insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store")))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*")))
        .insert_header((ACCESS_CONTROL_EXPOSE_HEADERS, HeaderValue::from_static("X-Guestlog, Retry-After")));
}
