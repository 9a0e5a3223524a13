//! The pages behind the sign-in, one a file: its routes, its form, its page. Each asks a guard who it is that
//! asks; no page reads a cookie itself.

pub mod account_form;
pub mod account_settings;
pub mod accounts;
pub mod contact;
pub mod contacts;
pub mod dashboard;
pub mod event;
pub mod event_form;
pub mod event_install;
pub mod event_remove;
pub mod events;
pub mod home;
pub mod live;
pub mod names;
pub mod pages;
pub mod pick;
pub mod profile;
pub mod refusal;
pub mod report;
pub mod reset;
pub mod review;
pub mod settings_nav;
pub mod setup;
pub mod sign_in;
pub mod sources;
pub mod table;
pub mod theme;
pub mod tokens;
pub mod tracking_code;
pub mod users;
pub mod views;
pub mod visitors;

use actix_web::middleware::from_fn;
use actix_web::web::{self, ServiceConfig};

use crate::web::error::WebError;
use crate::web::security;

/// Every admin route, guarded. Takes every path that nothing before it took: it is configured last.
pub fn routes(config: &mut ServiceConfig) {
    let guarded =
        web::scope("").wrap(from_fn(security::guard)).configure(pages).default_service(web::to(not_found));
    config.service(guarded);
}

fn pages(config: &mut ServiceConfig) {
    config.route("/assets/{hash}/{name}", web::get().to(crate::web::assets::show));
    dashboard::routes(config);
    pages::routes(config);
    sources::routes(config);
    names::routes(config);
    events::routes(config);
    event_form::routes(config);
    review::routes(config);
    event::routes(config);
    event_install::routes(config);
    event_remove::routes(config);
    contacts::routes(config);
    contact::routes(config);
    live::routes(config);
    visitors::routes(config);
    views::routes(config);
    pick::routes(config);
    tracking_code::routes(config);
    home::routes(config);
    setup::routes(config);
    sign_in::routes(config);
    reset::routes(config);
    theme::routes(config);
    profile::routes(config);
    accounts::routes(config);
    account_settings::routes(config);
    users::routes(config);
    tokens::routes(config);
}

async fn not_found() -> Result<actix_web::HttpResponse, WebError> {
    Err(WebError::NotFound)
}
