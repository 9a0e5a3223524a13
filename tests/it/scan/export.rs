//! An export of random histories holds each fact once, in order, with everything that is known of it; whatever was closed
//! when, and however many events are read at once.

use std::ops::Range;

use guestlog::app::export::{Export, Format, Wanted};
use guestlog::base::clock::{MINUTE, Millis};
use guestlog::domain::money;
use guestlog::domain::period::{Days, LocalDay, Zone};
use guestlog::store::export::{EventReader, STEP_ROWS};
use guestlog::store::{self, Connection, Error};
use serde_json::{Map, Value, json};

use super::history::{AccountFact, Dice, EventFact, World};
use super::random;

const HISTORIES: u64 = 10;

/// What an exported line must say of a fact. Facts have no titles, and their events are numbered by chance.
fn expect(account: &AccountFact, event: &EventFact) -> Value {
    let zone = Zone::named(account.zone_name);
    let at = Millis(event.at_ms);
    let or_null = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let mut line = json!({
        "at": at.iso(),
        "local_at": zone.iso(at),
        "kind": if event.is_view { "page_view" } else { "completion" },
        "visitor": event.visitor,
        "contact_id": account.contact_of.get(&event.visitor),
        "host": or_null(&event.page[0]),
        "path": or_null(&event.page[1]),
        "query": or_null(&event.page[2]),
        "title": null,
        "foreign_host": false,
        "engaged_ms": event.is_view.then_some(event.engaged_ms),
        "event": or_null(&event.event),
        "value": (!event.is_view).then(|| money::decimal(event.value_minor, 2)),
        "currency": (!event.is_view).then_some("EUR"),
        "properties": null,
        "consent": event.consent.1,
        "consent_origin": super::oracle::origin(event.consent.0),
        "policy": 0,
    });
    let session = event.session.map(|place| (place, &account.sessions[place]));
    let text = |of: &dyn Fn(&super::history::SessionFact) -> String| {
        session.map_or(Value::Null, |(_, session)| or_null(&of(session)))
    };
    let is_over = session.is_some_and(|(_, session)| account.now.0 - session.last_ms >= 30 * MINUTE);
    let exit = |n: usize| if is_over { text(&|session| session.last_page[n].clone()) } else { Value::Null };
    let bounced = session.map(|(_, s)| s.page_views == 1 && s.completions == 0 && s.engaged_ms < 10_000);
    let of_session = json!({
        "session": session.map(|(place, _)| place + 1),
        "new_visitor": session.map(|(_, session)| session.is_new),
        "bounced": bounced,
        "suspected": session.map(|(_, session)| session.suspected),
        "source": text(&|session| session.source[0].clone()),
        "source_detail": text(&|session| session.source[1].clone()),
        "source_detail_2": text(&|session| session.source[2].clone()),
        "referrer": text(&|session| session.referrer.clone()),
        "utm_source": text(&|session| session.campaign[0].clone()),
        "utm_medium": text(&|session| session.campaign[1].clone()),
        "utm_campaign": text(&|session| session.campaign[2].clone()),
        "utm_term": text(&|session| session.campaign[3].clone()),
        "utm_content": text(&|session| session.campaign[4].clone()),
        "click_id": text(&|session| session.click_id.key().to_owned()),
        "entry_host": text(&|session| session.entry[0].clone()),
        "entry_path": text(&|session| session.entry[1].clone()),
        "exit_host": exit(0),
        "exit_path": exit(1),
        "device": text(&|session| session.device[0].clone()),
        "browser": text(&|session| session.device[1].clone()),
        "os": text(&|session| session.device[2].clone()),
        "screen": text(&|session| session.screen.as_str().to_owned()),
        "language": text(&|session| session.language.clone()),
        "country": text(&|session| session.place[0].clone()),
        "region": text(&|session| session.place[1].clone()),
        "company": text(&|session| session.company.clone()),
    });
    let (Some(line_map), Value::Object(more)) = (line.as_object_mut(), of_session) else { unreachable!() };
    line_map.extend(more);
    line
}

