//! The reports of an account, as pages and as data, from hits that were accepted and folded.

use std::sync::Arc;

use actix_web::http::Method;
use guestlog::app::access::Actor;
use guestlog::app::access::tokens;
use guestlog::app::ingest::accept::{Sender, accept, beacon, write_bots};
use guestlog::app::ingest::fold;
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::account::AccountId;
use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use crate::harness::app::{Reply, TestApp};
use crate::harness::browser::{Browser, plain};
use crate::hostile::naughty_strings;

const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const TABLES: [&str; 4] = ["pages", "sources", "devices", "countries"];

/// An account, a signed-in user, and a running fold.
pub(super) struct Fixture {
    pub site: TestApp,
    pub account: AccountId,
    pub reader: Browser,
}

impl Fixture {
    pub(super) async fn new() -> Self {
        let site = TestApp::new().await;
        let account = site.account("Shop").await;
        let reader = site.signed_in(account, "viewer@site.test", Role::Viewer).await;
        let app = Arc::clone(&site.app);
        actix_web::rt::spawn(async move { fold::run(&app).await });
        Self { site, account, reader }
    }

    async fn send(&self, hit: Value) {
        self.send_as(CHROME, hit).await;
    }

    async fn send_as(&self, user_agent: &str, mut hit: Value) {
        hit["a"] = json!(self.account.0);
        hit["k"] = json!(1);
        let body = hit.to_string();
        let beacons = beacon::of_json(body.as_bytes()).unwrap();
        let sender = Sender { user_agent, ..Sender::default() };
        accept(&self.site.app, sender, beacons).await;
    }

    pub(super) async fn view(&self, visitor: &str, url: &str, referrer: &str) {
        self.send(json!({"vi": visitor, "pu": url, "r": referrer, "t": "A title"})).await;
    }

    /// Sends hits of two visitors in three sessions with five page views, one hit of a bot, and one rejected hit.
    async fn visits(&self) {
        self.view("a1", "https://site.test/", "https://www.google.com/").await;
        self.view("a1", "https://site.test/pricing", "https://site.test/").await;
        self.view(
            "b2",
            "https://shop.site.test/pricing?utm_source=news&utm_medium=email&utm_campaign=May",
            "",
        )
        .await;
        self.site.clock.advance(40 * MINUTE);
        self.view("a1", "https://site.test/=1+1", "https://blog.example.net/post").await;
        self.view("a1", "https://site.test/", "").await;
        self.send_as("Googlebot/2.1 (+http://www.google.com/bot.html)", json!({"pu": "https://site.test/"}))
            .await;
        self.send(json!({"pu": "https://site.test/secret", "cc": 0, "r": "https://private.example/"})).await;
        let app = Arc::clone(&self.site.app);
        actix_web::rt::task::spawn_blocking(move || write_bots(&app)).await.unwrap().unwrap();
    }

    pub(super) fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.account)
    }

    pub(super) async fn get(&self, rest: &str) -> Reply {
        let reply = self.reader.get(&self.path(rest)).await;
        assert_eq!(reply.status, 200, "{rest}: {}", reply.body);
        reply
    }

    pub(super) async fn json(&self, rest: &str) -> Value {
        let sign = if rest.contains('?') { '&' } else { '?' };
        self.get(&format!("{rest}{sign}format=json&wait=1")).await.json()
    }
}

fn keys(value: &Value) -> Vec<&str> {
    value.as_object().unwrap().keys().map(String::as_str).collect()
}

fn rows(table: &Value) -> &Vec<Value> {
    table["rows"].as_array().unwrap()
}

fn assert_has(value: &Value, expected: &[&str]) {
    for key in expected {
        assert!(keys(value).contains(key), "{key} in {value}");
    }
}

#[actix_web::test]
async fn the_dashboard_as_data_has_the_keys_of_the_contract() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    let found = fixture.json("dashboard").await;
    assert_eq!(
        found["kpi"],
        json!({"visitors": 2, "sessions": 3, "page_views": 5, "completions": 0, "revenue": "0.00", "companies": null})
    );
    let series = found["series"].as_array().unwrap();
    assert_eq!(series.len(), 28);
    assert_has(&series[0], &["at", "visitors", "sessions", "page_views"]);
    assert!(series[0]["at"].as_str().unwrap().ends_with('Z'));
    assert_eq!(found["bots"], 1);
    assert_eq!(found["compare"]["series"].as_array().unwrap().len(), 28);
    assert_eq!(fixture.json("dashboard?compare=none").await["compare"], Value::Null);
}

