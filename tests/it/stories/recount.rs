//! Counting a visited-URL event back, and removing the completions of a deleted event. Afterwards the data must be
//! the same as if the event had always existed, or never.

use std::cell::Cell;

use guestlog::app::access::Actor;
use guestlog::app::events::count_back::{self as job, count_back, counted_back, work_due};
use guestlog::app::events::{definitions, unexpected};
use guestlog::base::clock::{DAY, HOUR, MINUTE, Millis};
use guestlog::domain::event::{EventKind, EventNumber, Status, Typed};
use guestlog::store::count_back;
use guestlog::store::event_work::{self, Work};
use guestlog::store::scan::Totals;
use guestlog::store::{Connection, Error, definition};
use serde_json::{Value, json};

use crate::harness::site::{Site, with};
use crate::harness::totals::totals_of;
use crate::harness::unpacked::unpacked;

const RULE: &str = "/thanks*";

async fn create(site: &Site) -> EventNumber {
    let typed = Typed { name: "Thanks", url: RULE, value: "2.50", ..Typed::default() };
    definitions::create(&site.app, Actor::Machine, site.account, EventKind::Visit, &typed).await.unwrap()
}

async fn work(site: &Site) {
    let app = site.app.clone();
    actix_web::rt::task::spawn_blocking(move || work_due(&app)).await.unwrap();
}

/// Three visitors on four days, the last of which is open: one becomes a contact, sessions cross midnight, page
/// views repeat within a millisecond, one visit bounces, and one page view arrives a day late.
async fn live_through(site: &mut Site) {
    let views_sent = Cell::new(0);
    let view = |site: &Site, visitor: &str, path: &str| {
        views_sent.set(views_sent.get() + 1);
        site.view(&views_sent.get().to_string(), visitor, &format!("https://example.com{path}"))
    };
    for day in 0..4 {
        let known = json!({"email": "ada@example.com"});
        site.collect(&view(site, "ada", "/")).await;
        site.collect(&view(site, "ada", "/thanks?order=1")).await;
        site.collect(&view(site, "ada", "/thanks?order=1")).await;
        site.collect(&site.completion(&format!("c{day}"), "ada", "Other", 1)).await;
        if day == 2 {
            site.collect(&with(view(site, "ada", "/me"), "i", known)).await;
        }
        site.clock.advance(11 * HOUR + 50 * MINUTE);
        site.collect(&view(site, "bob", "/thanks/")).await;
        site.clock.advance(20 * MINUTE);
        site.collect(&view(site, "bob", "/THANKS")).await;
        site.collect(&view(site, "cyn", "/thanks")).await;
        site.clock.advance(MINUTE);
        site.collect(&view(site, "dan", "/other")).await;
        site.fold().await;
        // The engagement time belongs to the page view only, not to its completion.
        site.collect(
            &json!({"a": 1_000_001, "k": "engagement", "vi": "cyn", "pu": "https://example.com/thanks",
            "pv": (views_sent.get() - 1).to_string(), "ms": 30_000, "id": format!("e{day}")}),
        )
        .await;
        site.fold().await;
        site.clock.advance(DAY - 11 * HOUR - 71 * MINUTE);
        if day < 3 {
            site.close_days().await;
        }
        if day == 1 {
            site.collect(&with(view(site, "eve", "/thanks"), "age", 20 * HOUR)).await;
            site.fold().await;
        }
    }
    site.fold().await;
}

/// Everything that counts, as text.
fn state(site: &Site) -> (Totals, Vec<String>) {
    let store = &site.app.store;
    let (figures, _) = store.readers.read(|conn| Ok::<_, Error>(totals_of(store, conn))).unwrap();
    let conn = unpacked(&site.data_dir());
    let mut lines = Vec::new();
    for question in [
        "select 'row ' || at_ms || ' ' || engaged_ms || ' ' || kind || ' ' || visitor || ' ' || session_id || ' ' || page || ' ' || event
             || ' ' || value_minor || ' ' || title from temp.event_hot order by at_ms, visitor, kind, page, event",
        "select 'session ' || id || ' ' || page_views || ' ' || completions from session_unpacked order by id",
        "select 'visitor ' || number || ' ' || completions || ' ' || value_minor from visitor order by number",
        "select 'contact ' || email || ' ' || completions || ' ' || revenue_asserted_minor from contact",
    ] {
        let mut statement = conn.prepare(question).unwrap();
        let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
        lines.extend(rows.map(Result::unwrap));
    }
    (figures, lines)
}

