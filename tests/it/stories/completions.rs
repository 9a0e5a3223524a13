//! Event completions: which event they belong to, whose they are, and what they are worth (rules.md 13, 19-22).

use guestlog::app::access::Actor;
use guestlog::app::events::{definitions, unexpected};
use guestlog::base::clock::MINUTE;
use guestlog::domain::event::{EventKind, EventNumber, Status, Typed, UnknownNames, WAITING_MAX};
use guestlog::domain::money::{MINOR_MAX, SUM_MAX};
use guestlog::store::unexpected::{NEWCOMERS_MAX, Sighting, upsert};
use serde_json::{Value, json};

use crate::harness::site::{Site, Wanted, with};

/// `email revenue asserted completions` of every contact.
const CONTACTS: &str =
    "select email || ' ' || revenue_minor || ' ' || revenue_asserted_minor || ' ' || completions
    from contact order by id";
/// `number session event value` of every completion.
const COMPLETIONS: &str = "select visitor || ' ' || session_id || ' ' || event || ' ' || value_minor
    from event_unpacked where kind = 2 order by at_ms, inbox_id, event";

async fn create(site: &Site, name: &str, kind: EventKind, url: &str) -> EventNumber {
    let typed = Typed { name, url, ..Typed::default() };
    definitions::create(&site.app, Actor::Machine, site.account, kind, &typed).await.unwrap()
}

