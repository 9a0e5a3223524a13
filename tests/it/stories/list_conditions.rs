//! Lists on submitted forms and on properties of completed events, against a count of what was sent: at many moments of a
//! moving clock, through merges and their undoing.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::people::lists;
use guestlog::app::people::merge::{merge, undo_merge};
use guestlog::base::clock::{DAY, HOUR};
use guestlog::base::random::SeededRandom;
use guestlog::domain::list::Conditions;
use serde_json::json;

use crate::harness::site::{Site, with};

const PEOPLE: u64 = 4;
const FORMS: [&str; 2] = ["contact", "newsletter"];
const SIZES: [&str; 4] = ["L", "XL", "l", "12.5"];
const CENTS: [i64; 3] = [0, 1_000, 2_500];
const STEPS: usize = 90;

/// What a person sent: when, who, and a form or a completion with its size and value in cents.
struct Fact {
    at_ms: i64,
    person: u64,
    form: Option<&'static str>,
    size: Option<&'static str>,
    cents: i64,
}

fn email(person: u64) -> String {
    format!("person{person}@example.test")
}

async fn submit(site: &Site, person: u64, form: &str) {
    let sent = json!({"fields": [{"name": "email", "value": email(person)}]});
    let request = TestRequest::default().method(Method::POST).set_payload(sent.to_string());
    let uri = format!("/submissions/v3/integration/submit/1000001/{form}");
    assert_eq!(site.call(request.uri(&uri)).await.status, 200);
}

async fn complete(site: &Site, id: usize, person: u64, size: Option<&str>, cents: i64) {
    let hit = site.completion(&format!("c{id}"), &format!("browser{person}"), "Order", cents / 100);
    let hit = with(hit, "i", json!({"email": email(person)}));
    site.collect(&match size {
        Some("12.5") => with(hit, "p", json!({"Size": 12.5, "other": "L"})),
        Some(size) => with(hit, "p", json!({"Size": size, "size": "L"})),
        None => hit,
    })
    .await;
}

