//! The page for visitors: what it shows, what it does not tell, and what withdrawing does to the hits that come later.

use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::core::GUESSES_PER_SECOND;
use guestlog::app::people::erase::person::erase_person;
use guestlog::app::people::find_person::{Found, Key, find, find_typed};
use guestlog::app::people::withdraw::{UNKNOWN_MAX, ask_to_erase, requests, withdraw};
use guestlog::app::state::rate_limit::BURST_SECONDS;
use guestlog::base::clock::{DAY, SECOND};
use guestlog::domain::account::AccountId;
use guestlog::domain::consent::choice::Receipt;
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::visitor::{Token, VisitorNumber};
use guestlog::store::erasure_request::{self, REQUESTS_MAX};
use guestlog::store::withdrawn::{Added, WITHDRAWN_FILE};
use guestlog::store::{self, Connection};
use serde_json::json;

use super::erasing::files_with;
use crate::harness::browser::plain;
use crate::harness::site::{Answer, FIREFOX, Site, query, with};

const ADA: &str = "ada0ada0ada0ada0ada0ada0ada0ada0";
const BOB: &str = "b0bb0bb0b0bb0bb0b0bb0bb0b0bb0bb0";

fn token(text: &str) -> Token {
    Token::parse(text).unwrap()
}

fn path(rest: &str) -> String {
    format!("/privacy/{}{rest}", AccountId::FIRST)
}

fn form(fields: &[(&str, &str)]) -> TestRequest {
    TestRequest::post()
        .uri(&path("?lang=en"))
        .insert_header(("user-agent", FIREFOX))
        .insert_header(("content-type", "application/x-www-form-urlencoded"))
        .set_payload(query(fields))
}

async fn post(site: &Site, fields: &[(&str, &str)]) -> Answer {
    // The limit of guesses is not what is tried here.
    site.clock.advance(SECOND);
    site.call(form(fields)).await
}

async fn withdraw_on_page(site: &Site, number: &str) -> String {
    let answer = post(site, &[("number", number), ("do", "withdraw")]).await;
    assert_eq!(answer.status, 200, "{}", answer.text());
    plain(&answer.text())
}

/// Two page views and a completion of Ada on a closed day, and one page view today.
async fn ada(site: &mut Site) {
    site.collect(&site.view("1", ADA, "https://example.com/secret-page")).await;
    site.collect(&site.view("2", ADA, "https://example.com/")).await;
    site.collect(&site.completion("3", ADA, "order", "5")).await;
    site.fold().await;
    site.clock.advance(DAY);
    site.close_days().await;
    site.collect(&site.view("4", ADA, "https://example.com/")).await;
    site.fold().await;
}

/// A choice in the banner of one of the two, or of nobody who can be recognised.
async fn log_choices(site: &Site) {
    site.tamper(
        "insert into consent_revision (account_id, number, made_ms, user_id, asks_again, policy)
             values (1000001, 1, 0, null, 0, '{}');
         insert into consent_choice
             (account_id, receipt, at_ms, token, revision, kind, how, mask, language, host, path, country, device)
         values (1000001, x'11111111111111111111111111111111', 1795348800000,
                 x'ada0ada0ada0ada0ada0ada0ada0ada0', 1, 'opt-in', 'save', 11, 'nl', 'example.com', '/', 'NL', 'desktop'),
                (1000001, x'22222222222222222222222222222222', 1795348800000,
                 null, 1, 'opt-in', 'reject', 1, 'nl', 'example.com', '/', 'NL', 'desktop')",
    )
    .await;
}

