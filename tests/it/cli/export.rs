//! `guestlog export events`.

use std::collections::HashSet;

use guestlog::domain::money;
use serde_json::Value;

use super::harness::{Machine, Said, ask};
use crate::harness::totals::totals_of;

const NDJSON: [&str; 6] = ["export", "events", "--format", "ndjson", "--account", "1000001"];

/// A machine with two accounts and a generated history of twelve days in each.
fn generated() -> Machine {
    let machine = Machine::new();
    for (name, seed) in [("Shop", "1"), ("Other", "2")] {
        let added =
            ["account", "add", "--name", name, "--domain", "shop.test", "--time-zone", "Asia/Kolkata"];
        let account = machine.json(&added)["account_id"].to_string();
        let made = ["generate", "--events", "1500", "--days", "12", "--visitors", "300", "--seed", seed];
        machine.json(&[&made[..], &["--account", &account]].concat());
    }
    machine
}

fn lines(said: &Said) -> Vec<Value> {
    said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// The figures of reports, counted from exported lines: visitors, sessions, page views, completions, value, engaged time.
fn count(lines: &[Value]) -> (u64, u64, u64, u64, i64, u64) {
    let mut visitors = HashSet::new();
    let mut sessions = HashSet::new();
    let (mut page_views, mut completions, mut value, mut engaged) = (0, 0, 0, 0);
    for line in lines {
        if let Some(session) = line["session"].as_u64() {
            sessions.insert(session);
            visitors.insert(line["visitor"].as_u64().unwrap());
        }
        match line["kind"].as_str().unwrap() {
            "page_view" => {
                page_views += 1;
                engaged += line["engaged_ms"].as_u64().unwrap();
            }
            _ => {
                completions += 1;
                value += money::parse(line["value"].as_str().unwrap(), 2).unwrap();
            }
        }
    }
    (visitors.len() as u64, sessions.len() as u64, page_views, completions, value, engaged)
}

#[test]
fn the_exported_events_add_up_to_what_reports_say_beside_a_server_and_without() {
    let machine = generated();
    let alone = machine.run(&NDJSON);
    assert_eq!((alone.code, alone.err.as_str()), (0, ""));
    let server = machine.serve();
    let beside = machine.run(&NDJSON);
    assert_eq!(beside.code, 0, "{beside:?}");
    assert!(beside.out == alone.out, "the server changes nothing of it");
    let answered = machine.json(&[&NDJSON[..], &["--output", "events.ndjson"]].concat());
    assert_eq!(server.stop(), 0);

    let lines = lines(&alone);
    let found = count(&lines);
    let options = guestlog::store::Options { data_dir: machine.path("data"), min_free: 0, readers: 2 };
    let clock = std::sync::Arc::new(guestlog::base::clock::RealClock);
    let store = guestlog::store::Store::open(&options, clock).unwrap();
    let totals =
        |conn: &guestlog::store::Connection| Ok::<_, guestlog::store::Error>(totals_of(&store, conn).0);
    let totals = store.readers.read(totals).unwrap();
    let reported = (
        totals.visitors,
        totals.sessions,
        totals.page_views,
        totals.completions,
        totals.value_minor,
        totals.engaged_ms,
    );
    assert_eq!(found, reported);
    store.close();
    let main = machine.data("guestlog.db");
    assert!(ask::<i64>(&main, "select count(*) from segment where account_id = 1000001") > 5);
    assert!(
        ask::<i64>(&main, "select count(*) from event_hot where account_id = 1000001") > 0,
        "an open day"
    );
    assert!(found.3 > 50, "completions");

    assert_eq!(std::fs::read_to_string(machine.path("events.ndjson")).unwrap(), alone.out);
    let file = std::fs::metadata(machine.path("events.ndjson")).unwrap();
    assert_eq!(std::os::unix::fs::PermissionsExt::mode(&file.permissions()) & 0o777, 0o600);
    let expected = serde_json::json!({
        "file": "events.ndjson", "bytes": alone.out.len(), "events": lines.len(), "page_views": found.2,
        "completions": found.3,
    });
    assert_eq!(answered, expected);

    // The days of the period are days of the account, and of the other account there is nothing.
    let days: Vec<&str> = lines.iter().map(|line| &line["local_at"].as_str().unwrap()[..10]).collect();
    let day = days[days.len() / 2];
    let of_day = machine.run(&[&NDJSON[..], &["--from", day, "--to", day]].concat());
    assert_eq!(of_day.out.lines().count(), days.iter().filter(|other| **other == day).count());
    let csv = machine.run(&["export", "events", "--account", "1000002"]);
    let other = csv.out.lines().count() - 1;
    let events = "select (select coalesce(sum(rows), 0) from segment where account_id = 1000002)
                  + (select count(*) from event_hot where account_id = 1000002)";
    assert_eq!(other as i64, ask::<i64>(&main, events));
}

#[test]
fn a_damaged_day_is_named_and_ends_with_an_error_after_the_other_days() {
    let machine = generated();
    let whole = machine.run(&NDJSON);
    let main = machine.data("guestlog.db");
    let conn = rusqlite::Connection::open(&main).unwrap();
    let (id, rows, day): (i64, i64, i64) = conn
        .query_row(
            "select id, rows, day from segment where account_id = 1000001 order by day limit 1 offset 2",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .unwrap();
    let day: String =
        conn.query_row("select date(?1 * 86400, 'unixepoch')", [day], |row| row.get(0)).unwrap();
    conn.execute(
        "update segment_column set data = cast(x'00' || substr(data, 2) as blob) where id / 32 = ?1",
        [id],
    )
    .unwrap();
    drop(conn);
    let rest = machine.run(&NDJSON);
    assert_eq!(rest.code, 1);
    assert!(rest.err.contains("cannot be read") && rest.err.contains(&day), "{}", rest.err);
    assert_eq!(rest.out.lines().count(), whole.out.lines().count() - rows as usize);
    let file = machine.run(&[&NDJSON[..], &["--output", "rest.ndjson"]].concat());
    assert_eq!((file.code, file.out.as_str()), (1, ""), "{file:?}");
    assert!(file.err.contains(&day) && file.err.contains("rest.ndjson written"), "{}", file.err);
    assert_eq!(std::fs::read_to_string(machine.path("rest.ndjson")).unwrap(), rest.out);
    // Other accounts and other days are whole.
    assert_eq!(machine.run(&["export", "events", "--account", "1000002"]).code, 0);
}

#[test]
fn what_cannot_be_exported_is_said() {
    let machine = Machine::new();
    machine.run(&NDJSON).fails(1, "there is no account 1000001");
    assert!(!machine.path("data").exists(), "a look changes nothing");
    machine.account();
    machine.run(&["export", "events", "--account", "5"]).fails(1, "there is no account 5");
    for (more, words) in [
        (&["--from", "soon"][..], "enter a day such as 2026-01-31"),
        (&["--from", "2026-02-02", "--to", "2026-02-01"], "--from is after --to"),
        (&["--bom"], "--bom is for CSV"),
        (&["--json"], "--json needs --output"),
        (&["--force"], "--output"),
    ] {
        machine.run(&[&NDJSON[..], more].concat()).fails(2, words);
    }
    let empty = machine.run(&["export", "events", "--account", "1000001", "--bom"]);
    assert_eq!((empty.code, empty.out.lines().count()), (0, 1), "only the heading: {empty:?}");
    assert!(empty.out.starts_with("\u{feff}at,local_at,"), "{empty:?}");

    std::fs::write(machine.path("kept"), "mine").unwrap();
    let to_file = [&NDJSON[..], &["--output", "kept"]].concat();
    machine.run(&to_file).fails(1, "already exists");
    assert_eq!(std::fs::read_to_string(machine.path("kept")).unwrap(), "mine");
    assert_eq!(machine.run(&[&to_file[..], &["--force"]].concat()).code, 0);
    assert_eq!(std::fs::read_to_string(machine.path("kept")).unwrap(), "");
    machine
        .run(&[&NDJSON[..], &["--output", "no/such/folder"]].concat())
        .fails(1, "cannot write no/such/folder");
}

/// The documentation of the columns is the list that files are made from.
#[test]
fn the_help_lists_every_column() {
    let help = Machine::new().run(&["export", "events", "--help"]).out;
    for column in guestlog::app::export::columns::COLUMNS {
        assert!(help.contains(&format!("  {} ", column.name)) && !column.what.is_empty(), "{}", column.name);
    }
}
