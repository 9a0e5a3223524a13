//! The settings of consent as people use them without JavaScript: rules, presets, the test of a rule, the look and the
//! texts of the banner, revisions, and asking again.

use guestlog::app::access::Actor;
use guestlog::app::access::consent;
use guestlog::base::clock::DAY;
use guestlog::domain::consent::policy::{Policy, RULES_MAX};
use guestlog::domain::consent::preset::Preset;
use guestlog::domain::consent::rule::{PATH_MAX, PLACES_MAX, PolicyType, Rule, Target};
use guestlog::domain::consent_banner::{LABEL_MAX, PRIVACY_URL_MAX, Position, TEXT_MAX, Texts};
use guestlog::domain::user::Role;
use guestlog::store;
use serde_json::json;

use super::events::Fixture;
use crate::harness::app::Reply;
use crate::harness::browser::{Browser, plain};

/// An account with an admin.
struct Page {
    fixture: Fixture,
    admin: Browser,
}

impl Page {
    async fn new() -> Self {
        let fixture = Fixture::new().await;
        let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
        Self { fixture, admin }
    }

    /// The same with the rules of a preset.
    async fn with(preset: Preset) -> Self {
        let page = Self::new().await;
        let rules = preset.apply(&[]);
        consent::replace_rules(&page.fixture.site.app, Actor::Machine, page.fixture.account, 0, rules)
            .await
            .unwrap();
        page
    }

    fn path(&self, rest: &str) -> String {
        self.fixture.path(&format!("settings/consent{rest}"))
    }

    async fn get(&self, rest: &str) -> String {
        let reply = self.admin.get(&self.path(rest)).await;
        assert_eq!(reply.status, 200, "{rest}: {}", reply.body);
        plain(&reply.body)
    }

    /// Sends a form that was made from the revision in force.
    async fn post(&self, rest: &str, fields: &[(&str, &str)]) -> Reply {
        let revision = self.revision().await.to_string();
        let fields: Vec<_> =
            [("revision", revision.as_str())].into_iter().chain(fields.iter().copied()).collect();
        self.admin.get(&self.path("")).await;
        self.admin.post(&self.path(rest), &fields).await
    }

    async fn saved(&self, rest: &str, fields: &[(&str, &str)]) {
        let reply = self.post(rest, fields).await;
        assert_eq!(reply.status, 303, "{rest} {fields:?}: {}", plain(&reply.body));
    }

    async fn refused(&self, rest: &str, fields: &[(&str, &str)]) -> String {
        let before = self.revision().await;
        let reply = self.post(rest, fields).await;
        let text = plain(&reply.body);
        assert_eq!(reply.status, 422, "{rest} {fields:?}: {text}");
        assert_eq!(self.revision().await, before, "nothing is saved");
        text
    }

    async fn latest(&self) -> Option<store::consent::Revision> {
        consent::find(&self.fixture.site.app, self.fixture.account).await.unwrap()
    }

    async fn revision(&self) -> u32 {
        self.latest().await.map_or(0, |latest| latest.number)
    }

    async fn policy(&self) -> Policy {
        self.latest().await.unwrap().policy
    }
}

fn rule(places: &str, kind: PolicyType) -> Rule {
    Rule { target: Target::parse("", "", places).unwrap(), kind, gpc: false }
}

/// rules.md 38
#[actix_web::test]
async fn a_preset_is_one_click_without_a_policy_and_shows_its_changes_with_one() {
    let page = Page::new().await;
    let empty = page.get("").await;
    assert!(
        empty.contains("Nobody is asked for consent") && !empty.contains("Which rule applies?"),
        "{empty}"
    );
    let name = "Use this: EU: opt-in, rest: notify";
    assert_eq!(page.admin.press(name, &[]).await.status, 303);
    assert_eq!(page.policy().await.rules, Preset::Europe.apply(&[]));
    let full = page.get("").await;
    for words in ["Opt-in", "Notify", "The European Economic Area", "by admin@site.test", "Revision 1"] {
        assert!(full.contains(words), "{words}: {full}");
    }
    assert!(!full.contains("Nobody is asked for consent"));
    let preview = page.get("/preset?preset=california").await;
    assert!(preview.contains("Rule added: Opt-out: CA, United States"), "{preview}");
    assert_eq!(page.revision().await, 1, "looking changes nothing");
    assert_eq!(page.admin.press("Set these rules", &[]).await.status, 303);
    assert_eq!(page.policy().await.rules, Preset::California.apply(&Preset::Europe.apply(&[])));
    let same = page.get("/preset?preset=california").await;
    assert!(same.contains("nothing changes") && !same.contains("Set these rules"), "{same}");
    let replaced = page.get("/preset?preset=cookieless").await;
    assert!(
        replaced.contains("Rule removed: Opt-in") && replaced.contains("Rule changed: Notify"),
        "{replaced}"
    );
    assert_eq!(page.admin.get(&page.path("/preset?preset=moon")).await.status, 400);
}

