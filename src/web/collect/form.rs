//! Submitted forms, by HubSpot's addresses (rules.md 33): `POST /submissions/v3/integration/submit/{account}/{form}`, the
//! same with a token under `secure`, and the older `POST /uploads/form/v2/{account}/{form}`; and what HubSpot's script for
//! collected forms sends. The answer is sent only after the submission is committed to disk.

use std::collections::HashMap;
use std::sync::LazyLock;

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;
use serde_json::json;

use super::collector::{
    RETRY_SECONDS, accept_beacons, add_headers, count_and_refuse, is_do_not_track, is_refused, over_limit,
    read_body, refuse,
};
use super::script::send;
use crate::app::ingest::accept::beacon::{Beacon, HIT_BODY_MAX, Scalar, Unreadable};
use crate::app::ingest::accept::submission::{self, Fault, Request, Wire, accept};
use crate::base::random::{Random, SystemRandom};
use crate::domain::account::AccountId;
use crate::domain::form::{BODY_MAX, Way};
use crate::domain::hit_reason::Reason;
use crate::domain::user::Scope;
use crate::tracker::{self, Script};
use crate::web::request::guard::Caller;
use crate::web::request::state::State;
use crate::web::response::error::WebError;

static LOADER: LazyLock<Script> = LazyLock::new(tracker::form_loader);

/// What HubSpot answers for a form that has no text of its own.
const THANKS: &str = "Thanks for submitting the form.";

/// Account and form as they stand in the path.
type Target = Path<(String, String)>;

/// `POST /submissions/v3/integration/submit/{account}/{form}`
pub(crate) async fn submit(
    request: HttpRequest,
    target: Target,
    body: Payload,
    state: Data<State>,
) -> HttpResponse {
    take_from_anybody(&request, &state, &target, body, Wire::Json).await
}

/// What nobody signed, from a sender who has not sent too much.
async fn take_from_anybody(
    request: &HttpRequest,
    state: &State,
    target: &Target,
    body: Payload,
    wire: Wire,
) -> HttpResponse {
    if let Some(refusal) = over_limit(request, state) {
        return refusal;
    }
    answer(take(request, state, target, body, wire, Way::Call).await, wire)
}

/// `POST /submissions/v3/integration/secure/submit/{account}/{form}`: what a token says is verified.
pub(crate) async fn submit_with_token(
    request: HttpRequest,
    target: Target,
    body: Payload,
    caller: Caller,
) -> Result<HttpResponse, WebError> {
    let account = target.0.parse().map(AccountId).map_err(|_| WebError::NotFound)?;
    if account != caller.token.account {
        return Err(WebError::NotFound);
    }
    caller.need(Scope::CrmWrite)?;
    let taken = take(&request, &caller.state, &target, body, Wire::Json, Way::Token).await;
    Ok(answer(taken, Wire::Json))
}

/// `POST /uploads/form/v2/{account}/{form}`
pub(crate) async fn upload(
    request: HttpRequest,
    target: Target,
    body: Payload,
    state: Data<State>,
) -> HttpResponse {
    take_from_anybody(&request, &state, &target, body, Wire::Pairs).await
}

async fn take(
    request: &HttpRequest,
    state: &State,
    target: &Target,
    body: Payload,
    wire: Wire,
    way: Way,
) -> Result<(), Fault> {
    let body = match read_body(body, BODY_MAX).await {
        Ok(body) => body,
        Err(Reason::TooLarge) => return submission::refuse(&state.app, &target.0, Fault::BodyTooLarge).await,
        Err(_) => return submission::refuse(&state.app, &target.0, Fault::Malformed).await,
    };
    state.count_proxy(request);
    let sent = Request {
        account: &target.0,
        form: &target.1,
        wire,
        way,
        body: &body,
        address: state.client_address(request),
        do_not_track: is_do_not_track(request),
    };
    accept(&state.app, sent).await
}

/// The body of HubSpot's script for collected forms. What else is in it is not read.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Collected<'a> {
    #[serde(borrow)]
    portal_id: Scalar<'a>,
    #[serde(borrow, default)]
    utk: Scalar<'a>,
    #[serde(borrow, default)]
    uuid: Scalar<'a>,
    #[serde(borrow, default)]
    page_url: Scalar<'a>,
    #[serde(borrow, default)]
    page_title: Scalar<'a>,
    #[serde(borrow, default)]
    form_selector_id: Scalar<'a>,
    #[serde(borrow, default)]
    form_selector_classes: Scalar<'a>,
    #[serde(borrow, default)]
    contact_fields: HashMap<String, Scalar<'a>>,
}

/// `POST /collected-forms/submit/form`: a beacon of a browser, to which all rules of beacons apply.
pub(crate) async fn collect(request: HttpRequest, body: Payload, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let body = match read_body(body, HIT_BODY_MAX).await {
        Ok(body) => body,
        Err(reason) => return count_and_refuse(&state, reason),
    };
    let beacon = serde_json::from_slice::<Collected<'_>>(&body).map(Collected::beacon);
    let outcome = accept_beacons(&request, &state, vec![beacon.map_err(|_| Unreadable::Malformed)]).await;
    if is_refused(outcome.reason) {
        return refuse(outcome.reason);
    }
    let mut answer = HttpResponse::NoContent();
    add_headers(&mut answer, outcome.reason);
    answer.finish()
}

impl<'a> Collected<'a> {
    fn beacon(self) -> Beacon<'a> {
        let id = [self.form_selector_id, self.form_selector_classes].into_iter().map(|Scalar(text)| text);
        let fields = self.contact_fields.into_iter().map(|(name, Scalar(value))| (name.into(), value));
        Beacon {
            account: self.portal_id.0,
            kind: "form".into(),
            event_id: self.uuid.0,
            token: self.utk.0,
            page_url: self.page_url.0,
            title: self.page_title.0,
            event: id.into_iter().find(|text| !text.is_empty()).unwrap_or_default(),
            properties: fields.collect(),
            ..Beacon::default()
        }
    }
}

/// `GET /collectedforms.js`
pub(crate) async fn script(request: HttpRequest) -> HttpResponse {
    send(&request, &LOADER)
}

/// The same answer for every submission that was taken, whoever it names.
fn answer(taken: Result<(), Fault>, wire: Wire) -> HttpResponse {
    match (taken, wire) {
        (Ok(()), Wire::Json) => {
            let mut answer = HttpResponse::Ok();
            add_headers(&mut answer, Reason::Stored);
            answer.json(json!({ "inlineMessage": THANKS }))
        }
        (Ok(()), Wire::Pairs) => {
            let mut answer = HttpResponse::NoContent();
            add_headers(&mut answer, Reason::Stored);
            answer.finish()
        }
        (Err(fault), _) => refusal(&fault),
    }
}

fn refusal(fault: &Fault) -> HttpResponse {
    let status = match fault {
        Fault::UnknownAccount => StatusCode::NOT_FOUND,
        Fault::BodyTooLarge => StatusCode::PAYLOAD_TOO_LARGE,
        Fault::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        _ => StatusCode::BAD_REQUEST,
    };
    let mut answer = HttpResponse::build(status);
    add_headers(&mut answer, fault.reason());
    if *fault == Fault::Unavailable {
        answer.insert_header((RETRY_AFTER, RETRY_SECONDS));
    }
    let message = fault.to_string();
    let errors: Vec<_> = fault
        .error_type()
        .map(|kind| json!({ "message": &message, "errorType": kind }))
        .into_iter()
        .collect();
    answer.json(json!({
        "status": "error", "message": message, "correlationId": SystemRandom.token(), "errors": errors,
    }))
}
