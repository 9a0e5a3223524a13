//! rules.md 1 to 10, tested with requests.

use actix_web::test::TestRequest;
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::hit::SEEN_FOR;
use guestlog::domain::hit_reason::Reason;
use serde_json::{Value, json};

use crate::harness::site::{NOON, Site, Wanted, post, with};

const PAGE: &str = "https://example.com/a";

/// rules.md 1
#[actix_web::test]
async fn a_browser_hit_without_user_agent_is_taken_and_its_device_unknown() {
    let mut site = Site::new().await;
    let request = TestRequest::post().uri("/collect").set_payload(site.view("e", "ab", PAGE).to_string());
    assert_eq!(site.call(request).await.reason(), "stored");
    site.fold().await;
    let device = site.ask::<String>("select replace(value, char(31), '|') from dictionary where kind = 6");
    assert_eq!(device, "other||");
}

/// rules.md 2
#[actix_web::test]
async fn without_consent_nothing_at_all_is_kept() {
    let mut site = Site::new().await;
    let view = site.view("e", "ab", "https://example.com/secret-page");
    for refused in [with(view.clone(), "cc", 1), with(view.clone(), "ce", false)] {
        let refused = with(refused, "i", json!({"email": "ada@example.com"}));
        assert_eq!(site.collect(&refused).await.reason(), "no_consent");
    }
    site.fold().await;
    assert_eq!(site.app.store.inbox.last_id(), 0);
    for table in
        ["dictionary", "visitor", "visitor_token", "session", "event_hot", "seen", "contact", "bot_day"]
    {
        assert_eq!(site.ask::<i64>(&format!("select count(*) from {table}")), 0, "{table}");
    }
    assert_eq!(site.count(Reason::NoConsent), 2);
    let silent = with(with(view, "cc", Value::Null), "rev", Value::Null);
    assert_eq!(site.collect(&silent).await.reason(), "stored", "the account's policy decides");
    site.fold().await;
    assert_eq!(site.ask::<i64>("select consent from event_unpacked"), 31, "granted, noted as policy");
}

/// rules.md 3
#[actix_web::test]
async fn kinds_that_are_not_built_are_answered_and_not_kept() {
    let site = Site::new().await;
    for kind in ["2", "14", "28", "29", "30", "ptc", "pageview", "01", ""] {
        let answer = site.collect(&with(site.view("e", "ab", PAGE), "k", kind)).await;
        assert_eq!((answer.status, answer.reason()), (204, "unsupported_kind"), "{kind}");
    }
    assert_eq!(site.app.store.inbox.last_id(), 0);
}

/// rules.md 4
#[actix_web::test]
async fn robots_are_counted_per_day_of_the_account_and_family() {
    let mut site = Site::with(Wanted { time_zone: "Pacific/Auckland", ..Wanted::default() }).await;
    let bots = [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/131.0.0.0 Safari/537.36",
        "curl/8.5.0",
    ];
    for agent in bots.into_iter().chain([bots[0]]) {
        let view = site.view("e", "ab", PAGE).to_string();
        let answer = site.call(post().insert_header(("user-agent", agent)).set_payload(view)).await;
        assert_eq!((answer.status, answer.reason()), (204, "bot"), "{agent}");
    }
    site.fold().await;
    let app = std::sync::Arc::clone(&site.app);
    tokio::task::spawn_blocking(move || guestlog::app::ingest::accept::write_bots(&app).unwrap())
        .await
        .unwrap();
    let counted = site.asks::<String>("select family || ' ' || hits from bot_day order by family");
    assert_eq!(counted.len(), 3, "{counted:?}");
    for family in ["Googlebot 2", "HeadlessChrome 1"] {
        assert!(counted.contains(&family.to_owned()), "{counted:?}");
    }
    // Noon in UTC is the next day in Auckland.
    let day = site.ask::<i64>("select distinct day from bot_day");
    assert_eq!(day, NOON.0 / DAY + 1);
    assert_eq!(site.ask::<i64>("select count(*) from visitor"), 0);
    site.assert_that_all_are_counted().await;
}