#[actix_web::test]
async fn rules_are_added_changed_moved_and_removed() {
    let page = Page::new().await;
    let fields = [
        ("kind", "opt-in-categories"),
        ("places", "nl, be\nUS-California"),
        ("host", "Shop.test:8080"),
        ("path", "/cart"),
        ("gpc", "on"),
    ];
    page.saved("/rule", &fields).await;
    let first = Rule {
        target: Target::parse("shop.test", "/cart", "BE,NL,US-CA").unwrap(),
        kind: PolicyType::OptInCategories,
        gpc: true,
    };
    assert_eq!(page.policy().await.rules, std::slice::from_ref(&first));
    page.saved("/rule", &[("kind", "notify")]).await;
    let second = rule("", PolicyType::Notify);
    let form = page.admin.get(&page.path("/rule?rule=1")).await.body;
    for part in
        ["value=\"opt-in-categories\" checked", "BE, NL, US-CA", "value=\"shop.test\"", "value=\"/cart\""]
    {
        assert!(form.contains(part), "{part}: {form}");
    }
    page.saved("/rule", &[("rule", "2"), ("kind", "opt-out"), ("places", "BR")]).await;
    let second =
        Rule { kind: PolicyType::OptOut, ..Rule { target: rule("BR", second.kind).target, ..second } };
    assert_eq!(page.policy().await.rules, [first.clone(), second.clone()]);
    page.saved("/rules", &[("rule", "2"), ("do", "up")]).await;
    assert_eq!(page.policy().await.rules, [second.clone(), first.clone()]);
    page.saved("/rules", &[("rule", "1"), ("do", "down")]).await;
    assert_eq!(page.policy().await.rules, [first.clone(), second]);
    page.saved("/rules", &[("rule", "2"), ("do", "remove")]).await;
    assert_eq!(page.policy().await.rules, [first]);
    for (number, act) in [("1", "up"), ("1", "down"), ("2", "remove"), ("0", "remove"), ("x", "remove")] {
        assert_eq!(page.post("/rules", &[("rule", number), ("do", act)]).await.status, 404, "{number} {act}");
    }
    assert_eq!(page.post("/rules", &[("rule", "1"), ("do", "dance")]).await.status, 400);
    assert_eq!(page.admin.get(&page.path("/rule?rule=2")).await.status, 404);
    page.saved("/rules", &[("rule", "1"), ("do", "remove")]).await;
    let empty = page.get("").await;
    assert!(empty.contains("Nobody is asked for consent"), "a policy without rules asks nobody: {empty}");
}

#[actix_web::test]
async fn what_is_wrong_with_a_rule_stands_beside_its_field_and_what_was_typed_is_kept() {
    let page = Page::with(Preset::Europe).await;
    let text = page.refused("/rule", &[("places", "Atlantis")]).await;
    assert!(text.contains("Choose a policy."), "{text}");
    for (field, typed, says) in [
        ("places", "NL, Atlantis", "“Atlantis” is not a country such as NL"),
        ("places", "", "Another rule already applies to the same pages and places"),
        ("host", "not a host", "“not a host” is not a host name."),
        ("path", "cart", "A path begins with “/”."),
    ] {
        let text = page.refused("/rule", &[("kind", "opt-in"), (field, typed)]).await;
        assert!(text.contains(says), "{field}: {text}");
    }
    let kept = page.post("/rule", &[("kind", "opt-in"), ("places", "Atlantis")]).await.body;
    assert!(kept.contains("Atlantis</textarea>") && kept.contains("value=\"opt-in\" checked"), "{kept}");
    let path = |bytes: usize| format!("/{}", "x".repeat(bytes - 1));
    page.saved("/rule", &[("kind", "opt-in"), ("path", &path(PATH_MAX))]).await;
    let text = page.refused("/rule", &[("kind", "opt-in"), ("path", &path(PATH_MAX + 1))]).await;
    assert!(text.contains("Use at most 1,024 bytes."), "{text}");
    let places = |count: usize| -> String {
        let places: Vec<String> = (0..count).map(|n| format!("CA-R{n}")).collect();
        places.join("\n")
    };
    page.saved("/rule", &[("kind", "opt-in"), ("places", &places(PLACES_MAX))]).await;
    let text = page.refused("/rule", &[("kind", "opt-in"), ("places", &places(PLACES_MAX + 1))]).await;
    assert!(text.contains("at most 300 countries and regions"), "{text}");
}

