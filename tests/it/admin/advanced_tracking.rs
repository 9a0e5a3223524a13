//! The settings under advanced tracking: what is refused, what is remembered of a change, who may change them, and the
//! links that leave out one's own visits.

use guestlog::app::access::{Actor, Error as Access, accounts, users};
use guestlog::app::events::element_picker::LIFE;
use guestlog::app::events::own_visits::{self, Wish};
use guestlog::domain::account::AccountId;
use guestlog::domain::exclusions::Exclusions;
use guestlog::domain::tracking::Tracking;
use guestlog::domain::user::Role;
use guestlog::store::member::Membership;

use crate::harness::app::{PASSWORD, TestApp};
use crate::harness::browser::{Browser, plain};

async fn begin(role: Role) -> (TestApp, AccountId, Browser) {
    let site = TestApp::new().await;
    let account = site.account("own").await;
    site.user(account, "ada@example.com", role).await;
    let browser = site.browser();
    browser.sign_in("ada@example.com", PASSWORD).await;
    (site, account, browser)
}

fn path(account: AccountId) -> String {
    format!("/accounts/{account}/settings/advanced-tracking")
}

#[actix_web::test]
async fn lists_are_kept_and_wrong_entries_lose_nothing_that_was_typed() {
    let (site, account, browser) = begin(Role::Admin).await;
    let page = path(account);
    browser.get(&page).await;
    let wrong = [
        ("excluded_addresses", "10.0.0.0/8\n10.0.0.0/40"),
        ("excluded_referrers", "spam.example"),
        ("removed_parameters", "a=b"),
        ("secure_cookies", "on"),
    ];
    let answer = browser.post(&page, &wrong).await;
    assert_eq!(answer.status, 422);
    let text = plain(&answer.body);
    assert!(text.contains("“10.0.0.0/40” is not an IP address or range"), "{text}");
    assert!(text.contains("“a=b” is not the name of a parameter"), "{text}");
    assert!(answer.body.contains("10.0.0.0/8\n10.0.0.0/40") && answer.body.contains("spam.example"));
    let entry = || site.app.accounts.find(account).unwrap();
    assert_eq!((*entry().tracking(), entry().exclusions().clone()), Default::default());

    let right = [
        ("excluded_addresses", "10.0.0.0/8 192.0.2.1"),
        ("excluded_referrers", "https://Spam.example/"),
        ("removed_parameters", "Customer"),
        ("secure_cookies", "on"),
        ("cross_domain_links", "on"),
        ("moves_in_pages", "on"),
        ("contact_properties", "on"),
    ];
    assert_eq!(browser.post(&page, &right).await.status, 303);
    let exclusions = entry().exclusions().clone();
    assert_eq!(exclusions.referrers, ["spam.example"]);
    assert_eq!(exclusions.parameters, ["customer"]);
    assert_eq!(exclusions.addresses.len(), 2);
    assert!(entry().tracking().secure_cookies && !entry().tracking().click_autocapture);
    let shown = browser.get(&page).await.body;
    assert!(shown.contains("10.0.0.0/8\n192.0.2.1</textarea>"), "{shown}");
}

#[actix_web::test]
async fn each_change_is_remembered_with_who_made_it() {
    let (site, account, browser) = begin(Role::Admin).await;
    let page = path(account);
    assert!(plain(&browser.get(&page).await.body).contains("Nothing was changed yet."));
    let on = Tracking { collect_forms: true, ..Tracking::default() };
    accounts::update_tracking(&site.app, Actor::Machine, account, on, Exclusions::default()).await.unwrap();
    let fields = [
        ("cross_domain_links", "on"),
        ("moves_in_pages", "on"),
        ("click_autocapture", "on"),
        ("contact_properties", "on"),
        ("excluded_addresses", "10.0.0.0/8"),
    ];
    browser.post(&page, &fields).await;
    let text = plain(&browser.get(&page).await.body);
    for row in [
        "IP addresses Added 10.0.0.0/8 ada@example.com",
        "Collect submitted forms From on to off ada@example.com",
        "Collect submitted forms From off to on Command line, or a deleted user",
    ] {
        assert!(text.contains(row), "{row}: {text}");
    }
    assert_eq!(accounts::tracking_changes(&site.app, account, 20).await.unwrap().len(), 3);
    browser.post(&page, &fields).await;
    assert_eq!(accounts::tracking_changes(&site.app, account, 20).await.unwrap().len(), 3, "nothing changed");
    assert_eq!(accounts::tracking_changes(&site.app, account, 2).await.unwrap().len(), 2);
}

