//! The set-up of the first user: once, within an hour, and never again.

use guestlog::app::access::setup;
use guestlog::base::clock::HOUR;
use guestlog::base::secret::Secret;
use guestlog::domain::consent::preset::Preset;

use crate::harness::app::{PASSWORD, Reply, TestApp};
use crate::harness::browser::Browser;

async fn link(site: &TestApp) -> Secret {
    setup::setup_link(&site.app).await.unwrap().expect("nobody is set up yet")
}

async fn set_up(browser: &Browser, secret: &Secret) -> Reply {
    browser.get(&format!("/setup?token={}", secret.reveal())).await;
    let filled = [
        ("Email", "Ada@Example.com"),
        ("New password", PASSWORD),
        ("Account name", "Analytical Engines"),
        ("Domains", "https://Engines.test/shop, www.other.test"),
        ("Time zone", "Europe/Amsterdam"),
        ("Currency", "gbp"),
    ];
    browser.press("Set up", &filled).await
}

#[actix_web::test]
async fn the_first_user_sets_up_the_server_and_the_first_account() {
    let site = TestApp::new().await;
    let secret = link(&site).await;
    let browser = site.browser();
    let reply = set_up(&browser, &secret).await;
    assert_eq!(reply.location(), "/accounts/1000001/settings/tracking-code", "{}", reply.body);
    let account = site.app.accounts.list().remove(0);
    let settings = account.settings();
    assert_eq!(settings.name, "Analytical Engines");
    assert_eq!(settings.domains, ["engines.test", "www.other.test"]);
    assert_eq!((settings.time_zone.as_str(), settings.currency.as_str()), ("Europe/Amsterdam", "GBP"));
    let policy = &account.consent.as_ref().expect("the chosen one is opt-in in Europe").policy;
    assert_eq!(policy.rules, Preset::Europe.apply(&[]));
    let list = browser.get("/accounts").await;
    assert!(list.body.contains("Analytical Engines") && list.body.contains("New account"), "{}", list.body);
    assert!(list.body.contains("ada@example.com"));
    let other = site.browser();
    other.sign_in("ada@example.com", PASSWORD).await;
}

#[actix_web::test]
async fn the_link_works_once() {
    let site = TestApp::new().await;
    let secret = link(&site).await;
    assert_eq!(set_up(&site.browser(), &secret).await.status, 303);
    let again = site.browser();
    let page = again.get(&format!("/setup?token={}", secret.reveal())).await;
    assert_eq!(page.status, 410);
    assert!(!page.body.contains("<form"));
    let posted = [("token", secret.reveal()), ("email", "eve@evil.test"), ("password", PASSWORD)];
    again.get("/sign-in").await;
    assert_eq!(again.post("/setup", &posted).await.status, 410);
    assert!(setup::setup_link(&site.app).await.unwrap().is_none(), "no link for a store with users");
}

#[actix_web::test]
async fn two_who_race_with_one_link_make_one_user() {
    let site = TestApp::new().await;
    let secret = link(&site).await;
    let go = |email: &'static str| {
        let (app, secret) = (std::sync::Arc::clone(&site.app), secret.clone());
        async move { setup::set_up(&app, &secret, email, PASSWORD, None, "").await }
    };
    let (a, b) = futures_util::future::join(go("a@example.com"), go("b@example.com")).await;
    assert!(a.is_ok() != b.is_ok(), "{a:?} {b:?}");
}

#[actix_web::test]
async fn the_link_expires_after_an_hour() {
    let site = TestApp::new().await;
    let secret = link(&site).await;
    site.clock.advance(HOUR - 1);
    assert_eq!(site.browser().get(&format!("/setup?token={}", secret.reveal())).await.status, 200);
    site.clock.advance(1);
    assert_eq!(site.browser().get(&format!("/setup?token={}", secret.reveal())).await.status, 410);
}

#[actix_web::test]
async fn a_newer_link_ends_the_older_one_and_guesses_are_nothing() {
    let site = TestApp::new().await;
    let old = link(&site).await;
    let new = link(&site).await;
    for (secret, status) in [(old.reveal(), 410), ("", 410), ("x", 410), (new.reveal(), 200)] {
        assert_eq!(site.browser().get(&format!("/setup?token={secret}")).await.status, status, "{secret}");
    }
    assert_eq!(site.browser().get("/setup").await.status, 410);
}

#[actix_web::test]
async fn what_is_wrong_is_said_beside_its_field_and_what_was_typed_is_kept() {
    let site = TestApp::new().await;
    let secret = link(&site).await;
    let right = [
        ("Email", "ada@example.com"),
        ("New password", PASSWORD),
        ("Account name", "Engines"),
        ("Domains", "engines.test"),
        ("Currency", "EUR"),
    ];
    for (field, value, says) in [
        ("Email", "nobody", "This is not an email address."),
        ("New password", "short", "Use at least 12 characters."),
        ("New password", "password1234", "easy to guess"),
        ("New password", "engines-engines", "easy to guess"),
        ("Account name", "", "Enter a name."),
        ("Domains", "engines.test not@domain", "is not a domain name."),
        ("Currency", "EURO", "is not a currency"),
    ] {
        let browser = site.browser();
        browser.get(&format!("/setup?token={}", secret.reveal())).await;
        let mut filled = right.to_vec();
        filled.retain(|(known, _)| *known != field);
        filled.push((field, value));
        let reply = browser.press("Set up", &filled).await;
        assert_eq!(reply.status, 422, "{field}");
        assert!(reply.body.contains(says), "{field}: {}", reply.body);
        assert!(reply.body.contains("aria-invalid=\"true\""), "{field}");
        assert!(!reply.body.contains(PASSWORD), "a password never comes back");
        let kept = if field == "Account name" { "ada@example.com" } else { "value=\"Engines\"" };
        assert!(reply.body.contains(kept), "{field}: {}", reply.body);
    }
    let browser = site.browser();
    browser.get(&format!("/setup?token={}", secret.reveal())).await;
    let empty = browser.press("Set up", &[]).await;
    assert_eq!((empty.status, empty.body.matches("aria-invalid").count()), (422, 3), "all at once");
    assert_eq!(browser.press("Set up", &right).await.status, 303, "mended and sent again");
}

#[actix_web::test]
async fn what_visitors_are_asked_is_chosen_or_left_for_later() {
    for (choice, rules) in [
        ("cookieless", Preset::Cookieless.apply(&[])),
        ("california", Preset::California.apply(&[])),
        ("later", Vec::new()),
    ] {
        let site = TestApp::new().await;
        let secret = link(&site).await;
        let browser = site.browser();
        browser.get(&format!("/setup?token={}", secret.reveal())).await;
        let fields = [
            ("token", secret.reveal()),
            ("email", "ada@example.com"),
            ("password", PASSWORD),
            ("name", "Engines"),
            ("time_zone", "UTC"),
            ("currency", "EUR"),
        ];
        for wrong in ["", "moon"] {
            let fields = [&fields[..], &[("consent", wrong)]].concat();
            let refused = browser.post("/setup", &fields).await;
            assert_eq!(refused.status, 422, "{wrong}");
            assert!(refused.body.contains("Choose what visitors are asked."), "{}", refused.body);
        }
        let made = browser.post("/setup", &[&fields[..], &[("consent", choice)]].concat()).await;
        assert_eq!(made.status, 303, "{}", made.body);
        let account = site.app.accounts.list().remove(0);
        let found = account.consent.as_ref().map(|policy| policy.policy.rules.clone()).unwrap_or_default();
        assert_eq!((found, account.consent.is_some()), (rules, choice != "later"));
    }
}
