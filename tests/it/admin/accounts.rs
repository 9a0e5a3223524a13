//! Accounts: created by server administrators, changed by administrators, listed for their members.

use guestlog::app::access::{Actor, consent};
use guestlog::app::events::definitions;
use guestlog::domain::consent::preset::Preset;
use guestlog::domain::event::{EventKind, Typed};
use guestlog::domain::user::Role;

use crate::harness::app::TestApp;
use crate::harness::browser::plain;
use crate::tracker::harness::setting;

#[actix_web::test]
async fn a_server_admin_makes_an_account_and_owns_it() {
    let site = TestApp::new().await;
    let root = site.server_admin("root@example.com").await;
    assert_eq!(root.get("/accounts/new").await.status, 200);
    let filled =
        [("Account name", "Second <b>"), ("Domains", "second.test\nshop.second.test"), ("Currency", "jpy")];
    let wrong = root.press("Create account", &[("Account name", "Second"), ("Domains", "//")]).await;
    assert_eq!(wrong.status, 422);
    assert!(wrong.body.contains("value=\"Second\"") && wrong.body.contains("is not a domain name."));
    let made = root.press("Create account", &filled).await;
    assert_eq!(made.location(), "/accounts/1000002/settings/tracking-code");
    let list = root.get("/accounts").await;
    assert!(list.body.contains("The account is created."), "said once");
    assert!(plain(&list.body).contains("Second <b> 1000002 Owner"), "{}", plain(&list.body));
    assert!(!root.get("/accounts").await.body.contains("The account is created."), "and not again");
    let account = site.app.accounts.list().remove(1);
    assert_eq!(account.settings().domains, ["second.test", "shop.second.test"]);
    assert_eq!(account.settings().currency, "JPY");
    let policy = &account.consent.as_ref().expect("the chosen one is opt-in in Europe").policy;
    assert_eq!(policy.rules, Preset::Europe.apply(&[]));
    let revision = consent::find(&site.app, account.id()).await.unwrap().unwrap();
    assert_eq!((revision.number, revision.user.as_deref()), (1, Some("root@example.com")));
    root.get("/accounts/new").await;
    let fields = [("name", "Third"), ("time_zone", "UTC"), ("currency", "EUR")];
    let refused = root.post("/accounts/new", &fields).await;
    assert_eq!(refused.status, 422);
    assert!(refused.body.contains("Choose what visitors are asked."), "{}", refused.body);
    let later = root.post("/accounts/new", &[&fields[..], &[("consent", "later")]].concat()).await;
    assert_eq!(later.status, 303);
    assert!(site.app.accounts.list().remove(2).consent.is_none());
}

/// Amounts are stored in minor units. A currency with another number of decimals would change all of them.
#[actix_web::test]
async fn a_currency_of_other_decimal_places_is_refused_where_values_are_counted() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    let page = format!("/accounts/{account}/settings/account");
    let save = async |code: &str| {
        admin.get(&page).await;
        admin.press("Save", &[("Currency", code)]).await
    };
    assert_eq!(save("JPY").await.status, 303, "nothing is counted yet");
    assert_eq!(save("EUR").await.status, 303);
    let typed = Typed { name: "Sale", value: "2.50", ..Typed::default() };
    definitions::create(&site.app, Actor::Machine, account, EventKind::Custom, &typed).await.unwrap();
    let refused = save("JPY").await;
    assert_eq!(refused.status, 422);
    assert!(
        plain(&refused.body).contains("“JPY” has a different number of decimal places"),
        "{}",
        plain(&refused.body)
    );
    assert_eq!(save("USD").await.status, 303, "as many of them");
    assert_eq!(site.app.accounts.find(account).unwrap().settings().currency, "USD");
}

