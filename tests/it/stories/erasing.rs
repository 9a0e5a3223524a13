//! A visitor is erased while their browser still has the cookie and an open page, and a person with all of it.

use std::path::Path;

use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::people::contacts::{self, AddedEmail};
use guestlog::app::people::erase::contact::erase_contact;
use guestlog::app::people::erase::restored::{find_due, finish_erasures};
use guestlog::app::people::erase::visitor::{Erased, erase_visitor};
use guestlog::app::people::merge::{merge, undo_merge};
use guestlog::app::people::properties;
use guestlog::base::clock::{DAY, HOUR, MINUTE};
use guestlog::domain::account::AccountId;
use guestlog::domain::contact::Email;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::provenance::{Channel, Provenance};
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store;
use serde_json::json;

use crate::harness::site::{Site, findings, with};

async fn erase(site: &Site, number: u32) -> Result<Erased, guestlog::app::access::Error> {
    erase_visitor(&site.app, Actor::Machine, AccountId::FIRST, VisitorNumber(number)).await
}

fn assert_whole(site: &Site) {
    let report = store::check::check(site.app.store.data_dir()).unwrap().unwrap();
    assert_eq!(report.findings, [""; 0]);
    assert_eq!(findings(site.app.store.data_dir()), [""; 0]);
}

/// Ada on two closed days and today, and Bob on the same days.
async fn two_visitors(site: &mut Site) {
    for day in 0..3 {
        for visitor in ["ada", "bob"] {
            for page in 0..2 {
                let (id, url) =
                    (format!("{visitor}{day}{page}"), format!("https://example.com/{visitor}/{page}"));
                site.collect(&site.view(&id, visitor, &url)).await;
            }
        }
        site.fold().await;
        if day < 2 {
            site.clock.advance(DAY);
            site.close_days().await;
        }
    }
}

/// rules.md 5, 12, 25
#[actix_web::test]
async fn nothing_of_an_erased_visitor_is_left_and_their_number_is_never_reused() {
    let mut site = Site::new().await;
    two_visitors(&mut site).await;
    let said = json!({"email": "ada@example.test", "visitor": "bobby"});
    site.collect(&with(site.view("said", "ada", "https://example.com/me"), "i", said)).await;
    site.fold().await;
    let rows = "select (select coalesce(sum(rows), 0) from segment) + (select count(*) from event_unpacked)";
    assert_eq!(site.ask::<i64>(rows), 13);
    let visits = "select sessions || ' ' || page_views from contact";
    assert_eq!(site.ask::<String>(visits), "3 7");
    let erased = erase(&site, 1).await.unwrap();
    assert_eq!(erased, Erased { sessions: 3, page_views: 7, days: 3, damaged: Vec::new() });
    assert_eq!(site.ask::<i64>(rows), 6, "Bob's");
    for table in [
        "visitor where number = 1",
        "visitor_token where number = 1",
        "session_unpacked where visitor = 1",
        "event_unpacked where visitor = 1",
        "identification",
        "late_engagement",
    ] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
    assert_eq!(site.ask::<i64>("select count(*) from contact"), 1, "an email is a person's");
    assert_eq!(site.ask::<String>(visits), "0 0", "what the visitor did left the contact");
    assert!(site.app.live.list(site.account, 0, 100).iter().all(|entry| entry.visitor != Some(1)));
    assert_eq!(site.app.live.list(site.account, 0, 100).len(), 6, "Bob's");
    let audit: Vec<String> = site.asks("select action || ' ' || detail from audit");
    assert_eq!(audit, ["visitor.erase 3 sessions, 7 page views, 3 days"]);
    assert_whole(&site);

    // The open page reports its engagement and repeats its page view.
    let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/", "pv": "ada21",
        "ms": 9_000, "cc": 15});
    site.collect(&engaged).await;
    site.collect(&site.view("ada21", "ada", "https://example.com/ada/1")).await;
    site.fold().await;
    assert_eq!((site.count(Reason::UnknownPageView), site.count(Reason::Duplicate)), (1, 1));
    assert_eq!(site.ask::<i64>(rows), 6, "what was erased does not come back");
    // The next page of that browser belongs to a new visitor.
    site.collect(&site.view("new", "ada", "https://example.com/")).await;
    site.fold().await;
    let newest = "select max(number) from visitor";
    assert!(site.ask::<i64>(newest) > 2);
    assert_eq!(site.ask::<i64>("select count(*) from visitor where number = 1"), 0);
    assert_whole(&site);
    assert!(matches!(
        erase(&site, 1).await.unwrap_err(),
        guestlog::app::access::Error::Store(store::Error::NotFound)
    ));
    site.assert_that_all_are_counted().await;
}

