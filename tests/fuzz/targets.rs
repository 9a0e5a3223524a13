//! What is fuzzed: every reader of bytes from outside. A target takes any bytes and must neither panic nor hang, and
//! what it reads must hold what its assertions say. `cargo fuzz` calls them (see README.md), and so does the test
//! `fuzz` with the seeds and ten thousand changes of them each.

use std::net::{IpAddr, Ipv4Addr};
use std::path::Path;
use std::sync::{Arc, OnceLock};

use guestlog::app::ingest::accept::beacon::{Beacon, of_json};
use guestlog::app::ingest::accept::call::{Call, read_call};
use guestlog::app::ingest::accept::submission::{Request, Wire, read_request};
use guestlog::app::ingest::accept::{Sender, read_hit};
use guestlog::app::{App, core};
use guestlog::base::clock::{Clock, ManualClock, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::config::Config;
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::element_picker::{Target, selector};
use guestlog::domain::form::{FIELDS_MAX, Way, is_secret_field};
use guestlog::domain::hit::Act;
use guestlog::domain::page::{Page, URL_MAX};
use guestlog::domain::period::parse_day;
use guestlog::domain::question::{Filter, Period};
use guestlog::domain::source::attribute;
use guestlog::domain::tracking::Tracking;
use guestlog::domain::url_rule::UrlRule;
use guestlog::geo::{Geo, MapOptions};
use guestlog::store::error::Damage;
use guestlog::store::segment::columns::{self, Col, Extent};
use guestlog::store::segment::pack;
use guestlog::store::verify_backup::verify_backup;
use guestlog::store::{self, Store, batch, row};

/// Reads any bytes.
pub type Reader = fn(&[u8]);

/// Name and function of every target. The seeds of a target are in the folder of its name.
pub const TARGETS: [(&str, Reader); 12] = [
    ("beacon_query", beacon_query),
    ("beacon_json", beacon_json),
    ("submission", submission),
    ("stored_hit", stored_hit),
    ("url_rule", url_rule),
    ("selector", picked_element),
    ("page_and_referrer", page_and_referrer),
    ("filter_and_period", filter_and_period),
    ("segment", segment),
    ("map", map),
    ("backup", backup),
    ("toml", toml),
];

/// The visitor's.
const ADDRESS: IpAddr = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 77));
const NOW: Millis = Millis(1_795_370_000_000);

/// The product with one account, for what needs its settings.
struct Product {
    app: App,
    _folder: tempfile::TempDir,
}

fn product() -> &'static Product {
    static PRODUCT: OnceLock<Product> = OnceLock::new();
    PRODUCT.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder");
        let clock: Arc<dyn Clock> = ManualClock::at(NOW);
        let options = store::Options { data_dir: folder.path().join("data"), min_free: 0, readers: 1 };
        let store = Store::open(&options, Arc::clone(&clock)).expect("a store");
        let random = Arc::new(SeededRandom::new(1));
        let geo = Geo::open(&[], folder.path());
        let app = App::new(store, geo, clock, random, &core::Options::default()).expect("the product");
        let domains = ["example.com".to_owned()];
        let settings = Settings::parse("Fuzz", &domains, "Europe/Amsterdam", "EUR").expect("settings");
        let insert = move |conn: &store::Connection| {
            let account = store::account::insert(conn, &settings, NOW)?;
            let tracking = Tracking { collect_forms: true, ..Tracking::default() };
            store::account::update_tracking(conn, account, tracking)
        };
        app.store.writer.write_blocking(insert).expect("an account");
        Product { app, _folder: folder }
    })
}

/// Takes a beacon in as the collector does. What is taken in can be stored and read again.
fn accept(beacon: &Beacon<'_>) {
    let mut beacon = beacon.clone();
    beacon.remove_address(ADDRESS);
    let app = &product().app;
    let account = app.accounts.find(AccountId::FIRST).expect("the account");
    let sender = Sender {
        address: Some(ADDRESS),
        user_agent: "Mozilla/5.0",
        referer: "https://example.com/",
        ..Sender::default()
    };
    let agent = app.user_agents.read(sender.user_agent, &sender.hints);
    let Ok(hit) = read_hit(app, NOW, sender, &agent, &account, &beacon) else { return };
    let stored = row::of_hit(&hit).expect("a hit is written");
    assert_eq!(row::hit(&stored).expect("a hit is read"), hit);
}

