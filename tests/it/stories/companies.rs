//! Contacts get the company of their primary email, whatever happens to them (rules.md 35).

use guestlog::app::access::Actor;
use guestlog::app::jobs::assign_companies::{BATCH, assign_companies};
use guestlog::app::people::companies;
use guestlog::app::people::contacts::{self, Details};
use guestlog::app::people::edit::{self, Changes};
use guestlog::app::people::erase::contact::erase_contact;
use guestlog::app::people::merge::{merge, undo_merge};
use guestlog::app::people::with_numbers;
use guestlog::app::reports::companies::{Wanted, list};
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::company::{CompanyId, CompanySettings};
use guestlog::domain::contact::Email;
use guestlog::domain::provenance::{Channel, Provenance};
use guestlog::store;
use guestlog::store::company::Order;
use serde_json::json;

use crate::harness::site::{Site, with};

async fn identify(site: &mut Site, visitor: &str, email: &str) {
    let view = site.view(&format!("{visitor}{}", site.app.now().0), visitor, "https://example.com/");
    site.collect(&with(view, "i", json!({"email": email}))).await;
    site.fold().await;
    site.clock.advance(MINUTE);
}

/// `contact domain` of each contact that is there.
fn companies_of(site: &Site) -> Vec<String> {
    site.asks(
        "select c.id || ' ' || coalesce(m.domain, '-') from contact c
             left join company m on m.account_id = c.account_id and m.id = c.company_id
         where c.state = 'active' order by c.id",
    )
}

fn domains(site: &Site) -> Vec<String> {
    site.asks("select domain from company order by domain")
}

async fn set(site: &Site, is_on: bool, excluded: &[&str]) {
    let excluded = excluded.iter().map(|domain| (*domain).to_owned()).collect();
    let settings = CompanySettings { is_on, excluded };
    companies::update_settings(&site.app, Actor::Machine, site.account, settings).await.unwrap();
    assign_companies(&site.app).await;
}

async fn edit(site: &Site, contact: i64, changes: Changes) {
    edit::edit(&site.app, Actor::Machine, site.account, contact, changes).await.unwrap();
}

fn email(text: &str) -> Option<Email> {
    Some(Email::parse(text).unwrap())
}

#[actix_web::test]
async fn a_contact_has_the_company_of_its_primary_email() {
    let mut site = Site::new().await;
    for (visitor, email) in [
        ("a", "ada@mail.acme.co.uk"),
        ("b", "bob@acme.co.uk"),
        ("c", "cyn@gmail.com"),
        ("d", "dan@mailinator.com"),
        ("e", "eve@bücher.test"),
        ("f", "fay@xn--bcher-kva.test"),
    ] {
        identify(&mut site, visitor, email).await;
    }
    let wanted = ["1 acme.co.uk", "2 acme.co.uk", "3 -", "4 -", "5 bücher.test", "6 bücher.test"];
    assert_eq!(companies_of(&site), wanted);
    // Another primary email.
    edit(&site, 3, Changes { new_email: email("cyn@globex.test"), ..Changes::default() }).await;
    assert_eq!(companies_of(&site)[2], "3 -", "it is a further email");
    edit(&site, 3, Changes { primary: email("cyn@globex.test"), ..Changes::default() }).await;
    assert_eq!(companies_of(&site)[2], "3 globex.test");
    edit(&site, 3, Changes { primary: email("cyn@gmail.com"), ..Changes::default() }).await;
    assert_eq!(domains(&site), ["acme.co.uk", "bücher.test"], "a company without contacts goes");
    // One that has a name stays.
    edit(&site, 3, Changes { primary: email("cyn@globex.test"), ..Changes::default() }).await;
    let id = CompanyId(site.ask("select id from company where domain = 'globex.test'"));
    assert_eq!(id.0, 4, "numbers are not used again");
    let rename = |name: &str| companies::rename(&site.app, Actor::Machine, site.account, id, name.to_owned());
    assert!(rename("Globex Corporation").await.unwrap());
    edit(&site, 3, Changes { primary: email("cyn@gmail.com"), ..Changes::default() }).await;
    assert_eq!(domains(&site), ["acme.co.uk", "bücher.test", "globex.test"]);
    assert!(!rename("").await.unwrap());
    assert_eq!(domains(&site), ["acme.co.uk", "bücher.test"]);
    // A contact that gets its first email later.
    let account = site.account;
    let made = site.app.store.writer.write(move |conn| {
        let said = Provenance::verified(Channel::Page, guestlog::base::clock::Millis(0));
        with_numbers(conn, account, |numbers| {
            let made = contacts::create_without_email(conn, account, numbers, &said, Details::default());
            contacts::add_email(conn, account, &said, made.unwrap().id, &email("gus@acme.co.uk").unwrap())
        })
    });
    made.await.unwrap();
    assert_eq!(companies_of(&site)[6], "7 acme.co.uk");
}

