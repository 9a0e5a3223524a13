//! `check`, `doctor`, `backup`, `restore`, `replay-deadletter`, `migrate`.

use std::collections::HashSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use guestlog::base::clock::pause;
use serde_json::json;

use super::harness::{Machine, ask, send_view};

#[test]
fn check_passes_a_whole_store_beside_its_server_and_after() {
    let machine = Machine::new();
    let account = machine.account();
    let server = machine.serve();
    for n in 0..20 {
        assert_eq!(server.view(account, &format!("v{n}")), 204);
    }
    machine.settle();
    let whole = json!({
        "ok": true, "findings": [], "accounts": 1, "events": 20, "segments": 0, "waiting": 0, "dead_letters": 0,
    });
    assert_eq!(machine.json(&["check"]), whole);
    assert_eq!(server.stop(), 0);
    assert_eq!(machine.json(&["check"]), whole);
}

/// Every command works before the first start.
#[test]
fn check_and_backup_work_before_the_first_start() {
    let machine = Machine::new();
    assert_eq!(
        machine.json(&["check"]),
        json!({"ok": true, "findings": [], "accounts": 0, "events": 0, "segments": 0, "waiting": 0, "dead_letters": 0})
    );
    let words = machine.run(&["check"]);
    assert_eq!(words.code, 0);
    assert!(words.out.contains("there is no store in data yet"), "{words:?}");
    assert!(!machine.path("data").exists(), "a look changes nothing");

    let made = machine.run(&["backup", "copy.db"]);
    assert_eq!(made.code, 0, "{made:?}");
    assert!(made.err.contains("there was no store in data, so an empty one was created"), "{made:?}");
    assert_eq!(machine.json(&["verify-backup", "copy.db"])["accounts"], 0);
    assert_eq!(machine.json(&["check"])["ok"], true);
    assert_eq!(machine.run(&["backup", "other.db"]).err, "", "this time there is one");
}

/// Nothing is made in the place of something lost.
#[test]
fn a_backup_of_half_a_store_says_what_is_missing() {
    let machine = Machine::new();
    machine.account();
    std::fs::remove_file(machine.data("guestlog.db")).unwrap();
    machine.run(&["backup", "copy.db"]).fails(1, "data/guestlog.db is damaged (it is missing");
    assert!(!machine.data("guestlog.db").exists() && !machine.path("copy.db").exists());
}

