//! How a change spreads: it is done when it is committed, every cache follows it by itself and in order, and neither a
//! request nor the fold waits for a connection that somebody else reads with.

use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use guestlog::app::access::{Actor, accounts};
use guestlog::app::events::{custom_js, definitions, unexpected};
use guestlog::app::reports::ReportQuery;
use guestlog::app::reports::dashboard::dashboard;
use guestlog::base::clock::pause;
use guestlog::domain::account::Settings;
use guestlog::domain::event::{EventKind, EventNumber, Typed, UnknownNames};
use guestlog::domain::hit_reason::Reason;
use guestlog::store::{self, INBOX_FILE, MAIN_FILE};
use rusqlite::Connection;
use serde_json::json;

use crate::harness::site::{Site, with};

/// How long a test waits for a cache to follow before it fails.
const PATIENCE: usize = 500;
/// Between two looks at a cache.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Holds every reading connection of a site until it is dropped.
struct AllReadersLent {
    end: Vec<Sender<()>>,
    threads: Vec<JoinHandle<()>>,
}

impl AllReadersLent {
    fn of(site: &Site) -> Self {
        let (begun, has_begun) = channel();
        let mut held = Self { end: Vec::new(), threads: Vec::new() };
        for _ in 0..2 {
            let (end, ended) = channel::<()>();
            let (readers, begun) = (std::sync::Arc::clone(&site.app.store.readers), begun.clone());
            held.end.push(end);
            held.threads.push(std::thread::spawn(move || {
                let read = readers.read(|_| {
                    begun.send(()).unwrap();
                    let _ = ended.recv();
                    Ok::<_, store::Error>(())
                });
                read.unwrap();
            }));
        }
        (0..2).for_each(|_| has_begun.recv().unwrap());
        held
    }

    fn give_back(self) {
        drop(self.end);
        self.threads.into_iter().for_each(|thread| thread.join().unwrap());
    }
}

fn named(name: &str) -> Typed<'_> {
    Typed { name, ..Typed::default() }
}

async fn create(site: &Site, name: &str) -> Result<EventNumber, definitions::Error> {
    definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &named(name)).await
}

fn is_known(site: &Site, name: &str) -> bool {
    let known = site.app.definitions.of(site.account);
    known.events.iter().any(|stored| stored.definition.name == name)
}

fn settings(name: &str) -> Settings {
    Settings::parse(name, &["example.com".to_owned()], "UTC", "EUR").unwrap()
}

#[actix_web::test]
async fn changes_are_done_and_seen_while_every_reader_is_lent() {
    let site = Site::new().await;
    let lent = AllReadersLent::of(&site);
    let number = create(&site, "Bought").await.unwrap();
    assert!(is_known(&site, "Bought"), "events follow");
    let changed = Typed { name: "Paid", ..Typed::default() };
    definitions::update(&site.app, Actor::Machine, site.account, number, &changed, None).await.unwrap();
    assert!(is_known(&site, "Paid") && !is_known(&site, "Bought"), "a change of an event is followed");
    accounts::update(&site.app, Actor::Machine, site.account, settings("Renamed")).await.unwrap();
    assert_eq!(site.app.accounts.find(site.account).unwrap().settings().name, "Renamed");
    let other = accounts::create(&site.app, Actor::Machine, settings("Other")).await.unwrap();
    assert!(site.app.accounts.find(other).is_some(), "a new account is known");
    custom_js::set_custom_js(&site.app, Actor::Machine, site.account, false).await.unwrap();
    let account = site.app.accounts.find(site.account).unwrap();
    assert!(!site.app.runs_code(&account), "code that was switched off is not served");
    lent.give_back();
}

#[actix_web::test]
async fn hits_are_taken_and_folded_while_every_reader_is_lent() {
    let mut site = Site::new().await;
    create(&site, "Known").await.unwrap();
    let lent = AllReadersLent::of(&site);
    for (id, event) in [("a1", "Known"), ("a2", "New")] {
        let hit = site.completion(id, "0123456789abcdef0123456789abcdef", event, "1");
        assert_eq!(site.collect(&hit).await.status, 204);
    }
    site.fold().await;
    assert_eq!(site.count(Reason::Stored), 2);
    assert!(is_known(&site, "New"), "an event that the fold made is known to whoever accepts hits");
    lent.give_back();
}

