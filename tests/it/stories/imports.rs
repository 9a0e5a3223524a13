//! Contacts come from CSV files, in every form that spreadsheets write, and go into another account by an export. Every row
//! that is refused is named, and the same file twice changes nothing.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::time::Duration;

use guestlog::app::access::Actor;
use guestlog::app::export::contacts::{ContactDownload, PROPERTY_COLUMNS_MAX};
use guestlog::app::people::erase::contact::erase_contact;
use guestlog::app::people::import::file::FileError;
use guestlog::app::people::import::work::{work, work_due};
use guestlog::app::people::import::{
    Begin, Error, KEPT_MS, Upload, begin, create, delete_strays, discard, find, list, refusals,
};
use guestlog::app::people::{edit, merge, property_definitions};
use guestlog::base::clock::{HOUR, SECOND};
use guestlog::domain::account::AccountId;
use guestlog::domain::contact::{EMAILS_MAX, Email, PROPERTIES_MAX};
use guestlog::domain::import::{COLUMNS_MAX, FILE_MAX, ROW_MAX, Reason, Target, WrongColumns};
use guestlog::domain::property_type::{Definition, PropertyType};
use guestlog::store::import::{IMPORTS_MAX, Import, State, Stop, Tally};
use guestlog::store::{self, Connection};

use crate::harness::app::TestApp;

async fn upload(site: &TestApp, account: AccountId, bytes: &[u8]) -> Result<i64, Error> {
    let mut upload = Upload::start(&site.app)?;
    for part in bytes.chunks(100_000) {
        upload.write(part)?;
    }
    create(&site.app, Actor::Machine, account, upload, "people.csv").await
}

/// Begins with the columns as they were guessed, and waits for the end.
async fn run(site: &TestApp, account: AccountId, id: i64, what: Begin) -> Import {
    let columns = find(&site.app, account, id).await.unwrap().columns;
    begin(&site.app, Actor::Machine, account, id, columns, what).await.unwrap();
    work(&site.app, account, id, None).await.unwrap()
}

pub(super) async fn import(site: &TestApp, account: AccountId, bytes: &[u8]) -> Import {
    let id = upload(site, account, bytes).await.unwrap();
    run(site, account, id, Begin::Import).await
}

/// Line, column and reason of a refused row.
type Refused = (u64, Option<usize>, Reason);

pub(super) async fn refused(site: &TestApp, id: i64) -> Vec<Refused> {
    let all = refusals(&site.app, id, 0, usize::MAX).await.unwrap();
    all.iter().map(|one| (one.line, one.column, one.reason)).collect()
}

pub(super) async fn asks(site: &TestApp, sql: &'static str) -> Vec<String> {
    let ask = move |conn: &Connection| {
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<String>, _>>()?)
    };
    site.app.store.read(ask).await.unwrap()
}

async fn export(site: &TestApp, account: AccountId) -> String {
    let mut download = ContactDownload::start(&site.app, Actor::Machine, account, true).await.unwrap();
    let mut bytes = Vec::new();
    while let Some(part) = download.next().await.unwrap() {
        bytes.extend(part);
    }
    String::from_utf8(bytes).unwrap()
}

/// The exported contacts by their heading, without what an import does not set, in an order that does not depend on numbers.
fn contacts_of(csv: &str) -> Vec<BTreeMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.trim_start_matches('\u{feff}').as_bytes());
    let headings = reader.headers().unwrap().clone();
    let mut contacts: Vec<BTreeMap<String, String>> = reader
        .records()
        .map(|record| {
            let record = record.unwrap();
            let cells = headings
                .iter()
                .zip(&record)
                .filter(|(heading, cell)| Target::guess(heading) != Target::Skip && !cell.is_empty());
            cells.map(|(heading, cell)| (heading.to_owned(), cell.to_owned())).collect()
        })
        .collect();
    contacts.sort();
    contacts
}

