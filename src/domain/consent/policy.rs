//! The consent policy of an account, and what it decides of a hit (rules.md 38). A policy is compiled once per change:
//! every rule has a bit, in the order in which rules are preferred, so that choosing one is a few operations on numbers.

use rustc_hash::FxHashMap;
use serde::{Deserialize, Serialize};

use super::place::{Place, is_code};
use super::rule::{PolicyType, Rule, Target};
use super::{Claim, Consent};
use crate::base::clock::{HOUR, Millis};
use crate::domain::consent_banner::{self, Banner};

/// Most rules of a policy. A rule is a bit of a `u64`.
pub const RULES_MAX: usize = 50;
/// Longest policy as JSON, bytes.
pub const POLICY_MAX: usize = 256 * 1024;
/// How long choices are still accepted that were made before the account asked again: pages are open, and hits that could
/// not be sent wait for a day.
pub const ASK_AGAIN_AFTER: i64 = 24 * HOUR;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum Invalid {
    #[error(transparent)]
    Banner(#[from] consent_banner::Invalid),
    #[error("a policy can have at most {RULES_MAX} rules")]
    ManyRules,
    #[error("two rules apply to the same pages and places")]
    SameTarget,
    #[error("the policy is larger than {POLICY_MAX} bytes")]
    Large,
}

/// What visitors are asked, and how it is shown to them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    /// In the order of the page.
    pub rules: Vec<Rule>,
    /// The look and the texts of the banner. A change of them makes a revision too, because a revision proves what was shown.
    #[serde(default)]
    pub banner: Banner,
}

impl Policy {
    /// # Errors
    /// Which limit it exceeds.
    pub fn check(&self) -> Result<(), Invalid> {
        if self.rules.len() > RULES_MAX {
            return Err(Invalid::ManyRules);
        }
        for (place, rule) in self.rules.iter().enumerate() {
            if self.rules.iter().skip(place + 1).any(|other| other.target == rule.target) {
                return Err(Invalid::SameTarget);
            }
        }
        self.banner.check()?;
        let bytes = serde_json::to_string(self).map_or(usize::MAX, |json| json.len());
        if bytes > POLICY_MAX { Err(Invalid::Large) } else { Ok(()) }
    }

    /// Puts a rule in the place of the one with its target, or behind all others.
    pub fn set(&mut self, rule: Rule) {
        match self.rules.iter_mut().find(|known| known.target == rule.target) {
            Some(known) => *known = rule,
            None => self.rules.push(rule),
        }
    }

    /// Whether a visitor may be shown something.
    #[must_use]
    pub fn shows_banner(&self) -> bool {
        self.rules.iter().any(|rule| rule.kind.shows_banner())
    }

    /// The rules in the order in which they are preferred: those of a host before those of every host, then the longest
    /// path prefix, then the first. What a rule says of places comes before its path, but after its host.
    #[must_use]
    pub fn preferred(&self) -> Vec<&Rule> {
        let mut rules: Vec<&Rule> = self.rules.iter().collect();
        rules.sort_by_key(|rule| (rule.target.host.is_empty(), std::cmp::Reverse(rule.target.path.len())));
        rules
    }
}

/// A policy that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InForce {
    /// Counts up from 1.
    pub revision: u32,
    /// The revision by which the account last asked again, and when. Choices of earlier revisions are void.
    pub asked: Option<(u32, Millis)>,
    pub policy: Policy,
    rules: Rules,
}

/// What is known of the visitor and the page of a hit.
#[derive(Clone, Copy, Debug, Default)]
pub struct Circumstances<'a> {
    /// Lower case, without port.
    pub host: &'a str,
    pub path: &'a str,
    /// `None` when no map knows the address.
    pub place: Option<&'a Place>,
    /// The browser sends Global Privacy Control.
    pub gpc: bool,
}

/// Host and path of a page's address, as a browser reads them. `None` when it cannot be read.
#[must_use]
pub fn host_and_path(address: &str) -> Option<(String, String)> {
    let url = url::Url::parse(address).ok()?;
    Some((url.host_str()?.to_owned(), url.path().to_owned()))
}