#[actix_web::test]
async fn what_is_counted_back_is_what_would_have_been_counted() {
    let mut always = Site::new().await;
    let other = Typed { name: "Other", ..Typed::default() };
    let mut later = Site::new().await;
    for site in [&always, &later] {
        definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &other)
            .await
            .unwrap();
    }
    let number = create(&always).await;
    live_through(&mut always).await;
    live_through(&mut later).await;
    let without = state(&later);
    assert_eq!(create(&later).await, number);
    assert_eq!(state(&later), without, "created, it counts from now on");

    count_back(&later.app, Actor::Machine, later.account, number).await.unwrap();
    work(&later).await;
    let counted = state(&later);
    assert_eq!(counted, state(&always));
    let direct =
        counted.1.iter().filter(|line| line.starts_with("row") && line.ends_with(" 2 250 0")).count();
    let counted = counted_back(&later.app, later.account, number).await.unwrap().unwrap();
    assert_eq!((counted.completions, counted.done), (i64::try_from(direct).unwrap(), counted.total));
    assert!(counted.total >= 3 && counted.finished.is_some() && direct == 21, "{counted:?} {direct}");
    let last = "select last_ms from event_definition where number = 2";
    assert_eq!(later.ask::<i64>(last), always.ask::<i64>(last));

    // Counted again, with new hits and newly closed days.
    for site in [&mut always, &mut later] {
        site.collect(&site.view("more", "bob", "https://example.com/thanks")).await;
        site.fold().await;
        site.clock.advance(2 * DAY);
        site.close_days().await;
    }
    count_back(&later.app, Actor::Machine, later.account, number).await.unwrap();
    work(&later).await;
    assert_eq!(state(&later), state(&always), "nothing is counted twice");
    assert_eq!(counted_back(&later.app, later.account, number).await.unwrap().unwrap().completions, 0);

    // And deleted again, except completions that nobody counted back.
    let gone = definitions::what_goes(&later.app, later.account, number).await.unwrap();
    assert_eq!((gone.completions, gone.contacts, gone.value_minor), (22, 1, 22 * 250));
    definitions::delete(&later.app, Actor::Machine, later.account, number).await.unwrap();
    work(&later).await;
    let mut never = Site::new().await;
    definitions::create(&never.app, Actor::Machine, never.account, EventKind::Custom, &other).await.unwrap();
    live_through(&mut never).await;
    never.collect(&never.view("more", "bob", "https://example.com/thanks")).await;
    never.fold().await;
    never.clock.advance(2 * DAY);
    never.close_days().await;
    assert_eq!(state(&later), state(&never));
}

#[actix_web::test]
async fn events_that_cannot_be_counted_back_are_rejected() {
    let site = Site::new().await;
    let number = create(&site).await;
    let custom = Typed { name: "Custom", ..Typed::default() };
    let custom = definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &custom)
        .await
        .unwrap();
    let back = async |number| count_back(&site.app, Actor::Machine, site.account, number).await;
    assert!(matches!(back(custom).await, Err(job::Error::Kind)));
    assert!(matches!(back(EventNumber(9)).await, Err(job::Error::Access(_))));
    definitions::set_status(&site.app, Actor::Machine, site.account, number, Status::Archived).await.unwrap();
    assert!(matches!(back(number).await, Err(job::Error::Kind)));
    assert_eq!(site.ask::<i64>("select count(*) from event_work"), 0);
}

