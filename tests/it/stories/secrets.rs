//! Secrets that a site puts into what it sends reach no file: not the inbox, not the store, not their logs.

use guestlog::app::access::Actor;
use guestlog::app::events::definitions;
use guestlog::domain::event::{EventKind, Typed};
use serde_json::{Value, json};

use crate::harness::site::{Site, VISITOR, with};

const EMAIL: &str = "planted@example.org";
const TOKEN: &str = "plantedtokenvalue";
const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJwbGFudGVkIn0.c2lnbmF0dXJl";

/// What is planted that is found in the files of the store.
fn found(site: &Site) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(site.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let bytes = std::fs::read(&path).unwrap();
        for plant in [EMAIL, "planted%40example", TOKEN, JWT, VISITOR] {
            let at = bytes.windows(plant.len()).position(|window| window == plant.as_bytes());
            if let Some(at) = at {
                let around =
                    String::from_utf8_lossy(&bytes[at.saturating_sub(60)..at + plant.len()]).into_owned();
                found.push(format!("{plant} in {}: {around:?}", path.file_name().unwrap().display()));
            }
        }
    }
    found
}

/// Every text of a hit, one planted at a time, in a page view and in a completion.
fn hits(site: &Site, plant: &str) -> Vec<Value> {
    let view = site.view("", "ada", "https://example.com/");
    let sale = site.completion("", "ada", "Sale", 1);
    let address = format!("https://example.com/a?next={plant}&utm_campaign={plant}#{plant}");
    let text = format!("Welcome {plant} to page 2");
    let mut hits = vec![
        with(view.clone(), "pu", address.as_str()),
        with(view.clone(), "pu", format!("https://example.com/user/{plant}/x").as_str()),
        with(view.clone(), "po", format!("/user/{plant}?x={plant}#{plant}").as_str()),
        with(view.clone(), "ccu", address.as_str()),
        with(view.clone(), "rcu", address.as_str()),
        with(view.clone(), "r", format!("https://other.test/?x={plant}#{plant}").as_str()),
        with(view.clone(), "t", text.as_str()),
        with(view.clone(), "t", address.as_str()),
        with(view, "i", json!({"email": "ada@example.test", "last_page": address})),
        with(sale.clone(), "n", text.as_str()),
        with(sale.clone(), "p", json!({"label": text, "page": address, (text.as_str()): "x"})),
        with(sale, "p", json!({"password": TOKEN, "token": TOKEN})),
    ];
    for hit in &mut hits {
        hit.as_object_mut().unwrap().remove("id");
    }
    hits
}

/// rules.md 14, 16
#[actix_web::test]
async fn nothing_planted_in_any_text_of_a_hit_reaches_a_file() {
    let mut site = Site::new().await;
    let mut sent = 0;
    for plant in [EMAIL, "planted%40example.org", &format!("x?token={TOKEN}"), JWT, VISITOR] {
        for hit in hits(&site, plant) {
            let answer = site.collect(&hit).await;
            assert_eq!(answer.reason(), "stored", "{hit}");
            sent += 1;
        }
    }
    assert_eq!(found(&site), [""; 0], "accepted");
    site.fold().await;
    assert_eq!(found(&site), [""; 0], "folded");
    // The hits themselves are there.
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked where event = 0"), 45);
    assert_eq!(sent, 60);
    let titles: Vec<String> = site.asks("select distinct value from dictionary where kind = 2 order by 1");
    assert!(titles.contains(&"Welcome [email] to page 2".to_owned()), "{titles:?}");
    assert!(titles.contains(&"Welcome [address] to page 2".to_owned()), "{titles:?}");
}

/// An editor may have chosen a name that looks like a secret pair; its completions are counted.
#[actix_web::test]
async fn the_name_of_an_event_that_was_created_is_not_scrubbed() {
    let mut site = Site::new().await;
    let typed = Typed { name: "Code = SUMMER token=1", ..Typed::default() };
    definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &typed).await.unwrap();
    site.collect(&site.completion("1", "ada", " Code = SUMMER token=1", 1)).await;
    site.collect(&site.completion("2", "ada", "Code = WINTER token=1", 1)).await;
    site.fold().await;
    let names =
        "select name || ': ' || count(*) from event_unpacked e join event_definition d on d.number = e.event
        group by name order by name";
    assert_eq!(site.asks::<String>(names), ["Code = SUMMER token=1: 1", "Code = WINTER [token]: 1"]);
}
