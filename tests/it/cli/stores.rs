//! Stores that cannot be opened, and two that want the same one.

use std::path::Path;

use super::harness::Machine;

#[test]
fn a_second_server_refuses() {
    let machine = Machine::new();
    let _server = machine.serve();
    machine.run(&["serve", "--listen", "127.0.0.1:0"]).fails(1, "another Guestlog process is using data");
}

#[test]
fn a_socket_of_a_dead_server_is_no_hindrance() {
    let machine = Machine::new();
    machine.serve().kill();
    assert!(machine.data("guestlog.sock").exists());
    assert_eq!(machine.account(), 1_000_001);
    let _server = machine.serve();
    assert_eq!(machine.account(), 1_000_002);
}

#[test]
fn the_socket_works_below_a_path_too_long_for_sockets() {
    let machine = Machine::with_data(&format!("{}/data", "d".repeat(120)));
    let server = machine.serve();
    assert_eq!(machine.account(), 1_000_001);
    assert_eq!(server.stop(), 0);
    assert!(!machine.data("guestlog.sock").exists());
}

#[test]
fn the_socket_is_its_owners_alone_and_refuses_what_is_no_command() {
    use std::io::{Read, Write};
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    let _server = machine.serve();
    let socket = machine.data("guestlog.sock");
    assert_eq!(std::fs::metadata(&socket).unwrap().permissions().mode() & 0o777, 0o600);
    let ask = |text: &[u8]| {
        let mut stream = std::os::unix::net::UnixStream::connect(&socket).unwrap();
        stream.write_all(text).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    };
    assert!(ask(b"hello\n").contains("not a command"));
    let other = br#"{"version":"0.0.1","command":{"do":"status"}}"#;
    assert!(ask(&[&other[..], b"\n"].concat()).contains("restart the server"));
    let version = env!("CARGO_PKG_VERSION");
    let unknown = format!("{{\"version\":\"{version}\",\"command\":{{\"do\":\"explode\"}}}}\n");
    assert!(ask(unknown.as_bytes()).contains("unknown variant"));
    let status = format!("{{\"version\":\"{version}\",\"command\":{{\"do\":\"status\"}}}}");
    assert!(ask(format!("{status}\n").as_bytes()).contains("\"writer_alive\":true"));
    // At the limit and one past it.
    let max = guestlog::server::control::MESSAGE_MAX;
    let filled = |len: usize| format!("{status}{}\n", " ".repeat(len - status.len() - 1));
    assert!(ask(filled(max).as_bytes()).contains("\"writer_alive\":true"));
    assert!(ask(filled(max + 1).as_bytes()).contains("at most"));
}

#[test]
fn a_store_of_a_newer_program_is_refused_and_left_as_it_is() {
    for file in ["guestlog.db", "inbox.db"] {
        let machine = Machine::new();
        machine.account();
        let conn = rusqlite::Connection::open(machine.data(file)).unwrap();
        conn.pragma_update(None, "user_version", 999).unwrap();
        drop(conn);
        let before = [std::fs::read(machine.data("guestlog.db")), std::fs::read(machine.data("inbox.db"))];
        let before = before.map(Result::unwrap);
        machine.run(&["serve", "--listen", "127.0.0.1:0"]).fails(1, "use the newer Guestlog that wrote it");
        machine.run(&["account", "add", "--name", "N", "--domain", "n.test"]).fails(1, "the newer Guestlog");
        machine.run(&["migrate", "--dry-run"]).fails(1, "the newer Guestlog");
        let after = [std::fs::read(machine.data("guestlog.db")), std::fs::read(machine.data("inbox.db"))];
        assert!(after.map(Result::unwrap) == before, "{file}");
    }
}

#[test]
fn a_damaged_store_is_refused_with_the_way_out() {
    type Harm = fn(&Path);
    let harms: [(&str, Harm); 5] = [
        ("head", |file| overwrite(file, 0, b"not SQLite")),
        ("first page", |file| overwrite(file, 100, &[0xff; 64])),
        ("garbage", |file| std::fs::write(file, [0x5a; 20_000]).unwrap()),
        ("half", |file| {
            let half = std::fs::metadata(file).unwrap().len() / 2;
            std::fs::File::options().write(true).open(file).unwrap().set_len(half).unwrap();
        }),
        ("empty", |file| std::fs::write(file, []).unwrap()),
    ];
    for file in ["guestlog.db", "inbox.db"] {
        for (name, harm) in &harms {
            if (file, *name) == ("inbox.db", "empty") {
                continue; // as it is before the first start
            }
            let machine = Machine::new();
            machine.account();
            harm(&machine.data(file));
            let before = std::fs::read(machine.data(file)).unwrap();
            let serve = machine.run(&["serve", "--listen", "127.0.0.1:0"]);
            assert!(serve.err.contains(file), "{name}: {serve:?}");
            serve.fails(1, "guestlog restore FILE");
            assert_eq!(serve.err.trim().lines().count(), 1, "{serve:?}");
            assert!(std::fs::read(machine.data(file)).unwrap() == before, "{file} {name}");
            let check = machine.run(&["--json", "check"]);
            assert_eq!(check.code, 1, "{file} {name}: {check:?}");
            assert_eq!(check.any_json()["ok"], false, "{check:?}");
            assert_eq!(machine.run(&["doctor"]).code, 0);
        }
    }
}

