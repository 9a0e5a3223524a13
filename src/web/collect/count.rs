//! Receives page views of visitors who did not consent, of accounts that count them in totals (rules.md 41). The answer is
//! sent only after the totals are committed to disk.

use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};

use super::collector::{
    SenderHeaders, add_headers, count_and_refuse, is_refused, over_limit, read_body, refuse,
};
use crate::app::ingest::count_anonymously::{BODY_MAX, count_anonymously};
use crate::domain::account::AccountId;
use crate::web::request::state::State;

/// `POST /{account}/count`
pub(crate) async fn create(
    request: HttpRequest,
    account: Path<i64>,
    body: Payload,
    state: Data<State>,
) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let body = match read_body(body, BODY_MAX).await {
        Ok(body) => body,
        Err(reason) => return count_and_refuse(&state, reason),
    };
    let (headers, account) = (SenderHeaders::of(&request), AccountId(account.into_inner()));
    let reason = count_anonymously(&state.app, headers.sender(&request, &state), account, &body).await;
    if is_refused(reason) {
        return refuse(reason);
    }
    let mut answer = HttpResponse::NoContent();
    add_headers(&mut answer, reason);
    answer.finish()
}
