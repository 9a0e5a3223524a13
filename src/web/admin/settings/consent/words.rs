//! Rules and changes of a consent policy in words.

use std::fmt::Write as _;

use crate::domain::consent::change::Change;
use crate::domain::consent::place::Place;
use crate::domain::consent::preset::{Preset, europe};
use crate::domain::consent::rule::{PolicyType, Rule, Target};
use crate::domain::question::Dimension;
use crate::web::text::{Texts, fill};

/// How many places of a rule are named before the rest is counted.
const PLACES_NAMED: usize = 4;

/// Name of a policy type, and what it does.
pub const fn kind(t: &'static Texts, kind: PolicyType) -> (&'static str, &'static str) {
    let texts = &t.consent.kind;
    match kind {
        PolicyType::None => (texts.none, texts.none_what),
        PolicyType::Notify => (texts.notify, texts.notify_what),
        PolicyType::OptOut => (texts.opt_out, texts.opt_out_what),
        PolicyType::OptOutCategories => (texts.opt_out_categories, texts.opt_out_categories_what),
        PolicyType::OptIn => (texts.opt_in, texts.opt_in_what),
        PolicyType::OptInCategories => (texts.opt_in_categories, texts.opt_in_categories_what),
        PolicyType::NoCookies => (texts.no_cookies, texts.no_cookies_what),
    }
}

/// Name of a preset, and what it does.
pub const fn preset(t: &'static Texts, preset: Preset) -> (&'static str, &'static str) {
    let texts = &t.consent.presets;
    match preset {
        Preset::Europe => (texts.europe, texts.europe_what),
        Preset::Cookieless => (texts.cookieless, texts.cookieless_what),
        Preset::California => (texts.california, texts.california_what),
    }
}

/// `Netherlands`, or `CA, United States`.
fn place(t: &'static Texts, place: &Place) -> String {
    let country = t.label.value(Dimension::Country, place.country());
    match place.region() {
        "" => country.into_owned(),
        region => fill(t.consent.rules.region_of, &[("region", region), ("country", &country)]),
    }
}

/// The places of a rule in few words.
pub fn visitors(t: &'static Texts, places: &[Place]) -> String {
    let texts = &t.consent.rules;
    if places.is_empty() {
        return texts.everywhere.to_owned();
    }
    if places == europe() {
        return texts.europe.to_owned();
    }
    // One more than the limit is named too, because "and 1 more" is no shorter.
    let named = if places.len() <= PLACES_NAMED + 1 { places.len() } else { PLACES_NAMED };
    let mut text = all_visitors(t, places.get(..named).unwrap_or_default());
    if let Ok(more @ 1..) = i64::try_from(places.len() - named) {
        let _ = write!(text, " {}", texts.more_places.of(more, &t.number));
    }
    text
}

fn all_visitors(t: &'static Texts, places: &[Place]) -> String {
    let names: Vec<String> = places.iter().map(|one| place(t, one)).collect();
    names.join("; ")
}

/// The pages of a rule.
pub fn pages(t: &'static Texts, target: &Target) -> String {
    let texts = &t.consent.rules;
    let (host, path) = (("host", target.host.as_str()), ("path", target.path.as_str()));
    match (target.host.is_empty(), target.path == "/") {
        (true, true) => texts.every_page.to_owned(),
        (false, true) => fill(texts.every_page_of, &[host]),
        (true, false) => fill(texts.paths, &[path]),
        (false, false) => fill(texts.paths_of, &[host, path]),
    }
}

/// A rule as a line of text.
pub fn rule(t: &'static Texts, rule: &Rule) -> String {
    let texts = &t.consent.change;
    let (visitors, pages) = (visitors(t, &rule.target.places), pages(t, &rule.target));
    let named = [("kind", kind(t, rule.kind).0), ("visitors", visitors.as_str()), ("pages", pages.as_str())];
    let line = fill(texts.rule, &named);
    if rule.gpc { fill(texts.with_gpc, &[("rule", &line)]) } else { line }
}

pub fn change(t: &'static Texts, change: &Change) -> String {
    let texts = &t.consent.change;
    match change {
        Change::Added(added) => fill(texts.added, &[("rule", &rule(t, added))]),
        Change::Removed(removed) => fill(texts.removed, &[("rule", &rule(t, removed))]),
        Change::Changed(before, after) => {
            fill(texts.changed, &[("before", &rule(t, before)), ("after", &rule(t, after))])
        }
        Change::Texts(language) => fill(texts.texts, &[("language", &self::language(t, language))]),
        Change::Order => texts.order.to_owned(),
        Change::Position => texts.position.to_owned(),
        Change::Scheme => texts.scheme.to_owned(),
        Change::Colours => texts.colours.to_owned(),
        Change::Language => texts.language.to_owned(),
        Change::PrivacyUrl => texts.privacy_url.to_owned(),
        Change::ReopenButton => texts.reopen.to_owned(),
    }
}

