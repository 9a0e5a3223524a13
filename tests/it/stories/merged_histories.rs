//! Contacts are merged and merges undone at random, while browsers change hands, programs report, emails are turned and days
//! are closed. What is counted of each contact is what a plain model says that knows only who did what, who was merged
//! into whom, and when.

use std::collections::{BTreeMap, BTreeSet};

use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, tokens};
use guestlog::app::people::contacts;
use guestlog::base::clock::{DAY, MINUTE, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::domain::contact::Email;
use guestlog::domain::provenance::Provenance;
use guestlog::domain::user::Scope;
use guestlog::store::dictionary::{self, Kind};
use guestlog::store::search::ContactSearch;
use guestlog::store::{self, contact, visitor};
use serde_json::{Value, json};

use super::merging::{assert_whole, figures, merge, undo, verified};
use crate::harness::site::{Site, with};

const HISTORIES: u64 = 12;
const STEPS: usize = 90;
const BROWSERS: usize = 4;
const PEOPLE: usize = 6;

/// A person's stint in a browser, or what programs report of a contact: it belongs to one contact as a whole.
#[derive(Default)]
struct Stint {
    owner: Option<i64>,
    completions: i64,
    verified: i64,
    asserted: i64,
    views: i64,
    sessions: BTreeSet<usize>,
    /// When the last session began that brought a source, and which one.
    latest: Option<(Millis, &'static str)>,
    /// When each hit came, and from which page.
    pages: Vec<(Millis, String)>,
    /// When each session began that had a referrer, and which one.
    referrers: Vec<(Millis, &'static str)>,
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
    /// The source that the hit brings if it opens a session; `None` when it comes from within the site.
    source: Option<&'static str>,
    referrer: &'static str,
    page: String,
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
            Some(browser) => self.stint_in(browser, contact, hit),
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
    fn stint_in(&mut self, browser: usize, contact: Option<i64>, hit: &Hit) -> usize {
        let at = hit.at;
        let before = self.browsers.remove(&browser);
        let is_open = before.as_ref().is_some_and(|known| at.0 - known.last.0 < 30 * MINUTE);
        let session = before.as_ref().filter(|_| is_open).map_or(self.sessions, |known| known.session);
        self.sessions += usize::from(!is_open);
        let mut stint = before.map_or_else(|| self.stint(None), |known| known.stint);
        match (self.stints[stint].owner, contact) {
            (None, Some(_)) => self.stints[stint].owner = contact,
            (Some(owner), Some(other)) if owner != other => {
                // Whoever comes to a browser takes over where it came from.
                let before = &self.stints[stint];
                let (latest, referrer) = (before.latest, before.referrers.last().copied());
                stint = self.stint(contact);
                self.stints[stint].latest = latest;
                self.stints[stint].referrers.extend(referrer);
            }
            _ => {}
        }
        self.stints[stint].pages.push((at, hit.page.clone()));
        if !is_open && !hit.referrer.is_empty() {
            self.stints[stint].referrers.push((at, hit.referrer));
        }
        if let Some(source) = hit.source.filter(|_| !is_open) {
            self.stints[stint].latest = Some((at, source));
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

    /// `number time source` of the latest source of each contact that has one.
    fn latest_sources(&self) -> Vec<String> {
        let of = |id: i64| {
            let own = self.stints.iter().enumerate().filter(|(_, stint)| stint.owner == Some(id));
            // Of two that began at once, that of the younger stint.
            let latest = own.filter_map(|(n, stint)| stint.latest.map(|(at, source)| (at, n, source))).max();
            latest.map(|(at, _, source)| format!("{id} {} {source}", at.0))
        };
        self.living().into_iter().filter_map(of).collect()
    }

    /// `number first page, last page, first referrer, last referrer` of each contact that came by a browser.
    fn ends(&self) -> Vec<String> {
        let of = |id: i64| {
            let own: Vec<&Stint> = self.stints.iter().filter(|stint| stint.owner == Some(id)).collect();
            // Of two at the same time, the first is that of the older stint; within a stint, that which came first.
            let pages: Vec<_> = own.iter().flat_map(|stint| stint.pages.clone()).collect();
            let referrers: Vec<_> = own.iter().flat_map(|stint| stint.referrers.clone()).collect();
            let last = own.iter().filter_map(|stint| stint.pages.last()).max_by_key(|(at, _)| *at);
            let came = own.iter().filter_map(|stint| stint.referrers.last()).max_by_key(|(at, _)| *at);
            let first = pages.iter().min_by_key(|(at, _)| *at)?;
            let from = referrers.iter().min_by_key(|(at, _)| *at);
            let text = |of: Option<&(Millis, &'static str)>| of.map_or("", |(_, text)| text);
            Some(format!("{id} {} {} {} {}", first.1, last?.1, text(from), text(came)))
        };
        self.living().into_iter().filter_map(of).collect()
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
    let person = below(dice, PEOPLE);
    let email = format!("p{person}@company{}.test", person % 3);
    let value = 1 + below(dice, 9) as i64;
    let at = site.app.now();
    if below(dice, 5) == 0 {
        site.get(&format!("/v1/event?_a=1000001&_n=Sale&_m={value}&email={email}")).await;
        let value = Some(value * 100);
        let (source, referrer, page) = (None, "", String::new());
        let email = Some(email);
        model.waiting.push(Hit { browser: None, email, value, at, source, referrer, page });
        return;
    }
    let browser = below(dice, BROWSERS);
    let (id, name) = (format!("h{n}"), format!("b{browser}"));
    let is_sale = below(dice, 2) == 0;
    let page = if is_sale { "/cart".to_owned() } else { format!("/p{}", below(dice, 5)) };
    let mut hit = match is_sale {
        true => site.completion(&id, &name, "Sale", value),
        false => site.view(&id, &name, &format!("https://example.com{page}")),
    };
    let is_said = below(dice, 3) == 0;
    if is_said {
        hit = with(hit, "i", json!({"email": email}));
    }
    let (referrer, source) = SOURCES[below(dice, SOURCES.len())];
    if !referrer.is_empty() {
        hit = with(hit, "r", referrer);
    }
    site.collect(&hit).await;
    let value = is_sale.then_some(value * 100);
    let email = is_said.then_some(email);
    model.waiting.push(Hit { browser: Some(browser), email, value, at, source, referrer, page });
}

/// Referrers, and the source that each brings.
const SOURCES: [(&str, Option<&str>); 4] = [
    ("", Some("DIRECT_TRAFFIC")),
    ("https://www.google.com/", Some("ORGANIC_SEARCH")),
    ("https://other.test/", Some("REFERRALS")),
    ("https://example.com/before", None),
];

/// `number first page, last page, first referrer, last referrer` of each living contact that came by a browser.
fn ends(site: &Site) -> Vec<String> {
    let account = site.account;
    let read = move |conn: &store::Connection| {
        let mut ids = contact::list_ids(conn, account)?;
        ids.sort_unstable();
        let mut all = Vec::new();
        for id in ids {
            let Some(visits) = visitor::find_visits(conn, account, id.into())? else { continue };
            let text = |kind, id| dictionary::find_value(conn, account, kind, id);
            let page = |id| Ok::<_, store::Error>(dictionary::part(&text(Kind::Page, id)?, 1).to_owned());
            all.push(format!(
                "{id} {} {} {} {}",
                page(visits.first_page)?,
                page(visits.last_page)?,
                text(Kind::Referrer, visits.first_referrer)?,
                text(Kind::Referrer, visits.last_referrer)?
            ));
        }
        Ok::<_, store::Error>(all)
    };
    site.app.store.readers.read(read).unwrap()
}

/// `number time source` of the latest source of each living contact that has one.
fn latest_sources(site: &Site) -> Vec<String> {
    let account = site.account;
    let read = move |conn: &store::Connection| {
        let mut ids = contact::list_ids(conn, account)?;
        ids.sort_unstable();
        let mut all = Vec::new();
        for id in ids {
            if let Some((source, at)) = visitor::find_latest_source(conn, account, id.into())? {
                let text = dictionary::find_value(conn, account, Kind::Source, source)?;
                all.push(format!("{id} {} {}", at.0, dictionary::part(&text, 0)));
            }
        }
        Ok::<_, store::Error>(all)
    };
    site.app.store.readers.read(read).unwrap()
}

/// Makes one of a contact's emails its primary one.
async fn turn_emails(site: &Site, model: &Model, dice: &SeededRandom) {
    let emails: Vec<_> = model.emails.iter().collect();
    if let Some((email, contact)) = (!emails.is_empty()).then(|| emails[below(dice, emails.len())]) {
        let (email, contact, account) = (Email::parse(email).unwrap(), *contact, site.account);
        let turn = move |conn: &store::Connection, said: &Provenance| {
            contacts::set_primary_email(conn, account, contact, &email, said.now)
        };
        verified(site, turn).await;
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

/// A search that follows the changes finds what one that begins anew finds, and what the tables hold.
fn assert_searched(site: &Site, search: &ContactSearch) {
    let conn = store::Connection::open(site.data_dir().join(store::MAIN_FILE)).unwrap();
    for word in ["a", "@", "example.", "1", "2@", "nobody"] {
        let found = search.find(&conn, site.account, word).unwrap();
        assert_eq!(found, ContactSearch::default().find(&conn, site.account, word).unwrap(), "{word}");
        let held: Vec<u32> = site.asks(&format!(
            "select id from contact c where state = 'active' and (instr(email, '{word}') > 0
                 or exists (select 1 from contact_email e where e.contact_id = c.id and instr(e.email, '{word}') > 0)
                 or exists (select 1 from contact_property p
                     where p.contact_id = c.id and instr(lower(p.value), '{word}') > 0))
             order by id"
        ));
        assert_eq!(found, held, "{word}");
    }
}

/// Each contact belongs to the company of its primary email, and no company is left over.
fn assert_companies(site: &Site) {
    let wrong: i64 = site.ask(
        "select (select count(*) from contact c left join company m on m.id = c.company_id
                 where c.state = 'active' and coalesce(m.domain, '') <> substr(c.email, instr(c.email, '@') + 1))
             + (select count(*) from contact where state <> 'active' and company_id is not null)
             + (select count(*) from company where id not in (select company_id from contact where company_id > 0))",
    );
    assert_eq!(wrong, 0);
}

/// rules.md 12, 21, 31, 35, 37
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
        let search = ContactSearch::default();
        for n in 0..STEPS {
            step(&mut site, &mut model, &dice, n).await;
            assert_eq!(figures(&site), model.figures(), "seed {seed}, step {n}");
            assert_companies(&site);
            assert_searched(&site, &search);
            assert_eq!(latest_sources(&site), model.latest_sources(), "seed {seed}, step {n}");
            assert_eq!(ends(&site), model.ends(), "seed {seed}, step {n}");
            merges += model.merges.len();
            chains += model.merges.values().filter(|joined| model.merges.contains_key(&joined.into)).count();
        }
        site.fold().await;
        model.fold();
        assert_eq!(figures(&site), model.figures(), "seed {seed}");
        assert_eq!(latest_sources(&site), model.latest_sources(), "seed {seed}");
        assert_eq!(ends(&site), model.ends(), "seed {seed}");
        assert_eq!(completers(&site, &secret).await, model.completers(), "seed {seed}");
        assert_whole(&site);
        // Everything is undone in turn.
        while let Some(alias) =
            model.merges.iter().find(|(_, j)| !model.merges.contains_key(&j.into)).map(|(id, _)| *id)
        {
            assert!(model.undo(alias));
            undo(&site, alias).await.unwrap();
            assert_eq!(figures(&site), model.figures(), "seed {seed}, without the merge of {alias}");
            assert_companies(&site);
            assert_eq!(latest_sources(&site), model.latest_sources(), "seed {seed}, without {alias}");
            assert_eq!(ends(&site), model.ends(), "seed {seed}, without {alias}");
        }
        assert_whole(&site);
    }
    assert!(merges > 500 && chains > 100, "{merges} {chains}");
}