/// A file of so many rows, with the refused ones as they are expected and the number of good ones.
fn large_file(rows: u64) -> (String, Vec<Refused>, u64) {
    let mut text = "Email;Voornaam;Plaats;Note;External ID\r\n".to_owned();
    let (mut wrong, mut good, mut line) = (Vec::new(), 0, 2);
    for n in 0..rows {
        let note = if n.is_multiple_of(7) {
            format!("\"two\r\nlines; and \"\"quotes\"\" {n}\"")
        } else {
            format!("note {n}")
        };
        let row = |email: &str, more: &str| format!("{email};Ada {n};Zürich;{note};id{n}{more}\r\n");
        let whole = row(&format!("user{n}@example.test"), "");
        let (written, why) = match n % 1_000 {
            100 => (row("nobody", ""), Some((Some(0), Reason::NoEmail))),
            200 => (row(&format!("USER{}@Example.test", n - 1), ""), Some((Some(0), Reason::SameContact))),
            300 => ("user@example.test;Ada\r\n".to_owned(), Some((None, Reason::TooFewCells))),
            400 => (row("long@example.test", ";x"), Some((None, Reason::TooManyCells))),
            500 => (format!(";Ada {n};;;\r\n"), Some((None, Reason::NobodyNamed))),
            600 => (format!("{n}@b.test;{};;;\r\n", "x".repeat(1_025)), Some((Some(1), Reason::LongValue))),
            700 => (format!("\r\n;;;;\r\n{whole}"), None),
            _ => (whole, None),
        };
        match why {
            Some((column, reason)) => wrong.push((line, column, reason)),
            None => good += 1,
        }
        line += written.matches('\n').count() as u64;
        text.push_str(&written);
    }
    (text, wrong, good)
}

/// rules.md 34
#[actix_web::test]
async fn of_a_hundred_thousand_rows_every_refused_one_is_named_and_the_same_file_again_changes_nothing() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let (text, wrong, good) = large_file(100_000);
    let id = upload(&site, account, text.as_bytes()).await.unwrap();
    let before = find(&site.app, account, id).await.unwrap();
    assert_eq!((before.rows, before.separator, &*before.encoding), (100_000, b';', "UTF-8"));
    let checked = run(&site, account, id, Begin::Check).await;
    let expected = Tally { created: good, refused: wrong.len() as u64, ..Tally::default() };
    assert_eq!((checked.state, checked.tally), (State::Checked, expected));
    assert_eq!(refused(&site, id).await, wrong);
    assert_eq!(asks(&site, "select count(*) || '' from contact").await, ["0"], "a check changes nothing");

    let done = run(&site, account, id, Begin::Import).await;
    assert_eq!((done.state, done.tally, done.file.as_str()), (State::Done, expected, ""));
    assert_eq!(refused(&site, id).await, wrong);
    assert_eq!(asks(&site, "select count(*) || '' from contact").await, [good.to_string()]);
    let whole =
        "select c.email || '|' || c.external_id || '|' || email_verified || '|' || d.value || '|' || p.value
        from contact c join dictionary d on d.kind = 4 and d.id = c.source
        join contact_property p on p.contact_id = c.id and p.name = 'note' where c.external_id = 'id7'";
    assert_eq!(
        asks(&site, whole).await,
        ["user7@example.test|id7|1|OFFLINE\u{1f}IMPORT\u{1f}|two\r\nlines; and \"quotes\" 7"]
    );

    let state = "select group_concat(number || ' ' || last_ms, ';') || (select count(*) from contact_property_history)
        from contact where id % 1000 = 7";
    let before = asks(&site, state).await;
    site.clock.advance(SECOND);
    let again = import(&site, account, text.as_bytes()).await;
    let same = Tally { same: good, refused: wrong.len() as u64, ..Tally::default() };
    assert_eq!(again.tally, same);
    assert_eq!(refused(&site, again.id).await, wrong);
    assert_eq!(asks(&site, state).await, before);
}

fn utf16(text: &str, is_big: bool) -> Vec<u8> {
    let units = format!("\u{feff}{text}");
    let units = units.encode_utf16();
    units.flat_map(|unit| if is_big { unit.to_be_bytes() } else { unit.to_le_bytes() }).collect()
}