#[actix_web::test]
async fn tables_as_data_have_rows_total_and_next() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    let columns: [&[&str]; 4] = [
        &["host", "path", "visitors", "sessions", "page_views"],
        &["source", "detail", "visitors", "sessions"],
        &["name", "visitors", "sessions", "page_views"],
        &["name", "visitors", "sessions", "page_views"],
    ];
    for (report, columns) in TABLES.into_iter().zip(columns) {
        let table = fixture.json(report).await;
        assert_eq!(keys(&table).len(), 3, "{table}");
        assert_has(&table, &["rows", "total", "next"]);
        assert_has(&rows(&table)[0], columns);
        assert_eq!(table["total"], rows(&table).len());
    }
    let first = fixture.json("pages?limit=1").await;
    let second = fixture.json(&format!("pages?limit=100&after={}", first["next"].as_str().unwrap())).await;
    assert_eq!(rows(&second).len() as u64, first["total"].as_u64().unwrap() - 1);
    assert_eq!(second["next"], Value::Null);
    let page = fixture.get("pages?limit=1").await;
    let next = page.body.split("rel=\"next\" href=\"").nth(1).unwrap().split('"').next().unwrap();
    let next = fixture.reader.get(&next.replace("&#38;", "&")).await;
    assert!(plain(&next.body).contains("2–2 of 4"), "{}", plain(&next.body));
}

#[actix_web::test]
async fn filters_narrow_every_table_and_the_form_leads_to_the_plain_address() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    assert_eq!(fixture.json("dashboard?filter=source:is:EMAIL_MARKETING").await["kpi"]["visitors"], 1);
    let pages = fixture.json("pages?filter=page:is:/pricing&filter=host:is:site.test").await;
    assert_eq!(pages["total"], 1, "{pages}");
    assert_eq!(rows(&fixture.json("sources?by=campaign").await)[0]["campaign"], "May");
    assert!(rows(&fixture.json("sources?by=source").await)[0].get("detail").is_none());
    let html = plain(&fixture.get("dashboard?filter=source:is:EMAIL_MARKETING").await.body);
    assert!(html.contains("Source is Email marketing"), "{html}");
    let typed = "pages?period=7d&dimension=page&operator=contains&value=%20pric%20";
    let reply = fixture.reader.get(&fixture.path(typed)).await;
    assert_eq!(reply.status, 303);
    assert_eq!(reply.location(), fixture.path("pages?period=7d&filter=page:contains:pric"));
}

#[actix_web::test]
async fn a_table_without_rows_says_what_to_do() {
    let fixture = Fixture::new().await;
    let filtered = fixture.reader.get(&fixture.path("pages?period=7d&filter=country:is:DE")).await.body;
    assert!(filtered.contains(">Germany<"), "{filtered}");
    let clear = format!("<a class=\"button\" href=\"{}\">Clear filters</a>", fixture.path("pages?period=7d"));
    assert!(filtered.contains(&clear), "{filtered}");
    let long_ago =
        fixture.reader.get(&fixture.path("pages?period=custom&from=2020-01-01&to=2020-01-02")).await.body;
    let check = format!("href=\"{}\">Check tracking code</a>", fixture.path("settings/tracking-code"));
    assert!(long_ago.contains(&check), "{long_ago}");
}

#[actix_web::test]
async fn unknown_values_are_400_with_the_allowed_ones() {
    let fixture = Fixture::new().await;
    let program = fixture.site.signed_in(fixture.account, "program@site.test", Role::Viewer).await;
    let program = program.with("accept", "*/*");
    for (address, list) in [
        ("dashboard?filter=city:is:x", "utm_campaign"),
        ("pages?filter=page:like:x", "does_not_contain"),
        ("sources?period=fortnight", "last_month"),
        ("devices?by=shoe", "browser"),
        ("pages?show=middle", "entry"),
        ("pages?sort=luck", "page_views"),
        ("sources?by=x", "campaign"),
        ("dashboard?metric=luck", "page_views"),
        ("live?show=odd", "refused"),
        ("countries?limit=1001", "1000"),
        ("pages?after=x", "next"),
    ] {
        let page = fixture.reader.get(&fixture.path(address)).await;
        assert_eq!(page.status, 400, "{address}");
        assert!(page.body.contains("<h1>") && page.body.contains(list), "{address}: {}", page.body);
        let data = program.get(&fixture.path(&format!("{address}&format=json"))).await;
        assert_eq!(data.status, 400, "{address}");
        assert!(data.json()["message"].as_str().unwrap().contains(list), "{}", data.body);
    }
}

