//! Contacts are merged, merges are undone, and meanwhile their browsers go on.

use guestlog::app::access::{self, Actor};
use guestlog::app::events::count_back::work_due;
use guestlog::app::events::definitions;
use guestlog::app::people::merge::{self, ALIASES_MAX, Error, NUMBERS_MAX};
use guestlog::app::people::properties;
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::contact::EMAILS_MAX;
use guestlog::domain::event::{EventNumber, Status};
use guestlog::domain::provenance::{Channel, Provenance};
use guestlog::domain::user::UserId;
use guestlog::store;
use guestlog::store::check::check;
use serde_json::{Value, json};

use crate::harness::site::{Site, with};

pub(super) async fn merge(site: &Site, from: i64, into: i64) -> Result<i64, Error> {
    merge::merge(&site.app, Actor::Machine, site.account, from, into).await
}

pub(super) async fn undo(site: &Site, alias: i64) -> Result<i64, Error> {
    merge::undo_merge(&site.app, Actor::Machine, site.account, alias).await
}

fn identified(site: &Site, id: &str, browser: &str, email: &str) -> Value {
    with(site.view(id, browser, "https://example.com/"), "i", json!({"email": email}))
}

/// `number: completions asserted sessions page views emails` of each living contact.
pub(super) fn figures(site: &Site) -> Vec<String> {
    site.asks(
        "select c.id || ': ' || c.completions || ' ' || c.revenue_minor || ' ' || c.revenue_asserted_minor || ' '
             || c.sessions || ' ' || c.page_views || ' '
             || coalesce((select group_concat(email, ' ') from (
                    select email from contact e where e.id = c.id and email <> ''
                    union select email from contact_email where contact_id = c.id order by 1)), '')
         from contact c where c.state = 'active' order by c.id",
    )
}

pub(super) fn assert_whole(site: &Site) {
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
}

/// Runs `work` on the writer as an API token would.
pub(super) async fn verified(
    site: &Site,
    work: impl FnOnce(&store::Connection, &Provenance) -> Result<(), store::Error> + Send + 'static,
) {
    let said = Provenance::verified(Channel::Api, site.app.now());
    site.app.store.writer.write(move |conn| work(conn, &said)).await.unwrap();
}

async fn set_verified(site: &Site, contact: i64, name: &'static str, value: &'static str) {
    let account = site.account;
    verified(site, move |conn, said| {
        properties::record(conn, account, said, contact, &[(name.to_owned(), value.to_owned())])
    })
    .await;
}

fn property(site: &Site, contact: i64, name: &str) -> Vec<String> {
    site.asks(&format!(
        "select value from (
             select value, 1 as is_now, 0 as serial from contact_property where contact_id = {contact} and name = '{name}'
             union all select value, 0, serial from contact_property_history
                 where contact_id = {contact} and name = '{name}')
         order by is_now desc, serial desc"
    ))
}

/// Ada with a browser and a purchase, Bob with two browsers, and Cyn.
async fn three_contacts() -> Site {
    let mut site = Site::new().await;
    for (browser, email) in [("a", "ada"), ("b", "bob"), ("bb", "bob"), ("c", "cyn")] {
        let email = format!("{email}@example.test");
        site.collect(&identified(&site, browser, browser, &email)).await;
        site.clock.advance(MINUTE);
    }
    site.collect(&site.completion("1", "a", "Sale", 5)).await;
    site.get("/v1/event?_a=1000001&_n=Sale&_m=7&email=ada@example.test").await;
    site.fold().await;
    site
}

