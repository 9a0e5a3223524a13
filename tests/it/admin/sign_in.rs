//! Signing in and out, what ends a sign-in, and how guessing passwords is slowed down.

use guestlog::app::access::Actor;
use guestlog::app::access::sign_in::{ABSOLUTE, BROWSERS_MAX, IDLE};
use guestlog::app::access::{sign_in, users};
use guestlog::app::state::sign_in_throttle::{ADDRESS, EMAIL, PAIR};
use guestlog::base::clock::{HOUR, SECOND};
use guestlog::domain::user::Role;
use guestlog::store;

use crate::harness::app::{PASSWORD, TestApp};

const ADA: &str = "ada@example.com";
const NEW: &str = "seven tall lighthouses hum";

#[actix_web::test]
async fn a_user_signs_in_and_out() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, ADA, Role::Viewer).await;
    let browser = site.browser();
    assert_eq!(browser.get("/").await.location(), "/sign-in?next=/");
    let reply = browser.try_sign_in(" Ada@Example.COM ", PASSWORD).await;
    assert_eq!((reply.status, reply.location()), (303, "/"));
    let cookie = browser.cookie("guestlog").unwrap();
    assert_eq!(browser.get("/").await.location(), "/accounts/1000001/dashboard");
    assert_eq!(browser.get("/sign-in").await.location(), "/", "signed in already");
    browser.get("/profile").await;
    let out = browser.press("Sign out", &[]).await;
    assert_eq!(out.location(), "/sign-in");
    assert!(browser.follow(&out).await.body.contains("You are signed out."));
    assert!(!browser.is_signed_in().await);
    browser.set_cookie("guestlog", &cookie);
    assert!(!browser.is_signed_in().await, "the cookie itself is worth nothing any more");
}

#[actix_web::test]
async fn wrong_password_unknown_email_disabled_and_invited_are_one_answer() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, ADA, Role::Owner).await;
    let gone = site.user(account, "gone@example.com", Role::Viewer).await;
    users::set_disabled(&site.app, Actor::Machine, gone, true).await.unwrap();
    let what = store::member::Membership {
        role: Role::Viewer,
        show_emails: false,
        publish_js: false,
        website_settings: false,
    };
    users::add(&site.app, Actor::Machine, account, "new@example.com", what, None).await.unwrap();
    let mut pages = Vec::new();
    for (email, password) in [
        (ADA, "not the password at all"),
        (ADA, ""),
        ("nobody@example.com", PASSWORD),
        ("gone@example.com", PASSWORD),
        ("new@example.com", ""),
        ("new@example.com", PASSWORD),
        ("no email", PASSWORD),
    ] {
        let browser = site.browser();
        let reply = browser.try_sign_in(email, password).await;
        assert_eq!(reply.status, 422, "{email}");
        assert!(reply.cookie("guestlog").is_none());
        assert!(reply.body.contains(&format!("value=\"{email}\"")), "what was typed is kept");
        let mut body = reply.body.replace(email, "");
        for secret in [browser.csrf(), nonce(&body)] {
            body = body.replace(&secret, "");
        }
        pages.push(body);
    }
    assert!(pages.windows(2).all(|pair| pair[0] == pair[1]));
}

fn nonce(body: &str) -> String {
    body.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_new_cookie_is_given_at_each_sign_in_and_the_old_one_ends() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let browser = site.signed_in(account, ADA, Role::Viewer).await;
    let first = browser.cookie("guestlog").unwrap();
    let fixed = "f".repeat(64);
    let other = site.browser();
    other.set_cookie("guestlog", &fixed);
    other.sign_in(ADA, PASSWORD).await;
    assert_ne!(other.cookie("guestlog").unwrap(), fixed, "a cookie put there before is not taken over");
    // A browser that is signed in can sign in again: the form still has the token of its page.
    let fields = [("email", ADA), ("password", PASSWORD)];
    let guest = site.browser();
    guest.get("/sign-in").await;
    guest.set_cookie("guestlog", &first);
    assert_eq!(guest.post("/sign-in", &fields).await.status, 303);
    assert_ne!(guest.cookie("guestlog").unwrap(), first);
    assert!(!browser.is_signed_in().await, "the one it took the place of has ended");
}

