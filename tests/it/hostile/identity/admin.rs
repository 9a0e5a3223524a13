//! Attacks on the pages where people are merged, addresses blocked and keys shown.

use guestlog::app::access::{Actor, identity_keys};
use guestlog::domain::user::{Role, Scope};
use guestlog::store;
use serde_json::json;

use crate::admin::events::Fixture;
use crate::harness::browser::Browser;

/// Ada, Bob and Carol, of whom Carol was merged into Ada, and a key.
async fn fixture() -> Fixture {
    let fixture = Fixture::new().await;
    for browser in ["ada", "bob", "carol"] {
        let said = json!({"i": {"email": format!("{browser}@example.test")}});
        fixture.view(browser, "/", said).await;
    }
    fixture.json("contacts").await;
    fixture.get("contacts/1/merge?with=3").await;
    assert_eq!(fixture.editor.press("Merge contacts", &[]).await.status, 303);
    identity_keys::renew(&fixture.site.app, Actor::Machine, fixture.account).await.unwrap();
    fixture
}

async fn state(fixture: &Fixture) -> Vec<String> {
    let ask = |conn: &store::Connection| {
        let sql = "select 'contact ' || id || ' ' || state || ' ' || email from contact
                   union all select 'alias ' || alias_id || ' ' || contact_id from contact_alias
                   union all select 'blocked ' || email from blocked_email
                   union all select 'key ' || current_key || coalesce(former_key, '') from identity_key
                   union all select 'signed only ' || signed_only from account
                   order by 1";
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<String>, _>>()?)
    };
    fixture.site.app.store.read(ask).await.unwrap()
}

/// What changes whom the account believes, with the fields that would do it.
const CHANGES: [(&str, &[(&str, &str)]); 8] = [
    ("contacts/1/merge", &[("with", "2")]),
    ("contacts/1/undo-merge", &[("alias", "3")]),
    ("contacts/2/block", &[]),
    ("contacts/blocked", &[("email", "ada@example.test")]),
    ("contacts/blocked", &[("unblock", "1")]),
    ("settings/identity", &[("do", "renew")]),
    ("settings/identity", &[("do", "drop")]),
    ("settings/identity", &[("do", "accept"), ("signed_only", "on")]),
];

#[actix_web::test]
async fn another_site_merges_undoes_and_blocks_nobody() {
    let fixture = fixture().await;
    let owner = fixture.site.signed_in(fixture.account, "owner@site.test", Role::Owner).await;
    let before = state(&fixture).await;
    owner.get("/profile").await;
    let csrf = owner.csrf();
    let stranger = fixture.site.browser();
    stranger.get("/sign-in").await;
    let foreign = stranger.csrf();
    for (path, fields) in CHANGES {
        let path = fixture.path(path);
        for (token, header) in [
            (csrf.as_str(), ("origin", "https://evil.test")),
            (csrf.as_str(), ("sec-fetch-site", "cross-site")),
            (foreign.as_str(), ("origin", "http://guestlog.test")),
            ("", ("origin", "http://guestlog.test")),
        ] {
            let fields: Vec<_> = [("csrf", token)].into_iter().chain(fields.iter().copied()).collect();
            assert_eq!(owner.post_raw(&path, &fields, &[header]).await.status, 403, "{path} {header:?}");
        }
        // A link or an image changes nothing either.
        let query: Vec<String> = fields.iter().map(|(name, value)| format!("{name}={value}")).collect();
        owner.get(&format!("{path}?{}&csrf={csrf}", query.join("&"))).await;
    }
    assert_eq!(state(&fixture).await, before);
}

#[actix_web::test]
async fn who_has_not_the_role_merges_undoes_and_blocks_nobody() {
    let fixture = fixture().await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let token = fixture.token(&Scope::ALL).await;
    let stranger = {
        let other = fixture.site.account("Other").await;
        fixture.site.signed_in(other, "owner@other.test", Role::Owner).await
    };
    let before = state(&fixture).await;
    let ask = async |browser: &Browser, path: &str, fields: &[(&str, &str)]| {
        browser.get("/profile").await;
        browser.post(&fixture.path(path), fields).await.status
    };
    for (path, fields) in CHANGES {
        assert_eq!(ask(&viewer, path, fields).await, 403, "{path}");
        assert_eq!(ask(&stranger, path, fields).await, 404, "{path}");
        assert!([303, 401, 403].contains(&ask(&token, path, fields).await), "{path}");
    }
    // An editor blocks and merges, and has no say about keys.
    for (path, fields) in CHANGES.iter().filter(|(path, _)| path.starts_with("settings")) {
        assert_eq!(ask(&fixture.editor, path, fields).await, 403, "{path}");
    }
    assert_eq!(state(&fixture).await, before);
}

#[actix_web::test]
async fn undoing_a_merge_again_and_again_changes_nothing_more() {
    let fixture = fixture().await;
    fixture.get("contacts/1").await;
    let path = fixture.path("contacts/1/undo-merge");
    assert_eq!(fixture.editor.post(&path, &[("alias", "3")]).await.status, 303);
    let before = state(&fixture).await;
    for (contact, alias) in
        [("1", "3"), ("3", "1"), ("1", "2"), ("1", "1"), ("1", "99"), ("1", "-3"), ("1", "x"), ("99", "3")]
    {
        fixture.get("contacts/1").await;
        let path = fixture.path(&format!("contacts/{contact}/undo-merge"));
        let status = fixture.editor.post(&path, &[("alias", alias)]).await.status;
        assert!([400, 404].contains(&status), "{contact} {alias}: {status}");
    }
    assert_eq!(state(&fixture).await, before);
}

#[actix_web::test]
async fn the_identity_key_is_shown_to_admins_and_stands_nowhere_else() {
    let fixture = fixture().await;
    let found = identity_keys::find(&fixture.site.app, Actor::Machine, fixture.account).await.unwrap();
    let key = found.unwrap().0.current.reveal().to_owned();
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    assert!(admin.get(&fixture.path("settings/identity")).await.body.contains(&key));
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let token = fixture.token(&Scope::ALL).await;
    for browser in [&fixture.editor, &viewer, &token, &fixture.site.browser()] {
        for path in [
            "settings/identity",
            "settings/identity?format=json",
            "settings/tracking-code",
            "contacts",
            "live",
        ] {
            let reply = browser.get(&fixture.path(path)).await;
            assert!(!reply.body.contains(&key), "{path}");
        }
    }
    let audit = |conn: &store::Connection| {
        let mut statement = conn.prepare("select action || ' ' || detail from audit")?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<String>, _>>()?)
    };
    let audit = fixture.site.app.store.read(audit).await.unwrap();
    assert!(
        audit.contains(&"identity_key.create ".to_owned()) && !audit.join(" ").contains(&key),
        "{audit:?}"
    );
}
