//! Everything of a person is in its export, and nothing of anybody else.

use std::sync::Arc;

use guestlog::app::access::Actor;
use guestlog::app::people::erase::contact::erase_contact;
use guestlog::app::people::find_person::Key;
use guestlog::app::reports::person::PersonExport;
use guestlog::domain::contact::Email;
use guestlog::domain::visitor::Token;
use guestlog::store::person::{Person, TABLES, count_rows};
use guestlog::store::{self, Connection};
use serde_json::Value;

use super::erasing::{URSULA, ursula_and_bob};
use crate::harness::site::Site;

/// The export of who is known by this; `None` when there is nobody.
async fn export(site: &Site, key: Key) -> Option<Value> {
    let (account, clock) = (site.account, Arc::clone(&site.app.clock));
    let now = clock.now();
    let reading = move |conn: &Connection| {
        let account = store::account::find(conn, account)?.ok_or(store::Error::NotFound)?;
        let Some(mut export) = PersonExport::find(conn, account, &key, now)? else { return Ok(None) };
        while export.step(conn, &clock)? {}
        Ok::<_, store::Error>(Some(export.finish()))
    };
    site.app.store.read(reading).await.unwrap()
}

async fn ursula() -> Site {
    let mut site = Site::new().await;
    ursula_and_bob(&mut site).await;
    site.tamper(
        "insert into user (id, email, server_admin, created_ms) values (9, 'x@example.test', 0, 0);
         insert into saved_view (account_id, user_id, name, report, query, created_ms) values
             (1000001, 9, 'hers', 'dashboard', 'filter=contact%3Ais%3AUrsula%40example.test', 0),
             (1000001, 9, 'his', 'dashboard', 'filter=contact%3Ais%3Abob%40example.test', 0);
         insert into list (account_id, id, name, kind, conditions, created_ms, changed_ms)
             values (1000001, 1, 'Friends', 'static', '{}', 0, 0);
         insert into list_member select account_id, 1, id, 5 from contact where state = 'active';
         insert into list_change select account_id, id, 5, 1, 1 from contact where state = 'active';
         insert into erasure_request select account_id, number, 1 from visitor
             where contact_id in (select id from contact where state = 'active') and no_browser = 0;
         insert into consent_revision (account_id, number, made_ms, asks_again, policy)
             values (1000001, 1, 0, 0, '{\"rules\": []}');
         insert into visitor_token select account_id, '5a5b5c5d5e5f50515253545556575859', number from visitor_token
             where token = 'ursulafirst';
         insert into consent_choice values
             (1000001, zeroblob(16), 5, x'5a5b5c5d5e5f50515253545556575859', 1, 'opt-in', 'accept', 15, 'en',
              'example.com', '/shared', '', 'other'),
             (1000001, x'0000000000000000000000000000000b', 6, x'b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b1', 1, 'opt-in', 'accept',
              15, 'en', 'example.com', '/bobs', '', 'other')",
    )
    .await;
    site
}

/// rules.md 25, 34: what an erasure takes away is what an export has.
#[actix_web::test]
async fn an_export_has_all_that_an_erasure_takes_away() {
    let site = ursula().await;
    let contact: i64 = site.ask("select id from contact where state = 'active'");
    let document = export(&site, Key::Contact(contact)).await.unwrap();
    let text = document.to_string();
    for part in URSULA {
        assert!(text.contains(part), "{part} is not in {document:#}");
    }
    assert!(!text.contains("bob"), "{document:#}");
    let empty: Vec<&str> = TABLES
        .iter()
        .map(|(table, _)| *table)
        .filter(|table| document[*table].as_array().is_none_or(Vec::is_empty))
        .collect();
    assert_eq!(empty, [""; 0], "every table that knows a person is tried");
    for (key, count) in
        [("saved_view", 1), ("tokens", 4), ("consent_choice", 1), ("emails", 3), ("damaged_days", 0)]
    {
        assert_eq!(document[key].as_array().unwrap().len(), count, "{key}");
    }
    let sessions = document["sessions"].as_array().unwrap();
    let sum = |key: &str| sessions.iter().map(|one| one["session"][key].as_u64().unwrap()).sum::<u64>();
    assert_eq!((sum("page_views"), sum("completions"), sum("left_out")), (7, 3, 0));
    assert_eq!(document["submission"][0]["page"], "example.com / /about-ursula/form");
    assert_eq!(document["event_property"][0]["event"], "order");

    let account = site.account;
    let read = move |conn: &Connection| Person::of_contact(conn, account, contact);
    let person = site.app.store.read(read).await.unwrap();
    erase_contact(&site.app, Actor::Machine, account, contact).await.unwrap();
    let counted = move |conn: &Connection| count_rows(conn, account, &person);
    let left = site.app.store.read(counted).await.unwrap();
    let left: Vec<_> = left.iter().filter(|(_, count)| *count > 0).collect();
    assert!(left.is_empty(), "erasing does not know {left:?}");
    assert_eq!(export(&site, Key::Contact(contact)).await, None);
}

#[actix_web::test]
async fn a_person_is_found_by_whatever_they_are_known_by() {
    let site = ursula().await;
    let contact: i64 = site.ask("select id from contact where state = 'active'");
    let merged: i64 = site.ask("select id from contact where state = 'merged'");
    for key in [
        Key::Email(Email::parse("usaylor@example.test").unwrap()),
        Key::ExternalId("crm-4711-u".to_owned()),
        Key::Contact(merged),
        Key::Token(Token::parse("ursulathird").unwrap()),
    ] {
        let found = export(&site, key.clone()).await.unwrap_or_else(|| panic!("{key:?}"));
        assert_eq!(found["contact_id"], contact, "{key:?}");
    }
    let bob = export(&site, Key::Token(Token::parse("bob").unwrap())).await.unwrap();
    assert_eq!((bob["contact_id"].clone(), bob["visitor"].as_array().unwrap().len()), (Value::Null, 1));
    assert!(
        bob.to_string().contains("/bobs") && !bob.to_string().to_lowercase().contains("ursula"),
        "{bob:#}"
    );
    assert_eq!(export(&site, Key::ExternalId("nobody".to_owned())).await, None);
}