#[actix_web::test]
async fn tables_as_csv_hold_nothing_a_spreadsheet_would_run() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    const COMPUTED: [&str; 5] = ["=cmd()", "+1", "-1", "@x", "＝1"];
    for (n, source) in COMPUTED.iter().enumerate() {
        let query = format!("utm_medium=x&utm_source=y&utm_campaign={}", url_encode(source));
        fixture.view(&format!("c{n}"), &format!("https://site.test/x?{query}"), "").await;
    }
    let reply = fixture.get("sources?by=campaign&format=csv&wait=1").await;
    assert_eq!(reply.header("content-type"), "text/csv; charset=utf-8");
    assert!(reply.header("content-disposition").starts_with("attachment; filename=\"sources-1000001-"));
    // Excel reads the letters rightly only behind this mark.
    let body = reply.body.strip_prefix('\u{feff}').unwrap();
    let mut lines = body.split("\r\n");
    assert_eq!(lines.next(), Some("campaign,utm_source,utm_medium,visitors,sessions,page_views,bounce_rate"));
    for source in COMPUTED {
        assert!(reply.body.contains(&format!("\n'{source},")), "{source}: {}", reply.body);
    }
    let pages = fixture.get("pages?format=csv&bom=0").await;
    assert!(pages.body.starts_with("host,path,visitors,"), "{}", pages.body);
    assert_eq!(pages.body.trim_end().lines().count(), 1 + rows(&fixture.json("pages").await).len());
}

pub(super) fn url_encode(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02X}")).collect()
}

/// rules.md 28
#[actix_web::test]
async fn a_token_reads_the_data_of_its_own_account_only() {
    let fixture = Fixture::new().await;
    let other = fixture.site.account("Other").await;
    let token = |account, scope| {
        let site = fixture.site.clone();
        async move {
            let made = tokens::create(&site.app, Actor::Machine, account, "t", &[scope]).await;
            format!("Bearer {}", made.unwrap().1.reveal())
        }
    };
    let own = token(fixture.account, Scope::ReportsRead).await;
    let strange = token(other, Scope::ReportsRead).await;
    let lesser = token(fixture.account, Scope::EventsRead).await;
    for report in ["dashboard", "pages", "sources", "devices", "countries", "live"] {
        let ask = |token: &str, query: &str| {
            let browser = fixture.site.browser().with("authorization", token);
            let path = fixture.path(&format!("{report}{query}"));
            async move { browser.get(&path).await.status }
        };
        assert_eq!(ask(&own, "?format=json").await, 200, "{report}");
        assert_eq!(ask(&own, "?format=csv").await, 200, "{report}");
        assert_eq!(ask(&own, "").await, 400, "{report} as a page");
        assert_eq!(ask(&strange, "?format=json").await, 404, "{report}");
        assert_eq!(ask(&lesser, "?format=json").await, 403, "{report}");
        assert_eq!(ask("Bearer x", "?format=json").await, 401, "{report}");
    }
    let program = fixture.site.browser().with("authorization", &own);
    let reply = program.get(&fixture.path("settings/tracking-code?format=json")).await;
    assert_eq!(reply.status, 401, "a token reads no settings");
}

