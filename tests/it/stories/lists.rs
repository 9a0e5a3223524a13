//! A visitor comes from a campaign, says who they are, comes back in a second browser, and belongs to lists as long as their
//! conditions hold.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::jobs::assign_companies::assign_companies;
use guestlog::app::jobs::build_lists::ListJob;
use guestlog::app::people::companies::{self, update_settings};
use guestlog::app::people::delete_form::delete_form;
use guestlog::app::people::erase::contact::erase_contact;
use guestlog::app::people::merge::{merge, undo_merge};
use guestlog::app::people::{edit, lists};
use guestlog::app::reports;
use guestlog::base::clock::{DAY, HOUR, MINUTE};
use guestlog::domain::company::{CompanyId, CompanySettings};
use guestlog::domain::contact::Email;
use guestlog::domain::list::{Conditions, ListId, ListKind};
use guestlog::store::list::CHANGES_MAX;
use guestlog::store::{self, Connection};
use serde_json::json;

use crate::harness::site::{NOON, Site, with};

async fn list(site: &Site, name: &str, json: &str) -> ListId {
    let conditions = Conditions::parse(json).unwrap();
    lists::create(&site.app, Actor::Machine, site.account, name, ListKind::Active, conditions).await.unwrap()
}

fn members(site: &Site, list: ListId) -> Vec<String> {
    site.asks(&format!(
        "select email from contact c join list_member m on m.contact_id = c.id where m.list_id = {} order by email",
        list.0
    ))
}

/// A minute later than the last time.
async fn build(site: &mut Site, job: &mut ListJob) {
    site.clock.advance(MINUTE);
    site.fold().await;
    job.run(&site.app).await.unwrap();
}

#[actix_web::test]
async fn lists_gain_and_lose_a_person_as_things_happen_and_time_passes() {
    let mut site = Site::new().await;
    let campaign = "https://example.com/?utm_source=news&utm_medium=email&utm_campaign=spring";
    site.collect(&site.view("1", "laptop", campaign)).await;
    site.collect(&site.completion("2", "laptop", "Sign up", "5")).await;
    site.fold().await;
    let event: i64 = site.ask("select number from event_definition where name = 'Sign up'");
    let twice = format!(
        r#"{{"any":[{{"all":[{{"activity":{{"measure":"completions","filters":["event:is:{event:012}"],"is":"at_least",
            "number":2,"within":{{"last":{{"amount":7,"unit":"days"}}}}}}}}]}}]}}"#
    );
    let twice = list(&site, "Signed up twice", &twice).await;
    let cart = r#"{"any":[{"all":[
        {"activity":{"measure":"page_views","filters":["page:contains:/cart"],"is":"at_least","number":1,
            "within":{"last":{"amount":24,"unit":"hours"}}}},
        {"activity":{"measure":"page_views","filters":["page:contains:/thanks"],"is":"at_most","number":0,
            "within":{"last":{"amount":24,"unit":"hours"}}}}]}]}"#;
    let cart = list(&site, "Abandoned cart", cart).await;
    let spenders = r#"{"any":[{"all":[{"activity":{"measure":"value","is":"at_least","number":1000}}]}]}"#;
    let spenders = list(&site, "Spenders", spenders).await;
    let mut job = ListJob::default();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, twice), [""; 0], "nobody is known yet");

    let who = || json!({"email": "ada@example.test"});
    site.collect(&with(site.view("3", "laptop", "https://example.com/account"), "i", who())).await;
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, twice), [""; 0], "once is not enough");
    site.collect(&with(site.completion("4", "phone", "Sign up", "5"), "i", who())).await;
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, twice), ["ada@example.test"], "both browsers are hers");
    assert_eq!(members(&site, spenders), ["ada@example.test"]);
    let source = "select replace(value, char(31), '/') from dictionary d join contact c on d.kind = 4 and d.id = c.source";
    assert!(site.ask::<String>(source).starts_with("EMAIL_MARKETING"), "the campaign of her first visit");

    site.collect(&site.view("5", "phone", "https://example.com/cart")).await;
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, cart), ["ada@example.test"]);
    site.clock.advance(2 * HOUR);
    site.collect(&site.view("6", "laptop", "https://example.com/thanks")).await;
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, cart), [""; 0], "she bought, in the other browser");
    site.clock.advance(8 * DAY);
    site.close_days().await;
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, twice), [""; 0], "it is too long ago");
    assert_eq!(members(&site, spenders), ["ada@example.test"], "that is of all time");
    let changes = "select l.name || ' ' || c.is_joined from list_change c join list l on l.id = c.list_id order by c.at_ms, l.id";
    let told: Vec<String> = site.asks(changes);
    let expected =
        ["Signed up twice 1", "Spenders 1", "Abandoned cart 1", "Abandoned cart 0", "Signed up twice 0"];
    assert_eq!(told, expected);
}

