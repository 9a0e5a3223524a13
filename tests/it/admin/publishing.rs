//! Who may publish custom JavaScript (rules.md 28): owners, administrators with the permission, nobody else; and
//! who may give it.

use guestlog::app::access::users;
use guestlog::app::access::{Actor, Error as Access};
use guestlog::app::events::{custom_js, definitions};
use guestlog::domain::event::{EventKind, Status, Typed};
use guestlog::domain::user::Role;
use guestlog::store::definition;
use guestlog::store::member::Membership;

use crate::harness::app::TestApp;
use crate::harness::browser::plain;

fn typed<'a>(name: &'a str, custom_js: &'a str) -> Typed<'a> {
    Typed { name, custom_js, ..Typed::default() }
}

/// rules.md 28
#[actix_web::test]
async fn code_is_published_by_owners_and_by_admins_who_were_given_it() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let app = &site.app;
    let made =
        definitions::create(app, Actor::Machine, account, EventKind::Custom, &typed("Code", "first();"))
            .await
            .unwrap();
    for (role, publish_js, may) in [
        (Role::Editor, false, false),
        (Role::Editor, true, false),
        (Role::Admin, false, false),
        (Role::Admin, true, true),
        (Role::Owner, false, true),
    ] {
        let user = site.user(account, &format!("{}{publish_js}@example.com", role.as_str()), role).await;
        let what = Membership { role, show_emails: false, publish_js, website_settings: false };
        users::change(app, Actor::Machine, account, user, what, None).await.unwrap();
        let actor = Actor::User(user);
        let name = format!("{role:?} {publish_js}");
        let created =
            definitions::create(app, actor, account, EventKind::Custom, &typed(&name, "a();")).await;
        assert_eq!(created.is_ok(), may, "{name}");
        assert!(may || matches!(created, Err(definitions::Error::Publish)), "{name}: {created:?}");
        let renamed = format!("changed {name}");
        let update = async |code: &str| {
            definitions::update(app, actor, account, made, &typed(&renamed, code), None).await
        };
        let code = custom_js::code(app, account, made).await.unwrap();
        assert!(update(&code).await.is_ok(), "{name} changes the rest");
        assert!(update(&code.replace('\n', "\r\n")).await.is_ok());
        for changed in ["other();", ""] {
            assert_eq!(update(changed).await.is_ok(), may, "{name} {changed:?}");
        }
        let wrong = update("(;").await;
        let is_parsed = matches!(wrong, Err(definitions::Error::CustomJs { .. }));
        assert_eq!(is_parsed, may, "{name}: nothing is parsed for who may not publish it: {wrong:?}");
        if may {
            update("first();").await.unwrap();
        }
        assert_eq!(custom_js::code(app, account, made).await.unwrap(), "first();");
        let off = custom_js::set_custom_js(app, actor, account, false).await;
        assert_eq!(off.is_ok(), role >= Role::Admin, "{name}: any admin stops it");
        let on = custom_js::set_custom_js(app, actor, account, true).await;
        assert_eq!(on.is_ok(), may, "{name}");
    }
    let none = "select count(*) from event_definition where name like '%false' and name not like 'changed%'";
    let count = site
        .app
        .store
        .readers
        .read(|conn| Ok::<i64, guestlog::store::Error>(conn.query_row(none, [], |row| row.get(0))?));
    assert_eq!(count.unwrap(), 1, "only the owner's");
}

/// rules.md 28: the code of an archived event is not served, so restoring the event publishes it.
#[actix_web::test]
async fn an_event_with_code_is_restored_by_who_may_publish() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let app = &site.app;
    let mut made = Vec::new();
    for (name, code) in [("Code", "a();"), ("Plain", "")] {
        let kind = EventKind::Custom;
        made.push(definitions::create(app, Actor::Machine, account, kind, &typed(name, code)).await.unwrap());
    }
    let editor = site.signed_in(account, "editor@example.com", Role::Editor).await;
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let path = |n: usize| format!("/accounts/{account}/events/{}", made[n]);
    for event in [0, 1] {
        editor.get(&path(event)).await;
        assert_eq!(editor.post(&format!("{}/archive", path(event)), &[]).await.status, 303);
    }
    let shown = editor.get(&path(0)).await.body;
    assert!(!shown.contains("/restore\"") && plain(&shown).contains("would publish its custom JavaScript"));
    let refused = editor.post(&format!("{}/restore", path(0)), &[]).await;
    assert_eq!(refused.status, 400);
    assert!(plain(&refused.body).contains("which you are not allowed to do"), "{}", plain(&refused.body));
    let status = async |n: usize| {
        let (account, number) = (account, made[n]);
        app.store.read(move |conn| definition::find(conn, account, number)).await.unwrap().unwrap().status
    };
    assert_eq!(status(0).await, Status::Archived);
    editor.get(&path(1)).await;
    assert_eq!(editor.press("Restore", &[]).await.status, 303, "without code an editor may");
    owner.get(&path(0)).await;
    assert_eq!(owner.press("Restore", &[]).await.status, 303);
    assert_eq!(status(0).await, Status::Active);
}