/// The query of `/__ptq.gif` and `/v1/event`.
pub fn beacon_query(data: &[u8]) {
    if let Ok(query) = std::str::from_utf8(data) {
        accept(&Beacon::of_query(query));
        let account = AccountId::FIRST.to_string().into();
        if let Ok(hit) = read_call(&product().app, &Call { account, ..Call::of_query(query) }) {
            let stored = row::of_hit(&hit).expect("a hit is written");
            assert_eq!(row::hit(&stored).expect("a hit is read"), hit);
        }
    }
}

/// The body of `POST /collect`.
pub fn beacon_json(data: &[u8]) {
    if let Ok(beacons) = of_json(data) {
        beacons.iter().flatten().for_each(accept);
    }
}

/// The body of a submitted form, in either of its forms. What is kept of it fits into the inbox, without the address.
pub fn submission(data: &[u8]) {
    for wire in [Wire::Json, Wire::Pairs] {
        for way in [Way::Call, Way::Token] {
            let sent = Request {
                account: "1000001",
                form: "contact",
                wire,
                way,
                body: data,
                address: Some(ADDRESS),
                do_not_track: false,
            };
            let Ok(hit) = read_request(&product().app, sent) else { continue };
            let Act::Submission(submission) = &hit.act else { panic!("a form is a submission") };
            assert!(submission.fields.len() <= FIELDS_MAX);
            assert!(submission.fields.iter().all(|(name, _)| !is_secret_field(name)));
            row::of_hit(&hit).expect("a hit is written");
        }
    }
}

/// A hit in the inbox, which the fold reads.
pub fn stored_hit(data: &[u8]) {
    for (_, row) in batch::hits(1, 1, data).chain(batch::hits(3, 2, data)) {
        if let Ok(hit) = row::hit(row) {
            let written = row::of_hit(&hit).expect("a hit is written");
            assert_eq!(row::hit(&written).expect("what is written is read"), hit);
        }
    }
}

/// A rule and an address, on two lines.
pub fn url_rule(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (rule, address) = text.split_once('\n').unwrap_or((text, "https://example.com/"));
    let Ok(rule) = UrlRule::parse(rule) else { return };
    assert_eq!(
        UrlRule::parse(rule.as_str()).map(|again| again.pattern().to_owned()),
        Ok(rule.pattern().to_owned())
    );
    if let Ok(recorded) = Page::recorded(address, None, None) {
        let _ = rule.matches(&recorded.page);
    }
}

/// What the picker of elements sends: an address and a selector, on two lines.
pub fn picked_element(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let (address, chosen) = text.split_once('\n').unwrap_or((text, text));
    if let Some(chosen) = selector(chosen) {
        assert_eq!(selector(chosen), Some(chosen));
    }
    if let Some(target) = Target::parse(address) {
        assert!(target.with_token("token").ends_with("token"));
        assert!(!target.host().is_empty());
    }
}

/// The address of a page, its path as the site says it, its canonical address and its referrer, on four lines.
pub fn page_and_referrer(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    let (address, path) = (lines.next().unwrap_or_default(), lines.next().filter(|line| !line.is_empty()));
    let (canonical, referrer) =
        (lines.next().filter(|line| !line.is_empty()), lines.next().unwrap_or_default());
    let Ok(recorded) = Page::recorded(address, path, canonical) else { return };
    let page = &recorded.page;
    assert!(page.host.len() + page.path.len() + page.query.len() <= URL_MAX);
    assert!(!page.address().chars().any(char::is_control), "{:?}", page.address());
    let _ = attribute(&recorded, referrer, |host| host == "example.com");
}

