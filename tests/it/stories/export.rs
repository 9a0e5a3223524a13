//! An export of all events says everything that was sent, while a day is open and after it was closed.

use guestlog::app::access::{Actor, accounts};
use guestlog::app::events::definitions;
use guestlog::app::export::columns::COLUMNS;
use guestlog::app::export::{Export, Format, Wanted};
use guestlog::base::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use guestlog::domain::account::Settings;
use guestlog::domain::event::{EventKind, Typed};
use guestlog::domain::period::{LocalDay, Zone, parse_day};
use guestlog::geo::{Geo, MapKind, MapOptions};
use guestlog::store::dictionary::{Kind, part};
use guestlog::store::export::EventReader;
use guestlog::store::{self, Connection, Error};
use serde_json::{Value, json};

use crate::harness::mmdb::{self, Mmdb};
use crate::harness::site::{NOON, Site, VISITOR, Wanted as WantedSite, with};

const CSV: Format = Format::Csv { mark: false };

fn export(site: &Site, days: [Option<LocalDay>; 2], format: Format) -> (String, Vec<LocalDay>) {
    let [first, last] = days;
    let wanted = Wanted { first, last, format };
    let read = |conn: &Connection| {
        let account = store::account::find(conn, site.account)?.expect("the account");
        let mut export = Export::new(account, &wanted, site.app.now());
        let mut out = Vec::new();
        while export.step(conn, &mut out)? {}
        Ok::<_, Error>((out, export.damaged().to_vec()))
    };
    let (out, damaged) = site.app.store.readers.read(read).unwrap();
    (String::from_utf8(out).unwrap(), damaged)
}

fn lines(site: &Site, days: [Option<LocalDay>; 2]) -> Vec<Value> {
    export(site, days, Format::Ndjson).0.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn country_map(folder: &std::path::Path) -> Geo {
    let record = mmdb::map([("country", mmdb::map([("iso_code", mmdb::text("NL"))]))]);
    let path = folder.join("country.mmdb");
    std::fs::write(&path, Mmdb::new("Test-Country").range("203.0.113.0/24", record).bytes()).unwrap();
    Geo::open(&[MapOptions { path, kind: MapKind::Auto, places: Vec::new() }], folder)
}

/// A visit by a campaign with a completion, and a completion that a program reports of the same person.
async fn story() -> Site {
    let folder = tempfile::tempdir().unwrap();
    let wanted = WantedSite {
        geo: country_map(folder.path()),
        time_zone: "Europe/Amsterdam",
        ..WantedSite::default()
    };
    let mut site = Site::with(wanted).await;
    for (name, kind) in [("+Sale", EventKind::Custom), ("Login", EventKind::Http)] {
        let typed = Typed { name, ..Typed::default() };
        definitions::create(&site.app, Actor::Machine, site.account, kind, &typed).await.unwrap();
    }
    let address = format!(
        "https://example.com/caf%C3%A9/a%2Cb?size=4&utm_source=news&utm_medium=email&utm_campaign=Spring\
         &utm_term=shoes&utm_content=top&gclid={}",
        "a".repeat(60)
    );
    let view = with(site.view("1", "ada", &address), "t", "=2+2, \"quoted\"");
    site.collect(&with(view, "r", "https://www.google.com/search")).await;
    site.clock.advance(20 * SECOND);
    let engaged = json!({"a": site.account.0, "k": "engagement", "vi": "ada", "pu": address, "pv": "1",
        "ms": 18_000, "cc": 15});
    site.collect(&engaged).await;
    let sale = with(site.completion("2", "ada", "+Sale", "-12.50"), "p", json!({"sku": "=A,1", "n": 2}));
    site.collect(&with(sale, "i", json!({"email": "ada@example.test"}))).await;
    site.fold().await;
    site.clock.advance(SECOND);
    site.get("/v1/event?_a=1000001&_n=Login&email=ada%40example.test&_m=3&plan=pro").await;
    site.fold().await;
    site
}

/// The line of the view, and what differs in the two completions.
fn expected() -> [Value; 3] {
    let view: Value = serde_json::from_str(
        r#"{
        "at": "2026-11-22T12:00:00.000Z", "local_at": "2026-11-22T13:00:00.000+01:00", "kind": "page_view",
        "visitor": 1, "contact_id": 1, "session": 1, "new_visitor": true, "bounced": false, "suspected": false,
        "host": "example.com", "path": "/café/a,b", "query": "size=4", "title": "=2+2, \"quoted\"",
        "foreign_host": false, "engaged_ms": 18000, "event_id": null, "event": null, "value": null,
        "currency": null, "properties": null, "consent": "granted", "consent_origin": "beacon", "policy": 3,
        "source": "PAID_SEARCH", "source_detail": "Spring", "source_detail_2": "shoes",
        "referrer": "www.google.com/search", "utm_source": "news", "utm_medium": "email", "utm_campaign": "Spring",
        "utm_term": "shoes", "utm_content": "top", "click_id": "gclid",
        "entry_host": "example.com", "entry_path": "/café/a,b", "exit_host": null, "exit_path": null,
        "device": "desktop", "browser": "Firefox", "os": "Linux", "screen": "≥ 1920", "language": "en-gb",
        "country": "NL", "region": null, "company": null
        }"#,
    )
    .unwrap();
    let mut sale = view.clone();
    let mut login = view.clone();
    for (line, changes) in [
        (
            &mut sale,
            json!({
                "at": "2026-11-22T12:00:20.000Z", "local_at": "2026-11-22T13:00:20.000+01:00",
                "kind": "completion", "path": "/cart", "query": null, "title": null, "engaged_ms": null,
                "event_id": "000000000001", "event": "+Sale", "value": "-12.50", "currency": "EUR",
                "properties": {"sku": "=A,1", "n": "2"},
            }),
        ),
        (
            &mut login,
            json!({
                "at": "2026-11-22T12:00:21.000Z", "local_at": "2026-11-22T13:00:21.000+01:00",
                "kind": "completion", "visitor": 2, "engaged_ms": null,
                "event_id": "000000000002", "event": "Login", "value": "3.00", "currency": "EUR",
                "consent": "server", "consent_origin": "server", "policy": 0,
                "session": null, "new_visitor": null, "bounced": null, "suspected": null, "host": null,
                "path": null, "query": null, "title": null, "source": null, "source_detail": null,
                "source_detail_2": null, "referrer": null, "utm_source": null, "utm_medium": null,
                "utm_campaign": null, "utm_term": null, "utm_content": null, "click_id": null,
                "entry_host": null, "entry_path": null, "device": null, "browser": null, "os": null,
                "screen": null, "language": null, "country": null,
            }),
        ),
    ] {
        line.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    }
    [view, sale, login]
}

