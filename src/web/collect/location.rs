//! Where the visitor is, for the script of an account whose consent policy has rules for countries or regions. Nothing of the
//! request is kept or counted.

use actix_web::http::header::{ACCESS_CONTROL_ALLOW_ORIGIN, CACHE_CONTROL, CONTENT_TYPE};
use actix_web::web::{Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::domain::account::AccountId;
use crate::domain::consent::place::Place;
use crate::web::collect::collector::over_limit;
use crate::web::request::state::State;

/// `GET /{account}/location` answers `NL`, `US-CA`, or nothing when it is unknown. A region that no rule can be compared with
/// is left out, because the script cannot know that. An account whose rules name no place has no location.
pub(crate) async fn show(request: HttpRequest, path: Path<i64>, state: Data<State>) -> HttpResponse {
    if let Some(refusal) = over_limit(&request, &state) {
        return refusal;
    }
    let app = &state.app;
    let account = app.accounts.find(AccountId(path.into_inner()));
    let policy = account.as_ref().and_then(|account| account.consent.as_ref());
    let Some(policy) = policy.filter(|policy| policy.names_places()) else {
        return HttpResponse::NotFound()
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
            .finish();
    };
    let facts = state.client_address(&request).map(|address| app.geo.lookup(address)).unwrap_or_default();
    let place = Place::of_map(&facts.country, &facts.region).map(|place| policy.comparable(place));
    HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((ACCESS_CONTROL_ALLOW_ORIGIN, "*"))
        .insert_header(("Cross-Origin-Resource-Policy", "cross-origin"))
        .insert_header((CONTENT_TYPE, "text/plain; charset=utf-8"))
        .body(place.map(|place| place.to_string()).unwrap_or_default())
}