#[actix_web::test]
async fn a_policy_has_so_many_rules_and_no_more() {
    let page = Page::new().await;
    let rules = (1..RULES_MAX)
        .map(|n| Rule {
            target: Target::parse("", &format!("/{n}"), "").unwrap(),
            kind: PolicyType::OptIn,
            gpc: false,
        })
        .collect();
    let (app, account) = (&page.fixture.site.app, page.fixture.account);
    consent::replace_rules(app, Actor::Machine, account, 0, rules).await.unwrap();
    page.saved("/rule", &[("kind", "opt-in")]).await;
    assert_eq!(page.policy().await.rules.len(), RULES_MAX);
    let text = page.refused("/rule", &[("kind", "opt-in"), ("path", "/more")]).await;
    assert!(text.contains("The policy has 50 rules"), "{text}");
    let text = page.refused("/preset", &[("preset", "california")]).await;
    assert!(text.contains("The policy has 50 rules"), "{text}");
    let text = page.get("").await;
    assert!(text.contains("The policy has 50 rules") && !text.contains("Add a rule"), "{text}");
}

#[actix_web::test]
async fn a_form_from_an_older_revision_saves_nothing() {
    let page = Page::with(Preset::Europe).await;
    let old = [("revision", "1")];
    page.saved("/rule", &[("kind", "opt-out"), ("places", "BR")]).await;
    for (rest, fields) in [
        ("/rule", &[("kind", "none"), ("places", "US")][..]),
        ("/rules", &[("rule", "1"), ("do", "remove")]),
        ("/preset", &[("preset", "cookieless")]),
        ("/banner", &[("position", "top"), ("accent", "#000000"), ("accent_text", "#ffffff")]),
        ("/texts", &[("language", "nl"), ("text_accept", "Ja")]),
        ("/ask-again", &[]),
    ] {
        page.admin.get(&page.path("")).await;
        let fields: Vec<_> = old.iter().chain(fields).copied().collect();
        let reply = page.admin.post(&page.path(rest), &fields).await;
        let text = plain(&reply.body);
        assert_eq!(reply.status, 422, "{rest}: {text}");
        assert!(text.contains("Somebody else changed the policy meanwhile"), "{rest}: {text}");
    }
    assert_eq!(page.revision().await, 2);
    // Whoever is in between is noticed in the transaction too.
    let (app, account) = (&page.fixture.site.app, page.fixture.account);
    let late = consent::replace_rules(app, Actor::Machine, account, 1, Vec::new()).await;
    assert!(matches!(late, Err(consent::Error::Changed(2))), "{late:?}");
}

#[actix_web::test]
async fn the_rule_for_a_visitor_is_found_by_the_rules_of_the_server() {
    let page = Page::with(Preset::Europe).await;
    page.saved("/rule", &[("kind", "no-cookies"), ("host", "quiet.test"), ("path", "/in")]).await;
    for (query, says) in [
        ("host=a.test&place=NL", "Opt-in, by rule 1"),
        ("host=a.test&place=us-ny", "Notify, by rule 2"),
        ("host=a.test&place=US-NY&gpc=on", "Refused by Global Privacy Control, by rule 2"),
        ("host=a.test&place=NL&gpc=on", "Opt-in, by rule 1"),
        ("host=a.test&place=", "Opt-in, by rule 1"),
        ("host=quiet.test&path=/inside&place=US", "No cookies, by rule 3"),
        ("host=QUIET.test:8080&path=/inside&place=US", "No cookies, by rule 3"),
        ("host=quiet.test&path=/&place=US", "Notify, by rule 2"),
        ("host=a.test&place=Atlantis", "“Atlantis” is not a country"),
        ("host=a%20b&place=NL", "“a b” is not a host name"),
        ("host=a.test&path=x&place=NL", "A path begins with “/”."),
    ] {
        let text = page.get(&format!("?{query}")).await;
        assert!(text.contains(says), "{query}: {text}");
    }
    page.saved("/rules", &[("rule", "2"), ("do", "remove")]).await;
    let text = page.get("?host=a.test&place=US").await;
    assert!(text.contains("No banner: no rule applies"), "{text}");
}

