//! Every format segments ever had is read. Of each a segment is kept in `tests/data`, as the program that had this format
//! wrote it: `KEEP_SEGMENT=1 cargo test --test it segments::formats` writes that of the present one.

use std::path::PathBuf;

use guestlog::base::clock::{ManualClock, Millis};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::period::LocalDay;
use guestlog::store::event::{COMPLETION, Event, PAGE_VIEW};
use guestlog::store::scan::Totals;
use guestlog::store::segment::columns::Run;
use guestlog::store::segment::pack::FORMAT;
use guestlog::store::{self, MAIN_FILE, Options, Store, segment};
use rusqlite::{Connection, params_from_iter};
use serde_json::{Value, json};

use crate::harness::totals::totals_of;

/// 2026-11-22
const DAY: LocalDay = LocalDay(20_779);
const MORNING: i64 = 1_795_330_800_000;

fn file(format: u8) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join(format!("tests/data/segment-format-{format}.json"))
}

fn row(session: u32, visitor: u32, at_ms: i64, page: u32) -> Event {
    Event {
        at_ms,
        inbox_id: 0,
        kind: PAGE_VIEW,
        visitor,
        session_id: session,
        page,
        title: page * 10,
        event: 0,
        value_minor: 0,
        consent: 15,
        policy: 3,
        engaged_ms: page * 1_000,
        foreign_host: page == 4,
    }
}

/// Something in every column, and columns of every form.
fn runs() -> Vec<Run> {
    let run = |session: u32, visitor: u32, rows: Vec<Event>| Run {
        session,
        visitor,
        bounced: rows.len() == 1,
        is_new: visitor % 2 == 1,
        source: 1 + visitor % 3,
        referrer: visitor % 2,
        campaign: if visitor == 9 { 70_000 } else { 0 },
        device: 2,
        screen: 4,
        language: 1,
        place: visitor % 4,
        company: if visitor == 5 { 8 } else { 0 },
        entry_page: rows.first().map_or(0, |row| row.page),
        exit_page: rows.last().map_or(0, |row| row.page),
        rows,
        ..Run::default()
    };
    let mut runs: Vec<Run> = (1..40)
        .map(|n| {
            let at = MORNING + i64::from(n) * 61_003;
            let rows = (0..1 + n % 4).map(|k| row(n, n, at + i64::from(k) * 17_000, 1 + (n * k) % 7));
            run(n, n, rows.collect())
        })
        .collect();
    let sale =
        |at_ms, value_minor| Event { kind: COMPLETION, event: 6, value_minor, ..row(40, 50, at_ms, 2) };
    let sales = vec![sale(MORNING + 5, -1_250), sale(MORNING + 5, 1_000_000_000_000)];
    runs.push(Run { spans: true, switched: true, bounced: false, ..run(40, 50, sales) });
    // Sent by a program.
    let reported =
        Event { kind: COMPLETION, event: 7, consent: 32, policy: 0, ..row(0, 51, MORNING + 80_000_000, 0) };
    runs.push(Run { session: 0, visitor: 51, rows: vec![reported], ..Run::default() });
    runs.sort_by_key(|run| (run.rows[0].at_ms, run.session));
    runs
}

struct Fresh {
    dir: tempfile::TempDir,
    store: Store,
}

impl Fresh {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let options = Options { data_dir: dir.path().to_owned(), min_free: 0, readers: 1 };
        let store = Store::open(&options, ManualClock::at(Millis(MORNING))).unwrap();
        let settings = Settings::parse("Kept", &["a.test".into()], "UTC", "EUR").unwrap();
        let insert = move |conn: &store::Connection| store::account::insert(conn, &settings, Millis(0));
        assert_eq!(store.writer.write_blocking(insert).unwrap(), AccountId::FIRST);
        Self { dir, store }
    }

    fn conn(&self) -> Connection {
        Connection::open(self.dir.path().join(MAIN_FILE)).unwrap()
    }
}

/// Every row of a question as an object; blobs in hexadecimal.
fn rows(conn: &Connection, sql: &str) -> Vec<Value> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
    rows.map(|text| serde_json::from_str(&text.unwrap()).unwrap()).collect()
}

fn keep() {
    let fresh = Fresh::new();
    let conn = fresh.conn();
    segment::insert(&conn, AccountId::FIRST, DAY, runs()).unwrap();
    let names: Vec<String> = conn
        .prepare("select name from pragma_table_info('segment')")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    let fields: Vec<String> = names.iter().map(|name| format!("'{name}', {name}")).collect();
    let kept = json!({
        "segment": rows(&conn, &format!("select json_object({}) from segment", fields.join(", ")))[0],
        "columns": rows(&conn, "select json_object('id', id, 'data', hex(data)) from segment_column order by id"),
        "segment_sum": conn.query_row("select segment_sum from account", [], |row| row.get::<_, i64>(0)).unwrap(),
    });
    std::fs::write(file(FORMAT), serde_json::to_string_pretty(&kept).unwrap() + "\n").unwrap();
}

fn put(conn: &Connection, kept: &Value) {
    let segment = kept["segment"].as_object().unwrap();
    let names: Vec<&str> = segment.keys().map(String::as_str).collect();
    let marks = vec!["?"; names.len()].join(", ");
    let sql = format!("insert into segment ({}) values ({marks})", names.join(", "));
    conn.execute(&sql, params_from_iter(segment.values().map(|value| value.as_i64().unwrap()))).unwrap();
    for column in kept["columns"].as_array().unwrap() {
        let (id, data) = (column["id"].as_i64().unwrap(), column["data"].as_str().unwrap());
        conn.execute("insert into segment_column values (?1, unhex(?2))", (id, data)).unwrap();
    }
    let sum = kept["segment_sum"].as_i64().unwrap();
    conn.execute("update account set segment_sum = ?1, last_visitor = 51, last_session = 40", [sum]).unwrap();
}

/// rules.md 18
#[test]
fn a_segment_of_every_format_is_read() {
    if std::env::var_os("KEEP_SEGMENT").is_some_and(|set| !set.is_empty()) {
        keep();
    }
    for format in 1..=FORMAT {
        let kept: Value = serde_json::from_str(&std::fs::read_to_string(file(format)).unwrap()).unwrap();
        let fresh = Fresh::new();
        let conn = fresh.conn();
        put(&conn, &kept);
        let listed = segment::list_verified(&conn, AccountId::FIRST, i64::MIN, i64::MAX).unwrap();
        assert_eq!((listed.segments.len(), listed.damaged_days.len()), (1, 0), "format {format}");
        assert_eq!(listed.segments[0].day, DAY);
        let read = segment::list_runs(&conn, &listed.segments[0]).unwrap();
        assert_eq!(read, runs(), "format {format}");
        let (found, _) = totals_of(&fresh.store, &conn);
        assert_eq!((found.page_views, found.completions), (99, 3), "format {format}");
        assert_eq!(
            found,
            Totals { sessions: 40, visitors: 40, value_minor: 999_999_998_750, ..found },
            "{found:?}"
        );
    }
}
