//! What a browser's hit says: page, source, campaign, device, language, network and visitor; and what accounts leave out.

pub mod addresses;
pub mod campaign;
pub mod click_id;
pub mod exclusions;
pub mod language;
pub mod network;
pub mod page;
pub mod readable;
pub mod referrer;
pub mod screen;
pub mod scrub;
pub mod source;
pub mod url_rule;
mod user_agent;
pub mod visitor;

pub use user_agent::{client_hints, device, suspicion};
