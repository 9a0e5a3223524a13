//! The consent policy of an account.

use serde_json::json;

use super::harness::{Machine, post};

/// rules.md 38
#[test]
fn rules_are_set_shown_and_asked_again_with_and_without_a_server() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let run = |what: &str, more: &[&str]| {
        machine.run(&[&["--json", "consent", what, "--account", &account], more].concat())
    };
    let none = run("show", &[]).json();
    assert_eq!((&none["revision"], &none["rules"]), (&json!(null), &json!([])));
    run("ask-again", &[]).fails(1, "no consent policy");
    assert_eq!(run("set", &["--policy", "notify"]).json(), json!({ "revision": 1 }));

    let server = machine.serve();
    let dutch = ["--policy", "opt-in", "--country", "nl", "--country", "BE", "--path", "/shop"];
    assert_eq!(run("set", &dutch).json(), json!({ "revision": 2 }));
    let state =
        ["--policy", "opt-out", "--country", "US", "--region", "CA", "--gpc", "--host", "Example.com"];
    assert_eq!(run("set", &state).json(), json!({ "revision": 3 }));
    assert_eq!(run("set", &state).json(), json!({ "revision": 3 }), "nothing changed");
    assert_eq!(run("set", &["--policy", "no-cookies"]).json(), json!({ "revision": 4 }));
    assert_eq!(run("ask-again", &[]).json(), json!({ "revision": 5 }));
    for (wrong, message) in [
        (&["--policy", "maybe"][..], "opt-out-categories"),
        (&["--policy", "none", "--country", "Utopia"], "Utopia"),
        (&["--policy", "none", "--path", "shop"], "begins with"),
        (&["--policy", "none", "--host", "a b"], "host name"),
        (&[], "--policy"),
    ] {
        run("set", wrong).fails(2, message);
    }
    machine.run(&["consent", "show", "--account", "7"]).fails(1, "no account 7");
    let shown = run("show", &[]).json();
    assert_eq!((&shown["revision"], &shown["asked_again"]["revision"]), (&json!(5), &json!(5)));
    assert_eq!(
        shown["rules"],
        json!([
            {"host": "", "path": "/", "places": [], "policy": "no-cookies", "gpc": false},
            {"host": "", "path": "/shop", "places": ["BE", "NL"], "policy": "opt-in", "gpc": false},
            {"host": "example.com", "path": "/", "places": ["US-CA"], "policy": "opt-out", "gpc": true},
        ])
    );
    assert_eq!(server.stop(), 0);
}

/// rules.md 40
#[test]
fn the_log_is_shown_and_a_receipt_with_what_was_shown() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    machine.json(&["consent", "set", "--account", &account, "--policy", "opt-in"]);
    let log =
        |more: &[&str]| machine.run(&[&["--json", "consent", "log", "--account", &account], more].concat());
    assert_eq!(log(&[]).json(), json!({"account_id": 1_000_001, "rows": [], "total": 0}));
    let server = machine.serve();
    let choice = |n: u8, token: &str| {
        json!({"receipt": format!("{n:032x}"), "revision": 1, "how": "accept", "mask": 15, "language": "de",
               "page": "https://example.com/shop", "token": token})
    };
    let (hers, his) = ("a".repeat(32), "b".repeat(32));
    for (n, token) in [(1, &hers), (2, &his)] {
        assert_eq!(post(&server.address, &format!("/{account}/consent"), &choice(n, token)), 204);
    }
    let all = log(&[]).json();
    assert_eq!((&all["total"], all["rows"].as_array().unwrap().len()), (&json!(2), 2));
    assert_eq!(all["rows"][0]["receipt"], format!("{:032x}", 2), "the newest first");
    assert_eq!(log(&["--limit", "1"]).json()["rows"].as_array().unwrap().len(), 1);
    let of_her = log(&["--token", &hers]).json();
    assert_eq!((&of_her["total"], &of_her["rows"][0]["token"]), (&json!(1), &json!(hers)));
    let one = log(&["--receipt", &format!("{:032x}", 1)]).json();
    assert_eq!((&one["choice"]["answer"], &one["texts"]["accept"]), (&json!("accepted"), &json!("Annehmen")));
    log(&["--receipt", &"0".repeat(32)]).fails(1, "no choice has the receipt");
    log(&["--receipt", "x"]).fails(2, "32 hex digits");
    log(&["--token", "x"]).fails(2, "32 hex digits");
    log(&["--limit", "0"]).fails(2, "limit");
    machine.run(&["consent", "log", "--account", "7"]).fails(1, "no account 7");
    assert_eq!(server.stop(), 0);
}
