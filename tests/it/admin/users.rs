//! The users of an account: roles, owners, links, and what administrators of one account cannot do to another.

use guestlog::app::access::users;
use guestlog::app::access::{Actor, Error};
use guestlog::domain::account::AccountId;
use guestlog::domain::user::{Role, USERS_MAX, UserId};
use guestlog::store::member::Membership;

use crate::harness::app::{PASSWORD, TestApp};
use crate::harness::browser::{Browser, plain};

const NEW: &str = "seven tall lighthouses hum";

fn page(account: AccountId) -> String {
    format!("/accounts/{account}/settings/users")
}

async fn role_of(site: &TestApp, account: AccountId, user: UserId) -> Option<Role> {
    let all = users::list(&site.app, account).await.unwrap();
    all.into_iter().find(|(u, _)| u.id == user).map(|(_, what)| what.role)
}

fn shown_link(body: &str) -> String {
    let text = body.split("<code id=\"link\">").nth(1).expect("a link is shown").split('<').next().unwrap();
    text.split_once("guestlog.test").unwrap().1.to_owned()
}

async fn set_role(browser: &Browser, account: AccountId, user: UserId, role: &str) -> u16 {
    browser.get(&page(account)).await;
    let path = format!("{}/{}", page(account), user.0);
    browser.post(&path, &[("do", "change"), ("role", role)]).await.status
}

#[actix_web::test]
async fn a_new_user_chooses_a_password_by_a_link() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    admin.get(&page(account)).await;
    let shown = admin.press("Add user", &[("Email", "Grace@Example.com"), ("Editor", "on")]).await;
    assert_eq!(shown.status, 200);
    assert!(
        plain(&shown.body).contains("Grace@Example.com can use it to choose a password"),
        "{}",
        shown.body
    );
    let link = shown_link(&shown.body);
    let again = admin.get(&page(account)).await;
    assert!(again.body.contains("No password yet") && !again.body.contains("token="), "shown only once");
    let grace = site.browser();
    assert_eq!(grace.get(&link).await.status, 200);
    let weak = grace.press("Save and sign in", &[("New password", "grace@example")]).await;
    assert_eq!(weak.status, 422);
    assert!(weak.body.contains("easy to guess"));
    let signed_in = grace.press("Save and sign in", &[("New password", NEW)]).await;
    assert_eq!(signed_in.status, 303, "{}", signed_in.body);
    let home = grace.follow(&signed_in).await;
    assert_eq!(home.location(), format!("/accounts/{account}/dashboard"));
    let said = grace.get("/profile").await;
    assert!(said.body.contains("Your password is changed"), "a redirect on the way has not said it");
    assert!(!grace.get("/profile").await.body.contains("Your password is changed"), "once");
    assert_eq!(site.browser().get(&link).await.status, 410, "used up");
    site.browser().sign_in("grace@example.com", NEW).await;
}

#[actix_web::test]
async fn a_link_expires_and_a_newer_one_ends_it() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let grace = site.user(account, "grace@example.com", Role::Viewer).await;
    let make = || async { users::link(&site.app, Actor::Machine, account, grace).await.unwrap() };
    let status = |secret: guestlog::base::secret::Secret| {
        let browser = site.browser();
        async move { browser.get(&format!("/reset?token={}", secret.reveal())).await.status }
    };
    let (old, new) = (make().await, make().await);
    assert_eq!(status(old).await, 410);
    assert_eq!(status(new.clone()).await, 200);
    site.clock.advance(users::LINK_LIFE - 1);
    assert_eq!(status(new.clone()).await, 200);
    site.clock.advance(1);
    assert_eq!(status(new).await, 410);
}

#[actix_web::test]
async fn a_link_is_given_for_ones_own_people_only() {
    let site = TestApp::new().await;
    let root = site.server_admin("root@example.com").await;
    let a = site.app.accounts.list()[0].id();
    let b = site.account("B").await;
    let of_both = site.user(a, "both@example.com", Role::Viewer).await;
    site.user(b, "both@example.com", Role::Viewer).await;
    let own = site.user(b, "own@example.com", Role::Editor).await;
    let boss = site.user(b, "boss@example.com", Role::Owner).await;
    let root_id =
        users::list(&site.app, a).await.unwrap().into_iter().find(|(u, _)| u.server_admin).unwrap().0.id;
    let what =
        Membership { role: Role::Viewer, show_emails: false, publish_js: false, website_settings: false };
    users::add(&site.app, Actor::Machine, b, "root@example.com", what, None).await.unwrap();
    let admin = site.signed_in(b, "admin@example.com", Role::Admin).await;
    for (user, status) in [(own, 200), (of_both, 403), (boss, 403), (root_id, 403)] {
        admin.get(&page(b)).await;
        let reply = admin.post(&format!("{}/{}", page(b), user.0), &[("do", "link")]).await;
        assert_eq!(reply.status, status, "{user:?}");
        assert_eq!(reply.body.contains("token="), status == 200);
    }
    root.get(&page(b)).await;
    let by_root = root.post(&format!("{}/{}", page(b), of_both.0), &[("do", "link")]).await;
    assert_eq!(by_root.status, 200, "a server admin may");
}

