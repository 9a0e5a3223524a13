//! The User-Agents that were parsed lately, with the client hints beside them. Parsing one takes microseconds, and a site
//! sees the same few again and again. An entry never becomes stale.

use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::client_hints::{ClientHints, HINT_MAX};
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
    pub fn read(&self, user_agent: &str, hints: &ClientHints<'_>) -> Arc<Agent> {
        let key = key(user_agent, hints);
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).get(&*key) {
            return Arc::clone(known);
        }
        let cut_hints = [hints.brands, hints.mobile, hints.platform, hints.platform_version]
            .map(|hint| cut(hint, HINT_MAX));
        let [brands, mobile, platform, platform_version] = cut_hints.each_ref().map(String::as_str);
        let hints = ClientHints { brands, mobile, platform, platform_version };
        let agent = Arc::new(device::read(&cut(user_agent, USER_AGENT_MAX), &hints));
        // A longer one is not remembered, because its key would not be bounded.
        if key.len() <= USER_AGENT_MAX {
            let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
            if known.len() >= CACHED_MAX {
                known.clear();
            }
            known.insert((*key).into(), Arc::clone(&agent));
        }
        agent
    }
}

/// Headers hold no line breaks, so the parts of a key stay apart.
fn key<'a>(user_agent: &'a str, hints: &ClientHints<'_>) -> Cow<'a, str> {
    if hints.is_empty() {
        return Cow::Borrowed(user_agent);
    }
    let ClientHints { brands, mobile, platform, platform_version } = hints;
    Cow::Owned([user_agent, brands, mobile, platform, platform_version].join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_user_agent_with_other_hints_is_another() {
        let cache = UserAgentCache::default();
        let chrome = "Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0";
        let brave = ClientHints { brands: "\"Brave\";v=\"131\"", ..ClientHints::default() };
        for _ in 0..2 {
            assert_eq!(cache.read(chrome, &ClientHints::default()).device.browser, "Chrome");
            assert_eq!(cache.read(chrome, &brave).device.browser, "Brave");
        }
        assert_eq!(cache.0.read().unwrap().len(), 2);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let cache = UserAgentCache::default();
        let remembered = |user_agent: &str, hints| {
            let _ = cache.read(user_agent, &hints);
            cache.0.read().unwrap().len()
        };
        let long = "x".repeat(USER_AGENT_MAX);
        assert_eq!(remembered(&long, ClientHints::default()), 1);
        assert_eq!(remembered(&long, ClientHints { mobile: "?1", ..ClientHints::default() }), 1);
        assert_eq!(remembered(&format!("{long}x"), ClientHints::default()), 1);
    }
}
