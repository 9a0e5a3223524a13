//! Types and rules of the product, one noun a file. Pure: no I/O, no clock, no SQL, no HTTP. A rule that needs the time
//! is given it. Data tables lie in `data/` of the folder of the rule that reads them.
//!
//! Other modules name the files by their noun: `domain::page`, `domain::event`.

pub mod account;
pub mod consent;
mod events;
pub mod hit;
pub mod money;
mod people;
pub mod reason;
mod reports;
pub mod text;
mod visits;

pub use events::{event, install, pick};
pub use people::{contact, password, user};
pub use reports::{period, question, saved_view};
pub use visits::{
    campaign, device, language, network, page, referrer, screen, scrub, source, url_rule, visitor,
};
