//! A rule of a consent policy: on which pages and for which visitors it applies, and what it asks of them.

use serde::{Deserialize, Serialize};
use strum::{IntoStaticStr, VariantArray};

use super::place::Place;
use crate::domain::account::parse_domain;

/// Most countries and regions of a rule.
pub const PLACES_MAX: usize = 300;
/// Longest path prefix, bytes.
pub const PATH_MAX: usize = 1_024;

/// What is asked of a visitor. The order is that of strictness, the strictest last.
#[derive(
    Clone,
    Copy,
    Debug,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Serialize,
    Deserialize,
    IntoStaticStr,
    VariantArray,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case", const_into_str)]
pub enum PolicyType {
    /// Everything is granted, and nothing is shown.
    None,
    /// Everything is granted, and a banner says so.
    Notify,
    /// Everything is granted until the visitor declines.
    OptOut,
    /// The same, category by category.
    OptOutCategories,
    /// Nothing is granted until the visitor accepts.
    OptIn,
    /// The same, category by category.
    OptInCategories,
    /// Nothing is ever granted, and nothing is asked.
    NoCookies,
}

impl PolicyType {
    /// The mildest first.
    pub const ALL: &[Self] = Self::VARIANTS;

    /// The word of the command line and of JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        self.into_str()
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }

    /// HubSpot's number, which the script knows.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::None => 0,
            Self::NoCookies => 1,
            Self::Notify => 2,
            Self::OptIn => 3,
            Self::OptInCategories => 4,
            Self::OptOut => 5,
            Self::OptOutCategories => 6,
        }
    }

    /// Whether something is shown to visitors: a question, or a notice.
    #[must_use]
    pub const fn shows_banner(self) -> bool {
        !matches!(self, Self::None | Self::NoCookies)
    }

    /// Whether analytics is granted before the visitor chooses.
    #[must_use]
    pub const fn grants_by_itself(self) -> bool {
        matches!(self, Self::None | Self::Notify | Self::OptOut | Self::OptOutCategories)
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Invalid {
    #[error("“{0}” is not a host name")]
    Host(String),
    #[error("a path begins with “/”")]
    Path,
    #[error("the path is longer than {PATH_MAX} bytes")]
    LongPath,
    #[error("“{0}” is not a country (such as NL) or a region (such as US-CA)")]
    Place(String),
    #[error("a rule can name at most {PLACES_MAX} countries and regions")]
    ManyPlaces,
}

/// Where a rule applies. Two rules of a policy never have the same target.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Target {
    /// This host and no other, lower case, without port. Empty means every host.
    pub host: String,
    /// The path begins with this. `/` means every path.
    pub path: String,
    /// Visitors from these countries and regions, sorted. Empty means everywhere.
    pub places: Vec<Place>,
}

impl Target {
    /// Checks what a user typed. Empty texts mean everywhere; places stand apart by commas or spaces between codes.
    ///
    /// # Errors
    /// What is wrong with the first part that is.
    pub fn parse(host: &str, path: &str, places: &str) -> Result<Self, Invalid> {
        let host = match host.trim() {
            "" => String::new(),
            typed => {
                let domain =
                    parse_domain(typed).map_err(|_| Invalid::Host(typed.chars().take(100).collect()))?;
                host_name(&domain).to_owned()
            }
        };
        let path = match path.trim() {
            "" => "/".to_owned(),
            path if !path.starts_with('/') => return Err(Invalid::Path),
            path if path.len() > PATH_MAX => return Err(Invalid::LongPath),
            path => path.to_owned(),
        };
        let mut parsed = Vec::new();
        for typed in places.split(',').map(str::trim).filter(|typed| !typed.is_empty()) {
            let place = Place::parse(typed);
            parsed.push(place.ok_or_else(|| Invalid::Place(typed.chars().take(100).collect()))?);
        }
        parsed.sort();
        parsed.dedup();
        if parsed.len() > PLACES_MAX {
            return Err(Invalid::ManyPlaces);
        }
        Ok(Self { host, path, places: parsed })
    }

    /// Every page and every visitor.
    #[must_use]
    pub fn everywhere() -> Self {
        Self { path: "/".to_owned(), ..Self::default() }
    }

    /// The places as they are typed.
    #[must_use]
    pub fn typed_places(&self) -> String {
        let places: Vec<String> = self.places.iter().map(Place::to_string).collect();
        places.join(", ")
    }
}

/// The host without its port.
#[must_use]
pub fn host_name(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|b| b.is_ascii_digit()) => name,
        _ => host,
    }
}

/// A rule of a policy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rule {
    #[serde(flatten)]
    pub target: Target,
    #[serde(rename = "policy")]
    pub kind: PolicyType,
    /// Global Privacy Control of the browser counts as a refusal.
    pub gpc: bool,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_read_as_people_type_them() {
        let target = Target::parse(" https://Shop.Example.com:8443/x ", "/de", "us-ca, NL,nl").unwrap();
        assert_eq!((&*target.host, &*target.path), ("shop.example.com", "/de"));
        assert_eq!(target.typed_places(), "NL, US-CA");
        assert_eq!(Target::parse("", "", " , "), Ok(Target::everywhere()));
        assert_eq!(Target::parse("a b", "", ""), Err(Invalid::Host("a b".into())));
        assert_eq!(Target::parse("", "de", ""), Err(Invalid::Path));
        assert_eq!(Target::parse("", "", "Utopia"), Err(Invalid::Place("Utopia".into())));
        assert_eq!(host_name("[::1]:80"), "[::1]");
        assert_eq!(host_name("[::1]"), "[::1]");
    }

    #[test]
    fn targets_are_taken_at_the_limits_and_refused_one_past_them() {
        let path = |bytes: usize| Target::parse("", &format!("/{}", "x".repeat(bytes - 1)), "");
        assert!(path(PATH_MAX).is_ok());
        assert_eq!(path(PATH_MAX + 1), Err(Invalid::LongPath));
        let places = |n: usize| {
            let typed: Vec<String> = (0..n).map(|n| format!("CA-R{n}")).collect();
            Target::parse("", "", &typed.join(","))
        };
        assert!(places(PLACES_MAX).is_ok());
        assert_eq!(places(PLACES_MAX + 1), Err(Invalid::ManyPlaces));
    }

    #[test]
    fn policy_types_have_hubspots_numbers_and_an_order_of_strictness() {
        let words: Vec<_> = PolicyType::ALL.iter().map(|kind| (kind.number(), kind.as_str())).collect();
        let wanted = [
            (0, "none"),
            (2, "notify"),
            (5, "opt-out"),
            (6, "opt-out-categories"),
            (3, "opt-in"),
            (4, "opt-in-categories"),
            (1, "no-cookies"),
        ];
        assert_eq!(words, wanted);
        assert!(PolicyType::ALL.is_sorted());
        // Whatever grants by itself is milder than whatever does not.
        assert!(PolicyType::ALL.is_sorted_by_key(|kind| !kind.grants_by_itself()));
        for kind in PolicyType::ALL {
            assert_eq!(PolicyType::parse(kind.as_str()), Some(*kind));
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert_eq!(PolicyType::parse("opt_in"), None);
    }
}
