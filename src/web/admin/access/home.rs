//! `/`: redirects to the dashboard of the first account, or to the list of accounts when there is none.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get};

use crate::web::paths;
use crate::web::request::guard::SignedIn;
use crate::web::response::respond;

pub fn routes(config: &mut ServiceConfig) {
    config.route("/", get().to(show));
}

async fn show(signed_in: SignedIn) -> HttpResponse {
    match signed_in.accounts.first() {
        Some((account, _)) => respond::see_other(&paths::dashboard(*account)),
        None => respond::see_other(paths::ACCOUNTS),
    }
}