/// Whatever a spreadsheet writes.
#[actix_web::test]
async fn every_encoding_separator_and_quoting_gives_the_same_contacts() {
    let site = TestApp::new().await;
    let latin = |text: &str| -> Vec<u8> {
        text.chars().map(|c| if c == '€' { 0x80 } else { u8::try_from(u32::from(c)).unwrap() }).collect()
    };
    for separator in [",", ";", "\t"] {
        for end in ["\n", "\r\n", "\r"] {
            let plain = [
                ["email", "firstname", "plan"].join(separator),
                ["zoe@example.test", "Zoë", "€ 5"].join(separator),
                String::new(),
                ["bob@example.test", "Bob \"B\"", ""]
                    .join(separator)
                    .replace("Bob \"B\"", "\"Bob \"\"B\"\"\""),
                ["wrong", "", ""].join(separator),
            ]
            .join(end);
            let quoted = plain.replace("zoe@example.test", "\"zoe@example.test\"").replace("Zoë", "\"Zoë\"");
            for (name, bytes) in [
                ("UTF-8", plain.clone().into_bytes()),
                ("UTF-8", format!("\u{feff}{quoted}").into_bytes()),
                ("UTF-16LE", utf16(&plain, false)),
                ("UTF-16BE", utf16(&quoted, true)),
                ("windows-1252", latin(&plain)),
                ("windows-1252", latin(&(quoted + end))),
            ] {
                let account = site.account("Shop").await;
                let done = import(&site, account, &bytes).await;
                assert_eq!((&*done.encoding, done.rows), (name, 3), "{separator:?} {end:?}");
                assert_eq!((done.tally.created, done.tally.refused), (2, 1), "{separator:?} {end:?} {name}");
                assert_eq!(refused(&site, done.id).await, [(5, Some(0), Reason::NoEmail)], "{end:?} {name}");
                let mut all = contacts_of(&export(&site, account).await);
                let said = ["email", "firstname", "plan"];
                all.iter_mut().for_each(|one| one.retain(|name, _| said.contains(&name.as_str())));
                let of = |pairs: &[(&str, &str)]| -> BTreeMap<String, String> {
                    pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect()
                };
                let bob = of(&[("email", "bob@example.test"), ("firstname", "Bob \"B\"")]);
                let zoe = of(&[("email", "zoe@example.test"), ("firstname", "Zoë"), ("plan", "€ 5")]);
                assert_eq!(all, [bob, zoe], "{separator:?} {end:?} {name}");
            }
        }
    }
}

/// Each limit of a file, at it and one past it.
#[actix_web::test]
async fn a_file_is_taken_up_to_its_limits_and_refused_as_a_whole_one_past_them() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let wide = |columns: usize| {
        let names: Vec<String> = (1..columns).map(|n| format!("p{n}")).collect();
        let values: Vec<&str> = (1..columns).map(|n| if n <= PROPERTIES_MAX { "x" } else { "" }).collect();
        format!("email,{}\na@b.test,{}\n", names.join(","), values.join(","))
    };
    assert_eq!(import(&site, account, wide(COLUMNS_MAX).as_bytes()).await.tally.created, 1);
    assert_eq!(asks(&site, "select count(*) || '' from contact_property").await, ["100"]);
    let error = upload(&site, account, wide(COLUMNS_MAX + 1).as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::File(FileError::ManyColumns(n)) if n == COLUMNS_MAX + 1), "{error}");

    let long = |length: usize| format!("email,note\na@b.test,{}\n", "x".repeat(length - "a@b.test".len()));
    assert!(upload(&site, account, long(ROW_MAX).as_bytes()).await.is_ok());
    let error = upload(&site, account, long(ROW_MAX + 1).as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::File(FileError::LongRow(2))), "{error}");

    let mut whole = Upload::start(&site.app).unwrap();
    let part = vec![b'x'; 1024 * 1024];
    for _ in 0..FILE_MAX / part.len() as u64 {
        whole.write(&part).unwrap();
    }
    assert!(matches!(whole.write(b"x"), Err(Error::TooLarge)));
    drop(whole);

    for (bytes, says) in [
        (&b""[..], "no rows"),
        (b"email\n", "no rows"),
        (b"email\n\n,\n", "no rows"),
        (b"PK\x03\x04\x00\x00", "no text"),
        (b"e\x00m\x00\n\x00", "no text"),
        (b"\xef\xbb\xbfemail\n\xff", "no text"),
    ] {
        let error = upload(&site, account, bytes).await.unwrap_err().to_string();
        assert!(error.contains(says), "{error}");
    }
    let folder = site.app.store.data_dir().join("imports");
    let left = std::fs::read_dir(&folder).unwrap().count();
    assert_eq!(left, 1, "only the file that waits: {folder:?}");
}