/// rules.md 13, 21, 22
#[actix_web::test]
async fn what_a_program_tells_by_email_is_the_contacts_and_of_no_session() {
    let mut site = Site::new().await;
    assert_eq!(create(&site, "Login", EventKind::Http, "").await.to_string(), "000000000001");
    let call = "/v1/event?_n=000000000001&_a=1000001&email=New%2BOne%40Example.com&_m=19.99&plan=pro";
    for path in [call, &call.replace("event?", "event/?")] {
        let answer = site.get(path).await;
        assert_eq!((answer.status, answer.reason()), (200, "stored"));
        assert_eq!((answer.header("content-type"), answer.body.as_slice()), ("image/gif", b"".as_slice()));
    }
    site.fold().await;
    assert_eq!(site.asks::<String>(CONTACTS), ["new+one@example.com 0 3998 2"]);
    assert_eq!(
        site.asks::<String>(COMPLETIONS),
        ["1 0 1 1999", "1 0 1 1999"],
        "under the contact's own number"
    );
    assert_eq!(site.ask::<i64>("select count(*) from session_unpacked"), 0);
    let source =
        "select replace(value, char(31), '|') from contact join dictionary d on d.kind = 4 and d.id = source";
    assert_eq!(site.ask::<String>(source), "OFFLINE|ANALYTICS|");
    assert_eq!(site.ask::<String>("select name || '=' || value from contact_property"), "plan=pro");
    assert_eq!(site.ask::<i64>("select consent from event_unpacked limit 1"), 32);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_program_that_names_nobody_is_counted_and_an_id_finds_but_never_makes_a_contact() {
    let mut site = Site::new().await;
    create(&site, "Login", EventKind::Http, "").await;
    for query in ["", "&id=77", "&email=ada%40example.com&id=77", "&id=77", "&email=nonsense"] {
        assert_eq!(site.get(&format!("/v1/event?_n=Login&_a=1000001&_m=1{query}")).await.reason(), "stored");
    }
    site.fold().await;
    assert_eq!(site.asks::<String>(CONTACTS), ["ada@example.com 0 200 2"]);
    assert_eq!(
        site.asks::<String>(COMPLETIONS),
        ["0 0 1 100", "0 0 1 100", "1 0 1 100", "1 0 1 100", "0 0 1 100"]
    );
}

/// rules.md 10, 15
#[actix_web::test]
async fn what_a_visitor_did_before_being_identified_belongs_to_the_contact() {
    let mut site = Site::new().await;
    create(&site, "Sale", EventKind::Custom, "").await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.collect(&site.completion("2", "ada", "Sale", "10.005")).await;
    site.collect(&site.completion("3", "ada", "000000000001", Value::Null)).await;
    site.fold().await;
    assert_eq!(site.asks::<String>(COMPLETIONS), ["1 1 1 1001", "1 1 1 0"], "of the open session");
    assert_eq!(site.ask::<String>("select page_views || ' ' || completions from session_unpacked"), "1 2");
    assert_eq!(site.asks::<String>(CONTACTS), Vec::<String>::new());

    let says = with(site.view("4", "ada", "https://example.com/"), "i", json!({"email": "ada@example.com"}));
    site.collect(&says).await;
    site.collect(&site.completion("5", "ada", "Sale", -5)).await;
    site.fold().await;
    assert_eq!(site.asks::<String>(CONTACTS), ["ada@example.com 0 501 3"]);
    assert_eq!(
        site.ask::<i64>("select sum(value_minor) + sum(completions) from visitor"),
        0,
        "handed over once"
    );

    site.clock.advance(30 * MINUTE);
    site.collect(&site.completion("6", "bob", "Sale", 1)).await;
    site.fold().await;
    let session = "select page_views || ' ' || completions || ' ' || entry_page from session_unpacked where visitor = 3";
    assert_eq!(site.asks::<String>(session), ["0 1 0"], "a completion opens a session as well");
    site.assert_that_all_are_counted().await;
}

/// rules.md 12: identity is resolved when a report is read, also by the fold that remembers it.
#[actix_web::test]
async fn a_completion_counts_for_whom_the_visitor_is_now() {
    let mut site = Site::new().await;
    let number = create(&site, "Sale", EventKind::Custom, "").await;
    let is = |view: Value, email: &str| with(view, "i", json!({"email": email}));
    let mut completions = 0;
    for (visitor, email, contacts) in [
        ("ada", "", 0),
        ("ada", "ada@example.com", 1),
        ("bob", "", 1),
        // A second device of Ada's, and a third one after the list was read again.
        ("bob", "ada@example.com", 1),
        ("cyn", "cyn@example.com", 2),
        ("dan", "", 2),
        ("dan", "cyn@example.com", 2),
        // Another person uses the same device.
        ("dan", "dan@example.com", 3),
    ] {
        completions += 1;
        let done = site.completion(&completions.to_string(), visitor, "Sale", 1);
        site.collect(&if email.is_empty() { done } else { is(done, email) }).await;
        site.fold().await;
        let goes = definitions::what_goes(&site.app, site.account, number).await.unwrap();
        assert_eq!((goes.completions, goes.contacts), (completions, contacts), "{visitor} {email}");
    }
    assert_eq!(site.ask::<i64>("select count(*) from visitor_change"), 2);
}

/// rules.md 21
#[actix_web::test]
async fn a_value_that_is_no_amount_keeps_the_completion_at_zero_with_its_mark() {
    let mut site = Site::new().await;
    let typed = Typed { name: "Sale", value: "9.50", ..Typed::default() };
    let made = definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &typed).await;
    let number = made.unwrap();
    for (place, (value, expected)) in [
        ("12,50", Some(1250)),
        ("€ 5", Some(500)),
        ("5 EUR", Some(500)),
        ("1.234,50", Some(123_450)),
        ("1,996.00", Some(199_600)),
        ("", Some(950)),
        ("1,996", None),
        ("NaN", None),
        ("Infinity", None),
        ("[object Object]", None),
        ("1e11", None),
        ("$ 5", None),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("v{place}");
        let answer = site.collect(&site.completion(&id, "ada", "Sale", value)).await;
        assert!(answer.status < 300, "{value}");
        assert_eq!(answer.reason(), if expected.is_some() { "stored" } else { "bad_value" }, "{value}");
        let again = site.collect(&site.completion(&id, "ada", "Sale", value)).await;
        assert!(again.status < 300, "{value}");
        site.fold().await;
        let kept =
            site.asks::<i64>("select value_minor from event_unpacked where kind = 2 order by inbox_id");
        assert_eq!((kept.len(), kept.last()), (place + 1, Some(&expected.unwrap_or(0))), "{value}");
        let mark = "select coalesce((select properties ->> 'bad_value' from event_property
            where inbox_id = (select max(inbox_id) from event_unpacked)), '')";
        assert_eq!(site.ask::<String>(mark), if expected.is_some() { "" } else { value }, "{value}");
    }
    use guestlog::domain::hit_reason::Reason;
    assert_eq!(site.count(Reason::BadValue), 6);
    assert_eq!(site.count(Reason::Duplicate), 12);
    assert_eq!(site.count(Reason::Stored), 6);
    assert!(site.app.live.list(site.account, 0, 100).iter().any(|entry| entry.reason == Reason::BadValue));
    let by_program =
        site.get(&format!("/v1/event?_a=1000001&_n={number}&_m=five&email=bob@example.com")).await;
    assert_eq!((by_program.status, by_program.reason()), (200, "bad_value"));
    site.fold().await;
    assert_eq!(site.ask::<i64>("select completions from contact"), 1);
}