/// rules.md 4: bots whose count could not be written are counted later.
#[actix_web::test]
async fn robots_counted_while_the_store_cannot_be_written_are_counted_on() {
    let site = Site::new().await;
    site.tamper("create trigger no_room before insert on bot_day begin select raise(abort, 'no'); end").await;
    let view = site.view("e", "ab", PAGE).to_string();
    site.call(post().insert_header(("user-agent", "curl/8")).set_payload(view)).await;
    let write = || {
        let app = std::sync::Arc::clone(&site.app);
        async {
            tokio::task::spawn_blocking(move || guestlog::app::ingest::accept::write_bots(&app))
                .await
                .unwrap()
        }
    };
    assert!(write().await.is_err());
    site.tamper("drop trigger no_room").await;
    write().await.unwrap();
    assert_eq!(site.asks::<i64>("select hits from bot_day"), [1]);
}

/// rules.md 5
#[actix_web::test]
async fn an_event_id_counts_once_within_48_hours() {
    let mut site = Site::new().await;
    let view = site.view("e1", "ab", PAGE);
    site.collect(&json!([view, view])).await;
    site.collect(&view).await;
    site.fold().await;
    site.clock.advance(SEEN_FOR - 1);
    site.collect(&view).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1);
    assert_eq!(site.count(Reason::Duplicate), 3);
    site.clock.advance(1);
    site.collect(&view).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 2, "48 hours later it is another one");
    assert_eq!(site.ask::<i64>("select count(*) from seen"), 1);
    site.assert_that_all_are_counted().await;
}

/// rules.md 5
#[actix_web::test]
async fn hits_without_an_event_id_are_never_duplicates() {
    let mut site = Site::new().await;
    let view = with(site.view("", "ab", PAGE), "id", Value::Null);
    site.collect(&json!([view, view])).await;
    // The parameter `id` of the GIF is a property of the event.
    for _ in 0..2 {
        let pairs = [("a", "1000001"), ("k", "1"), ("vi", "ab"), ("pu", PAGE), ("id", "x"), ("cc", "15")];
        site.gif(&pairs).await;
    }
    site.fold().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 4);
    assert_eq!(site.ask::<i64>("select count(*) from seen"), 0);
}

/// rules.md 5: an event id in one account does not affect other accounts.
#[actix_web::test]
async fn two_accounts_may_use_the_same_event_id() {
    let mut site = Site::new().await;
    let settings = guestlog::domain::account::Settings::parse("B", &["b.test".into()], "UTC", "EUR").unwrap();
    let other =
        guestlog::app::access::accounts::create(&site.app, guestlog::app::access::Actor::Machine, settings)
            .await;
    let view = site.view("e1", "ab", PAGE);
    site.collect(&json!([view, with(view.clone(), "a", other.unwrap().0)])).await;
    site.fold().await;
    assert_eq!(site.asks::<i64>("select number from visitor order by account_id"), [1, 1]);
}

/// rules.md 6
#[actix_web::test]
async fn the_time_of_an_event_is_receipt_minus_age_up_to_a_day() {
    let mut site = Site::new().await;
    for (age, at) in [(0, NOON.0), (90_000, NOON.0 - 90_000), (DAY, NOON.0 - DAY)] {
        let answer = site.collect(&with(site.view(&age.to_string(), "ab", PAGE), "age", age)).await;
        assert_eq!(answer.reason(), "stored");
        site.fold().await;
        assert_eq!(site.ask::<i64>("select at_ms from event_unpacked order by inbox_id desc"), at);
    }
    let answer = site.collect(&with(site.view("x", "ab", PAGE), "age", DAY + 1)).await;
    assert_eq!(answer.reason(), "too_old");
    assert!(
        site.ask::<bool>("select min(start_ms <= last_ms and entry_ms <= exit_ms) from session_unpacked")
    );
}

/// rules.md 7
#[actix_web::test]
async fn what_the_fold_finds_is_told_in_metrics_and_live_only() {
    let mut site = Site::new().await;
    for _ in 0..2 {
        assert_eq!(site.collect(&site.view("e1", "ab", PAGE)).await.reason(), "stored");
    }
    site.fold().await;
    let live = site.app.live.list(site.account, 0, 10);
    assert_eq!(
        live.iter().map(|e| (e.result, e.reason)).collect::<Vec<_>>(),
        [("refused", Reason::Duplicate), ("stored", Reason::Stored)]
    );
    assert!(site.get("/metrics").await.text().contains("guestlog_hits_total{reason=\"duplicate\"} 1\n"));
}

