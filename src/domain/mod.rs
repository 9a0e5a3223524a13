//! Types and rules of the product, one noun a file. Pure: no I/O, no clock, no SQL, no HTTP. A rule that
//! needs the time is told it. Data tables lie in `data/` beside the rule that reads them.

pub mod account;
pub mod campaign;
pub mod consent;
pub mod contact;
pub mod device;
pub mod event;
pub mod hit;
pub mod install;
pub mod language;
pub mod money;
pub mod nesting;
pub mod network;
pub mod page;
pub mod password;
pub mod period;
pub mod pick;
pub mod question;
pub mod reason;
pub mod referrer;
pub mod saved_view;
pub mod screen;
pub mod scrub;
pub mod source;
pub mod text;
pub mod url_rule;
pub mod user;
pub mod visitor;
