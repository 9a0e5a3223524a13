//! The pages of the consent log and of the report of consent (rules.md 40).

use std::collections::BTreeMap;

use guestlog::app::access::{Actor, consent, tokens};
use guestlog::base::clock::{DAY, HOUR, MINUTE, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::domain::consent::choice::{Answer, Asked, Choice, ChoiceToken, How, Receipt};
use guestlog::domain::consent::rule::{PolicyType, Rule, Target};
use guestlog::domain::device::DeviceClass;
use guestlog::domain::period::Zone;
use guestlog::domain::user::{Role, Scope};
use guestlog::store;
use serde_json::{Value, json};

use super::events::Fixture;
use crate::harness::browser::{Browser, plain};

const TOKEN: [u8; 16] = [7; 16];

fn choice(n: u128, at: Millis) -> Choice {
    Choice {
        receipt: Receipt(n.to_be_bytes()),
        at,
        token: None,
        revision: 1,
        kind: PolicyType::OptInCategories,
        how: How::Reject,
        mask: 1,
        language: "nl".to_owned(),
        asked: Asked {
            host: "site.test".to_owned(),
            path: "/shop".to_owned(),
            country: "NL".to_owned(),
            device: DeviceClass::Mobile,
        },
    }
}

async fn insert(fixture: &Fixture, choices: Vec<Choice>) {
    let (account, zone) = (fixture.account, zone(fixture));
    let write = move |conn: &store::Connection| {
        for choice in &choices {
            let day = zone.day_of(choice.at);
            store::consent::choice::insert(conn, account, day, choice)?;
        }
        Ok::<_, store::Error>(())
    };
    fixture.site.app.store.writer.write(write).await.unwrap();
}

fn zone(fixture: &Fixture) -> Zone {
    fixture.site.app.accounts.find(fixture.account).unwrap().zone.clone()
}

async fn fixture() -> (Fixture, Browser) {
    let fixture = Fixture::new().await;
    let rule = Rule { target: Target::everywhere(), kind: PolicyType::OptInCategories, gpc: false };
    consent::set_rule(&fixture.site.app, Actor::Machine, fixture.account, rule).await.unwrap();
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    (fixture, admin)
}

async fn log(fixture: &Fixture, admin: &Browser, query: &str) -> Value {
    let reply = admin.get(&fixture.path(&format!("settings/consent/log?format=json&{query}"))).await;
    assert_eq!(reply.status, 200, "{query}: {}", reply.body);
    reply.json()
}

fn receipts(log: &Value) -> Vec<u32> {
    let rows = log["rows"].as_array().unwrap().iter();
    rows.map(|row| u32::from_str_radix(row["receipt"].as_str().unwrap(), 16).unwrap()).collect()
}

#[actix_web::test]
async fn an_admin_finds_choices_by_receipt_token_answer_and_day() {
    let (fixture, admin) = fixture().await;
    let page = plain(&admin.get(&fixture.path("settings/consent/log")).await.body);
    assert!(page.contains("No choice yet"), "{page}");
    let now = fixture.site.app.now();
    let accepted =
        Choice { how: How::Accept, mask: 15, token: Some(ChoiceToken(TOKEN)), ..choice(2, now.plus(-HOUR)) };
    let partly =
        Choice { how: How::Save, mask: 3, token: Some(ChoiceToken(TOKEN)), ..choice(3, now.plus(-2 * DAY)) };
    let withdrawn = Choice { how: How::Withdraw, ..choice(4, now.plus(-3 * DAY)) };
    insert(&fixture, vec![withdrawn, partly, accepted, choice(1, now)]).await;
    let day = |ago: i64| zone(&fixture).day_of(now.plus(-ago * DAY)).to_string();
    for (query, found) in [
        (String::new(), vec![1, 2, 3, 4]),
        (format!("key={}", Receipt(2_u128.to_be_bytes())), vec![2]),
        (format!("key={}", ChoiceToken(TOKEN)), vec![2, 3]),
        (format!("key=%20{}", ChoiceToken(TOKEN).to_string().to_uppercase()), vec![2, 3]),
        (format!("key={}", &ChoiceToken(TOKEN).to_string()[1..]), vec![]),
        (format!("key={}", Receipt(9_u128.to_be_bytes())), vec![]),
        ("answer=accepted".to_owned(), vec![2]),
        ("answer=partly".to_owned(), vec![3]),
        ("answer=refused".to_owned(), vec![1]),
        ("answer=withdrawn".to_owned(), vec![4]),
        (format!("to={}", day(2)), vec![3, 4]),
        (format!("from={}&to={}", day(2), day(2)), vec![3]),
        (format!("from={}", day(-1)), vec![]),
        (format!("answer=partly&key={}", ChoiceToken(TOKEN)), vec![3]),
    ] {
        let json = log(&fixture, &admin, &query).await;
        assert_eq!((receipts(&json), &json["total"]), (found.clone(), &json!(found.len())), "{query}");
    }
    for wrong in ["answer=maybe", "from=yesterday", "to=2026-13-01", "limit=0", "limit=1001", "after=x"] {
        assert_eq!(
            admin.get(&fixture.path(&format!("settings/consent/log?{wrong}"))).await.status,
            400,
            "{wrong}"
        );
    }
    let none = plain(&admin.get(&fixture.path("settings/consent/log?key=abc")).await.body);
    assert!(none.contains("No choice matches"), "{none}");
}

#[actix_web::test]
async fn the_log_is_read_page_by_page_and_as_files() {
    let (fixture, admin) = fixture().await;
    let now = fixture.site.app.now();
    // Two at the same time, on either side of a page's end.
    let at = |n: u32| now.plus(-i64::from(n / 2) * MINUTE);
    insert(&fixture, (1..=7).map(|n| choice(u128::from(n), at(n))).collect()).await;
    let (mut seen, mut query) = (Vec::new(), "limit=2".to_owned());
    loop {
        let json = log(&fixture, &admin, &query).await;
        assert_eq!(json["total"], 7);
        seen.extend(receipts(&json));
        let Some(next) = json["next"].as_str() else { break };
        query = format!("limit=2&after={next}");
    }
    assert_eq!(seen, [1, 3, 2, 5, 4, 7, 6]);
    let html = admin.get(&fixture.path("settings/consent/log?limit=2")).await.body;
    assert!(html.contains("after=") && plain(&html).contains("Refused"), "{html}");
    let csv = admin.get(&fixture.path("settings/consent/log?format=csv&bom=0")).await.body;
    let lines: Vec<&str> = csv.lines().collect();
    assert_eq!(lines.len(), 8);
    assert_eq!(
        lines[0],
        "receipt,at,answer,how,analytics,advertisement,functionality,policy,revision,language,host,path,country,device,token"
    );
    assert!(
        lines[1]
            .ends_with("refused,reject,false,false,false,opt-in-categories,1,nl,site.test,/shop,NL,mobile,")
    );
}

#[actix_web::test]
async fn a_receipt_shows_what_its_visitor_was_shown_then() {
    let (fixture, admin) = fixture().await;
    let now = fixture.site.app.now();
    let shown = Choice { how: How::Accept, mask: 15, token: Some(ChoiceToken(TOKEN)), ..choice(1, now) };
    insert(&fixture, vec![shown]).await;
    // The banner of a later revision says something else.
    let account = fixture.account;
    let change = move |conn: &store::Connection| {
        let mut policy = store::consent::find(conn, account)?.unwrap().policy;
        let own = [("by_category".to_owned(), "Mogen wij koekjes?".to_owned())];
        policy.banner.own_texts.insert("nl".to_owned(), own.into());
        store::consent::insert(conn, account, &policy, false, None, now)
    };
    assert_eq!(fixture.site.app.store.writer.write(change).await.unwrap(), 2);
    let later = Choice { revision: 2, ..choice(2, now) };
    let foreign = Choice { language: "xx".to_owned(), ..choice(3, now) };
    insert(&fixture, vec![later, foreign]).await;
    let page = async |n: u128| {
        let path = fixture.path(&format!("settings/consent/log?receipt={}", Receipt(n.to_be_bytes())));
        plain(&admin.get(&path).await.body)
    };
    let first = page(1).await;
    for text in [
        "Mogen we cookies gebruiken? U kunt",
        "Accepted",
        "Opt-in by category",
        "Netherlands · Mobile",
        "site.test/shop",
        &ChoiceToken(TOKEN).to_string(),
        "Analytics, Advertisement, Functionality",
    ] {
        assert!(first.contains(text), "{text}: {first}");
    }
    let second = page(2).await;
    assert!(second.contains("Mogen wij koekjes?") && !second.contains("U kunt alles accepteren"), "{second}");
    assert!(page(3).await.contains("no texts in this language"));
    for missing in ["9", "x", &"0".repeat(32)] {
        let path = fixture.path(&format!("settings/consent/log?receipt={missing}"));
        assert_eq!(admin.get(&path).await.status, 404, "{missing}");
    }
    let texts = admin.get(&fixture.path("settings/consent/log?format=texts")).await.json();
    let revisions = texts["revisions"].as_array().unwrap();
    assert_eq!((&revisions[0]["revision"], &revisions[1]["revision"]), (&json!(2), &json!(1)));
    assert_eq!(revisions[0]["texts"]["nl"]["by_category"], "Mogen wij koekjes?");
    assert!(revisions[1]["texts"]["nl"]["by_category"].as_str().unwrap().starts_with("Mogen we cookies"));
    assert_eq!(revisions[1]["texts"].as_object().unwrap().len(), 4);
}

/// A count of its own: by name, the answers as `[accepted, partly, refused, withdrawn, allowed]`.
type Counts = BTreeMap<String, [u64; 5]>;

fn count(choices: &[Choice], name: impl Fn(&Choice) -> String) -> Counts {
    let mut counts = Counts::new();
    for choice in choices {
        let row = counts.entry(name(choice)).or_default();
        let place = match choice.answer() {
            Answer::Accepted => 0,
            Answer::Partly => 1,
            Answer::Refused => 2,
            Answer::Withdrawn => 3,
        };
        row[place] += 1;
        row[4] += u64::from(choice.how != How::Withdraw && choice.mask & 2 != 0);
    }
    counts
}

fn counts_of(row: &Value) -> [u64; 5] {
    ["accepted", "partly", "refused", "withdrawn", "allowed"].map(|key| row[key].as_u64().unwrap())
}

fn random_choices(now: Millis) -> Vec<Choice> {
    let random = SeededRandom::new(40);
    let pick = |below: u128| u128::from(random.next_u64()) % below;
    let some = |n: u128| {
        let how = How::ALL[usize::try_from(pick(5)).unwrap()];
        let mask = (0..16).map(|_| u8::try_from(pick(16)).unwrap()).find(|mask| how.fits(*mask)).unwrap_or(1);
        let mask = if how == How::Accept && mask & 2 == 0 { 15 } else { mask };
        let country = ["NL", "DE", ""][usize::try_from(pick(3)).unwrap()].to_owned();
        let path = ["/", "/shop", "/a b", ""][usize::try_from(pick(4)).unwrap()].to_owned();
        let device = DeviceClass::ALL[usize::try_from(pick(4)).unwrap()];
        let asked = Asked { host: "site.test".to_owned(), path, country, device };
        let ago = i64::try_from(pick(20 * 24 * 60)).unwrap() * MINUTE;
        Choice { how, mask, asked, ..choice(n, now.plus(-ago)) }
    };
    (1..=700).map(some).collect()
}

#[actix_web::test]
async fn the_report_says_what_an_independent_count_says() {
    let (fixture, admin) = fixture().await;
    let now = fixture.site.app.now();
    let choices = random_choices(now);
    insert(&fixture, choices.clone()).await;
    let zone = zone(&fixture);
    let first = zone.day_of(now).plus(-6);
    let of_week: Vec<Choice> = choices.into_iter().filter(|choice| zone.day_of(choice.at) >= first).collect();
    assert!(of_week.len() > 100);
    type NameOf = fn(&Choice) -> String;
    let name_of: [(&str, NameOf); 3] = [
        ("country", |choice| choice.asked.country.clone()),
        ("page", |choice| format!("{}{}", choice.asked.host, choice.asked.path)),
        ("device", |choice| choice.asked.device.as_str().to_owned()),
    ];
    let all = count(&of_week, |_| String::new());
    for (by, name) in name_of {
        let json = fixture.json(&format!("reports/consent?period=7d&by={by}")).await;
        assert_eq!(counts_of(&json), all[""], "{by}");
        let wanted = count(&of_week, name);
        let rows = json["rows"].as_array().unwrap();
        let found: Counts =
            rows.iter().map(|row| (row["name"].as_str().unwrap().to_owned(), counts_of(row))).collect();
        assert_eq!((found, &json["total"]), (wanted.clone(), &json!(wanted.len())), "{by}");
        let answered = |row: &Value| counts_of(row)[..3].iter().sum::<u64>();
        assert!(rows.is_sorted_by_key(|row| std::cmp::Reverse(answered(row))), "{by}: {rows:?}");
        let top = fixture.json(&format!("reports/consent?period=7d&by={by}&limit=1")).await;
        assert_eq!((top["rows"].as_array().unwrap().len(), &top["total"]), (1, &json!(wanted.len())));
    }
    let answered: u64 = all[""][..3].iter().sum();
    let json = fixture.json("reports/consent?period=7d").await;
    let share = json["allowed_share"].as_f64().unwrap();
    assert!((share - all[""][4] as f64 / answered as f64).abs() < 1e-9, "{share}");
    assert_eq!((&json["asked"], &json["not_logged"]), (&json!(null), &json!(0)));
    let page = fixture.text("reports/consent?period=7d").await;
    let said = format!("Of {answered} answers to the banner, {} allow analytics", all[""][4]);
    assert!(page.contains(&said) && page.contains("not known, because it was not counted"), "{page}");
    assert!(!page.contains("Shown"), "{page}");
    let filtered = admin.get(&fixture.path("reports/consent?period=7d&filter=country:is:NL")).await;
    assert_eq!((filtered.status, filtered.location()), (303, &*fixture.path("reports/consent?period=7d")));
    for wrong in ["by=name", "format=json&filter=country:is:NL"] {
        assert_eq!(
            admin.get(&fixture.path(&format!("reports/consent?{wrong}"))).await.status,
            400,
            "{wrong}"
        );
    }
    let csv = fixture.get("reports/consent?period=7d&by=device&format=csv&bom=0").await.body;
    assert_eq!(csv.lines().next(), Some("name,accepted,partly,refused,withdrawn,allowed,asked"));
    assert_eq!(csv.lines().count(), 5);
}

#[actix_web::test]
async fn who_did_not_answer_is_told_only_of_days_on_which_it_was_counted() {
    let (fixture, _) = fixture().await;
    let now = fixture.site.app.now();
    let accepted = |n, at| Choice { how: How::Accept, mask: 15, ..choice(n, at) };
    // Two days ago nothing was counted.
    insert(&fixture, vec![accepted(1, now.plus(-2 * DAY)), accepted(2, now), choice(3, now)]).await;
    let (account, day) = (fixture.account, zone(&fixture).day_of(now));
    let asked = choice(0, now).asked;
    let elsewhere = Asked { country: String::new(), path: "/other".to_owned(), ..asked.clone() };
    let count = move |conn: &store::Connection| {
        for _ in 0..7 {
            store::consent::choice::count_asked(conn, account, day, &asked)?;
        }
        store::consent::choice::count_asked(conn, account, day, &elsewhere)?;
        Ok::<_, store::Error>(conn.execute("update consent_day set refused = 3 where day = ?1", [day.0])?)
    };
    assert_eq!(fixture.site.app.store.writer.write(count).await.unwrap(), 1);
    let json = fixture.json("reports/consent?period=7d").await;
    assert_eq!(json["asked"], json!({"days": 1, "asked": 8, "answered": 2, "allowed": 1, "unanswered": 6}));
    assert_eq!((&json["accepted"], &json["refused"], &json["not_logged"]), (&json!(2), &json!(1), &json!(3)));
    let rows: Vec<_> =
        json["rows"].as_array().unwrap().iter().map(|row| (&row["name"], &row["asked"])).collect();
    assert_eq!(rows, [(&json!("NL"), &json!(7)), (&json!(""), &json!(1))]);
    let page = fixture.text("reports/consent?period=7d").await;
    for said in [
        "On 1 day of this period",
        "8 times. 2 answers",
        "about 6 times",
        "3 choices were refused by the log",
        "Shown",
    ] {
        assert!(page.contains(said), "{said}: {page}");
    }
}

#[actix_web::test]
async fn stored_page_views_are_told_by_the_origin_of_their_consent() {
    let fixture = Fixture::new().await;
    let view = async |visitor: &str, more: Value| fixture.view(visitor, "/", more).await;
    for n in 0..3 {
        view("ada", json!({"id": format!("a{n}")})).await;
    }
    view("bob", json!({"rev": 1, "by": "banner"})).await;
    view("eve", json!({"rev": 1, "by": "api"})).await;
    let json = fixture.json("reports/consent?period=7d").await;
    let origins: Vec<_> = json["origins"].as_array().unwrap().iter().collect();
    assert_eq!(
        origins,
        [
            &json!({"origin": "beacon", "sessions": 1, "page_views": 3}),
            &json!({"origin": "api", "sessions": 1, "page_views": 1}),
            &json!({"origin": "banner", "sessions": 1, "page_views": 1}),
        ]
    );
    let filtered = fixture.json("pages?period=7d&filter=consent_origin:is:banner").await;
    assert_eq!(filtered["rows"][0]["page_views"], 1);
    let scopes = [Scope::ReportsRead];
    let made = tokens::create(&fixture.site.app, Actor::Machine, fixture.account, "t", &scopes).await;
    let bearer = format!("Bearer {}", made.unwrap().1.reveal());
    let bearer = fixture.site.browser().with("authorization", &bearer);
    let path = fixture.path("reports/consent?format=json&period=7d");
    assert_eq!(bearer.get(&path).await.status, 200);
    let page = fixture.text("reports/consent?period=7d").await;
    assert!(
        page.contains("The visitor answered the banner") && page.contains("What visitors answer"),
        "{page}"
    );
}
