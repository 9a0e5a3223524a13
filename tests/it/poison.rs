//! Hits that cannot be folded: put aside with the reason, never in the way of the next one, and replayed.

use guestlog::app::ingest::fold::{delete_dead_letters, replay_dead_letters};
use guestlog::app::state::dead_letters::LETTERS_MAX;
use guestlog::domain::hit::Hit;
use guestlog::domain::hit_reason::Reason;
use guestlog::store::inbox::{Content, Entry};
use guestlog::store::row;

use crate::harness::site::{Site, with};

const PAGE: &str = "https://example.com/a";

/// The inbox row of an accepted view, as another hit with a title that no rule lets through.
async fn row_with_title(site: &Site, title: &str) -> Vec<u8> {
    site.collect(&site.view("first", "template", PAGE)).await;
    let last = site.app.store.inbox.last_id();
    let Content::Hit(hit) = site.app.store.inbox.list(last - 1, 1).unwrap().remove(0).what else {
        panic!("the hit is not in memory");
    };
    let mut hit = Hit::clone(&hit);
    hit.title = title.to_owned();
    hit.event_id = Some("second".to_owned());
    row::of_hit(&hit).unwrap()
}

async fn put(site: &Site, row: Vec<u8>) {
    site.app.store.inbox.append(vec![Entry::of_row(row)]).await.unwrap();
    site.app.counters.receive(1);
}

#[derive(Debug)]
struct Letter {
    id: i64,
    error: String,
    body: Vec<u8>,
}

fn letters(site: &Site) -> Vec<Letter> {
    let ids = site.asks("select inbox_id from dead_letter order by 1");
    let errors = site.asks("select error from dead_letter order by inbox_id");
    let bodies = site.asks("select body from dead_letter order by inbox_id");
    ids.into_iter().zip(errors).zip(bodies).map(|((id, error), body)| Letter { id, error, body }).collect()
}

/// A view without an event id, which nothing tells from another equal one, lies as a dead letter. The fault that
/// put it there is mended.
async fn site_with_a_letter() -> Site {
    let mut site = Site::new().await;
    site.tamper("create trigger broken before insert on session begin select raise(abort, 'a fault'); end")
        .await;
    site.collect(&with(site.view("", "ada", PAGE), "id", serde_json::Value::Null)).await;
    site.fold().await;
    assert_eq!(letters(&site).len(), 1);
    site.tamper("drop trigger broken").await;
    site
}

#[actix_web::test]
async fn hits_that_cannot_be_read_or_stored_are_put_aside_and_the_next_is_stored() {
    let mut site = Site::new().await;
    let long = row_with_title(&site, &"x".repeat(20_001)).await;
    put(&site, b"{\"account\":1000001".to_vec()).await;
    put(&site, vec![0xff, 0x00, 0x80]).await;
    put(&site, long.clone()).await;
    site.collect(&site.view("next", "ada", PAGE)).await;
    site.fold().await;
    let reasons: Vec<_> = letters(&site).into_iter().map(|letter| letter.error).collect();
    assert_eq!(reasons.len(), 3, "{reasons:?}");
    assert!(reasons[..2].iter().all(|reason| reason.contains("cannot be read")), "{reasons:?}");
    assert!(reasons[2].contains("CHECK constraint failed"), "{reasons:?}");
    assert_eq!(letters(&site)[2].body, long);
    assert_eq!(site.asks::<String>("select event_id from seen order by 1"), ["first", "next"]);
    assert_eq!(site.asks::<i64>("select number from visitor"), [1, 2], "what was undone leaves no gap");
    assert_eq!((site.count(Reason::DeadLetter), site.count(Reason::Stored)), (3, 2));
    site.assert_that_all_are_counted().await;
}

/// The number of good hits around the bad one makes no difference.
#[actix_web::test]
async fn thousands_of_hits_behind_a_bad_one_are_stored_with_it() {
    let mut site = Site::new().await;
    put(&site, b"poison".to_vec()).await;
    for batch in 0..6 {
        let views = (0..500).map(|n| site.view(&format!("{batch}-{n}"), &format!("v{n}"), PAGE));
        site.collect(&views.collect::<Vec<_>>().into()).await;
    }
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 3_000);
    assert_eq!(site.ask::<i64>("select count(*) from visitor"), 500);
    assert_eq!(site.ask::<i64>("select sum(page_views) from session_unpacked"), 3_000);
    assert_eq!(letters(&site).len(), 1);
}