#[actix_web::test]
async fn who_may_publish_reads_what_became_of_the_code() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let app = &site.app;
    let editor = site.signed_in(account, "editor@example.com", Role::Editor).await;
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let made =
        definitions::create(app, Actor::Machine, account, EventKind::Custom, &typed("Code", "one();")).await;
    let path = format!("/accounts/{account}/events/{}", made.unwrap());
    owner.get(&format!("{path}/edit")).await;
    owner.press("Save", &[("Custom JavaScript", "two('<b>');")]).await;
    let shown = plain(&owner.get(&path).await.body);
    let changes = shown.split("Custom JavaScript history").nth(1).unwrap();
    let places: Vec<usize> = [
        "owner@example.com",
        "Before one();",
        "After two('<b>');",
        "Command line",
        "No code",
        "After one();",
    ]
    .iter()
    .map(|part| changes.find(part).unwrap_or_else(|| panic!("{part} in {changes}")))
    .collect();
    assert!(places[..3].is_sorted() && places[3..].is_sorted() && places[0] < places[3], "{changes}");
    let hidden = plain(&editor.get(&path).await.body);
    assert!(!hidden.contains("Custom JavaScript history") && !hidden.contains("one();"), "{hidden}");
}

/// rules.md 28
#[actix_web::test]
async fn the_permission_is_given_by_who_has_it() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let app = &site.app;
    let admin = site.user(account, "admin@example.com", Role::Admin).await;
    let target = site.user(account, "target@example.com", Role::Admin).await;
    let owner = site.user(account, "owner@example.com", Role::Owner).await;
    let publisher =
        Membership { role: Role::Admin, show_emails: false, publish_js: true, website_settings: false };
    let give = async |by, to| users::change(app, Actor::User(by), account, to, publisher, None).await;
    assert!(matches!(give(admin, target).await, Err(Access::Publish)));
    assert!(matches!(give(admin, admin).await, Err(Access::Publish)), "nor to himself");
    let added = users::add(app, Actor::User(admin), account, "new@example.com", publisher, None).await;
    assert!(matches!(added, Err(Access::Publish)));
    give(owner, target).await.unwrap();
    give(admin, target).await.expect("what he has already he keeps");
    give(target, admin).await.expect("who has it may give it");
}

#[actix_web::test]
async fn the_pages_hold_the_switches() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let target = site.user(account, "target@example.com", Role::Admin).await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    let owner = site.signed_in(account, "owner@example.com", Role::Owner).await;
    let users = format!("/accounts/{account}/settings/users");
    let change = [("do", "change"), ("role", "admin"), ("publish_js", "on")];
    let of_target = format!("{users}/{}", target.0);
    admin.get(&users).await;
    let refused = admin.post(&of_target, &change).await;
    assert_eq!(refused.status, 422);
    assert!(
        plain(&refused.body).contains("You cannot publish custom JavaScript, so"),
        "{}",
        plain(&refused.body)
    );
    owner.get(&users).await;
    assert_eq!(owner.post(&of_target, &change).await.status, 303);
    let list = owner.get(&users).await.body;
    assert_eq!(list.matches("name=\"publish_js\" value=\"on\" checked").count(), 1, "{list}");

    let code = format!("/accounts/{account}/settings/tracking-code");
    owner.get(&code).await;
    let off = owner.press("Turn off", &[]).await;
    let shown = owner.follow(&off).await;
    assert!(plain(&shown.body).contains("Off. The tracking code does not load any custom JavaScript"));
    assert!(!site.app.accounts.find(account).unwrap().account.custom_js);
    admin.get(&code).await;
    assert_eq!(admin.press("Turn on", &[]).await.status, 403);
    assert_eq!(owner.press("Turn on", &[]).await.status, 303);
    assert_eq!(owner.post(&code, &[("custom_js", "maybe")]).await.status, 400);
}
