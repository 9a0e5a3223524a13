//! Submitted forms, by HubSpot's addresses (rules.md 31): `POST /submissions/v3/integration/submit/{account}/{form}`, the
//! same with a token under `secure`, and the older `POST /uploads/form/v2/{account}/{form}`. The answer is sent only after
//! the submission is committed to disk.

use actix_web::http::StatusCode;
use actix_web::http::header::RETRY_AFTER;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde_json::json;

use super::collector::{RETRY_SECONDS, add_headers, is_do_not_track, over_limit, read_body};
use crate::app::ingest::accept::submission::{Fault, Request, Wire, accept, refuse};
use crate::base::random::{Random, SystemRandom};
use crate::domain::account::AccountId;
use crate::domain::form::{BODY_MAX, Way};
use crate::domain::hit_reason::Reason;
use crate::domain::user::Scope;
use crate::web::request::guard::Caller;
use crate::web::request::state::State;
use crate::web::response::error::WebError;

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
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    answer(take(&request, &state, &target, body, Wire::Json, Way::Call).await, Wire::Json)
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
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    answer(take(&request, &state, &target, body, Wire::Pairs, Way::Call).await, Wire::Pairs)
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
        Err(Reason::TooLarge) => return refuse(&state.app, &target.0, Fault::BodyTooLarge).await,
        Err(_) => return refuse(&state.app, &target.0, Fault::Malformed).await,
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