#[actix_web::test]
async fn the_look_of_the_banner_is_previewed_saved_and_refused_with_its_contrast() {
    let page = Page::with(Preset::Europe).await;
    let fields = [
        ("position", "top"),
        ("scheme", "dark"),
        ("accent", "#004400"),
        ("accent_text", "#ffffff"),
        ("language", "nl"),
        ("privacy_url", "/privacy"),
    ];
    let shown = page
        .post("/banner", &[&fields[..], &[("do", "check"), ("policy", "4"), ("shown", "fr")]].concat())
        .await;
    assert_eq!(shown.status, 200, "{}", plain(&shown.body));
    for part in ["position=top", "accent=%23004400", "reopen=0", "policy=4", "shown=fr"] {
        assert!(shown.body.contains(part), "{part}: {}", shown.body);
    }
    assert_eq!(page.revision().await, 1, "a preview saves nothing");
    page.saved("/banner", &fields).await;
    let banner = page.policy().await.banner;
    assert_eq!((banner.position, banner.accent.to_string().as_str()), (Position::Top, "#004400"));
    assert_eq!((banner.language.as_deref(), banner.has_reopen_button), (Some("nl"), false));
    assert_eq!(page.policy().await.rules, Preset::Europe.apply(&[]), "the rules stay");
    // The preview begins with what is saved.
    let script = page.admin.get(&page.path("/preview/banner.js")).await.body;
    assert!(script.contains("\"#004400\"") && script.contains("Accepteren"), "{script}");
    let script = page.admin.get(&page.path("/preview/banner.js?language=&shown=fr&policy=gpc")).await.body;
    assert!(script.contains("Accepter") && script.contains("\"gpc\":true"), "{script}");
    for (field, typed, says) in [
        ("accent", "#bbbbbb", "its contrast is 1.91, and at least 4.5 is needed"),
        ("accent", "green", "Enter a colour such as #1f4f8f."),
        ("privacy_url", "privacy", "Enter a whole web address"),
        ("language", "ar", "no texts for the language “ar”"),
    ] {
        let mut wrong = fields.to_vec();
        wrong.retain(|(name, _)| *name != field);
        wrong.push((field, typed));
        let text = page.refused("/banner", &wrong).await;
        assert!(text.contains(says), "{field}: {text}");
    }
    for (bytes, is_taken) in [(PRIVACY_URL_MAX, true), (PRIVACY_URL_MAX + 1, false)] {
        let address = format!("/{}", "x".repeat(bytes - 1));
        let fields = [&fields[..5], &[("privacy_url", address.as_str())]].concat();
        if is_taken {
            page.saved("/banner", &fields).await;
        } else {
            let text = page.refused("/banner", &fields).await;
            assert!(text.contains("Use at most 2,048 bytes."), "{text}");
        }
    }
}

#[actix_web::test]
async fn own_texts_are_saved_by_language_and_a_new_language_needs_all() {
    let page = Page::with(Preset::Europe).await;
    page.saved("/texts", &[("language", "nl-BE"), ("text_accept", " Prima "), ("text_reject", "")]).await;
    let own = page.policy().await.banner.own_texts;
    assert_eq!(serde_json::to_value(&own).unwrap(), json!({"nl-be": {"accept": "Prima"}}));
    let form = page.admin.get(&page.path("/texts?language=nl-be")).await.body;
    assert!(form.contains("value=\"Prima\"") && form.contains("Built in: Weigeren"), "{form}");
    let names: Vec<String> = Texts::NAMES.iter().map(|name| format!("text_{name}")).collect();
    let mut all: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "نص")).collect();
    all.push(("language", "ar"));
    let without_one: Vec<_> = all.iter().filter(|(of, _)| *of != "text_reject").copied().collect();
    let text = page.refused("/texts", &without_one).await;
    assert!(text.contains("This text is missing."), "{text}");
    page.saved("/texts", &all).await;
    let script = page.admin.get(&page.path("/preview/banner.js?shown=ar")).await.body;
    assert!(script.contains("نص"), "{script}");
    page.saved("/texts", &[("language", "ar")]).await;
    assert!(!page.policy().await.banner.own_texts.contains_key("ar"), "all empty removes the language");
    for (name, max) in [("text_accept", LABEL_MAX), ("text_opt_in", TEXT_MAX)] {
        let long = "é".repeat(max);
        page.saved("/texts", &[("language", "nl"), (name, &long)]).await;
        let text = page.refused("/texts", &[("language", "nl"), (name, &format!("{long}é"))]).await;
        assert!(text.contains("Use at most"), "{text}");
    }
    assert_eq!(page.post("/texts", &[("language", "not a tag")]).await.status, 400);
    let wrong = page.admin.get(&page.path("/texts?language=not+a+tag")).await;
    assert_eq!(wrong.status, 422);
    assert!(plain(&wrong.body).contains("“not a tag” is not a language tag"), "{}", wrong.body);
}

