//! The page of a visitor: what it shows to whom, and how a visitor is erased.

use std::sync::Arc;

use guestlog::app::access::Actor;
use guestlog::app::access::tokens;
use guestlog::app::ingest::accept::{Sender, accept, beacon};
use guestlog::app::ingest::fold;
use guestlog::base::clock::MINUTE;
use guestlog::domain::account::AccountId;
use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use crate::harness::app::TestApp;
use crate::harness::browser::{Browser, plain};

const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";

struct Fixture {
    site: TestApp,
    account: AccountId,
    admin: Browser,
}

impl Fixture {
    /// Ada, identified by her email, with three sessions, and Bob with one.
    async fn new() -> Self {
        let site = TestApp::new().await;
        let account = site.account("Shop").await;
        let admin = site.signed_in(account, "admin@site.test", Role::Admin).await;
        let app = Arc::clone(&site.app);
        actix_web::rt::spawn(async move { fold::run(&app).await });
        let fixture = Self { site, account, admin };
        fixture.view("ada", "/", json!({"r": "https://www.google.com/"})).await;
        fixture.view("ada", "/pricing", json!({"i": {"email": "ada@example.test"}})).await;
        fixture.view("bob", "/=1+1", json!({"t": "=2+2"})).await;
        for n in 0..2 {
            fixture.site.clock.advance(40 * MINUTE);
            fixture.view("ada", &format!("/again/{n}"), json!({})).await;
        }
        fixture
    }

    async fn view(&self, visitor: &str, path: &str, more: Value) {
        let mut hit = json!({"a": self.account.0, "k": 1, "vi": visitor, "pu": format!("https://site.test{path}"),
            "t": "A title", "cc": 15, "rev": 3});
        hit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        let body = hit.to_string();
        let beacons = beacon::of_json(body.as_bytes()).unwrap();
        let sender = Sender { user_agent: CHROME, ..Sender::default() };
        accept(&self.site.app, sender, beacons).await;
    }

    fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/visitors/{rest}", self.account)
    }

    async fn html(&self, reader: &Browser, rest: &str) -> String {
        let reply = reader.get(&self.path(rest)).await;
        assert_eq!(reply.status, 200, "{}", reply.body);
        reply.body
    }

    async fn token(&self, scopes: &[Scope]) -> Browser {
        let made = tokens::create(&self.site.app, Actor::Machine, self.account, "t", scopes).await;
        self.site.browser().with("authorization", &format!("Bearer {}", made.unwrap().1.reveal()))
    }
}

