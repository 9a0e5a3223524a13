//! A short form of `guestlog bench siege`. The long form measures; this one makes sure that nothing that was acknowledged
//! is lost under attack, whatever else runs on the machine.

use std::process::Command;

/// Attacks, by a part of their names.
const ATTACKS: [&str; 6] =
    ["send ahead", "64 descriptors", "new contacts", "7,000 bytes", "wrong passwords", "busy day"];

#[test]
fn under_attack_nothing_acknowledged_is_lost() {
    if std::env::var_os("QUICK").is_some_and(|set| !set.is_empty()) {
        return;
    }
    let named = std::env::var("GUESTLOG_BIN");
    let mut command = Command::new(named.as_deref().unwrap_or(env!("CARGO_BIN_EXE_guestlog")));
    command.args(["--json", "bench", "siege", "--seconds", "2", "--rest", "0", "--busy-day", "30000"]);
    for attack in ATTACKS {
        command.args(["--only", attack]);
    }
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    let report: serde_json::Value =
        serde_json::from_str(&said).unwrap_or_else(|_| panic!("{}", String::from_utf8_lossy(&output.stderr)));
    let rows = report["attacks"].as_array().unwrap();
    // Two of them send ahead: some are signed in and some are not.
    assert_eq!(rows.len(), ATTACKS.len() + 1, "{said}");
    for row in rows {
        assert!(row["acknowledged"].as_u64().unwrap() > 0, "{row}");
        assert_eq!(row["lost"], 0, "{row}");
        assert!(row["attempts"].as_u64().unwrap() > 0, "{row}");
    }
}