/// A list is not asked again while nothing can have changed it, and at most once a minute.
#[actix_web::test]
async fn lists_are_asked_again_only_when_something_can_have_changed() {
    let mut site = Site::new().await;
    let known = r#"{"any":[{"all":[{"text":{"field":"email","is":"is_known"}}]}]}"#;
    list(&site, "Known", known).await;
    let moving = r#"{"any":[{"all":[{"moment":{"field":"last_seen","within":{"last":{"amount":1,"unit":"hours"}}}}]}]}"#;
    list(&site, "Just seen", moving).await;
    let mut job = ListJob::default();
    assert_eq!(job.run(&site.app).await.unwrap(), 2, "after a start nothing is known");
    assert_eq!(job.run(&site.app).await.unwrap(), 0);
    site.clock.advance(MINUTE);
    assert_eq!(job.run(&site.app).await.unwrap(), 1, "time passes for one of them");
    site.collect(&with(
        site.view("1", "ada", "https://example.com/"),
        "i",
        json!({"email": "ada@example.test"}),
    ))
    .await;
    site.fold().await;
    assert_eq!(job.run(&site.app).await.unwrap(), 1, "the other one was built less than a minute ago");
    site.clock.advance(MINUTE);
    assert_eq!(job.run(&site.app).await.unwrap(), 1);
    assert_eq!(site.asks::<i64>("select size from list order by id"), [1, 1]);
}

