//! The hits of one visitor: sessions, sources, identity, late and repeated hits.

use guestlog::base::clock::{DAY, HOUR, MINUTE, Millis, SECOND};
use guestlog::domain::hit_reason::Reason;
use serde_json::{Value, json};

use crate::harness::site::{NOON, Site, with};

/// A page view with a referrer.
fn view(site: &Site, id: &str, visitor: &str, url: &str, referrer: &str) -> Value {
    with(site.view(id, visitor, url), "r", referrer)
}

/// `SOURCE|detail|detail 2` of each session.
fn sources(site: &Site) -> Vec<String> {
    let sources = "select replace(value, char(31), '|') from session_unpacked
                   join dictionary d on d.kind = 4 and d.id = source order by session_unpacked.id";
    site.asks(sources)
}

/// rules.md 10, 11
#[actix_web::test]
async fn a_visitor_comes_reads_on_goes_and_comes_back_by_an_inner_link() {
    let mut site = Site::new().await;
    site.collect(&view(&site, "1", "ada", "https://example.com/", "https://news.test/article")).await;
    site.clock.advance(20 * SECOND);
    let engaged = json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/",
        "pv": "1", "ms": 18_000, "cc": 15});
    site.collect(&engaged).await;
    site.collect(&view(&site, "2", "ada", "https://example.com/shop", "https://example.com/")).await;
    site.fold().await;
    let session = "select visitor || ' ' || page_views || ' ' || engaged_ms || ' ' || is_new || ' '
                   || (last_ms - start_ms) || ' ' || (entry_page <> exit_page) from session_unpacked order by id";
    assert_eq!(site.asks::<String>(session), ["1 2 18000 1 20000 1"]);
    assert_eq!(sources(&site), ["REFERRALS|news.test|news.test/article"]);

    site.clock.advance(30 * MINUTE);
    site.collect(&view(&site, "3", "ada", "https://example.com/cart", "https://www.example.com/shop")).await;
    site.fold().await;
    assert_eq!(site.asks::<String>(session), ["1 2 18000 1 20000 1", "1 1 0 0 0 0"]);
    let kept = "REFERRALS|news.test|news.test/article";
    assert_eq!(sources(&site), [kept, kept], "an inner start keeps the source");

    site.clock.advance(30 * DAY + 1);
    site.collect(&view(&site, "4", "ada", "https://example.com/help", "https://example.com/")).await;
    site.fold().await;
    assert_eq!(sources(&site)[2], "DIRECT_TRAFFIC|example.com/help|", "but not for ever");
    assert_eq!(site.asks::<i64>("select number from visitor"), [1]);
    site.assert_that_all_are_counted().await;
}

/// rules.md 12, 13
#[actix_web::test]
async fn a_shared_browser_that_says_another_name_gets_a_new_number() {
    let mut site = Site::new().await;
    let says = |id: &str, email: &str| {
        with(site.view(id, "shared", "https://example.com/"), "i", json!({"email": email, "plan": "x"}))
    };
    let (ada, again, bob) =
        (says("2", "Ada@Example.com"), says("3", "ada@example.com"), says("4", "bob@b.test"));
    site.collect(&site.view("1", "shared", "https://example.com/")).await;
    site.fold().await;
    site.clock.advance(SECOND);
    site.collect(&json!([ada, again])).await;
    site.fold().await;
    assert_eq!(site.asks::<String>("select email || ' ' || number from contact"), ["ada@example.com 2"]);
    site.clock.advance(SECOND);
    site.collect(&bob).await;
    site.collect(&with(site.view("5", "shared", "https://example.com/b"), "t", "After")).await;
    site.fold().await;
    let numbers =
        "select number || ' ' || no_browser || ' ' || coalesce(contact_id, '-') from visitor order by number";
    // In order: the browser before it was Ada's, Ada's own number, Bob's own number, and the browser after it
    // became Bob's.
    assert_eq!(site.asks::<String>(numbers), ["1 0 1", "2 1 1", "3 1 2", "4 0 2"]);
    assert_eq!(site.asks::<i64>("select visitor from event_unpacked order by inbox_id"), [1, 1, 1, 4, 4]);
    assert_eq!(site.asks::<i64>("select number from visitor_token"), [4]);
    assert_eq!(
        site.asks::<String>("select id || ' ' || switched from session_unpacked"),
        ["1 1"],
        "the session goes on"
    );
    // A later batch finds the same number.
    site.collect(&site.view("6", "shared", "https://example.com/c")).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select visitor from event_unpacked order by inbox_id desc"), 4);
    assert_eq!(site.ask::<i64>("select last_visitor from account"), 4);
    assert_eq!(site.asks::<i64>("select distinct verified from contact_property"), [0]);
    site.assert_that_all_are_counted().await;
}