/// rules.md 28
#[actix_web::test]
async fn without_the_right_to_read_persons_nobody_can_filter_by_them() {
    let fixture = Fixture::new().await;
    let program = |scopes: Vec<Scope>| {
        let site = fixture.site.clone();
        let account = fixture.account;
        async move {
            let made = tokens::create(&site.app, Actor::Machine, account, "t", &scopes).await;
            let secret = made.unwrap().1.reveal().to_owned();
            site.browser().with("authorization", &format!("Bearer {secret}"))
        }
    };
    let reports = program(vec![Scope::ReportsRead]).await;
    let both = program(vec![Scope::ReportsRead, Scope::CrmRead]).await;
    let viewer = fixture.site.signed_in(fixture.account, "viewer@example.com", Role::Viewer).await;
    let by_name = "contact:contains:ada";
    let by_number = "contact:is:7";
    for report in ["dashboard", "pages", "sources", "devices", "countries"] {
        let path = |filter: &str| fixture.path(&format!("{report}?format=json&filter={filter}"));
        assert_eq!(reports.get(&path(by_number)).await.status, 403, "{report}");
        assert_eq!(reports.get(&path(by_name)).await.status, 403, "{report}");
        assert_eq!(both.get(&path(by_name)).await.status, 200, "{report}");
        assert_eq!(viewer.get(&path(by_name)).await.status, 403, "{report}");
        assert_eq!(viewer.get(&path("contact:is:ada@example.com")).await.status, 403, "{report}");
        assert_eq!(viewer.get(&path(by_number)).await.status, 200, "{report}");
    }
}

/// rules.md 9
#[actix_web::test]
async fn a_hit_without_consent_shows_time_and_reason_only() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    let live = fixture.json("live").await;
    let refused = rows(&live).iter().find(|row| row["reason"] == "no_consent").unwrap();
    for (key, value) in refused.as_object().unwrap() {
        let is_known = ["at", "result", "reason"].contains(&key.as_str());
        assert_eq!(is_known, !value.is_null(), "{key}: {value}");
    }
    let stored = rows(&live).iter().find(|row| row["reason"] == "stored").unwrap();
    assert_has(stored, &["at", "kind", "result", "reason", "page", "consent", "source", "company"]);
    assert!(stored["visitor"].is_number(), "the fold completed it: {stored}");
    let page = fixture.get("live").await;
    assert!(!page.body.contains("secret") && !page.body.contains("private.example"));
    let text = plain(&page.body);
    assert!(text.contains("No consent No data about this visit was kept."), "{text}");
    assert!(text.contains("Counted 5") && text.contains("Bot 1"), "{text}");
    assert!(!fixture.json("live?show=stored").await.to_string().contains("no_consent"));
    let csv = fixture.get("live?format=csv").await.body;
    assert!(csv.lines().any(|line| line.ends_with(",,refused,no_consent,,,,")), "{csv}");
}

/// No row of the live page is empty: one of which nothing is known says so.
#[actix_web::test]
async fn a_hit_that_cannot_be_read_says_so_on_the_live_page() {
    let fixture = Fixture::new().await;
    fixture.send(json!({"vi": "a1", "pu": "::::"})).await;
    fixture.send(json!({"vi": "not a token!", "pu": "https://site.test/shown"})).await;
    let text = plain(&fixture.get("live").await.body);
    assert!(text.contains("Invalid It could not be read."), "{text}");
    assert!(text.contains("Invalid site.test/shown"), "{text}");
}

#[actix_web::test]
async fn the_tracking_code_page_waits_for_the_first_visit_and_names_what_keeps_it_away() {
    let fixture = Fixture::new().await;
    let page = "settings/tracking-code";
    let text = plain(&fixture.get(page).await.body);
    assert!(text.contains("Waiting for the first visit to site.test"), "{text}");
    assert!(text.contains("The script has not been loaded yet"));
    assert!(text.contains("src=\"//guestlog.test/1000001.js\"></script>"), "{text}");
    assert!(plain(&fixture.get("dashboard").await.body).contains("No visits yet"));
    fixture.site.browser().get("/1000001.js").await;
    let text = plain(&fixture.get(page).await.body);
    assert!(
        text.contains("The script was loaded 1 time") && text.contains("has not sent anything"),
        "{text}"
    );
    fixture.send(json!({"pu": "https://site.test/", "cc": 0})).await;
    let html = fixture.get(page).await.body;
    assert!(html.contains("data-live=") && html.contains("http-equiv=\"refresh\""));
    assert!(plain(&html).contains("Not counted: No consent"), "{}", plain(&html));
    fixture.view("a", "https://elsewhere.test/", "").await;
    fixture.json("dashboard").await;
    let html = fixture.get(page).await.body;
    let text = plain(&html);
    assert!(text.contains("First visit counted at 18 Nov 2026"), "{text}");
    assert!(text.contains("Hits from elsewhere.test"), "{text}");
    assert!(!html.contains("data-live=") && !html.contains("http-equiv=\"refresh\""));
}

