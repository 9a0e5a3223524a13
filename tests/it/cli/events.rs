//! Events: made, put away, taken back, deleted and counted back by commands.

use super::harness::Machine;

#[test]
fn an_event_is_made_listed_archived_restored_and_deleted_with_and_without_a_server() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let add =
        |more: &[&str]| machine.run(&[&["--json", "event", "add", "--account", &account], more].concat());
    let made = add(&["--name", "Login", "--type", "http", "--tag", "accounts", "--tag", "app"]).json();
    assert_eq!(made["event_id"], "000000000001");
    assert_eq!(made["snippet"], serde_json::Value::Null, "programs report it");
    let url = made["url"].as_str().unwrap();
    assert!(url.ends_with("/v1/event?_a=1000001&_n=000000000001"), "{url}");
    add(&["--name", "Login", "--type", "http"]).fails(2, "already");
    add(&["--name", "Buy", "--type", "click"]).fails(2, "selector");
    add(&["--name", "Buy", "--type", "clack"]).fails(2, "custom, http, click, form, visit");

    let server = machine.serve();
    add(&["--name", "Thanks", "--type", "visit", "--url", "/thanks*", "--value", "2.5"]).json();
    let status = |place: usize| {
        let list = machine.json(&["event", "list", "--account", &account]);
        list["rows"][place]["status"].clone()
    };
    let change = |what: &str, event: &str| {
        machine.run(&["--json", "event", what, "--account", &account, "--event", event])
    };
    for (what, left) in [("archive", "archived"), ("restore", "active")] {
        assert_eq!(change(what, "000000000001").json()["event_id"], "000000000001");
        assert_eq!(status(0), left);
    }
    change("count-back", "000000000002").json();
    change("count-back", "000000000001").fails(1, "visited-URL");
    change("delete", "000000000001").json();
    let list = machine.json(&["event", "list", "--account", &account]);
    assert_eq!((list["rows"].as_array().unwrap().len(), &list["rows"][0]["name"]), (1, &"Thanks".into()));
    for what in ["archive", "restore", "delete", "count-back"] {
        change(what, "000000000001").fails(1, "no event with this ID");
    }
    change("archive", "1").fails(2, "twelve digits");
    assert_eq!(server.stop(), 0);
}

/// The command prints the same code as the page of the event.
#[test]
fn what_is_put_where_is_told_for_each_type_with_the_value_of_the_event() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let add = |kind: &str, value: &str, more: &[&str], json: bool| {
        let name = format!("{kind} {value} {json}");
        let words =
            ["event", "add", "--account", &account, "--name", &name, "--type", kind, "--value", value];
        machine.run(&[if json { &["--json"][..] } else { &[] }, &words, more].concat())
    };
    let both = |made: &serde_json::Value| (made["snippet"].is_string(), made["url"].is_string());
    let added = add("custom", "19.99", &[], true).json();
    assert_eq!(
        added["snippet"],
        "var _hsq = window._hsq = window._hsq || [];\n\
         _hsq.push(['trackEvent', {id: '000000000001', value: 19.99}]);"
    );
    assert_eq!(both(&added), (true, true));
    assert_eq!(both(&add("http", "5", &[], true).json()), (false, true));
    for (kind, what, more) in [
        ("click", "The tracking code finds the element", ["--selector", "#buy"]),
        ("form", "The tracking code finds the element", ["--selector", "#join"]),
        ("visit", "The server counts the event", ["--url", "/thanks"]),
    ] {
        assert_eq!(both(&add(kind, "5", &more, true).json()), (false, false), "{kind}");
        let text = add(kind, "5", &more, false).out;
        assert!(text.contains(what) && !text.contains("trackEvent") && !text.contains("/v1/"), "{text}");
    }
}

/// rules.md 29
#[test]
fn custom_javascript_comes_from_a_file_and_its_mistakes_are_named() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let file = machine.path("code.js").to_str().unwrap().to_owned();
    let add = |name: &str, code: &str| {
        std::fs::write(&file, code).unwrap();
        let words = ["--name", name, "--type", "custom", "--custom-js", &file];
        machine.run(&[&["--json", "event", "add", "--account", &account][..], &words].concat())
    };
    let line = format!("a('{}');\n", "x".repeat(1_000_000));
    let both = |name: &str| {
        add(name, &line).json();
        add("Broken", "a();\n})();").fails(2, "line 2, column 1");
        add("Large", &"a".repeat(2 * 1024 * 1024 + 1)).fails(2, "more than 2097152 bytes");
    };
    both("Without a server");
    let server = machine.serve();
    both("With a server");
    assert_eq!(server.stop(), 0);
    let none = machine.path("none.js");
    let words = ["--name", "None", "--type", "custom", "--custom-js", none.to_str().unwrap()];
    machine.run(&[&["event", "add", "--account", &account][..], &words].concat()).fails(2, "none.js");
    let conn = rusqlite::Connection::open(machine.data("guestlog.db")).unwrap();
    let kept = conn.query_row("select group_concat(length(code)) from event_script", [], |row| row.get(0));
    assert_eq!(kept, Ok(format!("{0},{0}", line.len())));
}