/// An event may name the property that holds its value. A value of its own comes first.
#[actix_web::test]
async fn a_property_is_the_value_where_the_event_names_it() {
    let mut site = Site::new().await;
    let typed = Typed { name: "Sale", value: "1", value_property: "price * quantity", ..Typed::default() };
    definitions::create(&site.app, Actor::Machine, site.account, EventKind::Custom, &typed).await.unwrap();
    for (place, (value, properties, expected, reason)) in [
        ("", json!({"price": "19,99 €", "quantity": 3}), 5997, "stored"),
        ("7", json!({"price": 19.99, "quantity": 3}), 700, "stored"),
        ("", json!({"plan": "pro"}), 100, "stored"),
        ("", json!({"price": "a lot"}), 0, "bad_value"),
    ]
    .into_iter()
    .enumerate()
    {
        let mut hit = site.completion(&format!("p{place}"), "ada", "Sale", value);
        hit["p"] = properties;
        assert_eq!(site.collect(&hit).await.reason(), reason, "{place}");
        site.fold().await;
        let last = "select value_minor from event_unpacked where kind = 2 order by inbox_id desc";
        assert_eq!(site.ask::<i64>(last), expected, "{place}");
    }
}

/// rules.md 5, 7, 19, 21
#[actix_web::test]
async fn what_is_not_counted_says_why() {
    let mut site = Site::new().await;
    let number = create(&site, "Sale", EventKind::Custom, "").await;
    let old = create(&site, "Old", EventKind::Custom, "").await;
    let gone = create(&site, "Gone", EventKind::Custom, "").await;
    for (number, status) in [(old, Status::Archived), (gone, Status::Deleted)] {
        definitions::set_status(&site.app, Actor::Machine, site.account, number, status).await.unwrap();
    }
    for (n, m, reason) in [
        ("000000000009", "", "unknown_event"),
        ("000000000000", "", "unknown_event"),
        ("000000000003", "", "unknown_event"),
        ("", "", "malformed"),
        (&*"x".repeat(101), "", "too_large"),
    ] {
        let is_refused = ["malformed", "too_large"].contains(&reason);
        for answer in [
            site.collect(&site.completion("e", "ada", n, m)).await,
            site.gif(&[
                ("a", "1000001"),
                ("k", "3"),
                ("vi", "ada"),
                ("pu", "https://example.com/"),
                ("n", n),
                ("m", m),
            ])
            .await,
            site.get(&format!("/v1/event?_a=1000001&_n={n}&_m={m}")).await,
        ] {
            assert_eq!(answer.reason(), reason, "{n} {m}");
            assert_eq!(answer.status >= 400, is_refused, "{n} {m}");
        }
    }
    assert_eq!(site.get("/v1/event?_a=7&_n=Sale").await.reason(), "unknown_account");
    assert_eq!(site.app.store.inbox.last_id(), 0, "nothing of it is kept");
    for (id, event, value) in [("1", "Sale", 2), ("1", "Sale", 2), ("2", "Old", 2), ("3", "Gone", 2)] {
        assert_eq!(site.collect(&site.completion(id, "ada", event, value)).await.reason(), "stored");
    }
    site.fold().await;
    use guestlog::domain::hit_reason::Reason;
    let counts = [Reason::Stored, Reason::Duplicate, Reason::ArchivedEvent, Reason::UnknownEvent];
    assert_eq!(counts.map(|reason| site.count(reason)), [1, 1, 1, 10]);
    assert_eq!(site.asks::<String>(COMPLETIONS), [format!("1 1 {} 200", number.0)]);
    site.assert_that_all_are_counted().await;
}

/// rules.md 19, 20
#[actix_web::test]
async fn names_become_events_up_to_the_limit_and_wait_past_it() {
    let mut site = Site::with(Wanted { events: 2, ..Wanted::default() }).await;
    for (id, name) in [("1", "One"), ("2", "Two"), ("3", "Three"), ("4", "Three"), ("5", "One")] {
        site.collect(&site.completion(id, "ada", name, 1)).await;
    }
    site.collect(&site.completion("4", "ada", "Three", 1)).await;
    site.fold().await;
    let names = "select number || ' ' || name || ' ' || kind from event_definition order by number";
    assert_eq!(site.asks::<String>(names), ["1 One custom", "2 Two custom"]);
    let waiting = "select name || ' ' || seen || ' ' || page from unexpected_event";
    assert_eq!(site.asks::<String>(waiting), ["Three 2 example.com/cart"], "a repeat is not seen twice");
    assert_eq!(site.asks::<String>(COMPLETIONS), ["1 1 1 100", "1 1 2 100", "1 1 1 100"]);
    assert_eq!(
        site.collect(&site.completion("6", "ada", "000000000002", 1)).await.reason(),
        "stored",
        "by its id"
    );

    // At the limit again: names under review stay there, and new names wait too.
    definitions::set_status(&site.app, Actor::Machine, site.account, EventNumber(1), Status::Archived)
        .await
        .unwrap();
    for (id, name) in [("7", "Three"), ("8", "Four"), ("9", "One")] {
        site.collect(&site.completion(id, "ada", name, 1)).await;
    }
    site.fold().await;
    assert_eq!(site.asks::<String>(names), ["1 One custom", "2 Two custom", "3 Four custom"]);
    assert_eq!(site.asks::<String>(waiting), ["Three 3 example.com/cart"]);
    site.assert_that_all_are_counted().await;
}