/// When the fold panics, only the hit it was working on is lost. The panic is caused by the largest number there
/// is: a debug build refuses to count past it, and the table refuses it in any build.
#[actix_web::test]
async fn a_hit_that_makes_the_fold_panic_is_put_aside() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "known", PAGE)).await;
    site.fold().await;
    site.tamper("update account set last_visitor = 4294967295").await;
    site.collect(&site.view("2", "unknown", PAGE)).await;
    site.collect(&site.view("3", "known", PAGE)).await;
    site.fold().await;
    assert_eq!(site.asks::<String>("select event_id from seen order by 1"), ["1", "3"]);
    let letters = letters(&site);
    assert_eq!(letters.len(), 1);
    assert!(letters[0].error.contains("panicked") || letters[0].error.contains("constraint"), "{letters:?}");
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn dead_letters_are_replayed_once_the_cause_is_gone() {
    let mut site = Site::new().await;
    site.tamper("create trigger broken before insert on session begin select raise(abort, 'a fault in the rules'); end")
        .await;
    for id in ["1", "2"] {
        site.collect(&site.view(id, id, PAGE)).await;
    }
    site.fold().await;
    assert_eq!(letters(&site).len(), 2);
    assert!(letters(&site)[0].error.contains("a fault in the rules"));
    assert_eq!(site.ask::<i64>("select count(*) from visitor"), 0);

    assert_eq!(replay_dead_letters(&site.app).await.unwrap(), 2);
    site.fold().await;
    assert_eq!(letters(&site).len(), 2, "the cause is still there, and nothing is lost by trying");
    site.assert_that_all_are_counted().await;

    site.tamper("drop trigger broken").await;
    assert_eq!(replay_dead_letters(&site.app).await.unwrap(), 2);
    site.fold().await;
    assert!(letters(&site).is_empty());
    assert_eq!(site.asks::<String>("select event_id from seen order by 1"), ["1", "2"]);
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 2);
    assert_eq!(replay_dead_letters(&site.app).await.unwrap(), 0);
    site.assert_that_all_are_counted().await;
}

/// A replay that is cut off at any place and asked for again.
#[actix_web::test]
async fn a_letter_that_is_put_in_line_twice_counts_once() {
    let site = site_with_a_letter().await;
    // As if killed where it would take the letter away.
    site.tamper(
        "create trigger killed before delete on dead_letter begin select raise(abort, 'killed'); end",
    )
    .await;
    let _ = replay_dead_letters(&site.app).await;
    site.tamper("drop trigger killed").await;
    let mut site = site.restart().await;
    assert_eq!(replay_dead_letters(&site.app).await.unwrap(), 1);
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1);
    assert_eq!(site.ask::<i64>("select page_views from session_unpacked"), 1);
    assert!(letters(&site).is_empty());
    assert_eq!((site.count(Reason::Stored), site.count(Reason::Duplicate)), (1, 1));
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_letter_stays_until_the_transaction_that_folds_it() {
    let mut site = site_with_a_letter().await;
    assert_eq!(replay_dead_letters(&site.app).await.unwrap(), 1);
    assert_eq!(letters(&site).len(), 1, "it waits, and is not counted yet");
    // The fold is cut off after it wrote the event: nothing of it stays.
    site.tamper(
        "create trigger killed before delete on dead_letter begin select raise(abort, 'killed'); end",
    )
    .await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 0);
    assert_eq!(letters(&site).len(), 1);
    site.tamper("drop trigger killed").await;
    assert_eq!(replay_dead_letters(&site.app).await.unwrap(), 1);
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1);
    assert!(letters(&site).is_empty());
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_letter_that_is_gone_before_its_turn_is_not_folded() {
    let mut site = site_with_a_letter().await;
    replay_dead_letters(&site.app).await.unwrap();
    site.tamper("delete from dead_letter").await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 0);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_letter_that_nobody_can_read_is_tried_again_and_kept_as_it_was() {
    let mut site = Site::new().await;
    // The last ones look like rows that stand for a letter, and are none.
    let bodies = [&[0xff, 0x00, 0x80][..], b"", b"{\"dl\":1", b"{\"dl\":x}"];
    for body in bodies {
        put(&site, body.to_vec()).await;
    }
    site.fold().await;
    for _ in 0..2 {
        assert_eq!(replay_dead_letters(&site.app).await.unwrap(), bodies.len());
        site.fold().await;
        let letters = letters(&site);
        let kept: Vec<_> = letters.iter().map(|letter| (letter.id, &letter.body[..])).collect();
        assert_eq!(kept, (1..).zip(bodies).collect::<Vec<_>>());
        assert!(letters.iter().all(|letter| letter.error.contains("cannot be read")), "{letters:?}");
    }
    site.assert_that_all_are_counted().await;
}