#[actix_web::test]
async fn a_period_is_compared_with_the_one_before() {
    let fixture = Fixture::new().await;
    fixture.view("a", "https://site.test/", "").await;
    fixture.json("dashboard").await;
    fixture.site.clock.advance(7 * DAY);
    let reader = fixture.site.signed_in(fixture.account, "again@site.test", Role::Viewer).await;
    fixture.view("a", "https://site.test/", "").await;
    fixture.view("b", "https://site.test/", "").await;
    let address = fixture.path("dashboard?period=7d&format=json&wait=1");
    let found = reader.get(&address).await.json();
    assert_eq!((&found["kpi"]["visitors"], &found["compare"]["visitors"]), (&json!(2), &json!(1)));
    for page in ["dashboard", "pages", "pages?show=entry", "sources", "devices"] {
        let sign = if page.contains('?') { '&' } else { '?' };
        let html = plain(&reader.get(&fixture.path(&format!("{page}{sign}period=7d"))).await.body);
        assert!(html.contains("+100%"), "{page}: {html}");
        let html =
            plain(&reader.get(&fixture.path(&format!("{page}{sign}period=7d&compare=none"))).await.body);
        assert!(!html.contains("+100%"), "{page}: {html}");
    }
    let table = reader.get(&fixture.path("pages?period=7d&format=json&compare=previous")).await.json();
    assert_eq!(table["rows"][0]["visitors"], 2);
    assert_eq!(table["rows"][0]["before"], json!({"visitors": 1, "sessions": 1, "page_views": 1}));
    for key in ["from", "to", "until"] {
        assert!(table["compare"].get(key).is_some(), "{table}");
        assert_eq!(table["compare"][key], found["compare"][key], "{key}");
    }
    let csv = reader.get(&fixture.path("pages?period=7d&format=csv&compare=previous")).await.body;
    assert!(csv.contains(",bounce_rate,visitors_before,sessions_before,page_views_before\r\n"), "{csv}");
    assert!(csv.trim_end().ends_with(",1,1,1"), "{csv}");
    let alone = reader.get(&fixture.path("pages?period=7d&format=json")).await.json();
    assert!(alone["rows"][0].get("before").is_none() && alone.get("compare").is_none(), "{alone}");
}

#[actix_web::test]
async fn sources_lead_from_a_source_to_its_details_and_further() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    let tagged =
        "https://site.test/?utm_source=news&utm_medium=email&utm_campaign=May&utm_term=t1&utm_content=c1";
    fixture.view("d4", tagged, "").await;
    let names = |by: &'static str, key: &'static str| {
        let fixture = &fixture;
        async move {
            let table = fixture.json(&format!("sources?by={by}")).await;
            let named = |row: &Value| row[key].as_str().unwrap().to_owned();
            let mut names: Vec<_> = rows(&table).iter().map(named).collect();
            names.sort();
            names
        }
    };
    assert_eq!(names("term", "utm_term").await, ["t1"]);
    assert_eq!(names("content", "utm_content").await, ["c1"]);
    fixture.view("d5", "https://site.test/?MSCLKID=a1&fbclid=b2", "").await;
    assert_eq!(names("click_id", "click_id").await, ["msclkid"]);
    let csv = fixture.reader.get(&fixture.path("sources?by=click_id&format=csv&bom=0")).await.body;
    assert!(csv.starts_with("click_id,visitors,") && csv.contains("\r\nmsclkid,1,"), "{csv}");
    let page = plain(&fixture.get("sources?by=click_id&period=7d").await.body);
    assert!(page.contains("Microsoft Advertising (msclkid)"), "{page}");
    let filtered = fixture.json("sources?by=source&filter=click_id:is:MSCLKID").await;
    assert_eq!(rows(&filtered)[0]["source"], "PAID_SEARCH", "{filtered}");
    assert_eq!(names("medium", "utm_medium").await, ["email"]);
    assert!(names("referrer", "referrer").await.contains(&"blog.example.net/post".to_owned()));
    assert!(names("detail_2", "detail_2").await.contains(&"blog.example.net/post".to_owned()));
    // Each step follows the link of a row.
    let mut page = fixture.get("sources?by=source&period=7d").await.body;
    for (row, next) in
        [("Referrals", "&#38;"), ("Referrals", "by=detail_2"), ("blog.example.net/post", "source_detail_2")]
    {
        let link =
            page.split("<a href=\"").find(|piece| piece.contains(&format!("<bdi>{row}</bdi>"))).unwrap();
        let href = link.split('"').next().unwrap().replace("&#38;", "&");
        assert!(href.contains(&next.replace("&#38;", "&")), "{href}");
        page = fixture.reader.get(&href).await.body;
    }
    assert_eq!(page.matches("class=\"chip\"").count(), 3, "each step is a filter");
    assert!(plain(&page).contains("Source detail 2 is blog.example.net/post"), "{}", plain(&page));
}