fn export(world: &World, account: &AccountFact, days: Option<Days>) -> Vec<Map<String, Value>> {
    let wanted = Wanted { first: days.map(|d| d.first), last: days.map(|d| d.last), format: Format::Ndjson };
    let read = |conn: &Connection| {
        let row = store::account::find(conn, account.id)?.expect("the account");
        let mut export = Export::new(row, &wanted, account.now);
        let mut out = Vec::new();
        while export.step(conn, &mut out)? {}
        assert!(export.damaged().is_empty());
        Ok::<_, Error>(out)
    };
    let out = String::from_utf8(world.store.readers.read(read).unwrap()).unwrap();
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|e| panic!("{e}: {line}"))).collect()
}

fn compare(make: &dyn Fn(u64) -> World) {
    let mut compared = 0;
    for seed in 0..HISTORIES {
        let world = make(seed);
        let mut dice = Dice::new(seed ^ 0xE4);
        for account in &world.accounts {
            let zone = Zone::named(account.zone_name);
            let last = zone.day_of(account.now);
            let first = LocalDay(last.0 - dice.below(9) as i32);
            let some = Days { first, last: LocalDay(first.0 + dice.below(4) as i32) };
            for days in [None, Some(some)] {
                let range = days.map_or(i64::MIN..i64::MAX, |days| days.range(&zone));
                let mut expected: Vec<Value> = account
                    .events
                    .iter()
                    .filter(|event| range.contains(&event.at_ms))
                    .map(|event| expect(account, event))
                    .collect();
                let mut found: Vec<Value> = export(&world, account, days)
                    .into_iter()
                    .map(|mut line| {
                        let id = line.remove("event_id").expect("the column");
                        assert_eq!(id.is_null(), line["event"].is_null(), "{line:?}");
                        Value::Object(line)
                    })
                    .collect();
                let times: Vec<&str> = found.iter().filter_map(|line| line["at"].as_str()).collect();
                assert!(times.is_sorted(), "seed {seed}: {times:?}");
                expected.sort_by_key(Value::to_string);
                found.sort_by_key(Value::to_string);
                assert_eq!(found, expected, "seed {seed}, account {}, {days:?}", account.id);
                compared += found.len();
            }
        }
    }
    assert!(compared > 500, "{compared}");
}

/// rules.md 10, 12, 13, 15, 17
#[test]
fn an_export_has_every_fact_once_and_in_order() {
    compare(&World::new);
}

/// rules.md 17, 18
#[test]
fn days_closed_at_any_moment_change_no_exported_line() {
    compare(&World::closed);
}

/// What `EventReader` visits of a period, each call in a transaction of its own, and the most rows of a call.
fn read(world: &World, account: &AccountFact, range: &Range<i64>, step_rows: usize) -> (Vec<String>, usize) {
    let mut reader = EventReader::new(account.id, Zone::named(account.zone_name), step_rows);
    let (mut lines, mut most) = (Vec::new(), 0);
    let mut rest = range.clone();
    loop {
        let before = lines.len();
        let visit = |conn: &Connection| {
            reader.read(conn, account.now, &rest, |_, row| {
                let mut event = row.event.clone();
                // Segments do not keep it.
                event.inbox_id = 0;
                lines.push(format!("{event:?} {}", row.session.source));
            })
        };
        let Some(next) = world.store.readers.read(visit).unwrap() else { return (lines, most) };
        assert!(next > rest.start, "it gets on");
        rest.start = next;
        most = most.max(lines.len() - before);
    }
}

#[test]
fn however_many_events_are_read_at_once_all_are_read_and_no_more_at_once() {
    let mut divided = 0;
    for seed in 0..HISTORIES {
        let world = World::closed(seed);
        let mut dice = Dice::new(seed ^ 0x57);
        for account in &world.accounts {
            let range = random::period(&mut dice, account);
            let (mut whole, most) = read(&world, account, &range, STEP_ROWS);
            whole.sort();
            for step_rows in [0, 1, 2, 5] {
                let (mut lines, at_once) = read(&world, account, &range, step_rows);
                let at_same_time = |line: &String| {
                    account.events.iter().filter(|e| line.contains(&format!("at_ms: {},", e.at_ms))).count()
                };
                let ties = lines.iter().map(at_same_time).max().unwrap_or(0);
                assert!(at_once <= step_rows.max(1) + ties.saturating_sub(1), "{at_once} of {step_rows}");
                lines.sort();
                assert_eq!(lines, whole, "seed {seed}, {step_rows} at once");
                divided += usize::from(most > at_once);
            }
        }
    }
    assert!(divided > 10, "{divided}");
}