/// A million rows, counted without importing them.
#[actix_web::test]
async fn a_file_has_at_most_a_million_rows() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let rows = |count: usize| format!("id\n{}", "1\n".repeat(count));
    let id = upload(&site, account, rows(1_000_000).as_bytes()).await.unwrap();
    assert_eq!(find(&site.app, account, id).await.unwrap().rows, 1_000_000);
    let error = upload(&site, account, rows(1_000_001).as_bytes()).await.unwrap_err();
    assert!(matches!(error, Error::File(FileError::ManyRows)), "{error}");
}

/// rules.md 34
#[actix_web::test]
async fn a_row_changes_its_contact_or_is_refused_and_never_merges_two() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let first = "email,other emails,external id,city,plan\n\
        ada@a.test,ada@b.test;ada@c.test,7,Ghent,free\n\
        bob@a.test,,8,Mons,\n\
        ,,9,Delft,\n\
        ,,11,Lier,\n";
    assert_eq!(import(&site, account, first.as_bytes()).await.tally.created, 4);
    let second = "email,other emails,external id,city,plan\n\
        ada@b.test,ada@d.test,7,,pro\n\
        bob@a.test,,9,,\n\
        bob@a.test,,10,,\n\
        cyn@a.test,ada@c.test,,,\n\
        dan@a.test,,11,,\n\
        ada@a.test,,,Lier,\n";
    let done = import(&site, account, second.as_bytes()).await;
    assert_eq!(done.tally, Tally { created: 0, changed: 2, same: 0, refused: 4 });
    let all = refusals(&site.app, done.id, 0, 100).await.unwrap();
    let all: Vec<_> = all.iter().map(|one| (one.line, one.column, one.reason, one.other)).collect();
    assert_eq!(
        all,
        [
            (3, Some(2), Reason::DifferentContacts, Some(3)),
            (4, Some(0), Reason::SameContact, Some(3)),
            (5, None, Reason::SameContact, Some(2)),
            (7, None, Reason::SameContact, Some(2)),
        ]
    );
    let contacts = "select c.id || ' ' || c.email || ' ' || coalesce(external_id, '') || ' ' ||
        coalesce((select group_concat(value, ',') from contact_property p where p.contact_id = c.id), '') || ' ' ||
        (select count(*) from contact_email e where e.contact_id = c.id) from contact c order by id";
    assert_eq!(
        asks(&site, contacts).await,
        ["1 ada@a.test 7 Ghent,pro 3", "2 bob@a.test 8 Mons 0", "3  9 Delft 0", "4 dan@a.test 11 Lier 0"]
    );
    let other = import(&site, account, b"email,external id\nbob@a.test,80\n").await;
    assert_eq!(refused(&site, other.id).await, [(2, Some(1), Reason::OtherExternalId)]);
    assert_eq!(
        asks(
            &site,
            "select name || ' ' || value || ' ' || channel || verified from contact_property_history"
        )
        .await,
        ["plan free 51"]
    );
    // What a contact may have, and one more of it.
    let emails = |from: usize, count: usize| {
        let all: Vec<String> = (from..from + count).map(|n| format!("e{n}@e.test")).collect();
        all.join(" ")
    };
    let text = format!(
        "email,other emails\nm@e.test,{}\nn@e.test,{}\n",
        emails(0, EMAILS_MAX - 1),
        emails(100, EMAILS_MAX)
    );
    let done = import(&site, account, text.as_bytes()).await;
    assert_eq!(
        (done.tally.created, refused(&site, done.id).await),
        (1, vec![(3, Some(1), Reason::TooManyEmails)])
    );
    let done = import(&site, account, b"email,other emails\nm@e.test,more@e.test\n").await;
    assert_eq!(refused(&site, done.id).await, [(2, Some(1), Reason::TooManyEmails)]);
    let wide = |count: usize| {
        let names: Vec<String> = (0..count).map(|n| format!("p{n}")).collect();
        format!("email,{}\nw@e.test,{}\n", names.join(","), vec!["x"; count].join(","))
    };
    let done = import(&site, account, wide(PROPERTIES_MAX + 1).as_bytes()).await;
    assert_eq!(refused(&site, done.id).await, [(2, Some(PROPERTIES_MAX + 1), Reason::TooManyProperties)]);
    assert_eq!(import(&site, account, wide(PROPERTIES_MAX).as_bytes()).await.tally.created, 1);
    let done = import(&site, account, b"email,more\nw@e.test,x\n").await;
    assert_eq!(refused(&site, done.id).await, [(2, Some(1), Reason::TooManyProperties)]);
}

