//! Forms that visitors submit: whose the submission is, what it does to contacts, and what is left of it.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::people::erase::visitor::erase_visitor;
use guestlog::app::reports;
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::{self, check::check, submission};
use serde_json::json;

use crate::harness::site::{Answer, FIREFOX, Site};

/// Sends a form of a browser; an empty token or email is left out.
async fn send(site: &Site, hutk: &str, email: &str, cookie: &str) -> Answer {
    let mut fields = vec![json!({"name": "city", "value": format!("City of {email}")})];
    if !email.is_empty() {
        fields.push(json!({"name": "email", "value": email}));
    }
    let sent = json!({"fields": fields, "context": {"hutk": hutk, "pageUri": "https://example.com/contact"}});
    let request = TestRequest::default().method(Method::POST).set_payload(sent.to_string());
    let request = request.uri("/submissions/v3/integration/submit/1000001/contact");
    site.call(request.insert_header(("cookie", cookie.to_owned())).insert_header(("user-agent", FIREFOX)))
        .await
}

async fn submit(site: &mut Site, hutk: &str, email: &str) {
    assert_eq!(send(site, hutk, email, "").await.status, 200);
    site.fold().await;
}

async fn see(site: &mut Site, id: &str, visitor: &str) {
    site.collect(&site.view(id, visitor, "https://example.com/contact?utm_source=news&utm_medium=email"))
        .await;
    site.fold().await;
}

/// Form, visitor, contact and whether it is new, of every submission.
const WHOSE: &str =
    "select visitor || ' ' || coalesce(contact_id, '-') || ' ' || is_new_contact from submission order by id";

fn assert_whole(site: &Site) {
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
}

/// rules.md 33
#[actix_web::test]
async fn a_form_ties_the_history_of_its_visitor_to_the_contact() {
    let mut site = Site::new().await;
    see(&mut site, "v1", "ab12").await;
    see(&mut site, "v2", "ab12").await;
    submit(&mut site, "ab12", "ada@example.test").await;
    assert_eq!(site.asks::<String>(WHOSE), ["1 1 1"]);
    let contact = "select sessions || ' ' || page_views || ' ' || completions || ' '
        || (select replace(value, char(31), '|') from dictionary d where d.kind = 4 and d.id = c.source) from contact c";
    assert_eq!(site.ask::<String>(contact), "1 2 0 EMAIL_MARKETING||", "with the source of its visits");
    submit(&mut site, "ab12", "ada@example.test").await;
    assert_eq!(site.asks::<String>(WHOSE), ["1 1 1", "1 1 0"], "one contact");
    assert_eq!(site.ask::<i64>("select count(*) from identification"), 1);
    assert_whole(&site);
}

/// rules.md 2, 31
#[actix_web::test]
async fn a_form_makes_no_visitor_and_is_tied_to_none_that_refused() {
    let mut site = Site::new().await;
    see(&mut site, "v1", "ab12").await;
    submit(&mut site, "cd34", "bob@example.test").await;
    send(&site, "ab12", "ada@example.test", "a=b; __hs_do_not_track=yes").await;
    site.fold().await;
    assert_eq!(site.asks::<String>(WHOSE), ["0 1 1", "0 2 1"]);
    assert_eq!(site.ask::<i64>("select count(*) from visitor where no_browser = 0"), 1);
    let sources = "select replace(value, char(31), '|') from dictionary d join contact c on c.source = d.id where d.kind = 4";
    assert_eq!(site.asks::<String>(sources), ["OFFLINE|FORM|", "OFFLINE|FORM|"]);
    // Without an email it is nobody's, until its visitor is somebody.
    submit(&mut site, "ab12", "").await;
    assert_eq!(site.asks::<String>(WHOSE)[2], "1 - 0");
    assert_eq!(site.ask::<i64>("select count(*) from contact"), 2);
    submit(&mut site, "ab12", "ada@example.test").await;
    let ada = reports::contact(&site.app, site.account, 2, None, 50).await.unwrap().unwrap();
    let kinds: Vec<_> = ada.timeline.iter().map(|moment| moment.event.kind).collect();
    assert_eq!(kinds, ["submission", "submission", "submission", "identification", "page_view"]);
    assert_eq!((ada.total, ada.row.completions), (4, 0));
}

/// rules.md 12
#[actix_web::test]
async fn a_browser_that_submits_as_another_person_takes_nothing_along() {
    let mut site = Site::new().await;
    see(&mut site, "v1", "ab12").await;
    submit(&mut site, "ab12", "ada@example.test").await;
    // Bob, Eve and Bob again before the next page.
    for email in ["bob@example.test", "eve@example.test", "bob@example.test"] {
        submit(&mut site, "ab12", email).await;
    }
    let whose = site.asks::<String>(WHOSE);
    assert_eq!(
        whose.iter().map(|row| row.split(' ').nth(1).unwrap()).collect::<Vec<_>>(),
        ["1", "2", "3", "2"]
    );
    let visits = "select id || ' ' || sessions || ' ' || page_views from contact order by id";
    assert_eq!(site.asks::<String>(visits), ["1 1 1", "2 0 0", "3 0 0"]);
    site.clock.advance(MINUTE);
    see(&mut site, "v2", "ab12").await;
    see(&mut site, "v3", "ab12").await;
    assert_eq!(site.asks::<String>(visits), ["1 1 1", "2 1 2", "3 0 0"], "what follows is Bob's");
    assert_eq!(site.asks::<i64>("select switched from session_unpacked"), [1], "the session goes on");
    let values = "select contact_id || ' ' || value from contact_property order by 1";
    assert_eq!(
        site.asks::<String>(values),
        ["1 City of ada@example.test", "2 City of bob@example.test", "3 City of eve@example.test"]
    );
    assert_whole(&site);
    site.clock.advance(DAY);
    site.close_days().await;
    assert_whole(&site);
}

