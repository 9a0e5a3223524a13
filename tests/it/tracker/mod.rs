//! The tracking script, run by a real JavaScript engine in the simulated browser of `page.js`. The tests check the
//! requests it sends and the cookies it sets.

mod banner;
mod consent;
mod consent_banner;
mod cookies;
mod delivery;
mod events;
mod forms;
pub(crate) mod harness;
mod minified;
mod moves;
mod own_visits;
mod picking;
mod policies;
mod queue;
mod served;
mod views;
