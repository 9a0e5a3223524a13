//! A store of the first version, with rows of every kind, is brought to this program's version: every report says what
//! it said, and sessions and page views of contacts are what the fold counts as they happen. Hits that waited are counted.

use std::path::Path;

use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, tokens};
use guestlog::app::jobs::assign_companies::assign_companies;
use guestlog::base::clock::{DAY, HOUR, MINUTE, Millis};
use guestlog::domain::user::Scope;
use guestlog::store::check::check;
use guestlog::store::{INBOX_FILE, MAIN_FILE, backup, batch, statistics, unpacked};
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::harness::site::{Site, with};

const FIRST: &str = include_str!("../../src/store/file/migrations/0001_start.sql");
const FIRST_INBOX: &str = include_str!("../../src/store/file/migrations/inbox_0001_start.sql");

/// A day of visitors: some are nobody's, some become contacts, one browser is used by two people in turn.
async fn day(site: &mut Site, day: u32) {
    let view = |site: &Site, n: u32, visitor: &str| {
        site.view(&format!("d{day}{visitor}{n}"), visitor, &format!("https://example.com/{n}"))
    };
    let said = |email: &str| json!({"email": email, "plan": format!("plan {day}")});
    for n in 0..3 {
        site.collect(&view(site, n, "anonymous")).await;
        site.collect(&view(site, n, "ada")).await;
    }
    site.collect(&site.completion(&format!("c{day}"), "ada", "Sale", 12.5)).await;
    site.collect(&site.completion(&format!("a{day}"), "anonymous", "Sale", 3)).await;
    site.collect(&with(view(site, 3, "ada"), "i", said("ada@example.test"))).await;
    site.collect(&with(view(site, 0, "phone"), "i", said("ada@example.test"))).await;
    for (n, email) in
        (0..).zip(["ada@example.test", "bob@example.test", "ada@example.test", "eve@example.test"])
    {
        site.collect(&with(view(site, n, "shared"), "i", said(email))).await;
        site.collect(&view(site, n + 10, "shared")).await;
    }
    site.get("/v1/event?_a=1000001&_n=Paid&_m=7&email=bob@example.test&id=77&city=Ghent").await;
    site.fold().await;
    // A session that goes on past the others, and engagement that comes when its day is closed.
    site.clock.advance(20 * MINUTE);
    site.collect(&view(site, 20, "ada")).await;
    site.fold().await;
    site.clock.advance(DAY - 20 * MINUTE);
    site.close_days().await;
    let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/",
        "pv": format!("d{day}ada1"), "ms": 9_000, "cc": 15});
    site.collect(&engaged).await;
    site.fold().await;
}

/// Puts a store of the first version in the place of one of this program, with all that it can hold of it.
fn make_first_version(data_dir: &Path) {
    let (main, first) = (data_dir.join(MAIN_FILE), data_dir.join("first.db"));
    let conn = Connection::open(&first).unwrap();
    conn.execute_batch(FIRST).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    conn.close().unwrap();
    let conn = Connection::open(&main).unwrap();
    conn.execute_batch("pragma foreign_keys = off").unwrap();
    unpacked::create_views(&conn).unwrap();
    conn.execute("attach ?1 as first", [first.to_str().unwrap()]).unwrap();
    let texts = |sql: &str| -> Vec<String> {
        let mut statement = conn.prepare(sql).unwrap();
        statement.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect()
    };
    let tables =
        texts("select name from first.sqlite_schema where type = 'table' and name not like 'sqlite%'");
    assert!(tables.len() > 25, "{tables:?}");
    for table in tables {
        // Sessions and hot rows had columns then.
        let (schema, now) = match &*table {
            "session" => ("temp", "session_unpacked"),
            "event_hot" => ("temp", "event_unpacked"),
            _ => ("main", &*table),
        };
        let columns = texts(&format!(
            "select name from pragma_table_info('{table}', 'first')
             where name in (select name from pragma_table_info('{now}', '{schema}'))"
        ))
        .join(", ");
        if !columns.is_empty() {
            let copy = format!("insert into first.{table} ({columns}) select {columns} from {schema}.{now}");
            conn.execute_batch(&copy).unwrap();
        }
    }
    let mark: i32 = conn.query_row("pragma main.application_id", [], |row| row.get(0)).unwrap();
    conn.pragma_update(Some("first"), "application_id", mark).unwrap();
    conn.close().unwrap();
    for end in ["-wal", "-shm"] {
        drop(std::fs::remove_file(data_dir.join(format!("{MAIN_FILE}{end}"))));
    }
    std::fs::rename(&first, &main).unwrap();
    assert!(data_dir.join(INBOX_FILE).exists());
}