fn overwrite(file: &Path, at: u64, bytes: &[u8]) {
    use std::io::{Seek, SeekFrom, Write};
    let mut file = std::fs::File::options().write(true).open(file).unwrap();
    file.seek(SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn a_data_directory_that_cannot_be_used_is_a_bad_configuration() {
    let machine = Machine::new();
    std::fs::write(machine.path("data"), "a file").unwrap();
    machine.run(&["serve"]).fails(78, "cannot use the data directory data");
    machine.run(&["account", "add", "--name", "N", "--domain", "n.test"]).fails(78, "data");
    assert_eq!(std::fs::read(machine.path("data")).unwrap(), b"a file");
}

#[test]
fn a_bad_configuration_ends_every_command_with_78() {
    let machine = Machine::new();
    assert_eq!(machine.json(&["check-config"])["ok"], true);
    std::fs::write(machine.path("guestlog.toml"), "[server]\nlisten = \"nowhere\"\n").unwrap();
    for args in [&["check-config"][..], &["account", "list"], &["serve"], &["doctor"]] {
        machine.run(args).fails(78, "guestlog.toml:2: server.listen");
    }
    machine.run(&["--config", "absent.toml", "check-config"]).fails(78, "absent.toml");
    assert!(!machine.path("data").exists());
}

/// A copy from before an upgrade holds all that the store held.
#[test]
fn what_others_could_read_is_taken_back_at_the_start() {
    use std::os::unix::fs::PermissionsExt;
    let machine = Machine::new();
    machine.account();
    let mode = |path: std::path::PathBuf| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let set = |path: std::path::PathBuf, mode: u32| {
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
    };
    let names = ["guestlog.db", "guestlog.db.version-1", "inbox.db.before-restore-1"];
    std::fs::write(machine.data("guestlog.db.version-1"), "x").unwrap();
    std::fs::write(machine.data("inbox.db.before-restore-1"), "x").unwrap();
    // What else belongs to a data directory.
    std::fs::create_dir(machine.data(guestlog::geo::MAPS_DIR)).unwrap();
    std::fs::write(machine.data(guestlog::server::control::SOCKET_FILE), "").unwrap();
    names.iter().for_each(|name| set(machine.data(name), 0o644));
    set(machine.path("data"), 0o755);
    let answer = machine.run(&["account", "list"]);
    assert_eq!(answer.code, 0, "{answer:?}");
    let server = machine.serve();
    assert!(names.iter().all(|name| mode(machine.data(name)) == 0o600));
    assert_eq!(mode(machine.path("data")), 0o700);
    server.kill();
    // A directory that holds something else is somebody else's too.
    std::fs::write(machine.data("notes.txt"), "x").unwrap();
    set(machine.path("data"), 0o755);
    machine.serve().kill();
    assert_eq!(mode(machine.path("data")), 0o755);
}

/// A server that cannot start for its configuration is found out before it is started.
#[test]
fn check_config_names_files_that_cannot_be_used() {
    let machine = Machine::new();
    let tls = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let (certificate, key) = (tls.join("certificate.pem"), tls.join("key.pem"));
    let check = |text: &str| {
        std::fs::write(machine.path("guestlog.toml"), text).unwrap();
        machine.run(&["--config", "guestlog.toml", "check-config"])
    };
    let files = |certificate: &std::path::Path, key: &std::path::Path| {
        format!("[tls]\ncertificate = {certificate:?}\nkey = {key:?}\n")
    };
    assert_eq!(check(&files(&certificate, &key)).code, 0);
    check(&files(&key, &certificate)).fails(78, "contains no PEM certificate");
    check(&files(&certificate, &certificate)).fails(78, "contains no PEM private key");
    check(&files(&tls.join("absent.pem"), &key)).fails(78, "cannot read");
    check(&files(&tls.join("ca.pem"), &key)).fails(78, "[tls]");
    std::fs::write(machine.path("bad.mmdb"), "no map").unwrap();
    let map = |name: &str| format!("[[geo.map]]\npath = {:?}\n", machine.path(name));
    check(&map("bad.mmdb")).fails(78, "bad.mmdb");
    check(&map("absent.mmdb")).fails(78, "absent.mmdb");
}
