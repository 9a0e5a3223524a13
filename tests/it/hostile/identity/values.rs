//! Statements without a signature about people who are known: their verified values, ids, revenue and histories.

use guestlog::domain::contact::PROPERTIES_MAX;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::user::Scope;
use serde_json::{Value, json};

use super::{ADA, ADAS_BROWSER, ADAS_ID, BOB, BOBS_BROWSER, MALLORY, PAGE, World, secure, token};
use crate::harness::site::with;

#[actix_web::test]
async fn the_email_of_a_verified_contact_from_another_browser_changes_nothing_verified() {
    let mut world = World::new().await;
    let said = json!({"email": ADA, "firstname": "Mallory", "plan": "none", "shoe": "44"});
    assert_eq!(world.identify("mallory", said).await.reason(), "stored");
    world.assert_unharmed(&[]).await;
    let asserted = "select name || '=' || value from contact_property where verified = 0 order by 1";
    assert_eq!(
        world.site.asks::<String>(asserted),
        ["shoe=44"],
        "what nobody said before is kept as asserted"
    );
}

#[actix_web::test]
async fn names_of_properties_written_otherwise_reach_no_verified_value() {
    let mut world = World::new().await;
    let names = [
        "FIRSTNAME",
        "FirstName",
        " firstname",
        "firstname ",
        "firstname\u{0}",
        "plan\t",
        "PLAN",
        "\u{feff}plan",
        "__proto__",
        "constructor",
        "contact.plan",
        "email ",
        "E\u{200b}mail",
        "verified",
        "state",
        "number",
    ];
    for (n, name) in names.iter().enumerate() {
        world.identify(&format!("m{n}"), json!({"email": ADA, (*name): "none"})).await;
    }
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_flood_of_properties_pushes_out_nothing() {
    let mut world = World::new().await;
    for round in 0..3 {
        let many = (0..=PROPERTIES_MAX).map(|n| (format!("p{round}x{n}"), Value::from("x".repeat(200))));
        let mut said: serde_json::Map<String, Value> = many.collect();
        said.insert("email".to_owned(), ADA.into());
        world.identify(&format!("m{round}"), Value::from(said)).await;
    }
    let huge = json!({"email": ADA, "plan": "x".repeat(200_000)});
    assert_eq!(world.identify("m9", huge).await.status, 413);
    world.assert_unharmed(&[]).await;
    let count = "select count(*) from contact_property where contact_id = 1";
    assert_eq!(world.site.ask::<i64>(count), PROPERTIES_MAX as i64);
    // And keeps nothing verified out.
    let body = json!({"fields": [{"name": "email", "value": ADA}, {"name": "tier", "value": "plan-gold"}]});
    let secret = token(&world.site, world.site.account, &[Scope::CrmWrite]).await;
    world.call(secure(world.site.account, &body).insert_header(("authorization", secret))).await;
    world.site.fold().await;
    let tier = "select verified from contact_property where contact_id = 1 and name = 'tier'";
    assert_eq!(world.site.asks::<i64>(tier), [1]);
    assert_eq!(world.site.ask::<i64>(count), PROPERTIES_MAX as i64);
    let gone = "select count(*) from contact_property_history where contact_id = 1 and verified = 0";
    assert_eq!(world.site.ask::<i64>(gone), 1, "what gave way is in the history");
}

#[actix_web::test]
async fn two_verified_contacts_are_not_merged_by_what_a_browser_says() {
    let mut world = World::new().await;
    for n in 0..4 {
        let email = if n % 2 == 0 { ADA } else { BOB };
        let other = if n % 2 == 0 { BOBS_BROWSER } else { ADAS_BROWSER };
        world.identify("mallory", json!({"email": email, "visitor": other, "id": "bobs"})).await;
    }
    // Two emails in one identity, and two identities in one batch.
    world.identify("m2", json!({"email": format!("{ADA};{BOB}")})).await;
    let hits = [ADA, BOB]
        .map(|email| with(world.site.view(&format!("b{email}"), "m3", PAGE), "i", json!({"email": email})));
    world.collect(&json!(hits)).await;
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn the_token_of_another_visitor_moves_no_history() {
    let mut world = World::new().await;
    world.identify(BOBS_BROWSER, json!({"email": MALLORY})).await;
    world.assert_unharmed(&[MALLORY]).await;
    let views = "select page_views from contact where id = 3";
    assert_eq!(world.site.ask::<i64>(views), 1, "Bob keeps what he did");
    let own = "select page_views from contact where id = 4";
    assert_eq!(world.site.ask::<i64>(own), 1, "and the attacker gets what he sent himself");
}

#[actix_web::test]
async fn the_token_of_another_visitor_in_a_cookie_or_a_link_moves_no_history() {
    let mut world = World::new().await;
    let cookie = format!("1.{ADAS_BROWSER}.1.1.1.9");
    let view = with(with(world.site.view("c", "", PAGE), "vi", ""), "u", cookie);
    world.collect(&with(view, "i", json!({"email": MALLORY}))).await;
    world.identify("mallory", json!({"email": MALLORY, "visitor": ADAS_BROWSER})).await;
    world.identify("m2", json!({"visitor": BOBS_BROWSER})).await;
    world.assert_unharmed(&[MALLORY]).await;
    assert_eq!(world.contact_of("m2"), None);
    assert_eq!(world.site.ask::<i64>("select page_views from contact where id = 1"), 1);
}

#[actix_web::test]
async fn the_external_id_of_another_is_not_taken_over() {
    let mut world = World::new().await;
    // The id of Ada with an email of one's own, and an id of one's own with Ada's email.
    world.identify("mallory", json!({"email": MALLORY, "id": ADAS_ID})).await;
    world.identify("m2", json!({"email": ADA, "id": "mine"})).await;
    world.get(&format!("/v1/event?_a=1000001&_n=Login&email={ADA}&id=mine")).await;
    world.assert_unharmed(&[MALLORY]).await;
    let completions = "select completions from contact where id = 1";
    let before = world.site.ask::<i64>(completions);
    world.get(&format!("/v1/event?_a=1000001&_n=Login&id={ADAS_ID}")).await;
    world.get("/v1/event?_a=1000001&_n=Login&id=mine").await;
    world.assert_unharmed(&[MALLORY]).await;
    assert_eq!(world.site.ask::<i64>(completions), before + 1, "what comes with her id is still hers");
}

#[actix_web::test]
async fn an_external_id_that_was_claimed_before_its_owner_came_is_still_the_owners() {
    let mut world = World::new().await;
    world.identify("mallory", json!({"email": MALLORY, "id": "ext-next"})).await;
    world.site.fold().await;
    let next = "next@example.test";
    let said = json!({"email": next, "id": "ext-next", "hmac": world.key.sign(next)});
    world.identify("next", said).await;
    world.get("/v1/event?_a=1000001&_n=Paid&_m=5&id=ext-next").await;
    world.assert_unharmed(&[MALLORY, next]).await;
    let paid = "select group_concat(email || ' ' || completions, ', ') from (select * from contact where id > 3 order by id)";
    assert_eq!(world.site.ask::<String>(paid), format!("{MALLORY} 0, {next} 1"));
}

#[actix_web::test]
async fn an_id_alone_creates_nobody() {
    let mut world = World::new().await;
    for uri in [
        "/v1/event?_a=1000001&_n=Login&id=nobody",
        "/v1/event?_a=1000001&_n=Login&id=nobody&firstname=Eve",
        "/v1/event?_a=1000001&_n=Login&id=nobody&email=",
        "/v1/event?_a=1000001&_n=Login&id=nobody&email=no",
    ] {
        assert_eq!(world.get(uri).await.status, 200, "{uri}");
    }
    world.identify("mallory", json!({"id": "nobody", "firstname": "Eve"})).await;
    world.identify("m2", json!({"id": ADAS_ID, "firstname": "Eve"})).await;
    world.assert_unharmed(&[]).await;
    assert_eq!((world.contact_of("mallory"), world.contact_of("m2")), (None, None), "an id ties no browser");
}

#[actix_web::test]
async fn revenue_that_is_only_said_stays_apart() {
    let mut world = World::new().await;
    let completion = world.site.completion("r1", "mallory", "Sale", 999_999);
    world.collect(&with(completion, "i", json!({"email": ADA}))).await;
    for value in ["-777", "5", "1e12", "NaN", "-1e12"] {
        world.get(&format!("/v1/event?_a=1000001&_n=Sale&_m={value}&email={ADA}")).await;
        world.get(&format!("/v1/event?_a=1000001&_n=Sale&_m={value}&id={ADAS_ID}")).await;
    }
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_signature_does_not_verify_revenue() {
    let mut world = World::new().await;
    let signature = world.key.sign(BOB);
    let completion = world.site.completion("r1", "bob2", "Sale", 50);
    world.collect(&with(completion, "i", json!({"email": BOB, "hmac": signature}))).await;
    world.get(&format!("/v1/event?_a=1000001&_n=Sale&_m=20&email={BOB}&hmac={signature}")).await;
    world.assert_unharmed(&[]).await;
    let revenue = "select revenue_minor || ' ' || revenue_asserted_minor from contact where id = 3";
    assert_eq!(world.site.ask::<String>(revenue), "0 7000");
}

#[actix_web::test]
async fn look_alike_addresses_are_contacts_of_their_own() {
    let mut world = World::new().await;
    let alike = [
        ADA.replacen('a', "а", 1),
        ADA.replace("victim", "vіctim"),
        ADA.replace('@', "+x@"),
        format!("x{ADA}"),
    ];
    for (n, email) in alike.iter().enumerate() {
        world.identify(&format!("m{n}"), json!({"email": email, "plan": "none"})).await;
    }
    let mut alike: Vec<&str> = alike.iter().map(String::as_str).collect();
    alike.sort_unstable();
    world.assert_unharmed(&alike).await;
}

#[actix_web::test]
async fn other_ways_to_write_an_address_change_nothing_verified() {
    let mut world = World::new().await;
    let ways = [
        ADA.to_uppercase(),
        format!("{ADA}."),
        format!("\t{ADA}\n"),
        ADA.replace("victim", "ＶＩＣＴＩＭ"),
        ADA.replace("victim.", "victim。"),
    ];
    for (n, email) in ways.iter().enumerate() {
        world
            .identify(&format!("m{n}"), json!({"email": email, "plan": "none", "firstname": "Mallory"}))
            .await;
    }
    // In quotes, with a remark, with a name: not read at all.
    for email in [
        format!("\"{}\"@victim.test", "ada.7731"),
        format!("Ada <{ADA}>"),
        format!("{ADA}(x)"),
        format!("{ADA}.."),
    ] {
        world.identify("mallory", json!({"email": email})).await;
    }
    world.assert_unharmed(&[]).await;
    assert_eq!(world.contact_of("mallory"), None);
    assert_eq!(world.contact_of("m0"), Some(1), "they are her address, and what they say is asserted");
}

#[actix_web::test]
async fn a_beacon_that_is_sent_again_with_another_identity_is_not_read() {
    let mut world = World::new().await;
    let id = format!("own-{BOBS_BROWSER}");
    let view = world.site.view(&id, BOBS_BROWSER, PAGE);
    world.collect(&with(view.clone(), "i", json!({"email": MALLORY}))).await;
    world
        .collect(&with(with(view, "vi", "mallory"), "i", json!({"email": ADA, "firstname": "Mallory"})))
        .await;
    world.assert_unharmed(&[]).await;
    assert_eq!(world.site.count(Reason::Duplicate), 2);
    assert_eq!(world.contact_of(BOBS_BROWSER), Some(3));
}