/// rules.md 42
#[actix_web::test]
async fn after_a_withdrawal_nothing_of_the_browser_is_kept_also_after_a_restart() {
    let mut site = Site::new().await;
    ada(&mut site).await;
    // What is on its way when she withdraws.
    site.collect(&site.view("waits", ADA, "https://example.com/waits")).await;
    let page = withdraw_on_page(&site, &ADA.to_uppercase()).await;
    assert!(page.contains("You have withdrawn: nothing more is collected"), "{page}");
    site.fold().await;
    assert_eq!(site.count(Reason::NoConsent), 1, "the one on its way");
    let views = "select count(*) from event_unpacked";
    assert_eq!(site.ask::<i64>(views), 1, "what was stored before stays");
    assert!(site.app.live.list(site.account, 0, 100).iter().all(|entry| entry.page.is_empty()));

    // A cookie of HubSpot's, a completion, engagement, a form that the script noticed, and another browser that names hers.
    let hstc = format!("1.{ADA}.1.2.3.4");
    let said = json!({"email": "bob@example.test", "visitor": ADA});
    let engaged = json!({"a": site.account.0, "k": "engagement", "vi": ADA, "pu": "https://example.com/", "pv": "4",
        "ms": 9_000, "cc": 15});
    let noticed = with(with(site.view("f", ADA, "https://example.com/"), "k", "form"), "n", "f");
    for hit in [
        site.view("5", ADA, "https://example.com/"),
        with(with(site.view("6", ADA, "https://example.com/"), "vi", json!(null)), "u", hstc),
        site.completion("7", ADA, "order", "5"),
        engaged,
        noticed,
    ] {
        assert_eq!(site.collect(&hit).await.reason(), "no_consent", "{hit}");
    }
    assert_eq!(site.count(Reason::NoConsent), 6);
    assert_eq!(
        site.collect(&with(site.view("8", BOB, "https://example.com/"), "i", said)).await.reason(),
        "stored"
    );
    let submitted =
        json!({"fields": [{"name": "email", "value": "ada@example.test"}], "context": {"hutk": ADA}});
    let address = format!("/submissions/v3/integration/submit/{}/letters", site.account);
    let request = TestRequest::post().uri(&address).set_payload(submitted.to_string());
    assert_eq!(site.call(request.insert_header(("content-type", "application/json"))).await.status, 200);
    site.fold().await;
    assert_eq!(site.ask::<i64>(views), 2, "Bob's");
    assert_eq!(
        site.ask::<i64>("select visitor from submission"),
        0,
        "a person may submit, without the browser"
    );
    assert_eq!(site.ask::<i64>("select count(*) from identification where other_token is not null"), 0);
    site.assert_that_all_are_counted().await;

    let mut site = site.restart().await;
    let again = site.view("9", ADA, "https://example.com/");
    assert_eq!(site.collect(&again).await.reason(), "no_consent");
    assert_eq!(site.collect(&site.view("10", BOB, "https://example.com/")).await.reason(), "stored");
    site.fold().await;
    let file = std::fs::read_to_string(site.data_dir().join(WITHDRAWN_FILE)).unwrap();
    assert!(!file.contains("ada0") && file.lines().count() == 2, "{file}");
}

#[actix_web::test]
async fn a_visitor_sees_counts_and_nothing_else() {
    let mut site = Site::new().await;
    ada(&mut site).await;
    let answer = post(&site, &[("number", ADA)]).await;
    let page = plain(&answer.text());
    for (label, count) in [("Sessions", 2), ("Page views", 3), ("Events", 1), ("Submitted forms", 0)] {
        assert!(page.contains(&format!("{label} {count}")), "{label}: {page}");
    }
    assert!(!answer.text().contains("secret-page"));
    assert_eq!((answer.header("cache-control"), answer.header("set-cookie")), ("no-store", ""));
    assert!(answer.header("content-security-policy").starts_with("default-src 'none'; script-src 'nonce-"));
    assert_eq!(answer.header("access-control-allow-origin"), "", "no other site reads it");
    assert!(page.contains("You have not withdrawn here."), "{page}");

    // A token that nobody has, one whose visitor was erased, and one of another account are answered alike.
    let unknown = |text: String, number: &str| {
        let nonce = text.split("nonce=\"").nth(1).and_then(|rest| rest.split('"').next()).unwrap().to_owned();
        text.replace(&nonce, "").replace(number, "")
    };
    let nobody = unknown(post(&site, &[("number", BOB)]).await.text(), BOB);
    assert!(plain(&nobody).contains("No visits are kept under this number."), "{nobody}");
    erase_person(&site.app, Actor::Machine, site.account, Key::Token(token(ADA))).await.unwrap();
    assert_eq!(unknown(post(&site, &[("number", ADA)]).await.text(), ADA), nobody);
}