#[actix_web::test]
async fn a_value_that_does_not_fit_its_declared_type_refuses_the_row() {
    let site = TestApp::new().await;
    let account = site.account("Example").await;
    let seats = Definition {
        name: "seats".into(),
        label: "Seats".into(),
        kind: PropertyType::Number,
        choices: Vec::new(),
    };
    property_definitions::create(&site.app, Actor::Machine, account, seats).await.unwrap();
    let file = "email,seats\nada@example.test, 12 \nbob@example.test,many\n";
    let done = import(&site, account, file.as_bytes()).await;
    assert_eq!((done.tally.created, done.tally.refused), (1, 1));
    assert_eq!(refused(&site, done.id).await, [(3, Some(1), Reason::WrongType)]);
    assert_eq!(asks(&site, "select value from contact_property where name = 'seats'").await, ["12"]);
    let again = import(&site, account, file.as_bytes()).await;
    assert_eq!((again.tally.same, again.tally.refused), (1, 1));
}

#[actix_web::test]
async fn an_admin_chooses_what_each_column_is_imported_as() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let id = upload(&site, account, b"Mailbox,Town\na@a.test,Ghent\n").await.unwrap();
    let mut columns = find(&site.app, account, id).await.unwrap().columns;
    let start = async |columns: &[_], what| {
        begin(&site.app, Actor::Machine, account, id, columns.to_vec(), what).await
    };
    assert!(matches!(start(&columns, Begin::Check).await, Err(Error::Columns(WrongColumns::NoKey))));
    columns[0].target = Target::Email;
    columns[1].target = Target::Email;
    assert!(matches!(start(&columns, Begin::Check).await, Err(Error::Columns(WrongColumns::Twice(_)))));
    columns[1].target = Target::parse("City");
    start(&columns, Begin::Import).await.unwrap();
    assert!(matches!(start(&columns, Begin::Import).await, Err(Error::NotNow)), "it runs");
    let held = site.app.importing.lock().await;
    let waited = work(&site.app, account, id, Some(Duration::from_millis(1))).await.unwrap();
    assert_eq!(waited.state, State::Running, "somebody else works");
    drop(held);
    work_due(&site.app).await.unwrap();
    assert_eq!(asks(&site, "select name || '=' || value from contact_property").await, ["city=Ghent"]);
    assert!(matches!(start(&columns, Begin::Import).await, Err(Error::NotNow)), "it is over");
    assert_eq!(
        asks(&site, "select action || ' ' || detail from audit where action like 'contacts%'").await,
        [format!("contacts.import import {id}")]
    );
}

