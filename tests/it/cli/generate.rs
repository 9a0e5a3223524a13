//! `guestlog generate` as it is typed.

use std::path::Path;
use std::sync::Arc;

use guestlog::base::clock::{Clock, RealClock};
use guestlog::domain::account::Settings;
use guestlog::store::{self, Store};

use super::binary::{run, text};
use crate::harness::unpacked::unpacked;

fn make_account(dir: &Path) {
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let options = store::Options { data_dir: dir.to_owned(), min_free: 0, readers: 1 };
    let store = Store::open(&options, Arc::clone(&clock)).unwrap();
    let settings = Settings::parse("A", &["a.test".into()], "UTC", "EUR").unwrap();
    let now = clock.now();
    store.writer.write_blocking(move |conn| store::account::insert(conn, &settings, now)).unwrap();
    store.close();
}

const ASKED: [&str; 9] =
    ["generate", "--account", "1000001", "--events", "300", "--days", "5", "--visitors", "80"];

#[test]
fn generate_answers_what_it_made() {
    let dir = tempfile::tempdir().unwrap();
    make_account(dir.path());
    let answer = run(dir.path(), &[&ASKED[..], &["--json", "--seed", "3"]].concat());
    assert!(answer.status.success(), "{}", text(&answer.stderr));
    let printed: serde_json::Value = serde_json::from_slice(&answer.stdout).unwrap();
    assert_eq!(
        (&printed["page_views"], &printed["visitors"], &printed["seed"]),
        (&300.into(), &80.into(), &3.into())
    );
    let views: i64 = unpacked(dir.path())
        .query_row("select count(*) from event_hot where kind = 1", [], |row| row.get(0))
        .unwrap();
    assert_eq!(views, 300);
}

/// rules.md 23
#[test]
fn generate_refuses_while_a_server_holds_the_store_and_says_what_to_type() {
    let dir = tempfile::tempdir().unwrap();
    make_account(dir.path());
    let lock = store::data_dir::lock(dir.path()).unwrap();
    let answer = run(dir.path(), &ASKED);
    let said = text(&answer.stderr);
    assert_eq!(answer.status.code(), Some(1), "{said}");
    let line = format!(
        "guestlog --data-dir {} generate --account 1000001 --events 300 --days 5 --visitors 80 --seed 1",
        dir.path().display()
    );
    assert!(said.contains(&line), "{said}");
    drop(lock);
    let words: Vec<&str> = line.split(' ').skip(3).collect();
    assert!(run(dir.path(), &words).status.success(), "the line works as it was printed");
}

#[test]
fn what_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    make_account(dir.path());
    for (arguments, says, code) in [
        (vec!["generate", "--account", "5"], "there is no account 5", 1),
        (vec!["generate", "--account", "1000001", "--days", "0"], "--days must be from 1", 1),
        (
            vec!["generate", "--account", "1000001", "--contacts", "626"],
            "2500 visitors can have at most 625 contacts",
            1,
        ),
        (vec!["generate", "--account", "1000001", "--until", "2100-01-01T00:00:00Z"], "in the future", 1),
        (vec!["generate", "--account", "1000001", "--until", "soon"], "enter a time", 2),
        (vec!["generate"], "--account", 2),
    ] {
        let answer = run(dir.path(), &arguments);
        assert_eq!(answer.status.code(), Some(code), "{arguments:?}");
        assert!(text(&answer.stderr).contains(says), "{arguments:?}: {}", text(&answer.stderr));
        assert!(answer.stdout.is_empty());
    }
}