#[actix_web::test]
async fn the_page_needs_no_token_and_speaks_four_languages() {
    let site = Site::new().await;
    for (language, accepted, words) in [
        ("", "en-GB,en;q=0.9", "Your visits and your choice"),
        ("", "nl-BE, en;q=0.5", "Uw bezoeken en uw keuze"),
        ("", "fr;q=0.5, de;q=0.9", "Ihre Besuche und Ihre Wahl"),
        ("?lang=fr", "de", "Vos visites et votre choix"),
        ("?lang=%3Cx%3E", "", "Your visits and your choice"),
    ] {
        let request = TestRequest::get().uri(&path(language)).insert_header(("accept-language", accepted));
        let answer = site.call(request).await;
        assert_eq!(answer.status, 200);
        let page = answer.text();
        assert!(page.contains(words), "{language} {accepted}: {page}");
        assert!(page.contains("25 ") && page.contains("Test"), "how long, and who: {page}");
        assert!(!page.contains("<x>"));
    }
    let from = |referrer: &'static str, uri: &str| {
        TestRequest::get().uri(&path(uri)).insert_header(("referer", referrer))
    };
    for (referrer, uri, back) in [
        ("https://example.com/about", "", "href=\"//example.com/\""),
        ("https://www.example.com/", "", "href=\"//www.example.com/\""),
        ("https://guestlog.test/privacy/1000001", "?site=shop.test", "href=\"//shop.test/\""),
    ] {
        let page = site.call(from(referrer, uri)).await.text();
        assert!(page.contains(back), "{referrer} {uri}: {page}");
    }
    for (referrer, uri) in [
        ("https://evil.test/", ""),
        ("x", "?site=evil.test"),
        ("x", "?site=evil.test%2F%40example.com"),
        ("x", "?site=%22%3E%3Cscript%3E"),
    ] {
        let page = site.call(from(referrer, uri)).await.text();
        assert!(
            !page.contains("href=\"//") && !page.contains("evil") && !page.contains("<script>"),
            "{uri}: {page}"
        );
    }
    for unknown in ["/privacy/1009999", "/privacy/99999999999999999999", "/privacy/x"] {
        assert_eq!(site.get(unknown).await.status, 404, "{unknown}");
    }
    assert_eq!(
        site.call(TestRequest::default().method(actix_web::http::Method::HEAD).uri(&path(""))).await.status,
        200
    );
}

#[actix_web::test]
async fn what_is_no_number_is_refused_and_shown_harmlessly() {
    let site = Site::new().await;
    let long = "a".repeat(65);
    for bad in ["", " ", "<script>alert(1)</script>", "a b", "ä", &long, "\u{202e}x"] {
        for act in ["", "withdraw"] {
            let answer = post(&site, &[("number", bad), ("do", act)]).await;
            assert_eq!(answer.status, 422, "{bad}");
            let page = answer.text();
            assert!(
                page.contains("neither a number nor a receipt") && !page.contains("<script>alert"),
                "{page}"
            );
        }
    }
    assert_eq!(post(&site, &[("number", &"a".repeat(64))]).await.status, 200, "the longest");
    assert!(!site.data_dir().join(WITHDRAWN_FILE).exists());
    let other_kind = form(&[]).insert_header(("content-type", "text/plain"));
    assert_eq!(site.call(other_kind).await.status, 400);
    site.clock.advance(SECOND);
    let number = format!("number={ADA}&x=");
    let fits = form(&[]).set_payload(format!("{number}{}", "y".repeat(4_096 - number.len())));
    assert_eq!(site.call(fits).await.status, 200);
    site.clock.advance(SECOND);
    let past = form(&[]).set_payload(format!("{number}{}", "y".repeat(4_097 - number.len())));
    assert_eq!(site.call(past).await.status, 413);
    site.clock.advance(SECOND);
    for (name, value) in [("sec-fetch-site", "cross-site"), ("origin", "https://example.com")] {
        let strange = form(&[("number", ADA), ("do", "withdraw")]).insert_header((name, value));
        assert_eq!(site.call(strange).await.status, 403, "another site sends it");
    }
    assert!(!site.app.store.withdrawn.contains(site.account, &token(ADA)));
}

