//! The element picker on the site (rules.md 30). `GET /pick.js` is the picker; `POST /pick` confirms its token,
//! takes the chosen selector, or cancels. There is no sign-in: the token is the only proof, and no answer reveals
//! whose it is.

use std::sync::LazyLock;

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL};
use actix_web::web::{Data, Payload};
use actix_web::{HttpRequest, HttpResponse};
use serde::Deserialize;

use super::collector::{over_limit, read_body};
use super::script::send;
use crate::app::events::element_picker;
use crate::tracker::{self, Script};
use crate::web::request::state::State;
use crate::web::text::EN;

/// Longest body in bytes: the longest selector as JSON.
const BODY_MAX: usize = 16 * 1024;

static PICKER: LazyLock<Script> =
    LazyLock::new(|| tracker::picker(&serde_json::to_string(&EN.picker).unwrap_or_default()));

#[derive(Deserialize)]
struct PickMessage {
    token: String,
    selector: Option<String>,
    #[serde(default)]
    cancelled: bool,
}

/// `POST /pick`
pub(crate) async fn create(request: HttpRequest, body: Payload, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let body = read_body(body, BODY_MAX).await.unwrap_or_default();
    let done = match serde_json::from_slice::<PickMessage>(&body) {
        Ok(PickMessage { token, cancelled: true, .. }) => element_picker::cancel(&state.app, &token).await,
        Ok(PickMessage { token, selector: None, .. }) => element_picker::confirm(&state.app, &token).await,
        Ok(PickMessage { token, selector: Some(selector), .. }) => {
            element_picker::choose(&state.app, &token, &selector).await
        }
        Err(_) => return empty_answer(HttpResponse::BadRequest()),
    };
    match done {
        Ok(true) => empty_answer(HttpResponse::NoContent()),
        Ok(false) => empty_answer(HttpResponse::NotFound()),
        Err(error) => {
            tracing::error!(%error, "a picked element could not be saved");
            empty_answer(HttpResponse::ServiceUnavailable())
        }
    }
}

fn empty_answer(mut answer: actix_web::HttpResponseBuilder) -> HttpResponse {
    answer
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .finish()
}

/// `GET /pick.js`
pub(crate) async fn script(request: HttpRequest) -> HttpResponse {
    send(&request, &PICKER)
}