impl InForce {
    #[must_use]
    pub fn new(policy: Policy, revision: u32, asked: Option<(u32, Millis)>) -> Self {
        let rules = Rules::compile(&policy);
        Self { revision, asked, policy, rules }
    }

    /// Whether a rule names a country or a region. Otherwise nobody has to ask a map.
    #[must_use]
    pub fn names_places(&self) -> bool {
        !self.rules.groups.is_empty()
    }

    /// Whether a rule names a host or a path. Otherwise nobody has to read the address of the page.
    #[must_use]
    pub fn names_pages(&self) -> bool {
        self.rules.pages.iter().any(|page| !page.host.is_empty() || page.path != "/")
    }

    /// The place as the script may compare it with the rules: without a region that is written otherwise than theirs.
    #[must_use]
    pub fn comparable(&self, place: Place) -> Place {
        let country = self.rules.countries.get(place.country());
        if country.is_none_or(|country| country.can_compare(place.region())) {
            place
        } else {
            place.whole_country()
        }
    }

    /// What the rules ask of this visitor. Where the place is not known well enough, the strictest rule that could apply.
    /// Global Privacy Control, where it is honoured, is as strict as no cookies. No rule means that all is granted.
    #[must_use]
    pub fn choose(&self, of: Circumstances<'_>) -> PolicyType {
        self.rules.choose(of)
    }

    /// What is stored of a hit: its consent and the revision of the policy. `None` when the policy does not allow it,
    /// whatever the beacon claims.
    #[must_use]
    pub fn decide(&self, claim: Claim, of: Circumstances<'_>, now: Millis) -> Option<(Consent, u32)> {
        let kind = self.choose(of);
        let revision = claim.revision.unwrap_or(self.revision);
        if kind == PolicyType::NoCookies || revision > self.revision {
            return None;
        }
        let granted = match claim.mask {
            Some(_) => !self.is_void(revision, now),
            None => kind.grants_by_itself(),
        };
        granted.then(|| (claim.consent(), revision))
    }

    /// Whether choices of this revision were made before the account asked again, and that is long enough ago.
    fn is_void(&self, revision: u32, now: Millis) -> bool {
        self.asked.is_some_and(|(since, at)| revision < since && now.since(at) >= ASK_AGAIN_AFTER)
    }
}

/// The pages of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Pages {
    host: String,
    path: String,
}

/// Rules that name the same place, by bit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Group {
    of_region: u64,
    of_country: u64,
}

/// A compiled policy. Bit n is the rule that is preferred over all of higher bits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Rules {
    pages: Vec<Pages>,
    kinds: Vec<(PolicyType, bool)>,
    /// The rules that name a host.
    of_host: u64,
    /// The rules that name no place.
    everywhere: u64,
    countries: FxHashMap<String, Country>,
    /// What could apply to somebody of whom no place is known: the groups of all places, each once.
    groups: Vec<Group>,
}

/// What the rules say of a country.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Country {
    /// The rules that name the whole country.
    whole: u64,
    regions: FxHashMap<String, u64>,
    /// The groups of the country: of its regions, and of the rest of it.
    groups: Vec<Group>,
}

impl Country {
    /// A code cannot be compared with a name, so a region that is written otherwise could be one of these.
    fn can_compare(&self, region: &str) -> bool {
        !region.is_empty() && self.regions.keys().all(|known| is_code(known) == is_code(region))
    }
}

impl Rules {
    fn compile(policy: &Policy) -> Self {
        let mut rules = Self::default();
        for (bit, rule) in policy.preferred().into_iter().take(RULES_MAX).enumerate() {
            let (bit, Target { host, path, places }) = (1 << bit, &rule.target);
            rules.pages.push(Pages { host: host.clone(), path: path.clone() });
            rules.kinds.push((rule.kind, rule.gpc));
            if !host.is_empty() {
                rules.of_host |= bit;
            }
            if places.is_empty() {
                rules.everywhere |= bit;
            }
            for place in places {
                let country = rules.countries.entry(place.country().to_owned()).or_default();
                match place.region() {
                    "" => country.whole |= bit,
                    region => *country.regions.entry(region.to_owned()).or_default() |= bit,
                }
            }
        }
        for country in rules.countries.values_mut() {
            let group = |of_region| Group { of_region, of_country: country.whole };
            country.groups = [0].into_iter().chain(country.regions.values().copied()).map(group).collect();
            for group in &country.groups {
                if !rules.groups.contains(group) {
                    rules.groups.push(*group);
                }
            }
        }
        rules
    }

