//! What an import says of the past of contacts: when they came and from where. And lists follow what it says.

use guestlog::app::access::Actor;
use guestlog::app::jobs::build_lists::ListJob;
use guestlog::app::people::lists;
use guestlog::base::clock::MINUTE;
use guestlog::domain::import::Reason;
use guestlog::domain::list::{Condition, Conditions, ListKind, TextField, TextTest};
use guestlog::store::{self, Connection};

use super::imports::{asks, import, refused};
use crate::harness::app::TestApp;

/// rules.md 34
#[actix_web::test]
async fn the_past_of_a_contact_is_only_widened_and_what_cannot_have_been_is_refused() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let now = site.app.now().0;
    let past = |first: &str, last: &str| {
        format!(
            "email,created,first_seen,last_seen,original_source\na@a.test,2020-05-05,{first},{last},REFERRALS\n"
        )
    };
    let kept = async || {
        let seen =
            "select created_ms || ' ' || first_ms || ' ' || last_ms from contact where email = 'a@a.test'";
        asks(&site, seen).await
    };
    let known = |first: i64, last: i64| vec![format!("1588636800000 {first} {last}")];
    let early = import(&site, account, past("1600000000000", "1650000000000").as_bytes()).await;
    assert_eq!(early.tally.created, 1);
    assert_eq!(kept().await, known(1_600_000_000_000, 1_650_000_000_000));
    for (first, last, changed, wanted) in [
        ("1600000000000", "1650000000000", 0, (1_600_000_000_000, 1_650_000_000_000)),
        ("1610000000000", "1640000000000", 0, (1_600_000_000_000, 1_650_000_000_000)),
        ("1590000000000", "1640000000000", 1, (1_590_000_000_000, 1_650_000_000_000)),
        ("", "1660000000000", 1, (1_590_000_000_000, 1_660_000_000_000)),
        ("1660000000001", "", 1, (1_590_000_000_000, 1_660_000_000_001)),
    ] {
        let again = past(first, last).replace("2020-05-05", "2019-05-05");
        let done = import(&site, account, again.as_bytes()).await;
        assert_eq!((done.tally.changed, done.tally.same), (changed, 1 - changed), "{first} {last}");
        assert_eq!(kept().await, known(wanted.0, wanted.1), "{first} {last}");
    }
    let source = "select replace(d.value, char(31), '/') from contact c
        join dictionary d on d.account_id = c.account_id and d.kind = 4 and d.id = c.source";
    assert_eq!(asks(&site, source).await, ["REFERRALS//"]);
    import(&site, account, b"email,original_source\na@a.test,OFFLINE\n").await;
    assert_eq!(asks(&site, source).await, ["OFFLINE//"]);
    // Visits know better where somebody came from.
    let visited =
        |conn: &Connection| Ok::<_, store::Error>(conn.execute("update contact set sessions = 1", [])?);
    site.app.store.writer.write(visited).await.unwrap();
    let done = import(&site, account, b"email,original_source\na@a.test,REFERRALS\n").await;
    assert_eq!((done.tally.same, asks(&site, source).await), (1, vec!["OFFLINE//".to_owned()]));

    let later = (now + 1).to_string();
    for (column, value, reason) in [
        ("created", later.as_str(), Reason::FutureTime),
        ("first_seen", &later, Reason::FutureTime),
        ("last_seen", &later, Reason::FutureTime),
        ("last_seen", "31/01/2026", Reason::NoTime),
        ("original_source", "Google", Reason::NoSource),
    ] {
        let file = format!("email,{column}\nb@b.test,{value}\n");
        let done = import(&site, account, file.as_bytes()).await;
        assert_eq!(refused(&site, done.id).await, [(2, Some(1), reason)], "{column} {value}");
    }
    let file = format!("email,created,last_seen\nb@b.test,{now},{now}\n");
    assert_eq!(import(&site, account, file.as_bytes()).await.tally.created, 1, "at the limit");
}

/// rules.md 32
#[actix_web::test]
async fn imported_contacts_join_active_lists() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let known = Condition::Text { field: TextField::Email, is: TextTest::IsKnown, value: String::new() };
    let known = Conditions::of(known);
    lists::create(&site.app, Actor::Machine, account, "Known", ListKind::Active, known).await.unwrap();
    let mut job = ListJob::default();
    job.run(&site.app).await.unwrap();
    import(&site, account, b"email\nada@a.test\nbob@a.test\n").await;
    site.clock.advance(MINUTE);
    job.run(&site.app).await.unwrap();
    assert_eq!(asks(&site, "select size || '' from list").await, ["2"]);

    // A property of contacts that were there before.
    let plan = TextField::Property("plan".to_owned());
    let gold = Condition::Text { field: plan, is: TextTest::Is, value: "gold".to_owned() };
    let gold = Conditions::of(gold);
    lists::create(&site.app, Actor::Machine, account, "Gold", ListKind::Active, gold).await.unwrap();
    job.run(&site.app).await.unwrap();
    import(&site, account, b"email,plan\nada@a.test,gold\n").await;
    site.clock.advance(MINUTE);
    job.run(&site.app).await.unwrap();
    assert_eq!(asks(&site, "select size || '' from list order by id").await, ["2", "1"]);
}