/// rules.md 12
#[actix_web::test]
async fn a_session_that_changed_hands_goes_on_as_the_others() {
    for (erased, left) in [(1, "/two"), (3, "/one")] {
        let mut site = Site::new().await;
        let said = |id, url, email| with(site.view(id, "ada", url), "i", json!({"email": email}));
        site.collect(&said("1", "https://example.com/one", "ada@example.test")).await;
        site.collect(&said("2", "https://example.com/two", "bob@example.test")).await;
        site.fold().await;
        let numbers = "select visitor from event_unpacked order by inbox_id";
        assert_eq!(site.asks::<i64>(numbers), [1, 4], "contacts have numbers of their own");
        let erased = if erased == 3 { 4 } else { erased };
        erase(&site, erased).await.unwrap();
        let paths = "select substr(d.value, instr(d.value, char(31)) + 1) from event_unpacked e
                     join dictionary d on d.kind = 1 and d.id = e.page";
        let found: Vec<String> = site.asks(paths);
        assert_eq!(found.iter().map(|path| path.trim_end_matches('\u{1f}')).collect::<Vec<_>>(), [left]);
        assert_eq!(site.asks::<i64>("select page_views from session_unpacked"), [1]);
        assert_eq!(site.ask::<i64>("select visitor from session_unpacked"), 5 - i64::from(erased));
        assert_whole(&site);
        site.clock.advance(DAY);
        site.close_days().await;
        assert_eq!(site.ask::<i64>("select sum(rows) from segment"), 1);
    }
}

/// rules.md 13
#[actix_web::test]
async fn the_number_for_events_from_programs_belongs_to_the_contact() {
    let mut site = Site::new().await;
    let said = with(site.view("1", "ada", "https://example.com/"), "i", json!({"email": "ada@example.test"}));
    site.collect(&said).await;
    site.fold().await;
    let own: u32 = site.ask("select number from contact");
    assert!(erase(&site, own).await.is_err());
    assert_eq!(site.ask::<i64>("select count(*) from visitor"), 2);
}

/// rules.md 25
#[actix_web::test]
async fn dead_letters_of_the_visitor_are_deleted_and_those_of_others_stay() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.fold().await;
    site.tamper("create temp trigger refuse before insert on event_hot begin select raise(abort, 'no'); end")
        .await;
    site.collect(&site.view("2", "ada", "https://example.com/a")).await;
    site.collect(&site.view("3", "bob", "https://example.com/b")).await;
    site.fold().await;
    site.tamper("drop trigger refuse").await;
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 2);
    erase(&site, 1).await.unwrap();
    assert_eq!(
        site.ask::<i64>("select count(*) from dead_letter where instr(body, cast('bob' as blob)) > 0"),
        1
    );
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 1);
}

/// A day that cannot be read is reported, and the visitor can be erased again once it can.
#[actix_web::test]
async fn a_damaged_day_is_reported_and_the_erasure_can_be_run_again() {
    let mut site = Site::new().await;
    two_visitors(&mut site).await;
    site.clock.advance(HOUR + MINUTE);
    site.tamper(
        "create table kept as select * from segment_column;
        update segment_column set data = cast(x'00' || substr(data, 2) as blob)
        where id / 32 = (select min(id) from segment)",
    )
    .await;
    let erased = erase(&site, 1).await.unwrap();
    assert_eq!(erased.damaged.len(), 1);
    assert_eq!(site.ask::<i64>("select count(*) from visitor where number = 1"), 1);
    assert_eq!(site.ask::<i64>("select sum(rows) from segment where id <> (select min(id) from segment)"), 2);
    site.tamper(
        "update segment_column set data = (select data from kept where kept.id = segment_column.id)
        where id / 32 = (select min(id) from segment); drop table kept",
    )
    .await;
    assert!(erase(&site, 1).await.unwrap().damaged.is_empty());
    assert_eq!(site.ask::<i64>("select sum(rows) from segment"), 4, "Bob's");
    assert_eq!(site.ask::<i64>("select count(*) from visitor where number = 1"), 0);
}

