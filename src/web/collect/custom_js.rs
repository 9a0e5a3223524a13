//! `GET /e/{account}/{event}.{hash}.js`: the custom JavaScript of an event. The tracking script loads it once the
//! visitor has consented.

use actix_web::HttpResponse;
use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};

use super::script::dress;
use crate::app::events::custom_js;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::web::request::state::State;

pub(crate) async fn show(path: Path<(i64, String, String)>, state: Data<State>) -> HttpResponse {
    let (account, event, hash) = path.into_inner();
    let code = match EventNumber::parse(&event) {
        Some(event) => custom_js::served(&state.app, AccountId(account), event, &hash).await,
        None => Ok(None),
    };
    let (mut answer, keep, body) = match code {
        // Changed code gets a new address, so this one may be kept for ever.
        Ok(Some(code)) => (HttpResponse::Ok(), "public, max-age=31536000, immutable", code),
        Ok(None) => {
            (HttpResponse::NotFound(), "no-store", "// Guestlog: this code does not exist\n".to_owned())
        }
        Err(error) => {
            tracing::error!(%error, "custom JavaScript could not be read");
            (HttpResponse::ServiceUnavailable(), "no-store", String::new())
        }
    };
    dress(&mut answer);
    answer.insert_header((CACHE_CONTROL, keep)).body(body)
}