#[actix_web::test]
async fn the_live_page_links_to_a_visitor_and_their_sessions() {
    let fixture = Fixture::new().await;
    let live = fixture.admin.get(&format!("/accounts/{}/live?wait=1", fixture.account)).await;
    assert!(live.body.contains(&format!("<a href=\"{}\">#1</a>", fixture.path("1"))), "{}", live.body);
    let html = fixture.html(&fixture.admin, "1").await;
    let text = plain(&html);
    for part in [
        "ada@example.test",
        "Visitor #1",
        "Original source Organic search",
        "Sessions 3",
        "Page views 4",
        "Active days 1",
        "First visit",
        "2 page views",
        "site.test/pricing",
        "A title",
        "Granted, policy 3",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let order: Vec<usize> =
        ["/again/1", "/again/0", "site.test/pricing"].map(|path| text.find(path).unwrap()).to_vec();
    assert!(order.is_sorted(), "newest first");
    assert!(text.find("site.test/ ").unwrap() < text.find("site.test/pricing").unwrap(), "in order inside");
    assert_eq!(html.matches("<details class=\"visit\"").count(), 3);
    for bad in ["4", "0", "x", "99999999999", "-1"] {
        assert_eq!(fixture.admin.get(&fixture.path(bad)).await.status, 404, "{bad}");
    }
}

#[actix_web::test]
async fn sessions_are_paged_and_told_as_data() {
    let fixture = Fixture::new().await;
    let program = fixture.token(&[Scope::ReportsRead, Scope::CrmRead]).await;
    let all = program.get(&fixture.path("1?format=json&wait=1")).await.json();
    assert_eq!((&all["sessions"], &all["page_views"], &all["total"]), (&json!(3), &json!(4), &json!(3)));
    assert_eq!(all["contact"], json!({"contact_id": 1, "email": "ada@example.test"}));
    assert_eq!((&all["original_source"], &all["device"]), (&json!("ORGANIC_SEARCH"), &json!("desktop")));
    let first = &all["rows"][2];
    assert_eq!(first["timeline"][1]["path"], "/pricing");
    assert_eq!(
        (&first["timeline"][1]["consent"], &first["timeline"][1]["policy"]),
        (&json!("granted"), &json!(3))
    );
    assert_eq!(
        (&first["new_visitor"], &first["bounced"], &first["page_views"]),
        (&json!(true), &json!(false), &json!(2))
    );
    let (mut after, mut rows) = (String::new(), Vec::new());
    loop {
        let part = program.get(&fixture.path(&format!("1?format=json&limit=1{after}"))).await.json();
        rows.extend(part["rows"].as_array().unwrap().clone());
        assert_eq!(part["device"], all["device"], "of his last session, on every page");
        let Some(next) = part["next"].as_str() else { break };
        after = format!("&after={next}");
    }
    assert_eq!(&json!(rows), &all["rows"]);
    let page = fixture.html(&fixture.admin, "1?limit=2").await;
    assert!(plain(&page).contains("1–2 of 3"));
    let next =
        page.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&");
    let next = fixture.admin.get(&next.replace("&amp;", "&")).await;
    assert!(plain(&next.body).contains("3–3 of 3") && plain(&next.body).contains("site.test/pricing"));
    for bad in ["after=x", "limit=0", "limit=1001", "limit=x"] {
        assert_eq!(program.get(&fixture.path(&format!("1?format=json&{bad}"))).await.status, 400, "{bad}");
    }
    assert_eq!(program.get(&fixture.path("1?format=json&limit=1000")).await.status, 200);
    let csv = program.get(&fixture.path("3?format=csv")).await;
    assert!(csv.header("content-disposition").contains("visitor-1000001-"));
    let cells: Vec<&str> = csv.body.lines().nth(1).unwrap().split(',').collect();
    assert_eq!(csv.body.lines().next().unwrap().split(',').count(), cells.len());
    assert!(cells.contains(&"/=1+1") && cells.contains(&"'=2+2"), "{}", csv.body);
}

/// rules.md 28
#[actix_web::test]
async fn an_email_is_told_to_those_who_may_read_it() {
    let fixture = Fixture::new().await;
    fixture.admin.get(&fixture.path("1?wait=1")).await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let seen = fixture.html(&viewer, "1").await;
    assert!(!seen.contains("ada@") && seen.contains("a…@example.test"), "{seen}");
    assert!(!seen.contains("/erase"), "that is for admins");
    let data = viewer.get(&fixture.path("1?format=json")).await;
    assert_eq!(data.json()["contact"]["email"], "a…@example.test");
    let reports = fixture.token(&[Scope::ReportsRead]).await;
    let shown = reports.get(&fixture.path("1?format=json")).await;
    assert_eq!((shown.status, &shown.json()["contact"]), (200, &Value::Null));
    assert!(!shown.body.contains("example.test"), "{}", shown.body);
    assert_eq!(
        fixture.token(&[Scope::EventsRead]).await.get(&fixture.path("1?format=json")).await.status,
        403
    );
}

/// Erasing first shows what will be lost.
#[actix_web::test]
async fn an_admin_erases_a_visitor_after_seeing_what_goes() {
    let fixture = Fixture::new().await;
    fixture.admin.get(&fixture.path("1?wait=1")).await;
    let text = plain(&fixture.html(&fixture.admin, "1").await);
    assert!(text.contains("This permanently removes 3 sessions with 4 page views on 1 day"), "{text}");
    assert_eq!(fixture.admin.get(&fixture.path("1/erase")).await.status, 404, "a look erases nothing");
    let editor = fixture.site.signed_in(fixture.account, "editor@site.test", Role::Editor).await;
    editor.get("/profile").await;
    assert_eq!(editor.post(&fixture.path("1/erase"), &[]).await.status, 403);
    fixture.html(&fixture.admin, "1").await;
    let done = fixture.admin.press("Erase visitor", &[]).await;
    assert_eq!(done.location(), format!("/accounts/{}/dashboard", fixture.account));
    assert!(plain(&fixture.admin.follow(&done).await.body).contains("The visitor is erased"));
    assert_eq!(fixture.admin.get(&fixture.path("1")).await.status, 404);
    assert_eq!(fixture.admin.get(&fixture.path("3")).await.status, 200);
    let dashboard =
        fixture.admin.get(&format!("/accounts/{}/dashboard?format=json", fixture.account)).await.json();
    assert_eq!((&dashboard["kpi"]["visitors"], &dashboard["kpi"]["page_views"]), (&json!(1), &json!(1)));
    // The number that stands for a contact's events from programs cannot be erased alone.
    let own = fixture.html(&fixture.admin, "2").await;
    assert!(!own.contains("/erase") && plain(&own).contains("without a browser"), "{own}");
}