/// The name of a language, or its tag where it has none.
pub fn language(t: &'static Texts, tag: &str) -> String {
    t.label.value(Dimension::Language, tag).into_owned()
}

/// What a text of the banner is for, by its name.
pub fn banner_text(t: &'static Texts, name: &str) -> &'static str {
    let names = &t.consent.texts.name;
    match name {
        "heading" => names.heading,
        "notify" => names.notify,
        "opt_in" => names.opt_in,
        "by_category" => names.by_category,
        "opt_out" => names.opt_out,
        "gpc" => names.gpc,
        "accept" => names.accept,
        "reject" => names.reject,
        "accept_all" => names.accept_all,
        "reject_all" => names.reject_all,
        "choose" => names.choose,
        "save" => names.save_choice,
        "understood" => names.understood,
        "close" => names.close,
        "reopen" => names.reopen,
        "privacy" => names.privacy,
        "dialog_lead" => names.dialog_lead,
        "necessary" => names.necessary,
        "necessary_text" => names.necessary_text,
        "analytics" => names.analytics,
        "analytics_text" => names.analytics_text,
        "advertisement" => names.advertisement,
        "advertisement_text" => names.advertisement_text,
        "functionality" => names.functionality,
        "functionality_text" => names.functionality_text,
        _ => "",
    }
}

/// A row of a table of rules.
pub struct RuleRow {
    /// Counted from 1.
    pub number: usize,
    pub pages: String,
    pub visitors: String,
    /// All places, when `visitors` does not name them.
    pub all_places: Option<String>,
    pub kind: &'static str,
    pub what: &'static str,
    pub gpc: bool,
}

impl RuleRow {
    pub fn all(t: &'static Texts, rules: &[Rule]) -> Vec<Self> {
        let row = |(number, rule): (usize, &Rule)| {
            let visitors = visitors(t, &rule.target.places);
            let all = all_visitors(t, &rule.target.places);
            let (kind, what) = kind(t, rule.kind);
            Self {
                number,
                pages: pages(t, &rule.target),
                all_places: (!rule.target.places.is_empty() && all != visitors).then_some(all),
                visitors,
                kind,
                what,
                gpc: rule.gpc,
            }
        };
        (1..).zip(rules).map(row).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    #[test]
    fn places_and_pages_are_named_as_far_as_they_fit() {
        let named = |typed: &str| visitors(&EN, &Target::parse("", "", typed).unwrap().places);
        assert_eq!(named(""), "Everywhere");
        assert_eq!(named("NL, US-CA"), "Netherlands; CA, United States");
        let five = "Austria; Belgium; Germany; France; Netherlands";
        assert_eq!(named("NL,BE,DE,FR,AT"), five);
        assert_eq!(named("NL,BE,DE,FR,AT,SE"), "Austria; Belgium; Germany; France and 2 more");
        assert_eq!(visitors(&EN, &europe()), EN.consent.rules.europe);
        for (host, path, words) in [
            ("", "", "Every page"),
            ("a.test", "", "Every page of a.test"),
            ("", "/b", "Paths that begin with /b"),
            ("a.test", "/b", "a.test, paths that begin with /b"),
        ] {
            assert_eq!(pages(&EN, &Target::parse(host, path, "").unwrap()), words);
        }
        let all = RuleRow::all(&EN, &Preset::Europe.apply(&[]));
        assert!(all[0].all_places.as_ref().unwrap().starts_with("Austria; Åland Islands; Belgium"));
        assert_eq!(all[1].all_places, None);
    }

    #[test]
    fn a_change_is_one_line() {
        let [opt_in, notify] = Preset::Europe.apply(&[]).try_into().unwrap();
        let stricter = Rule { kind: PolicyType::NoCookies, gpc: false, ..notify.clone() };
        assert_eq!(
            change(&EN, &Change::Changed(notify, stricter)),
            "Rule changed: Notify: Everywhere, Every page (Global Privacy Control counts as refusal) → \
             No cookies: Everywhere, Every page"
        );
        let added = change(&EN, &Change::Added(opt_in));
        assert_eq!(added, format!("Rule added: Opt-in: {}, Every page", EN.consent.rules.europe));
        assert_eq!(change(&EN, &Change::Texts("nl-be".to_owned())), "Texts in Dutch (Belgium)");
    }
}
