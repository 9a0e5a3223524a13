//! Contacts are merged, merges are undone, and meanwhile their browsers go on. What is counted of each contact is what a
//! plain model says that knows only who did what, who was merged into whom, and when.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, tokens};
use guestlog::app::events::count_back::work_due;
use guestlog::app::events::definitions;
use guestlog::app::people::contacts;
use guestlog::app::people::merge::{self, Error};
use guestlog::app::people::properties;
use guestlog::base::clock::{DAY, MINUTE, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::domain::contact::Email;
use guestlog::domain::event::{EventNumber, Status};
use guestlog::domain::provenance::{Channel, Provenance};
use guestlog::domain::user::Scope;
use guestlog::store;
use guestlog::store::check::check;
use serde_json::{Value, json};

use crate::harness::site::{Site, with};

const HISTORIES: u64 = 12;
const STEPS: usize = 90;
const BROWSERS: usize = 4;
const PEOPLE: usize = 6;

async fn merge(site: &Site, from: i64, into: i64) -> Result<i64, Error> {
    merge::merge(&site.app, Actor::Machine, site.account, from, into).await
}

async fn undo(site: &Site, alias: i64) -> Result<i64, Error> {
    merge::undo_merge(&site.app, Actor::Machine, site.account, alias).await
}

fn identified(site: &Site, id: &str, browser: &str, email: &str) -> Value {
    with(site.view(id, browser, "https://example.com/"), "i", json!({"email": email}))
}

/// `number: completions asserted sessions page views emails` of each living contact.
fn figures(site: &Site) -> Vec<String> {
    site.asks(
        "select c.id || ': ' || c.completions || ' ' || c.revenue_minor || ' ' || c.revenue_asserted_minor || ' '
             || c.sessions || ' ' || c.page_views || ' '
             || coalesce((select group_concat(email, ' ') from (
                    select email from contact e where e.id = c.id and email <> ''
                    union select email from contact_email where contact_id = c.id order by 1)), '')
         from contact c where c.state = 'active' order by c.id",
    )
}

fn assert_whole(site: &Site) {
    assert_eq!(check(&site.data_dir()).unwrap().unwrap().findings, [""; 0]);
}

/// Runs `work` on the writer as an API token would.
async fn verified(
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

/// A person's stint in a browser, or what programs report of a contact: it belongs to one contact as a whole.
#[derive(Default)]
struct Stint {
    owner: Option<i64>,
    completions: i64,
    verified: i64,
    asserted: i64,
    views: i64,
    sessions: BTreeSet<usize>,
}

struct Browser {
    stint: usize,
    session: usize,
    last: Millis,
}

/// What a merge joined.
struct Joined {
    into: i64,
    stints: Vec<usize>,
    emails: Vec<String>,
}

/// A hit that waits to be folded.
struct Hit {
    browser: Option<usize>,
    email: Option<String>,
    value: Option<i64>,
    at: Millis,
}

/// What is known of everybody, and nothing of how the product keeps it.
#[derive(Default)]
struct Model {
    stints: Vec<Stint>,
    browsers: BTreeMap<usize, Browser>,
    /// The stint of what programs report, by contact.
    own: BTreeMap<i64, usize>,
    emails: BTreeMap<String, i64>,
    merges: BTreeMap<i64, Joined>,
    sessions: usize,
    waiting: Vec<Hit>,
}

impl Model {
    fn stint(&mut self, owner: Option<i64>) -> usize {
        self.stints.push(Stint { owner, ..Stint::default() });
        self.stints.len() - 1
    }

    fn contact(&mut self, email: &str) -> i64 {
        if let Some(known) = self.emails.get(email) {
            return *known;
        }
        let id = self.own.len() as i64 + 1;
        let own = self.stint(Some(id));
        self.own.insert(id, own);
        self.emails.insert(email.to_owned(), id);
        id
    }

    fn fold(&mut self) {
        for hit in std::mem::take(&mut self.waiting) {
            self.apply(&hit);
        }
    }

    fn apply(&mut self, hit: &Hit) {
        let contact = hit.email.as_deref().map(|email| self.contact(email));
        let stint = match hit.browser {
            Some(browser) => self.stint_in(browser, contact, hit.at),
            None => self.own[&contact.unwrap()],
        };
        match hit.value {
            Some(value) => {
                self.stints[stint].completions += 1;
                self.stints[stint].asserted += value;
            }
            None => self.stints[stint].views += 1,
        }
    }

    /// Who uses a browser now, in which session.
    fn stint_in(&mut self, browser: usize, contact: Option<i64>, at: Millis) -> usize {
        let before = self.browsers.remove(&browser);
        let is_open = before.as_ref().is_some_and(|known| at.0 - known.last.0 < 30 * MINUTE);
        let session = before.as_ref().filter(|_| is_open).map_or(self.sessions, |known| known.session);
        self.sessions += usize::from(!is_open);
        let mut stint = before.map_or_else(|| self.stint(None), |known| known.stint);
        match (self.stints[stint].owner, contact) {
            (None, Some(_)) => self.stints[stint].owner = contact,
            (Some(owner), Some(other)) if owner != other => stint = self.stint(contact),
            _ => {}
        }
        self.stints[stint].sessions.insert(session);
        self.browsers.insert(browser, Browser { stint, session, last: at });
        stint
    }

    fn living(&self) -> Vec<i64> {
        self.own.keys().copied().filter(|id| !self.merges.contains_key(id)).collect()
    }

    fn living_of(&self, mut id: i64) -> i64 {
        while let Some(joined) = self.merges.get(&id) {
            id = joined.into;
        }
        id
    }

    /// Whether it could be done.
    fn merge(&mut self, from: i64, into: i64) -> bool {
        let (from, into) = (self.living_of(from), self.living_of(into));
        if from == into {
            return false;
        }
        let stints: Vec<usize> =
            (0..self.stints.len()).filter(|n| self.stints[*n].owner == Some(from)).collect();
        stints.iter().for_each(|n| self.stints[*n].owner = Some(into));
        let emails: Vec<String> =
            self.emails.iter().filter(|(_, id)| **id == from).map(|(email, _)| email.clone()).collect();
        for email in &emails {
            self.emails.insert(email.clone(), into);
        }
        self.merges.insert(from, Joined { into, stints, emails });
        true
    }

    fn undo(&mut self, alias: i64) -> bool {
        let Some(Joined { into, stints, emails }) = self.merges.remove(&alias) else { return false };
        if self.merges.contains_key(&into) {
            self.merges.insert(alias, Joined { into, stints, emails });
            return false;
        }
        for n in stints {
            if self.stints[n].owner == Some(into) {
                self.stints[n].owner = Some(alias);
            }
        }
        for email in emails {
            if self.emails[&email] == into {
                self.emails.insert(email, alias);
            }
        }
        true
    }

    fn figures(&self) -> Vec<String> {
        let of = |id: i64| {
            let own: Vec<&Stint> = self.stints.iter().filter(|stint| stint.owner == Some(id)).collect();
            let sum = |of: fn(&Stint) -> i64| own.iter().map(|stint| of(stint)).sum::<i64>();
            let sessions: BTreeSet<usize> = own.iter().flat_map(|stint| stint.sessions.clone()).collect();
            let emails: Vec<&str> =
                self.emails.iter().filter(|(_, of)| **of == id).map(|(email, _)| &**email).collect();
            format!(
                "{id}: {} {} {} {} {} {}",
                sum(|stint| stint.completions),
                sum(|stint| stint.verified),
                sum(|stint| stint.asserted),
                sessions.len(),
                sum(|stint| stint.views),
                emails.join(" ")
            )
        };
        self.living().into_iter().map(of).collect()
    }

    /// `number completions` of each contact with any, as events show them.
    fn completers(&self) -> Vec<String> {
        let of = |id: i64| {
            let own = self.stints.iter().filter(|stint| stint.owner == Some(id));
            (id, own.map(|stint| stint.completions).sum::<i64>())
        };
        let all = self.living().into_iter().map(of);
        all.filter(|(_, completions)| *completions > 0).map(|(id, n)| format!("{id} {n}")).collect()
    }
}

fn below(dice: &SeededRandom, n: usize) -> usize {
    usize::try_from(dice.next_u64() % n as u64).unwrap()
}

fn one_of(dice: &SeededRandom, ids: &[i64]) -> Option<i64> {
    (!ids.is_empty()).then(|| ids[below(dice, ids.len())])
}

async fn send_hit(site: &Site, model: &mut Model, dice: &SeededRandom, n: usize) {
    let email = format!("p{}@example.test", below(dice, PEOPLE));
    let value = 1 + below(dice, 9) as i64;
    let at = site.app.now();
    if below(dice, 5) == 0 {
        site.get(&format!("/v1/event?_a=1000001&_n=Sale&_m={value}&email={email}")).await;
        model.waiting.push(Hit { browser: None, email: Some(email), value: Some(value * 100), at });
        return;
    }
    let browser = below(dice, BROWSERS);
    let (id, name) = (format!("h{n}"), format!("b{browser}"));
    let is_sale = below(dice, 2) == 0;
    let mut hit = match is_sale {
        true => site.completion(&id, &name, "Sale", value),
        false => site.view(&id, &name, "https://example.com/"),
    };
    let is_said = below(dice, 3) == 0;
    if is_said {
        hit = with(hit, "i", json!({"email": email}));
    }
    site.collect(&hit).await;
    let value = is_sale.then_some(value * 100);
    model.waiting.push(Hit { browser: Some(browser), email: is_said.then_some(email), value, at });
}

/// Makes one of a contact's emails its primary one.
async fn turn_emails(site: &Site, model: &Model, dice: &SeededRandom) {
    let emails: Vec<_> = model.emails.iter().collect();
    if let Some((email, contact)) = (!emails.is_empty()).then(|| emails[below(dice, emails.len())]) {
        let (email, contact, account) = (Email::parse(email).unwrap(), *contact, site.account);
        verified(site, move |conn, _| contacts::set_primary_email(conn, account, contact, &email)).await;
    }
}

async fn step(site: &mut Site, model: &mut Model, dice: &SeededRandom, n: usize) {
    match below(dice, 16) {
        0..8 => send_hit(site, model, dice, n).await,
        8 | 9 => {
            let all: Vec<i64> = model.own.keys().copied().collect();
            if let Some((from, into)) = one_of(dice, &all).zip(one_of(dice, &all)) {
                assert_eq!(merge(site, from, into).await.is_ok(), model.merge(from, into));
            }
        }
        10 | 11 => {
            let all: Vec<i64> = model.own.keys().copied().collect();
            if let Some(alias) = one_of(dice, &all) {
                assert_eq!(undo(site, alias).await.is_ok(), model.undo(alias));
            }
        }
        12 => {
            if let Some(contact) = one_of(dice, &model.living()) {
                let account = site.account;
                verified(site, move |conn, said| {
                    contacts::add_completions(conn, account, said, contact, 0, 70)
                })
                .await;
                let own = model.own[&contact];
                model.stints[own].verified += 70;
            }
        }
        13 => turn_emails(site, model, dice).await,
        14 => {
            site.clock.advance(below(dice, 40) as i64 * MINUTE);
        }
        _ => {
            site.fold().await;
            model.fold();
            if below(dice, 3) == 0 {
                site.clock.advance(DAY);
                site.close_days().await;
            }
        }
    }
}

/// The contacts that completed the event, by the scan.
async fn completers(site: &Site, secret: &str) -> Vec<String> {
    let uri = "/accounts/1000001/events/000000000001?period=90d&format=json&limit=1000";
    let request = TestRequest::get().uri(uri).insert_header(("authorization", format!("Bearer {secret}")));
    let answer = site.call(request).await;
    let found: Value = serde_json::from_str(&answer.text()).unwrap();
    let mut all: Vec<(i64, i64)> = found["completed_by"]
        .as_array()
        .map(Vec::as_slice)
        .unwrap_or_default()
        .iter()
        .map(|row| (row["contact_id"].as_i64().unwrap(), row["completions"].as_i64().unwrap()))
        .collect();
    all.sort_unstable();
    all.into_iter().map(|(id, completions)| format!("{id} {completions}")).collect()
}

/// rules.md 12, 21, 31
#[actix_web::test]
async fn what_is_counted_of_merged_contacts_is_what_their_people_did() {
    let (mut merges, mut chains) = (0, 0);
    for seed in 0..HISTORIES {
        let mut site = Site::new().await;
        let scopes = [Scope::ReportsRead, Scope::CrmRead];
        let made = tokens::create(&site.app, Actor::Machine, site.account, "t", &scopes).await;
        let secret = made.unwrap().1.reveal().to_owned();
        let mut model = Model::default();
        let dice = SeededRandom::new(seed);
        site.collect(&site.completion("first", "nobody", "Sale", 1)).await;
        site.fold().await;
        for n in 0..STEPS {
            step(&mut site, &mut model, &dice, n).await;
            assert_eq!(figures(&site), model.figures(), "seed {seed}, step {n}");
            merges += model.merges.len();
            chains += model.merges.values().filter(|joined| model.merges.contains_key(&joined.into)).count();
        }
        site.fold().await;
        model.fold();
        assert_eq!(figures(&site), model.figures(), "seed {seed}");
        assert_eq!(completers(&site, &secret).await, model.completers(), "seed {seed}");
        assert_whole(&site);
        // Everything is undone in turn.
        while let Some(alias) =
            model.merges.iter().find(|(_, j)| !model.merges.contains_key(&j.into)).map(|(id, _)| *id)
        {
            assert!(model.undo(alias));
            undo(&site, alias).await.unwrap();
            assert_eq!(figures(&site), model.figures(), "seed {seed}, without the merge of {alias}");
        }
        assert_whole(&site);
    }
    assert!(merges > 500 && chains > 100, "{merges} {chains}");
}