#[actix_web::test]
async fn a_sign_in_ends_when_idle_and_in_any_case() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let browser = site.signed_in(account, ADA, Role::Viewer).await;
    site.clock.advance(IDLE - 1);
    assert!(browser.is_signed_in().await);
    site.clock.advance(IDLE - 1);
    assert!(browser.is_signed_in().await, "seen meanwhile");
    site.clock.advance(IDLE);
    assert!(!browser.is_signed_in().await);
    browser.sign_in(ADA, PASSWORD).await;
    let (step, mut passed) = (IDLE - HOUR, 0);
    while passed + step < ABSOLUTE {
        site.clock.advance(step);
        passed += step;
        assert!(browser.is_signed_in().await, "after {passed}");
    }
    site.clock.advance(ABSOLUTE - passed - 1);
    assert!(browser.is_signed_in().await);
    site.clock.advance(1);
    assert!(!browser.is_signed_in().await);
    site.clock.advance(-10 * ABSOLUTE);
    browser.sign_in(ADA, PASSWORD).await;
    site.clock.advance(-ABSOLUTE);
    assert!(browser.is_signed_in().await, "a clock that goes back signs nobody out");
}

#[actix_web::test]
async fn disabling_a_user_ends_their_sign_ins_at_once() {
    let site = TestApp::new().await;
    let admin = site.server_admin("root@example.com").await;
    let account = site.app.accounts.list()[0].id();
    let id = site.user(account, ADA, Role::Viewer).await;
    let browser = site.browser();
    browser.sign_in(ADA, PASSWORD).await;
    admin.get(&format!("/accounts/{account}/settings/users")).await;
    let path = format!("/accounts/{account}/settings/users/{}", id.0);
    assert_eq!(admin.post(&path, &[("do", "disable")]).await.status, 303);
    assert!(!browser.is_signed_in().await);
    assert_eq!(browser.try_sign_in(ADA, PASSWORD).await.status, 422);
    assert_eq!(admin.post(&path, &[("do", "enable")]).await.status, 303);
    assert!(!browser.is_signed_in().await, "what has ended stays ended");
    browser.sign_in(ADA, PASSWORD).await;
}

#[actix_web::test]
async fn changing_the_password_ends_every_other_sign_in_and_gives_this_one_a_new_cookie() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let own = site.signed_in(account, ADA, Role::Viewer).await;
    let other = site.browser();
    other.sign_in(ADA, PASSWORD).await;
    let before = own.cookie("guestlog").unwrap();
    own.get("/profile").await;
    for (current, new, says) in [
        ("wrong", NEW, "This is not your current password."),
        (PASSWORD, "short", "Use at least 12 characters."),
        (PASSWORD, "ada@example.com", "easy to guess"),
    ] {
        let reply =
            own.press("Change password", &[("Current password", current), ("New password", new)]).await;
        assert_eq!(reply.status, 422);
        assert!(reply.body.contains(says), "{says}: {}", reply.body);
    }
    assert!(other.is_signed_in().await, "nothing has changed yet");
    let filled = [("Current password", PASSWORD), ("New password", NEW)];
    assert_eq!(own.press("Change password", &filled).await.status, 303);
    assert_ne!(own.cookie("guestlog").unwrap(), before);
    assert!(own.is_signed_in().await);
    assert!(!other.is_signed_in().await);
    own.set_cookie("guestlog", &before);
    assert!(!own.is_signed_in().await);
    assert_eq!(site.browser().try_sign_in(ADA, PASSWORD).await.status, 422);
    site.browser().sign_in(ADA, NEW).await;
}

#[actix_web::test]
async fn a_user_sees_their_own_browsers_and_ends_them() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let own = site.signed_in(account, ADA, Role::Viewer).await;
    let far = site.browser().with("user-agent", "Far \"><script>Browser");
    far.sign_in(ADA, PASSWORD).await;
    let third = site.browser().with("user-agent", "Third Browser");
    third.sign_in(ADA, PASSWORD).await;
    let stranger = site.signed_in(account, "eve@example.com", Role::Owner).await;
    let page = own.get("/profile").await;
    assert!(page.body.contains("Third Browser") && !page.body.contains("><script>B"), "{}", page.body);
    let ended = own.press("Sign out Third Browser", &[]).await;
    assert_eq!(ended.location(), "/profile");
    assert!(!third.is_signed_in().await && far.is_signed_in().await);
    let user = store_user(&site, ADA);
    let of_ada = sign_in::list(&site.app, user).await.unwrap();
    let far_id = of_ada.iter().find(|s| s.browser.starts_with("Far")).unwrap().id.0.to_string();
    stranger.get("/profile").await;
    assert_eq!(stranger.post("/profile/browsers", &[("browser", &far_id)]).await.status, 404);
    assert!(far.is_signed_in().await, "another user's browser is none of his");
    own.get("/profile").await;
    assert_eq!(own.press("Sign out everywhere else", &[]).await.status, 303);
    assert!(!far.is_signed_in().await && own.is_signed_in().await && stranger.is_signed_in().await);
}