#[actix_web::test]
async fn merging_takes_the_company_of_the_survivor_and_undoing_gives_both_theirs_back() {
    let mut site = Site::new().await;
    identify(&mut site, "a", "ada@acme.test").await;
    identify(&mut site, "b", "bob@globex.test").await;
    identify(&mut site, "c", "cyn@gmail.com").await;
    let before = companies_of(&site);
    merge(&site.app, Actor::Machine, site.account, 2, 1).await.unwrap();
    assert_eq!(companies_of(&site), ["1 acme.test", "3 -"]);
    assert_eq!(domains(&site), ["acme.test"]);
    undo_merge(&site.app, Actor::Machine, site.account, 2).await.unwrap();
    assert_eq!(companies_of(&site), before);
    assert_eq!(domains(&site), ["acme.test", "globex.test"]);
}

#[actix_web::test]
async fn an_account_switches_companies_off_and_on_and_excludes_domains() {
    let mut site = Site::new().await;
    identify(&mut site, "a", "ada@acme.test").await;
    set(&site, false, &[]).await;
    identify(&mut site, "b", "bob@acme.test").await;
    identify(&mut site, "c", "cyn@globex.test").await;
    assert_eq!(companies_of(&site), ["1 acme.test", "2 -", "3 -"]);
    set(&site, true, &["globex.test"]).await;
    assert_eq!(companies_of(&site), ["1 acme.test", "2 acme.test", "3 -"]);
    set(&site, true, &["acme.test"]).await;
    assert_eq!(companies_of(&site), ["1 -", "2 -", "3 globex.test"]);
    assert_eq!(domains(&site), ["globex.test"]);
    let settings = companies::settings(&site.app, site.account).await.unwrap();
    assert_eq!(settings, CompanySettings { is_on: true, excluded: vec!["acme.test".to_owned()] });
    let audit: Vec<String> = site.asks("select detail from audit where action = 'account.companies'");
    assert_eq!(audit, ["off, 0 domains excluded", "on, 1 domains excluded", "on, 1 domains excluded"]);
}

/// The contacts of before are looked at in batches: as many as one takes, and one more.
#[actix_web::test]
async fn contacts_of_before_get_their_companies_in_batches() {
    let mut site = Site::new().await;
    set(&site, false, &[]).await;
    let account = site.account;
    for n in [BATCH, 1] {
        let make = move |conn: &store::Connection| {
            let said = Provenance::verified(Channel::Import, guestlog::base::clock::Millis(0));
            with_numbers(conn, account, |numbers| {
                let first = numbers.contact;
                for n in 0..n as i64 {
                    let email = email(&format!("p{}@company{}.test", first + n, n % 7)).unwrap();
                    contacts::create_by_email(conn, account, numbers, &said, &email, Details::default())?;
                }
                Ok::<_, store::Error>(())
            })
        };
        site.app.store.writer.write(make).await.unwrap();
        set(&site, true, &[]).await;
        let without = "select count(*) from contact where company_id is null";
        assert_eq!(site.ask::<i64>(without), 0);
        assert_eq!(site.ask::<i64>("select count(*) from account where company_from is not null"), 0);
        assert_eq!(assign_companies(&site.app).await, 0);
        set(&site, false, &[]).await;
    }
    site.fold().await;
}