/// rules.md 8
#[actix_web::test]
async fn long_texts_are_cut_counted_and_never_lose_the_view() {
    let mut site = Site::new().await;
    let fits = "x".repeat(256);
    let view = json!({"a": site.account.0, "k": 1, "id": "a", "vi": "ab", "cc": 15, "t": "ü".repeat(512),
        "pu": format!("{PAGE}?utm_source={fits}&utm_content=%20{fits}%20"), "sd": "1".repeat(32),
        "ln": format!(" {} ", "x".repeat(32)), "r": format!("https://news.test/{}", "y".repeat(8_174)),
        "i": {"email": format!("{}@a.test", "m".repeat(64)), "id": "i".repeat(64), "visitor": "v".repeat(64),
              "n".repeat(100): "p".repeat(1_024)}});
    let agent = format!("Mozilla/5.0 Firefox/128.0 {}", "z".repeat(998));
    site.call(post().insert_header(("user-agent", agent)).set_payload(view.to_string())).await;
    assert_eq!(site.app.counters.texts_cut(), 0, "at the limit nothing is cut");
    let long = "x".repeat(600);
    let view = json!({"a": site.account.0, "k": 1, "id": "b", "vi": "ab", "cc": 15, "t": "ü".repeat(513),
        "pu": format!("https://example.com/?utm_source={long}&utm_term={long}"), "sd": long, "ln": long,
        "r": format!("https://news.test/{}", "y".repeat(9_000))});
    let request =
        post().insert_header(("user-agent", format!("Mozilla/5.0 Firefox/128.0 {}", "z".repeat(5_000))));
    assert_eq!(site.call(request.set_payload(view.to_string())).await.reason(), "stored");
    site.fold().await;
    // Title, two campaign values, screen, language, referrer, User-Agent.
    assert_eq!(site.app.counters.texts_cut(), 7);
    assert_eq!(site.asks::<i64>("select length(value) from dictionary where kind = 2"), [512]);
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 2);
}

/// rules.md 8
#[actix_web::test]
async fn what_is_left_out_of_an_identity_is_counted() {
    let site = Site::new().await;
    for (said, left_out) in [
        (json!({"email": "nobody"}), 0),
        (json!({"email": format!("{}@a.test", "m".repeat(250))}), 1),
        (json!({"id": "i".repeat(65), "visitor": "v".repeat(65)}), 2),
        (json!({"n".repeat(101): "x", "bio": "p".repeat(1_025), "name": "Ada"}), 2),
        ((0..100).map(|n| (format!("n{n}"), json!(n))).collect(), 0),
        ((0..103).map(|n| (format!("n{n}"), json!(n))).collect(), 3),
    ] {
        let before = site.app.counters.texts_cut();
        let answer = site.collect(&with(site.view("", "ab", PAGE), "i", said.clone())).await;
        assert_eq!(answer.reason(), "stored");
        assert_eq!(site.app.counters.texts_cut() - before, left_out, "{said}");
    }
}

/// rules.md 8
#[actix_web::test]
async fn of_a_parameter_given_twice_the_first_counts() {
    let mut site = Site::new().await;
    let body = r#"{"a":1000001,"k":1,"vi":"ab","pu":"https://example.com/first","t":"One","t":"Two",
                   "pu":"https://example.com/second","cc":15,"cc":0}"#;
    assert_eq!(site.collect_bytes(body).await.reason(), "stored");
    let pairs = [("a", "1000001"), ("k", "1"), ("vi", "ab"), ("t", "One"), ("t", "Two"), ("a", "7")];
    let pages = [("pu", "https://example.com/first"), ("pu", "https://example.com/second")];
    assert_eq!(site.gif(&[&pairs[..], &pages[..]].concat()).await.reason(), "stored");
    site.fold().await;
    assert_eq!(site.asks::<String>("select value from dictionary where kind = 2"), ["One"]);
    assert_eq!(site.ask::<i64>("select count(*) from dictionary where kind = 1"), 1);
}

