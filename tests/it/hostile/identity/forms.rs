//! Forms, by which anybody says that he is somebody: with the token of another visitor, with fields that mean something
//! elsewhere, and by the way that needs a token.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::domain::user::Scope;
use serde_json::{Value, json};

use super::{ADA, ADAS_BROWSER, ADAS_ID, BLOCKED, BOB, BOBS_BROWSER, MALLORY, PAGE, World, secure, token};
use crate::harness::site::{FIREFOX, post, query, with};

fn body(pairs: &[(&str, &str)]) -> Value {
    let fields: Vec<_> = pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({ "fields": fields })
}

fn upload(pairs: &[(&str, &str)]) -> TestRequest {
    let request = TestRequest::default().method(Method::POST).uri("/uploads/form/v2/1000001/contact");
    request
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .insert_header(("user-agent", FIREFOX))
        .set_payload(query(pairs))
}

#[actix_web::test]
async fn a_form_replaces_nothing_that_is_verified() {
    let mut world = World::new().await;
    let pairs = [("email", ADA), ("firstname", "Mallory"), ("PLAN", "none"), ("city", "none")];
    assert_eq!(world.submit(&body(&pairs)).await.status, 200);
    assert_eq!(world.call(upload(&pairs)).await.status, 204);
    let fields: Vec<_> = pairs
        .iter()
        .map(|(name, value)| json!({"objectTypeId": "0-1", "name": name, "value": value}))
        .collect();
    assert_eq!(world.submit(&json!({ "fields": fields })).await.status, 200);
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn the_token_of_another_visitor_in_a_form_moves_no_history() {
    let mut world = World::new().await;
    for (email, hutk) in [(MALLORY, ADAS_BROWSER), (ADA, BOBS_BROWSER), (BOB, ADAS_BROWSER)] {
        let sent = with(
            body(&[("email", email), ("firstname", "Mallory")]),
            "context",
            json!({"hutk": hutk, "pageUri": PAGE}),
        );
        assert_eq!(world.submit(&sent).await.status, 200);
        world.site.fold().await;
        let context = json!({"hutk": hutk, "ipAddress": "192.0.2.7"}).to_string();
        assert_eq!(world.call(upload(&[("email", email), ("hs_context", &context)])).await.status, 204);
        world.site.fold().await;
    }
    world.assert_unharmed(&[MALLORY]).await;
    let views = "select group_concat(page_views, ' ') from (select page_views from contact where id in (1, 3) order by id)";
    assert_eq!(world.site.ask::<String>(views), "1 1", "both keep what they did");
}

#[actix_web::test]
async fn fields_with_the_names_of_the_script_say_nothing() {
    let mut world = World::new().await;
    let signature = world.key.sign(ADA);
    let pairs = [
        ("email", ADA),
        ("hmac", &*signature),
        ("id", "mine"),
        ("visitor", BOBS_BROWSER),
        ("verified", "1"),
        ("email_verified", "1"),
        ("firstname", "Mallory"),
        ("hs_object_id", "3"),
    ];
    world.submit(&body(&pairs)).await;
    world.call(upload(&pairs)).await;
    world.assert_unharmed(&[]).await;
    let token = "select count(*) from contact_property where name in ('hmac', 'id', 'visitor')";
    assert_eq!(world.site.ask::<i64>(token), 0);
}

#[actix_web::test]
async fn several_emails_in_one_form_merge_nobody() {
    let mut world = World::new().await;
    world.submit(&body(&[("email", ADA), ("email", BOB), ("Email", MALLORY)])).await;
    world.submit(&json!({"fields": [{"name": "email", "value": [ADA, BOB]}]})).await;
    world.submit(&json!({"fields": [{"name": "email", "value": BOB}, {"objectTypeId": "0-2", "name": "email", "value": ADA},
        {"objectTypeId": "0-3", "name": "email", "value": ADA}]})).await;
    world.call(upload(&[("email", BOB), ("email", ADA), ("hs_additional_emails", ADA)])).await;
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn the_way_that_needs_a_token_takes_nothing_without_a_right_one() {
    let mut world = World::new().await;
    let account = world.site.account;
    let sent = body(&[("email", ADA), ("firstname", "Mallory")]);
    let other = token(&world.site, world.other, &[Scope::CrmWrite]).await;
    let weak = token(&world.site, account, &[Scope::CrmRead, Scope::ReportsRead, Scope::EventsWrite]).await;
    let key = format!("Bearer {}", world.key.reveal());
    assert_eq!(world.call(secure(account, &sent)).await.status, 401);
    for (bearer, status) in [
        ("Bearer ".to_owned(), 401),
        ("Bearer gl_".to_owned() + &"0".repeat(64), 401),
        (key, 401),
        (other.replace("Bearer", "Basic"), 401),
        (other, 404),
        (weak, 403),
    ] {
        let answer =
            world.call(secure(account, &sent).insert_header(("authorization", bearer.clone()))).await;
        assert_eq!(answer.status, status, "{}", bearer.len());
    }
    // A token in the address is none.
    let right = token(&world.site, account, &[Scope::CrmWrite]).await;
    let right = right.strip_prefix("Bearer ").unwrap();
    for uri in [
        format!("access_token={right}"),
        format!("hapikey={right}"),
        format!("authorization=Bearer%20{right}"),
    ] {
        let uri = format!("/submissions/v3/integration/secure/submit/{account}/contact?{uri}");
        let request = TestRequest::default().method(Method::POST).uri(&uri).set_payload(sent.to_string());
        assert_eq!(world.call(request).await.status, 401);
    }
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_collected_form_says_no_more_than_a_browser_may() {
    let mut world = World::new().await;
    let fields = json!({"email": ADA, "firstname": "Mallory", "plan": "none", "hmac": "1", "id": ADAS_ID});
    let view =
        with(with(with(world.site.view("f", "mallory", PAGE), "k", "form"), "n", "contact"), "p", fields);
    let stolen = json!({"email": BOB, "hmac": world.key.sign(BOB)});
    assert_eq!(world.collect(&with(view, "i", stolen)).await.reason(), "stored");
    let sent = json!({"portalId": 1_000_001, "utk": BOBS_BROWSER, "uuid": "u1", "pageUrl": PAGE, "formSelectorId": "#f",
        "contactFields": {"email": ADA, "firstName": "Mallory", "lastName": "M"}});
    let request = TestRequest::default().method(Method::POST).uri("/collected-forms/submit/form");
    let request = request.insert_header(("user-agent", FIREFOX)).set_payload(sent.to_string());
    assert_eq!(world.call(request).await.reason(), "stored");
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_blocked_address_makes_nobody_and_is_not_told() {
    let mut world = World::new().await;
    let free = world.identify("m1", json!({"email": MALLORY})).await;
    let signature = world.key.sign(BLOCKED);
    for said in [
        json!({"email": BLOCKED}),
        json!({"email": BLOCKED.to_uppercase()}),
        json!({"email": BLOCKED, "hmac": signature}),
    ] {
        let answer = world.identify("m2", said).await;
        assert_eq!((answer.status, answer.bytes()), (free.status, free.bytes()));
    }
    world.get(&format!("/v1/event?_a=1000001&_n=Sale&email={BLOCKED}")).await;
    world.submit(&body(&[("email", BLOCKED)])).await;
    let hit = with(world.site.view("f", "m2", PAGE), "k", "form");
    world.call(post().set_payload(with(hit, "p", json!({"email": BLOCKED})).to_string())).await;
    world.assert_unharmed(&[MALLORY]).await;
    assert_eq!(world.site.count(guestlog::domain::hit_reason::Reason::BlockedEmail), 6);
    assert_eq!(world.contact_of("m2"), None);
}
