//! `erase-person`, beside a server and without one, and what a restored backup brings back.

use serde_json::json;

use super::harness::{Machine, ask, send};

const EMAIL: &str = "ursula@ursulas-own.test";
/// Her company, which is hers alone.
const DOMAIN: &str = "ursulas-own";

fn identify(machine: &Machine, address: &str, account: i64, id: &str, visitor: &str) {
    let view = json!({"k": 1, "a": account, "id": id, "vi": visitor, "cc": 15,
        "pu": format!("https://example.com/of-{visitor}"), "i": {"email": EMAIL}});
    assert_eq!(send(address, &view), 204);
    machine.settle();
}

/// The names of files of the data directory that hold a text.
fn files_with(machine: &Machine, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(machine.path("data")).unwrap().map(|entry| entry.unwrap().path());
    let holds = |bytes: Vec<u8>| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    let found = files.filter(|path| std::fs::read(path).is_ok_and(holds));
    found.map(|path| path.file_name().unwrap().to_string_lossy().into_owned()).collect()
}

/// rules.md 25
#[test]
fn a_restored_backup_erases_a_person_again_before_it_serves() {
    let machine = Machine::new();
    let account = machine.account();
    let account_text = account.to_string();
    let erase = ["erase-person", "--account", &account_text, "--email", EMAIL];
    let server = machine.serve();
    identify(&machine, &server.address, account, "one", "ursulatoken");
    assert_eq!(server.view(account, "other"), 204);
    assert_eq!(machine.run(&["backup", "before.db"]).code, 0);
    machine.run(&erase).fails(2, "--yes");
    assert!(!files_with(&machine, EMAIL).is_empty());

    let yes = [&erase[..], &["--yes"]].concat();
    let done = json!({"erased": 1, "sessions": 1, "page_views": 1, "damaged": []});
    assert_eq!(machine.json(&yes), done);
    let nobody = json!({"erased": 0, "sessions": 0, "page_views": 0, "damaged": []});
    assert_eq!(machine.json(&yes), nobody, "a second time is no failure");
    assert_eq!(files_with(&machine, EMAIL), [""; 0]);
    assert_eq!(files_with(&machine, "ursulatoken"), [""; 0]);
    assert_eq!(files_with(&machine, DOMAIN), [""; 0]);
    // The same person comes back, with consent.
    identify(&machine, &server.address, account, "two", "ursulalater");
    assert_eq!(machine.run(&["backup", "after.db"]).code, 0);
    assert_eq!(server.stop(), 0);

    assert_eq!(machine.run(&["restore", "before.db"]).code, 0);
    assert!(files_with(&machine, EMAIL).contains(&"guestlog.db".to_owned()));
    let server = machine.serve();
    let contacts = "select count(*) from contact";
    assert_eq!(ask::<i64>(&machine.data("guestlog.db"), contacts), 0);
    assert_eq!(ask::<i64>(&machine.data("guestlog.db"), "select count(*) from company"), 0);
    assert_eq!(ask::<i64>(&machine.data("guestlog.db"), "select count(*) from visitor"), 1, "the other one");
    assert_eq!(machine.json(&yes), nobody);
    assert_eq!(server.stop(), 0);
    let kept: Vec<String> = files_with(&machine, "ursulatoken");
    assert!(kept.iter().all(|name| name.contains("before-restore")), "{kept:?}");

    assert_eq!(machine.run(&["restore", "after.db"]).code, 0);
    let server = machine.serve();
    assert_eq!(ask::<i64>(&machine.data("guestlog.db"), contacts), 1, "what came later is kept");
    assert_eq!(server.view(account, "answers"), 204);
    assert_eq!(server.stop(), 0);
    // Without a server the command does it all.
    assert_eq!(
        machine.json(&["erase-person", "--account", &account_text, "--visitor", "ursulalater", "--yes"]),
        done
    );
    assert_eq!(ask::<i64>(&machine.data("guestlog.db"), contacts), 0);
}

#[test]
fn an_erasure_names_what_it_cannot_use() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let erase =
        |more: &[&str]| machine.run(&[&["erase-person", "--yes", "--account", &*account], more].concat());
    erase(&[]).fails(2, "--email");
    erase(&["--email", EMAIL, "--visitor", "x"]).fails(2, "cannot be used with");
    erase(&["--email", "nobody"]).fails(2, "give the email of a person");
    erase(&["--visitor", "<x>"]).fails(2, "give the email of a person");
    machine
        .run(&["erase-person", "--yes", "--account", "1", "--email", EMAIL])
        .fails(1, "there is no account 1");
}
