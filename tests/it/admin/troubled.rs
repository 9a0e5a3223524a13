//! Reports when something is wrong: a day cannot be read, or a query takes too long.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use actix_web::test::TestRequest;
use futures_util::FutureExt;
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::state::report_turns::{AT_A_TIME, Asker, WAITING_MAX};
use guestlog::base::clock::{DAY, SECOND};
use guestlog::domain::user::Role;
use guestlog::store;
use guestlog::store::dead_letter::Totals;
use serde_json::json;

use super::reports::Fixture;
use crate::harness::app::{PASSWORD, TestApp};
use crate::harness::browser::{Browser, plain};

/// Report addresses for a period, each with the character that continues its query.
const REPORTS: [(&str, char); 8] = [
    ("dashboard", '?'),
    ("pages", '?'),
    ("pages?show=entry", '&'),
    ("pages?show=exit", '&'),
    ("sources", '?'),
    ("sources?by=campaign", '&'),
    ("devices", '?'),
    ("countries", '?'),
];

#[actix_web::test]
async fn a_day_that_cannot_be_read_is_named_on_every_report_that_lacks_it() {
    let fixture = Fixture::new().await;
    fixture.view("a", "https://site.test/", "").await;
    fixture.json("dashboard").await;
    fixture.site.clock.advance(DAY);
    let reader = fixture.site.signed_in(fixture.account, "again@site.test", Role::Viewer).await;
    let fixture = Fixture { reader, ..fixture };
    fixture.view("a", "https://site.test/", "").await;
    fixture.json("dashboard").await;
    for (report, sign) in REPORTS {
        let table = fixture.json(report).await;
        assert!(table.get("damaged").is_none(), "{report}: {table}");
        assert!(
            !fixture.get(&format!("{report}{sign}period=7d")).await.body.contains("cannot be read"),
            "{report}"
        );
    }
    let app = Arc::clone(&fixture.site.app);
    let account = app.accounts.find(fixture.account).unwrap();
    let closing = move || CloseJob::default().close_account(&app, &account, app.now());
    actix_web::rt::task::spawn_blocking(closing).await.unwrap().unwrap();
    let damage = |conn: &rusqlite::Connection| {
        let sql = "update segment_column set data = cast(x'00' || substr(data, 2) as blob)";
        Ok::<_, store::Error>(conn.execute(sql, [])?)
    };
    assert!(fixture.site.app.store.writer.write(damage).await.unwrap() > 0);
    for (report, sign) in REPORTS {
        let table = fixture.json(report).await;
        assert_eq!(table["damaged"], json!(["2026-11-18"]), "{report}");
        let page = plain(&fixture.get(&format!("{report}{sign}period=7d")).await.body);
        assert!(
            page.contains("1 day cannot be read and is missing from this report: 18 Nov 2026."),
            "{page}"
        );
        let today = fixture.get(&format!("{report}{sign}period=today&compare=none")).await.body;
        assert!(!today.contains("cannot be read"), "{report}: today is whole");
    }
    let pages = fixture.json("pages").await;
    assert_eq!(pages["rows"][0]["page_views"], 1, "the rest is shown");
    // The damaged day is in the comparison period, which is reported too.
    let compared = plain(&fixture.get("pages?period=today").await.body);
    assert!(compared.contains("this report: 18 Nov 2026."), "{compared}");
}