/// rules.md 12, 31
#[actix_web::test]
async fn a_merged_contact_lives_again_with_what_it_brought_and_what_its_browsers_did_since() {
    let mut site = three_contacts().await;
    let apart = figures(&site);
    assert_eq!(
        apart,
        [
            "1: 2 0 1200 1 1 ada@example.test",
            "2: 0 0 0 2 2 bob@example.test",
            "3: 0 0 0 1 1 cyn@example.test"
        ]
    );
    assert_eq!(merge(&site, 1, 2).await.unwrap(), 2);
    let cyn = apart[2].clone();
    let merged = ["2: 2 0 1200 3 3 ada@example.test bob@example.test".to_owned(), cyn.clone()];
    assert_eq!(figures(&site), merged);
    assert_whole(&site);
    assert_eq!(undo(&site, 1).await.unwrap(), 2);
    assert_eq!(figures(&site), apart, "as if nothing had been");
    assert_whole(&site);

    // Merged again; then Ada's browser goes on, somebody uses her email in another browser, a program names it, and the
    // day is closed.
    merge(&site, 1, 2).await.unwrap();
    site.collect(&site.completion("2", "a", "Sale", 3)).await;
    site.collect(&site.completion("3", "b", "Sale", 1)).await;
    site.collect(&identified(&site, "new", "new", "ada@example.test")).await;
    site.get("/v1/event?_a=1000001&_n=Sale&_m=4&email=ada@example.test").await;
    site.fold().await;
    site.clock.advance(DAY);
    site.close_days().await;
    assert_eq!(figures(&site)[0], "2: 5 0 2000 4 4 ada@example.test bob@example.test");
    // What arrived before the undoing, and is folded after it, is hers too.
    site.collect(&site.completion("4", "a", "Sale", 10)).await;
    undo(&site, 1).await.unwrap();
    site.fold().await;
    assert_eq!(
        figures(&site),
        ["1: 4 0 2500 2 1 ada@example.test", "2: 2 0 500 3 3 bob@example.test", &cyn],
        "the browser that came meanwhile, and what the program said, stay"
    );
    assert_whole(&site);
    let audit: Vec<String> = site.asks("select action || ' ' || detail from audit");
    let both = ["contact.merge 1 into 2", "contact.undo_merge 1 out of 2"];
    assert_eq!(audit, [both, both].concat());
    site.assert_that_all_are_counted().await;
}

/// rules.md 31
#[actix_web::test]
async fn old_numbers_answer_for_ever_and_no_circle_can_be_made() {
    let site = three_contacts().await;
    let resolve = async |id| {
        let account = site.account;
        site.app.store.read(move |conn| store::alias::resolve(conn, account, id)).await.unwrap()
    };
    let apart = figures(&site);
    merge(&site, 1, 2).await.unwrap();
    for (from, into) in [(1, 1), (2, 2), (1, 2), (2, 1)] {
        assert!(matches!(merge(&site, from, into).await, Err(Error::Same)), "{from} into {into}");
    }
    merge(&site, 2, 3).await.unwrap();
    for (from, into) in [(3, 1), (3, 2), (1, 3)] {
        assert!(matches!(merge(&site, from, into).await, Err(Error::Same)), "{from} into {into}");
    }
    for id in 1..=3 {
        assert_eq!(resolve(id).await, Some(3));
    }
    assert_eq!(figures(&site), ["3: 2 0 1200 4 4 ada@example.test bob@example.test cyn@example.test"]);
    assert_whole(&site);
    assert!(matches!(undo(&site, 1).await, Err(Error::CameWith(2))), "Ada came with Bob");
    assert!(matches!(undo(&site, 3).await, Err(Error::NotMerged)));
    assert!(matches!(undo(&site, 9).await, Err(Error::NotMerged)));
    undo(&site, 2).await.unwrap();
    assert_eq!((resolve(1).await, resolve(2).await, resolve(3).await), (Some(2), Some(2), Some(3)));
    assert_whole(&site);
    undo(&site, 1).await.unwrap();
    assert_eq!(figures(&site), apart);
    // The other way round now.
    merge(&site, 2, 1).await.unwrap();
    assert_eq!((resolve(1).await, resolve(2).await), (Some(1), Some(1)));
    assert_whole(&site);
}