const REPORTS: &[&str] = &[
    "contacts?",
    "contacts?sort=email&",
    "contacts?sort=revenue&",
    "contacts?sort=last_seen&",
    "contacts?search=ada&",
    "contacts/1?limit=1000&",
    "contacts/2?limit=1000&",
    "contacts/3?limit=1000&",
    "visitors/1?",
    "visitors/2?",
    "dashboard?period=90d&",
    "events?period=90d&",
    "events/000000000001?period=90d&",
    "events/000000000002?period=90d&",
    "pages?period=90d&",
    "sources?period=90d&",
    "devices?period=90d&",
];

async fn reports(site: &Site, secret: &str) -> Vec<(String, String)> {
    let mut all = Vec::new();
    for report in REPORTS {
        let uri = format!("/accounts/{}/{report}format=json", site.account);
        let request =
            TestRequest::get().uri(&uri).insert_header(("authorization", format!("Bearer {secret}")));
        let answer = site.call(request).await;
        assert_eq!(answer.status, 200, "{report}: {}", answer.text());
        let mut found: Value = serde_json::from_str(&answer.text()).unwrap();
        leave_out_newer(&mut found);
        all.push(((*report).to_owned(), found.to_string()));
    }
    all
}

/// Takes away what the first version did not keep of contacts.
fn leave_out_newer(report: &mut Value) {
    let Some(report) = report.as_object_mut() else { return };
    report.retain(|key, _| !key.ends_with("_url") && !key.ends_with("_referrer"));
    for property in report.get_mut("properties").and_then(Value::as_array_mut).into_iter().flatten() {
        property.as_object_mut().unwrap().retain(|key, _| key != "channel" && key != "history");
    }
}

/// What is counted of visitors and contacts, and what else is known of them.
fn people(site: &Site) -> Vec<String> {
    [
        "select 'visitor ' || number || ': ' || sessions || ' ' || page_views || ' ' || completions || ' '
             || value_minor || ' ' || shared_session || ' ' || coalesce(contact_id, '') from visitor order by number",
        "select 'contact ' || id || ': ' || state || ' ' || sessions || ' ' || page_views || ' ' || completions || ' '
             || revenue_minor || ' ' || revenue_asserted_minor || ' ' || email from contact order by id",
        "select 'email ' || email || ' ' || id || ' ' || email_verified || ' ' || email_ms from contact order by email",
        "select 'property ' || contact_id || ' ' || name || ' ' || value || ' ' || verified || ' ' || at_ms
             from contact_property order by contact_id, name",
    ]
    .into_iter()
    .flat_map(|question| site.asks::<String>(question))
    .collect()
}