/// rules.md 20
#[actix_web::test]
async fn names_are_approved_while_they_fit_dismissed_and_taken_back() {
    let mut site = Site::with(Wanted { events: 3, ..Wanted::default() }).await;
    for (id, name) in [("1", "A"), ("2", "B"), ("3", "C"), ("4", "D"), ("5", "E"), ("6", "E")] {
        site.collect(&site.completion(id, "ada", name, 1)).await;
    }
    site.fold().await;
    let (app, account) = (std::sync::Arc::clone(&site.app), site.account);
    let list = async |dismissed| {
        let names = unexpected::list(&app, account, dismissed).await.unwrap();
        names.into_iter().map(|name| (name.id, name.name, name.seen)).collect::<Vec<_>>()
    };
    let waiting = list(false).await;
    assert_eq!(
        waiting.iter().map(|(_, name, seen)| (name.as_str(), *seen)).collect::<Vec<_>>(),
        [("E", 2), ("D", 1)]
    );
    let [e, d] = [waiting[0].0, waiting[1].0];
    let approve = async |ids: &[i64]| unexpected::approve(&app, Actor::Machine, account, ids.to_vec()).await;
    let full = approve(&[e]).await.unwrap_err();
    assert!(matches!(full, unexpected::Error::Full { active: 3, limit: 3, wanted: 1 }), "{full}");
    let archive = async |number| {
        definitions::set_status(&app, Actor::Machine, account, EventNumber(number), Status::Archived)
            .await
            .unwrap();
    };
    archive(1).await;
    assert!(matches!(approve(&[e, d]).await, Err(unexpected::Error::Full { active: 2, wanted: 2, .. })));
    assert_eq!(list(false).await, waiting, "all or nothing");
    archive(2).await;
    assert_eq!(approve(&[e, d]).await.unwrap(), [EventNumber(4), EventNumber(5)]);
    site.collect(&site.completion("7", "ada", "E", 1)).await;
    site.fold().await;
    assert_eq!(
        site.ask::<i64>("select count(*) from event_unpacked where event = 4"),
        1,
        "counted from now on"
    );

    for (id, name) in [("8", "F"), ("9", "G")] {
        site.collect(&site.completion(id, "ada", name, 1)).await;
    }
    site.fold().await;
    let ids: Vec<i64> = list(false).await.iter().map(|(id, ..)| *id).collect();
    let dismiss =
        async |to| unexpected::set_dismissed(&app, Actor::Machine, account, ids.clone(), to).await.unwrap();
    dismiss(true).await;
    assert_eq!((list(false).await.len(), list(true).await.len()), (0, 2));
    archive(3).await;
    assert!(matches!(approve(&[e]).await, Err(unexpected::Error::Gone)));
    site.collect(&site.completion("10", "ada", "F", 1)).await;
    site.fold().await;
    assert_eq!(list(true).await[0].2, 2, "seen again, and still dismissed");
    dismiss(false).await;
    assert_eq!((list(false).await.len(), list(true).await.len()), (2, 0));
}

