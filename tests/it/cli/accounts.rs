//! Accounts, users and tokens.

use super::harness::{Machine, ask};

const PASSWORD: &str = "a lamp under seven bridges";

/// rules.md 23
#[test]
fn accounts_are_numbered_from_1000001_with_and_without_a_server() {
    let machine = Machine::new();
    assert_eq!(machine.json(&["account", "list"])["rows"], serde_json::json!([]));
    assert!(!machine.path("data").exists(), "a question makes no store");
    assert_eq!(machine.account(), 1_000_001);
    let server = machine.serve();
    let second = machine.json(&[
        "account",
        "add",
        "--name",
        "Café",
        "--domain",
        "https://www.Example.com/x",
        "--domain",
        "localhost:3000",
        "--domain",
        "shop.test",
        "--time-zone",
        "Europe/Amsterdam",
        "--currency",
        "usd",
    ]);
    assert_eq!(second, serde_json::json!({ "account_id": 1_000_002 }));
    // The running server knows it at once.
    assert_eq!(server.view(1_000_002, "a1"), 204);
    let list = machine.json(&["account", "list"]);
    let row = &list["rows"][1];
    assert_eq!(row["account_id"], 1_000_002);
    assert_eq!(row["domains"], serde_json::json!(["www.example.com", "localhost:3000", "shop.test"]));
    assert_eq!((&row["time_zone"], &row["currency"]), (&"Europe/Amsterdam".into(), &"USD".into()));
    assert_eq!(server.stop(), 0);
    assert!(!machine.data("guestlog.sock").exists(), "the socket goes with its server");
    assert_eq!(machine.account(), 1_000_003);
    assert_eq!(machine.json(&["account", "list"])["rows"][0]["time_zone"], "UTC");
}

#[test]
fn a_bad_value_is_a_usage_error_and_changes_nothing() {
    let machine = Machine::new();
    let _server = machine.serve();
    let add = |more: &[&str]| machine.run(&[&["--json", "account", "add", "--name", "N"], more].concat());
    add(&["--domain", "a.test", "--time-zone", "Mars/Base"]).fails(2, "Mars/Base");
    add(&["--domain", "a.test", "--currency", "EURO"]).fails(2, "EURO");
    add(&["--domain", "a b"]).fails(2, "domain name");
    add(&[]).fails(2, "--domain");
    machine.run(&["account", "add", "--name", "", "--domain", "a.test"]).fails(2, "name is empty");
    machine.run(&["account"]).fails(2, "Usage");
    machine.run(&["nonsense"]).fails(2, "nonsense");
    assert_eq!(machine.json(&["account", "list"])["rows"], serde_json::json!([]));
}

#[test]
fn a_user_signs_in_with_the_password_that_came_on_stdin() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let add = |email: &str, role: &str, password: &str| {
        let args = ["--json", "user", "add", "--email", email, "--account", &account, "--role", role];
        machine.run_with(&args, password)
    };
    assert_eq!(
        add("ann@shop.test", "owner", &format!("{PASSWORD}\n")).json(),
        serde_json::json!({"user_id": 1})
    );
    let server = machine.serve();
    assert_eq!(add("bob@shop.test", "viewer", PASSWORD).json(), serde_json::json!({"user_id": 2}));
    add("bob@shop.test", "viewer", PASSWORD).fails(1, "already belongs to the account");
    add("eve@shop.test", "viewer", "").fails(2, "needs a password");
    add("eve@shop.test", "viewer", "short").fails(2, "");
    add("eve@shop.test", "king", PASSWORD).fails(2, "the role must be one of owner, admin, editor, viewer");
    add("no address", "viewer", PASSWORD).fails(2, "email");
    let elsewhere = ["user", "add", "--email", "e@shop.test", "--account", "7", "--role", "viewer"];
    machine.run_with(&elsewhere, PASSWORD).fails(1, "there is no account 7");
    let reset = |email: &str| {
        machine
            .run_with(&["--json", "user", "reset-password", "--email", email], "another lamp, another bridge")
    };
    let before: String = hash_of(&machine, "ann@shop.test");
    assert_eq!(reset("ann@shop.test").json(), serde_json::json!({"user_id": 1}));
    assert_ne!(hash_of(&machine, "ann@shop.test"), before);
    reset("nobody@shop.test").fails(1, "no user");
    machine.run(&["user", "reset-password", "--email", "ann@shop.test"]).fails(2, "no password");
    server.kill();
    // rules.md 28: the first one is server admin, no other.
    let admins: i64 = ask(&machine.data("guestlog.db"), "select sum(server_admin * id) from user");
    assert_eq!(admins, 1);
}

/// rules.md 28
#[test]
fn the_first_user_becomes_server_admin_knowingly() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let add = |email: &str, role: &str, more: &[&str]| {
        let args = ["--json", "user", "add", "--email", email, "--account", &account, "--role", role];
        machine.run_with(&[&args, more].concat(), PASSWORD)
    };
    let admins =
        || -> i64 { ask(&machine.data("guestlog.db"), "select count(*) from user where server_admin") };
    add("ann@shop.test", "viewer", &[]).fails(2, "--server-admin");
    assert_eq!(admins(), 0);
    let first = add("ann@shop.test", "viewer", &["--server-admin"]);
    assert_eq!(first.json(), serde_json::json!({"user_id": 1}));
    assert!(first.err.contains("user 1 is the first one and administers the whole server"), "{first:?}");
    let second = add("bob@shop.test", "owner", &[]);
    assert!(second.err.is_empty(), "{second:?}");
    add("eve@shop.test", "owner", &["--server-admin"]).fails(2, "there are users already");
    assert_eq!(admins(), 1);
}

fn hash_of(machine: &Machine, email: &str) -> String {
    let sql = format!("select password_hash from user where email = '{email}'");
    let hash: String = ask(&machine.data("guestlog.db"), &sql);
    assert!(hash.starts_with("$argon2id$"), "{hash}");
    hash
}

#[test]
fn a_token_is_told_once_and_kept_as_its_hash() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let add = |scopes: &str| {
        machine.run(&["--json", "token", "add", "--account", &account, "--name", "Till", "--scope", scopes])
    };
    let _server = machine.serve();
    let made = add("events.write,reports.read").json();
    assert_eq!(made["token_id"], 1);
    let token = made["token"].as_str().unwrap().to_owned();
    assert!(token.len() >= 32, "{token}");
    add("events.fly").fails(2, "events.write");
    add("").fails(2, "scope");
    let bytes = std::fs::read(machine.data("guestlog.db-wal")).unwrap();
    assert!(!bytes.windows(token.len()).any(|found| found == token.as_bytes()));
    machine
        .run(&["token", "add", "--account", "7", "--name", "T", "--scope", "crm.read"])
        .fails(1, "account 7");
}
