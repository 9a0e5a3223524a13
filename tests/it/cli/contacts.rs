//! `contact`: listing, showing and merging contacts, beside a server and without one.

use serde_json::json;

use super::harness::{Machine, send};

fn identify(machine: &Machine, address: &str, account: i64, who: &str) {
    let view = json!({"k": 1, "a": account, "id": who, "vi": who, "cc": 15, "pu": "https://example.com/",
        "i": {"email": format!("{who}@example.test"), "firstname": who}});
    assert_eq!(send(address, &view), 204);
    machine.settle();
}

/// rules.md 23, 31
#[test]
fn contacts_are_listed_shown_and_merged_beside_a_server_and_without_one() {
    let machine = Machine::new();
    let account = machine.account();
    let text = account.to_string();
    let server = machine.serve();
    for who in ["ada", "bob", "cyn"] {
        identify(&machine, &server.address, account, who);
    }
    let list = machine.json(&["contact", "list", "--account", &text]);
    assert_eq!((&list["total"], &list["rows"][0]["email"]), (&json!(3), &json!("cyn@example.test")));
    let found = machine.json(&["contact", "list", "--account", &text, "--search", "BOB"]);
    assert_eq!((&found["total"], &found["rows"][0]["id"]), (&json!(1), &json!(2)));

    let merged = machine.json(&["contact", "merge", "--account", &text, "2", "1"]);
    assert_eq!(merged, json!({"contact_id": 1}));
    let shown = machine.json(&["contact", "show", "--account", &text, "2"]);
    assert_eq!((&shown["id"], &shown["page_views"]), (&json!(1), &json!(2)));
    assert_eq!(shown["timeline"][0]["kind"], "merge");
    let said = machine.run(&["contact", "merge", "--account", &text, "1", "2"]);
    said.fails(2, "both are the same contact");
    machine
        .run(&["contact", "merge", "--account", &text, "9", "2"])
        .fails(1, "there is no contact with this number");
    assert_eq!(server.stop(), 0);

    assert_eq!(machine.json(&["contact", "merge", "--account", &text, "3", "2"]), json!({"contact_id": 1}));
    let list = machine.json(&["contact", "list", "--account", &text]);
    assert_eq!((&list["total"], &list["rows"][0]["page_views"]), (&json!(1), &json!(3)));
    let shown = machine.run(&["contact", "show", "--account", &text, "3"]);
    assert!(
        shown.out.contains("merged: contact 3") && shown.out.contains("email: ada@example.test"),
        "{}",
        shown.out
    );
    // What came first is undone last.
    let unmerge = |contact: &str| machine.run(&["--json", "contact", "unmerge", "--account", &text, contact]);
    assert_eq!(unmerge("3").json(), json!({"contact_id": 3, "from": 1}));
    let shown = machine.json(&["contact", "show", "--account", &text, "3"]);
    assert_eq!((&shown["id"], &shown["email"]), (&json!(3), &json!("cyn@example.test")));
    unmerge("3").fails(1, "this contact is not merged into another one");
    unmerge("9").fails(1, "this contact is not merged into another one");
    let said = machine.run(&["contact", "unmerge", "--account", &text, "2"]);
    assert!(said.out.contains("contact 2 is no longer part of contact 1"), "{}", said.out);
    machine.run(&["contact", "show", "--account", &text, "9"]).fails(1, "there is no contact 9");
    machine.run(&["contact", "list", "--account", "1"]).fails(1, "there is no account 1");
    machine.run(&["contact", "list", "--account", &text, "--limit", "0"]).fails(2, "from 1 to 1000");
}