#[actix_web::test]
async fn browsers_have_the_same_names_as_in_reports() {
    const CHROME: &str = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) \
        Chrome/140.0.0.0 Safari/537.36";
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let own = site.signed_in(account, ADA, Role::Viewer).await;
    let desk = site.browser().with("user-agent", CHROME);
    desk.sign_in(ADA, PASSWORD).await;
    let nameless = site.browser().with("user-agent", "");
    nameless.sign_in(ADA, PASSWORD).await;
    let page = own.get("/profile").await.body;
    assert!(page.contains(&format!("<bdi title=\"{CHROME}\">Chrome on Windows 10 or 11</bdi>")), "{page}");
    assert!(page.contains("<bdi>Unknown browser</bdi>"), "{page}");
    own.press("Sign out Chrome on Windows 10 or 11", &[]).await;
    assert!(!desk.is_signed_in().await && nameless.is_signed_in().await);
}

fn store_user(site: &TestApp, email: &str) -> guestlog::domain::user::UserId {
    let email = guestlog::domain::contact::Email::parse(email).unwrap();
    let user = site.app.store.readers.read(|conn| store::user::find_by_email(conn, &email)).unwrap();
    user.unwrap().id
}

#[actix_web::test]
async fn one_browser_too_many_signs_out_the_oldest() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let user = site.user(account, ADA, Role::Viewer).await;
    let first = site.browser();
    first.sign_in(ADA, PASSWORD).await;
    for _ in 1..BROWSERS_MAX {
        let link = sign_in::link(&site.app, user).await.unwrap();
        sign_in::by_link(&site.app, &link, "").await.unwrap();
    }
    assert!(first.is_signed_in().await);
    let link = sign_in::link(&site.app, user).await.unwrap();
    sign_in::by_link(&site.app, &link, "").await.unwrap();
    assert!(!first.is_signed_in().await);
}

#[actix_web::test]
async fn a_sign_in_link_works_once_for_an_hour_and_not_from_another_site() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let user = site.user(account, ADA, Role::Viewer).await;
    let fresh = || async { sign_in::link(&site.app, user).await.unwrap().reveal().to_owned() };
    let link = fresh().await;
    let path = format!("/sign-in/link?token={link}");
    let lured = site.browser().with("sec-fetch-site", "cross-site");
    assert_eq!(lured.get(&path).await.status, 403);
    let browser = site.browser();
    assert_eq!(browser.get(&path).await.location(), "/");
    assert!(browser.is_signed_in().await);
    assert_eq!(site.browser().get(&path).await.status, 410);
    let late = fresh().await;
    site.clock.advance(sign_in::LINK_LIFE);
    assert_eq!(site.browser().get(&format!("/sign-in/link?token={late}")).await.status, 410);
    assert_eq!(site.browser().get("/sign-in/link").await.status, 410);
}

#[actix_web::test]
async fn guessing_is_slowed_and_nobody_is_locked_out() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, ADA, Role::Viewer).await;
    let thief = site.browser().at("203.0.113.66");
    for _ in 0..=PAIR.free {
        assert_eq!(thief.try_sign_in(ADA, "a guess that is wrong").await.status, 422);
    }
    let turned_away = thief.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(turned_away.status, 429, "not even looked at");
    assert_eq!(turned_away.header("retry-after"), "1");
    assert!(turned_away.body.contains("Try again in a second"), "{}", turned_away.body);
    site.browser().at("198.51.100.7").sign_in(ADA, PASSWORD).await;
    assert_eq!(thief.try_sign_in("other@example.com", "x").await.status, 422, "one email is not all");
    site.clock.advance(SECOND);
    thief.sign_in(ADA, PASSWORD).await;
    let afresh = site.browser().at("203.0.113.66");
    assert_eq!(afresh.try_sign_in(ADA, "wrong again, but afresh").await.status, 422);
}

#[actix_web::test]
async fn the_right_password_of_a_disabled_user_is_slowed_like_a_wrong_one() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, "owner@example.com", Role::Owner).await;
    let ada = site.user(account, ADA, Role::Viewer).await;
    users::set_disabled(&site.app, Actor::Machine, ada, true).await.unwrap();
    for _ in 0..=PAIR.free {
        assert_eq!(site.browser().try_sign_in(ADA, PASSWORD).await.status, 422);
    }
    assert_eq!(site.browser().try_sign_in(ADA, PASSWORD).await.status, 429);
}