/// What people say and do on pages is no hit, and lists follow it all the same.
#[actix_web::test]
async fn lists_follow_what_people_change_on_pages() {
    let mut site = Site::new().await;
    for (id, visitor) in [("1", "ada"), ("2", "bob"), ("3", "cyn")] {
        let who = json!({"email": format!("{visitor}@{visitor}.test")});
        site.collect(&with(site.view(id, visitor, "https://example.com/"), "i", who)).await;
    }
    let fields = json!({"fields": [{"name": "email", "value": "ada@ada.test"}], "context": {}});
    let request = TestRequest::default().method(Method::POST).set_payload(fields.to_string());
    let address = format!("/submissions/v3/integration/submit/{}/contact", site.account);
    assert_eq!(site.call(request.uri(&address)).await.status, 200);
    site.fold().await;
    assign_companies(&site.app).await;
    let text = |field: &str, value: &str| {
        format!(r#"{{"any":[{{"all":[{{"text":{{"field":{field},"is":"is","value":"{value}"}}}}]}}]}}"#)
    };
    let gold = list(&site, "Gold", &text(r#"{"property":"plan"}"#, "gold")).await;
    let home = list(&site, "Home", &text(r#""email""#, "ada@home.test")).await;
    let acme = list(&site, "Of ada.test", &text(r#""company""#, "ada.test")).await;
    let named = list(&site, "Named Acme", &text(r#""company""#, "acme bv")).await;
    let cyn = list(&site, "Cyn", &text(r#""email""#, "cyn@cyn.test")).await;
    let in_gold = format!(r#"{{"any":[{{"all":[{{"list":{{"list":{},"is_member":true}}}}]}}]}}"#, gold.0);
    let in_gold = list(&site, "In gold", &in_gold).await;
    let mut job = ListJob::default();
    build(&mut site, &mut job).await;
    build(&mut site, &mut job).await;
    site.clock.advance(MINUTE);
    assert_eq!(job.run(&site.app).await.unwrap(), 0, "nothing happened");

    let (app, account, by) = (site.app.clone(), site.account, Actor::Machine);
    let set = |value: &str| edit::Changes {
        properties: vec![("plan".to_owned(), value.to_owned())],
        ..edit::Changes::default()
    };
    let add = |email: &str| edit::Changes { new_email: Email::parse(email), ..edit::Changes::default() };
    let home_first = edit::Changes { primary: Email::parse("ada@home.test"), ..edit::Changes::default() };
    let no_companies = CompanySettings { is_on: true, excluded: vec!["home.test".to_owned()] };
    let one = |name: &str| vec![name.to_owned()];
    // What is done, the list it is about, and who is in that list afterwards.
    edit::edit(&app, by, account, 1, set("gold")).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, gold), one("ada@ada.test"), "a property is set");
    assert_eq!(members(&site, in_gold), one("ada@ada.test"), "another list gained a member");
    edit::edit(&app, by, account, 1, set("")).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!((members(&site, gold), members(&site, in_gold)), (vec![], vec![]), "it is taken away");
    let company = CompanyId(site.ask("select id from company where domain = 'ada.test'"));
    companies::rename(&app, by, account, company, "ACME bv".to_owned()).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, named), one("ada@ada.test"), "her company gets a name");
    edit::edit(&app, by, account, 1, add("ada@home.test")).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, home), one("ada@ada.test"), "an email is added");
    edit::edit(&app, by, account, 1, home_first).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, acme), [""; 0], "another email makes another company");
    update_settings(&app, by, account, no_companies).await.unwrap();
    assign_companies(&app).await;
    site.clock.advance(MINUTE);
    assert_ne!(job.run(&app).await.unwrap(), 0, "companies are made anew");
    edit::create(&app, by, account, None, vec![("plan".to_owned(), "gold".to_owned())]).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, gold).len(), 1, "a contact is created");
    merge(&app, by, account, 3, 2).await.unwrap();
    site.clock.advance(MINUTE);
    assert_ne!(job.run(&app).await.unwrap(), 0, "a contact becomes part of another one");
    undo_merge(&app, by, account, 3).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(members(&site, cyn), one("cyn@cyn.test"), "and lives again");
    delete_form(&app, by, account, 1).await.unwrap();
    site.clock.advance(MINUTE);
    assert_ne!(job.run(&app).await.unwrap(), 0, "what was submitted is gone");
    erase_contact(&app, by, account, 3).await.unwrap();
    build(&mut site, &mut job).await;
    assert_eq!(
        (members(&site, cyn), site.ask::<i64>("select size from list where name = 'Cyn'")),
        (vec![], 0)
    );
    site.clock.advance(MINUTE);
    assert_eq!(job.run(&app).await.unwrap(), 0, "nothing more happened");
}

/// Who goes in and out every minute does not fill the store.
#[actix_web::test]
async fn the_latest_changes_of_a_contact_are_kept_and_not_one_more() {
    let mut site = Site::new().await;
    site.collect(&with(
        site.view("1", "ada", "https://example.com/"),
        "i",
        json!({"email": "ada@example.test"}),
    ))
    .await;
    site.fold().await;
    let known = r#"{"any":[{"all":[{"text":{"field":"email","is":"is_unknown"}}]}]}"#;
    let list = list(&site, "Nobody", known).await;
    let account = site.account;
    let flap = move |conn: &Connection| {
        for n in 0..i64::from(CHANGES_MAX) + 1 {
            let at = guestlog::base::clock::Millis(n);
            store::list::update_member(conn, account, list, 1, n % 2 == 0, at)?;
            // Who is in stays in.
            store::list::update_member(conn, account, list, 1, n % 2 == 0, at.plus(1))?;
        }
        Ok::<_, store::Error>(())
    };
    site.app.store.writer.write(flap).await.unwrap();
    let kept = "select count(*) || ' ' || min(at_ms) from list_change";
    assert_eq!(site.ask::<String>(kept), format!("{CHANGES_MAX} 1"), "all but the first");
}

/// A snapshot goes on to hold whoever a member was merged into.
#[actix_web::test]
async fn the_member_of_a_list_is_whoever_it_was_merged_into() {
    let mut site = Site::new().await;
    for (id, visitor) in [("1", "ada"), ("2", "bob")] {
        let who = json!({"email": format!("{visitor}@example.test")});
        site.collect(&with(site.view(id, visitor, "https://example.com/"), "i", who)).await;
    }
    site.fold().await;
    let conditions = r#"{"any":[{"all":[{"text":{"field":"email","is":"contains","value":"ada@"}}]}]}"#;
    let conditions = Conditions::parse(conditions).unwrap();
    let create = lists::create(&site.app, Actor::Machine, site.account, "Ada", ListKind::Static, conditions);
    let list = create.await.unwrap();
    let shown = |site: &Site| {
        let (app, account) = (site.app.clone(), site.account);
        async move {
            let found = reports::lists::show(&app, account, list, None, 10).await.unwrap().unwrap();
            (found.table.total, found.table.rows.iter().map(|row| row.id).collect::<Vec<_>>())
        }
    };
    assert_eq!(shown(&site).await, (1, vec![1]));
    merge(&site.app, Actor::Machine, site.account, 1, 2).await.unwrap();
    assert_eq!(shown(&site).await, (1, vec![2]));
    let bob = reports::contact(&site.app, site.account, 2, None, 10).await.unwrap().unwrap();
    assert_eq!(bob.lists.iter().map(|list| list.name.as_str()).collect::<Vec<_>>(), ["Ada"]);
    undo_merge(&site.app, Actor::Machine, site.account, 1).await.unwrap();
    assert_eq!(shown(&site).await, (1, vec![1]), "and back again");
}

/// How many instructions SQLite runs for what is read and written of one contact.
fn count_instructions(site: &Site, list: ListId) -> [u64; 5] {
    let mut conn = Connection::open(site.data_dir().join(store::MAIN_FILE)).unwrap();
    let steps = Arc::new(AtomicU64::new(0));
    let seen = Arc::clone(&steps);
    let note = move || {
        seen.fetch_add(1, Ordering::SeqCst);
        false
    };
    conn.progress_handler(1, Some(note)).unwrap();
    let (conn, account) = (&conn, site.account);
    let since = || steps.swap(0, Ordering::SeqCst);
    assert_eq!(store::list::list_of_contact(conn, account, 1).unwrap().len(), 1);
    let lists = since();
    assert_eq!(store::list::list_changes(conn, account, 1).unwrap().len(), 1);
    let changes = since();
    assert_eq!(store::contact_erasure::find_whole(conn, account, 1).unwrap().contacts.len(), 1);
    let whole = since();
    let newest = store::submission::Place::NEWEST;
    assert_eq!(store::submission::list_of_contact(conn, account, 1, newest, 10).unwrap().len(), 1);
    assert_eq!(store::submission::count_of_contact(conn, account, 1).unwrap(), 1);
    let submissions = since();
    conn.execute_batch("begin").unwrap();
    store::list::update_member(conn, account, list, 1, false, NOON.plus(1)).unwrap();
    store::list::update_member(conn, account, list, 1, true, NOON.plus(1)).unwrap();
    conn.execute_batch("rollback").unwrap();
    [lists, changes, whole, submissions, since()]
}

/// What is asked of one contact is found by an index, however many contacts, members and submissions there are.
#[actix_web::test]
async fn what_is_asked_of_a_contact_takes_no_longer_when_there_are_more() {
    let site = Site::new().await;
    let conditions =
        Conditions::parse(r#"{"any":[{"all":[{"text":{"field":"email","is":"is_known"}}]}]}"#).unwrap();
    let create =
        lists::create(&site.app, Actor::Machine, site.account, "Known", ListKind::Active, conditions);
    let list = create.await.unwrap();
    let mut counted = Vec::new();
    for many in [0..10, 10..200] {
        for n in many {
            let email = Email::parse(&format!("n{n}@example.test"));
            let created = edit::create(&site.app, Actor::Machine, site.account, email, Vec::new());
            created.await.unwrap();
        }
        site.tamper(
            "insert or ignore into form (id, account_id, key, created_ms, last_ms)
                 select 1, id, 'sign-up', 0, 0 from account;
             insert or ignore into submission (id, account_id, form_id, at_ms, visitor, contact_id, is_new_contact, way,
                 consent, policy, page, title, fields, consent_text)
                 select id, account_id, 1, id, 0, id, 0, 0, 0, 0, 0, 0, '[]', '' from contact;",
        )
        .await;
        ListJob::default().run(&site.app).await.unwrap();
        counted.push(count_instructions(&site, list));
    }
    assert_eq!(site.ask::<i64>("select count(*) from list_member"), 200);
    assert_eq!(counted[0], counted[1]);
}
