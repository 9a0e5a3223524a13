//! `contact export` and `import`, and `export-person`, beside a server and without one.

use serde_json::json;

use super::harness::{Machine, ask, send};

const FILE: &str =
    "E-mail;Naam;Stad;Klant\r\nada@example.test;Ada;Gent;7\r\nbob@example.test;Bob;Mons;8\r\nnobody;;;\r\n";

fn write(machine: &Machine, name: &str, bytes: &[u8]) -> String {
    std::fs::write(machine.path(name), bytes).unwrap();
    name.to_owned()
}

/// rules.md 23, 34
#[test]
fn contacts_are_imported_and_exported_beside_a_server_and_without_one() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let other = machine.account().to_string();
    // As Excel writes it in the Netherlands.
    let latin: Vec<u8> =
        FILE.replace("Ada;", "Zo\u{eb};").chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let file = write(&machine, "people.csv", &latin);
    let import = [
        "contact",
        "import",
        "--account",
        &account,
        &file,
        "--map",
        "naam=firstname",
        "--map",
        "Klant=external_id",
    ];

    let would = machine.json(&[&import[..], &["--dry-run"]].concat());
    assert_eq!(
        (&would["dry_run"], &would["created"], &would["refused"]),
        (&json!(true), &json!(2), &json!(1))
    );
    let refused = json!([{"line": 4, "column": "E-mail", "reason": "no_email", "other": null,
        "text": "this is not an email address"}]);
    assert_eq!((&would["refusals"], &would["encoding"]), (&refused, &json!("windows-1252")));
    let counts = "select (select count(*) from contact) || ' ' || (select count(*) from import)";
    assert_eq!(ask::<String>(&machine.data("guestlog.db"), counts), "0 0", "a dry run leaves nothing");

    let server = machine.serve();
    let said = machine.run(&import);
    assert_eq!(said.code, 0, "{said:?}");
    assert!(
        said.out.starts_with("3 rows: 2 created, 0 changed, 0 already as in the file, 1 refused\n"),
        "{said:?}"
    );
    assert!(said.out.contains("line 4, E-mail: this is not an email address"), "{said:?}");
    let again = machine.json(&import);
    assert_eq!((&again["same"], &again["created"], &again["changed"]), (&json!(2), &json!(0), &json!(0)));
    let shown = machine.json(&["contact", "show", "--account", &account, "1"]);
    assert_eq!((&shown["name"], &shown["external_id"]), (&json!("Zo\u{eb}"), &json!("7")));
    assert_eq!(
        (&shown["original_source"], &shown["original_source_detail"]),
        (&json!("OFFLINE"), &json!("IMPORT"))
    );
    assert_eq!(std::fs::read_dir(machine.data("imports")).unwrap().count(), 0);

    let exported = machine.run(&["contact", "export", "--account", &account]);
    assert!(
        exported
            .out
            .starts_with("contact_id,email,other_emails,external_id,city,firstname,other_properties,"),
        "{exported:?}"
    );
    let to_file = ["contact", "export", "--account", &account, "--output", "all.csv", "--bom"];
    assert_eq!(machine.json(&to_file), json!({"file": "all.csv", "contacts": 2}));
    let whole = std::fs::read_to_string(machine.path("all.csv")).unwrap();
    assert_eq!(whole, format!("\u{feff}{}", exported.out));
    machine.run(&to_file).fails(1, "all.csv");
    assert_eq!(machine.run(&[&to_file[..], &["--force"]].concat()).code, 0);
    assert_eq!(server.stop(), 0);

    let copied = machine.json(&["contact", "import", "--account", &other, "all.csv"]);
    assert_eq!((&copied["created"], &copied["refused"]), (&json!(2), &json!(0)));
    let set = |csv: &str| -> Vec<String> {
        csv.lines().map(|line| line.split(',').skip(1).take(5).collect::<Vec<_>>().join(",")).collect()
    };
    assert_eq!(set(&machine.run(&["contact", "export", "--account", &other]).out), set(&exported.out));
}

#[test]
fn a_file_that_cannot_be_imported_is_named_and_leaves_nothing() {
    let machine = Machine::new();
    let account = machine.account().to_string();
    let import =
        |more: &[&str]| machine.run(&[&["contact", "import", "--account", &*account], more].concat());
    let file = write(&machine, "people.csv", FILE.as_bytes());
    import(&["missing.csv"]).fails(1, "missing.csv");
    import(&[&file, "--map", "Street=city"]).fails(2, "there is no column Street");
    import(&[&file, "--map", "Street"]).fails(2, "COLUMN=PROPERTY");
    import(&[&file, "--map", "E-mail=-"]).fails(2, "no column is imported as email");
    import(&[&file, "--map", "naam=city", "--map", "stad=city"]).fails(2, "two columns");
    import(&[&write(&machine, "book.xlsx", b"PK\x03\x04\x00")]).fails(1, "the file is no text");
    machine.run(&["contact", "import", "--account", "1", &file]).fails(1, "there is no account 1");
    machine.run(&["contact", "export", "--account", "1"]).fails(1, "there is no account 1");
    machine.run(&["--json", "contact", "export", "--account", &account]).fails(2, "--output");
    assert_eq!(std::fs::read_dir(machine.data("imports")).unwrap().count(), 0);
    assert_eq!(ask::<i64>(&machine.data("guestlog.db"), "select count(*) from import"), 0);
}

#[test]
fn everything_of_a_person_is_exported_as_json() {
    let machine = Machine::new();
    let account = machine.account();
    let text = account.to_string();
    let server = machine.serve();
    let view = json!({"k": 1, "a": account, "id": "one", "vi": "adatoken", "cc": 15,
        "pu": "https://example.com/of-ada", "i": {"email": "ada@example.test", "id": "crm-7", "city": "Ghent"}});
    assert_eq!(send(&server.address, &view), 204);
    machine.settle();
    let export = |more: &[&str]| machine.run(&[&["export-person", "--account", &*text], more].concat());
    for by in [
        ["--email", "ADA@example.test"],
        ["--external-id", "crm-7"],
        ["--contact", "1"],
        ["--visitor", "adatoken"],
    ] {
        let found = export(&by).json();
        assert_eq!(
            (&found["emails"], &found["tokens"]),
            (&json!(["ada@example.test"]), &json!(["adatoken"])),
            "{by:?}"
        );
        assert_eq!(found["sessions"][0]["session"]["timeline"][0]["path"], "/of-ada", "{by:?}");
    }
    assert_eq!(server.stop(), 0);
    let to_file =
        machine.json(&["export-person", "--account", &text, "--contact", "1", "--output", "ada.json"]);
    assert_eq!(to_file, json!({"file": "ada.json"}));
    let written = std::fs::read_to_string(machine.path("ada.json")).unwrap();
    assert!(written.contains("\"city\"") && written.ends_with("}\n"), "{written}");
    export(&["--email", "bob@example.test"]).fails(1, "there is nobody");
    export(&["--email", "nobody"]).fails(2, "not an email");
    export(&[]).fails(2, "--email");
    export(&["--email", "a@b.test", "--contact", "1"]).fails(2, "cannot be used with");
    machine.run(&["export-person", "--account", "1", "--contact", "1"]).fails(1, "there is no account 1");
}
