//! Map files.

use super::harness::Machine;
use crate::harness::mmdb::{Mmdb, map, text};

#[test]
fn an_installed_map_tells_country_network_and_company() {
    let machine = Machine::new();
    assert_eq!(machine.json(&["geo", "status"])["rows"], serde_json::json!([]));
    assert_eq!(machine.json(&["geo", "lookup", "81.2.69.142"])["country"], serde_json::Value::Null);
    let record = map([
        ("country_code", text("NL")),
        ("asn", text("AS64500")),
        ("as_name", text("Example Net")),
        ("org", text("Example B.V.")),
        ("domain", text("example.nl")),
    ]);
    let file = Mmdb::new("Made for a test").range("81.2.69.0/24", record).bytes();
    std::fs::write(machine.path("made.mmdb"), &file).unwrap();
    let installed = machine.json(&["geo", "install", "made.mmdb"]);
    assert!(installed["path"].as_str().unwrap().ends_with("maps/made.mmdb"), "{installed}");
    let said = machine.json(&["geo", "lookup", "81.2.69.142"]);
    assert_eq!((&said["country"], &said["network"]["asn"]), (&"NL".into(), &64500.into()), "{said}");
    assert_eq!(said["evidence"][0]["source"], "made.mmdb");
    assert!(said["evidence"][0]["says"].as_str().unwrap().contains("Example"), "{said}");
    assert!(!said.to_string().contains("81.2.69.142"));
    let status = machine.json(&["geo", "status"]);
    assert_eq!((&status["rows"][0]["in_use"], &status["rows"][0]["error"]), (&true.into(), &().into()));
    assert!(machine.run(&["geo", "status"]).out.contains("made.mmdb"));
}

#[test]
fn a_file_that_is_no_map_is_refused_and_the_old_one_kept() {
    let machine = Machine::new();
    std::fs::write(machine.path("junk.mmdb"), "no map").unwrap();
    machine.run(&["geo", "install", "junk.mmdb"]).fails(1, "junk.mmdb: the file is");
    machine.run(&["geo", "install", "absent.mmdb"]).fails(1, "absent.mmdb: the file cannot be read");
    assert!(!machine.data("maps").exists());
    machine.run(&["geo", "lookup", "300.1.1.1"]).fails(2, "300.1.1.1");
}
