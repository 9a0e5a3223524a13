//! `list`: creating, showing and deleting lists of contacts, beside a server and without one.

use serde_json::json;

use super::harness::{Machine, send};

#[test]
fn a_list_is_created_shown_and_deleted() {
    let machine = Machine::new();
    let account = machine.account();
    let id = account.to_string();
    machine.json(&["event", "add", "--account", &id, "--name", "Order", "--type", "custom"]);
    let server = machine.serve();
    for (hit, visitor) in [("1", "ada"), ("2", "ada"), ("3", "bob")] {
        let order = json!({"k": 3, "a": account, "id": hit, "vi": visitor, "cc": 15, "n": "Order",
            "pu": "https://shop.test/", "i": {"email": format!("{visitor}@example.test")}});
        assert_eq!(send(&server.address, &order), 204);
    }
    machine.settle();
    let add = ["list", "add", "--account", &id, "--name"];
    let made = machine
        .json(&[&add[..], &["Twice", "--event", "Order", "--at-least", "2", "--within", "7d"]].concat());
    assert_eq!(made, json!({"list_id": 1}));
    let not = ["Not twice", "--event", "000000000001", "--at-least", "2", "--not"];
    assert_eq!(machine.json(&[&add[..], &not].concat()), json!({"list_id": 2}));
    let emails = |list: &str| {
        let shown = machine.json(&["list", "show", "--account", &id, "--list", list]);
        let rows = shown["rows"].as_array().unwrap().clone();
        rows.into_iter().map(|row| row["email"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(emails("1"), ["ada@example.test"]);
    assert_eq!(emails("2"), ["bob@example.test"]);
    let all = machine.json(&["list", "list", "--account", &id]);
    assert_eq!(all["rows"][1]["name"], "Twice");
    assert_eq!((&all["rows"][1]["size"], &all["rows"][1]["kind"]), (&json!(1), &json!("active")));

    // The conditions that one command prints are those that another one reads.
    let shown = machine.json(&["list", "export", "--account", &id, "--list", "1"]);
    std::fs::write(machine.path("conditions.json"), shown["conditions"].to_string()).unwrap();
    assert_eq!(server.stop(), 0);
    let again = ["Again", "--filter", "conditions.json", "--static"];
    assert_eq!(machine.json(&[&add[..], &again].concat()), json!({"list_id": 3}), "without a server");
    assert_eq!(emails("3"), ["ada@example.test"]);
    machine.run(&[&add[..], &["AGAIN", "--event", "Order"]].concat()).fails(2, "another list has this name");
    machine.run(&[&add[..], &["x", "--event", "Other"]].concat()).fails(1, "there is no event “Other”");
    machine.run(&[&add[..], &["x", "--event", "Order", "--within", "7m"]].concat()).fails(2, "7d or 4w");
    machine.run(&[&add[..], &["x"]].concat()).fails(2, "--event");
    std::fs::write(machine.path("wrong.json"), r#"{"any":[{"all":[{"text":{"field":"shoe","is":"is"}}]}]}"#)
        .unwrap();
    machine.run(&[&add[..], &["x", "--filter", "wrong.json"]].concat()).fails(2, "unknown variant `shoe`");
    let delete = ["list", "delete", "--account", &id, "--list", "3"];
    assert_eq!(machine.json(&delete), json!({"list_id": 3}));
    machine.run(&delete).fails(1, "there is no such list");
    machine.run(&["list", "show", "--account", &id, "--list", "3"]).fails(1, "there is no list 3");
}