#[actix_web::test]
async fn names_are_approved_while_every_reader_is_lent() {
    let mut site = Site::new().await;
    definitions::set_unknown_names(&site.app, Actor::Machine, site.account, UnknownNames::Queue)
        .await
        .unwrap();
    let hit = site.completion("a1", "0123456789abcdef0123456789abcdef", "Waits", "1");
    assert_eq!(site.collect(&hit).await.status, 204);
    site.fold().await;
    let waiting = unexpected::list(&site.app, site.account, false).await.unwrap();
    let lent = AllReadersLent::of(&site);
    let ids = waiting.iter().map(|name| name.id).collect();
    unexpected::approve(&site.app, Actor::Machine, site.account, ids).await.unwrap();
    assert!(is_known(&site, "Waits"));
    lent.give_back();
}

/// A text that is no UTF-8 stands for whatever keeps a cache from being read.
#[actix_web::test]
async fn a_change_that_cannot_be_read_back_is_done_and_followed_as_soon_as_it_can() {
    let site = Site::new().await;
    create(&site, "First").await.unwrap();
    site.tamper(
        "insert into event_definition (account_id, number, name, kind, status, created_ms, changed_ms)
         values (1000001, 9, cast(x'ff' as text), 'custom', 'active', 0, 0)",
    )
    .await;
    create(&site, "Second").await.unwrap();
    assert!(is_known(&site, "First") && !is_known(&site, "Second"), "what was known before stays");
    let count = site.ask::<i64>("select count(*) from event_definition where name = 'Second'");
    assert_eq!(count, 1, "the change is committed, and not to be made again");
    // Mended behind the back of the writer: nothing but time makes the cache look again.
    let conn = Connection::open(site.data_dir().join(MAIN_FILE)).unwrap();
    conn.execute("delete from event_definition where number = 9", []).unwrap();
    for _ in 0..PATIENCE {
        if is_known(&site, "Second") {
            return;
        }
        pause(LOOK_EVERY);
    }
    panic!("the cache does not follow");
}

#[actix_web::test]
async fn of_two_changes_at_once_the_later_one_stays() {
    let site = Site::new().await;
    for round in 0..200 {
        let update = |name: String| {
            let app = std::sync::Arc::clone(&site.app);
            let account = site.account;
            std::thread::spawn(move || {
                let made = accounts::update(&app, Actor::Machine, account, settings(&name));
                tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(made)
            })
        };
        let both = ["a", "b"].map(|name| update(format!("{name} {round}")));
        both.into_iter().for_each(|thread| thread.join().unwrap().unwrap());
        let stored = site.ask::<String>("select name from account");
        assert_eq!(site.app.accounts.find(site.account).unwrap().settings().name, stored, "round {round}");
    }
}

/// The watermark in the store decides, whatever the memory of the process says.
#[actix_web::test]
async fn a_hit_that_lies_in_the_inbox_again_counts_once() {
    let mut site = Site::new().await;
    let view = [
        ("a", "1000001"),
        ("k", "1"),
        ("vi", "0123456789abcdef0123456789abcdef"),
        ("pu", "https://example.com/a"),
    ];
    assert_eq!(site.gif(&view).await.status, 200);
    let inbox = Connection::open(site.data_dir().join(INBOX_FILE)).unwrap();
    let row = "select last_id, body from batch";
    let (id, body): (i64, Vec<u8>) = inbox.query_row(row, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    site.fold().await;
    assert_eq!(site.ask::<i64>("select page_views from session_unpacked"), 1);
    let left = || inbox.query_row("select count(*) from batch", [], |row| row.get::<_, i64>(0)).unwrap();
    for _ in 0..PATIENCE {
        if left() == 0 {
            break;
        }
        pause(LOOK_EVERY);
    }
    assert_eq!(left(), 0, "the hit was folded, so its row goes");
    inbox
        .execute("insert or replace into batch (last_id, hits, body) values (?1, 1, ?2)", (id, body))
        .unwrap();
    site.app.progress.advance(0);
    site.fold().await;
    assert_eq!(site.ask::<i64>("select page_views from session_unpacked"), 1, "it was counted a second time");
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1);
    assert_eq!(
        site.ask::<i64>("select count(*) from dead_letter"),
        0,
        "it was folded a second time and failed"
    );
}

