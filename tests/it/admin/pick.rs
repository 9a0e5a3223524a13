//! The element picker: a token belongs to one account, works once and for ten minutes, and only the user who
//! started it gets the result (rules.md 30).

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::events::element_picker::{self, Choice, Error, LIFE};
use guestlog::domain::account::AccountId;
use guestlog::domain::event::{EventKind, SELECTOR_MAX};
use guestlog::domain::user::Role;
use serde_json::{Value, json};

use crate::harness::app::{Reply, TestApp};
use crate::harness::browser::plain;

async fn post_pick(site: &TestApp, body: &Value) -> Reply {
    let request = TestRequest::default()
        .method(Method::POST)
        .uri("/pick")
        .insert_header(("origin", "https://site.test"))
        .insert_header(("content-type", "text/plain"))
        .set_payload(body.to_string());
    site.call(request, "203.0.113.7:40000".parse().unwrap()).await
}

async fn confirm(site: &TestApp, token: &str) -> u16 {
    post_pick(site, &json!({ "token": token })).await.status
}

async fn choose(site: &TestApp, token: &str, selector: &str) -> u16 {
    post_pick(site, &json!({ "token": token, "selector": selector })).await.status
}

async fn start(site: &TestApp, actor: Actor, account: AccountId) -> (i64, String) {
    started_for(site, actor, account, "").await
}

async fn started_for(site: &TestApp, actor: Actor, account: AccountId, key: &str) -> (i64, String) {
    let page = "https://www.site.test/shop";
    let started =
        element_picker::start(&site.app, actor, account, EventKind::Click, page, key).await.unwrap();
    let (page, token) = started.address.split_once("#guestlog-pick=").unwrap();
    assert_eq!((page, token.len()), ("https://www.site.test/shop", 33));
    (started.number, token.to_owned())
}

/// rules.md 30
#[actix_web::test]
async fn a_token_is_confirmed_once_and_takes_one_choice() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let actor = Actor::User(site.user(account, "editor@example.com", Role::Editor).await);
    let (number, token) = start(&site, actor, account).await;
    let choice = async || element_picker::choice(&site.app, actor, account, number).await.unwrap();
    assert_eq!(choose(&site, &token, "#early").await, 404, "not before it is confirmed");
    let answer = post_pick(&site, &json!({ "token": token })).await;
    assert_eq!((answer.status, answer.body.as_str()), (204, ""));
    assert_eq!(
        (answer.header("access-control-allow-origin"), answer.header("cache-control")),
        ("*", "no-store")
    );
    assert_eq!(confirm(&site, &token).await, 404, "once");
    assert_eq!(choice().await, Choice::Waiting);
    let long = "a".repeat(SELECTOR_MAX + 1);
    for wrong in ["", " ", "a\u{0}b", &long] {
        assert_eq!(choose(&site, &token, wrong).await, 404, "{wrong:?}");
    }
    let hostile = "</script><img src=x onerror=alert(1)>";
    assert_eq!(choose(&site, &token, hostile).await, 204);
    assert_eq!(choose(&site, &token, "#other").await, 404, "one choice");
    assert_eq!(choice().await, Choice::Picked(hostile.to_owned()));
    let stored = site.app.store.readers.read(|conn| {
        Ok::<Vec<u8>, guestlog::store::Error>(conn.query_row("select hash from pick", [], |row| row.get(0))?)
    });
    assert_ne!(stored.unwrap(), token.as_bytes(), "only its hash is kept");
}

