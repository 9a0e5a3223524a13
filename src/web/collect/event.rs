//! `GET /v1/event`: an event completion reported by a program or by an image in an email. The answer is an empty
//! image. It is sent only after the completion is committed to disk.

use actix_web::http::header::CONTENT_TYPE;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};

use super::collector::{add_headers, is_refused, over_limit, refuse};
use crate::app::ingest::accept::call::{Call, accept};
use crate::web::request::state::State;

pub(crate) async fn show(request: HttpRequest, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let outcome = accept(&state.app, Call::of_query(request.query_string())).await;
    if is_refused(outcome.reason) {
        return refuse(outcome.reason);
    }
    let mut answer = HttpResponse::Ok();
    add_headers(&mut answer, outcome.reason);
    answer.insert_header((CONTENT_TYPE, "image/gif")).finish()
}
