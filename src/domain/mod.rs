//! The types and rules of the product. Each file is about one noun, and other modules use it by that noun alone, as in
//! `domain::page` or `domain::event`. Everything here only computes: there is no I/O, no clock, no SQL and no HTTP, so
//! a rule that needs the time takes it as an argument. Data tables are in the folder `data/` beside the rule that reads
//! them. The rules themselves are written down in [`rules`].

pub mod account;
pub mod consent;
pub mod consent_banner;
mod events;
pub mod hit;
pub mod hit_reason;
pub mod money;
mod people;
mod reports;
pub mod retention;
#[doc = include_str!("rules.md")]
pub mod rules {}
pub mod text;
pub mod tracking;
mod visits;

pub use events::{element_picker, event, snippet, value_property};
pub use people::{
    company, contact, form, identity_key, import, list, password, placeholder, property_type, provenance,
    user,
};
pub use reports::{period, question, saved_view};
pub use visits::{
    addresses, campaign, click_id, client_hints, device, exclusions, language, network, page, readable,
    referrer, screen, scrub, source, suspicion, url_rule, visitor,
};
