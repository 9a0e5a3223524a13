//! What becomes of a logged choice: with its person, and with time (rules.md 39, 40).

use std::sync::Arc;

use guestlog::app::access::{self, Actor};
use guestlog::app::jobs::retention::RetentionJob;
use guestlog::app::people::erase::person::erase_person;
use guestlog::app::people::erase::visitor::erase_visitor;
use guestlog::app::people::find_person::Key;
use guestlog::app::reports::person::PersonExport;
use guestlog::domain::contact::Email;
use guestlog::domain::retention::Retention;
use guestlog::domain::visitor::{Token, VisitorNumber};
use guestlog::geo::Geo;
use guestlog::store::{self, Connection};
use serde_json::{Value, json};

use crate::collect::consent_choices::{accepted, asking, receipt, report, rows};
use crate::harness::site::{Site, findings, with};

/// The tokens of Ursula and Bob.
const URSULA: &str = "5a5b5c5d5e5f50515253545556575859";
const BOB: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b1";

async fn chooses(site: &Site, n: u32, token: &str, page: &str) {
    let choice = with(with(accepted(n), "token", token), "page", format!("https://example.com/{page}"));
    assert_eq!(report(site, &choice).await.reason(), "stored");
}

/// Ursula and Bob allow analytics, are seen, and Ursula says who she is. She chooses once more and withdraws.
async fn ursula_and_bob() -> Site {
    let mut site = asking(Geo::none()).await;
    chooses(&site, 1, URSULA, "about-ursula").await;
    chooses(&site, 2, BOB, "shared").await;
    chooses(&site, 3, URSULA, "shared").await;
    let withdrawal = json!({"receipt": receipt(4), "revision": 3, "how": "withdraw", "mask": 1, "language": "en",
                            "page": "https://example.com/shared"});
    assert_eq!(report(&site, &withdrawal).await.reason(), "stored");
    let said = with(
        site.view("u", URSULA, "https://example.com/shared"),
        "i",
        json!({"email": "ursula@example.test"}),
    );
    site.collect(&said).await;
    site.collect(&site.view("b", BOB, "https://example.com/shared")).await;
    site.fold().await;
    site
}

fn bytes_of(hex: &str) -> Vec<u8> {
    let digit = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len()).step_by(2).map(digit).collect()
}

/// Files in which one of the byte strings is.
fn files_with(site: &Site, searched: &[&[u8]]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(site.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for one in searched {
            if bytes.windows(one.len()).any(|part| part == *one) {
                found.push(format!("{one:?} in {}", path.display()));
            }
        }
    }
    found
}

const LOG: &str =
    "select lower(hex(receipt)) || ' ' || case when token is null then '-' else lower(hex(token)) end || ' ' || host || path
    from consent_choice order by at_ms";

fn log_without_ursula() -> [String; 4] {
    [
        format!("{} - example.com", receipt(1)),
        format!("{} {BOB} example.com/shared", receipt(2)),
        format!("{} - example.com", receipt(3)),
        format!("{} - example.com/shared", receipt(4)),
    ]
}

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

/// rules.md 40
#[actix_web::test]
async fn erasing_a_person_leaves_the_receipt_and_no_byte_of_the_token() {
    let site = ursula_and_bob().await;
    let email = Email::parse("ursula@example.test").unwrap();
    let token = bytes_of(URSULA);
    let of_ursula = [&token[..], URSULA.as_bytes(), b"about-ursula", b"ursula@example.test"];
    for one in of_ursula {
        assert!(!files_with(&site, &[one]).is_empty(), "the search finds {one:?}");
    }
    let exported = export(&site, Key::Email(email.clone())).await.unwrap();
    let logged = exported["consent_choice"].as_array().unwrap();
    let receipts: Vec<_> = logged.iter().map(|row| row["receipt"].as_str().unwrap().to_owned()).collect();
    assert_eq!(receipts, [receipt(1), receipt(3)]);
    assert_eq!((&logged[0]["token"], &logged[0]["path"]), (&json!(URSULA), &json!("/about-ursula")));
    erase_person(&site.app, Actor::Machine, site.account, Key::Email(email)).await.unwrap().unwrap();
    assert_eq!(site.asks::<String>(LOG), log_without_ursula());
    assert_eq!(files_with(&site, &of_ursula), [""; 0]);
    assert_eq!(findings(&site.data_dir()), [""; 0]);
    // What is left proves that somebody chose.
    let kept =
        "select kind || ' ' || how || ' ' || mask || ' ' || language from consent_choice order by at_ms";
    assert_eq!(site.asks::<String>(kept)[0], "opt-in-categories accept 15 nl");
}