/// rules.md 22, 31
#[actix_web::test]
async fn properties_of_the_survivor_win_unless_only_the_others_are_verified() {
    let mut site = three_contacts().await;
    for (id, browser, said) in [
        ("p1", "a", json!({"email": "ada@example.test", "city": "Ghent", "plan": "free", "team": "red"})),
        ("p2", "b", json!({"email": "bob@example.test", "city": "Bruges", "plan": "gold"})),
        ("p3", "c", json!({"email": "cyn@example.test", "plan": "none", "team": "blue"})),
    ] {
        site.collect(&with(site.view(id, browser, "https://example.com/"), "i", said)).await;
    }
    site.fold().await;
    set_verified(&site, 1, "plan", "pro").await;
    set_verified(&site, 3, "city", "Mons").await;
    let all = |id: i64| ["city", "plan", "team"].map(|name| property(&site, id, name).join(" < "));
    let before = [all(1), all(2), all(3)];
    assert_eq!(before[0], ["Ghent", "pro < free", "red"]);
    merge(&site, 1, 2).await.unwrap();
    assert_eq!(all(2), ["Bruges", "pro < gold", "red"]);
    merge(&site, 3, 2).await.unwrap();
    assert_eq!(all(2), ["Mons < Bruges", "pro < gold", "red"]);
    // The first merge is undone first.
    undo(&site, 1).await.unwrap();
    assert_eq!(all(2), ["Mons < Bruges", "gold", ""]);
    undo(&site, 3).await.unwrap();
    assert_eq!([all(1), all(2), all(3)], before);

    // A value that a later merge replaced comes back for neither; one that somebody set since then stays.
    set_verified(&site, 3, "team", "green").await;
    merge(&site, 1, 2).await.unwrap();
    merge(&site, 3, 2).await.unwrap();
    assert_eq!(all(2)[2], "green < red");
    set_verified(&site, 2, "plan", "own").await;
    undo(&site, 1).await.unwrap();
    assert_eq!(all(2), ["Mons < Bruges", "own < gold", "green"]);
    undo(&site, 3).await.unwrap();
    assert_eq!(all(2), ["Bruges", "own < gold", ""]);
    assert_whole(&site);
}

/// rules.md 31
#[actix_web::test]
async fn first_and_last_seen_source_and_external_id_are_joined_and_come_apart_again() {
    let mut site = Site::new().await;
    let said = |email: &str, id: &str| json!({"email": format!("{email}@example.test"), "id": id});
    let ad = "https://example.com/?utm_source=paper&utm_medium=cpc";
    site.collect(&with(site.view("1", "a", ad), "i", said("ada", "crm-1"))).await;
    site.clock.advance(DAY);
    site.collect(&identified(&site, "2", "b", "bob@example.test")).await;
    site.fold().await;
    let known = "select group_concat(first_ms || ' ' || last_ms || ' ' || source || ' ' || coalesce(external_id, ''), ', ')
                 from contact where state = 'active'";
    let apart: String = site.ask(known);
    let (ada, bob) = apart.split_once(", ").unwrap();
    merge(&site, 1, 2).await.unwrap();
    let field = |text: &str, n: usize| text.split(' ').nth(n).unwrap().to_owned();
    let joined: String = site.ask(known);
    let wanted = format!("{} {} {} crm-1", field(ada, 0), field(bob, 1), field(ada, 2));
    assert_eq!(joined, wanted);
    assert_ne!(field(ada, 2), field(bob, 2), "the sources differ");
    undo(&site, 1).await.unwrap();
    assert_eq!(site.ask::<String>(known), apart);
    // What the survivor did since then stays; what the alias did since then goes with it.
    merge(&site, 1, 2).await.unwrap();
    site.clock.advance(DAY);
    site.collect(&site.view("3", "a", "https://example.com/")).await;
    site.fold().await;
    undo(&site, 1).await.unwrap();
    let now: String = site.ask(known);
    assert_eq!(now.split_once(", ").unwrap().1, bob);
    assert_ne!(field(now.split_once(", ").unwrap().0, 1), field(ada, 1));
    assert_whole(&site);
}