/// The names of files that hold one of the texts.
pub(super) fn files_with(dir: &Path, texts: &[&str]) -> Vec<String> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        for text in texts {
            if bytes.windows(text.len()).any(|part| part == text.as_bytes()) {
                found.push(format!("{text} in {}", path.file_name().unwrap().display()));
            }
        }
    }
    found
}

/// What only Ursula brought, and what anybody could know her by.
pub(super) const URSULA: [&str; 15] = [
    "ursula@example.test",
    "ubefore@saylors-own.test",
    "ursulathird",
    "Luftschiffallee",
    "ulla-the-pilot",
    "card-from-saylor",
    "usaylor@example.test",
    "ursulafirst",
    "ursulasecond",
    "crm-4711-u",
    "Zeppelinstrasse",
    "about-ursula",
    "Greetings for Saylor",
    "postcard-from-ursula",
    "saylors-own",
];

/// Ursula with two browsers, two emails, properties and a page of her own; Bob saw some of the same pages. Another contact
/// of hers was merged into this one: it had a browser, an email, another street, and came from elsewhere.
pub(super) async fn ursula_and_bob(site: &mut Site) {
    let before = json!({"email": "ubefore@saylors-own.test", "nick": "ulla-the-pilot"});
    let card = "https://example.com/shared?utm_campaign=card-from-saylor";
    site.collect(&with(site.view("before", "ursulathird", card), "i", before)).await;
    site.fold().await;
    site.clock.advance(MINUTE);
    let who = |email| json!({"email": email, "id": "crm-4711-u", "street": "Zeppelinstrasse"});
    for (day, visitor) in [(0, "ursulafirst"), (1, "ursulasecond"), (2, "ursulafirst")] {
        let own = with(
            site.view(
                &format!("o{day}"),
                visitor,
                "https://example.com/about-ursula?utm_campaign=postcard-from-ursula",
            ),
            "t",
            "Greetings for Saylor",
        );
        site.collect(&with(own, "i", who("ursula@example.test"))).await;
        site.collect(&site.view(&format!("s{day}"), visitor, "https://example.com/shared")).await;
        site.collect(&with(
            site.completion(&format!("c{day}"), visitor, "order", "5"),
            "p",
            json!({"to": "Zeppelinstrasse"}),
        ))
        .await;
        site.collect(&site.view(&format!("b{day}"), "bob", "https://example.com/shared")).await;
        site.collect(&site.view(&format!("p{day}"), "bob", "https://example.com/bobs")).await;
        site.fold().await;
        if day < 2 {
            site.clock.advance(DAY);
            site.close_days().await;
        }
    }
    let form = json!({"fields": [{"name": "email", "value": "ursula@example.test"},
        {"name": "street", "value": "Zeppelinstrasse"}], "context": {"hutk": "ursulafirst",
        "pageUri": "https://example.com/about-ursula/form", "pageName": "Greetings for Saylor"}});
    let address = format!("/submissions/v3/integration/submit/{}/letters", site.account);
    let request = TestRequest::post().uri(&address).set_payload(form.to_string());
    let request = request.insert_header(("content-type", "application/json"));
    assert_eq!(site.call(request).await.status, 200);
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from submission"), 1);
    let contact: i64 = site.ask("select id from contact where email = 'ursula@example.test'");
    let before: i64 = site.ask("select id from contact where email = 'ubefore@saylors-own.test'");
    let email = Email::parse("usaylor@example.test").unwrap();
    let said = Provenance::verified(Channel::Page, site.app.now());
    let account = site.account;
    let add = move |conn: &store::Connection| {
        let street = [("street".to_owned(), "Luftschiffallee".to_owned())];
        properties::record(conn, account, &said, before, &street)?;
        contacts::add_email(conn, account, &said, contact, &email)
    };
    assert_eq!(site.app.store.writer.write(add).await.unwrap(), AddedEmail::Added);
    merge(&site.app, Actor::Machine, account, before, contact).await.unwrap();
    let kept = "select (select count(*) from contact_alias_property where value = 'Zeppelinstrasse')
                + (select count(*) from contact_alias where own_source <> (select source from contact c where c.id = contact_id))";
    assert_eq!(site.ask::<i64>(kept), 2, "what the merge replaced is kept for its undoing");
}

