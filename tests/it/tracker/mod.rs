//! The served script, run on a real JavaScript engine in a browser made of `page.js`. Asserted on: the
//! requests it sends and the cookies it leaves.

mod consent;
mod cookies;
mod delivery;
mod events;
mod forms;
pub(crate) mod harness;
mod minified;
mod picking;
mod queue;
mod served;
mod views;