#[actix_web::test]
async fn an_event_is_changed_and_a_deleted_name_comes_back_by_hand_alone() {
    let mut site = Site::new().await;
    let number = create(&site).await;
    let change = async |name, url| {
        let typed = Typed { name, url, value: "3", ..Typed::default() };
        definitions::update(&site.app, Actor::Machine, site.account, number, &typed, None).await
    };
    assert!(matches!(change("", "/x").await, Err(definitions::Error::Invalid(_))));
    assert!(matches!(change("Thank you", "").await, Err(definitions::Error::Invalid(_))));
    change("Thank you", "/merci").await.unwrap();
    site.collect(&site.view("1", "ada", "https://example.com/thanks")).await;
    site.collect(&site.view("2", "ada", "https://example.com/merci")).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select value_minor from event_unpacked where kind = 2"), [300]);
    definitions::delete(&site.app, Actor::Machine, site.account, number).await.unwrap();
    work(&site).await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked where kind = 2"), 0);
    let completion: Value = site.completion("3", "ada", "Thank you", 1);
    site.collect(&completion).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked where kind = 2"), 0);
    assert!(unexpected::list(&site.app, site.account, false).await.unwrap().is_empty());
    let typed = Typed { name: "Thank you", ..Typed::default() };
    let again = definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &typed).await;
    assert_eq!(again.unwrap(), EventNumber(2));
}

/// A step of a count that was restarted, or whose event has changed, does nothing.
#[actix_web::test]
async fn a_count_of_an_outdated_rule_is_dropped() {
    let site = Site::new().await;
    let number = create(&site).await;
    let (app, account) = (site.app.clone(), site.account);
    let begin = async || count_back(&app, Actor::Machine, account, number).await.unwrap();
    let write = async |work: Work, changed: Millis| {
        app.store.writer.write(move |conn| event_work::update(conn, &work, Some(changed))).await
    };
    let changed = async || {
        let stored = app.store.read(move |conn| definition::find(conn, account, number)).await;
        stored.unwrap().unwrap().changed
    };
    begin().await;
    let first = counted_back(&app, account, number).await.unwrap().unwrap();
    assert!(write(first, changed().await).await.is_ok());
    begin().await;
    assert!(matches!(write(first, changed().await).await, Err(Error::NotFound)), "begun again");
    let second = counted_back(&app, account, number).await.unwrap().unwrap();
    let before = changed().await;
    site.clock.advance(MINUTE);
    let typed = Typed { name: "Thanks", url: "/x", ..Typed::default() };
    definitions::update(&app, Actor::Machine, account, number, &typed, None).await.unwrap();
    assert!(matches!(write(second, before).await, Err(Error::NotFound)), "another rule");
    work(&site).await;
    let done = counted_back(&app, account, number).await.unwrap().unwrap();
    assert!(done.finished.is_some());
    assert!(matches!(write(done, changed().await).await, Err(Error::NotFound)), "finished");
}

#[actix_web::test]
async fn the_properties_of_a_deleted_event_go_in_steps() {
    let site = Site::new().await;
    let account = site.account;
    let fill = format!(
        "with recursive n(i) as (select 0 union all select i + 1 from n where i <= 2 * {})
         insert into event_property select {}, i / 3, i, 1, 1 + i % 2, '{{}}' from n",
        count_back::PROPERTIES,
        account.0
    );
    let (mut from, mut steps) = (Some(i64::MIN), 0);
    site.app.store.writer.write(move |conn| Ok::<_, Error>(conn.execute_batch(&fill)?)).await.unwrap();
    while let Some(from_ms) = from {
        let delete =
            move |conn: &Connection| count_back::delete_properties(conn, account, EventNumber(2), from_ms);
        from = site.app.store.writer.write(delete).await.unwrap();
        steps += 1;
    }
    assert!(steps >= 3, "{steps}");
    let left = site.asks::<i64>("select event from event_property");
    assert_eq!((left.len() as i64, left.contains(&2)), (count_back::PROPERTIES + 1, false));
}