/// rules.md 6, 10: a hit that waited while the server was down joins the session of its time.
#[actix_web::test]
async fn a_late_hit_joins_the_open_session_and_moves_its_beginning() {
    let mut site = Site::new().await;
    site.collect(&view(&site, "now", "ada", "https://example.com/second", "https://example.com/first")).await;
    site.fold().await;
    let late = with(view(&site, "late", "ada", "https://example.com/first", ""), "age", 5 * MINUTE);
    site.collect(&late).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select start_ms - 1795348800000 from session_unpacked"), [-5 * MINUTE]);
    assert_eq!(site.ask::<i64>("select last_ms from session_unpacked"), NOON.0);
    let pages = "select group_concat(replace(d.value, char(31), '|'), ' ') from session_unpacked s
                 join dictionary d on d.kind = 1 and d.id in (s.entry_page, s.exit_page)";
    let entry = format!("{pages} and d.id = s.entry_page");
    assert_eq!(site.ask::<String>(&entry), "example.com|/first|");
    let exit = format!("{pages} and d.id = s.exit_page");
    assert_eq!(site.ask::<String>(&exit), "example.com|/second|");
    assert_eq!(site.ask::<i64>("select first_ms from visitor"), NOON.0 - 5 * MINUTE);
}

/// rules.md 15
#[actix_web::test]
async fn engagement_told_again_counts_once_and_only_the_longest() {
    let mut site = Site::new().await;
    site.collect(&site.view("v", "ada", "https://example.com/")).await;
    let engaged = |ms: i64| json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/", "pv": "v", "ms": ms});
    for ms in [4_000, 9_000, 9_000, 2_000] {
        assert_eq!(site.collect(&engaged(ms)).await.reason(), "stored");
        site.fold().await;
    }
    site.collect(&json!([engaged(12_000), engaged(12_000)])).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select engaged_ms from event_unpacked"), 12_000);
    assert_eq!(site.ask::<i64>("select engaged_ms from session_unpacked"), 12_000);
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1, "it is no view");
    site.collect(&with(engaged(5), "pv", "unknown")).await;
    site.fold().await;
    assert_eq!(site.count(Reason::UnknownPageView), 1);
    site.assert_that_all_are_counted().await;
}

/// rules.md 12
#[actix_web::test]
async fn numbers_of_visitors_and_sessions_have_no_gaps_whatever_was_refused() {
    let mut site = Site::new().await;
    for n in 0..40 {
        let visitor = format!("v{n}");
        let view = site.view(&format!("{}", n / 2), &visitor, "https://example.com/");
        // Every second hit repeats an id, and every fifth is rejected.
        let view = if n % 5 == 4 { with(view, "cc", 0) } else { view };
        site.collect(&view).await;
        if n % 7 == 0 {
            site.fold().await;
        }
    }
    site.fold().await;
    for (table, column, last_of) in
        [("visitor", "number", "last_visitor"), ("session_unpacked", "id", "last_session")]
    {
        let numbers = site.asks::<i64>(&format!("select {column} from {table} order by 1"));
        let last = i64::try_from(numbers.len()).unwrap();
        assert_eq!(numbers, (1..=last).collect::<Vec<_>>(), "{table}");
        assert_eq!(site.ask::<i64>(&format!("select {last_of} from account")), last);
        assert_eq!(last, 20);
    }
}