/// A store that cannot be written for a while loses and doubles nothing.
#[actix_web::test]
async fn a_fold_that_meets_a_full_disk_keeps_everything_for_later() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", PAGE)).await;
    site.fold().await;
    let pages = site.ask::<i64>("pragma page_count");
    let limit = move |conn: &guestlog::store::Connection| {
        conn.pragma_update(None, "max_page_count", pages).map_err(guestlog::store::Error::from)
    };
    site.app.store.writer.write(limit).await.unwrap();
    for n in 0..200 {
        let url = format!("{PAGE}?{}{n}", "q".repeat(1_000));
        assert_eq!(site.collect(&site.view(&format!("x{n}"), "ada", &url)).await.status, 204);
    }
    let error =
        guestlog::app::ingest::fold::step(&site.app, &mut guestlog::app::ingest::fold::Cache::default())
            .await;
    assert!(error.is_err_and(|error| error.is_of_the_disk()));
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1, "all of it or nothing");
    assert!(letters(&site).is_empty(), "a full disk is no fault of a hit");
    let free = |conn: &guestlog::store::Connection| {
        conn.pragma_update(None, "max_page_count", 1_000_000).map_err(guestlog::store::Error::from)
    };
    site.app.store.writer.write(free).await.unwrap();
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 201);
    site.assert_that_all_are_counted().await;
}

/// Each is an acknowledged hit, so none is thrown away to make room for another.
#[actix_web::test]
async fn too_many_dead_letters_stop_the_collector_until_a_person_deals_with_them() {
    let mut site = Site::new().await;
    assert_eq!(LETTERS_MAX, 100_000);
    let fill = "insert into dead_letter (inbox_id, failed_ms, error, body)
        with recursive n(i) as (select 1 union all select i + 1 from n where i < 99999)
        select -i, 0, 'a fault', x'7b7d' from n";
    site.tamper(fill).await;
    put(&site, b"poison".to_vec()).await;
    let view = site.view("one", "ada", PAGE);
    assert_eq!(site.collect(&view).await.status, 204, "at the limit, before it is processed");
    assert_eq!(site.get("/readyz").await.status, 200);
    site.fold().await;
    let refused = site.collect(&site.view("two", "ada", PAGE)).await;
    assert_eq!((refused.status, refused.reason(), refused.header("retry-after")), (503, "unavailable", "2"));
    let ready = site.get("/readyz").await;
    assert_eq!(ready.status, 503);
    assert!(ready.text().contains("100000 hits could not be processed"), "{}", ready.text());
    assert!(site.get("/metrics").await.text().contains("guestlog_dead_letters 100000"));
    // A new process knows it too.
    let site = site.restart_after(|_| ()).await;
    assert_eq!(site.collect(&site.view("two", "ada", PAGE)).await.status, 503);
    assert_eq!(delete_dead_letters(&site.app).await.unwrap(), 100_000);
    assert_eq!(site.collect(&site.view("two", "ada", PAGE)).await.status, 204);
    assert_eq!(site.get("/readyz").await.status, 200);
}