#[actix_web::test]
async fn a_thousand_addresses_do_not_keep_the_owner_out() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, ADA, Role::Viewer).await;
    // Enough failures to slow down this email for every sender. They are recorded directly, because hashing so many
    // passwords would take too long.
    for sender in 0..u64::from(EMAIL.free) + 20 {
        site.app
            .sign_in_throttle
            .begin(ADA, sender, guestlog::base::clock::Clock::now(&*site.clock))
            .unwrap();
    }
    let own = site.browser();
    own.sign_in(ADA, PASSWORD).await;
    let mistyped = site.browser().at("198.51.100.8");
    assert_eq!(mistyped.try_sign_in(ADA, "mistyped this once").await.status, 422);
    let wait = mistyped.try_sign_in(ADA, PASSWORD).await;
    assert_eq!(wait.status, 429);
    let seconds: i64 = wait.header("retry-after").parse().unwrap();
    assert!((1..=60).contains(&seconds), "{seconds}");
    site.clock.advance(seconds * SECOND);
    mistyped.sign_in(ADA, PASSWORD).await;
}

#[actix_web::test]
async fn one_address_is_slowed_whatever_the_email() {
    let site = TestApp::new().await;
    for n in 0..=ADDRESS.free {
        let reply = site.browser().try_sign_in(&format!("{n}@example.com"), "sprayed password").await;
        assert_eq!(reply.status, 422, "{n}");
    }
    assert_eq!(site.browser().try_sign_in("last@example.com", "sprayed password").await.status, 429);
    assert_eq!(site.browser().at("198.51.100.9").try_sign_in("last@example.com", "x").await.status, 422);
}

#[actix_web::test]
async fn guessing_the_current_password_of_an_open_page_is_slowed_too() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let browser = site.signed_in(account, ADA, Role::Viewer).await;
    browser.get("/profile").await;
    let mut last = 0;
    for _ in 0..PAIR.free + 2 {
        let filled = [("current", "a guess that is wrong"), ("new", NEW)];
        last = browser.post("/profile/password", &filled).await.status;
    }
    assert_eq!(last, 429);
}

#[actix_web::test]
async fn after_sign_in_the_browser_goes_back_to_a_page_of_ours_only() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, ADA, Role::Admin).await;
    let browser = site.browser();
    let address = format!("/accounts/{account}/settings/tokens?x=1&y=a%20b");
    let sent = browser.get(&address).await;
    assert!(sent.location().starts_with("/sign-in?next=/accounts/"), "{}", sent.location());
    browser.follow(&sent).await;
    let back = browser.press("Sign in", &[("Email", ADA), ("Password", PASSWORD)]).await;
    assert_eq!(back.location(), address);
    for evil in [
        "//evil.test",
        "https://evil.test/",
        "/\\evil.test",
        "%2F%2Fevil.test",
        "\\\\evil.test",
        "/%09/evil.test",
        "javascript:alert(1)",
        "/%0d%0aSet-Cookie:x=1",
        "evil.test",
        "http:evil.test",
        "///evil.test",
    ] {
        let browser = site.browser();
        browser.get(&format!("/sign-in?next={evil}")).await;
        let reply = browser.press("Sign in", &[("Email", ADA), ("Password", PASSWORD)]).await;
        assert_eq!(reply.location(), "/", "{evil}");
        let signed_in = browser.get(&format!("/sign-in?next={evil}")).await;
        assert_eq!(signed_in.location(), "/", "{evil}");
        let browser = site.browser();
        browser.get("/sign-in").await;
        // The path after the query parser has decoded it.
        let evil = &evil.replace("%09", "\t").replace("%0d%0a", "\r\n").replace("%2F", "/");
        let fields = [("email", ADA), ("password", PASSWORD), ("next", evil)];
        assert_eq!(browser.post("/sign-in", &fields).await.location(), "/", "{evil}");
        browser.get("/profile").await;
        let theme = [("theme", "dark"), ("back", evil)];
        assert_eq!(browser.post("/theme", &theme).await.location(), "/", "{evil}");
    }
}

#[actix_web::test]
async fn a_wrong_password_keeps_the_way_back() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, ADA, Role::Admin).await;
    let browser = site.browser();
    browser.get("/sign-in?next=/accounts").await;
    browser.press("Sign in", &[("Email", ADA), ("Password", "not this one")]).await;
    let reply = browser.press("Sign in", &[("Password", PASSWORD)]).await;
    assert_eq!(reply.location(), "/accounts");
}