#[actix_web::test]
async fn an_address_guesses_ten_times_at_once_and_one_past_it_waits() {
    let site = Site::new().await;
    for _ in 0..GUESSES_PER_SECOND * BURST_SECONDS {
        assert_eq!(site.call(form(&[("number", ADA)])).await.status, 200);
    }
    let refused = site.call(form(&[("number", ADA), ("do", "withdraw")])).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "1"));
    assert!(refused.text().contains("Too many requests came from your network"));
    assert!(!site.app.store.withdrawn.contains(site.account, &token(ADA)));
    assert_eq!(site.get(&path("")).await.status, 200, "the page itself is no guess");
    site.clock.advance(SECOND);
    assert_eq!(site.call(form(&[("number", ADA)])).await.status, 200);
}

#[actix_web::test]
async fn a_receipt_shows_its_choice_and_leads_to_its_browser() {
    let mut site = Site::new().await;
    ada(&mut site).await;
    log_choices(&site).await;
    let page = plain(&post(&site, &[("number", &"1".repeat(32))]).await.text());
    let chosen = "of 2026-11-22 12:00 UTC: analytics, functionality.";
    assert!(page.contains(chosen) && page.contains("Page views 3"), "{page}");
    let page = plain(&post(&site, &[("number", ADA)]).await.text());
    assert!(page.contains(chosen), "the last choice of the token: {page}");
    let refused = post(&site, &[("number", &"2".repeat(32)), ("do", "withdraw")]).await.text();
    let text = plain(&refused);
    assert!(text.contains("only what is necessary") && text.contains("Nothing else is kept"), "{text}");
    assert!(!refused.contains("value=\"withdraw\""), "there is nothing to withdraw");
    assert_eq!(site.app.store.withdrawn.count(site.account), 0);
    withdraw_on_page(&site, &"1".repeat(32)).await;
    assert!(site.app.store.withdrawn.contains(site.account, &token(ADA)));

    let account = site.account;
    let look = move |conn: &Connection| {
        let receipt = |digit: &str| Key::Receipt(Receipt::parse(&digit.repeat(32)).unwrap());
        Ok::<_, store::Error>((
            ["1", "2", "3"].map(|digit| find(conn, account, &receipt(digit)).unwrap()),
            [ADA, "#9", "1", " 11111111111111111111111111111111 ", ""]
                .map(|text| find_typed(conn, account, text).unwrap()),
        ))
    };
    let (by_receipt, typed) = site.app.store.read(look).await.unwrap();
    let ada = Some(Found::Visitor(VisitorNumber(1)));
    assert_eq!(by_receipt, [ada, None, None]);
    assert_eq!(typed, [ada, None, None, ada, None]);
    let erased = erase_person(
        &site.app,
        Actor::Machine,
        account,
        Key::Receipt(Receipt::parse(&"1".repeat(32)).unwrap()),
    );
    assert_eq!(erased.await.unwrap().unwrap().page_views, 3);
    assert_eq!(files_with(&site.data_dir(), &[ADA, "secret-page"]), [""; 0]);
    assert_eq!(site.ask::<i64>("select count(*) from consent_choice where token is not null"), 0);
}

