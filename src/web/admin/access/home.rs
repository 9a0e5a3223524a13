//! `/`: redirects to the dashboard of the first account, or to the list of accounts when there is none.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get};

use crate::web::paths;
use crate::web::request::guard::SignedIn;
use crate::web::response::answer;

pub fn routes(config: &mut ServiceConfig) {
    config.route("/", get().to(show));
}

async fn show(who: SignedIn) -> HttpResponse {
    match who.accounts.first() {
        Some((account, _)) => answer::see_other(&paths::dashboard(*account)),
        None => answer::see_other(paths::ACCOUNTS),
    }
}
