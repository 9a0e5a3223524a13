//! Ready-made rules that an account takes over with one click. A preset is nothing that stays: what it sets are ordinary
//! rules, which can be changed afterwards.

use super::place::Place;
use super::rule::{PolicyType, Rule, Target};

/// The member states of the European Union, with those of their overseas parts that have a code of their own and where
/// its law applies; Iceland, Liechtenstein and Norway, which are in the European Economic Area with them; and the United
/// Kingdom and Switzerland, whose laws ask much the same.
const EUROPE: [&str; 39] = [
    "AT", "AX", "BE", "BG", "CH", "CY", "CZ", "DE", "DK", "EE", "ES", "FI", "FR", "GB", "GF", "GP", "GR",
    "HR", "HU", "IE", "IS", "IT", "LI", "LT", "LU", "LV", "MF", "MQ", "MT", "NL", "NO", "PL", "PT", "RE",
    "RO", "SE", "SI", "SK", "YT",
];
const CALIFORNIA: &str = "US-CA";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Preset {
    /// Visitors from Europe are asked before anything is collected; all others are told.
    Europe,
    /// Nothing is ever collected from browsers, and nobody is asked.
    Cookieless,
    /// Visitors from California may decline, in the banner or by Global Privacy Control.
    California,
}

impl Preset {
    pub const ALL: [Self; 3] = [Self::Europe, Self::Cookieless, Self::California];

    /// The word in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Europe => "europe",
            Self::Cookieless => "cookieless",
            Self::California => "california",
        }
    }

    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|preset| preset.as_str() == word)
    }

    /// The rules of an account that had `rules` and takes the preset. The first two say what holds everywhere, so they
    /// replace all rules. That for California is about California alone and leaves the others.
    #[must_use]
    pub fn apply(self, rules: &[Rule]) -> Vec<Rule> {
        let everywhere = |kind, gpc| Rule { target: Target::everywhere(), kind, gpc };
        let of = |places, kind, gpc| Rule { target: Target { places, ..Target::everywhere() }, kind, gpc };
        match self {
            Self::Europe => {
                vec![of(europe(), PolicyType::OptIn, false), everywhere(PolicyType::Notify, true)]
            }
            Self::Cookieless => vec![everywhere(PolicyType::NoCookies, false)],
            Self::California => {
                let rule = of(places(&[CALIFORNIA]), PolicyType::OptOut, true);
                let others = rules.iter().filter(|known| known.target != rule.target).cloned();
                [rule.clone()].into_iter().chain(others).collect()
            }
        }
    }
}

/// The places of the rule for Europe, sorted.
#[must_use]
pub fn europe() -> Vec<Place> {
    places(&EUROPE)
}

fn places(codes: &[&str]) -> Vec<Place> {
    codes.iter().filter_map(|code| Place::parse(code)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::policy::{Circumstances, InForce, Policy};

    fn choose(rules: Vec<Rule>, place: &str, gpc: bool) -> PolicyType {
        let policy = Policy { rules, ..Policy::default() };
        assert_eq!(policy.check(), Ok(()));
        let place = Place::parse(place);
        let of = Circumstances { host: "a.test", path: "/", place: place.as_ref(), gpc };
        InForce::new(policy, 1, None).choose(of)
    }

    #[test]
    fn a_preset_asks_what_its_name_says() {
        use PolicyType::{NoCookies, None, Notify, OptIn, OptOut};
        for (preset, place, gpc, wanted) in [
            (Preset::Europe, "NL", false, OptIn),
            (Preset::Europe, "GB", false, OptIn),
            (Preset::Europe, "CH", false, OptIn),
            (Preset::Europe, "RE", false, OptIn),
            (Preset::Europe, "US-NY", false, Notify),
            (Preset::Europe, "US-NY", true, NoCookies),
            (Preset::Europe, "", false, OptIn),
            (Preset::Cookieless, "NL", false, NoCookies),
            (Preset::Cookieless, "", false, NoCookies),
            (Preset::California, "US-CA", false, OptOut),
            (Preset::California, "US-CA", true, NoCookies),
            (Preset::California, "US-NY", true, None),
            (Preset::California, "", false, OptOut),
        ] {
            assert_eq!(choose(preset.apply(&[]), place, gpc), wanted, "{preset:?} {place} {gpc}");
        }
        for preset in Preset::ALL {
            assert_eq!(Preset::parse(preset.as_str()), Some(preset));
        }
    }

    #[test]
    fn all_codes_are_countries_and_sorted() {
        assert_eq!(europe().len(), EUROPE.len());
        assert!(EUROPE.is_sorted());
        assert_eq!(places(&[CALIFORNIA]).len(), 1);
    }

    #[test]
    fn the_rule_for_california_leaves_the_others_and_takes_the_place_of_its_own() {
        let europe = Preset::Europe.apply(&[]);
        let both = Preset::California.apply(&europe);
        assert_eq!((both.len(), both.get(1..)), (3, Some(&*europe)));
        let mut stricter = both.clone();
        stricter[0].kind = PolicyType::OptIn;
        assert_eq!(Preset::California.apply(&stricter), both);
        assert_eq!(Preset::Europe.apply(&both), europe, "what holds everywhere replaces all");
    }
}