/// rules.md 40
#[actix_web::test]
async fn erasing_one_visitor_takes_its_token_and_no_other() {
    let site = ursula_and_bob().await;
    let number = site.ask::<u32>(&format!("select number from visitor_token where token = '{BOB}'"));
    erase_visitor(&site.app, Actor::Machine, site.account, VisitorNumber(number)).await.unwrap();
    let tokens = "select case when token is null then '-' else lower(hex(token)) end from consent_choice order by at_ms";
    assert_eq!(site.asks::<String>(tokens), [URSULA, "-", URSULA, "-"]);
    assert_eq!(files_with(&site, &[&bytes_of(BOB), BOB.as_bytes()]), [""; 0]);
    assert!(export(&site, Key::Token(Token::parse(BOB).unwrap())).await.is_none());
}

/// Puts a choice of that time into the log.
async fn logged_at(site: &Site, n: u32, at: i64) {
    let copy = move |conn: &Connection| {
        conn.execute(
            "insert into consent_choice select account_id, ?1, ?2, token, revision, kind, how, mask, language, host,
                 path, country, device from consent_choice order by at_ms desc limit 1",
            (u128::from(n).to_be_bytes(), at),
        )?;
        Ok::<_, store::Error>(())
    };
    site.app.store.writer.write(copy).await.unwrap();
}

async fn delete_old(site: &Site) {
    let app = Arc::clone(&site.app);
    let run = move || RetentionJob::default().run(&app).unwrap();
    assert_eq!(actix_web::rt::task::spawn_blocking(run).await.unwrap(), 1);
}

/// rules.md 39
#[actix_web::test]
async fn the_log_is_kept_as_long_as_it_proves_something() {
    let site = asking(Geo::none()).await;
    chooses(&site, 1, URSULA, "now").await;
    // 2021-11-22T00:00:00Z and 2026-10-22T00:00:00Z, when today is 2026-11-22.
    let (five_years, one_month) = (1_637_539_200_000, 1_792_627_200_000);
    for (n, at) in [(2, five_years - 1), (3, five_years), (4, one_month - 1), (5, one_month)] {
        logged_at(&site, n, at).await;
    }
    site.tamper(
        "insert into consent_day values (1000001, 18952, 5, 0), (1000001, 18953, 6, 0);
         insert into consent_asked values (1000001, 18952, '', 'other', 'a.test', '/', 5),
             (1000001, 18953, '', 'other', 'a.test', '/', 6)",
    )
    .await;
    let kept = "select at_ms from consent_choice order by at_ms limit 1";
    delete_old(&site).await;
    assert_eq!((site.ask::<i64>(kept), rows(&site)), (five_years, 4), "60 months, if nobody says otherwise");
    assert_eq!(site.asks::<i64>("select day from consent_asked"), [18_953]);
    assert_eq!(site.ask::<i64>("select min(day) from consent_day"), 18_953);
    let keep = async |months| {
        let wanted = Retention { consent_log: months, ..Retention::of_months(1) };
        access::retention::update(&site.app, Actor::Machine, site.account, wanted).await.unwrap();
        let due = access::retention::preview(&site.app, site.account, wanted).await.unwrap().choices;
        delete_old(&site).await;
        due
    };
    assert_eq!((keep(0).await, rows(&site)), (0, 4), "0 keeps it without end");
    assert_eq!((keep(1).await, site.ask::<i64>(kept), rows(&site)), (2, one_month, 2));
    // More than a step deletes.
    for n in 0..1_001 {
        logged_at(&site, 1_000 + n, five_years + i64::from(n)).await;
    }
    delete_old(&site).await;
    assert_eq!((site.ask::<i64>(kept), rows(&site)), (one_month, 2));
}