#[actix_web::test]
async fn a_preview_of_own_texts_holds_what_was_typed() {
    let page = Page::with(Preset::Europe).await;
    let typed = [("language", "nl"), ("text_accept", "Ja & graag"), ("do", "check")];
    let shown = page.post("/texts", &typed).await;
    assert_eq!(shown.status, 200);
    assert!(shown.body.contains("text_accept=Ja%20%26%20graag"), "{}", shown.body);
    assert_eq!(page.revision().await, 1);
    let script = page.admin.get(&page.path("/preview/banner.js?shown=nl&text_accept=Ja")).await.body;
    assert!(script.contains("\"accept\":\"Ja\"") && script.contains("Weigeren"), "{script}");
}

#[actix_web::test]
async fn revisions_are_listed_with_their_changes_and_shown_as_they_were() {
    let page = Page::new().await;
    let empty = page.get("/revisions").await;
    assert!(empty.contains("No revisions yet") && !empty.contains("Ask visitors again"), "{empty}");
    page.saved("/preset", &[("preset", "europe")]).await;
    page.saved("/texts", &[("language", "nl"), ("text_accept", "Prima")]).await;
    let (app, account) = (&page.fixture.site.app, page.fixture.account);
    consent::set_rule(app, Actor::Machine, account, rule("", PolicyType::OptOut)).await.unwrap();
    let list = page.get("/revisions").await;
    for words in [
        "Revision 3 In force",
        "Command line, or a deleted user",
        "Rule changed: Notify: Everywhere, Every page (Global Privacy Control counts as refusal) → Opt-out",
        "Texts in Dutch",
        "admin@site.test",
        "Rule added: Opt-in: The European Economic Area",
    ] {
        assert!(list.contains(words), "{words}: {list}");
    }
    let second = page.get("/revisions/2").await;
    assert!(
        second.contains("Texts in Dutch") && second.contains("Notify") && !second.contains("Opt-out:"),
        "{second}"
    );
    let script = page.admin.get(&page.path("/preview/banner.js?revision=1&shown=nl")).await.body;
    assert!(script.contains("Accepteren") && !script.contains("Prima"), "{script}");
    let script = page.admin.get(&page.path("/preview/banner.js?revision=2&shown=nl")).await.body;
    assert!(script.contains("Prima"), "{script}");
    for missing in ["/revisions/0", "/revisions/4", "/revisions/x", "/preview?revision=9"] {
        assert_eq!(page.admin.get(&page.path(missing)).await.status, 404, "{missing}");
    }
}

#[actix_web::test]
async fn so_many_revisions_stand_on_a_page_and_the_rest_on_the_next() {
    let page = Page::new().await;
    let (app, account) = (&page.fixture.site.app, page.fixture.account);
    let make = async |n: usize| {
        let kind = if n.is_multiple_of(2) { PolicyType::OptIn } else { PolicyType::OptOut };
        consent::set_rule(app, Actor::Machine, account, rule("", kind)).await.unwrap();
    };
    for n in 0..consent::REVISIONS_MAX {
        make(n).await;
    }
    let list = page.get("/revisions").await;
    assert!(list.contains("Revision 1 ") && !list.contains("Older revisions"), "{list}");
    make(consent::REVISIONS_MAX).await;
    let list = page.get("/revisions").await;
    assert!(!list.contains("Revision 1 ") && list.contains("Older revisions"), "{list}");
    assert!(!list.contains("Rule added"), "the oldest of a page is compared with the one before it: {list}");
    let older = page.get("/revisions?before=2").await;
    assert!(
        older.contains("Revision 1 ") && older.contains("Rule added") && !older.contains("In force"),
        "{older}"
    );
}

