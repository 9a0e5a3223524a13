//! Addresses that many browsers send: when they are noticed, that noticing changes nothing, and what blocking leaves.

use guestlog::app::access::Actor;
use guestlog::app::people::block::{self, Error};
use guestlog::app::people::erase::contact::erase_contact;
use guestlog::app::people::merge::{merge, undo_merge};
use guestlog::base::clock::HOUR;
use guestlog::domain::contact::Email;
use guestlog::domain::placeholder::{BLOCKED_MAX, BROWSERS_MAX, JOINED_WITHIN};
use guestlog::store::check::check;
use guestlog::store::{self, MAIN_FILE};
use serde_json::{Value, json};

use crate::harness::site::{Site, with};

const GUEST: &str = "shop.guest@example.test";

async fn say(site: &mut Site, browser: &str, said: Value) {
    let id = format!("{browser}{}", site.app.counters.received());
    site.collect(&with(site.view(&id, browser, "https://example.com/"), "i", said)).await;
    site.fold().await;
}

async fn guests(site: &mut Site, names: std::ops::Range<u32>) {
    for n in names {
        say(site, &format!("b{n}"), json!({"email": GUEST})).await;
    }
}

fn noticed(site: &Site) -> i64 {
    site.ask("select count(*) from contact_joining where noticed_ms is not null")
}

fn email(text: &str) -> Email {
    Email::parse(text).unwrap()
}

/// rules.md 36
#[actix_web::test]
async fn a_contact_that_too_many_browsers_join_in_a_day_is_noticed() {
    let mut site = Site::new().await;
    // The first browser makes the contact; so many more may join it.
    guests(&mut site, 0..BROWSERS_MAX + 1).await;
    assert_eq!(noticed(&site), 0, "at the limit");
    // The same browsers again, and one that was somebody else, are no new ones.
    guests(&mut site, 0..3).await;
    say(&mut site, "kiosk", json!({"email": "ada@example.test"})).await;
    say(&mut site, "kiosk", json!({"email": GUEST})).await;
    assert_eq!(noticed(&site), 0);
    guests(&mut site, 100..101).await;
    assert_eq!(noticed(&site), 1, "one past it");
    assert_eq!(site.ask::<i64>("select contact_id from contact_joining where noticed_ms is not null"), 1);
    assert_eq!(site.ask::<i64>("select count(*) from visitor where contact_id = 1 and no_browser = 0"), 23);
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
}

#[actix_web::test]
async fn browsers_of_several_days_are_not_taken_together() {
    for (pause, wanted) in [(JOINED_WITHIN - 1, 1), (JOINED_WITHIN, 0)] {
        let mut site = Site::new().await;
        guests(&mut site, 0..BROWSERS_MAX + 1).await;
        site.clock.advance(pause);
        guests(&mut site, 100..101).await;
        assert_eq!(noticed(&site), wanted, "{pause}");
    }
    // A regular visitor with a new browser every hour is none.
    let mut site = Site::new().await;
    for n in 0..60 {
        guests(&mut site, n..n + 1).await;
        site.clock.advance(2 * HOUR);
    }
    assert_eq!(noticed(&site), 0);
}

#[actix_web::test]
async fn an_account_blocks_a_thousand_addresses_and_not_one_more() {
    let site = Site::new().await;
    site.tamper(
        "with recursive n(n) as (select 1 union all select n + 1 from n where n < 999)
         insert into blocked_email (account_id, email, created_ms) select 1000001, 'a' || n || '@example.test', 0 from n",
    )
    .await;
    assert_eq!(BLOCKED_MAX, 1_000);
    let blocking = |text: &str| block::block(&site.app, Actor::Machine, site.account, email(text));
    blocking("last@example.test").await.unwrap();
    assert!(matches!(blocking("more@example.test").await, Err(Error::TooMany)));
    assert!(matches!(blocking("last@example.test").await, Err(Error::Blocked)));
    let last = block::list(&site.app, site.account).await.unwrap()[0].id;
    block::unblock(&site.app, Actor::Machine, site.account, last).await.unwrap();
    blocking("more@example.test").await.unwrap();
    let known = &site.app.accounts.find(site.account).unwrap().identity.blocked;
    assert!(known.contains("more@example.test") && !known.contains("last@example.test"));
}

/// rules.md 25
#[actix_web::test]
async fn erasing_a_person_unblocks_the_address_and_leaves_no_byte_of_it() {
    let mut site = Site::new().await;
    guests(&mut site, 0..3).await;
    block::block_contact(&site.app, Actor::Machine, site.account, 1).await.unwrap();
    erase_contact(&site.app, Actor::Machine, site.account, 1).await.unwrap();
    assert!(site.app.accounts.find(site.account).unwrap().identity.blocked.is_empty());
    for table in ["blocked_email", "contact_joining"] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
    let site = site.restart().await;
    for file in [MAIN_FILE, store::INBOX_FILE] {
        let bytes = std::fs::read(site.data_dir().join(file)).unwrap();
        assert!(!bytes.windows(GUEST.len()).any(|part| part == GUEST.as_bytes()), "{file}");
    }
}

/// rules.md 31
#[actix_web::test]
async fn merging_and_undoing_keep_what_was_noticed() {
    let mut site = Site::new().await;
    say(&mut site, "ada", json!({"email": "ada@example.test"})).await;
    guests(&mut site, 0..BROWSERS_MAX + 2).await;
    let suspects = |site: &Site| {
        let (app, account) = (site.app.clone(), site.account);
        async move { block::suspects(&app, account, 10).await.unwrap().0 }
    };
    assert_eq!(suspects(&site).await.len(), 1);
    merge(&site.app, Actor::Machine, site.account, 2, 1).await.unwrap();
    assert_eq!(suspects(&site).await, [], "the address is not a contact's primary one");
    undo_merge(&site.app, Actor::Machine, site.account, 2).await.unwrap();
    let back = suspects(&site).await;
    assert_eq!((back.len(), back[0].contact, back[0].email.as_str()), (1, 2, GUEST));
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
}
