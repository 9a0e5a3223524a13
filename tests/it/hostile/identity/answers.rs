//! Answers, headers and scripts from which somebody would learn whether a person is known, or more.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use serde_json::json;

use super::{ADA, ADAS_BROWSER, ADAS_ID, BLOCKED, BOB, BOBS_BROWSER, CAROL, World};
use crate::harness::site::{FIREFOX, post, query, with};

/// Nobody has heard of it; as long as Ada's.
const NOBODY: &str = "eve.00000@nobody.test";

#[actix_web::test]
async fn known_and_unknown_persons_get_the_same_answers_byte_for_byte() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for (n, email) in [NOBODY, ADA, BOB, CAROL, BLOCKED].iter().enumerate() {
        let mut sent = Vec::new();
        let view = world.site.view(&format!("a{n}"), &format!("m{n}"), "https://example.com/");
        sent.push(post().set_payload(with(view.clone(), "i", json!({ "email": email })).to_string()));
        let wrong = json!({"email": email, "hmac": "0"});
        sent.push(post().set_payload(with(with(view, "id", format!("w{n}")), "i", wrong).to_string()));
        let said = query(&[("email", email)]);
        let pairs = query(&[
            ("a", "1000001"),
            ("k", "1"),
            ("pu", "https://example.com/"),
            ("vi", &format!("g{n}")),
            ("i", &said),
        ]);
        sent.push(TestRequest::get().uri(&format!("/__ptq.gif?{pairs}")));
        sent.push(TestRequest::get().uri(&format!("/v1/event?_a=1000001&_n=Sale&{said}")));
        sent.push(TestRequest::get().uri(&format!("/v1/event?_a=1000001&_n=Sale&{said}&hmac=0")));
        let body = json!({"fields": [{"name": "email", "value": email}]}).to_string();
        let submit = "/submissions/v3/integration/submit/1000001/contact";
        sent.push(TestRequest::default().method(Method::POST).uri(submit).set_payload(body));
        let upload = TestRequest::default().method(Method::POST).uri("/uploads/form/v2/1000001/contact");
        sent.push(upload.set_payload(said));
        let collected = json!({"portalId": 1_000_001, "pageUrl": "https://example.com/", "contactFields": {"email": email}});
        let request = TestRequest::default().method(Method::POST).uri("/collected-forms/submit/form");
        sent.push(request.set_payload(collected.to_string()));
        let mut all = Vec::new();
        for request in sent {
            let answer = world.call(request.insert_header(("user-agent", FIREFOX))).await;
            assert_eq!(answer.header("set-cookie"), "");
            all.push((answer.status, String::from_utf8_lossy(&answer.bytes()).into_owned()));
        }
        answers.push(all);
    }
    for other in &answers[1..] {
        assert_eq!(other, &answers[0]);
    }
}

#[actix_web::test]
async fn known_and_unknown_tokens_and_ids_get_the_same_answers() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for (n, (token, id)) in
        [("nobodybrowser0", "ext-0000"), (ADAS_BROWSER, ADAS_ID), (BOBS_BROWSER, "bobs")].iter().enumerate()
    {
        let view = world.site.view(&format!("a{n}"), token, "https://example.com/").to_string();
        let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "m", "pu": "https://example.com/", "cc": 15, "ms": 9,
            "pv": format!("own-{token}")});
        let submit = json!({"fields": [{"name": "city", "value": "x"}], "context": {"hutk": token}});
        let uri = "/submissions/v3/integration/submit/1000001/contact";
        let mut all = Vec::new();
        for request in [
            post().set_payload(view),
            post().set_payload(engaged.to_string()),
            TestRequest::get().uri(&format!("/v1/event?_a=1000001&_n=Sale&id={id}")),
            TestRequest::default().method(Method::POST).uri(uri).set_payload(submit.to_string()),
        ] {
            let answer = world.call(request.insert_header(("user-agent", FIREFOX))).await;
            all.push((answer.status, String::from_utf8_lossy(&answer.bytes()).into_owned()));
        }
        answers.push(all);
    }
    assert!(answers.iter().all(|other| *other == answers[0]), "{answers:#?}");
}

#[actix_web::test]
async fn callbacks_and_formats_bring_no_data() {
    let mut world = World::new().await;
    for more in [
        "callback=steal",
        "jsonp=steal",
        "format=json",
        "format=csv",
        "_format=json&fields=*",
        "redirect=https://x.test",
    ] {
        for path in ["/v1/event", "/v1/event/", "/__ptq.gif", "/__ptbe.gif"] {
            let answer = world
                .get(&format!(
                    "{path}?_a=1000001&_n=Sale&id={ADAS_ID}&a=1000001&n=Sale&pu=https://example.com/&{more}"
                ))
                .await;
            assert_eq!((answer.status, answer.header("content-type")), (200, "image/gif"), "{path} {more}");
            assert!(answer.body.is_empty() || answer.body.starts_with(b"GIF89a"), "{path} {more}");
        }
        let collect = post().uri(&format!("/collect?{more}")).set_payload("{}");
        let answer = world.call(collect).await;
        assert!(answer.body.is_empty(), "{more}");
    }
    world.site.fold().await;
    assert_eq!(super::Known::of(&world.site), world.before);
}