/// rules.md 28
#[actix_web::test]
async fn admins_may_change_them_and_editors_who_were_given_it() {
    let site = TestApp::new().await;
    let account = site.account("own").await;
    let page = path(account);
    for (role, website_settings, may) in [
        (Role::Viewer, true, false),
        (Role::Editor, false, false),
        (Role::Editor, true, true),
        (Role::Admin, false, true),
        (Role::Owner, false, true),
    ] {
        let email = format!("{}{website_settings}@example.com", role.as_str());
        let user = site.user(account, &email, role).await;
        let what = Membership { role, show_emails: false, publish_js: false, website_settings };
        users::change(&site.app, Actor::Machine, account, user, what, None).await.unwrap();
        let browser = site.browser();
        browser.sign_in(&email, PASSWORD).await;
        assert_eq!(browser.get(&page).await.status, if may { 200 } else { 403 }, "{email}");
        let nav = browser.get(&format!("/accounts/{account}/settings/tracking-code")).await.body;
        assert_eq!(nav.contains(&format!("href=\"{page}\"")), may, "{email}");
        assert_eq!(browser.post(&page, &[]).await.status, if may { 303 } else { 403 }, "{email}");
        let fields = [("url", "https://example.com/"), ("do", "leave_out")];
        let link = browser.post(&format!("{page}/own-visits"), &fields).await.status;
        assert_eq!(link != 403, may, "{email}: {link}");
        let actor = Actor::User(user);
        let (tracking, none) = (Tracking::default(), Exclusions::default());
        let changed = accounts::update_tracking(&site.app, actor, account, tracking, none).await;
        assert_eq!(changed.is_ok(), may, "{email}");
        assert!(may || matches!(changed, Err(Access::Denied)), "{email}: {changed:?}");
        let link = own_visits::link(&site.app, actor, account, "https://own.test/", Wish::LeaveOut).await;
        assert!(may || link.is_err(), "{email}");
    }
}

#[actix_web::test]
async fn an_admin_gives_the_permission_on_the_page_of_users() {
    let (site, account, browser) = begin(Role::Admin).await;
    let user = site.user(account, "eve@example.com", Role::Editor).await;
    let users = format!("/accounts/{account}/settings/users");
    browser.get(&users).await;
    let change = [("do", "change"), ("role", "editor"), ("website_settings", "on")];
    assert_eq!(browser.post(&format!("{users}/{}", user.0), &change).await.status, 303);
    let list = browser.get(&users).await.body;
    assert_eq!(list.matches("name=\"website_settings\" value=\"on\" checked").count(), 1, "{list}");
}

#[actix_web::test]
async fn a_link_works_once_for_ten_minutes_and_on_the_own_sites_only() {
    let (site, account, browser) = begin(Role::Admin).await;
    let domain = site.app.accounts.find(account).unwrap().settings().domains[0].clone();
    let page = path(account);
    let create = async |url: &str, what: &str| {
        browser.get(&page).await;
        browser.post(&format!("{page}/own-visits"), &[("url", url), ("do", what)]).await
    };
    assert_eq!(create("https://elsewhere.test/", "leave_out").await.status, 422);
    assert_eq!(create("no page", "leave_out").await.status, 422);
    assert_eq!(create(&domain, "other").await.status, 400);
    for (what, letter, wish) in [("leave_out", 'o', Wish::LeaveOut), ("count", 'b', Wish::Count)] {
        let answer = create(&format!("https://{domain}/a"), what).await;
        assert_eq!(answer.status, 200);
        let mark = format!("https://{domain}/a#guestlog-own-visits=");
        let text = answer.body;
        let token: String =
            text.split(&mark).nth(1).unwrap().chars().take_while(char::is_ascii_alphanumeric).collect();
        assert!(token.starts_with(letter) && token.len() == 33, "{token}");
        let other = token.replacen(letter, if letter == 'o' { "b" } else { "o" }, 1);
        assert_eq!(own_visits::redeem(&site.app, &other).await.unwrap(), None, "the letter is a part of it");
        assert_eq!(own_visits::redeem(&site.app, &token).await.unwrap(), Some(wish));
        assert_eq!(own_visits::redeem(&site.app, &token).await.unwrap(), None, "it works once");
    }
    let actor = Actor::User(site.user(account, "eve@example.com", Role::Admin).await);
    let link = async || own_visits::link(&site.app, actor, account, &domain, Wish::LeaveOut).await.unwrap();
    let token = |link: String| link.rsplit('=').next().unwrap().to_owned();
    let (first, second) = (token(link().await), token(link().await));
    site.clock.advance(LIFE - 1);
    assert!(own_visits::redeem(&site.app, &first).await.unwrap().is_some());
    site.clock.advance(1);
    assert!(own_visits::redeem(&site.app, &second).await.unwrap().is_none());
}
