//! Importing and exporting contacts on the pages, as an admin does it without script.

use guestlog::app::people::import::work::work_due;
use guestlog::domain::user::Role;
use guestlog::store;
use serde_json::json;

use crate::harness::browser::{Browser, plain};

use super::events::Fixture;

async fn admin() -> (Fixture, Browser, String) {
    let fixture = Fixture::new().await;
    let ada = json!({"email": "ada@example.test", "firstname": "Ada", "city": "Ghent"});
    fixture.view("ada", "/", json!({"i": ada})).await;
    fixture.json("contacts").await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let path = fixture.path("contacts/import");
    (fixture, admin, path)
}

async fn asks(fixture: &Fixture, sql: &'static str) -> Vec<String> {
    let ask = move |conn: &store::Connection| {
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([], |row| row.get(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<String>, _>>()?)
    };
    fixture.site.app.store.read(ask).await.unwrap()
}

/// rules.md 28, 34
#[actix_web::test]
async fn an_admin_uploads_a_file_checks_it_and_imports_it() {
    let (fixture, admin, path) = admin().await;
    assert!(admin.get(&fixture.path("contacts")).await.body.contains(&format!("href=\"{path}\"")));
    assert!(!fixture.get("contacts").await.body.contains(&path), "an editor may not");
    admin.get(&path).await;
    let file = "Email;Voornaam;Town\r\nADA@example.test;Augusta;Ghent\r\nbob@example.test;Bob;Mons\r\nnobody;;\r\n\
                ada@example.test;;\r\n";
    let sent = admin.upload(&path, "people & more.csv", file).await;
    let page = sent.location().to_owned();
    assert_eq!((sent.status, page.as_str()), (303, &*format!("{path}/1")));
    let shown = admin.get(&page).await;
    for part in [
        "people & more.csv",
        "value=\"firstname\"",
        "value=\"town\"",
        "ADA@example.test · bob@example.test · nobody",
    ] {
        assert!(shown.body.contains(part) || plain(&shown.body).contains(part), "{part}: {}", shown.body);
    }
    // Town is the city.
    let columns = [("column-0", "email"), ("column-1", "firstname"), ("column-2", "City")];
    let with = |what| columns.into_iter().chain([("do", what)]).collect::<Vec<_>>();
    assert_eq!(admin.post(&page, &with("check")).await.location(), page);
    let running = plain(&admin.get(&page).await.body);
    assert!(running.contains("Checking") && running.contains("0 of 4 rows"), "{running}");
    let busy = admin.post(&page, &with("import")).await;
    assert!(busy.status == 422 && plain(&busy.body).contains("already under way"), "{busy:?}");
    work_due(&fixture.site.app).await.unwrap();
    let checked = admin.get(&page).await;
    let text = plain(&checked.body);
    for part in [
        "Would be created 1",
        "Would be changed 1",
        "Refused 2",
        "4 Email This is not an email address.",
        "5 Email Line 2 is about the same contact.",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(checked.body.contains("value=\"city\""), "what was chosen stays");
    assert_eq!(
        asks(&fixture, "select email from contact").await,
        ["ada@example.test"],
        "nothing is changed yet"
    );

    assert_eq!(admin.post(&page, &with("import")).await.location(), page);
    work_due(&fixture.site.app).await.unwrap();
    let done = plain(&admin.get(&page).await.body);
    assert!(done.contains("Imported") && done.contains("Created 1") && !done.contains("Discard"), "{done}");
    assert_eq!(
        asks(&fixture, "select email from contact order by id").await,
        ["ada@example.test", "bob@example.test"]
    );
    let values = "select name || '=' || value || ' ' || verified from contact_property where contact_id = 1 order by name";
    assert_eq!(asks(&fixture, values).await, ["city=Ghent 1", "firstname=Augusta 1"]);
    let report = admin.get(&format!("{page}?format=csv&bom=0")).await;
    assert_eq!(
        report.body,
        "line,column,reason,text\r\n4,Email,no_email,This is not an email address.\r\n\
         5,Email,same_contact,Line 2 is about the same contact.\r\n"
    );
    let listed = plain(&admin.get(&path).await.body);
    assert!(listed.contains("people & more.csv Imported 4 1 1 2"), "{listed}");
}

#[actix_web::test]
async fn what_is_wrong_with_a_file_or_its_columns_is_said() {
    let (_fixture, admin, path) = admin().await;
    admin.get(&path).await;
    let wide = vec!["c"; 301].join(",");
    for (name, file, words) in [
        ("", "", "Choose a file."),
        ("a.xlsx", "PK\u{3}\u{4}\u{0}\u{0}", "This is not a text file."),
        ("a.csv", "email\n", "The file has no rows below its headings."),
        ("a.csv", &*format!("{wide}\n{wide}\n"), "The file has more than 300 columns."),
    ] {
        let refused = admin.upload(&path, name, file).await;
        assert!(
            refused.status == 422 && plain(&refused.body).contains(words),
            "{words}: {}",
            plain(&refused.body)
        );
    }
    let page = admin.upload(&path, "a.csv", "city,town\nx,y\n").await.location().to_owned();
    admin.get(&page).await;
    for (fields, words) in [
        (vec![("do", "check"), ("column-0", "city")], "Import at least one column as email"),
        (
            vec![("do", "check"), ("column-0", "email"), ("column-1", "email")],
            "Two columns are imported as email.",
        ),
        (vec![("do", "")], "Choose what to do with the file."),
    ] {
        let refused = admin.post(&page, &fields).await;
        assert!(refused.status == 422 && plain(&refused.body).contains(words), "{words}: {refused:?}");
    }
    let discarded = admin.post(&page, &[("do", "discard")]).await;
    assert_eq!(discarded.location(), path);
    assert!(plain(&admin.get(&path).await.body).contains("The file was deleted."));
    assert_eq!(admin.get(&page).await.status, 404);
}

/// A form of another site must not upload.
#[actix_web::test]
async fn a_file_without_the_token_of_the_page_is_refused() {
    let (fixture, admin, path) = admin().await;
    let other = fixture.site.browser();
    other.get("/sign-in").await;
    admin.get(&path).await;
    let right = admin.csrf();
    let body = |fields: &[(&str, &str)]| {
        let parts = fields.iter().map(|(head, value)| {
            format!("--edge\r\nContent-Disposition: form-data; {head}\r\n\r\n{value}\r\n")
        });
        format!("{}--edge--\r\n", parts.collect::<String>())
    };
    let file = ("name=\"file\"; filename=\"a.csv\"", "email\na@a.test\n");
    let headers =
        [("content-type", "multipart/form-data; boundary=edge"), ("origin", "http://guestlog.test")];
    for fields in [
        vec![file],
        vec![("name=\"csrf\"", &*other.csrf()), file],
        vec![file, ("name=\"csrf\"", &*right)],
        vec![("name=\"other\"", "x"), ("name=\"csrf\"", &*right), file],
        vec![],
    ] {
        let refused = admin.send(actix_web::http::Method::POST, &path, Some(body(&fields)), &headers).await;
        assert_eq!(refused.status, 403, "{fields:?}");
    }
    let long = "x".repeat(1_025);
    let fields = [("name=\"csrf\"", &*right), ("name=\"other\"", &*long), file];
    let refused = admin.send(actix_web::http::Method::POST, &path, Some(body(&fields)), &headers).await;
    assert_eq!(refused.status, 413);
    assert_eq!(asks(&fixture, "select name from import").await, [""; 0]);
}

/// rules.md 28
#[actix_web::test]
async fn an_admin_downloads_all_contacts_and_everything_of_one() {
    let (fixture, admin, path) = admin().await;
    admin.get(&path).await;
    let all = admin.press("Export all contacts", &[]).await;
    assert_eq!((all.status, all.header("content-type")), (200, "text/csv; charset=utf-8"));
    let lines: Vec<&str> = all.body.lines().collect();
    assert!(lines[0].starts_with(
        "\u{feff}contact_id,email,other_emails,external_id,city,firstname,other_properties,created,"
    ));
    assert!(lines.len() == 2 && lines[1].starts_with("1,ada@example.test,,,Ghent,Ada,,2026-"), "{lines:?}");

    admin.get(&fixture.path("contacts/1")).await;
    let person = admin.press("Download as JSON", &[]).await;
    assert_eq!(
        person.header("content-disposition"),
        format!("attachment; filename=\"person-{}-1.json\"", fixture.account)
    );
    let document = person.json();
    assert_eq!(document["emails"], json!(["ada@example.test"]));
    assert_eq!(document["contact_property"][0]["channel"], "browser");
    assert_eq!(document["sessions"][0]["session"]["timeline"][0]["kind"], "page_view");
    let audit = "select action || ' ' || detail from audit where action like 'contact%export' order by id";
    assert_eq!(asks(&fixture, audit).await, ["contacts.export ", "contact.export contact 1"]);
    let editor = fixture.get("contacts/1").await;
    assert!(!editor.body.contains("Download as JSON"), "an editor may not");
}