/// rules.md 9
#[actix_web::test]
async fn a_refusal_for_consent_enters_the_live_ring_as_time_and_reason_only() {
    let site = Site::new().await;
    let view = site.view("e", "ab", "https://example.com/secret");
    site.collect(&with(view.clone(), "cc", 0)).await;
    site.call(post().insert_header(("cookie", "__hs_do_not_track=yes")).set_payload(view.to_string())).await;
    site.collect(&with(view, "k", 2)).await;
    let live = site.app.live.list(site.account, 0, 10);
    let outcomes: Vec<_> = live.iter().map(|e| (e.reason, e.page.as_str())).collect();
    assert_eq!(
        outcomes,
        [(Reason::UnsupportedKind, "example.com/secret"), (Reason::DoNotTrack, ""), (Reason::NoConsent, "")]
    );
    for entry in &live[1..] {
        assert_eq!((entry.at, entry.source.as_str(), entry.visitor), (NOON, "", None));
        assert_eq!((entry.device.as_str(), entry.country.as_str(), entry.consent), ("", "", ""));
    }
}

/// rules.md 10
#[actix_web::test]
async fn a_session_ends_by_30_minutes_or_by_a_greater_number_in_the_cookie() {
    let mut site = Site::new().await;
    let mut sessions = Vec::new();
    for (wait, cookie) in [
        (0, "1.ab.1.2.3.1"),
        (30 * MINUTE - 1, "1.ab.9.9.9.1"),
        (30 * MINUTE, "1.ab.1.2.3.1"),
        (1, "5.ab.1.2.3.2"),
        (1, "5.ab.1.2.3.1"),
        (1, ""),
    ] {
        site.clock.advance(wait);
        site.collect(&with(with(site.view("", "ab", PAGE), "u", cookie), "b", "9.9.9")).await;
        site.fold().await;
        sessions.push(site.ask::<i64>("select session_id from event_unpacked order by inbox_id desc"));
    }
    assert_eq!(sessions, [1, 1, 2, 3, 3, 3]);
}

/// rules.md 10: source and device of a session come from its first stored hit.
#[actix_web::test]
async fn a_session_keeps_source_device_and_language_of_its_first_hit() {
    let mut site = Site::new().await;
    let view = with(site.view("1", "ab", PAGE), "r", "https://news.test/");
    site.collect(&view).await;
    let other = with(with(view, "id", "2"), "r", "https://other.test/");
    let phone = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) AppleWebKit/605.1.15 Mobile/15E148";
    let other = with(with(other, "ln", "fr"), "cc", 3).to_string();
    site.call(post().insert_header(("user-agent", phone)).set_payload(other)).await;
    site.fold().await;
    let facts = "select group_concat(replace(d.value, char(31), '|'), ' ')
                 from session_unpacked s join dictionary d on (d.kind, d.id) in ((3, s.referrer), (6, s.device), (7, s.language))";
    assert_eq!(site.ask::<String>(facts), "https://news.test/ desktop|Firefox|Linux en-gb");
    assert_eq!(
        site.asks::<i64>("select consent from event_unpacked order by inbox_id"),
        [15, 3],
        "of the event"
    );
}

/// A mail program or a monitor that looks at an address counts nothing.
#[actix_web::test]
async fn a_look_at_a_beacon_counts_nothing() {
    let site = Site::new().await;
    for uri in ["/__ptq.gif", "/__ptbe.gif", "/__ptc.gif", "/v1/event", "/v1/event/", "/collect"] {
        let uri =
            format!("{uri}?a=1000001&k=1&vi=ada&pu=https%3A%2F%2Fexample.com%2F&cc=15&_a=1000001&_n=Paid");
        let look = TestRequest::default().method(actix_web::http::Method::HEAD).uri(&uri);
        assert_eq!(site.call(look).await.status, 405, "{uri}");
    }
    assert_eq!(site.app.counters.received(), 0);
    for uri in ["/healthz", "/readyz", "/metrics", "/pick.js", "/1000001.js"] {
        let look = TestRequest::default().method(actix_web::http::Method::HEAD).uri(uri);
        assert_eq!(site.call(look).await.status, 200, "{uri}");
    }
}
