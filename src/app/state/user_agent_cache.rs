//! The User-Agents that were parsed lately. Parsing one takes microseconds, and a site sees the same few again and
//! again. An entry never becomes stale.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::device::{self, Agent};
use crate::domain::text::cut;

/// Longest User-Agent that is parsed, characters (rules.md 8).
pub const USER_AGENT_MAX: usize = 1_024;
/// User-Agents remembered; beyond it all are forgotten.
pub const CACHED_MAX: usize = 20_000;

#[derive(Debug, Default)]
pub struct UserAgentCache(RwLock<FxHashMap<Box<str>, Arc<Agent>>>);

impl UserAgentCache {
    #[must_use]
    pub fn read(&self, user_agent: &str) -> Arc<Agent> {
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(user_agent) {
            return Arc::clone(known);
        }
        let text = cut(user_agent, USER_AGENT_MAX);
        let agent = Arc::new(device::read(&text));
        // A longer one is not remembered, because its key would not be bounded.
        if user_agent.len() <= USER_AGENT_MAX {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= CACHED_MAX {
                known.clear();
            }
            known.insert(user_agent.into(), Arc::clone(&agent));
        }
        agent
    }
}