/// A hit that was accepted before a restart is counted after it.
#[actix_web::test]
async fn what_waits_at_a_start_is_folded_and_counted() {
    let site = Site::new().await;
    site.collect(&json!([
        site.view("1", "a", "https://example.com/"),
        site.view("2", "b", "https://b.test/")
    ]))
    .await;
    let mut site = site.restart().await;
    assert_eq!(site.app.counters.received(), 2);
    site.assert_that_all_are_counted().await;
    site.fold().await;
    assert_eq!(site.asks::<String>("select event_id from seen order by 1"), ["1", "2"]);
    site.assert_that_all_are_counted().await;
    let mut site = site.restart().await;
    site.collect(&site.view("3", "a", "https://example.com/")).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select visitor from event_unpacked order by inbox_id"), [1, 2, 1]);
    assert_eq!(site.ask::<i64>("select max(inbox_id) from event_unpacked"), 3, "numbers of the inbox go on");
}

/// rules.md 12
#[actix_web::test]
async fn a_contact_keeps_the_source_of_the_first_session() {
    let mut site = Site::new().await;
    site.collect(&view(&site, "1", "ada", "https://example.com/", "https://news.test/article")).await;
    site.clock.advance(31 * MINUTE);
    let later = with(site.view("2", "ada", "https://example.com/"), "i", json!({"email": "ada@example.com"}));
    site.collect(&later).await;
    site.fold().await;
    let source = "select replace(value, char(31), '|') from contact
                  join dictionary d on d.kind = 4 and d.id = source";
    assert_eq!(site.asks::<String>(source), ["REFERRALS|news.test|news.test/article"]);
}

#[actix_web::test]
async fn names_and_properties_of_a_person_are_bounded() {
    use guestlog::domain::contact::PROPERTIES_MAX;
    use guestlog::store::identification::IDENTIFICATIONS_MAX;
    let mut site = Site::new().await;
    for n in 0..=IDENTIFICATIONS_MAX {
        let said = json!({"email": "ada@example.com", "id": format!("n{n}"), format!("p{n}"): "x"});
        site.collect(&with(site.view(&format!("e{n}"), "ada", "https://example.com/"), "i", said)).await;
    }
    let said = json!({"email": "ada@example.com", "p0": "new"});
    site.collect(&with(site.view("last", "ada", "https://example.com/"), "i", said)).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select count(*) from identification"), [IDENTIFICATIONS_MAX as i64]);
    assert_eq!(site.asks::<i64>("select count(*) from contact_property"), [PROPERTIES_MAX as i64]);
    let first = "select value from contact_property where name = 'p0'";
    assert_eq!(site.asks::<String>(first), ["new"], "a name that is there takes new values");
}

/// A clock without a battery begins in 1970, and a mistyped year is put right an hour later.
#[actix_web::test]
async fn a_leap_of_the_clock_leaves_nothing_that_later_hits_do_not_put_right() {
    for wrong in [Millis(5 * MINUTE), NOON.plus(9 * 365 * DAY)] {
        let mut site = Site::new().await;
        site.clock.set(wrong);
        let is = |view, email: &str| with(view, "i", json!({"email": email}));
        let page = "https://example.com/";
        site.collect(&is(site.view("1", "ada", page), "ada@example.test")).await;
        site.get("/v1/event?_a=1000001&_n=Paid&_m=7&email=bob@example.test").await;
        site.collect(&site.completion("2", "eve", "Invented", 1)).await;
        site.fold().await;
        site.clock.set(NOON);
        site.collect(&is(site.view("3", "ada", page), "ada@example.test")).await;
        site.get("/v1/event?_a=1000001&_n=Paid&_m=7&email=bob@example.test").await;
        site.collect(&site.completion("4", "eve", "Invented", 1)).await;
        site.fold().await;
        let seen =
            "select number || ' ' || (first_ms - 1795348800000) || ' ' || (last_ms - 1795348800000) from";
        for table in ["visitor where no_browser = 0 and number = 1", "contact"] {
            for found in site.asks::<String>(&format!("{seen} {table}")) {
                assert!(found.ends_with(" 0 0"), "{table}: {found}, clock at {}", wrong.iso());
            }
        }
        assert_eq!(site.ask::<i64>("select count(*) from session_unpacked where visitor = 1"), 2, "it ends");
        site.clock.advance(HOUR);
        site.collect(&site.view("5", "ada", page)).await;
        site.fold().await;
        assert_eq!(site.ask::<i64>("select count(*) from session_unpacked where visitor = 1"), 3);
    }
}