/// An id that a site gave somebody leads to the contact that they became part of.
#[actix_web::test]
async fn the_external_id_of_a_merged_contact_leads_to_the_survivor_until_the_merge_is_undone() {
    let mut site = Site::new().await;
    for (hit, browser, id) in [("1", "a", "crm-1"), ("2", "b", "crm-2"), ("3", "c", "crm-3")] {
        let said = json!({"email": format!("{browser}@example.test"), "id": id});
        site.collect(&with(site.view(hit, browser, "https://example.com/"), "i", said)).await;
    }
    site.fold().await;
    let pay = async |site: &mut Site, id: &str| {
        site.get(&format!("/v1/event?_a={}&_n=Paid&_m=1&id={id}", site.account)).await;
        site.fold().await;
        site.asks::<String>(
            "select id || ': ' || completions from contact where state = 'active' order by id",
        )
    };
    assert_eq!(pay(&mut site, "crm-1").await, ["1: 1", "2: 0", "3: 0"]);
    merge(&site, 1, 2).await.unwrap();
    assert_eq!(pay(&mut site, "crm-1").await, ["2: 2", "3: 0"], "the id of the alias");
    assert_eq!(pay(&mut site, "crm-2").await, ["2: 3", "3: 0"], "its own id");
    merge(&site, 2, 3).await.unwrap();
    assert_eq!(pay(&mut site, "crm-1").await, ["3: 4"], "over two merges");
    undo(&site, 2).await.unwrap();
    undo(&site, 1).await.unwrap();
    let apart = pay(&mut site, "crm-1").await;
    let (app, account) = (site.app.clone(), site.account);
    let of = move |conn: &store::Connection| {
        let find = |id| store::contact::find_by_external_id(conn, account, id);
        Ok::<_, store::Error>(["crm-1", "crm-2", "crm-3"].map(|id| find(id).unwrap().unwrap().id))
    };
    assert_eq!(app.store.read(of).await.unwrap(), [1, 2, 3], "each has its own again");
    assert!(apart.contains(&"1: 2".to_owned()), "{apart:?}");
    // Who claims the id of an alias takes nothing from the contact that it became part of.
    merge(&site, 1, 2).await.unwrap();
    verified(&site, move |conn, _| store::email::update_verified(conn, account, "b@example.test")).await;
    let claim = json!({"email": "eve@example.test", "id": "crm-1"});
    site.collect(&with(site.view("4", "e", "https://example.com/"), "i", claim)).await;
    site.fold().await;
    let found = move |conn: &store::Connection| store::contact::find_by_external_id(conn, account, "crm-1");
    assert_eq!(app.store.read(found).await.unwrap().unwrap().id, 2, "a verified email comes first");
    assert_whole(&site);
}

/// A deleted event takes its completions from whoever has them, and an undone merge knows it.
#[actix_web::test]
async fn an_event_that_is_deleted_after_a_merge_is_missing_on_both_sides_of_its_undoing() {
    let mut site = three_contacts().await;
    site.collect(&site.completion("b1", "b", "Sale", 2)).await;
    site.collect(&site.completion("b2", "a", "Other", 9)).await;
    site.fold().await;
    merge(&site, 1, 2).await.unwrap();
    site.collect(&site.completion("b3", "a", "Other", 1)).await;
    site.fold().await;
    site.clock.advance(DAY);
    site.close_days().await;
    let (app, account) = (site.app.clone(), site.account);
    definitions::set_status(&app, Actor::Machine, account, EventNumber(1), Status::Archived).await.unwrap();
    definitions::delete(&app, Actor::Machine, account, EventNumber(1)).await.unwrap();
    actix_web::rt::task::spawn_blocking(move || work_due(&app)).await.unwrap();
    undo(&site, 1).await.unwrap();
    assert_eq!(
        figures(&site)[..2],
        ["1: 2 0 1000 1 1 ada@example.test", "2: 0 0 0 2 2 bob@example.test"].map(str::to_owned)
    );
    assert_whole(&site);
}

