//! A visitor is erased while their browser still has the cookie and an open page.

use guestlog::app::access::Actor;
use guestlog::app::people::erase_visitor::{Erased, erase_visitor};
use guestlog::base::clock::{DAY, HOUR, MINUTE};
use guestlog::domain::account::AccountId;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store;
use serde_json::json;

use crate::harness::site::{Site, findings, with};

async fn erase(site: &Site, number: u32) -> Result<Erased, guestlog::app::access::Error> {
    erase_visitor(&site.app, Actor::Machine, AccountId::FIRST, VisitorNumber(number)).await
}

fn assert_whole(site: &Site) {
    let report = store::check::check(site.app.store.data_dir()).unwrap().unwrap();
    assert_eq!(report.findings, [""; 0]);
    assert_eq!(findings(site.app.store.data_dir()), [""; 0]);
}

/// Ada on two closed days and today, and Bob on the same days.
async fn two_visitors(site: &mut Site) {
    for day in 0..3 {
        for visitor in ["ada", "bob"] {
            for page in 0..2 {
                let (id, url) =
                    (format!("{visitor}{day}{page}"), format!("https://example.com/{visitor}/{page}"));
                site.collect(&site.view(&id, visitor, &url)).await;
            }
        }
        site.fold().await;
        if day < 2 {
            site.clock.advance(DAY);
            site.close_days().await;
        }
    }
}

/// rules.md 5, 12, 25
#[actix_web::test]
async fn nothing_of_an_erased_visitor_is_left_and_their_number_is_never_reused() {
    let mut site = Site::new().await;
    two_visitors(&mut site).await;
    let said = json!({"email": "ada@example.test", "visitor": "bobby"});
    site.collect(&with(site.view("said", "ada", "https://example.com/me"), "i", said)).await;
    site.fold().await;
    let rows = "select (select coalesce(sum(rows), 0) from segment) + (select count(*) from event_unpacked)";
    assert_eq!(site.ask::<i64>(rows), 13);
    let visits = "select sessions || ' ' || page_views from contact";
    assert_eq!(site.ask::<String>(visits), "3 7");
    let erased = erase(&site, 1).await.unwrap();
    assert_eq!(erased, Erased { sessions: 3, page_views: 7, days: 3, damaged: Vec::new() });
    assert_eq!(site.ask::<i64>(rows), 6, "Bob's");
    for table in [
        "visitor where number = 1",
        "visitor_token where number = 1",
        "session_unpacked where visitor = 1",
        "event_unpacked where visitor = 1",
        "identification",
        "late_engagement",
    ] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
    assert_eq!(site.ask::<i64>("select count(*) from contact"), 1, "an email is a person's");
    assert_eq!(site.ask::<String>(visits), "0 0", "what the visitor did left the contact");
    assert!(site.app.live.list(site.account, 0, 100).iter().all(|entry| entry.visitor != Some(1)));
    assert_eq!(site.app.live.list(site.account, 0, 100).len(), 6, "Bob's");
    let audit: Vec<String> = site.asks("select action || ' ' || detail from audit");
    assert_eq!(audit, ["visitor.erase 3 sessions, 7 page views, 3 days"]);
    assert_whole(&site);

    // The open page reports its engagement and repeats its page view.
    let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/", "pv": "ada21",
        "ms": 9_000, "cc": 15});
    site.collect(&engaged).await;
    site.collect(&site.view("ada21", "ada", "https://example.com/ada/1")).await;
    site.fold().await;
    assert_eq!((site.count(Reason::UnknownPageView), site.count(Reason::Duplicate)), (1, 1));
    assert_eq!(site.ask::<i64>(rows), 6, "what was erased does not come back");
    // The next page of that browser belongs to a new visitor.
    site.collect(&site.view("new", "ada", "https://example.com/")).await;
    site.fold().await;
    let newest = "select max(number) from visitor";
    assert!(site.ask::<i64>(newest) > 2);
    assert_eq!(site.ask::<i64>("select count(*) from visitor where number = 1"), 0);
    assert_whole(&site);
    assert!(matches!(
        erase(&site, 1).await.unwrap_err(),
        guestlog::app::access::Error::Store(store::Error::NotFound)
    ));
    site.assert_that_all_are_counted().await;
}