#[actix_web::test]
async fn an_admin_changes_what_may_be_set_and_reports_use_it_at_once() {
    let site = TestApp::new().await;
    let account = site.account("Old name").await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    let page = format!("/accounts/{account}/settings/account");
    let shown = admin.get(&page).await;
    assert!(shown.body.contains("value=\"Old name\"") && shown.body.contains("site.test"));
    let filled = [("Account name", "New name"), ("Domains", "new.test"), ("Time zone", "America/New_York")];
    assert_eq!(admin.press("Save", &filled).await.location(), page);
    let entry = site.app.accounts.find(account).unwrap();
    let settings = entry.settings();
    assert_eq!(settings.name, "New name");
    assert_eq!(settings.domains, ["new.test"]);
    assert_eq!(settings.time_zone, "America/New_York");
    assert!(admin.get(&page).await.body.contains("Saved."));
    for (field, value, says) in [
        ("Account name", "", "Enter a name."),
        ("Account name", "é".repeat(101).as_str(), "Use at most 100 characters."),
        ("Time zone", "Mars/Base", "is not a time zone"),
        ("Currency", "xxxx", "is not a currency"),
    ] {
        admin.get(&page).await;
        let reply = admin.press("Save", &[(field, value)]).await;
        assert_eq!(reply.status, 422, "{field}");
        assert!(reply.body.contains(says), "{field}: {}", reply.body);
        assert!(reply.body.contains("Nothing was saved."), "{field}");
    }
    assert_eq!(site.app.accounts.find(account).unwrap().settings().name, "New name");
}

/// Each switch is saved by itself, shown again, and in the script of the account at once.
#[actix_web::test]
async fn an_admin_changes_how_the_sites_are_tracked() {
    /// Only a script that counts moves inside pages holds this.
    const MOVES: &str = "pushState";
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    let page = format!("/accounts/{account}/settings/advanced-tracking");
    // A word of its label, its name, its default, and the parameter of the script that has another value then.
    let switches = [
        ("Limit tracking", "limit_to_domains", false, "ownDomainsOnly"),
        ("Automatic cross-domain", "cross_domain_links", true, "linksCarry"),
        ("Separate cookies", "cookies_per_subdomain", false, "perSubdomain"),
        ("Cookies over HTTPS", "secure_cookies", false, "isSecure"),
        ("Count navigation", "moves_in_pages", true, MOVES),
        ("What follows #", "fragment_is_page", false, "fragmentIsPage"),
        ("Count a first view", "first_view_twice", false, "firstViewTwice"),
        ("Collect submitted forms", "collect_forms", false, "collects"),
    ];
    for (label, name, default, option) in switches {
        let is_on = |body: &str| body.contains(&format!("name=\"{name}\" value=\"on\" checked"));
        let has_option = |body: &str| match option {
            MOVES => body.contains(MOVES),
            parameter => setting(body, parameter) == 1,
        };
        assert_eq!(is_on(&admin.get(&page).await.body), default, "{name}");
        assert_eq!(has_option(&admin.get(&format!("/{account}.js")).await.body), default, "{option}");
        admin.get(&page).await;
        let reply = admin.press("Save", &[(label, if default { "" } else { "on" })]).await;
        assert_eq!(reply.location(), page, "{name}");
        assert_eq!(is_on(&admin.get(&page).await.body), !default, "{name}");
        assert_eq!(has_option(&admin.get(&format!("/{account}.js")).await.body), !default, "{option}");
    }
    let viewer = site.signed_in(account, "viewer@example.com", Role::Viewer).await;
    assert_eq!(viewer.get(&page).await.status, 403);
}

#[actix_web::test]
async fn colours_are_chosen_without_script() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let browser = site.signed_in(account, "a@example.com", Role::Viewer).await;
    assert!(browser.get("/profile").await.body.contains("data-theme=\"auto\""));
    let reply = browser.press("Apply", &[("Dark", "on")]).await;
    assert_eq!(reply.location(), "/profile");
    assert!(browser.follow(&reply).await.body.contains("data-theme=\"dark\""));
    assert_eq!(browser.post("/theme", &[("theme", "pink")]).await.status, 400);
}