/// rules.md 25, 42
#[actix_web::test]
async fn who_asks_to_be_deleted_waits_for_an_admin_and_leaves_nothing() {
    let mut site = Site::new().await;
    ada(&mut site).await;
    let asking = [("number", ADA), ("do", "withdraw"), ("erase", "on")];
    let page = plain(&post(&site, &asking).await.text());
    assert!(page.contains("was passed on"), "{page}");
    assert!(post(&site, &asking).await.text().contains("was passed on"), "twice is once");
    let nobody = [("number", BOB), ("do", "withdraw"), ("erase", "on")];
    assert!(post(&site, &nobody).await.text().contains("was passed on"), "it does not tell who is known");
    let waiting = |site: &Site| {
        let (app, account) = (site.app.clone(), site.account);
        async move { requests(&app, Actor::Machine, account, 10).await.unwrap() }
    };
    let (list, count) = waiting(&site).await;
    assert_eq!((list.len(), count, list[0].visitor), (1, 1, VisitorNumber(1)));
    assert!(!files_with(&site.data_dir(), &[ADA]).is_empty(), "the search finds what is there");
    erase_person(&site.app, Actor::Machine, site.account, Key::Token(token(ADA))).await.unwrap();
    assert_eq!(waiting(&site).await, (Vec::new(), 0));
    assert_eq!(files_with(&site.data_dir(), &[ADA, "secret-page"]), [""; 0]);
    assert_eq!(site.collect(&site.view("n", ADA, "https://example.com/")).await.reason(), "no_consent");
}

#[actix_web::test]
async fn requests_and_withdrawals_have_their_most_and_one_past_it_is_refused() {
    let mut site = Site::new().await;
    ada(&mut site).await;
    site.tamper(
        "with recursive n(i) as (select 2 union all select i + 1 from n where i < 10000)
         insert into visitor (account_id, number, first_ms, last_ms) select 1000001, i, 1, 1 from n;
         insert into erasure_request select 1000001, number, 1 from visitor where number > 1",
    )
    .await;
    assert_eq!(site.ask::<i64>("select count(*) from erasure_request"), REQUESTS_MAX - 1);
    assert!(ask_to_erase(&site.app, site.account, &token(ADA)).await.unwrap(), "the last one");
    site.tamper("update account set last_visitor = 10000").await;
    site.collect(&site.view("b", BOB, "https://example.com/")).await;
    site.fold().await;
    assert!(!ask_to_erase(&site.app, site.account, &token(BOB)).await.unwrap(), "one past it");
    let account = site.account;
    let count = move |conn: &Connection| erasure_request::count(conn, account);
    assert_eq!(site.app.store.read(count).await.unwrap(), REQUESTS_MAX);

    // So many that nobody knows; a known one is still taken.
    let site = site
        .restart_after(|data| {
            let head = format!("guestlog-withdrawn-browsers 1 {}", "0".repeat(64));
            let lines = (0..UNKNOWN_MAX - 1).map(|n| format!("\n1000001 {n:032x}"));
            let text = format!("{head}{}\n", lines.collect::<String>());
            std::fs::write(data.join(WITHDRAWN_FILE), text).unwrap();
        })
        .await;
    assert_eq!(withdraw(&site.app, site.account, &token("unknown1")).await.unwrap(), Added::Kept);
    let refused = post(&site, &[("number", "unknown2"), ("do", "withdraw")]).await;
    assert_eq!(refused.status, 503);
    assert!(refused.text().contains("Your withdrawal could not be kept"));
    assert_eq!(withdraw(&site.app, site.account, &token(BOB)).await.unwrap(), Added::Kept);
    assert_eq!(site.app.store.withdrawn.count(site.account), UNKNOWN_MAX + 1);
}