/// rules.md 12
#[actix_web::test]
async fn a_session_that_changed_hands_goes_on_as_the_others() {
    for (erased, left) in [(1, "/two"), (3, "/one")] {
        let mut site = Site::new().await;
        let said = |id, url, email| with(site.view(id, "ada", url), "i", json!({"email": email}));
        site.collect(&said("1", "https://example.com/one", "ada@example.test")).await;
        site.collect(&said("2", "https://example.com/two", "bob@example.test")).await;
        site.fold().await;
        let numbers = "select visitor from event_unpacked order by inbox_id";
        assert_eq!(site.asks::<i64>(numbers), [1, 4], "contacts have numbers of their own");
        let erased = if erased == 3 { 4 } else { erased };
        erase(&site, erased).await.unwrap();
        let paths = "select substr(d.value, instr(d.value, char(31)) + 1) from event_unpacked e
                     join dictionary d on d.kind = 1 and d.id = e.page";
        let found: Vec<String> = site.asks(paths);
        assert_eq!(found.iter().map(|path| path.trim_end_matches('\u{1f}')).collect::<Vec<_>>(), [left]);
        assert_eq!(site.asks::<i64>("select page_views from session_unpacked"), [1]);
        assert_eq!(site.ask::<i64>("select visitor from session_unpacked"), 5 - i64::from(erased));
        assert_whole(&site);
        site.clock.advance(DAY);
        site.close_days().await;
        assert_eq!(site.ask::<i64>("select sum(rows) from segment"), 1);
    }
}

/// rules.md 13
#[actix_web::test]
async fn the_number_for_events_from_programs_belongs_to_the_contact() {
    let mut site = Site::new().await;
    let said = with(site.view("1", "ada", "https://example.com/"), "i", json!({"email": "ada@example.test"}));
    site.collect(&said).await;
    site.fold().await;
    let own: u32 = site.ask("select number from contact");
    assert!(erase(&site, own).await.is_err());
    assert_eq!(site.ask::<i64>("select count(*) from visitor"), 2);
}

/// rules.md 25
#[actix_web::test]
async fn dead_letters_of_the_visitor_are_deleted_and_those_of_others_stay() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.fold().await;
    site.tamper("create temp trigger refuse before insert on event_hot begin select raise(abort, 'no'); end")
        .await;
    site.collect(&site.view("2", "ada", "https://example.com/a")).await;
    site.collect(&site.view("3", "bob", "https://example.com/b")).await;
    site.fold().await;
    site.tamper("drop trigger refuse").await;
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 2);
    erase(&site, 1).await.unwrap();
    assert_eq!(
        site.ask::<i64>("select count(*) from dead_letter where instr(body, cast('bob' as blob)) > 0"),
        1
    );
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 1);
}

/// A day that cannot be read is reported, and the visitor can be erased again once it can.
#[actix_web::test]
async fn a_damaged_day_is_reported_and_the_erasure_can_be_run_again() {
    let mut site = Site::new().await;
    two_visitors(&mut site).await;
    site.clock.advance(HOUR + MINUTE);
    site.tamper(
        "create table kept as select * from segment_column;
        update segment_column set data = cast(x'00' || substr(data, 2) as blob)
        where id / 32 = (select min(id) from segment)",
    )
    .await;
    let erased = erase(&site, 1).await.unwrap();
    assert_eq!(erased.damaged.len(), 1);
    assert_eq!(site.ask::<i64>("select count(*) from visitor where number = 1"), 1);
    assert_eq!(site.ask::<i64>("select sum(rows) from segment where id <> (select min(id) from segment)"), 2);
    site.tamper(
        "update segment_column set data = (select data from kept where kept.id = segment_column.id)
        where id / 32 = (select min(id) from segment); drop table kept",
    )
    .await;
    assert!(erase(&site, 1).await.unwrap().damaged.is_empty());
    assert_eq!(site.ask::<i64>("select sum(rows) from segment"), 4, "Bob's");
    assert_eq!(site.ask::<i64>("select count(*) from visitor where number = 1"), 0);
}