#[actix_web::test]
async fn another_site_reads_no_data_with_the_cookies_of_a_user() {
    let world = World::new().await;
    let paths = [
        "contacts",
        "contacts/1",
        "contacts/2",
        "lists/1",
        "forms",
        "settings/identity",
        "contacts/blocked",
        "visitors/1",
    ];
    for path in paths {
        for query in ["", "?format=json", "?format=csv", "?callback=steal"] {
            let request = TestRequest::get()
                .uri(&format!("/accounts/1000001/{path}{query}"))
                .insert_header(("origin", "https://evil.test"))
                .insert_header(("cookie", "guestlog=0; __Host-guestlog=0"));
            let answer = world.call(request).await;
            assert!([303, 401, 403, 404].contains(&answer.status), "{path}: {}", answer.status);
            assert_eq!(answer.header("access-control-allow-origin"), "", "{path}");
        }
        let asked = TestRequest::default()
            .method(Method::OPTIONS)
            .uri(&format!("/accounts/1000001/{path}"))
            .insert_header(("origin", "https://evil.test"))
            .insert_header(("access-control-request-method", "GET"))
            .insert_header(("access-control-request-headers", "authorization"));
        assert_eq!(world.call(asked).await.header("access-control-allow-origin"), "", "{path}");
    }
    for path in ["/v1/event?_a=1000001&_n=Sale", "/1000001.js", "/__ptq.gif"] {
        let request = TestRequest::get().uri(path).insert_header(("origin", "https://evil.test"));
        let answer = world.call(request.insert_header(("user-agent", FIREFOX))).await;
        assert_ne!(answer.header("access-control-allow-origin"), "https://evil.test", "{path}");
    }
}

#[actix_web::test]
async fn scripts_and_machine_pages_hold_nobody() {
    let world = World::new().await;
    for path in [
        "/1000001.js",
        "/analytics/1/1000001.js",
        "/v2/1000001/banner.js",
        "/collectedforms.js",
        "/healthz",
        "/readyz",
        "/metrics",
        "/pick.js",
        "/e/1000001/000000000001.0.js",
        "/sign-in",
        "/",
        "/robots.txt",
        "/favicon.ico",
    ] {
        world.get(path).await;
    }
}

#[actix_web::test]
async fn numbers_of_contacts_say_nothing_to_somebody_outside() {
    let world = World::new().await;
    let weak = super::token(&world.site, world.other, &guestlog::domain::user::Scope::ALL).await;
    // Living, merged, and never given out: all look alike, to nobody and to a token of another account.
    let mut seen = Vec::new();
    for id in [1, 2, 3, 99] {
        let mut all = Vec::new();
        for bearer in ["", &weak] {
            let uri = format!("/accounts/1000001/contacts/{id}?format=json");
            let request = TestRequest::get().uri(&uri).insert_header(("accept", "application/json"));
            let answer = world.call(request.insert_header(("authorization", bearer))).await;
            assert!([401, 404].contains(&answer.status), "{id}: {}", answer.status);
            all.push((answer.status, answer.body.len()));
        }
        seen.push(all);
    }
    assert!(seen.iter().all(|other| *other == seen[0]), "{seen:?}");
}

#[actix_web::test]
async fn forms_do_not_tell_who_is_in_a_list() {
    let world = World::new().await;
    let mut answers = Vec::new();
    for email in [NOBODY, ADA] {
        let sent = json!({"fields": [{"name": "email", "value": email}, {"name": "list", "value": "1"},
            {"name": "hs_list_membership", "value": "Our best customers"}], "context": {"pageName": "x"}});
        for _ in 0..2 {
            let answer = world.submit(&sent).await;
            answers.push((answer.status, answer.bytes()));
        }
    }
    assert!(answers.iter().all(|other| *other == answers[0]));
}

#[actix_web::test]
async fn refusals_quote_nothing() {
    let world = World::new().await;
    // What is wrong is named, and what was sent is not repeated: an attacker's page could read it in another's browser.
    for sent in [
        json!({"fields": [{"name": "email", "value": format!("{ADA}@")}]}),
        json!({"fields": [{"name": "email", "value": "x"}, {"name": "firstname", "value": "Augusta"}]}),
        json!({"fields": [{"name": "a", "value": "b"}], "context": {"hutk": format!("{ADAS_BROWSER} {ADA}")}}),
        json!({"fields": [{"name": "a", "value": "b"}], "context": {"ipAddress": ADA}}),
        json!({"fields": [{"name": "a", "value": "b"}], "context": {"pageUri": format!("{ADA}:://")}}),
    ] {
        assert_eq!(world.submit(&sent).await.status, 400, "{sent}");
    }
    for uri in [
        format!("/submissions/v3/integration/submit/1000001/{ADA}"),
        format!("/submissions/v3/integration/submit/{ADA}/x"),
    ] {
        let request = TestRequest::default().method(Method::POST).uri(&uri).set_payload("{}");
        assert!(world.call(request).await.status >= 400, "{uri}");
    }
}