/// rules.md 25
#[actix_web::test]
async fn no_byte_of_an_erased_person_is_left_in_any_file() {
    let mut site = Site::new().await;
    ursula_and_bob(&mut site).await;
    site.tamper(
        "insert into user (id, email, server_admin, created_ms) values (9, 'x@example.test', 0, 0);
         insert into saved_view (account_id, user_id, name, report, query, created_ms) values
             (1000001, 9, 'hers', 'dashboard', 'filter=contact%3Ais%3AUrsula%40example.test', 0),
             (1000001, 9, 'his', 'dashboard', 'filter=contact%3Ais%3Abob%40example.test', 0)",
    )
    .await;
    assert!(!files_with(&site.data_dir(), &URSULA[..1]).is_empty(), "the search finds what is there");
    let contact: i64 = site.ask("select id from contact where state = 'active'");
    let erased = erase_contact(&site.app, Actor::Machine, site.account, contact).await.unwrap();
    assert_eq!((erased.sessions, erased.page_views, erased.completions), (4, 7, 3));
    assert!(erased.damaged.is_empty());
    assert_eq!(files_with(&site.data_dir(), &URSULA), [""; 0]);
    assert_eq!(site.asks::<String>("select name from saved_view"), ["his"]);
    assert_eq!(site.ask::<i64>("select count(*) from contact"), 0);
    assert_eq!(site.asks::<String>("select token from visitor_token"), ["bob"]);
    let rows = "select (select coalesce(sum(rows), 0) from segment) + (select count(*) from event_unpacked)";
    assert_eq!(site.ask::<i64>(rows), 6, "Bob's");
    let erased_texts = "select count(*) from dictionary where value = '(erased) ' || id and kind = ";
    // Her own page, that of her form, and that of her completions.
    for (kind, count) in [("1", 3), ("2", 1), ("5", 2), ("8", 0)] {
        assert_eq!(site.ask::<i64>(&format!("{erased_texts}{kind}")), count, "{kind}");
    }
    assert_eq!(
        site.ask::<i64>("select count(*) from dictionary where kind = 1 and value like '%/shared%'"),
        1,
        "Bob saw it too"
    );
    let audit: Vec<String> = site.asks("select action || ' ' || detail from audit");
    assert_eq!(audit, ["contact.merge 1 into 2", "contact.erase 4 sessions, 7 page views, 3 completions"]);
    for table in ["alias", "alias_visitor", "alias_email", "alias_property", "property_history"] {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from contact_{table}")), 0, "{table}");
    }
    assert_eq!(site.ask::<i64>("select count(*) from erasing_text"), 0);
    assert_whole(&site);
    let again = erase_contact(&site.app, Actor::Machine, site.account, contact).await;
    assert!(matches!(again, Err(guestlog::app::access::Error::Store(store::Error::NotFound))));

    // She comes back with consent: as a new contact, with texts of new ids.
    let back = with(
        site.view("back", "ursulafirst", "https://example.com/about-ursula"),
        "i",
        json!({"email": "ursula@example.test"}),
    );
    site.collect(&back).await;
    site.fold().await;
    assert!(site.ask::<i64>("select id from contact") > contact);
    assert_eq!(site.ask::<i64>("select page_views from contact"), 1);
    let paths = "select d.value from event_unpacked e join dictionary d on d.kind = 1 and d.id = e.page order by e.at_ms";
    assert!(site.asks::<String>(paths).last().unwrap().contains("/about-ursula"));
    assert_whole(&site);
    site.assert_that_all_are_counted().await;
}