/// rules.md 34
#[actix_web::test]
async fn an_export_imported_into_an_empty_account_gives_the_same_contacts() {
    let site = TestApp::new().await;
    let (account, empty) = (site.account("Shop").await, site.account("Empty").await);
    let create = async |email: &str, properties: &[(&str, &str)]| {
        let properties = properties.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
        let email = (!email.is_empty()).then(|| Email::parse(email).unwrap());
        edit::create(&site.app, Actor::Machine, account, email, properties).await.unwrap()
    };
    let odd: &[&str] = &[
        "=1+1",
        "'=1+1",
        "''-1",
        "+31 6 1234",
        "'t Hof",
        "@home",
        "\"quoted\", and; more",
        "two\nlines\r\nand three",
        "  spaces around  ",
        "مرحبا",
        "日本語",
        "\u{1f}",
        "a\tb",
        "＝1",
        "\u{feff}=x",
        "-",
        "'",
    ];
    for (n, value) in odd.iter().enumerate() {
        create(
            &format!("user{n}@example.test"),
            &[
                ("firstname", value),
                ("created", value),
                ("=odd name", value),
                ("telefoon", value),
                ("first name", value),
            ],
        )
        .await;
    }
    // More properties than columns; the last ones are a contact's alone.
    for n in 0..PROPERTY_COLUMNS_MAX / 50 + 1 {
        let names: Vec<String> = (0..50).map(|p| format!("own {n} {p}")).collect();
        let properties: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "=x")).collect();
        create(&format!("many{n}@example.test"), &properties).await;
    }
    let one = create("one@bücher.example", &[("city", "Ghent")]).await;
    let two = create("two@example.test", &[("city", "Mons"), ("zip", "7000")]).await;
    merge::merge(&site.app, Actor::Machine, account, two, one).await.unwrap();
    import(&site, account, b"external_id,city\n'=7,Delft\n").await;

    let past = "email,createdate,hs_analytics_first_timestamp,hs_analytics_last_timestamp,hs_analytics_source,\
        hs_analytics_source_data_1,hs_analytics_source_data_2\n\
        old@example.test,2020-01-31 10:00,1580464800000,2021-01-31T10:00:00+01:00,PAID_SEARCH,spring / sale,shoes\n";
    import(&site, account, past.as_bytes()).await;
    site.clock.advance(HOUR);

    let exported = export(&site, account).await;
    let old = "2020-01-31T10:00:00.000Z,2020-01-31T10:00:00.000Z,2021-01-31T09:00:00.000Z,PAID_SEARCH,spring / sale / shoes,";
    assert!(exported.contains(old), "{exported}");
    assert!(exported.starts_with("\u{feff}contact_id,email,other_emails,external_id,"), "{exported}");
    let done = import(&site, empty, exported.as_bytes()).await;
    let all = contacts_of(&exported);
    assert_eq!(done.tally, Tally { created: all.len() as u64, ..Tally::default() });
    let copied = export(&site, empty).await;
    assert_eq!(contacts_of(&copied), all);
    assert!(all.iter().any(|one| one.contains_key("other_properties")), "more properties than columns");
    let merged = all.iter().find(|one| one.get("email").is_some_and(|email| email == "one@bücher.example"));
    assert_eq!(merged.unwrap()["other_emails"], "two@example.test");
    let different = "select c.email || ' ' || p.name from contact c
        join contact_property p on p.account_id = c.account_id and p.contact_id = c.id
        where c.state = 'active' and c.account_id = 1000001 and not exists (
            select 1 from contact o join contact_property q on q.account_id = o.account_id and q.contact_id = o.id
            where o.account_id = 1000002 and o.email = c.email and q.name = p.name and q.value = p.value)";
    assert_eq!(asks(&site, different).await, [""; 0], "every value is the same, byte for byte");
    // And back again, into the account it came from.
    let back = import(&site, account, copied.as_bytes()).await;
    assert_eq!(back.tally, Tally { same: all.len() as u64, ..Tally::default() });
}