/// What is done to a whole store, and a part of the finding that `check` must report. `IN` stands for the inbox.
const HARMS: &[(&str, &str)] = &[
    ("delete from event_hot where inbox_id = 1", "a wrong number of page views"),
    ("update session set row = substr(row, 1, length(row) - 1)", "sessions that cannot be read: "),
    ("update event_hot set row = x'0001' where inbox_id = 2", "events that cannot be read: 1"),
    ("delete from session", "events without a session: 3"),
    ("delete from visitor", "events without a visitor: 3"),
    ("update account set last_visitor = 0", "whose highest visitor number is wrong"),
    ("update account set last_session = 0", "whose highest session number is wrong"),
    ("update meta set watermark = 1", "newer than the watermark: 2"),
    ("delete from meta", "the watermark is missing"),
    ("delete from dictionary where kind = 1", "whose page refers to a missing text"),
    ("update dictionary set id = 9 where kind = 2", "gaps in their numbers"),
    ("update dictionary set hash = 9 where kind = 2", "texts that their hash does not find"),
    (
        "update visitor set page_views = 0",
        "visitors with fewer sessions or page views than are stored of them: 1",
    ),
    (
        "insert into contact (account_id, id, number, created_ms, first_ms, last_ms, sessions)
                 select id, 1, 1, 0, 0, 0, 5 from account",
        "contacts with other sessions or page views than their visitors have: 1",
    ),
    (
        "insert into contact (account_id, id, email, number, created_ms, first_ms, last_ms)
                 select id, 1, 'a@b.test', 1, 0, 0, 0 from account;
             insert into contact_email select id, 'a@b.test', 1, 0, 0 from account",
        "emails that belong to two contacts: 1",
    ),
    (
        "insert into contact (account_id, id, number, created_ms, first_ms, last_ms)
                 select id, 1, 1, 0, 0, 0 from account;
             insert into contact_email select id, 'a@b.test', 1, 0, 0 from account",
        "contacts with further emails and no primary one: 1",
    ),
    (
        "insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 1, 'merged', 1, 0, 0, 0 from account;
             insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 2, 'merged', 2, 0, 0, 0 from account;
             insert into contact_alias (account_id, alias_id, contact_id, into_id, merged_ms)
                 select id, 2, 1, 1, 0 from account",
        "aliases of contacts that are aliases themselves: 1",
    ),
    (
        "insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 1, 'merged', 1, 0, 0, 0 from account",
        "merged contacts that no alias names, or aliases of contacts that were not merged: 1",
    ),
    (
        "insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 1, 'active', 1, 0, 0, 0 from account;
             insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 2, 'merged', 2, 0, 0, 0 from account;
             insert into contact_alias (account_id, alias_id, contact_id, into_id, merged_ms, own_source)
                 select id, 2, 1, 3, 0, 99 from account",
        "aliases that were merged into a contact which is not part of theirs: 1",
    ),
    (
        "insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 1, 'active', 1, 0, 0, 0 from account;
             insert into contact (account_id, id, state, number, created_ms, first_ms, last_ms)
                 select id, 2, 'merged', 2, 0, 0, 0 from account;
             insert into contact_alias (account_id, alias_id, contact_id, into_id, merged_ms, own_source)
                 select id, 2, 1, 1, 0, 99 from account",
        "rows of contact_alias whose own_source refers to a missing text: 1",
    ),
    ("drop index dictionary_hash", "index dictionary_hash is missing"),
    ("create table mine (a integer)", "table mine was not created by this program"),
    ("pragma foreign_keys = off; delete from account", "refer to a missing row of account"),
    (
        "attach 'IN' as i; insert into i.batch values (4, 1, x'00'), (7, 2, x'00'), (9, 2, x'00')",
        "missing hits in the inbox: 1",
    ),
    (
        "attach 'IN' as i; insert into i.batch values (6, 3, x'00'), (7, 3, x'00')",
        "hits in the inbox that have the number of another one: 2",
    ),
    // Two of the four hits of the first batch are folded.
    (
        "attach 'IN' as i; delete from i.batch;
         insert into i.batch values (5, 4, x'00'), (6, 1, x'00'), (8, 1, x'00')",
        "missing hits in the inbox: 1",
    ),
    (
        "attach 'IN' as i; delete from i.batch; insert into i.batch values (9, 1, x'00')",
        "the hits in between are lost",
    ),
    (
        "attach 'IN' as i; delete from i.batch; insert into i.batch values (2, 1, x'00')",
        "the files are from different times",
    ),
];

#[test]
fn check_finds_what_does_not_fit_together() {
    let machine = Machine::new();
    let account = machine.account();
    let server = machine.serve();
    for n in 0..3 {
        server.view(account, &format!("v{n}"));
    }
    machine.settle();
    server.stop();
    let file = machine.data("guestlog.db");
    let inbox = machine.data("inbox.db");
    let whole = [&file, &inbox].map(|file| std::fs::read(file).unwrap());
    for (harm, finding) in HARMS {
        let conn = rusqlite::Connection::open(&file).unwrap();
        conn.execute_batch("pragma foreign_keys = off").unwrap();
        conn.execute_batch(&harm.replace("IN", inbox.to_str().unwrap())).unwrap();
        drop(conn);
        let said = machine.run(&["--json", "check"]);
        assert_eq!(said.code, 1, "{harm}: {said:?}");
        assert!(said.any_json()["findings"].to_string().contains(*finding), "{harm}: {said:?}");
        for (file, bytes) in [&file, &inbox].into_iter().zip(&whole) {
            std::fs::write(file, bytes).unwrap();
        }
    }
    assert_eq!(machine.json(&["check"])["ok"], true);
}

#[test]
fn doctor_tells_much_and_nothing_personal() {
    let machine = Machine::new();
    assert_eq!(machine.json(&["doctor"])["store"], json!(null));
    assert!(!machine.path("data").exists());
    let account = machine.account().to_string();
    let user = ["user", "add", "--email", "ann@shop.test", "--account", &account, "--role", "owner"];
    assert_eq!(machine.run_with(&user, "a lamp under seven bridges").code, 0);
    let server = machine.serve();
    server.view(1_000_001, "v1");
    machine.settle();
    let said = machine.json(&["doctor"]);
    assert_eq!(said["server"]["running"], true, "{said}");
    assert_eq!(said["server"]["status"]["writer_alive"], true);
    assert_eq!(said["store"]["accounts"], 1);
    assert_eq!(said["store"]["hot_events"], 1);
    assert_eq!(said["data_dir"]["mode"], "700");
    for key in ["program", "config", "machine", "maps", "problems"] {
        assert!(!said[key].is_null(), "{key}: {said}");
    }
    let words = machine.run(&["doctor"]).out;
    for text in [said.to_string(), words] {
        assert!(!text.contains("ann@") && !text.contains("Shop") && !text.contains("argon2"), "{text}");
    }
    // A proxy that nobody declared. On this machine it has no public address, so it is named.
    for _ in 0..30 {
        let request = ureq::get(format!("{}/__ptq.gif?a=1000001&k=1", server.address));
        request.header("x-forwarded-for", "203.0.113.9").call().unwrap();
    }
    let problems = machine.json(&["doctor"])["problems"].to_string();
    assert!(problems.contains("a proxy (127.0.0.1) that is not in [server] trusted_proxies"), "{problems}");
    server.stop();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(machine.path("data"), std::fs::Permissions::from_mode(0o755)).unwrap();
    let said = machine.json(&["doctor"]);
    assert_eq!(said["server"]["running"], false);
    assert!(said["problems"].to_string().contains("mode 755"), "{said}");
}

