//! The settings of consent, from sample data.

use std::collections::BTreeMap;

use askama::Template;

use super::events::{FULL, NOW, named, zone};
use super::fixtures::{ARABIC, HOSTILE, LONG};
use crate::base::clock::{DAY, Millis};
use crate::domain::account::AccountId;
use crate::domain::consent::change::changes;
use crate::domain::consent::policy::{Policy, RULES_MAX};
use crate::domain::consent::preset::Preset;
use crate::domain::consent::rule::{PolicyType, Rule, Target};
use crate::domain::consent_banner::{Banner, Colour, Position};
use crate::domain::user::Role;
use crate::store::consent::Revision;
use crate::web::admin::settings::consent::banner::look::{self as banner, Looked};
use crate::web::admin::settings::consent::banner::texts;
use crate::web::admin::settings::consent::consent_nav::{ConsentNav, Part};
use crate::web::admin::settings::consent::head::Head;
use crate::web::admin::settings::consent::rules::Tried;
use crate::web::admin::settings::consent::seen::Seen;
use crate::web::admin::settings::consent::{ask_again, presets, revisions, rule_form, rules};
use crate::web::admin::settings::settings_nav::{SettingsNav, Tab};
use crate::web::response::page::{Layout, Section};
use crate::web::text::EN;

pub(super) fn head(title: &str, name: &str, current: Part, may_change: bool) -> (Layout, Head) {
    let role = if may_change { Role::Admin } else { Role::Editor };
    let mut layout = named(title, name, role);
    layout.section = Some(Section::Settings);
    let head = Head {
        nav: SettingsNav::of(&EN, AccountId::FIRST, role, Tab::Consent),
        parts: ConsentNav { t: &EN, account: AccountId::FIRST, current, is_admin: may_change },
        id: AccountId::FIRST,
        may_change,
    };
    (layout, head)
}

fn revision(number: u32, policy: Policy) -> Revision {
    let user = (number > 1).then(|| "sanne.de.vries@example.com".to_owned());
    let made = Millis(NOW.0 - i64::from(40 - number) * DAY);
    Revision { number, made, user, asks_again: number == 3, policy }
}

fn policy(rules: Vec<Rule>) -> Policy {
    Policy { rules, ..Policy::default() }
}

fn usual() -> Policy {
    policy(Preset::California.apply(&Preset::Europe.apply(&[])))
}

/// As many rules as there can be, with long hosts and paths and many places.
fn many() -> Policy {
    let kinds = PolicyType::ALL;
    let rule = |n: usize| {
        let places = ["", "NL", "US-CA, US-NY, CA-QUEBEC", "BR, CL, AR, UY, PY, BO, PE, EC, CO, VE"][n % 4];
        let host = if n.is_multiple_of(3) { format!("{LONG}.shop.example.com") } else { String::new() };
        let target = Target::parse(&host, &format!("/{n}/{LONG}"), places).unwrap();
        Rule { target, kind: kinds[n % kinds.len()], gpc: n.is_multiple_of(2) }
    };
    policy((0..RULES_MAX).map(rule).collect())
}

fn rules_of(name: &str, latest: Option<&Revision>, tried: Option<&Tried>, may_change: bool) -> String {
    let (layout, head) = head(EN.consent.title, name, Part::Rules, may_change);
    let refused = (name == HOSTILE).then_some(EN.consent.rules.changed);
    rules::page(layout, head, &zone(), latest, tried, refused).render().unwrap()
}