/// Each step is a transaction with its place in the file.
#[actix_web::test]
async fn an_import_that_was_cut_off_goes_on_with_the_next_row() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let mut text = "email,city,external_id\n".to_owned();
    for n in 0..1_700 {
        let _ = writeln!(text, "user{}@example.test,City {n},{n}", if n % 400 == 399 { n - 399 } else { n });
    }
    let id = upload(&site, account, text.as_bytes()).await.unwrap();
    let columns = find(&site.app, account, id).await.unwrap().columns;
    begin(&site.app, Actor::Machine, account, id, columns, Begin::Import).await.unwrap();
    let mut lines = Vec::new();
    // Without any time a call does one step; the next one opens the file again, as another process would.
    while find(&site.app, account, id).await.unwrap().state.is_active() {
        lines.push(work(&site.app, account, id, Some(Duration::ZERO)).await.unwrap().line);
    }
    assert_eq!(lines, [501, 1_001, 1_501, 1_701]);
    let done = find(&site.app, account, id).await.unwrap();
    assert_eq!(
        (done.state, done.tally),
        (State::Done, Tally { created: 1_696, refused: 4, ..Tally::default() })
    );
    assert_eq!(
        refused(&site, id).await,
        [401, 801, 1_201, 1_601].map(|line| (line, Some(0), Reason::SameContact))
    );
    // A lost file is said, and what was imported of it stays.
    let id = upload(&site, account, text.as_bytes()).await.unwrap();
    let waiting = find(&site.app, account, id).await.unwrap();
    begin(&site.app, Actor::Machine, account, id, waiting.columns, Begin::Import).await.unwrap();
    std::fs::remove_file(site.app.store.data_dir().join("imports").join(&waiting.file)).unwrap();
    let lost = work(&site.app, account, id, None).await.unwrap();
    assert_eq!((lost.state, lost.stop), (State::Stopped, Some(Stop::Lost)));
}

/// rules.md 25, 34
#[actix_web::test]
async fn files_are_deleted_when_they_are_of_no_use_and_when_somebody_is_erased() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let files = || std::fs::read_dir(site.app.store.data_dir().join("imports")).unwrap().count();
    let text = b"email\nada@a.test\nbob@a.test\n";
    import(&site, account, text).await;
    assert_eq!(files(), 0, "imported");
    let id = upload(&site, account, text).await.unwrap();
    assert_eq!(files(), 1);
    discard(&site.app, Actor::Machine, account, id).await.unwrap();
    assert_eq!((files(), list(&site.app, account).await.unwrap().len()), (0, 1), "discarded");

    let id = upload(&site, account, text).await.unwrap();
    site.clock.advance(KEPT_MS);
    work_due(&site.app).await.unwrap();
    assert_eq!(files(), 1, "a day");
    site.clock.advance(1);
    work_due(&site.app).await.unwrap();
    assert_eq!(files(), 0, "longer than a day");
    assert!(find(&site.app, account, id).await.is_err());

    let waiting = upload(&site, account, text).await.unwrap();
    let running = upload(&site, account, text).await.unwrap();
    let columns = find(&site.app, account, running).await.unwrap().columns;
    begin(&site.app, Actor::Machine, account, running, columns, Begin::Import).await.unwrap();
    erase_contact(&site.app, Actor::Machine, account, 1).await.unwrap();
    for id in [waiting, running] {
        let stopped = work(&site.app, account, id, None).await.unwrap();
        assert_eq!((stopped.state, stopped.stop), (State::Stopped, Some(Stop::Erased)));
    }
    assert_eq!(files(), 0, "erased");
    assert_eq!(asks(&site, "select email from contact").await, ["bob@a.test"], "she does not come back");

    let mut stray = Upload::start(&site.app).unwrap();
    stray.write(text).unwrap();
    std::mem::forget(stray);
    let kept = upload(&site, account, text).await.unwrap();
    delete_strays(&site.app).await.unwrap();
    assert_eq!(files(), 1, "of a process that ended");
    assert!(find(&site.app, account, kept).await.is_ok());
    for _ in 0..IMPORTS_MAX {
        upload(&site, account, text).await.unwrap();
    }
    assert_eq!(list(&site.app, account).await.unwrap().len(), IMPORTS_MAX);
    assert!(find(&site.app, account, kept).await.is_err(), "the oldest is forgotten");
}
