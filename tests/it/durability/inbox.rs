//! The inbox by itself: batches, purging and the ids of hits.

use std::sync::Arc;
use std::time::Duration;

use guestlog::base::clock::{ManualClock, Millis, pause};
use guestlog::domain::account::AccountId;
use guestlog::domain::contact::Identity;
use guestlog::domain::hit::{Act, Hit};
use guestlog::store::inbox::{Content, Entry, Inbox, WAITING_MAX, Waiting};
use guestlog::store::{INBOX_FILE, Options, Store};
use rusqlite::Connection;
use tempfile::TempDir;

fn open() -> (Store, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let store = open_in(&dir);
    (store, dir)
}

fn open_in(dir: &TempDir) -> Store {
    let options = Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
    Store::open(&options, ManualClock::at(Millis(0))).unwrap()
}

/// In one commit.
fn append(store: &Store, entries: Vec<Entry>) {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(store.inbox.append(entries)).unwrap();
}

/// A step of so many ids would never come to the end of the gap, nor see that the server stops.
#[test]
fn a_gap_in_the_ids_is_not_walked_through() {
    let (store, dir) = open();
    store.close();
    let far = i64::MAX / 2;
    let conn = Connection::open(dir.path().join("data").join(INBOX_FILE)).unwrap();
    conn.execute("insert into batch (last_id, hits, body) values (?1, 1, x'7b7d')", [far]).unwrap();
    conn.close().unwrap();
    let store = open_in(&dir);
    assert!(store.inbox.waiting() >= WAITING_MAX);
    store.inbox.purge(far);
    wait_until_purged(&store.inbox, 0);
    assert!(store.inbox.list(0, 10).unwrap().is_empty());
    store.close();
}

/// Hits of one commit share a row; some of them may be folded and others not.
#[test]
fn a_batch_that_is_partly_folded_stays_until_all_of_it_is() {
    let (store, _dir) = open();
    for count in [5, 1] {
        let entries = (0..count).map(|_| Entry::of_row(b"a row".to_vec())).collect();
        append(&store, entries);
    }
    let ids =
        |after, limit| store.inbox.list(after, limit).unwrap().iter().map(|hit| hit.id).collect::<Vec<_>>();
    assert_eq!((ids(0, 9), ids(2, 9), ids(2, 2)), (vec![1, 2, 3, 4, 5, 6], vec![3, 4, 5, 6], vec![3, 4]));
    for (folded, left) in [(3, vec![1, 2, 3, 4, 5, 6]), (5, vec![6]), (6, vec![])] {
        store.inbox.purge(folded);
        wait_until_purged(&store.inbox, 6 - folded);
        assert_eq!(ids(0, 9), left, "{folded}");
    }
    store.close();
}

fn wait_until_purged(inbox: &Inbox, waiting: i64) {
    for _ in 0..2_000 {
        if inbox.waiting() == waiting {
            return;
        }
        pause(Duration::from_millis(5));
    }
    panic!("{} wait, not {waiting}", inbox.waiting());
}

#[test]
fn the_hits_of_a_large_commit_lie_in_several_batches() {
    let (store, dir) = open();
    let rows: Vec<Vec<u8>> = (0..500_u16).map(|n| n.to_le_bytes().repeat(512)).collect();
    let entries = rows.iter().cloned().map(Entry::of_row).collect();
    append(&store, entries);
    let listed = store.inbox.list(0, 1_000).unwrap().into_iter().map(|hit| match hit.what {
        Content::Row(row) => (hit.id, row),
        Content::Hit(_) => unreachable!("only rows are appended"),
    });
    assert_eq!(listed.collect::<Vec<_>>(), (1..).zip(rows).collect::<Vec<_>>());
    store.close();
    let conn = Connection::open(dir.path().join("data").join(INBOX_FILE)).unwrap();
    let batches: i64 = conn.query_row("select count(*) from batch", [], |row| row.get(0)).unwrap();
    assert_eq!(batches, 2);
}

/// After a panic, or a commit that was reported as failed, the file can have more than the thread knows of.
#[test]
fn an_id_that_is_in_the_file_is_not_given_out_again() {
    let (store, _dir) = open();
    let conn = Connection::open(store.data_dir().join(INBOX_FILE)).unwrap();
    conn.execute("insert into batch (last_id, hits, body) values (2, 2, x'00')", []).unwrap();
    append(&store, vec![Entry::of_row(b"a row".to_vec())]);
    assert_eq!(store.inbox.last_id(), 3);
    let ids: Vec<i64> = store.inbox.list(0, 9).unwrap().iter().map(|hit| hit.id).collect();
    assert_eq!(ids, [1, 2, 3]);
    store.close();
}

/// The latest hits are in memory; what came before them is read from the file, and no further.
#[test]
fn the_file_is_read_up_to_the_first_hit_in_memory() {
    let (store, _dir) = open();
    let hit = || Arc::new(Hit::from_program(AccountId::FIRST, Millis(0), Act::PageView, Identity::default()));
    let row = || Entry::of_row(b"a row".to_vec());
    for entries in [vec![row(), row()], vec![row(), Entry::of_hit(b"a row".to_vec(), hit())]] {
        append(&store, entries);
    }
    let kinds = |after| {
        let listed = store.inbox.list(after, 9).unwrap();
        let kind = |hit: &Waiting| (hit.id, matches!(hit.what, Content::Hit(_)));
        listed.iter().map(kind).collect::<Vec<_>>()
    };
    assert_eq!((kinds(0), kinds(3)), (vec![(1, false), (2, false), (3, false)], vec![(4, true)]));
    store.close();
}
