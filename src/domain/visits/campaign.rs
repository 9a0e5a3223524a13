//! The five campaign values of a landing address (`utm_*`).

use serde::{Deserialize, Serialize};

use super::page::Landing;
use crate::domain::text::{cut, is_longer};

/// Longest campaign value, characters (rules.md 8).
pub const VALUE_MAX: usize = 256;

/// The `utm_*` values of an address. Empty means not given.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Campaign {
    pub source: String,
    pub medium: String,
    pub campaign: String,
    pub term: String,
    pub content: String,
}

impl Campaign {
    /// Reads the values of a landing address. They are trimmed, and cut at `VALUE_MAX`.
    #[must_use]
    pub fn of(landing: &Landing) -> Self {
        let kept = |value| cut(value, VALUE_MAX).trim_end().to_owned();
        let value = |key| kept(landing.get(key));
        if landing.is_empty() {
            return Self::default();
        }
        Self {
            source: value("utm_source"),
            medium: value("utm_medium"),
            campaign: kept(landing.campaign()),
            term: value("utm_term"),
            content: value("utm_content"),
        }
    }

    /// The number of values that are longer than what is kept.
    #[must_use]
    pub fn count_cut(landing: &Landing) -> usize {
        let values = ["utm_source", "utm_medium", "utm_term", "utm_content"].map(|key| landing.get(key));
        values.into_iter().chain([landing.campaign()]).filter(|value| is_longer(value, VALUE_MAX)).count()
    }

    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.source.is_empty()
            && self.medium.is_empty()
            && self.campaign.is_empty()
            && self.term.is_empty()
            && self.content.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::Page;

    fn campaign(query: &str) -> Campaign {
        Campaign::of(&Page::recorded(&format!("https://a.test/?{query}"), None, None).unwrap().landing)
    }

    #[test]
    fn values_are_decoded_trimmed_and_cut_at_the_limit() {
        let read =
            campaign("utm_source=+News+letter%20&UTM_Medium=E-Mail&utm_campaign=caf%C3%A9&utm_term=&x=1");
        assert_eq!(
            read,
            Campaign {
                source: "News letter".into(),
                medium: "E-Mail".into(),
                campaign: "café".into(),
                ..Campaign::default()
            }
        );
        for (length, kept) in [(VALUE_MAX, VALUE_MAX), (VALUE_MAX + 1, VALUE_MAX)] {
            let read = campaign(&format!("utm_content={}", "%C3%A9".repeat(length)));
            assert_eq!(read.content.chars().count(), kept);
        }
        let spaced = format!("utm_content={}+tail", "x".repeat(VALUE_MAX - 1));
        assert_eq!(campaign(&spaced).content.len(), VALUE_MAX - 1, "no space is left where it was cut");
        assert_eq!(campaign("utm_id=3&gclid=x").campaign, "3");
        assert_eq!(campaign("utm_id=3&utm_campaign=May").campaign, "May");
        assert!(campaign("utm_source_platform=x&utm_creative_format=y&utm_marketing_tactic=z").is_empty());
    }
}