#[actix_web::test]
async fn every_column_says_what_was_sent_before_and_after_its_day_is_closed() {
    let site = story().await;
    assert_eq!(VISITOR, "203.0.113.7", "in the range of the map");
    let mut expected = expected();
    let found = lines(&site, [None, None]);
    for (found, expected) in found.iter().zip(&expected) {
        for column in COLUMNS {
            assert_eq!(found[column.name], expected[column.name], "{} of {found}", column.name);
        }
    }
    assert_eq!(found, expected);
    let keys: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    let first = export(&site, [None, None], Format::Ndjson).0;
    let begins: Vec<usize> = keys.iter().map(|key| first.find(&format!("\"{key}\":")).unwrap()).collect();
    assert!(begins.is_sorted(), "in the order of the list");
    assert_eq!(found[0].as_object().unwrap().len(), keys.len());

    site.clock.advance(2 * DAY);
    site.close_days().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 0);
    // The session is over now.
    for line in &mut expected[..2] {
        line["exit_host"] = json!("example.com");
        line["exit_path"] = json!("/café/a,b");
    }
    assert_eq!(lines(&site, [None, None]), expected);
}

/// The bar's number 20.
#[actix_web::test]
async fn csv_holds_the_same_and_no_cell_that_a_spreadsheet_computes() {
    let site = story().await;
    let (text, _) = export(&site, [None, None], CSV);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let heads: Vec<String> = reader.headers().unwrap().iter().map(str::to_owned).collect();
    assert_eq!(heads, COLUMNS.iter().map(|column| column.name).collect::<Vec<_>>());
    let rows: Vec<csv::StringRecord> = reader.records().map(Result::unwrap).collect();
    assert_eq!(rows.len(), 3);
    for (row, line) in rows.iter().zip(expected()) {
        for (head, cell) in heads.iter().zip(row) {
            let wanted = match &line[head] {
                Value::Null => String::new(),
                Value::String(text) if text.starts_with('=') || text == "+Sale" => format!("'{text}"),
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            match head.as_str() {
                "properties" if !cell.is_empty() => {
                    assert_eq!(serde_json::from_str::<Value>(cell).unwrap(), line[head]);
                }
                _ => assert_eq!(cell, wanted, "{head}"),
            }
        }
    }
    assert!(text.lines().count() == 4 && text.split("\r\n").count() == 5, "{text}");
    let (marked, _) = export(&site, [None, None], Format::Csv { mark: true });
    assert_eq!(marked, format!("\u{feff}{text}"));
}

/// rules.md 17
#[actix_web::test]
async fn a_period_begins_and_ends_with_the_local_day() {
    let mut site = Site::with(WantedSite { time_zone: "Europe/Amsterdam", ..WantedSite::default() }).await;
    // The 25th of October 2026 has 25 hours there.
    let day = |text| parse_day(text).unwrap();
    let midnights = [("2026-10-24T22:00:00Z", "before"), ("2026-10-25T23:00:00Z", "after")];
    for (midnight, _) in midnights {
        let at: jiff::Timestamp = midnight.parse().unwrap();
        for ms in [-1, 0] {
            site.clock.set(Millis(at.as_millisecond() + ms));
            let id = format!("{midnight}{ms}");
            site.collect(&site.view(&id, &id.replace([':', '-'], ""), "https://example.com/")).await;
            site.fold().await;
        }
    }
    let at = |found: Vec<Value>| -> Vec<String> {
        found.iter().map(|line| line["local_at"].as_str().unwrap().to_owned()).collect()
    };
    let inside = ["2026-10-25T00:00:00.000+02:00", "2026-10-25T23:59:59.999+01:00"];
    let one = Some(day("2026-10-25"));
    for closed in [false, true] {
        assert_eq!(at(lines(&site, [one, one])), inside, "{closed}");
        assert_eq!(at(lines(&site, [None, one])).len(), 3);
        assert_eq!(at(lines(&site, [one, None])).len(), 3);
        assert_eq!(at(lines(&site, [None, None])).len(), 4);
        site.clock.set(NOON);
        site.close_days().await;
    }
}

#[actix_web::test]
async fn a_day_that_does_not_exist_has_no_events() {
    let site = Site::with(WantedSite { time_zone: "Pacific/Apia", ..WantedSite::default() }).await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    let left_out = parse_day("2011-12-30");
    assert_eq!(lines(&site, [left_out, left_out]), Vec::<Value>::new());
}

/// What arrives of a page view after its day was closed is exported before the segment is rewritten for it.
#[actix_web::test]
async fn engagement_that_came_late_is_exported() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.fold().await;
    site.clock.advance(DAY - 10 * MINUTE);
    site.close_days().await;
    let engaged = json!({"a": site.account.0, "k": "engagement", "vi": "ada", "pu": "https://example.com/",
        "pv": "1", "ms": 12_000, "cc": 15});
    site.collect(&engaged).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from late_engagement"), 1);
    let found = lines(&site, [None, None]);
    assert_eq!((&found[0]["engaged_ms"], &found[0]["bounced"]), (&json!(12_000), &json!(false)));
}