/// rules.md 30
#[actix_web::test]
async fn a_token_works_for_ten_minutes() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let actor = Actor::User(site.user(account, "editor@example.com", Role::Editor).await);
    let (first, late) = start(&site, actor, account).await;
    let (second, slow) = start(&site, actor, account).await;
    assert_eq!(element_picker::latest(&site.app, actor, account, "").await.unwrap(), Some(second));
    site.clock.advance(LIFE - 1);
    assert_eq!(confirm(&site, &slow).await, 204);
    site.clock.advance(1);
    assert_eq!(confirm(&site, &late).await, 404);
    assert_eq!(choose(&site, &slow, "#a").await, 404);
    assert_eq!(element_picker::choice(&site.app, actor, account, first).await.unwrap(), Choice::Gone);
    assert_eq!(element_picker::latest(&site.app, actor, account, "").await.unwrap(), None);
    start(&site, actor, account).await;
    let left = site.app.store.readers.read(|conn| {
        Ok::<i64, guestlog::store::Error>(conn.query_row("select count(*) from pick", [], |row| row.get(0))?)
    });
    assert_eq!(left.unwrap(), 1, "what is over is forgotten");
}

/// rules.md 30
#[actix_web::test]
async fn each_form_gets_the_element_picked_for_it() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let actor = Actor::User(site.user(account, "editor@example.com", Role::Editor).await);
    let (one, token) = started_for(&site, actor, account, "one").await;
    let (two, _) = started_for(&site, actor, account, "two").await;
    let latest = async |key| element_picker::latest(&site.app, actor, account, key).await.unwrap();
    assert_eq!((latest("one").await, latest("two").await), (Some(one), Some(two)));
    assert_eq!((latest("").await, latest("three").await), (None, None));
    confirm(&site, &token).await;
    choose(&site, &token, "#a").await;
    let choice = async |number| element_picker::choice(&site.app, actor, account, number).await.unwrap();
    assert_eq!((choice(one).await, choice(two).await), (Choice::Picked("#a".to_owned()), Choice::Waiting));
    let (again, _) = started_for(&site, actor, account, "one").await;
    assert_eq!(latest("one").await, Some(again));
    let begin = async |length| {
        let key = "k".repeat(length);
        element_picker::start(&site.app, actor, account, EventKind::Click, "https://site.test/", &key).await
    };
    assert!(begin(element_picker::KEY_MAX).await.is_ok());
    assert!(matches!(begin(element_picker::KEY_MAX + 1).await, Err(Error::Key)));
}

/// rules.md 30
#[actix_web::test]
async fn a_pick_that_is_cancelled_is_over() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let actor = Actor::User(site.user(account, "editor@example.com", Role::Editor).await);
    let (number, token) = start(&site, actor, account).await;
    let cancel = async || post_pick(&site, &json!({"token": token, "cancelled": true})).await.status;
    let choice = async || element_picker::choice(&site.app, actor, account, number).await.unwrap();
    assert_eq!(cancel().await, 404, "not before it is confirmed");
    confirm(&site, &token).await;
    assert_eq!(choice().await, Choice::Waiting);
    assert_eq!(cancel().await, 204);
    assert_eq!(choice().await, Choice::Gone);
    assert_eq!(
        element_picker::latest(&site.app, actor, account, "").await.unwrap(),
        Some(number),
        "and known as over"
    );
    assert_eq!((choose(&site, &token, "#late").await, cancel().await), (404, 404));
}

/// rules.md 28, 30
#[actix_web::test]
async fn only_editors_pick_on_their_own_sites_and_nobody_else_learns_the_result() {
    let site = TestApp::new().await;
    let (account, other) = (site.account("A").await, site.account("B").await);
    let editor = Actor::User(site.user(account, "editor@example.com", Role::Editor).await);
    let colleague = Actor::User(site.user(account, "owner@example.com", Role::Owner).await);
    let viewer = Actor::User(site.user(account, "viewer@example.com", Role::Viewer).await);
    let begin = async |actor, account, page| {
        element_picker::start(&site.app, actor, account, EventKind::Form, page, "")
            .await
            .map(|started| started.address)
    };
    let page = "https://site.test/";
    assert!(matches!(begin(viewer, account, page).await, Err(Error::Access(_))));
    assert!(matches!(begin(editor, other, page).await, Err(Error::Access(_))));
    assert!(matches!(begin(Actor::Machine, account, page).await, Err(Error::Access(_))));
    assert!(matches!(begin(editor, account, "https://evil.test/").await, Err(Error::Foreign(_))));
    assert!(matches!(begin(editor, account, "javascript:alert(1)").await, Err(Error::Address)));
    assert!(begin(editor, account, page).await.unwrap().contains("#guestlog-pick=f"));
    let (number, token) = start(&site, editor, account).await;
    confirm(&site, &token).await;
    choose(&site, &token, "#mine").await;
    for (actor, account) in [(colleague, account), (editor, other)] {
        assert_eq!(element_picker::choice(&site.app, actor, account, number).await.unwrap(), Choice::Gone);
    }
}