/// The emails of the contacts for whom a condition holds now, sorted.
async fn found(site: &Site, condition: &str) -> Vec<String> {
    let conditions = Conditions::parse(&format!(r#"{{"any":[{{"all":[{condition}]}}]}}"#)).unwrap();
    let members = lists::find(&site.app, site.account, conditions).await.unwrap();
    let mut emails: Vec<String> = members
        .contacts
        .iter()
        .map(|id| site.ask(&format!("select email from contact where id = {id}")))
        .collect();
    emails.sort();
    emails
}

#[actix_web::test]
async fn submissions_and_properties_are_counted_as_they_were_sent_at_every_moment() {
    let mut site = Site::new().await;
    let random = SeededRandom::new(7);
    let below = |n: u64| random.next_u64() % n;
    let mut facts: Vec<Fact> = Vec::new();
    // Who each person is part of now.
    let mut whole: Vec<u64> = (0..PEOPLE).collect();
    for person in 0..PEOPLE {
        complete(&site, 1_000 + person as usize, person, None, 0).await;
        facts.push(Fact { at_ms: site.app.now().0, person, form: None, size: None, cents: 0 });
    }
    site.fold().await;
    let event: i64 = site.ask("select number from event_definition where name = 'Order'");
    let contact = |site: &Site, person: u64| {
        site.ask::<i64>(&format!(
            "select contact_id from contact_email where email = '{0}'
            union all select id from contact where email = '{0}'",
            email(person)
        ))
    };
    let ids: Vec<i64> = (0..PEOPLE).map(|person| contact(&site, person)).collect();
    let (mut some, mut asked) = (0, 0);
    for step in 0..STEPS {
        site.clock.advance([HOUR, 7 * HOUR, DAY][below(3) as usize]);
        let person = below(PEOPLE);
        match below(5) {
            0 | 1 => {
                let form = FORMS[below(2) as usize];
                submit(&site, person, form).await;
                // What a form brings while two are one stays with the contact that they were.
                let person = whole[person as usize];
                facts.push(Fact { at_ms: site.app.now().0, person, form: Some(form), size: None, cents: 0 });
            }
            2 | 3 => {
                let size = Some(SIZES[below(4) as usize]).filter(|_| below(4) > 0);
                let cents = CENTS[below(3) as usize];
                complete(&site, step, person, size, cents).await;
                facts.push(Fact { at_ms: site.app.now().0, person, form: None, size, cents });
            }
            // Two are one for some steps.
            _ if whole == (0..PEOPLE).collect::<Vec<_>>() => {
                let into = (person + 1) % PEOPLE;
                site.fold().await;
                merge(&site.app, Actor::Machine, site.account, ids[person as usize], ids[into as usize])
                    .await
                    .unwrap();
                whole[person as usize] = into;
            }
            _ => {
                let alias = (0..PEOPLE).find(|person| whole[*person as usize] != *person).unwrap();
                site.fold().await;
                undo_merge(&site.app, Actor::Machine, site.account, ids[alias as usize]).await.unwrap();
                whole[alias as usize] = alias;
            }
        }
        site.fold().await;
        let (days, number) = (1 + below(4) as i64, below(3) as usize);
        let (is, holds): (&str, fn(usize, usize) -> bool) = [
            ("at_least", (|n, wanted| n >= wanted) as fn(usize, usize) -> bool),
            ("at_most", |n, wanted| n <= wanted),
            ("exactly", |n, wanted| n == wanted),
        ][below(3) as usize];
        let rest =
            format!(r#""is":"{is}","number":{number},"within":{{"last":{{"amount":{days},"unit":"days"}}}}"#);
        let form = FORMS[below(2) as usize];
        let of_form: i64 = site
            .asks::<i64>(&format!("select id from form where key = '{form}'"))
            .first()
            .copied()
            .unwrap_or(99);
        let since = site.app.now().0 - days * DAY;
        let count = |of: &dyn Fn(&Fact) -> bool| -> Vec<String> {
            let mut emails: Vec<String> = (0..PEOPLE)
                .filter(|person| whole[*person as usize] == *person)
                .filter(|person| {
                    let done = facts.iter().filter(|fact| {
                        whole[fact.person as usize] == *person && fact.at_ms >= since && of(fact)
                    });
                    holds(done.count(), number)
                })
                .map(email)
                .collect();
            emails.sort();
            emails
        };
        let property = |test: &str| {
            format!(r#"{{"completion_property":{{"event":{event},"property":"Size",{test},{rest}}}}}"#)
        };
        let worth = |of: &str, value: &str| format!(r#"{{"completion_value":{{{of}{value},{rest}}}}}"#);
        let of_event = format!(r#""event":{event},"#);
        for (condition, wanted) in [
            (
                worth(&of_event, r#""value_is":"at_least","value_minor":1000"#),
                count(&|fact| fact.cents >= 1_000),
            ),
            (worth("", r#""value_is":"exactly","value_minor":2500"#), count(&|fact| fact.cents == 2_500)),
            (
                worth(&of_event, r#""value_is":"at_most","value_minor":1000"#),
                count(&|fact| fact.form.is_none() && fact.cents <= 1_000),
            ),
            (
                format!(r#"{{"submission":{{"form":{of_form},{rest}}}}}"#),
                count(&|fact| fact.form == Some(form)),
            ),
            (format!(r#"{{"submission":{{{rest}}}}}"#), count(&|fact| fact.form.is_some())),
            (property(r#""test":"is","value":"L""#), count(&|fact| matches!(fact.size, Some("L" | "l")))),
            (
                property(r#""test":"contains","value":"l""#),
                count(&|fact| matches!(fact.size, Some("L" | "l" | "XL"))),
            ),
            (property(r#""test":"is","value":"12.5""#), count(&|fact| fact.size == Some("12.5"))),
            (property(r#""test":"is_known""#), count(&|fact| fact.size.is_some())),
        ] {
            assert_eq!(found(&site, &condition).await, wanted, "step {step}: {condition}, {whole:?}");
            some += usize::from(!wanted.is_empty() && wanted.len() < PEOPLE as usize);
            asked += 1;
        }
    }
    assert!(some > asked / 3, "{some} of {asked}");
}
