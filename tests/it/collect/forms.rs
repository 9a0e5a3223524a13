//! Every form in which hits arrive, and every reason for which they are rejected.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::domain::hit_reason::Reason;
use serde_json::{Value, json};

use crate::harness::site::{FIREFOX, NOON, Site, Wanted, post, with};

const PAGE: &str = "https://example.com/a";

/// All stored fields of the only event.
fn stored(site: &Site) -> Vec<String> {
    let texts = "select kind || ' ' || replace(value, char(31), '|') from dictionary order by kind, id";
    let event = "select 'event ' || kind || ' ' || (at_ms - 1795348800000) || ' ' || consent || ' ' || policy
                 || ' ' || foreign_host from event_unpacked";
    let session = "select 'session ' || page_views || ' ' || screen from session_unpacked";
    let token = "select 'token ' || token || ' ' || number from visitor_token";
    let seen = "select 'seen ' || event_id from seen";
    [texts, event, session, token, seen].iter().flat_map(|question| site.asks::<String>(question)).collect()
}

#[actix_web::test]
async fn the_json_and_the_gif_of_a_view_store_the_same() {
    let by_json = {
        let mut site = Site::new().await;
        let view = json!({"a": site.account.0, "k": 1, "id": "e1", "age": 1_500, "vi": "ab12", "t": "Shoes",
            "pu": "https://example.com/Shop/?x=1&utm_source=news&utm_campaign=may", "r": "https://news.test/i",
            "sd": "1920x1080", "ln": "de-DE", "cc": "15", "rev": 7, "u": "1.ab12.1.2.3.4"});
        assert_eq!(site.collect(&view).await.status, 204);
        site.fold().await;
        stored(&site)
    };
    let mut site = Site::new().await;
    let answer = site
        .gif(&[
            ("a", &site.account.to_string()),
            ("k", "1"),
            ("gl_id", "e1"),
            ("gl_age", "1500"),
            ("vi", "AB12"),
            ("t", "Shoes"),
            ("pu", "https://example.com/Shop/?x=1&utm_source=news&utm_campaign=may"),
            ("r", "https://news.test/i"),
            ("sd", "1920x1080"),
            ("ln", "de-DE"),
            ("cc", "15"),
            ("gl_rev", "7"),
            ("u", "1.ab12.1.2.3.4"),
        ])
        .await;
    assert_eq!((answer.status, answer.reason()), (200, "stored"));
    site.fold().await;
    assert_eq!(stored(&site), by_json);
    for part in [
        "1 example.com|/Shop|x=1",
        "2 Shoes",
        "5 news||may||",
        "6 desktop|Firefox|Linux",
        "7 de-de",
        "event 1 -1500 15 7 0",
        "token ab12 1",
        "seen e1",
    ] {
        assert!(by_json.iter().any(|line| line == part), "{part} is not among {by_json:#?}");
    }
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn an_image_of_our_script_stores_what_its_request_would() {
    let hit = json!({"a": 1_000_001, "k": 3, "id": "e1", "age": 1_500, "vi": "ab12", "n": "Bought", "m": "12.5",
        "p": {"kind": "a \"book\" & more"}, "i": {"email": "ann@example.com"}, "pu": "https://example.com/a?b=%26"});
    let properties = "select properties from event_property";
    let by_request = {
        let mut site = Site::new().await;
        assert_eq!(site.collect(&hit).await.reason(), "stored");
        site.fold().await;
        (stored(&site), site.asks::<String>(properties))
    };
    let mut site = Site::new().await;
    let answer = site.gif(&[("gl_hit", &hit.to_string())]).await;
    assert_eq!((answer.status, answer.reason(), answer.header("content-type")), (200, "stored", "image/gif"));
    for broken in ["{", "", "[7"] {
        let answer = site.gif(&[("gl_hit", broken)]).await;
        assert_eq!((answer.status, answer.reason()), (400, "malformed"), "{broken}");
    }
    site.fold().await;
    assert_eq!((stored(&site), site.asks::<String>(properties)), by_request);
    assert!(by_request.1[0].contains("book"), "{by_request:?}");
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_gif_is_answered_with_a_pixel_that_nobody_keeps() {
    let site = Site::new().await;
    let answer = site.gif(&[("a", "1000001"), ("k", "1"), ("vi", "ab"), ("pu", PAGE)]).await;
    assert_eq!((answer.status, answer.reason()), (200, "stored"));
    assert_eq!(answer.header("content-type"), "image/gif");
    assert_eq!(answer.header("cache-control"), "no-store");
    assert!(answer.body.starts_with(b"GIF89a\x01\x00\x01\x00") && answer.body.ends_with(b";"));
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("access-control-expose-headers"), "X-Guestlog, Retry-After");
    assert_eq!(answer.header("set-cookie"), "");
}

#[actix_web::test]
async fn a_batch_is_stored_but_for_its_bad_hits() {
    let mut site = Site::new().await;
    let view = |id: &str| site.view(id, "ab", PAGE);
    let body = json!([view("1"), 7, with(view("2"), "a", 5), with(view("3"), "k", 14), view("4")]);
    let answer = site.collect(&body).await;
    assert_eq!((answer.status, answer.reason(), answer.body.len()), (204, "stored", 0));
    site.fold().await;
    assert_eq!(site.asks::<String>("select event_id from seen order by 1"), ["1", "4"]);
    for reason in [Reason::Malformed, Reason::UnknownAccount, Reason::UnsupportedKind] {
        assert_eq!(site.count(reason), 1, "{reason:?}");
    }
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn numbers_and_texts_say_the_same_in_json() {
    let mut site = Site::new().await;
    let view =
        json!({"a": "1000001", "k": "1", "vi": "ab", "pu": PAGE, "cc": 15.0, "age": "250.75", "rev": "2"});
    // The JSON parser keeps the number as it is, so 15.0 is not written as "15.0".
    let answer = site.collect(&with(view, "cc", 15)).await;
    assert_eq!(answer.reason(), "stored");
    site.fold().await;
    assert_eq!(site.ask::<i64>("select at_ms from event_unpacked"), NOON.0 - 250);
}

/// Traits come as the site's programs have them.
#[actix_web::test]
async fn lists_and_objects_of_an_identity_are_kept_as_text() {
    let mut site = Site::new().await;
    let said = json!({
        "email": "ann@example.com", "lastName": "Lee", "tags": ["a", 2, true, null, {"b": 1}], "empty": "",
        "address": {"city": "Delft", "deep": {"x": 1}}, "none": [], "null": null
    });
    assert_eq!(site.collect(&with(site.view("e", "ab", PAGE), "i", said)).await.reason(), "stored");
    site.fold().await;
    let kept = site.asks::<String>("select name || '=' || value from contact_property order by name");
    assert_eq!(kept, ["address.city=Delft", "lastname=Lee", "tags=a;2;true"]);
}

/// Status and reason for a page view with one field changed.
async fn answer_to(site: &Site, name: &str, value: impl Into<Value>) -> (u16, String) {
    let answer = site.collect(&with(site.view("e", "ab", PAGE), name, value)).await;
    (answer.status, answer.reason().to_owned())
}

#[actix_web::test]
async fn a_refused_sender_is_told_the_reason() {
    let site = Site::new().await;
    for (name, value, status, reason) in [
        ("a", json!(1_000_002), 204, "unknown_account"),
        ("a", json!("x"), 400, "malformed"),
        ("a", json!(null), 400, "malformed"),
        ("cc", json!(0), 204, "no_consent"),
        ("cc", json!(13), 204, "no_consent"),
        ("ce", json!(false), 204, "no_consent"),
        ("ce", json!("0"), 204, "no_consent"),
        ("cc", json!("all"), 204, "no_consent"),
        ("cc", json!(""), 204, "no_consent"),
        ("cc", json!([15]), 204, "no_consent"),
        ("ce", json!("no"), 204, "no_consent"),
        ("k", json!(2), 204, "unsupported_kind"),
        ("k", json!(null), 204, "unsupported_kind"),
        ("age", json!(86_400_001), 204, "too_old"),
        ("age", json!(-1), 400, "malformed"),
        ("pu", json!("ftp://example.com/"), 400, "malformed"),
        ("pu", json!("not a url"), 400, "malformed"),
        ("vi", json!("a b"), 400, "malformed"),
        ("id", json!("a\u{7}b"), 400, "malformed"),
    ] {
        assert_eq!(
            answer_to(&site, name, value.clone()).await,
            (status, reason.to_owned()),
            "{name} = {value}"
        );
    }
    for body in ["", "{", "7", "[", "nonsense", "[]", "\"{}\"", "null"] {
        let answer = site.collect_bytes(body).await;
        assert_eq!((answer.status, answer.reason()), (400, "malformed"), "{body}");
    }
    let deep = format!("{}{}", "[".repeat(20_000), "]".repeat(20_000));
    assert_eq!(site.collect_bytes(deep).await.status, 400);
    assert_eq!(site.app.store.inbox.last_id(), 0, "nothing of all that was stored");
    site.assert_that_all_are_counted().await;
}

/// A library that breaks what the script sends is noticed by the admin of the site.
#[actix_web::test]
async fn a_hit_that_cannot_be_read_is_shown_to_the_account_of_the_site_it_comes_from() {
    let site = Site::new().await;
    let refused = || {
        let counts = site.app.live.counts(site.account);
        counts.iter().find(|(reason, _)| *reason == Reason::Malformed).map_or(0, |(_, count)| *count)
    };
    for (referer, expected) in [
        ("https://www.example.com/", 1),
        ("https://shop.test/cart?email=a@b.cd", 2),
        ("https://elsewhere.test/", 2),
        ("no address", 2),
    ] {
        let answer = site.call(post().insert_header(("referer", referer)).set_payload("\"[object]")).await;
        assert_eq!((answer.status, answer.reason()), (400, "malformed"), "{referer}");
        assert_eq!(refused(), expected, "{referer}");
    }
    let shown = site.app.live.list(site.account, 0, 10);
    assert!(shown.iter().all(|entry| entry.page.is_empty()), "nothing of the address is kept");
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_gif_is_told_its_reason_too() {
    let site = Site::new().await;
    for (pairs, status, reason) in [
        (&[("a", "5"), ("k", "1"), ("pu", PAGE)][..], 200, "unknown_account"),
        (&[("k", "1"), ("pu", PAGE)], 400, "malformed"),
        (&[("a", "1000001"), ("k", "1"), ("pu", PAGE), ("cc", "0")], 200, "no_consent"),
        (&[("a", "1000001"), ("k", "1"), ("pu", PAGE), ("ce", "false")], 200, "no_consent"),
        (&[("a", "1000001"), ("k", "1"), ("pu", PAGE), ("gl_age", "86400001")], 200, "too_old"),
        (&[("a", "1000001"), ("k", "30"), ("pu", PAGE)], 200, "unsupported_kind"),
    ] {
        let answer = site.gif(pairs).await;
        assert_eq!((answer.status, answer.reason()), (status, reason), "{pairs:?}");
    }
    // The path says which kind it is, whatever `k` contains.
    for (path, status, reason) in [("/__ptbe.gif", 400, "malformed"), ("/__ptc.gif", 200, "unsupported_kind")]
    {
        let answer = site.get(&format!("{path}?a=1000001&k=1&pu=https%3A%2F%2Fexample.com%2F")).await;
        assert_eq!((answer.status, answer.reason()), (status, reason), "{path}");
    }
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn the_do_not_track_cookie_stops_everything_whatever_stands_beside_it() {
    let site = Site::new().await;
    let view = site.view("e", "ab", PAGE).to_string();
    for cookies in [
        &[&b"__hs_do_not_track=yes"[..]][..],
        &[b"a=1; __hs_do_not_track=yes ;b=2"],
        &[b"a=1", b"__hs_do_not_track=yes"],
        &[b"name=Jos\xc3\xa9; __hs_do_not_track=yes"],
        &[b"name=Jos\xe9;__hs_do_not_track=yes"],
    ] {
        let mut request = post().set_payload(view.clone());
        for cookie in cookies {
            let value = actix_web::http::header::HeaderValue::from_bytes(cookie).unwrap();
            request = request.append_header(("cookie", value));
        }
        let answer = site.call(request).await;
        assert_eq!((answer.status, answer.reason()), (204, "do_not_track"), "{cookies:?}");
    }
    let answer =
        site.call(post().insert_header(("cookie", "x__hs_do_not_track=yes")).set_payload(view)).await;
    assert_eq!(answer.reason(), "stored", "another cookie is no refusal");
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_host_that_is_not_the_accounts_is_marked_or_refused_as_the_account_says() {
    for (limit, reason) in [(false, "stored"), (true, "unknown_host")] {
        let mut site = Site::with(Wanted { limit_to_domains: limit, ..Wanted::default() }).await;
        assert_eq!(answer_to(&site, "pu", "https://elsewhere.test/").await, (204, reason.to_owned()));
        site.fold().await;
        let marks = site.asks::<i64>("select foreign_host from event_unpacked");
        assert_eq!(marks, if limit { vec![] } else { vec![1] });
        assert_eq!(
            answer_to(&site, "pu", "https://www.example.com/").await.1,
            "stored",
            "a subdomain is its own"
        );
    }
}

#[actix_web::test]
async fn who_sends_too_much_is_told_when_to_come_back() {
    let site = Site::with(Wanted { per_address: 2, ..Wanted::default() }).await;
    for n in 0..20 {
        assert_eq!(answer_to(&site, "id", n).await.0, 204);
    }
    for answer in [
        site.collect(&site.view("x", "ab", PAGE)).await,
        site.gif(&[("a", "1000001"), ("k", "1"), ("pu", PAGE)]).await,
    ] {
        assert_eq!((answer.status, answer.reason(), answer.header("retry-after")), (429, "too_many", "1"));
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    site.clock.advance(500);
    assert_eq!(answer_to(&site, "id", "x").await.0, 204);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_preflight_allows_a_content_type_and_no_credentials() {
    let site = Site::new().await;
    let asked = TestRequest::default()
        .method(Method::OPTIONS)
        .uri("/collect")
        .insert_header(("origin", "https://example.com"))
        .insert_header(("access-control-request-method", "POST"));
    let answer = site.call(asked).await;
    assert_eq!(answer.status, 204);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert!(answer.header("access-control-allow-methods").contains("POST"));
    assert_eq!(answer.header("access-control-allow-headers"), "Content-Type");
    assert_eq!(answer.header("access-control-allow-credentials"), "");
}

#[actix_web::test]
async fn a_beacon_without_an_address_of_its_page_is_of_the_page_that_sent_it() {
    let mut site = Site::new().await;
    let view = with(site.view("e", "ab", PAGE), "pu", Value::Null).to_string();
    let answer = site.call(post().insert_header(("referer", "https://shop.test/x")).set_payload(view)).await;
    assert_eq!(answer.reason(), "stored");
    site.fold().await;
    let page = site.ask::<String>("select replace(value, char(31), '|') from dictionary where kind = 1");
    assert_eq!(page, "shop.test|/x|");
}

#[actix_web::test]
async fn a_user_agent_beyond_ascii_is_read_all_the_same() {
    let mut site = Site::new().await;
    let agent = [FIREFOX.as_bytes(), b" caf\xe9"].concat();
    let agent = actix_web::http::header::HeaderValue::from_bytes(&agent).unwrap();
    let view = site.view("e", "ab", PAGE).to_string();
    site.call(post().insert_header(("user-agent", agent)).set_payload(view)).await;
    site.fold().await;
    let device = site.ask::<String>("select replace(value, char(31), '|') from dictionary where kind = 6");
    assert_eq!(device, "desktop|Firefox|Linux");
}
