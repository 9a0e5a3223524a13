//! The consent policy of an account.

use serde_json::json;

use super::harness::Machine;

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