/// The words of a report's address: a filter, then period, first day, last day and comparison, on five lines.
pub fn filter_and_period(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let mut lines = text.split('\n');
    if let Ok(filter) = Filter::parse(lines.next().unwrap_or_default()) {
        assert!(!filter.values.is_empty());
    }
    let [period, from, to, compare] = [(); 4].map(|()| lines.next());
    let Ok(period) = Period::parse(period, from, to, compare) else { return };
    let today = parse_day("2026-11-29").expect("a day");
    if let Ok(days) = period.days(today) {
        assert!(days.first <= days.last);
        let _ = period.compared(days);
    }
}

/// A column of a segment; its first four bytes say how many values are wanted, and how they are divided.
pub fn segment(data: &[u8]) {
    let Some((&[rows, more, runs, list], packed)) = data.split_first_chunk() else { return };
    let rows = u32::from(rows) + 256 * u32::from(more % 16);
    let mut values = Vec::new();
    if pack::unpack(packed, rows as usize, &mut values).is_ok() {
        assert_eq!(values.len(), rows as usize);
        let mut again = Vec::new();
        pack::unpack(&pack::pack(&values), values.len(), &mut again).expect("what was packed is unpacked");
        assert_eq!(again, values);
    }
    let (runs, page_list_len) = (u32::from(runs).min(rows), u32::from(list));
    let stored = packed.iter().fold(0x1234_5678, |sum: u32, byte| sum.rotate_left(5) ^ u32::from(*byte));
    let extent = Extent { runs, rows, page_list_len, first_ms: 0, last_ms: i64::from(stored), stored };
    let part = packed.len() / Col::ALL.len() + 1;
    let load = |col: Col| Ok::<_, Damage>(packed.chunks(part).nth(col as usize).unwrap_or_default().to_vec());
    if let Ok(runs) = columns::decode::<Damage>(&extent, load) {
        let _ = columns::encode(runs);
    }
}

/// A map file.
pub fn map(data: &[u8]) {
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder"));
    let path = folder.path().join(format!("{:?}.mmdb", std::thread::current().id()));
    std::fs::write(&path, data).expect("a file");
    let geo = Geo::open(&[MapOptions { path, ..MapOptions::default() }], folder.path());
    for address in ["1.2.3.4", "203.0.113.9", "::1", "2001:db8::1", "::ffff:1.2.3.4", "2002:102:304::1"] {
        let address = address.parse().expect("an address");
        let _ = geo.lookup(address);
        let _ = geo.explain(address);
    }
}

/// Changes of a sound backup: each five bytes are a place and the byte that is written there. Six bytes of 0xFF and a
/// length cut it off.
pub fn backup(data: &[u8]) {
    static SOUND: OnceLock<Vec<u8>> = OnceLock::new();
    let sound = SOUND.get_or_init(|| {
        let (product, folder) = (product(), tempfile::tempdir().expect("a folder"));
        let file = folder.path().join("backup.db");
        store::backup::write(product.app.store.data_dir(), &file, false, NOW).expect("a backup");
        std::fs::read(file).expect("a backup")
    });
    let mut bytes = sound.clone();
    for change in data.chunks_exact(5) {
        let &[a, b, c, d, byte] = change else { continue };
        let place = u32::from_be_bytes([a, b, c, d]) as usize % bytes.len().max(1);
        match change.starts_with(&[0xFF; 4]) {
            true => bytes.truncate(bytes.len() * usize::from(byte) / 256),
            false => bytes.iter_mut().skip(place).take(1).for_each(|at| *at = byte),
        }
    }
    static FOLDER: OnceLock<tempfile::TempDir> = OnceLock::new();
    let folder = FOLDER.get_or_init(|| tempfile::tempdir().expect("a folder"));
    let file = folder.path().join(format!("{:?}.db", std::thread::current().id()));
    std::fs::write(&file, &bytes).expect("a file");
    drop(verify_backup(Path::new(&file)));
}

/// The configuration.
pub fn toml(data: &[u8]) {
    if let Err(error) = Config::parse(data, "fuzz.toml") {
        assert!(!error.to_string().is_empty());
    }
}
