//! `retention`: how long data is kept, beside a server and without one.

use serde_json::json;

use super::harness::Machine;

#[test]
fn months_are_shown_tried_and_changed() {
    let machine = Machine::new();
    let id = machine.account().to_string();
    let months = |contacts: u32| json!({"visits": 25, "completions": 25, "submissions": 25, "contacts": contacts, "consent_log": 60, "audit_log": 25});
    let show = ["retention", "show", "--account", &id];
    let none = json!({"visits": 0, "completions": 0, "submissions": 0, "contacts": 0, "consent_log": 0, "audit_log": 0});
    assert_eq!(machine.json(&show), json!({"months": months(0), "due": none, "clock_doubted_since": null}));
    let set = ["retention", "set", "--account", &id, "--kind", "contacts", "--months"];
    let tried = machine.json(&[&set[..], &["36", "--dry-run"]].concat());
    assert_eq!((&tried["months"], machine.json(&show)["months"].clone()), (&months(36), months(0)));
    let server = machine.serve();
    assert_eq!(machine.json(&[&set[..], &["1200"]].concat())["months"], months(1200));
    machine.run(&[&set[..], &["1201"]].concat()).fails(2, "at most 1200 months");
    assert_eq!(machine.json(&show)["months"], months(1200), "a running server says the same");
    assert_eq!(server.stop(), 0);
    assert!(machine.json(&["retention", "confirm-clock"])["confirmed"].is_string());
    machine
        .run(&["retention", "set", "--account", &id, "--kind", "x", "--months", "1"])
        .fails(2, "audit_log");
    machine.run(&["retention", "show", "--account", "7"]).fails(1, "account");
}
