//! What a revision of a policy changed, compared with the one before.

use super::policy::Policy;
use super::rule::Rule;
use crate::domain::consent_banner::Banner;

/// One difference of two policies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    Added(Rule),
    Removed(Rule),
    /// What is asked of the same visitors on the same pages, before and after.
    Changed(Rule, Rule),
    /// The same rules stand in another order.
    Order,
    Position,
    Scheme,
    Colours,
    /// The language of the banner.
    Language,
    PrivacyUrl,
    ReopenButton,
    /// The site's own texts in this language.
    Texts(String),
}

/// All differences. Before the first revision there is no policy.
#[must_use]
pub fn changes(before: Option<&Policy>, after: &Policy) -> Vec<Change> {
    let none = Policy::default();
    let before = before.unwrap_or(&none);
    let mut found = of_rules(&before.rules, &after.rules);
    found.extend(of_banner(&before.banner, &after.banner));
    found
}

/// A rule is known by its target.
fn of_rules(before: &[Rule], after: &[Rule]) -> Vec<Change> {
    let find = |rules: &[Rule], rule: &Rule| rules.iter().find(|other| other.target == rule.target).cloned();
    let mut found = Vec::new();
    for rule in after {
        match find(before, rule) {
            None => found.push(Change::Added(rule.clone())),
            Some(was) if was != *rule => found.push(Change::Changed(was, rule.clone())),
            Some(_) => {}
        }
    }
    let is_gone = |rule: &&Rule| find(after, rule).is_none();
    found.extend(before.iter().filter(is_gone).cloned().map(Change::Removed));
    let common = |rules: &[Rule], others: &[Rule]| -> Vec<_> {
        let kept = rules.iter().filter(|rule| find(others, rule).is_some());
        kept.map(|rule| rule.target.clone()).collect()
    };
    if common(before, after) != common(after, before) {
        found.push(Change::Order);
    }
    found
}

fn of_banner(before: &Banner, after: &Banner) -> Vec<Change> {
    let differs = [
        (before.position != after.position, Change::Position),
        (before.scheme != after.scheme, Change::Scheme),
        ((before.accent, before.accent_text) != (after.accent, after.accent_text), Change::Colours),
        (before.language != after.language, Change::Language),
        (before.privacy_url != after.privacy_url, Change::PrivacyUrl),
        (before.has_reopen_button != after.has_reopen_button, Change::ReopenButton),
    ];
    let mut found: Vec<Change> =
        differs.into_iter().filter(|(differs, _)| *differs).map(|(_, change)| change).collect();
    let mut languages: Vec<&String> = before.own_texts.keys().chain(after.own_texts.keys()).collect();
    languages.sort_unstable();
    languages.dedup();
    let changed = languages.into_iter().filter(|tag| before.own_texts.get(*tag) != after.own_texts.get(*tag));
    found.extend(changed.cloned().map(Change::Texts));
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::domain::consent::rule::{PolicyType, Target};
    use crate::domain::consent_banner::{Position, Scheme};

    fn rule(path: &str, kind: PolicyType) -> Rule {
        Rule { target: Target::parse("", path, "").unwrap(), kind, gpc: false }
    }

    fn policy(rules: &[Rule]) -> Policy {
        Policy { rules: rules.to_vec(), ..Policy::default() }
    }

    #[test]
    fn rules_are_added_removed_changed_and_moved() {
        let [a, b, c] = [("/a", PolicyType::OptIn), ("/b", PolicyType::Notify), ("/c", PolicyType::OptOut)]
            .map(|(path, kind)| rule(path, kind));
        let stricter = Rule { kind: PolicyType::NoCookies, ..b.clone() };
        let before = policy(&[a.clone(), b.clone()]);
        assert_eq!(
            changes(None, &before),
            [Change::Added(a.clone()), Change::Added(b.clone())],
            "the first revision"
        );
        assert_eq!(changes(Some(&before), &before), []);
        assert_eq!(
            changes(Some(&before), &policy(&[c.clone(), stricter.clone()])),
            [Change::Added(c), Change::Changed(b.clone(), stricter), Change::Removed(a.clone())],
            "rules that come and go move no other"
        );
        assert_eq!(changes(Some(&before), &policy(&[b, a])), [Change::Order]);
    }

    #[test]
    fn each_setting_of_the_banner_is_named() {
        let before = policy(&[]);
        let own = BTreeMap::from([("accept".to_owned(), "Fine".to_owned())]);
        let usual = Banner::default();
        let banner = Banner {
            position: Position::Top,
            scheme: Scheme::Dark,
            accent: usual.accent_text,
            accent_text: usual.accent,
            language: Some("nl".to_owned()),
            own_texts: BTreeMap::from([("nl".to_owned(), own)]),
            privacy_url: "/privacy".to_owned(),
            has_reopen_button: false,
        };
        let after = Policy { banner, ..policy(&[]) };
        let wanted = [
            Change::Position,
            Change::Scheme,
            Change::Colours,
            Change::Language,
            Change::PrivacyUrl,
            Change::ReopenButton,
            Change::Texts("nl".to_owned()),
        ];
        assert_eq!(changes(Some(&before), &after), wanted);
        assert_eq!(changes(Some(&after), &before), wanted, "and back");
    }
}