/// Without a geo database no visit has a country, and the page says how to get one.
#[actix_web::test]
async fn without_a_geo_database_the_countries_page_says_how_to_get_one() {
    let fixture = Fixture::new().await;
    fixture.visits().await;
    fixture.json("dashboard").await;
    let page = plain(&fixture.get("countries").await.body);
    assert!(page.contains("No countries yet") && page.contains("guestlog geo install FILE"), "{page}");
    let filtered = plain(&fixture.get("countries?filter=device:is:desktop").await.body);
    assert!(!filtered.contains("No countries yet"), "{filtered}");
}

/// A period that is still running is compared with the same part of the period before.
#[actix_web::test]
async fn a_running_period_is_compared_with_the_same_part_of_the_one_before() {
    let fixture = Fixture::new().await;
    // It is 12:06 in the account's time zone, so today is compared with yesterday until 12:06.
    fixture.view("a", "https://site.test/", "").await;
    fixture.view("b", "https://site.test/", "").await;
    fixture.site.clock.advance(3 * MINUTE);
    fixture.view("c", "https://site.test/", "").await;
    fixture.view("a", "https://site.test/later", "").await;
    fixture.json("dashboard").await;
    fixture.site.clock.advance(DAY - 3 * MINUTE);
    let reader = fixture.site.signed_in(fixture.account, "again@site.test", Role::Viewer).await;
    fixture.view("d", "https://site.test/", "").await;
    let data = |query: &str| {
        let path = fixture.path(&format!("dashboard?{query}&format=json&wait=1"));
        async {
            let path = path;
            reader.get(&path).await.json()
        }
    };
    let today = data("period=today").await;
    assert_eq!((&today["kpi"]["visitors"], &today["compare"]["visitors"]), (&json!(1), &json!(2)));
    assert_eq!(today["compare"]["page_views"], 2);
    assert_eq!(today["compare"]["until"], "2026-11-18T11:06:40.001Z");
    let hours = today["compare"]["series"].as_array().unwrap();
    let views: u64 = hours.iter().map(|point| point["page_views"].as_u64().unwrap()).sum();
    assert_eq!((hours.len(), views), (24, 4), "the chart shows the whole day");
    // A finished period is compared with the whole period before.
    let yesterday = data("period=yesterday").await;
    assert_eq!((&yesterday["kpi"]["visitors"], &yesterday["compare"]["until"]), (&json!(3), &Value::Null));
    let custom = data("period=custom&from=2026-11-19&to=2026-11-19").await;
    assert_eq!(custom["compare"]["visitors"], 2, "by its days, whatever they are called");
    let month = data("period=month").await;
    assert_eq!(
        (&month["compare"]["from"], &month["compare"]["to"]),
        (&json!("2026-10-01"), &json!("2026-10-19"))
    );
    let year = data("period=today&compare=year").await;
    assert_eq!(year["compare"]["until"], "2025-11-19T11:06:40.001Z");
    let html = reader.get(&fixture.path("dashboard?period=today")).await.body;
    assert!(plain(&html).contains("vs 18 Nov 2026 until 12:06"), "{html}");
    assert!(html.contains("title=\"2 in 18 Nov 2026 until 12:06\""), "{html}");
    let html = plain(&reader.get(&fixture.path("dashboard?period=yesterday")).await.body);
    assert!(html.contains("No earlier visits to compare") && !html.contains("until"), "{html}");
    assert!(!html.contains("up new"), "before the first visit nothing can have grown: {html}");
    let html =
        plain(&reader.get(&fixture.path("dashboard?period=custom&from=2026-11-19&to=2026-11-19")).await.body);
    assert!(html.contains("vs 18 Nov 2026"), "{html}");
}