/// rules.md 20
#[actix_web::test]
async fn of_more_names_than_may_wait_the_least_seen_gives_way() {
    let site = Site::new().await;
    let account = site.account;
    let sighting = |name: String, times, last_ms| Sighting {
        name,
        kind: EventKind::Custom,
        page: String::new(),
        times,
        first_ms: last_ms,
        last_ms,
    };
    let write = async |names: Vec<Sighting>| {
        let job = move |conn: &guestlog::store::Connection| upsert(conn, account, &names);
        site.app.store.writer.write(job).await.unwrap();
    };
    write((0..WAITING_MAX).map(|n| sighting(format!("n{n}"), if n == 0 { 9 } else { 1 }, n)).collect()).await;
    let count = || site.ask::<i64>("select count(*) from unexpected_event");
    assert_eq!(count(), WAITING_MAX);
    write(vec![sighting("n0".into(), 1, 20_000), sighting("new".into(), 1, 20_001)]).await;
    assert_eq!(count(), WAITING_MAX + 1, "and those that gave way");
    let seen = |name: &str| {
        site.asks::<i64>(&format!("select seen from unexpected_event where name = '{name}'")).first().copied()
    };
    assert_eq!(["n0", "n1", "n2", "new", "(other)"].map(seen), [Some(10), None, Some(1), Some(1), Some(1)]);
    write(vec![sighting("newer".into(), 3, 20_002)]).await;
    assert_eq!(["n2", "(other)", "newer"].map(seen), [None, Some(2), Some(3)]);

    // Of many names at once, the most frequent and most recent ones are kept.
    let flood = i64::try_from(NEWCOMERS_MAX).unwrap();
    write((0..=flood).map(|n| sighting(format!("f{n}"), 1, 30_000 + n)).collect()).await;
    assert_eq!((count(), seen("f0"), seen("f1")), (WAITING_MAX + 1, None, Some(1)));
    assert_eq!(seen("(other)"), Some(2 + flood + 1));
    assert_eq!(seen("newer"), Some(3));
    let other = site.ask::<i64>("select id from unexpected_event where name = '(other)'");
    let refused = unexpected::approve(&site.app, Actor::Machine, account, vec![other]).await;
    assert!(matches!(refused, Err(unexpected::Error::Many)));
}

/// rules.md 19
#[actix_web::test]
async fn an_account_may_queue_or_refuse_every_new_name() {
    for (rule, reason) in [(UnknownNames::Queue, 1), (UnknownNames::Refuse, 0)] {
        let mut site = Site::new().await;
        create(&site, "Known", EventKind::Custom, "").await;
        definitions::set_unknown_names(&site.app, Actor::Machine, site.account, rule).await.unwrap();
        for (id, name) in [("1", "New"), ("2", "Known")] {
            site.collect(&site.completion(id, "ada", name, 1)).await;
        }
        site.fold().await;
        assert_eq!(site.ask::<i64>("select count(*) from event_definition"), 1);
        assert_eq!(site.ask::<i64>("select count(*) from unexpected_event"), reason, "{rule:?}");
        assert_eq!(site.asks::<String>(COMPLETIONS), ["1 1 1 100"]);
    }
}

#[actix_web::test]
async fn a_page_view_completes_the_events_whose_url_rule_it_matches() {
    let mut site = Site::new().await;
    for (name, url) in [("Thanks", "/thanks*"), ("Any", "*example.com/*"), ("Other", "/other")] {
        create(&site, name, EventKind::Visit, url).await;
    }
    site.collect(&site.view("1", "ada", "https://example.com/thanks?order=1")).await;
    site.collect(&site.view("1", "ada", "https://example.com/thanks?order=1")).await;
    site.collect(&site.view("2", "ada", "https://example.com/")).await;
    site.fold().await;
    assert_eq!(site.asks::<String>(COMPLETIONS), ["1 1 1 0", "1 1 2 0", "1 1 2 0"]);
    assert_eq!(site.ask::<String>("select page_views || ' ' || completions from session_unpacked"), "2 3");
    site.assert_that_all_are_counted().await;
}

/// At the limit a sum saturates, so no flood of large values makes a sum that cannot be stored.
#[actix_web::test]
async fn sums_of_money_end_at_their_bound() {
    let mut site = Site::new().await;
    create(&site, "Sale", EventKind::Custom, "").await;
    site.get("/v1/event?_a=1000001&_n=Sale&email=ada%40example.com&_m=1").await;
    site.fold().await;
    let app = site.app.clone();
    let set = |minor: i64| {
        let sql = format!("update contact set revenue_asserted_minor = {minor}");
        app.store.writer.write(move |conn| Ok::<_, guestlog::store::Error>(conn.execute_batch(&sql)?))
    };
    for sign in [1, -1] {
        set(sign * (SUM_MAX - MINOR_MAX)).await.unwrap();
        for _ in 0..2 {
            let call = format!("/v1/event?_a=1000001&_n=Sale&email=ada%40example.com&_m={sign}e10");
            assert_eq!(site.get(&call).await.reason(), "stored");
            site.fold().await;
            assert_eq!(site.ask::<i64>("select revenue_asserted_minor from contact"), sign * SUM_MAX);
        }
    }
    assert_eq!(site.count(guestlog::domain::hit_reason::Reason::DeadLetter), 0);
}
