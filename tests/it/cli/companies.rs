//! `company`: listing and showing companies, beside a server and without one.

use serde_json::json;

use super::harness::{Machine, send};

/// rules.md 23, 35
#[test]
fn companies_are_listed_and_shown_beside_a_server_and_without_one() {
    let machine = Machine::new();
    let account = machine.account();
    let text = account.to_string();
    let server = machine.serve();
    for email in ["ada@mail.acme.test", "bob@acme.test", "cyn@globex.test", "dan@gmail.com"] {
        let who = email.split('@').next().unwrap();
        let view = json!({"k": 1, "a": account, "id": who, "vi": who, "cc": 15, "pu": "https://example.com/",
            "i": {"email": email}});
        assert_eq!(send(&server.address, &view), 204);
        machine.settle();
    }
    let list = || machine.json(&["company", "list", "--account", &text]);
    let found = list();
    assert_eq!((&found["total"], &found["rows"][0]["domain"]), (&json!(2), &json!("globex.test")));
    let acme = &found["rows"][1];
    assert_eq!((&acme["id"], &acme["contact_count"], &acme["page_views"]), (&json!(1), &json!(2), &json!(2)));
    assert_eq!(server.stop(), 0);
    assert_eq!(list(), found);
    let searched = machine.json(&["company", "list", "--account", &text, "--search", "GLOB"]);
    assert_eq!((&searched["total"], &searched["rows"][0]["id"]), (&json!(1), &json!(2)));
    let of_acme = machine.json(&["contact", "list", "--account", &text, "--company", "1"]);
    assert_eq!((&of_acme["total"], &of_acme["rows"][0]["company"]), (&json!(2), &json!("acme.test")));
    let shown = machine.json(&["company", "show", "--account", &text, "1"]);
    assert_eq!(
        (&shown["name"], &shown["contacts"][0]["email"]),
        (&json!("acme.test"), &json!("bob@acme.test"))
    );
    let said = machine.run(&["company", "show", "--account", &text, "1"]).out;
    assert!(said.contains("2 contacts with 0 events, 2 sessions, 2 page views"), "{said}");
    assert!(said.contains("contact 1: ada@mail.acme.test"), "{said}");
    let said = machine.run(&["contact", "show", "--account", &text, "1"]).out;
    assert!(said.contains("company: acme.test"), "{said}");
    machine.run(&["company", "show", "--account", &text, "9"]).fails(1, "there is no company 9");
    machine.run(&["company", "list", "--account", "1"]).fails(1, "there is no account 1");
    machine.run(&["company", "list", "--account", &text, "--limit", "0"]).fails(2, "from 1 to 1000");
}