#[actix_web::test]
async fn a_damaged_day_is_named_and_the_others_are_exported() {
    let mut site = Site::new().await;
    for (id, visitor) in [("1", "ada"), ("2", "bob")] {
        site.collect(&site.view(id, visitor, "https://example.com/")).await;
        site.fold().await;
        site.clock.advance(DAY);
        site.close_days().await;
    }
    let day = parse_day("2026-11-22").unwrap();
    for damage in [
        // The last column that is read, so that rows of the day were there before.
        "update segment_column set data = cast(x'00' || substr(data, 2) as blob)
         where id = (select max(id) from segment_column where id / 32 = (select min(id) from segment))",
        "update segment set rows = rows + 1 where id = (select min(id) from segment)",
        "delete from segment where id = (select min(id) from segment)",
    ] {
        site.tamper(damage).await;
        let (text, damaged) = export(&site, [None, None], Format::Ndjson);
        assert_eq!((text.lines().count(), damaged), (1, vec![day]), "{damage}");
        assert!(text.contains("\"at\":\"2026-11-23"), "{text}");
        // Of a lost segment only the day is known, and where that begins depends on the time zone.
        let other = Some(day.plus(3));
        assert!(export(&site, [other, other], Format::Ndjson).1.is_empty(), "the day is not asked for");
    }
}

/// A download reads each part in a transaction of its own. Rows that move into segments between two parts, or into other
/// segments, are neither lost nor there twice.
#[actix_web::test]
async fn days_that_are_closed_and_divided_anew_during_a_download_are_in_it_once() {
    let mut site = Site::new().await;
    for n in 0..12 {
        let visitor = format!("visitor{}", n % 3);
        site.collect(&site.view(&n.to_string(), &visitor, &format!("https://example.com/{n}"))).await;
        site.clock.advance(5 * HOUR);
    }
    site.fold().await;
    let expected: Vec<String> = (0..12).map(|n| format!("/{n}")).collect();
    for changes_at in 0..12 {
        let mut reader = EventReader::new(site.account, Zone::named("UTC"), 1);
        let (mut paths, mut rest, mut calls) = (Vec::new(), i64::MIN..i64::MAX, 0);
        loop {
            if calls == changes_at {
                // Closes the days the first time, and divides them anew each time after.
                let zone = ["Asia/Kolkata", "America/New_York"][calls % 2];
                let domains = ["example.com".to_owned()];
                let settings = Settings::parse("Test", &domains, zone, "EUR").unwrap();
                accounts::update(&site.app, Actor::Machine, site.account, settings).await.unwrap();
                site.close_days().await;
            }
            calls += 1;
            let read = |conn: &Connection| {
                reader.read(conn, site.app.now(), &rest, |texts, row| {
                    paths.push(part(texts.get(Kind::Page, row.event.page), 1).to_owned());
                })
            };
            let Some(next) = site.app.store.readers.read(read).unwrap() else { break };
            rest.start = next;
        }
        assert_eq!(paths, expected, "changed before call {changes_at}");
        assert!(reader.damaged.is_empty() && calls > 12);
    }
    assert!(site.ask::<i64>("select count(*) from segment") > 1);
}
