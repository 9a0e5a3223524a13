//! `GET /own-visits/{token}.js`: what the tracking script loads when somebody opened a link that leaves their own visits
//! out, or counts them again. There is no sign-in: the token is the only proof, and it works once.

use actix_web::http::header::CACHE_CONTROL;
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use super::collector::over_limit;
use super::script::dress;
use crate::app::events::own_visits;
use crate::tracker;
use crate::web::request::state::State;
use crate::web::text::EN;

pub(crate) async fn script(request: HttpRequest, path: Path<String>, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let mut answer = HttpResponse::Ok();
    dress(&mut answer);
    answer.insert_header((CACHE_CONTROL, "no-store"));
    let wish = match own_visits::redeem(&state.app, &path).await {
        Ok(Some(wish)) => wish.as_str(),
        Ok(None) => "expired",
        Err(error) => {
            tracing::error!(%error, "a link for own visits could not be looked up");
            let mut answer = HttpResponse::ServiceUnavailable();
            dress(&mut answer);
            return answer.insert_header((CACHE_CONTROL, "no-store")).finish();
        }
    };
    let words = serde_json::to_string(&EN.own_visits.notice).unwrap_or_default();
    answer.body(tracker::own_visits(&words, wish))
}