    fn choose(&self, of: Circumstances<'_>) -> PolicyType {
        let mut page = 0;
        for (bit, pages) in self.pages.iter().enumerate() {
            if (pages.host.is_empty() || pages.host == of.host) && of.path.starts_with(&*pages.path) {
                page |= 1 << bit;
            }
        }
        let among = |group| self.kind(page, group, of.gpc);
        let elsewhere = among(Group::default());
        let strictest = |groups: &[Group]| groups.iter().map(|group| among(*group)).max();
        let Some(place) = of.place else {
            return elsewhere.max(strictest(&self.groups).unwrap_or(elsewhere));
        };
        let Some(country) = self.countries.get(place.country()) else { return elsewhere };
        let rest = Group { of_region: 0, of_country: country.whole };
        match country.regions.get(place.region()) {
            Some(of_region) => among(Group { of_region: *of_region, ..rest }),
            None if country.regions.is_empty() || country.can_compare(place.region()) => among(rest),
            None => strictest(&country.groups).unwrap_or(elsewhere),
        }
    }

    /// What the preferred one of the rules of a page asks of somebody of this group.
    fn kind(&self, page: u64, group: Group, gpc: bool) -> PolicyType {
        let ranks = [group.of_region, group.of_country, self.everywhere];
        let hosts = [page & self.of_host, page & !self.of_host];
        let found = hosts.iter().flat_map(|host| ranks.map(|rank| host & rank)).find(|rules| *rules != 0);
        let rule = found.and_then(|rules| self.kinds.get(rules.trailing_zeros() as usize));
        match rule {
            Some((_, true)) if gpc => PolicyType::NoCookies,
            Some((kind, _)) => *kind,
            None => PolicyType::None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::consent::Origin;
    use crate::domain::consent::rule::PATH_MAX;

    const NOW: Millis = Millis(1_000 * HOUR);

    fn rule(host: &str, path: &str, places: &str, kind: PolicyType) -> Rule {
        Rule { target: Target::parse(host, path, places).unwrap(), kind, gpc: false }
    }

    fn in_force(rules: Vec<Rule>) -> InForce {
        let policy = Policy { rules, ..Policy::default() };
        assert_eq!(policy.check(), Ok(()));
        InForce::new(policy, 5, None)
    }

    fn choose(policy: &InForce, host: &str, path: &str, place: &str) -> PolicyType {
        let place = Place::parse(place);
        policy.choose(Circumstances { host, path, place: place.as_ref(), gpc: false })
    }

    #[test]
    fn a_region_beats_a_country_and_a_country_beats_everywhere() {
        let policy = in_force(vec![
            rule("", "", "", PolicyType::Notify),
            rule("", "/long/path", "", PolicyType::None),
            rule("", "", "US,NL", PolicyType::OptIn),
            rule("", "", "US-CA", PolicyType::OptOut),
        ]);
        assert_eq!(choose(&policy, "a.test", "/", "BE"), PolicyType::Notify);
        assert_eq!(choose(&policy, "a.test", "/", "NL-UTRECHT"), PolicyType::OptIn);
        assert_eq!(
            choose(&policy, "a.test", "/long/path", "US-TX"),
            PolicyType::OptIn,
            "the place goes first"
        );
        assert_eq!(choose(&policy, "a.test", "/", "US-California"), PolicyType::OptOut);
    }

    #[test]
    fn among_rules_of_a_rank_the_longest_path_wins_and_then_the_first() {
        let policy = in_force(vec![
            rule("", "/shop", "NL", PolicyType::OptIn),
            rule("", "/shop/", "NL", PolicyType::OptOut),
            rule("", "/shop", "NL,BE", PolicyType::NoCookies),
            rule("", "", "", PolicyType::None),
        ]);
        assert_eq!(choose(&policy, "", "/shop/a", "NL"), PolicyType::OptOut);
        assert_eq!(choose(&policy, "", "/shopping", "NL"), PolicyType::OptIn, "the first of two");
        assert_eq!(choose(&policy, "", "/shopping", "BE"), PolicyType::NoCookies);
        assert_eq!(choose(&policy, "", "/other", "NL"), PolicyType::None);
    }

    #[test]
    fn rules_of_a_host_go_before_those_of_every_host() {
        let policy = in_force(vec![
            rule("", "", "NL", PolicyType::OptIn),
            rule("shop.test", "", "", PolicyType::NoCookies),
            rule("blog.test", "", "BE", PolicyType::OptOut),
        ]);
        assert_eq!(choose(&policy, "shop.test", "/", "NL"), PolicyType::NoCookies);
        assert_eq!(choose(&policy, "blog.test", "/", "NL"), PolicyType::OptIn);
        assert_eq!(choose(&policy, "www.shop.test", "/", "NL"), PolicyType::OptIn);
        assert_eq!(choose(&policy, "www.shop.test", "/", "BE"), PolicyType::None, "no rule: all is granted");
    }

    #[test]
    fn an_unknown_place_gets_the_strictest_rule_that_could_apply_and_no_stricter_one() {
        let policy = in_force(vec![
            rule("", "", "", PolicyType::Notify),
            rule("", "", "NL", PolicyType::OptIn),
            rule("", "", "US", PolicyType::None),
            rule("", "", "US-CA", PolicyType::OptOut),
            rule("", "/cookieless", "US-TX", PolicyType::NoCookies),
        ]);
        assert_eq!(choose(&policy, "", "/", ""), PolicyType::OptIn);
        assert_eq!(choose(&policy, "", "/cookieless", ""), PolicyType::NoCookies);
        assert_eq!(choose(&policy, "", "/", "US"), PolicyType::OptOut, "the state is unknown");
        assert_eq!(
            choose(&policy, "", "/", "US-SOMEWHERE"),
            PolicyType::OptOut,
            "the state cannot be compared"
        );
        assert_eq!(choose(&policy, "", "/", "US-NY"), PolicyType::None);
        // A host whose rule asks for no place is certain of it.
        let policy =
            in_force(vec![rule("a.test", "", "", PolicyType::None), rule("", "", "NL", PolicyType::OptIn)]);
        assert_eq!(choose(&policy, "a.test", "/", ""), PolicyType::None);
        assert_eq!(choose(&policy, "b.test", "/", ""), PolicyType::OptIn);
    }

    #[test]
    fn global_privacy_control_refuses_where_it_is_honoured() {
        let honours = Rule { gpc: true, ..rule("", "", "US-CA", PolicyType::OptOut) };
        let policy = in_force(vec![honours, rule("", "", "", PolicyType::OptIn)]);
        let choose = |place: &str, gpc| {
            let place = Place::parse(place);
            policy.choose(Circumstances { host: "", path: "/", place: place.as_ref(), gpc })
        };
        assert_eq!(choose("US-CA", false), PolicyType::OptOut);
        assert_eq!(choose("US-CA", true), PolicyType::NoCookies);
        assert_eq!(choose("NL", true), PolicyType::OptIn);
        assert_eq!((choose("", false), choose("", true)), (PolicyType::OptIn, PolicyType::NoCookies));
    }

    fn decide(policy: &InForce, mask: &str, revision: &str, now: Millis) -> Option<(Consent, u32)> {
        let claim = Claim::read(mask, "", revision, "banner")?;
        policy.decide(claim, Circumstances { path: "/", ..Circumstances::default() }, now)
    }

    #[test]
    fn a_policy_grants_what_its_type_grants_and_no_more() {
        for kind in PolicyType::ALL {
            let policy = in_force(vec![rule("", "", "", *kind)]);
            let of_policy = kind.grants_by_itself().then_some((Consent::POLICY, 5));
            assert_eq!(decide(&policy, "", "", NOW), of_policy, "{kind:?}");
            let banner = Consent::given(3, Origin::Banner);
            let answered = (*kind != PolicyType::NoCookies).then_some((banner, 4));
            assert_eq!(decide(&policy, "3", "4", NOW), answered, "{kind:?}");
            assert_eq!(decide(&policy, "13", "4", NOW), None, "{kind:?}");
            assert_eq!(decide(&policy, "15", "6", NOW), None, "{kind:?}: a revision that never was");
        }
        let policy = in_force(vec![rule("", "", "", PolicyType::OptIn)]);
        assert_eq!(
            decide(&policy, "15", "", NOW),
            Some((Consent::given(15, Origin::Beacon), 5)),
            "HubSpot's GIF"
        );
    }

    #[test]
    fn choices_from_before_the_account_asked_again_are_accepted_for_a_day() {
        let policy = Policy { rules: vec![rule("", "", "", PolicyType::OptOut)], ..Policy::default() };
        let policy = InForce::new(policy, 5, Some((4, NOW)));
        let after = |mask, revision, ms| decide(&policy, mask, revision, NOW.plus(ms)).is_some();
        assert!(after("15", "3", ASK_AGAIN_AFTER - 1));
        assert!(!after("15", "3", ASK_AGAIN_AFTER));
        assert!(after("15", "4", ASK_AGAIN_AFTER) && after("15", "5", ASK_AGAIN_AFTER));
        assert!(after("", "3", ASK_AGAIN_AFTER), "the policy grants this, and no choice");
        assert!(after("15", "", ASK_AGAIN_AFTER), "no revision counts as the current one");
    }

    #[test]
    fn policies_are_taken_at_the_limits_and_refused_one_past_them() {
        let rules = |n: usize| Policy {
            rules: (0..n).map(|n| rule("", &format!("/{n}"), "", PolicyType::OptIn)).collect(),
            ..Policy::default()
        };
        assert_eq!(rules(RULES_MAX).check(), Ok(()));
        assert_eq!(rules(RULES_MAX + 1).check(), Err(Invalid::ManyRules));
        let last = InForce::new(rules(RULES_MAX), 1, None);
        assert_eq!(choose(&last, "", &format!("/{}", RULES_MAX - 1), ""), PolicyType::OptIn);
        let mut twice = rules(2);
        twice.rules.push(twice.rules[0].clone());
        assert_eq!(twice.check(), Err(Invalid::SameTarget));
    }

    #[test]
    fn a_policy_is_refused_past_the_most_bytes() {
        let places: Vec<String> = (0..300).map(|n| format!("CA-{n:0>50}")).collect();
        let long = |n: usize| rule("", &format!("/{n}"), &places.join(","), PolicyType::OptIn);
        let bytes = |policy: &Policy| serde_json::to_string(policy).unwrap().len();
        let mut policy = Policy { rules: (0..15).map(long).collect(), ..Policy::default() };
        // The rest is filled with paths; they are written one by one as they are.
        while bytes(&policy) < POLICY_MAX {
            let left = POLICY_MAX - bytes(&policy);
            let path = format!("/{}", "x".repeat(left.min(PATH_MAX).saturating_sub(100)));
            policy.rules.push(rule("", &format!("{path}{}", policy.rules.len()), "", PolicyType::OptIn));
            if left < 200 {
                break;
            }
        }
        let excess = bytes(&policy).saturating_sub(POLICY_MAX);
        let missing = POLICY_MAX.saturating_sub(bytes(&policy));
        let last = policy.rules.iter_mut().rev().find(|rule| rule.target.path.len() > excess + 50).unwrap();
        last.target.path.truncate(last.target.path.len() - excess);
        last.target.path.push_str(&"x".repeat(missing));
        assert_eq!((bytes(&policy), policy.check()), (POLICY_MAX, Ok(())));
        policy.rules[0].target.path.push('x');
        assert_eq!(policy.check(), Err(Invalid::Large));
    }

    #[test]
    fn setting_a_rule_replaces_the_one_with_its_target() {
        let mut policy = Policy::default();
        policy.set(rule("", "", "NL", PolicyType::OptIn));
        policy.set(rule("", "", "", PolicyType::None));
        policy.set(rule("", "/", "nl", PolicyType::OptOut));
        assert_eq!(
            policy.rules.iter().map(|r| r.kind).collect::<Vec<_>>(),
            [PolicyType::OptOut, PolicyType::None]
        );
    }
}