/// rules.md 25
#[actix_web::test]
async fn an_erasure_of_a_person_that_was_cut_off_is_finished_at_the_next_start() {
    for cut_off_at in ["visitor", "contact", "segment_column", "event_hot", "dictionary"] {
        let mut site = Site::new().await;
        ursula_and_bob(&mut site).await;
        site.tamper(Box::leak(
            format!(
                "create trigger cut before {} on {cut_off_at} begin select raise(abort, 'cut off'); end",
                if cut_off_at == "dictionary" { "update" } else { "delete" }
            )
            .into_boxed_str(),
        ))
        .await;
        let contact: i64 = site.ask("select id from contact where state = 'active'");
        erase_contact(&site.app, Actor::Machine, site.account, contact).await.unwrap_err();
        assert_eq!(site.ask::<i64>("select count(*) from contact where state = 'active'"), 0, "{cut_off_at}");
        let site = site.restart_after(|dir| {
            let conn = store::Connection::open(dir.join(store::MAIN_FILE)).unwrap();
            conn.execute_batch("drop trigger cut").unwrap();
        });
        let site = site.await;
        finish_erasures(&site.app, find_due(&site.app).await.unwrap().unwrap()).await.unwrap();
        assert!(find_due(&site.app).await.unwrap().is_none());
        assert_eq!(files_with(&site.data_dir(), &URSULA), [""; 0], "{cut_off_at}");
        assert_eq!(site.ask::<i64>("select count(*) from contact"), 0);
        assert_whole(&site);
    }
}

/// rules.md 25, 31: two people were merged by mistake and parted again, and then one of them was erased. A backup from
/// before must not take the other one away with her.
#[actix_web::test]
async fn a_restored_backup_parts_an_erased_person_from_those_she_is_merged_with() {
    let mut site = Site::new().await;
    for (id, who) in [("1", "ursula"), ("2", "bob"), ("3", "cyn")] {
        let said = json!({"email": format!("{who}@example.test")});
        site.collect(&with(site.view(id, who, "https://example.com/"), "i", said)).await;
    }
    site.fold().await;
    let (app, account) = (site.app.clone(), site.account);
    merge(&app, Actor::Machine, account, 1, 2).await.unwrap();
    merge(&app, Actor::Machine, account, 2, 3).await.unwrap();
    let backup = tempfile::tempdir().unwrap();
    let file = backup.path().join("copy.db");
    let conn = store::Connection::open(site.data_dir().join(store::MAIN_FILE)).unwrap();
    conn.execute("vacuum into ?1", [file.to_str().unwrap()]).unwrap();
    drop(conn);
    for alias in [2, 1] {
        undo_merge(&app, Actor::Machine, account, alias).await.unwrap();
    }
    erase_contact(&app, Actor::Machine, account, 1).await.unwrap();
    drop(app);
    let site = site.restart_after(|dir| {
        let main = dir.join(store::MAIN_FILE);
        std::fs::copy(&file, &main).unwrap();
        for end in ["-wal", "-shm"] {
            drop(std::fs::remove_file(dir.join(format!("{}{end}", store::MAIN_FILE))));
        }
    });
    let site = site.await;
    assert_eq!(site.asks::<String>("select id || state from contact"), ["1merged", "2merged", "3active"]);
    finish_erasures(&site.app, find_due(&site.app).await.unwrap().unwrap()).await.unwrap();
    assert_eq!(
        site.asks::<String>("select id || ' ' || email || ' ' || page_views from contact"),
        ["2 bob@example.test 1", "3 cyn@example.test 1"]
    );
    assert_eq!(files_with(&site.data_dir(), &["ursula"]), [""; 0]);
    assert_whole(&site);
    assert!(find_due(&site.app).await.unwrap().is_none());
}