#[actix_web::test]
async fn a_submission_past_the_contacts_of_a_day_is_kept_without_one() {
    let mut site = Site::new().await;
    site.tamper("update account set asserted_day = 20779, asserted_contacts = 100000").await;
    submit(&mut site, "", "ada@example.test").await;
    assert_eq!(site.asks::<String>(WHOSE), ["0 - 0"]);
    assert_eq!(site.count(Reason::ContactLimit), 1);
}

/// rules.md 25
#[actix_web::test]
async fn nothing_that_an_erased_visitor_submitted_is_left() {
    let mut site = Site::new().await;
    see(&mut site, "v1", "ab12").await;
    see(&mut site, "v2", "cd34").await;
    submit(&mut site, "ab12", "ada@example.test").await;
    submit(&mut site, "cd34", "bob@example.test").await;
    site.tamper("update submission set fields = replace(fields, 'City', 'Citadel')").await;
    erase_visitor(&site.app, Actor::Machine, site.account, VisitorNumber(1)).await.unwrap();
    let left = site.asks::<String>("select fields from submission");
    assert_eq!(left.len(), 1);
    assert!(left[0].contains("Citadel of bob"), "{left:?}");
    assert_whole(&site);
    let data_dir = site.data_dir();
    let site = site.restart().await;
    for file in std::fs::read_dir(&data_dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        let erased = b"Citadel of ada";
        assert!(!bytes.windows(erased.len()).any(|part| part == erased));
    }
    drop(site);
}

#[actix_web::test]
async fn the_submissions_of_a_contact_are_deleted_with_those_of_its_aliases_and_visitors() {
    let mut site = Site::new().await;
    see(&mut site, "v1", "ab12").await;
    submit(&mut site, "ab12", "").await;
    submit(&mut site, "ab12", "ada@example.test").await;
    submit(&mut site, "", "ada@work.test").await;
    submit(&mut site, "", "bob@example.test").await;
    let account = site.account;
    let merge = move |conn: &store::Connection| {
        let at = guestlog::base::clock::Millis(7);
        store::alias::insert(conn, account, &store::alias::Merge { alias: 2, into: 1, at, by: None })
    };
    site.app.store.writer.write(merge).await.unwrap();
    let ada = reports::contact(&site.app, account, 1, None, 2).await.unwrap().unwrap();
    let kinds = |report: &reports::contact::ContactReport| -> Vec<_> {
        report.timeline.iter().map(|moment| moment.event.kind).collect()
    };
    assert_eq!((ada.total, kinds(&ada)), (4, vec!["submission", "submission"]));
    let rest = reports::contact(&site.app, account, 1, ada.next.as_deref(), 9).await.unwrap().unwrap();
    assert_eq!(kinds(&rest), ["submission", "identification", "page_view", "merge"], "each once");
    let delete = move |conn: &store::Connection| submission::delete_of_contact(conn, account, 1);
    assert_eq!(site.app.store.writer.write(delete).await.unwrap(), 3);
    assert_eq!(site.asks::<i64>("select contact_id from submission"), [3]);
    assert_whole(&site);
    // What nobody deletes goes with the contact.
    let delete = move |conn: &store::Connection| store::contact_erasure::delete(conn, account, 3);
    site.app.store.writer.write(delete).await.unwrap();
    assert_eq!(site.ask::<i64>("select count(*) from submission"), 0);
}

#[actix_web::test]
async fn submissions_and_forms_are_deleted_when_they_are_too_old() {
    let mut site = Site::new().await;
    submit(&mut site, "", "ada@example.test").await;
    site.clock.advance(40 * DAY);
    let old = site.app.now();
    submit(&mut site, "", "bob@example.test").await;
    let app = site.app.clone();
    let work = move || {
        let account = app.accounts.find(guestlog::domain::account::AccountId::FIRST).unwrap();
        guestlog::app::jobs::retention::delete_days(
            &app,
            &account,
            &guestlog::domain::retention::Retention::of_months(1),
            app.now(),
        )
        .unwrap();
    };
    actix_web::rt::task::spawn_blocking(work.clone()).await.unwrap();
    assert_eq!(site.asks::<i64>("select at_ms from submission"), [old.0]);
    assert_eq!(site.ask::<i64>("select count(*) from form"), 1);
    site.clock.advance(40 * DAY);
    actix_web::rt::task::spawn_blocking(work).await.unwrap();
    assert_eq!(site.ask::<i64>("select count(*) from submission"), 0);
    assert_eq!(site.ask::<i64>("select count(*) from form"), 0, "its place is free again");
}

/// A form that was acknowledged is counted once, whatever the fold meets.
#[actix_web::test]
async fn a_submission_that_could_not_be_folded_is_folded_later() {
    let mut site = Site::new().await;
    site.tamper("create trigger refuse before insert on submission begin select raise(abort, 'no'); end")
        .await;
    submit(&mut site, "", "ada@example.test").await;
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 1);
    assert_eq!(site.ask::<i64>("select count(*) from contact"), 0, "nothing of it is half stored");
    site.tamper("drop trigger refuse").await;
    guestlog::app::ingest::fold::replay_dead_letters(&site.app).await.unwrap();
    site.fold().await;
    assert_eq!(site.asks::<String>(WHOSE), ["0 1 1"]);
    assert_eq!(site.ask::<i64>("select count(*) from dead_letter"), 0);
}
