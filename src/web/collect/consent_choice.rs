//! `POST /{account}/consent`: what a visitor chose in the banner, for the consent log (rules.md 40). The answer is given when
//! the choice is on disk. What is refused is told in a plain sentence, for whoever builds a site.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, RETRY_AFTER};
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::collector::{RETRY_SECONDS, SenderHeaders, add_headers, over_limit, read_body, refuse};
use crate::app::ingest::consent_choice::{BODY_MAX, Error, log};
use crate::domain::account::AccountId;
use crate::domain::hit_reason::Reason;
use crate::web::request::state::State;

/// `Retry-After` when the day has its most choices, in seconds.
const FULL_SECONDS: u32 = 3_600;

pub(crate) async fn create(
    request: HttpRequest,
    path: Path<i64>,
    body: Payload,
    state: Data<State>,
) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let body = match read_body(body, BODY_MAX).await {
        Ok(body) => body,
        Err(reason) => return refuse(reason),
    };
    let headers = SenderHeaders::of(&request);
    let sender = headers.sender(&request, &state);
    let error = match log(&state.app, sender, AccountId(path.into_inner()), &body).await {
        Ok(reason) => {
            let mut answer = HttpResponse::NoContent();
            add_headers(&mut answer, reason);
            return answer.finish();
        }
        Err(error) => error,
    };
    let (status, reason, wait) = match &error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, Reason::Malformed, None),
        Error::UnknownAccount => (StatusCode::BAD_REQUEST, Reason::UnknownAccount, None),
        Error::TooMany { wait_seconds } => {
            (StatusCode::TOO_MANY_REQUESTS, Reason::TooMany, Some(*wait_seconds))
        }
        Error::Full => (StatusCode::TOO_MANY_REQUESTS, Reason::TooMany, Some(FULL_SECONDS)),
        Error::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, Reason::Unavailable, Some(RETRY_SECONDS)),
        Error::Store(error) => {
            tracing::warn!(%error, "a choice could not be logged");
            return refuse(Reason::Unavailable);
        }
    };
    let mut answer = HttpResponse::build(status);
    add_headers(&mut answer, reason);
    if let Some(wait) = wait {
        answer.insert_header((RETRY_AFTER, wait));
    }
    answer.insert_header((CONTENT_TYPE, "text/plain; charset=utf-8")).body(error.to_string())
}