/// rules.md 31: each limit holds at its value and one past it.
#[actix_web::test]
async fn contacts_are_merged_up_to_their_limits() {
    assert_eq!((EMAILS_MAX, NUMBERS_MAX, ALIASES_MAX), (20, 2_000, 100));
    let mut site = three_contacts().await;
    site.tamper(
        "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10)
         insert into contact_email (account_id, email, contact_id, verified, created_ms)
             select 1000001, 'e' || i || '@example.test', 1 + (i > 9), 0, 0 from n;
         with recursive n(i) as (select 101 union all select i + 1 from n where i < 1997 + 101)
         insert into visitor (account_id, number, contact_id, first_ms, last_ms)
             select 1000001, i, 2, 1795348800000, 1795348800000 from n;
         update account set last_visitor = 3000",
    )
    .await;
    // Ada has ten emails, Bob two with a browser too many.
    assert!(matches!(merge(&site, 2, 3).await, Err(Error::Browsers)));
    site.tamper("delete from visitor where number = 101").await;
    merge(&site, 2, 3).await.unwrap();
    undo(&site, 2).await.unwrap();
    site.tamper("delete from visitor where number > 101; update contact_email set contact_id = 2 where email = 'e1@example.test'").await;
    let more = "with recursive n(i) as (select 20 union all select i + 1 from n where i < 27)
         insert into contact_email (account_id, email, contact_id, verified, created_ms)
             select 1000001, 'e' || i || '@example.test', 2, 0, 0 from n";
    site.tamper(more).await;
    let count = "select count(*) from contact_email where contact_id in (1, 2)";
    assert_eq!(site.ask::<i64>(count) + 2, 20);
    merge(&site, 1, 2).await.unwrap();
    undo(&site, 1).await.unwrap();
    site.tamper(
        "insert into contact_email (account_id, email, contact_id, verified, created_ms)
             values (1000001, 'one@more.test', 2, 0, 0)",
    )
    .await;
    assert!(matches!(merge(&site, 1, 2).await, Err(Error::Emails(21))));

    site.tamper("delete from contact_email").await;
    for n in 0..100 {
        site.get(&format!("/v1/event?_a=1000001&_n=Sale&email=m{n}@example.test")).await;
    }
    site.fold().await;
    for id in 4..=103 {
        site.tamper("delete from contact_email; update contact set email = '' where id between 4 and 103")
            .await;
        merge(&site, id, 3).await.unwrap();
    }
    assert!(matches!(merge(&site, 2, 3).await, Err(Error::Aliases)), "one past the limit");
    assert!(matches!(merge(&site, 3, 2).await, Err(Error::Aliases)));
    undo(&site, 50).await.unwrap();
    merge(&site, 2, 3).await.unwrap();
}

/// rules.md 28
#[actix_web::test]
async fn only_an_editor_merges_and_undoes() {
    let site = three_contacts().await;
    site.tamper(
        "insert into user (id, email, server_admin, created_ms) values (7, 'v@example.test', 0, 0), (8, 'e@example.test', 0, 0);
         insert into member (account_id, user_id, role) values
             (1000001, 7, 'viewer'), (1000001, 8, 'editor')",
    )
    .await;
    let [viewer, editor] = [7, 8].map(|id| Actor::User(UserId(id)));
    let denied = |result| matches!(result, Err(Error::Access(access::Error::Denied)));
    assert!(denied(merge::merge(&site.app, viewer, site.account, 1, 2).await));
    merge::merge(&site.app, editor, site.account, 1, 2).await.unwrap();
    assert!(denied(merge::undo_merge(&site.app, viewer, site.account, 1).await));
    assert_eq!(site.ask::<i64>("select merged_by from contact_alias"), 8);
    merge::undo_merge(&site.app, editor, site.account, 1).await.unwrap();
    assert_eq!(site.asks::<i64>("select user_id from audit order by id"), [8, 8]);
}