#[actix_web::test]
async fn a_known_user_is_added_and_keeps_their_password() {
    let site = TestApp::new().await;
    let (a, b) = (site.account("A").await, site.account("B").await);
    let admin = site.signed_in(a, "admin@example.com", Role::Admin).await;
    site.user(b, "grace@example.com", Role::Owner).await;
    admin.get(&page(a)).await;
    let filled = [("Email", "grace@example.com"), ("Viewer", "on")];
    let reply = admin.press("Add user", &filled).await;
    assert_eq!(reply.location(), page(a));
    admin.get(&page(a)).await;
    let twice = admin.press("Add user", &filled).await;
    assert_eq!(twice.status, 422);
    assert!(twice.body.contains("already belongs to the account"));
    let grace = site.browser();
    grace.sign_in("grace@example.com", PASSWORD).await;
    let list = grace.get("/accounts").await;
    assert!(plain(&list.body).contains("A 1000001 Viewer B 1000002 Owner"), "{}", plain(&list.body));
}

/// rules.md 28
#[actix_web::test]
async fn only_owners_make_and_change_owners() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    let viewer = site.user(account, "viewer@example.com", Role::Viewer).await;
    let other = site.user(account, "other@example.com", Role::Owner).await;
    assert_eq!(set_role(&admin, account, viewer, "owner").await, 403);
    assert_eq!(set_role(&admin, account, other, "viewer").await, 403);
    let path = format!("{}/{}", page(account), other.0);
    assert_eq!(admin.post(&path, &[("do", "remove")]).await.status, 403);
    let add = [("email", "new@example.com"), ("role", "owner")];
    assert_eq!(admin.post(&page(account), &add).await.status, 403);
    assert_eq!(set_role(&admin, account, viewer, "admin").await, 303);
    assert_eq!(set_role(&owner, account, viewer, "owner").await, 303);
    assert_eq!(role_of(&site, account, viewer).await, Some(Role::Owner));
    assert_eq!(set_role(&owner, account, viewer, "king").await, 403);
}

#[actix_web::test]
async fn an_account_keeps_an_owner_who_can_sign_in() {
    let site = TestApp::new().await;
    let root = site.server_admin("root@example.com").await;
    let account = site.account("A").await;
    let owner = site.user(account, "owner@example.com", Role::Owner).await;
    root.get(&page(account)).await;
    let path = format!("{}/{}", page(account), owner.0);
    for fields in [vec![("do", "remove")], vec![("do", "change"), ("role", "admin")], vec![("do", "disable")]]
    {
        let reply = root.post(&path, &fields).await;
        assert_eq!(reply.status, 422, "{fields:?}");
        assert!(reply.body.contains("An account needs at least one owner."), "{fields:?}");
    }
    let second = site.user(account, "second@example.com", Role::Owner).await;
    users::set_disabled(&site.app, Actor::Machine, second, true).await.unwrap();
    assert_eq!(root.post(&path, &[("do", "remove")]).await.status, 422, "a disabled owner is none");
    users::set_disabled(&site.app, Actor::Machine, second, false).await.unwrap();
    assert_eq!(root.post(&path, &[("do", "remove")]).await.status, 303);
    assert_eq!(role_of(&site, account, owner).await, None);
}

#[actix_web::test]
async fn one_server_admin_always_remains_and_only_server_admins_disable_users() {
    let site = TestApp::new().await;
    let root = site.server_admin("root@example.com").await;
    let account = site.app.accounts.list()[0].id();
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let root_id = users::list(&site.app, account)
        .await
        .unwrap()
        .into_iter()
        .find(|(u, _)| u.server_admin)
        .unwrap()
        .0
        .id;
    let viewer = site.user(account, "viewer@example.com", Role::Viewer).await;
    owner.get(&page(account)).await;
    let of = |user: UserId| format!("{}/{}", page(account), user.0);
    assert_eq!(owner.post(&of(viewer), &[("do", "disable")]).await.status, 403);
    root.get(&page(account)).await;
    let own = root.post(&of(root_id), &[("do", "disable")]).await;
    assert!(own.body.contains("You cannot disable yourself."), "{}", own.body);
    let by_machine = users::set_disabled(&site.app, Actor::Machine, root_id, true).await;
    assert!(matches!(by_machine, Err(Error::LastServerAdmin)), "{by_machine:?}");
}