/// rules.md 24: views arrive, are folded, and the server is killed on the way.
#[test]
fn a_backup_under_load_holds_everything_acknowledged_before_it_once() {
    let machine = Machine::new();
    let account = machine.account();
    let acknowledged = Arc::new(Mutex::new(HashSet::new()));
    for round in 0..3 {
        let server = machine.serve();
        let stop = Arc::new(AtomicBool::new(false));
        let sent = Arc::new(AtomicUsize::new(0));
        let threads: Vec<_> = (0..3)
            .map(|thread| {
                let (address, stop, sent) = (server.address.clone(), Arc::clone(&stop), Arc::clone(&sent));
                let acknowledged = Arc::clone(&acknowledged);
                std::thread::spawn(move || {
                    for n in 0.. {
                        if stop.load(Ordering::SeqCst) {
                            return;
                        }
                        let id = format!("r{round}t{thread}n{n}");
                        if send_view(&address, account, &id) == 204 {
                            acknowledged.lock().unwrap().insert(id);
                            sent.fetch_add(1, Ordering::SeqCst);
                        }
                    }
                })
            })
            .collect();
        while sent.load(Ordering::SeqCst) < 150 {
            pause(Duration::from_millis(5));
        }
        let before: HashSet<String> = acknowledged.lock().unwrap().clone();
        let file = format!("copy{round}.db");
        let mut backup = machine.command(&["backup", &file]).spawn().unwrap();
        pause(Duration::from_millis(10 * round));
        // The second time it dies in the middle of the backup.
        let server = if round == 1 {
            server.kill();
            None
        } else {
            Some(server)
        };
        assert!(backup.wait().unwrap().success());
        stop.store(true, Ordering::SeqCst);
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        drop(server);
        holds(&machine, &file, &before);
    }
}

/// Restored on another machine, and folded there, it holds these views, each once.
fn holds(machine: &Machine, file: &str, views: &HashSet<String>) {
    let verified = machine.json(&["verify-backup", file]);
    assert_eq!(verified["ok"], true, "{verified}");
    let other = Machine::new();
    let copy = machine.path(file);
    let restored = other.json(&["restore", copy.to_str().unwrap()]);
    assert_eq!((&restored["ok"], &restored["kept"]), (&json!(true), &json!([])), "{restored}");
    let server = other.serve();
    other.settle();
    server.stop();
    assert_eq!(other.json(&["check"])["ok"], true);
    let conn = rusqlite::Connection::open(other.data("guestlog.db")).unwrap();
    let mut rows = conn.prepare("select event_id from seen").unwrap();
    let ids: Vec<String> = rows.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let found: HashSet<String> = ids.iter().cloned().collect();
    assert!(views.is_subset(&found), "{} of {} are lost", views.difference(&found).count(), views.len());
    let events: i64 = conn.query_row("select count(*) from event_hot", [], |row| row.get(0)).unwrap();
    let events = usize::try_from(events).unwrap();
    assert_eq!((ids.len(), events), (found.len(), found.len()), "nothing counts twice");
}

