//! How the fold takes what waits, when much does.

use guestlog::app::ingest::fold::{self, BATCH, Cache, ENOUGH};

use crate::harness::site::Site;

const PAGE: &str = "https://example.com/";

#[actix_web::test]
async fn the_fold_waits_for_more_hits_only_while_few_wait() {
    let mut site = Site::new().await;
    let views = |site: &Site, from: i64, to: i64| {
        let views = (from..to).map(|n| site.view(&format!("e{n}"), "ada", PAGE));
        serde_json::Value::from(views.collect::<Vec<_>>())
    };
    let mut sent = 0;
    while sent < ENOUGH - 1 {
        let next = (sent + 250).min(ENOUGH - 1);
        site.collect(&views(&site, sent, next)).await;
        sent = next;
    }
    assert_eq!(site.app.store.inbox.last_id(), ENOUGH - 1);
    assert!(!fold::has_enough(&site.app), "one less than enough");
    site.collect(&views(&site, sent, ENOUGH)).await;
    assert!(fold::has_enough(&site.app));
    site.fold().await;
    assert!(!fold::has_enough(&site.app), "nothing waits");
}

/// Only so many bytes are in memory, and with long addresses that is a small batch.
#[actix_web::test]
async fn a_batch_of_the_few_hits_that_are_in_memory_is_followed_by_the_next_at_once() {
    let site = Site::new().await;
    let long = "x".repeat(6_000);
    let hits = ENOUGH + 600;
    for n in 0..hits {
        site.collect(&site.view(&format!("e{n}"), "ada", &format!("{PAGE}{n}{long}"))).await;
    }
    let folded = fold::step(&site.app, &mut Cache::default()).await.unwrap();
    assert!(folded > 0 && folded < BATCH && hits - folded as i64 >= ENOUGH, "{folded} of {hits}");
    assert!(fold::has_enough(&site.app));
}