#[actix_web::test]
async fn a_changed_role_holds_from_the_next_request() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let id = site.user(account, "grace@example.com", Role::Admin).await;
    let grace = site.browser();
    grace.sign_in("grace@example.com", PASSWORD).await;
    assert_eq!(grace.get(&page(account)).await.status, 200);
    assert_eq!(set_role(&owner, account, id, "viewer").await, 303);
    assert!(!grace.is_signed_in().await, "a new role asks for a new sign-in");
    grace.sign_in("grace@example.com", PASSWORD).await;
    assert_eq!(grace.get(&page(account)).await.status, 403);
    owner.get(&page(account)).await;
    let path = format!("{}/{}", page(account), id.0);
    assert_eq!(owner.post(&path, &[("do", "remove")]).await.status, 303);
    assert_eq!(grace.get(&page(account)).await.status, 404, "as if there were no such account");
}

#[actix_web::test]
async fn a_user_who_lowers_their_own_role_gets_a_new_cookie() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    site.user(account, "other@example.com", Role::Owner).await;
    let own = site.user(account, "own@example.com", Role::Owner).await;
    let (here, there) = (site.browser(), site.browser());
    here.sign_in("own@example.com", PASSWORD).await;
    there.sign_in("own@example.com", PASSWORD).await;
    let before = here.cookie("guestlog").unwrap();
    assert_eq!(set_role(&here, account, own, "admin").await, 303);
    assert_ne!(here.cookie("guestlog").unwrap(), before);
    assert!(here.is_signed_in().await && !there.is_signed_in().await);
    let leave = format!("{}/{}", page(account), own.0);
    here.get(&page(account)).await;
    assert_eq!(here.post(&leave, &[("do", "remove")]).await.location(), "/accounts");
    assert!(plain(&here.get("/accounts").await.body).contains("No accounts yet"));
}

#[actix_web::test]
async fn an_account_takes_as_many_users_as_it_may_and_not_one_more() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let fill = move |conn: &guestlog::store::Connection| {
        for n in 0..USERS_MAX - 1 {
            let email = guestlog::domain::contact::Email::parse(&format!("u{n}@example.com")).unwrap();
            let user = guestlog::store::user::insert(conn, &email, None, false, crate::harness::app::NOW)?;
            let what = Membership {
                role: Role::Viewer,
                show_emails: false,
                publish_js: false,
                website_settings: false,
            };
            guestlog::store::member::upsert(conn, user, account, what)?;
        }
        Ok::<_, guestlog::store::Error>(())
    };
    site.app.store.writer.write(fill).await.unwrap();
    let what =
        Membership { role: Role::Viewer, show_emails: false, publish_js: false, website_settings: false };
    let add = |email: &'static str| users::add(&site.app, Actor::Machine, account, email, what, None);
    assert!(add("last@example.com").await.is_ok());
    assert!(matches!(add("more@example.com").await, Err(Error::Full)));
}

#[actix_web::test]
async fn what_is_done_to_users_stands_in_the_audit() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let id = site.user(account, "grace@example.com", Role::Viewer).await;
    set_role(&owner, account, id, "editor").await;
    owner.post(&format!("{}/{}", page(account), id.0), &[("do", "remove")]).await;
    let rows: Vec<(String, String)> = site
        .app
        .store
        .readers
        .read(|conn| {
            let mut rows = conn.prepare("select action, detail from audit order by id")?;
            let rows = rows.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
            Ok::<_, guestlog::store::Error>(rows.collect::<Result<_, _>>()?)
        })
        .unwrap();
    let has = |action: &str, detail: &str| rows.iter().any(|(a, d)| a == action && d == detail);
    assert!(has("sign_in", "") && has("user.change", &format!("user {} editor", id.0)), "{rows:?}");
    assert!(has("user.remove", &format!("user {} editor", id.0)), "{rows:?}");
    assert!(rows.iter().all(|(_, detail)| !detail.contains('@')), "no email in the audit");
}