/// However many reports run, a page that reads little finds a reader free.
#[actix_web::test]
async fn reads_that_take_long_leave_a_reader_for_short_ones() {
    let site = Site::new().await;
    let (begun, has_begun) = channel();
    let (mut ends, mut running) = (Vec::new(), Vec::new());
    // The store has two readers.
    for _ in 0..3 {
        let (app, begun, (end, ended)) = (site.app.clone(), begun.clone(), channel::<()>());
        ends.push(end);
        running.push(actix_web::rt::spawn(async move {
            let read = move |_: &Connection| {
                begun.send(()).unwrap();
                let _ = ended.recv();
                Ok::<_, store::Error>(())
            };
            app.store.read_long(read).await
        }));
    }
    let mut runs = false;
    for _ in 0..PATIENCE {
        runs = has_begun.try_recv().is_ok();
        if runs {
            break;
        }
        actix_web::rt::time::sleep(LOOK_EVERY).await;
    }
    let short =
        |conn: &Connection| Ok::<i64, store::Error>(conn.query_row("select 1", [], |row| row.get(0))?);
    assert_eq!((runs, site.app.store.read(short).await.unwrap()), (true, 1));
    assert!(has_begun.try_recv().is_err(), "the others wait for their turn");
    drop(ends);
    for one in running {
        one.await.unwrap().unwrap();
    }
}

async fn page_views_of(site: &Site, email: &str) -> u64 {
    let pairs = [("period", "today"), ("filter", &format!("contact:is:{email}"))]
        .map(|(key, value)| (key.to_owned(), value.to_owned()));
    let query = ReportQuery::parse(&pairs).unwrap();
    dashboard(&site.app, site.account, &query).await.unwrap().kpi.page_views
}

/// As a merge of two contacts will do it.
#[actix_web::test]
async fn a_visitor_that_somebody_moved_to_another_contact_is_that_ones_for_the_fold_and_in_reports() {
    let mut site = Site::new().await;
    let (ada, bob) = ("0123456789abcdef0123456789abcdef", "fedcba9876543210fedcba9876543210");
    for (id, token, email) in [("a1", ada, "ada@example.com"), ("b1", bob, "bob@example.com")] {
        let view = site.view(id, token, "https://example.com/a");
        site.collect(&with(view, "i", json!({ "email": email }))).await;
    }
    site.fold().await;
    // Both caches know whose the visitors are.
    assert_eq!(page_views_of(&site, "ada@example.com").await, 1);
    let account = site.account;
    let moved = site.app.store.writer.write(move |conn| {
        conn.execute(
            "update visitor set contact_id = (select id from contact where email = 'bob@example.com')
             where number = (select number from visitor_token where token like '0123%')",
            [],
        )?;
        let number =
            conn.query_row("select number from visitor_token where token like '0123%'", [], |row| {
                row.get(0)
            })?;
        store::changes::raise_contact_of_visitor(conn, account, number)
    });
    moved.await.unwrap();
    assert_eq!(page_views_of(&site, "ada@example.com").await, 0);
    assert_eq!(page_views_of(&site, "bob@example.com").await, 2);
    site.collect(&site.completion("a2", ada, "Bought", "5")).await;
    site.fold().await;
    let revenue = "select revenue_asserted_minor from contact order by email";
    assert_eq!(site.asks::<i64>(revenue), [0, 500], "the completion is the new contact's");
}

/// Two reports of a year waited for each other with a connection each, and no page was answered meanwhile.
#[actix_web::test]
async fn reports_of_a_year_wait_for_their_turn_without_a_reader() {
    let site = Site::new().await;
    let running = site.app.long_reports.acquire().await.unwrap();
    let ask = |period: &str| {
        let (app, account) = (site.app.clone(), site.account);
        let query = ReportQuery::parse(&[("period".to_owned(), period.to_owned())]).unwrap();
        actix_web::rt::spawn(async move { dashboard(&app, account, &query).await.map(drop) })
    };
    let waiting = [ask("12mo"), ask("12mo"), ask("12mo")];
    actix_web::rt::time::sleep(std::time::Duration::from_millis(50)).await;
    // All readers can be lent, so none of the three holds one.
    let lent = AllReadersLent::of(&site);
    assert!(waiting.iter().all(|report| !report.is_finished()));
    lent.give_back();
    ask("28d").await.unwrap().unwrap();
    assert!(waiting.iter().all(|report| !report.is_finished()), "the short one did not wait");
    drop(running);
    for report in waiting {
        report.await.unwrap().unwrap();
    }
}