#[actix_web::test]
async fn what_a_company_did_is_the_sum_of_what_its_contacts_did() {
    let mut site = Site::new().await;
    for (n, email) in (0..).zip(["ada@acme.test", "bob@acme.test", "cyn@globex.test", "dan@gmail.com"]) {
        let visitor = format!("v{n}");
        identify(&mut site, &visitor, email).await;
        for m in 0..n + 1 {
            site.collect(&site.completion(&format!("c{n}{m}"), &visitor, "Sale", 10 + m)).await;
        }
        site.get(&format!("/v1/event?_a=1000001&_n=Paid&_m=3&email={email}")).await;
        site.clock.advance(DAY);
        identify(&mut site, &visitor, email).await;
        site.collect(&site.view(&format!("later{n}"), &visitor, "https://example.com/later")).await;
    }
    site.fold().await;
    merge(&site.app, Actor::Machine, site.account, 3, 1).await.unwrap();
    undo_merge(&site.app, Actor::Machine, site.account, 3).await.unwrap();
    let plain: Vec<String> = site.asks(
        "select m.domain || ' ' || count(*) || ' ' || sum(c.sessions) || ' ' || sum(c.page_views) || ' '
             || sum(c.completions) || ' ' || sum(c.revenue_minor) || ' ' || sum(c.revenue_asserted_minor) || ' '
             || max(c.last_ms)
         from company m join contact c on c.company_id = m.id group by m.id order by m.id desc",
    );
    let mut orders = Vec::new();
    for order in Order::ALL {
        let wanted = Wanted { order, limit: 10, ..Wanted::default() };
        let found = list(&site.app, site.account, &wanted).await.unwrap();
        assert_eq!(found.total, 2);
        let mut rows: Vec<String> = Vec::new();
        for row in &found.rows {
            let (verified, asserted) = (row.revenue_minor, row.asserted_minor);
            let sums = [row.contact_count, row.visits, row.page_views, row.completions];
            let [contacts, visits, views, completions] = sums;
            let last = row.last_visit.unwrap().0;
            rows.push(format!(
                "{} {contacts} {visits} {views} {completions} {verified} {asserted} {last}",
                row.domain
            ));
        }
        orders.push((
            order,
            rows.iter().map(|row| row.split(' ').next().unwrap().to_owned()).collect::<Vec<_>>(),
        ));
        rows.sort();
        let mut plain = plain.clone();
        plain.sort();
        assert_eq!(rows, plain, "{order:?}");
        // The same, one at a time.
        let first = list(&site.app, site.account, &Wanted { limit: 1, ..wanted.clone() }).await.unwrap();
        let after = Some(first.rows[0].id);
        let rest = list(&site.app, site.account, &Wanted { limit: 1, after, ..wanted }).await.unwrap();
        assert_eq!([first.rows[0].clone(), rest.rows[0].clone()].to_vec(), found.rows, "{order:?}");
        assert_eq!((first.next.is_some(), rest.next), (true, None));
    }
    for (order, found) in orders {
        let is_acme_first = matches!(order, Order::Name | Order::Contacts | Order::Visits | Order::PageViews);
        let first = match order {
            Order::Created | Order::LastVisit => "globex.test",
            _ if is_acme_first => "acme.test",
            _ => continue,
        };
        assert_eq!(found[0], first, "{order:?}");
    }
}

/// rules.md 25
#[actix_web::test]
async fn an_erased_contact_leaves_no_company_of_its_own() {
    let mut site = Site::new().await;
    identify(&mut site, "u", "ursula@saylors-own.test").await;
    identify(&mut site, "v", "ulla@saylors-second.test").await;
    identify(&mut site, "a", "ada@acme.test").await;
    identify(&mut site, "b", "bob@acme.test").await;
    merge(&site.app, Actor::Machine, site.account, 2, 1).await.unwrap();
    erase_contact(&site.app, Actor::Machine, site.account, 1).await.unwrap();
    assert_eq!(domains(&site), ["acme.test"]);
    erase_contact(&site.app, Actor::Machine, site.account, 3).await.unwrap();
    assert_eq!(companies_of(&site), ["4 acme.test"], "it is Bob's, too");
    for entry in std::fs::read_dir(site.data_dir()).unwrap() {
        let path = entry.unwrap().path();
        let Ok(bytes) = std::fs::read(&path) else { continue };
        let held = bytes.windows(11).any(|part| part == b"saylors-own" || part == b"saylors-sec");
        assert!(!held, "{}", path.display());
    }
}
