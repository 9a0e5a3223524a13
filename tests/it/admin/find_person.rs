//! The settings page on which an admin finds a person, exports it and erases it.

use actix_web::test::TestRequest;
use guestlog::app::people::withdraw;
use guestlog::domain::user::Role;
use guestlog::domain::visitor::Token;
use guestlog::store::{self, Connection};
use serde_json::json;

use super::events::Fixture;
use crate::harness::browser::plain;

async fn show_emails(fixture: &Fixture, shows: bool) {
    let update = move |conn: &Connection| {
        conn.execute("update member set show_emails = ?1", [shows])?;
        Ok::<_, store::Error>(())
    };
    fixture.site.app.store.writer.write(update).await.unwrap();
}

#[actix_web::test]
async fn an_admin_finds_exports_and_erases_a_person_by_whatever_they_are_known_by() {
    let fixture = Fixture::new().await;
    fixture
        .view("adastoken", "/hers", json!({"i": {"email": "ada@site.test", "id": "crm-7", "city": "Ghent"}}))
        .await;
    fixture.view("nobodystoken", "/theirs", json!({})).await;
    fixture.json("pages").await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    show_emails(&fixture, true).await;
    let path = fixture.path("settings/privacy/person");
    let privacy = admin.get(&fixture.path("settings/privacy")).await;
    assert!(privacy.body.contains(&format!("href=\"{path}\"")), "{}", privacy.body);
    let address = format!("/privacy/{}", fixture.account);
    assert_eq!(privacy.body.matches(&address).count(), 2, "by itself, and in the text for the statement");
    assert_eq!(admin.get(&path).await.status, 200);

    for known_by in ["ada@site.test", "ADA@site.test", "1", "#1", "crm-7", "adastoken", "ADASTOKEN"] {
        let found = admin.post(&path, &[("person", known_by)]).await;
        let text = plain(&found.body);
        assert_eq!(found.status, 200, "{known_by}");
        assert!(text.contains("ada@site.test"), "{known_by}: {text}");
        for kept in ["1 email", "1 property", "1 browser", "1 session", "1 page view", "1 identification"] {
            assert!(text.contains(kept), "{known_by}: {kept}: {text}");
        }
    }
    for nobody in ["bob@site.test", "2", "<script>", &"x".repeat(401), "", "00000000000000000000000000000000"]
    {
        let missing = admin.post(&path, &[("person", nobody)]).await;
        assert_eq!(missing.status, 422, "{nobody}");
        assert!(plain(&missing.body).contains("Nothing is stored of anybody"), "{nobody}");
        assert!(!missing.body.contains("<script>"));
    }

    // A visitor without contact.
    let found = admin.post(&path, &[("person", "nobodystoken")]).await;
    let text = plain(&found.body);
    assert!(text.contains("1 page view") && text.contains("Erase"), "{text}");
    let exported = admin.press("Export as JSON", &[]).await;
    let document = exported.json();
    assert_eq!((exported.status, document["tokens"][0].as_str()), (200, Some("nobodystoken")));
    assert!(!exported.body.contains("ada@site.test"));
    let token = Token::parse("nobodystoken").unwrap();
    withdraw::ask_to_erase(&fixture.site.app, fixture.account, &token).await.unwrap();
    let page = admin.get(&path).await;
    let visitor = document["visitor"][0]["number"].as_i64().unwrap();
    assert!(page.body.contains(&fixture.path(&format!("visitors/{visitor}"))), "{}", page.body);
    let erased = admin.post(&fixture.path(&format!("visitors/{visitor}/erase")), &[]).await;
    assert_eq!(erased.status, 303);
    assert!(plain(&admin.get(&path).await.body).contains("Nobody asks at the moment."));
    assert_eq!(admin.post(&path, &[("person", "nobodystoken")]).await.status, 422);

    // An admin who does not see emails finds by one, and is not shown another.
    show_emails(&fixture, false).await;
    let found = plain(&admin.post(&path, &[("person", "adastoken")]).await.body);
    assert!(found.contains("Contact 1") && !found.contains("ada@site.test"), "{found}");
}

#[actix_web::test]
async fn the_script_and_the_style_of_the_page_for_visitors_are_served() {
    let fixture = Fixture::new().await;
    let page = fixture
        .site
        .call(TestRequest::get().uri(&format!("/privacy/{}", fixture.account)), ([127, 0, 0, 1], 1).into());
    let page = page.await.body;
    let addresses: Vec<&str> = page.split(['"']).filter(|text| text.starts_with("/assets/")).collect();
    assert_eq!(addresses.len(), 3, "{page}");
    for address in addresses {
        let asset = fixture.site.call(TestRequest::get().uri(address), ([127, 0, 0, 1], 1).into()).await;
        assert_eq!(asset.status, 200, "{address}");
    }
}