#[actix_web::test]
async fn a_malformed_request_is_rejected() {
    let site = TestApp::new().await;
    for body in [json!(null), json!([]), json!({}), json!({"token": 7}), json!({"token": "x".repeat(20_000)})]
    {
        assert_eq!(post_pick(&site, &body).await.status, 400, "{body:.60}");
    }
    for token in ["", "x", &"0".repeat(33), &"0".repeat(65)] {
        assert_eq!(confirm(&site, token).await, 404, "{token}");
        assert_eq!(choose(&site, token, "#a").await, 404, "{token}");
    }
    let preflight = TestRequest::default().method(Method::OPTIONS).uri("/pick");
    assert_eq!(site.call(preflight, "203.0.113.7:40000".parse().unwrap()).await.status, 204);
}

#[actix_web::test]
async fn the_picker_is_one_script_with_its_texts_inside() {
    let site = TestApp::new().await;
    let script = site.browser().get("/pick.js").await;
    assert_eq!(
        (script.status, script.header("content-type")),
        (200, "application/javascript; charset=utf-8")
    );
    assert!(script.body.contains("Anton Medvedev") && script.body.contains("\"Use selector\""));
    assert!(!script.body.contains("\nexport "));
    let again = site.browser().with("if-none-match", script.header("etag")).get("/pick.js").await;
    assert_eq!(again.status, 304);
}

#[actix_web::test]
async fn the_form_opens_the_site_through_a_page_or_gets_its_address() {
    let site = TestApp::new().await;
    let account = site.account("A").await;
    let editor = site.signed_in(account, "editor@example.com", Role::Editor).await;
    let path = format!("/accounts/{account}/events/pick");
    editor.get("/profile").await;
    let page = editor.post(&path, &[("url", "https://site.test/a?b=1&c"), ("kind", "click")]).await;
    assert_eq!(page.status, 200);
    let entry = page.body.split("aria-current=\"page\"").nth(1).unwrap();
    assert!(plain(&entry[..entry.find("</li>").unwrap()]).contains("Events"), "it belongs to the events");
    assert_eq!(
        page.body.matches("https://site.test/a?b=1&#38;c#guestlog-pick=c").count(),
        2,
        "{}",
        page.body
    );
    for (url, says) in
        [("", "This is not a page address"), ("https://evil.test/\"><script>", "is not one of the domains")]
    {
        editor.get("/profile").await;
        let refused = editor.post(&path, &[("url", url)]).await;
        assert_eq!(refused.status, 422);
        assert!(
            plain(&refused.body).contains(says) && !refused.body.contains("guestlog-pick"),
            "{}",
            refused.body
        );
    }
    let data = site.browser().with("accept", "application/json");
    data.sign_in("editor@example.com", crate::harness::app::PASSWORD).await;
    editor.get("/profile").await;
    let latest = editor.get(&format!("{path}/latest?format=json")).await.json();
    assert_eq!(latest, json!({"number": 1, "open": true, "selector": null}));
    editor.get("/profile").await;
    editor.post(&path, &[("url", "https://site.test/"), ("key", "mine")]).await;
    let mine = editor.get(&format!("{path}/latest?format=json&key=mine")).await.json();
    assert_eq!(mine, json!({"number": 2, "open": true, "selector": null}));
    let others = editor.get(&format!("{path}/latest?format=json&key=other")).await.json();
    assert_eq!(others, json!({"number": null, "open": false, "selector": null}));
    let gone = editor.get(&format!("{path}/99?format=json")).await.json();
    assert_eq!(gone, json!({"number": 99, "open": false, "selector": null}));
}
