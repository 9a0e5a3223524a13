//! The admin pages. Each file is one page with its routes, forms and templates. Access is checked by the extractors
//! of `request::guard`; no page reads a cookie itself.

pub mod access;
pub mod consent;
pub mod events;
pub mod people;
pub mod reports;
pub mod saved_views;
pub mod settings;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::web::request::method::get_or_head;
use crate::web::request::security;
use crate::web::response::error::WebError;

/// All admin routes inside the security middleware. The scope matches every path, so it must be configured last.
pub fn routes(config: &mut ServiceConfig) {
    let guarded =
        web::scope("").wrap(from_fn(security::guard)).configure(pages).default_service(web::to(not_found));
    config.service(guarded);
}

fn pages(config: &mut ServiceConfig) {
    config.route("/assets/{hash}/{name}", get_or_head().to(crate::web::response::assets::show));
    reports::dashboard::routes(config);
    reports::anonymous::routes(config);
    reports::pages::routes(config);
    reports::sources::routes(config);
    reports::devices::routes(config);
    consent::report::routes(config);
    consent::log::routes(config);
    events::list::routes(config);
    events::event_form::routes(config);
    events::unexpected::routes(config);
    events::event::routes(config);
    events::event_install::routes(config);
    events::event_remove::routes(config);
    people::list::routes(config);
    // Before the page of a contact, because `new` and `import` are no numbers of one.
    people::edit::routes(config);
    people::blocked::routes(config);
    people::imports::import::routes(config);
    people::imports::list::routes(config);
    people::contact::routes(config);
    people::lists::form::routes(config);
    people::lists::routes(config);
    people::companies::routes(config);
    people::companies::show::routes(config);
    people::merge::routes(config);
    people::forms::list::routes(config);
    people::forms::form::routes(config);
    reports::live::routes(config);
    people::visitor::routes(config);
    saved_views::routes(config);
    events::element_picker::routes(config);
    settings::tracking_code::routes(config);
    access::home::routes(config);
    access::setup::routes(config);
    access::sign_in::routes(config);
    access::reset::routes(config);
    access::theme::routes(config);
    access::profile::routes(config);
    settings::accounts::routes(config);
    settings::properties::routes(config);
    settings::account_settings::routes(config);
    settings::advanced_tracking::routes(config);
    settings::consent::routes(config);
    settings::companies::routes(config);
    settings::identity::routes(config);
    settings::privacy::routes(config);
    people::find_person::routes(config);
    settings::users::routes(config);
    settings::tokens::routes(config);
    settings::export::routes(config);
}

async fn not_found() -> Result<actix_web::HttpResponse, WebError> {
    Err(WebError::NotFound)
}