#[actix_web::test]
async fn a_store_of_the_first_version_says_the_same_when_it_is_migrated() {
    let mut site = Site::new().await;
    for n in 0..3 {
        day(&mut site, n).await;
    }
    site.clock.advance(HOUR);
    // Some rows of today are hot, and of a session that goes on.
    site.collect(&site.view("today", "ada", "https://example.com/today")).await;
    site.collect(&site.view("new", "new", "https://example.com/today")).await;
    site.fold().await;
    let scopes = [Scope::ReportsRead, Scope::CrmRead];
    let made = tokens::create(&site.app, Actor::Machine, site.account, "t", &scopes).await;
    let secret = made.unwrap().1.reveal().to_owned();
    let (before, known) = (reports(&site, &secret).await, people(&site));
    let shares = "select count(*) from visitor where shared_session <> 0";
    assert!(site.ask::<i64>(shares) >= 9, "browsers changed hands");
    assert!(site.ask::<i64>("select count(*) from segment") >= 2);
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);

    let mut site = site.restart_after(make_first_version).await;
    assert_eq!(people(&site), known);
    assert_eq!(assign_companies(&site.app).await, 3);
    for (found, wanted) in reports(&site, &secret).await.iter().zip(&before) {
        assert_eq!(found, wanted);
    }
    assert!(site.data_dir().join(format!("{MAIN_FILE}.version-1")).exists(), "a copy was taken first");
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
    // A page that was open meanwhile reports how long it was visible.
    let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "new", "pu": "https://example.com/today",
        "pv": "new", "ms": 4_000, "cc": 15});
    site.collect(&engaged).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select engaged_ms from event_unpacked where engaged_ms > 0"), [4_000]);
    // Sessions from before have no click id.
    assert!(site.ask::<i64>("select count(*) from session_unpacked where click_id = 0") > 3);
    site.collect(&site.view("ad", "ad", "https://example.com/?fbclid=value")).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select click_id from session_unpacked where click_id <> 0"), [20]);
    // What comes later goes on from there.
    day(&mut site, 9).await;
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
    assert_eq!(site.ask::<i64>("select count(*) from contact"), 3);
}

/// Puts an inbox of the first version in the place of one of this program, with the hits that wait in it.
fn make_first_inbox(data_dir: &Path) {
    let (inbox, first) = (data_dir.join(INBOX_FILE), data_dir.join("first.db"));
    let conn = Connection::open(&first).unwrap();
    conn.execute_batch(FIRST_INBOX).unwrap();
    conn.pragma_update(None, "user_version", 1).unwrap();
    let now = Connection::open(&inbox).unwrap();
    let mark: i32 = now.query_row("pragma application_id", [], |row| row.get(0)).unwrap();
    conn.pragma_update(None, "application_id", mark).unwrap();
    let mut statement = now.prepare("select last_id, hits, body from batch").unwrap();
    let mut batches = statement.query([]).unwrap();
    while let Some(found) = batches.next().unwrap() {
        let body = found.get_ref(2).unwrap().as_blob().unwrap();
        for (id, row) in batch::hits(found.get(0).unwrap(), found.get(1).unwrap(), body) {
            conn.execute("insert into hit (id, body) values (?1, ?2)", (id, row)).unwrap();
        }
    }
    conn.close().unwrap();
    std::fs::rename(&first, &inbox).unwrap();
}

#[actix_web::test]
async fn hits_that_wait_in_an_inbox_of_the_first_version_are_counted() {
    let site = Site::new().await;
    for n in 0..3 {
        site.collect(&site.view(&format!("v{n}"), "ada", "https://example.com/")).await;
    }
    let views = json!([1, 2].map(|n| site.view(&format!("together{n}"), "bob", "https://example.com/")));
    site.collect(&views).await;
    let look = |data_dir: &Path| {
        make_first_inbox(data_dir);
        // What only reads the files must know the version before too: a backup is made before the program is replaced.
        let copied = backup::write(data_dir, &data_dir.with_extension("copy"), false, Millis(0)).unwrap();
        let (found, checked) =
            (statistics::find(data_dir).unwrap().unwrap(), check(data_dir).unwrap().unwrap());
        assert_eq!((copied.waiting, found.waiting, checked.waiting), (5, 5, 5));
        assert_eq!(checked.findings, [""; 0]);
    };
    let mut site = site.restart_after(look).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 5);
    assert!(site.data_dir().join(format!("{INBOX_FILE}.version-1")).exists(), "a copy was taken first");
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
}