#[test]
fn backups_are_whole_private_and_replace_nothing_unasked() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    machine.account();
    let made = machine.json(&["backup", "copy.db"]);
    assert_eq!((&made["file"], &made["waiting"]), (&json!("copy.db"), &json!(0)));
    let mode = std::fs::metadata(machine.path("copy.db")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    machine.run(&["backup", "copy.db"]).fails(1, "already exists; use --force");
    assert_eq!(machine.run(&["backup", "--force", "copy.db"]).code, 0);
    machine.run(&["backup", "absent/copy.db"]).fails(1, "cannot write absent/copy.db");
    let left: Vec<_> =
        std::fs::read_dir(machine.path("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(left.len(), 3, "{left:?}");
}

#[test]
fn a_bad_backup_is_told_and_never_restored() {
    let machine = Machine::new();
    machine.account();
    machine.json(&["backup", "copy.db"]);
    let good = std::fs::read(machine.path("copy.db")).unwrap();
    let store = std::fs::read(machine.data("guestlog.db")).unwrap();
    let half = &good[..good.len() / 2];
    let mut flipped = good.clone();
    // Every second page but the first ones.
    for byte in flipped.iter_mut().skip(8192).step_by(97) {
        *byte ^= 0x55;
    }
    for (name, bytes) in
        [("half", half), ("flipped", &flipped), ("empty", &[]), ("text", b"hello, I am text")]
    {
        std::fs::write(machine.path("bad.db"), bytes).unwrap();
        assert_eq!(machine.run(&["verify-backup", "bad.db"]).code, 1, "{name}");
        machine.run(&["restore", "bad.db"]).fails(1, "bad.db is not a usable backup");
    }
    // Every row of these is sound, but a server would never get to the end of the numbers of the hits.
    for change in [
        "insert into backup_hit values (4611686018427387904, x'7b7d')",
        "insert into backup_hit values (1, x'7b7d'), (3, x'7b7d')",
        "insert into backup_hit values (-9223372036854775807, x'7b7d'), (9223372036854775807, x'7b7d')",
        "update meta set watermark = 9223372036854775806",
    ] {
        std::fs::write(machine.path("bad.db"), &good).unwrap();
        rusqlite::Connection::open(machine.path("bad.db")).unwrap().execute_batch(change).unwrap();
        let verified = machine.run(&["verify-backup", "bad.db"]);
        assert_eq!(verified.code, 1, "{change}: {verified:?}");
        machine.run(&["restore", "bad.db"]).fails(1, "bad.db is not a usable backup");
    }
    machine.run(&["verify-backup", "absent.db"]).fails(1, "absent.db is not a usable backup");
    machine.run(&["restore", "absent.db"]).fails(1, "absent.db is not a usable backup");
    machine.run(&["verify-backup", "guestlog.toml"]).fails(1, "guestlog.toml is not a usable backup");
    assert!(std::fs::read(machine.data("guestlog.db")).unwrap() == store);
    let left: Vec<_> =
        std::fs::read_dir(machine.path("data")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!format!("{left:?}").contains("restore"), "{left:?}");
}

#[test]
fn a_restore_brings_the_copy_back_and_keeps_what_was_there() {
    let machine = Machine::new();
    machine.account();
    machine.json(&["backup", "copy.db"]);
    let server = machine.serve();
    machine.account();
    let refused = machine.run(&["restore", "copy.db"]);
    refused.fails(1, "systemctl stop guestlog && ");
    assert!(refused.err.contains("restore copy.db"), "{refused:?}");
    machine.run(&["migrate"]).fails(1, "stop it first");
    server.kill();
    let restored = machine.json(&["restore", "copy.db"]);
    assert_eq!(restored["kept"].as_array().unwrap().len(), 2, "{restored}");
    assert_eq!(machine.json(&["account", "list"])["rows"].as_array().unwrap().len(), 1);
    let kept = restored["kept"][0].as_str().unwrap();
    assert!(kept.contains("guestlog.db.before-restore-"), "{kept}");
    // Killed with its log beside it: the log went along.
    assert_eq!(ask::<i64>(&machine.path(kept), "select count(*) from account"), 2);
    assert_eq!(machine.json(&["check"])["ok"], true);
    assert_eq!(machine.account(), 1_000_002);
}

/// Cut off after any step, the next opening finds one whole store: the old one before the decision, the new one
/// after it.
#[test]
fn a_restore_that_is_killed_leaves_one_whole_store() {
    let accounts = |machine: &Machine| machine.json(&["account", "list"])["rows"].as_array().unwrap().len();
    let prepared = || {
        let machine = Machine::new();
        machine.account();
        machine.json(&["backup", "copy.db"]);
        // The second account stands only in the log that the killed server leaves.
        let server = machine.serve();
        machine.account();
        server.kill();
        machine
    };
    // Before the decision: whatever lies in the directory of unfinished files.
    let machine = prepared();
    std::fs::create_dir(machine.data("restore-unfinished")).unwrap();
    std::fs::write(machine.data("restore-unfinished/guestlog.db"), "half").unwrap();
    assert_eq!(accounts(&machine), 2);
    assert_eq!(machine.account(), 1_000_003);
    assert_eq!(machine.json(&["restore", "copy.db"])["ok"], true);
    assert_eq!(accounts(&machine), 1);
    // After it: the moves, cut off one by one.
    let source = prepared();
    let other = Machine::new();
    other.json(&["restore", source.path("copy.db").to_str().unwrap()]);
    let moves = [
        ("inbox.db", "inbox.db.before-restore-T"),
        ("inbox.db-wal", "inbox.db.before-restore-T-wal"),
        ("inbox.db-shm", "inbox.db.before-restore-T-shm"),
        ("restore-ready-T/inbox.db", "inbox.db"),
        ("guestlog.db", "guestlog.db.before-restore-T"),
        ("guestlog.db-wal", "guestlog.db.before-restore-T-wal"),
        ("guestlog.db-shm", "guestlog.db.before-restore-T-shm"),
        ("restore-ready-T/guestlog.db", "guestlog.db"),
    ];
    for done in 0..=moves.len() {
        let machine = prepared();
        std::fs::create_dir(machine.data("restore-ready-T")).unwrap();
        for name in ["guestlog.db", "inbox.db"] {
            std::fs::copy(other.data(name), machine.data("restore-ready-T").join(name)).unwrap();
        }
        for (from, to) in &moves[..done] {
            std::fs::rename(machine.data(from), machine.data(to)).unwrap();
        }
        assert_eq!(accounts(&machine), 1, "after {done} moves");
        assert_eq!(machine.json(&["check"])["ok"], true, "after {done} moves");
        assert!(!machine.data("restore-ready-T").exists());
        let kept = machine.data("guestlog.db.before-restore-T");
        assert_eq!(ask::<i64>(&kept, "select count(*) from account"), 2, "after {done} moves");
        assert_eq!(machine.account(), 1_000_002);
    }
}

/// The same with a real process, killed at any moment.
#[test]
fn a_restore_killed_at_any_moment_leaves_one_whole_store() {
    let machine = Machine::new();
    machine.account();
    machine.json(&["backup", "copy.db"]);
    let accounts = |machine: &Machine| machine.json(&["account", "list"])["rows"].as_array().unwrap().len();
    let mut outcomes = HashSet::new();
    for pause_ms in (0..60).step_by(4) {
        if accounts(&machine) == 1 {
            machine.account();
        }
        let mut restore = machine.command(&["restore", "copy.db"]).spawn().unwrap();
        pause(Duration::from_millis(pause_ms));
        let _ = restore.kill();
        restore.wait().unwrap();
        let left = accounts(&machine);
        assert!(left == 1 || left == 2, "{left} accounts after {pause_ms} ms");
        assert_eq!(machine.json(&["check"])["ok"], true, "after {pause_ms} ms");
        outcomes.insert(left);
    }
    assert!(outcomes.contains(&2), "none was killed early enough to prove anything");
}

#[test]
fn dead_letters_are_folded_again_with_and_without_a_server() {
    let machine = Machine::new();
    let account = machine.account();
    let server = machine.serve();
    server.view(account, "v1");
    machine.settle();
    assert_eq!(machine.json(&["replay-deadletter"]), json!({ "replayed": 0 }));
    server.stop();
    let put = || {
        let conn = rusqlite::Connection::open(machine.data("guestlog.db")).unwrap();
        conn.execute("insert into dead_letter values (1, 0, 'for a test', x'7b7d')", []).unwrap();
    };
    put();
    assert_eq!(machine.json(&["doctor"])["store"]["dead_letters"], 1);
    assert_eq!(machine.json(&["replay-deadletter"]), json!({ "replayed": 1 }));
    assert_eq!(machine.json(&["check"])["waiting"], 1);
    let server = machine.serve();
    machine.settle();
    // It cannot be folded this time either, and lies there again.
    assert_eq!(machine.json(&["check"])["dead_letters"], 1);
    assert_eq!(machine.json(&["replay-deadletter"]), json!({ "replayed": 1 }));
    assert_eq!(server.stop(), 0);
}

#[test]
fn migrate_tells_what_it_would_do() {
    let machine = Machine::new();
    let plan = machine.json(&["migrate", "--dry-run"]);
    assert_eq!(plan["done"], false);
    assert!(plan["steps"].to_string().contains("0001_start"), "{plan}");
    assert!(!machine.path("data").exists());
    machine.json(&["migrate"]);
    assert_eq!(machine.json(&["migrate", "--dry-run"])["steps"], json!([]));
}