#[actix_web::test]
async fn asking_again_says_what_it_does_and_makes_a_revision() {
    let page = Page::with(Preset::Europe).await;
    page.fixture.view("ada", "/", json!({})).await;
    page.fixture.json("pages").await;
    let text = page.get("/ask-again").await;
    for words in ["The same rules", "1 visitor was seen in the last 180 days", "for 24 hours"] {
        assert!(text.to_lowercase().contains(&words.to_lowercase()), "{words}: {text}");
    }
    let before = page.policy().await;
    assert_eq!(page.revision().await, 1, "looking changes nothing");
    assert_eq!(page.admin.press("Ask again", &[]).await.status, 303);
    let latest = page.latest().await.unwrap();
    assert_eq!((latest.number, latest.asks_again, &latest.policy), (2, true, &before));
    let list = page.get("/revisions").await;
    assert!(list.contains("Visitors are asked again"), "{list}");
    page.fixture.site.clock.advance(181 * DAY);
    let admin = page.fixture.site.browser();
    admin.sign_in("admin@site.test", crate::harness::app::PASSWORD).await;
    let text = plain(&admin.get(&page.path("/ask-again")).await.body);
    assert!(text.contains("0 visitors were seen"), "{text}");
    let none = Page::new().await;
    assert_eq!(none.admin.get(&none.path("/ask-again")).await.location(), none.path(""));
    assert_eq!(none.post("/ask-again", &[]).await.status, 422);
}

#[actix_web::test]
async fn an_editor_of_the_website_sees_the_settings_and_cannot_change_them() {
    let page = Page::with(Preset::Europe).await;
    let (app, account) = (&page.fixture.site.app, page.fixture.account);
    let editor = page.fixture.site.signed_in(account, "web@site.test", Role::Editor).await;
    let allow = |conn: &store::Connection| {
        conn.execute(
            "update member set website_settings = 1
             where user_id = (select id from user where email = 'web@site.test')",
            [],
        )?;
        Ok::<_, store::Error>(())
    };
    app.store.writer.write(allow).await.unwrap();
    for rest in ["", "/banner", "/texts", "/revisions", "/revisions/1", "/preview"] {
        let reply = editor.get(&page.path(rest)).await;
        assert_eq!(reply.status, 200, "{rest}");
        for button in [">Save<", "Add a rule", "See what changes", "Ask visitors again"] {
            assert!(!reply.body.contains(button), "{rest}: {button}");
        }
    }
    for rest in ["/rule", "/preset?preset=europe", "/ask-again"] {
        assert_eq!(editor.get(&page.path(rest)).await.status, 403, "{rest}");
    }
    for rest in ["/rule", "/rules", "/preset", "/ask-again", "/banner", "/texts"] {
        editor.get("/profile").await;
        assert_eq!(editor.post(&page.path(rest), &[("revision", "1")]).await.status, 403, "{rest}");
    }
}

#[actix_web::test]
async fn a_banner_is_set_only_where_there_is_a_policy() {
    let page = Page::new().await;
    for rest in ["/banner", "/texts"] {
        let text = page.get(rest).await;
        assert!(text.contains("Choose the rules first") && !text.contains("Save"), "{text}");
        let reply = page.post(rest, &[("language", "nl"), ("text_accept", "Ja")]).await;
        assert_eq!((reply.status, reply.location()), (303, page.path("").as_str()));
    }
    assert_eq!(page.revision().await, 0);
}

#[actix_web::test]
async fn the_page_with_the_tracking_code_says_what_is_asked() {
    let page = Page::new().await;
    let install = page.fixture.path("settings/tracking-code");
    let text = plain(&page.admin.get(&install).await.body);
    assert!(
        text.contains("no consent policy: every visitor is counted") && text.contains("Choose a policy"),
        "{text}"
    );
    let reader = page.fixture.site.signed_in(page.fixture.account, "reader@site.test", Role::Viewer).await;
    let body = reader.get(&install).await.body;
    assert!(body.contains("no consent policy") && !body.contains("settings/consent"), "{body}");
    page.saved("/preset", &[("preset", "europe")]).await;
    let text = plain(&page.admin.get(&install).await.body);
    assert!(!text.contains("no consent policy") && text.contains("Notify: Everywhere, Every page"), "{text}");
    for n in 0..5 {
        page.saved("/rule", &[("kind", "opt-in"), ("path", &format!("/{n}"))]).await;
    }
    let text = plain(&page.admin.get(&install).await.body);
    assert!(text.contains("and 2 more rules"), "{text}");
}
