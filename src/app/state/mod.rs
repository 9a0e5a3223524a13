//! What the running server keeps in memory: caches of what is stored, counters, limits, and the hits of the live
//! page. Each file holds one of them; `core::App` holds them together.

pub mod account_cache;
pub mod address_cache;
pub mod counters;
pub mod dead_letters;
pub mod definition_cache;
pub mod fold_progress;
pub mod live;
pub mod passwords;
pub mod rate_limit;
pub mod report_turns;
pub mod script_cache;
pub mod sign_in_throttle;
pub mod undeclared_proxy;
pub mod user_agent_cache;
