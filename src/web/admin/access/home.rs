//! `/`: redirects to the dashboard of the first account, or to the list of accounts when there is none.

use actix_web::HttpResponse;
use actix_web::web::ServiceConfig;

use crate::web::paths;
use crate::web::request::guard::SignedIn;
use crate::web::request::method::get_or_head;
use crate::web::response::respond;

pub fn routes(config: &mut ServiceConfig) {
    config.route("/", get_or_head().to(show));
}

async fn show(signed_in: SignedIn) -> HttpResponse {
    match signed_in.accounts.first() {
        Some((account, _)) => respond::see_other(&paths::dashboard(*account)),
        None => respond::see_other(paths::ACCOUNTS),
    }
}