/// Tags are balanced, attributes are quoted, and no text of a visitor became markup.
fn assert_well_formed(name: &str, html: &str) {
    const VOID: [&str; 9] = ["meta", "link", "input", "img", "br", "!doctype", "hr", "path", "wbr"];
    let mut open: Vec<String> = Vec::new();
    for piece in html.split('<').skip(1) {
        let (tag, _) = piece.split_once('>').unwrap_or_else(|| panic!("{name}: a tag without end: {piece}"));
        let word: String =
            tag.chars().take_while(|c| !c.is_whitespace() && *c != '/' || tag.starts_with('/')).collect();
        if let Some(closed) = word.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(closed), "{name}: {piece}");
        } else if !VOID.contains(&word.as_str()) && !tag.ends_with('/') {
            assert!(word.chars().all(|c| c.is_ascii_alphanumeric()), "{name}: <{word}");
            assert!(tag.matches('"').count().is_multiple_of(2), "{name}: {tag}");
            open.push(word);
        }
    }
    assert!(open.is_empty(), "{name}: {open:?}");
}

#[actix_web::test]
async fn naughty_strings_stay_texts_on_every_page() {
    let fixture = Fixture::new().await;
    for (n, text) in naughty_strings().iter().enumerate() {
        let encoded = url_encode(text);
        let page = format!(
            "https://site.test/{encoded}?utm_source={encoded}&utm_medium={encoded}&utm_campaign={encoded}"
        );
        fixture
            .send(json!({"vi": format!("v{n}"), "pu": page, "t": text, "ln": text, "sd": text, "po": "",
                "r": format!("https://ref{n}.example/{encoded}")}))
            .await;
        fixture.send(json!({"vi": "w", "pu": "https://site.test/", "po": text, "r": text, "t": text})).await;
    }
    fixture.json("dashboard").await;
    let filter = url_encode(&format!("page:is:{}", "\"><script>alert(1)</script>"));
    for address in [
        "dashboard",
        "pages?limit=1000",
        "pages?show=entry&limit=1000",
        "sources?limit=1000",
        "sources?by=campaign&limit=1000",
        "sources?by=referrer&limit=1000",
        "sources?by=detail_2&limit=1000",
        "sources?by=medium&limit=1000",
        "devices?by=language&limit=1000",
        "devices?by=screen&limit=1000",
        "countries",
        "live",
        "settings/tracking-code",
        &format!("pages?filter={filter}"),
        &format!("dashboard?filter={filter}"),
    ] {
        let html = fixture.get(address).await.body;
        assert_well_formed(address, &html);
        assert_eq!(html.matches("<script").count(), 1, "{address}");
        let nonce = html.split("nonce=\"").nth(1).unwrap().split('"').next().unwrap();
        assert!(html.contains(&format!("<script type=\"module\" nonce=\"{nonce}\"")), "{address}");
        for bad in ["<img src=x", "<svg onload", "<iframe", "javascript:alert(1)\"", " onerror=\""] {
            assert!(!html.contains(bad), "{address} holds {bad}");
        }
        assert_eq!(html.matches("<h1").count(), 1, "{address}");
    }
    for address in ["pages", "sources", "sources?by=campaign", "live"] {
        fixture.json(address).await;
        let sign = if address.contains('?') { '&' } else { '?' };
        let csv = fixture.get(&format!("{address}{sign}format=csv")).await.body;
        let mut reader = csv::ReaderBuilder::new().flexible(false).from_reader(csv.as_bytes());
        let mut cells = 0;
        for record in reader.records() {
            for cell in &record.unwrap() {
                assert!(
                    !cell.trim_start().starts_with(['=', '+', '-', '@', '＝', '＋', '－', '＠']),
                    "{cell}"
                );
                cells += 1;
            }
        }
        assert!(cells > 100, "{address}: {cells} cells");
    }
}

#[actix_web::test]
async fn only_get_reads_a_report() {
    let fixture = Fixture::new().await;
    let reply = fixture.reader.send(Method::POST, &fixture.path("dashboard"), None, &[]).await;
    assert!([404, 405].contains(&reply.status), "{}", reply.status);
}
