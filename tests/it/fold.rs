//! How the fold takes what waits, when much does.

use guestlog::app::ingest::fold::{self, BATCH, Cache, Took};

use crate::harness::site::Site;

/// The fold goes on at once when a batch did not take all. Only so many bytes of hits are in memory, and with long
/// addresses that is a small batch.
#[actix_web::test]
async fn a_batch_of_the_few_hits_that_are_in_memory_did_not_take_all() {
    let site = Site::new().await;
    let mut cache = Cache::default();
    assert_eq!(fold::take_batch(&site.app, &mut cache).await.unwrap(), Took::Nothing);
    let long = "x".repeat(6_000);
    let hits = 600;
    for n in 0..hits {
        site.collect(&site.view(&format!("e{n}"), "ada", &format!("https://example.com/{n}{long}"))).await;
    }
    assert_eq!(fold::take_batch(&site.app, &mut cache).await.unwrap(), Took::Part);
    let folded = site.app.progress.watermark();
    assert!(folded > 0 && folded < hits && hits < BATCH as i64, "{folded}");
    // The rest is read from the file, so many bytes at a time.
    while fold::take_batch(&site.app, &mut cache).await.unwrap() == Took::Part {
        assert!(site.app.progress.watermark() < hits);
    }
    assert_eq!(site.app.progress.watermark(), hits);
    assert_eq!(fold::take_batch(&site.app, &mut cache).await.unwrap(), Took::Nothing);
    assert_eq!(site.ask::<i64>("select count(*) from event_hot"), hits);
}
