//! The same claims by other roads: images, robots, browsers that refused, other accounts, and headers.

use guestlog::domain::hit_reason::Reason;
use serde_json::json;

use super::{ADA, ADAS_BROWSER, BOB, MALLORY, PAGE, World};
use crate::harness::site::{post, query, with};

#[actix_web::test]
async fn an_image_without_script_forges_nothing() {
    let mut world = World::new().await;
    let own = world.key.sign(MALLORY);
    let said = query(&[("email", ADA), ("hmac", &own), ("plan", "none")]);
    let pairs = [("a", "1000001"), ("k", "1"), ("vi", "m1"), ("pu", PAGE), ("i", &*said)];
    assert_eq!(world.gif(&pairs).await.reason(), "wrong_signature");
    let said = query(&[("email", ADA), ("plan", "none")]);
    let event =
        query(&[("a", "1000001"), ("vi", "m2"), ("pu", PAGE), ("i", &said), ("n", "Sale"), ("_hmac", &own)]);
    world.get(&format!("/__ptbe.gif?{event}")).await;
    let hit = with(world.site.view("g", "m3", PAGE), "i", json!({"email": ADA, "hmac": own, "plan": "none"}));
    let answer = world.get(&format!("/__ptq.gif?{}", query(&[("gl_hit", &hit.to_string())]))).await;
    assert_eq!(answer.reason(), "wrong_signature");
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn a_call_with_a_forged_signature_names_nobody() {
    let mut world = World::new().await;
    let own = world.key.sign(MALLORY);
    for pairs in [
        vec![("email", ADA), ("hmac", &*own), ("plan", "none")],
        vec![("email", ADA), ("email", MALLORY), ("hmac", &own)],
        vec![("email", MALLORY), ("hmac", "00"), ("hmac", &own)],
    ] {
        let answer = world.get(&format!("/v1/event?_a=1000001&_n=Sale&_m=5&{}", query(&pairs))).await;
        assert_eq!((answer.status, answer.reason()), (200, "wrong_signature"), "{pairs:?}");
    }
    world.assert_unharmed(&[]).await;
    let nobodys = "select count(*) from event_unpacked where kind = 2 and visitor = 0";
    assert_eq!(world.site.ask::<i64>(nobodys), 3, "the completions are kept, and are nobody's");
}

#[actix_web::test]
async fn a_robot_and_a_browser_that_refused_identify_nobody() {
    let mut world = World::new().await;
    let said = json!({"email": MALLORY, "visitor": ADAS_BROWSER});
    let view = with(world.site.view("b", "m1", PAGE), "i", said);
    let robot = post().insert_header(("user-agent", "Googlebot/2.1 (+http://www.google.com/bot.html)"));
    assert_eq!(world.call(robot.set_payload(view.to_string())).await.reason(), "bot");
    for (field, value) in [("cc", json!("0")), ("ce", json!(false))] {
        assert_eq!(world.collect(&with(view.clone(), field, value)).await.reason(), "no_consent");
    }
    let quiet = post().insert_header(("cookie", "__hs_do_not_track=yes"));
    assert_eq!(world.call(quiet.set_payload(view.to_string())).await.reason(), "do_not_track");
    world.assert_unharmed(&[]).await;
}

#[actix_web::test]
async fn parameters_do_not_reach_another_account() {
    let mut world = World::new().await;
    let other = world.other;
    let said = query(&[("email", ADA), ("plan", "none")]);
    world.get(&format!("/v1/event?_a={other}&_a=1000001&_n=Sale&{said}")).await;
    world.get(&format!("/v1/event?_a={other}%26_a=1000001&_n=Sale&{said}")).await;
    world.get(&format!("/v1/event?_a={other}&_n=Sale&{said}&_a=1000001&a=1000001&account=1000001")).await;
    let body = format!(
        r#"{{"a":{other},"a":1000001,"k":1,"cc":15,"vi":"m","pu":"https://other.test/","i":{{"email":"{ADA}","plan":"none"}}}}"#
    );
    world.call(post().set_payload(body)).await;
    world.site.fold().await;
    let there = format!("select email from contact where account_id = {other}");
    assert_eq!(world.site.asks::<String>(&there), [ADA], "a person of the other account");
    assert_eq!(super::Known::of(&world.site), world.before);
}

#[actix_web::test]
async fn line_ends_in_parameters_make_no_headers() {
    let mut world = World::new().await;
    let line = "x\r\nSet-Cookie: guestlog=1\r\nX-Guestlog: ";
    for pairs in [
        [("_n", line), ("email", MALLORY)],
        [("_n", "Sale"), ("email", line)],
        [("_n", "Sale"), ("hmac", line)],
    ] {
        let answer = world.get(&format!("/v1/event?_a=1000001&{}", query(&pairs))).await;
        assert_eq!(answer.header("set-cookie"), "", "{pairs:?}");
        assert!(Reason::ALL.iter().any(|reason| reason.as_str() == answer.reason()), "{}", answer.reason());
    }
    let said = json!({"email": MALLORY, "firstname": line, "hmac": line});
    let answer = world.identify("mallory", said).await;
    assert_eq!((answer.header("set-cookie"), answer.reason()), ("", "wrong_signature"));
    world.assert_unharmed(&[MALLORY]).await;
}

#[actix_web::test]
async fn headers_and_cookies_identify_nobody() {
    let mut world = World::new().await;
    let view = world.site.view("h", "mallory", PAGE).to_string();
    let cookie = format!("hubspotutk={ADAS_BROWSER}; __hstc=1.{ADAS_BROWSER}.1.1.1.2; email={ADA}");
    let request = post()
        .insert_header(("cookie", cookie))
        .insert_header(("authorization", format!("Bearer {ADA}")))
        .insert_header(("x-forwarded-for", ADA))
        .insert_header(("from", ADA))
        .insert_header(("referer", format!("https://example.com/?email={ADA}&hmac=1")));
    assert_eq!(world.call(request.set_payload(view)).await.reason(), "stored");
    world.assert_unharmed(&[]).await;
    assert_eq!(world.contact_of("mallory"), None);
    let texts = format!("select count(*) from dictionary where value like '%{ADA}%'");
    assert_eq!(world.site.ask::<i64>(&texts), 0, "nor is the address kept as a text");
}

#[actix_web::test]
async fn the_page_view_of_another_is_not_changed() {
    let mut world = World::new().await;
    let own = format!("own-{ADAS_BROWSER}");
    let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "mallory", "pu": PAGE, "pv": own, "ms": 9_000,
        "cc": 15, "i": {"email": ADA, "plan": "none"}});
    world.collect(&engaged).await;
    world.assert_unharmed(&[]).await;
    assert_eq!(world.site.count(Reason::UnknownPageView), 1);
    assert_eq!(world.site.ask::<i64>("select coalesce(sum(engaged_ms), 0) from event_unpacked"), 0);
}

#[actix_web::test]
async fn a_batch_of_a_thousand_claims_is_refused_as_a_whole_or_harmless() {
    let mut world = World::new().await;
    let hit = |n: usize| {
        let email = if n.is_multiple_of(2) { ADA } else { BOB };
        with(
            world.site.view(&format!("n{n}"), &format!("m{}", n % 7), PAGE),
            "i",
            json!({"email": email, "plan": "none"}),
        )
    };
    let many = |n: usize| json!((0..n).map(hit).collect::<Vec<_>>());
    let (past, full) = (many(501), many(500));
    assert_eq!(world.collect(&past).await.status, 413);
    assert_eq!(world.collect(&full).await.reason(), "stored");
    world.assert_unharmed(&[]).await;
}
