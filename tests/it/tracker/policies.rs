//! The script of an account with a consent policy: it chooses the rule for its page and its visitor.

use guestlog::tracker::{PolicyRule, ScriptOptions};
use serde_json::json;

use super::harness::{Browser, HOME, Visit, options};

fn rule(kind: u8, host: &str, path: &str, places: &[&str]) -> PolicyRule {
    PolicyRule(kind, 0, host.into(), path.into(), places.iter().map(|place| (*place).to_owned()).collect())
}

fn with_rules(rules: Vec<PolicyRule>) -> ScriptOptions {
    ScriptOptions { policies: Some(rules), revision: 7, ..options() }
}

#[test]
fn the_rule_of_the_page_is_chosen_by_host_and_path() {
    let rules = with_rules(vec![
        rule(1, "shop.example.com", "/", &[]),
        rule(3, "", "/members", &[]),
        rule(0, "", "/", &[]),
    ]);
    for (url, views) in [
        (HOME, 1),
        ("https://www.example.com/members/a", 0),
        ("https://shop.example.com/", 0),
        ("https://shop.example.com/members", 0),
    ] {
        let browser = Browser::new();
        browser.open(&Visit::of(url).options(&rules));
        assert_eq!(browser.views().len(), views, "{url}");
    }
}

#[test]
fn where_the_place_makes_a_difference_the_rule_of_the_place_holds_or_the_strictest() {
    let rules = with_rules(vec![
        rule(3, "", "/eu", &["NL", "US-CA"]),
        rule(2, "", "/eu", &[]),
        rule(2, "", "/", &["BE"]),
    ]);
    for (path, location, views) in [
        ("eu", json!("US-CA"), 0),
        ("eu", json!("NL"), 0),
        ("eu", json!("NL-UTRECHT"), 0),
        ("eu", json!("US-TX"), 1),
        ("eu", json!("US"), 0),
        ("eu", json!("FR"), 1),
        ("eu", json!(""), 0),
        ("eu", json!("<html>"), 0),
        ("eu", json!(null), 0),
        ("", json!("NL"), 1),
    ] {
        let browser = Browser::new();
        browser.set(&format!("net.location = {location}"));
        browser.open(&Visit::of(&format!("{HOME}{path}")).options(&rules));
        assert_eq!(browser.views().len(), views, "{path} {location}");
    }
}

#[test]
fn a_choice_says_which_revision_it_answered_and_how_it_was_made() {
    let opt_in = with_rules(vec![rule(3, "", "/", &[])]);
    let of = |above: &str, options: &ScriptOptions| {
        let browser = Browser::new();
        browser.open(&Visit::of(HOME).above(above).options(options));
        browser.views().first().map(|view| json!([view["by"], view["rev"], view["cc"]]))
    };
    let stored = "document.cookie = '__hs_cookie_cat_pref=1:true_2:false_3:true_r:5'";
    assert_eq!(of(stored, &opt_in), Some(json!(["banner", 5, 11])));
    let of_hubspot = "document.cookie = '__hs_cookie_cat_pref=1:true_2:true_3:true'";
    assert_eq!(of(of_hubspot, &opt_in), Some(json!(["banner", 7, 15])));
    let call = "window._hsp = [['setHubSpotConsent', {analytics: true}]]";
    assert_eq!(of(call, &opt_in), Some(json!(["api", 7, 3])));
    let outside = format!("window.disableHubSpotCookieBanner = true; {call}");
    assert_eq!(of(&outside, &opt_in), Some(json!(["outside_banner", 7, 3])));
    // Choices of revisions from before the account asked again are void, and under no cookies there is none.
    let again = ScriptOptions { asked: 6, ..opt_in };
    assert_eq!((of(stored, &again), of(of_hubspot, &again)), (None, None));
    assert_eq!(of(&stored.replace("r:5", "r:6"), &again), Some(json!(["banner", 6, 11])));
    let cookieless = with_rules(vec![rule(1, "", "/", &[])]);
    assert_eq!((of(stored, &cookieless), of(call, &cookieless)), (None, None));
}

#[test]
fn global_privacy_control_refuses_where_the_rule_honours_it() {
    for (honours, views) in [(0, 1), (1, 0)] {
        let browser = Browser::new();
        browser.set("navigator.globalPrivacyControl = true");
        let rules = with_rules(vec![PolicyRule(5, honours, String::new(), "/".into(), Vec::new())]);
        browser.open(&Visit::of(HOME).options(&rules));
        assert_eq!(browser.views().len(), views);
    }
}

#[test]
fn what_a_site_says_while_the_place_is_asked_for_counts_once_it_is_known() {
    for (location, views) in [("NL", 1), ("BE", 0)] {
        let browser = Browser::new();
        browser.set(&format!("net.location = '{location}'"));
        let rules = with_rules(vec![rule(3, "", "/", &["NL"]), rule(1, "", "/", &["BE"])]);
        let call = "window._hsp = [['setHubSpotConsent', {analytics: true}]]";
        browser.open(&Visit::of(HOME).above(call).options(&rules));
        assert_eq!(browser.views().len(), views, "{location}");
    }
}
