//! Every limit of the public routes, at its value and one past it.

use guestlog::app::ingest::accept::beacon::{BATCH_BODY_MAX, BATCH_HITS_MAX, HIT_BODY_MAX};
use guestlog::domain::contact::{EXTERNAL_ID_MAX, PROPERTIES_MAX, PROPERTY_NAME_MAX, PROPERTY_VALUE_MAX};
use guestlog::domain::hit::{ENGAGED_MAX, EVENT_ID_MAX};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::page::URL_MAX;
use guestlog::domain::visitor::TOKEN_MAX;
use serde_json::{Value, json};

use crate::harness::site::{Answer, Site, with};

const PAGE: &str = "https://example.com/a";

fn is(answer: &Answer, status: u16, reason: &str) {
    assert_eq!((answer.status, answer.reason()), (status, reason));
}

/// The hit, extended to a number of bytes.
fn filled(view: &Value, bytes: usize) -> String {
    let bare = with(view.clone(), "x", "").to_string().len();
    let text = with(view.clone(), "x", "x".repeat(bytes - bare)).to_string();
    assert_eq!(text.len(), bytes);
    text
}

#[actix_web::test]
async fn a_hit_has_64_kib_and_a_batch_1_mib() {
    assert_eq!((HIT_BODY_MAX, BATCH_BODY_MAX), (65_536, 1_048_576));
    let site = Site::new().await;
    let view = site.view("e", "ab", PAGE);
    is(&site.collect_bytes(filled(&view, HIT_BODY_MAX)).await, 204, "stored");
    is(&site.collect_bytes(filled(&view, HIT_BODY_MAX + 1)).await, 413, "too_large");
    let batch = |bytes: usize| {
        let mut body = format!("[{view}");
        body.push_str(&" ".repeat(bytes - body.len() - 1));
        body + "]"
    };
    is(&site.collect_bytes(batch(BATCH_BODY_MAX)).await, 204, "stored");
    is(&site.collect_bytes(batch(BATCH_BODY_MAX + 1)).await, 413, "too_large");
    let good = filled(&view, HIT_BODY_MAX);
    let bad = filled(&view, HIT_BODY_MAX + 1);
    is(&site.collect_bytes(format!("[{good},{bad}]")).await, 204, "stored");
    is(&site.collect_bytes(format!("[{bad}]")).await, 413, "too_large");
    assert_eq!(site.app.store.inbox.last_id(), 3);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_batch_has_500_hits() {
    assert_eq!(BATCH_HITS_MAX, 500);
    let site = Site::new().await;
    let hits = |n: usize| Value::from(vec![site.view("", "ab", PAGE); n]);
    is(&site.collect(&hits(500)).await, 204, "stored");
    is(&site.collect(&hits(501)).await, 413, "too_large");
    assert_eq!(site.app.store.inbox.last_id(), 500);
}

/// rules.md 8
#[actix_web::test]
async fn a_page_address_has_8_kib() {
    assert_eq!(URL_MAX, 8_192);
    let site = Site::new().await;
    let page = |bytes: usize| format!("{PAGE}{}", "b".repeat(bytes - PAGE.len()));
    is(&site.collect(&site.view("a", "ab", &page(URL_MAX))).await, 204, "stored");
    is(&site.collect(&site.view("b", "ab", &page(URL_MAX + 1))).await, 413, "too_large");
    for (bytes, status, reason) in [(URL_MAX, 200, "stored"), (URL_MAX + 1, 413, "too_large")] {
        let page = page(bytes);
        is(&site.gif(&[("a", "1000001"), ("k", "1"), ("vi", "ab"), ("pu", &page)]).await, status, reason);
    }
}

#[actix_web::test]
async fn ids_have_64_characters() {
    assert_eq!((EVENT_ID_MAX, TOKEN_MAX), (64, 64));
    let mut site = Site::new().await;
    let id = |n: usize| "ü".repeat(n);
    is(&site.collect(&site.view(&id(64), "ab", PAGE)).await, 204, "stored");
    is(&site.collect(&site.view(&id(65), "ab", PAGE)).await, 400, "malformed");
    is(&site.collect(&site.view("c", &"a".repeat(64), PAGE)).await, 204, "stored");
    is(&site.collect(&site.view("d", &"a".repeat(65), PAGE)).await, 400, "malformed");
    let engaged =
        |pv: String| json!({"a": 1_000_001, "k": "engagement", "vi": "ab", "pu": PAGE, "pv": pv, "ms": 5});
    is(&site.collect(&engaged("a".repeat(64))).await, 204, "stored");
    is(&site.collect(&engaged("a".repeat(65))).await, 400, "malformed");
    // An id that is allowed in a definition can be used in a hit.
    is(&site.collect(&engaged(id(64))).await, 204, "stored");
    site.fold().await;
    assert_eq!(site.asks::<i64>("select engaged_ms from event_unpacked where engaged_ms > 0"), [5]);
}

/// rules.md 15
#[actix_web::test]
async fn an_engagement_has_30_minutes() {
    let mut site = Site::new().await;
    site.collect(&site.view("v", "ab", PAGE)).await;
    let engaged =
        |ms: Value| json!({"a": 1_000_001, "k": "engagement", "vi": "ab", "pu": PAGE, "pv": "v", "ms": ms});
    for bad in [json!(-1), json!("x"), Value::Null, json!(1.5)] {
        is(&site.collect(&engaged(bad)).await, 400, "malformed");
    }
    site.collect(&engaged(json!(ENGAGED_MAX + 1))).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select engaged_ms from event_unpacked"), ENGAGED_MAX);
}

#[actix_web::test]
async fn an_identity_keeps_100_properties_and_what_fits() {
    let mut site = Site::new().await;
    let mut said = json!({"email": "ada@example.com", "id": "i".repeat(EXTERNAL_ID_MAX)});
    let fields = said.as_object_mut().unwrap();
    fields.insert("n".repeat(PROPERTY_NAME_MAX), "v".repeat(PROPERTY_VALUE_MAX).into());
    fields.insert("n".repeat(PROPERTY_NAME_MAX + 1), "x".into());
    fields.insert("long".into(), "v".repeat(PROPERTY_VALUE_MAX + 1).into());
    site.collect(&with(site.view("1", "ab", PAGE), "i", said)).await;
    site.fold().await;
    let kept = site.asks::<String>("select length(name) || ' ' || length(value) from contact_property");
    assert_eq!(kept, [format!("{PROPERTY_NAME_MAX} {PROPERTY_VALUE_MAX}")]);
    assert_eq!(site.ask::<i64>("select length(external_id) from contact"), 64);
    let many: serde_json::Map<String, Value> = (0..PROPERTIES_MAX + 50)
        .map(|n| (format!("p{n:03}"), n.into()))
        .chain([("email".into(), "a@b.cd".into())])
        .collect();
    site.collect(&with(site.view("2", "cd", PAGE), "i", Value::Object(many))).await;
    site.fold().await;
    assert_eq!(site.count(Reason::DeadLetter), 0);
    let most =
        site.ask::<i64>("select max(n) from (select count(*) n from contact_property group by contact_id)");
    assert!(most <= 100, "{most}");
}

/// A text that consists only of control characters is empty and must not be stored as a value.
#[actix_web::test]
async fn ids_and_names_of_control_characters_alone_count_as_none() {
    let mut site = Site::new().await;
    let said = json!({"email": "ada@example.com", "id": "\u{1}\u{2}", "\u{1}": "x", "plan": "a\u{0}b"});
    site.collect(&with(site.view("1", "ab", PAGE), "i", said)).await;
    site.fold().await;
    assert_eq!((site.count(Reason::Stored), site.count(Reason::DeadLetter)), (1, 0));
    assert_eq!(site.asks::<Option<String>>("select external_id from contact"), [None]);
    assert_eq!(site.asks::<String>("select name || '=' || value from contact_property"), ["plan=ab"]);
}