/// The scan stops at its time limit. The page says what to do, and programs get 503.
#[actix_web::test]
async fn a_question_that_takes_too_long_is_answered_with_what_to_do() {
    let fixture = Fixture::new().await;
    fixture.view("a", "https://site.test/", "").await;
    fixture.json("dashboard").await;
    // The clock runs fast during the query, so the time limit is reached.
    let stop = Arc::new(AtomicBool::new(false));
    let (clock, stopped) = (Arc::clone(&fixture.site.clock), Arc::clone(&stop));
    let wild = std::thread::spawn(move || {
        while !stopped.load(Ordering::SeqCst) {
            clock.advance(11 * SECOND);
            guestlog::base::clock::pause(std::time::Duration::from_micros(20));
        }
    });
    let (mut page, mut data) = (None, None);
    for _ in 0..200 {
        let reader = fixture
            .site
            .signed_in(fixture.account, &format!("r{}@site.test", fixture.site.app.now().0), Role::Viewer)
            .await;
        page = page.or(Some(reader.get(&fixture.path("pages")).await).filter(|reply| reply.status == 503));
        let program = reader.with("accept", "*/*");
        data = data
            .or(Some(program.get(&fixture.path("pages?format=json")).await)
                .filter(|reply| reply.status == 503));
        if page.is_some() && data.is_some() {
            break;
        }
    }
    stop.store(true, Ordering::SeqCst);
    wild.join().unwrap();
    let page = page.expect("the page is answered in time, always");
    let shorter = format!("href=\"{}?period=7d\"", fixture.path("pages"));
    assert!(page.body.contains(&shorter), "{}", page.body);
    let text = plain(&page.body);
    assert!(
        text.contains("This report takes too long") && text.contains("choose a shorter period"),
        "{text}"
    );
    assert!(text.contains("the report took longer than 10 s"), "{text}");
    let data = data.expect("the data is answered in time, always");
    let message = data.json()["message"].as_str().unwrap().to_owned();
    assert_eq!(message, "the report took longer than 10 s; choose a shorter period");
    assert_eq!(data.header("retry-after"), "", "the same question takes as long again");
}

/// What is wrong with the server is said on every page of those who administer it, and of nobody else.
#[actix_web::test]
async fn an_undeclared_proxy_and_hits_put_aside_are_named_to_who_administers_the_server() {
    let site = TestApp::new().await;
    let admin = site.server_admin("admin@site.test").await;
    let account = site.app.accounts.list()[0].id();
    let owner = site.signed_in(account, "owner@site.test", Role::Owner).await;
    let page = format!("/accounts/{account}/dashboard");
    let said = async |browser: &Browser, path: &str| plain(&browser.get(path).await.body);
    let collect = async |forwarded: bool| {
        let body = json!({"a": account.0, "k": 1, "vi": "ada", "pu": "https://first.test/"}).to_string();
        let mut request = TestRequest::post().uri("/collect").set_payload(body);
        if forwarded {
            request = request.insert_header(("x-forwarded-for", "203.0.113.9"));
        }
        assert_eq!(site.call(request, "10.0.0.9:1".parse().unwrap()).await.status, 204);
    };
    let proxy = "Add 10.0.0.9 to trusted_proxies";
    for _ in 0..19 {
        collect(true).await;
    }
    assert!(!said(&admin, &page).await.contains("proxy"), "one less than enough");
    collect(true).await;
    assert!(said(&admin, &page).await.contains(proxy));
    assert!(said(&admin, "/accounts").await.contains(proxy), "on a page of no account too");
    assert!(!said(&owner, &page).await.contains("proxy"));
    for _ in 0..20 {
        collect(false).await;
    }
    assert!(!said(&admin, &page).await.contains("proxy"), "most requests come without it");

    site.app.dead_letters.set(Totals { count: 3, bytes: 1 });
    let letters = "3 hits are kept for you to replay or delete with guestlog replay-deadletter. At 100,000 hits or 256 MiB";
    assert!(said(&admin, &page).await.contains(letters));
    assert!(!said(&owner, &page).await.contains("replay-deadletter"));
}

/// Whoever asks for too many reports at once is told so, and nobody else notices.
#[actix_web::test]
async fn too_many_reports_of_one_user_are_refused_by_name() {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let one = Asker::User(site.user(account, "one@site.test", Role::Viewer).await);
    let browser = site.browser();
    browser.sign_in("one@site.test", PASSWORD).await;
    let other = site.signed_in(account, "other@site.test", Role::Viewer).await;
    let mut under_way = Vec::new();
    for _ in 0..AT_A_TIME {
        under_way.push(site.app.report_turns.take(one).await.unwrap());
    }
    let mut waiting: Vec<_> = (0..WAITING_MAX).map(|_| Box::pin(site.app.report_turns.take(one))).collect();
    for turn in &mut waiting {
        assert!(turn.as_mut().now_or_never().is_none());
    }
    let dashboard = format!("/accounts/{account}/dashboard");
    let refused = browser.get(&dashboard).await;
    assert_eq!((refused.status, refused.header("retry-after")), (429, "2"));
    assert!(refused.body.contains("<h1>Too many reports at once</h1>"), "{}", refused.body);
    assert_eq!(other.get(&dashboard).await.status, 200);
    drop(waiting);
    under_way.pop();
    assert_eq!(browser.get(&dashboard).await.status, 200);
}