fn rule_form_of(
    typed: &rule_form::Typed,
    rule: Option<usize>,
    wrong: Option<(&'static str, String)>,
) -> String {
    let (layout, head) = head(EN.consent.form.add_title, FULL, Part::Rules, true);
    rule_form::page(layout, head, 2, rule, typed, wrong.as_ref()).render().unwrap()
}

fn preset_of(preset: Preset, policy: Policy) -> String {
    let (layout, head) = head(EN.consent.presets.europe, FULL, Part::Rules, true);
    presets::page(layout, head, preset, Seen { revision: 2, policy }).render().unwrap()
}

fn ask_again_of(policy: &Policy, visitors: u64) -> String {
    let (layout, head) = head(EN.consent.again.title, FULL, Part::Revisions, true);
    ask_again::page(layout, head, 2, policy, visitors).render().unwrap()
}

fn banner_of(typed: &banner::Typed, wrong: Option<(&'static str, String)>, may_change: bool) -> String {
    let (layout, head) = head(EN.consent.tabs.banner, FULL, Part::Banner, may_change);
    let seen = Seen { revision: 2, policy: usual() };
    let looked = Looked { policy: "3".to_owned(), language: "nl".to_owned() };
    banner::page(layout, head, &seen, typed, &looked, wrong.as_ref()).render().unwrap()
}

fn texts_of(language: &str, own: &[(&str, &str)], wrong: Option<(String, String)>) -> String {
    let (layout, head) = head(EN.consent.tabs.texts, FULL, Part::Texts, true);
    let seen = Seen { revision: 2, policy: usual() };
    let own: BTreeMap<String, String> =
        own.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect();
    let looked = Looked { policy: "4".to_owned(), language: language.to_owned() };
    let shown = texts::Shown {
        seen: &seen,
        language,
        wrong_language: (language == "en").then_some("not a tag"),
        own: &own,
        looked: &looked,
        wrong: wrong.as_ref(),
    };
    texts::page(layout, head, &shown).render().unwrap()
}

fn history() -> Vec<Revision> {
    let look = Banner { position: Position::Centre, privacy_url: "/privacy".to_owned(), ..Banner::default() };
    let own = BTreeMap::from([("accept".to_owned(), HOSTILE.to_owned())]);
    let worded = Banner { own_texts: BTreeMap::from([("nl".to_owned(), own)]), ..look.clone() };
    let with = |banner| Policy { banner, ..usual() };
    let all = [
        policy(Preset::Europe.apply(&[])),
        with(look),
        with(worded.clone()),
        Policy { banner: worded, ..many() },
    ];
    let mut made: Vec<Revision> = (1..).zip(all).map(|(number, policy)| revision(number, policy)).collect();
    made.reverse();
    made
}

fn revisions_of(found: &[Revision]) -> String {
    let former = found.iter().skip(1).map(Some).chain([None]);
    let found: Vec<_> = found
        .iter()
        .zip(former)
        .map(|(one, former)| (one.clone(), changes(former.map(|former| &former.policy), &one.policy)))
        .collect();
    let (layout, head) = head(EN.consent.tabs.revisions, FULL, Part::Revisions, true);
    revisions::list_page(layout, head, &zone(), &found, true).render().unwrap()
}

fn revision_of(found: &[Revision], at: usize) -> String {
    let (layout, head) = head("Revision 3", FULL, Part::Revisions, false);
    revisions::show_page(layout, head, &zone(), &found[at], found.get(at + 1)).render().unwrap()
}

/// Name and HTML of each page.
pub(super) fn pages_of_consent() -> Vec<(&'static str, String)> {
    let full = revision(2, usual());
    let tried = |host: &str, place: &str, gpc| Tried {
        host: host.to_owned(),
        path: "/cart".to_owned(),
        place: place.to_owned(),
        gpc,
    };
    let hostile = rule_form::Typed {
        kind: HOSTILE.to_owned(),
        places: HOSTILE.to_owned(),
        host: LONG.to_owned(),
        path: ARABIC.to_owned(),
        gpc: true,
    };
    let usual_look = banner::Typed::from(Banner::default());
    let grey = Banner { accent: Colour::parse("#777777").unwrap(), ..Banner::default() };
    let contrast = ("accent_text", "its contrast is 4.47".to_owned());
    let missing = ("reject".to_owned(), EN.consent.texts.missing.to_owned());
    let history = history();
    vec![
        ("consent-empty", rules_of(FULL, None, None, true)),
        ("consent-full", rules_of(FULL, Some(&full), Some(&tried("shop.example.com", "NL", false)), true)),
        ("consent-gpc", rules_of(FULL, Some(&full), Some(&tried("example.com", "BR", true)), true)),
        ("consent-wrong", rules_of(FULL, Some(&full), Some(&tried("example.com", "Atlantis", false)), true)),
        ("consent-many", rules_of(FULL, Some(&revision(3, many())), None, true)),
        ("consent-editor", rules_of(FULL, Some(&full), None, false)),
        ("consent-hostile", rules_of(HOSTILE, Some(&full), Some(&tried(HOSTILE, HOSTILE, true)), true)),
        ("consent-rule", rule_form_of(&rule_form::Typed::default(), None, None)),
        ("consent-rule-edit", rule_form_of(&rule_form::Typed::from(&usual().rules[1]), Some(2), None)),
        ("consent-rule-wrong", rule_form_of(&hostile, Some(2), Some(("places", HOSTILE.to_owned())))),
        ("consent-preset", preset_of(Preset::Cookieless, usual())),
        ("consent-preset-same", preset_of(Preset::California, usual())),
        ("consent-ask-again", ask_again_of(&usual(), 18_233)),
        ("consent-ask-again-nobody", ask_again_of(&policy(Preset::Cookieless.apply(&[])), 1)),
        ("consent-banner", banner_of(&usual_look, None, true)),
        ("consent-banner-editor", banner_of(&usual_look, None, false)),
        ("consent-banner-wrong", banner_of(&banner::Typed::from(grey), Some(contrast), true)),
        ("consent-texts", texts_of("nl", &[("accept", "Prima"), ("heading", ARABIC)], None)),
        ("consent-texts-new", texts_of("ar", &[("accept", ARABIC)], Some(missing))),
        ("consent-texts-hostile", texts_of("en", &[("accept", HOSTILE), ("opt_in", HOSTILE)], None)),
        ("consent-revisions", revisions_of(&history)),
        ("consent-revisions-empty", revisions_of(&[])),
        ("consent-revision", revision_of(&history, 1)),
        ("consent-revision-first", revision_of(&history, 3)),
    ]
}
