//! The settings of consent, below `/accounts/{id}/settings/consent`: the rules of the policy, presets, the look and the
//! texts of the banner with a preview, and the revisions. Admins change them; editors who may change the website see them.
//!
//! Each form says which revision it was made from. When another one is in force, nothing is saved.

pub mod ask_again;
pub mod banner;
pub mod consent_nav;
pub mod counting;
pub mod head;
pub mod outside_banners;
pub mod presets;
pub mod revisions;
pub mod rule_form;
pub mod rules;
pub mod seen;
pub mod words;
pub mod wrong;

use actix_web::web::ServiceConfig;

pub fn routes(config: &mut ServiceConfig) {
    rules::routes(config);
    rule_form::routes(config);
    presets::routes(config);
    ask_again::routes(config);
    revisions::routes(config);
    banner::look::routes(config);
    banner::texts::routes(config);
    banner::preview::routes(config);
    outside_banners::routes(config);
    counting::routes(config);
}
