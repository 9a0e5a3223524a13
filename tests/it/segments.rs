//! Damage to closed days: it is detected and named whatever is asked, and nothing else is lost.
//! RUN_SLOW makes the loops long.

mod check;
mod formats;
mod mutated;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use guestlog::app::{App, core};
use guestlog::base::clock::{Clock, ManualClock, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::demo::generator::{self, Options};
use guestlog::domain::account::{AccountId, Settings};
use guestlog::geo::Geo;
use guestlog::store::{self, Store};

/// 2026-11-22T19:47:12Z, a Sunday evening.
const NOW: Millis = Millis(1_795_376_832_000);

/// Two accounts with a generated history each, its days closed.
fn generated(dir: &Path, events: u64, days: u32) {
    let clock: Arc<dyn Clock> = ManualClock::at(NOW);
    let options = store::Options { data_dir: dir.to_owned(), min_free: 0, readers: 1 };
    let store = Store::open(&options, Arc::clone(&clock)).unwrap();
    for name in ["Ostrel", "Westrel"] {
        let settings =
            Settings::parse(name, &["www.ostrel.example".into()], "Europe/Amsterdam", "EUR").unwrap();
        store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, NOW)).unwrap();
    }
    let random = Arc::new(SeededRandom::new(1));
    let app = App::new(store, Geo::open(&[], dir), clock, random, &core::Options::default()).unwrap();
    for account in app.accounts.list() {
        let (account, seed) = (account.id(), account.id().0.cast_unsigned());
        let visitors = events / 3;
        let wanted = Options { account, events, days, visitors, contacts: None, seed, end: Some(NOW) };
        generator::run(&app, &wanted, &AtomicBool::new(false)).unwrap();
    }
    app.store.close();
}

const ACCOUNTS: [AccountId; 2] = [AccountId::FIRST, AccountId(AccountId::FIRST.0 + 1)];

fn is_slow() -> bool {
    std::env::var_os("RUN_SLOW").is_some_and(|set| !set.is_empty())
}
