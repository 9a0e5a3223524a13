//! Creating an event, checking its installation, changing it and archiving it, as an editor does it without script.

use std::sync::Arc;

use actix_web::test::TestRequest;
use guestlog::app::access::Actor;
use guestlog::app::access::tokens;
use guestlog::app::events::{count_back, definitions, element_picker};
use guestlog::app::ingest::accept::{Sender, accept, beacon};
use guestlog::app::ingest::fold;
use guestlog::domain::account::AccountId;
use guestlog::domain::event::EventNumber;
use guestlog::domain::user::{Role, Scope};
use serde_json::{Value, json};

use crate::harness::app::{Reply, TestApp};
use crate::harness::browser::{Browser, plain};

pub(crate) const CHROME: &str =
    "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Safari/537.36";
const PHONE: &str = "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0.0.0 Mobile Safari/537.36";

/// An account, its editor, and a running fold.
pub(crate) struct Fixture {
    pub site: TestApp,
    pub account: AccountId,
    pub editor: Browser,
}

impl Fixture {
    pub(crate) async fn new() -> Self {
        Self::on(TestApp::new().await).await
    }

    pub(crate) async fn on(site: TestApp) -> Self {
        let account = site.account("Shop").await;
        let editor = site.signed_in(account, "editor@site.test", Role::Editor).await;
        let app = Arc::clone(&site.app);
        actix_web::rt::spawn(async move { fold::run(&app).await });
        Self { site, account, editor }
    }

    pub(crate) fn path(&self, rest: &str) -> String {
        format!("/accounts/{}/{rest}", self.account)
    }

    pub(crate) async fn get(&self, rest: &str) -> Reply {
        let reply = self.editor.get(&self.path(rest)).await;
        assert_eq!(reply.status, 200, "{rest}: {}", reply.body);
        reply
    }

    /// The page, with everything counted that was sent before.
    pub(crate) async fn text(&self, rest: &str) -> String {
        plain(&self.get(rest).await.body)
    }

    pub(crate) async fn json(&self, rest: &str) -> Value {
        let sign = if rest.contains('?') { '&' } else { '?' };
        self.get(&format!("{rest}{sign}format=json&wait=1")).await.json()
    }

    async fn send(&self, agent: &str, mut hit: Value) {
        hit["a"] = json!(self.account.0);
        hit["cc"] = json!(15);
        let body = hit.to_string();
        let beacons = beacon::of_json(body.as_bytes()).unwrap();
        let sender = Sender { user_agent: agent, ..Sender::default() };
        accept(&self.site.app, sender, beacons).await;
    }

    pub(crate) async fn view(&self, visitor: &str, path: &str, more: Value) {
        let mut hit =
            json!({"k": 1, "vi": visitor, "pu": format!("https://site.test{path}"), "t": "A title"});
        hit.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        self.send(CHROME, hit).await;
    }

    /// Completes an event in a browser.
    pub(crate) async fn fire(&self, visitor: &str, event: &str, value: Value) {
        let hit = json!({"k": 3, "vi": visitor, "pu": "https://site.test/cart", "n": event, "m": value});
        self.send(CHROME, hit).await;
    }

    pub(crate) async fn fire_by_phone(&self, visitor: &str, event: &str) {
        self.send(PHONE, json!({"k": 3, "vi": visitor, "pu": "https://site.test/", "n": event})).await;
    }

    /// Completes an event by a program with its own User-Agent.
    pub(crate) async fn call(&self, url: &str) -> Reply {
        let request = TestRequest::get().uri(url).insert_header(("user-agent", "curl/8.9.1"));
        self.site.call(request, "192.0.2.77:4711".parse().unwrap()).await
    }

    /// Creates an event with the form and returns its id.
    pub(crate) async fn create(&self, kind: &str, name: &str, fields: &[(&str, &str)]) -> String {
        self.get("events/new").await;
        let mut filled = vec![("Name", name), (kind, "on")];
        filled.extend(fields);
        let made = self.editor.press("Create event", &filled).await;
        assert_eq!(made.status, 303, "{}", plain(&made.body));
        made.location().split('/').nth(4).unwrap().to_owned()
    }

    pub(crate) async fn token(&self, scopes: &[Scope]) -> Browser {
        let made = tokens::create(&self.site.app, Actor::Machine, self.account, "t", scopes).await;
        self.site.browser().with("authorization", &format!("Bearer {}", made.unwrap().1.reveal()))
    }
}

#[actix_web::test]
async fn an_editor_creates_an_event_and_sees_its_first_completion() {
    let fixture = Fixture::new().await;
    let empty = fixture.text("events").await;
    assert!(empty.contains("No events yet") && empty.contains("Create event"), "{empty}");
    fixture.get("events/new").await;
    let made = fixture
        .editor
        .press(
            "Create event",
            &[("Name", " Signed up "), ("Custom JavaScript", "on"), ("Tags", "a, b,A"), ("Value", "5")],
        )
        .await;
    assert_eq!(made.location(), fixture.path("events/000000000001/install"));
    let waiting = fixture.editor.follow(&made).await.body;
    assert!(
        waiting.contains("data-live=") && waiting.contains("http-equiv=\"refresh\""),
        "updates automatically"
    );
    let text = plain(&waiting);
    for part in [
        "The event is created",
        "Set up Signed up",
        "Waiting for the first completion of Signed up…",
        "_hsq.push(['trackEvent', {id: '000000000001', value: 5.00}]);",
        "http://guestlog.test/v1/event?_a=1000001&_n=000000000001",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    fixture.fire("ada", "000000000001", Value::Null).await;
    fixture.json("events").await;
    let done = fixture.get("events/000000000001/install").await.body;
    assert!(plain(&done).contains("Last completed at"), "{done}");
    assert!(!done.contains("data-live="), "it waits no more");
    let event = fixture.json("events/000000000001").await;
    assert_eq!((&event["completions"], &event["value"]), (&json!(1), &json!("5.00")), "the default value");
    assert_eq!(event["tags"], json!(["a", "b"]));
}

/// Without script, the fields of a type appear after pressing the button beside the types.
#[actix_web::test]
async fn the_form_shows_what_the_chosen_type_needs_and_loses_nothing() {
    let fixture = Fixture::new().await;
    let parts = |html: &str| {
        let of = |part: &str| {
            let kinds = part.split('"').next().unwrap().to_owned();
            let tag = part.split('>').next().unwrap();
            (!tag.contains("hidden disabled")).then_some(kinds)
        };
        html.split("data-kinds=\"").skip(1).filter_map(of).collect::<Vec<_>>()
    };
    let new = fixture.get("events/new").await.body;
    assert_eq!(parts(&new), ["custom"], "{new}");
    assert_eq!(parts(&fixture.get("events/new?type=visit").await.body), ["visit"]);
    let chosen = fixture
        .editor
        .press("Show fields", &[("Name", "Buy"), ("Tags", "x, y"), ("Clicked element", "on")])
        .await;
    assert_eq!((chosen.status, parts(&chosen.body)), (200, vec!["click form".to_owned()]));
    for kept in ["value=\"Buy\"", "value=\"x, y\"", "value=\"click\" checked"] {
        assert!(chosen.body.contains(kept), "{kept}");
    }
    let refused =
        fixture.editor.press("Create event", &[("Value", "9,99"), ("Only on matching pages", "/a")]).await;
    assert_eq!(refused.status, 422);
    let text = plain(&refused.body);
    for part in ["This type needs a CSS selector.", "“9,99” is not an amount.", "Nothing was saved."] {
        assert!(text.contains(part), "{part} in {text}");
    }
    for kept in ["value=\"9,99\"", "value=\"/a\"", "value=\"click\" checked"] {
        assert!(refused.body.contains(kept), "{kept}");
    }
    let made = fixture.editor.press("Create event", &[("Value", "9.99"), ("CSS selector", "#buy")]).await;
    assert_eq!(made.status, 303, "{}", made.body);
    fixture.get("events/new").await;
    let taken = fixture.editor.press("Create event", &[("Name", "Buy"), ("HTTP", "on")]).await;
    assert!(plain(&taken.body).contains("An event with this name already exists."), "{}", taken.body);
    assert!(taken.body.contains("data-add-tag=\"x\"") && taken.body.contains("<option value=\"y\">"));
    let text = fixture.text("events/000000000001").await;
    assert!(text.contains("CSS selector #buy") && text.contains("Default value €9.99"), "{text}");
    assert!(
        fixture
            .text("events/000000000001/install")
            .await
            .contains("The tracking code on your site finds the element automatically.")
    );
}

/// The URL that the page of an HTTP event shows is called with a new email and an amount, twice.
#[actix_web::test]
async fn the_address_of_an_http_event_makes_a_contact_with_revenue() {
    let fixture = Fixture::new().await;
    let id = fixture.create("HTTP", "Login", &[]).await;
    let page = plain(&fixture.get(&format!("events/{id}/install")).await.body);
    let url = page.split("http://guestlog.test").nth(1).unwrap().split(' ').next().unwrap().to_owned();
    for _ in 0..2 {
        let reply = fixture.call(&format!("{url}&email=New%40Example.com&_m=19.99")).await;
        assert_eq!((reply.status, reply.body.as_str()), (200, ""));
    }
    let contacts = fixture.json("contacts").await;
    assert_eq!(contacts["total"], 1);
    let row = &contacts["rows"][0];
    assert_eq!((&row["email"], &row["completions"]), (&json!("new@example.com"), &json!(2)));
    assert_eq!((&row["revenue"], &row["revenue_asserted"]), (&json!("0.00"), &json!("39.98")));
    let contact = fixture.json(&format!("contacts/{}", row["id"])).await;
    let answer = contact["timeline"].as_array().unwrap();
    assert_eq!(answer.len(), 2, "{contact}");
    for moment in answer {
        assert_eq!((&moment["kind"], &moment["event"]), (&json!("completion"), &json!("Login")));
        assert_eq!((&moment["value"], &moment["consent"]), (&json!("19.99"), &json!("server")));
    }
    let text = fixture.text(&format!("contacts/{}", row["id"])).await;
    for part in ["Revenue €39.98", "Unverified revenue €39.98", "Sent by programs", "2 events", "Login"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let event = fixture.json(&format!("events/{id}")).await;
    assert_eq!(
        (&event["reported_by_programs"], &event["contacts"], &event["visitors"]),
        (&json!(2), &json!(1), &json!(0))
    );
    assert_eq!(event["completed_by"][0]["contact_id"], row["id"]);
}

/// Deleting first shows what will be lost.
#[actix_web::test]
async fn an_event_is_changed_put_away_and_deleted_after_seeing_what_goes() {
    let fixture = Fixture::new().await;
    let id = fixture.create("Custom JavaScript", "Sale", &[("Value", "2.50")]).await;
    let at = |rest: &str| format!("events/{id}{rest}");
    fixture.view("ada", "/", json!({"i": {"email": "ada@example.test"}})).await;
    fixture.fire("ada", "Sale", Value::Null).await;
    fixture.fire("bob", "Sale", json!("7.5")).await;
    fixture.json("events").await;

    fixture.get(&at("/edit")).await;
    let wrong = fixture.editor.press("Save", &[("Name", ""), ("Tags", "kept")]).await;
    assert!(wrong.status == 422 && wrong.body.contains("value=\"kept\""), "{}", wrong.body);
    let saved = fixture.editor.press("Save", &[("Name", "Purchase"), ("Value", "")]).await;
    assert!(plain(&fixture.editor.follow(&saved).await.body).contains("The event is saved."));
    let text = fixture.text(&at("")).await;
    assert!(text.contains("Purchase") && text.contains("Default value –"), "{text}");

    let archived = fixture.editor.press("Archive", &[]).await;
    assert!(plain(&fixture.editor.follow(&archived).await.body).contains("The event is archived."));
    fixture.fire("ada", &id, Value::Null).await;
    assert_eq!(fixture.json("events").await["rows"][0]["completions"], 2, "not counted any more");
    let restored = fixture.editor.press("Restore", &[]).await;
    assert!(plain(&fixture.editor.follow(&restored).await.body).contains("The event is restored"));

    let text = fixture.text(&at("/delete")).await;
    assert!(text.contains("2 completions with a total value of €10.00 will be removed from every report. Their value will be subtracted from the revenue of 1 contact."), "{text}");
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let seen = viewer.get(&fixture.path(&at(""))).await.body;
    assert!(!seen.contains("/delete") && !seen.contains("/edit"), "that is for editors");
    assert_eq!(viewer.get(&fixture.path(&at("/delete"))).await.status, 403);
    fixture.get(&at("/delete")).await;
    let deleted = fixture.editor.press("Delete event", &[]).await;
    assert_eq!(deleted.location(), fixture.path("events"));
    assert!(plain(&fixture.editor.follow(&deleted).await.body).contains("The event is deleted."));
    assert_eq!(fixture.editor.get(&fixture.path(&at(""))).await.status, 404);
    assert_eq!(fixture.json("events").await["total"], 0);
}

/// A visited-URL event is counted back on request, with its progress.
#[actix_web::test]
async fn a_visited_url_event_is_counted_back_from_its_page() {
    let fixture = Fixture::new().await;
    for n in 0..3 {
        fixture.view(&format!("v{n}"), "/thanks?order=1", json!({})).await;
    }
    fixture.json("dashboard").await;
    let id = fixture.create("Visited URL", "Thanks", &[("Page address", "/thanks*")]).await;
    let before = fixture.text(&format!("events/{id}")).await;
    assert!(
        before.contains("Count past page views") && before.contains("Matching pages /thanks*"),
        "{before}"
    );
    let begun = fixture.editor.press("Count past page views", &[]).await;
    let going =
        fixture.get(begun.location().trim_start_matches(&fixture.path("")).split('#').next().unwrap()).await;
    assert!(plain(&going.body).contains("Starting to count past page views…"), "{}", going.body);
    assert!(going.body.contains("id=\"count-back\"") && going.body.contains("data-live="), "renews itself");
    let app = Arc::clone(&fixture.site.app);
    actix_web::rt::task::spawn_blocking(move || count_back::work_due(&app)).await.unwrap();
    let done = fixture.text(&format!("events/{id}")).await;
    assert!(done.contains("3 completions found.") && done.contains("Count past page views again"), "{done}");
    assert_eq!(fixture.json(&format!("events/{id}")).await["completions"], 3);
}

#[actix_web::test]
async fn the_page_of_an_event_tells_who_completed_it_with_what_and_where() {
    let fixture = Fixture::new().await;
    let id = fixture.create("Custom JavaScript", "Sale", &[]).await;
    fixture
        .view("ada", "/", json!({"i": {"email": "ada@example.test"}, "r": "https://www.google.com/"}))
        .await;
    fixture.fire("ada", "Sale", json!("1.50")).await;
    fixture.site.clock.advance(60_000);
    fixture.fire("ada", "Sale", json!("1.50")).await;
    fixture.fire_by_phone("bob", "Sale").await;
    let event = fixture.json(&format!("events/{id}")).await;
    assert_eq!(
        (&event["name"], &event["type"], &event["status"]),
        (&json!("Sale"), &json!("custom"), &json!("active"))
    );
    assert_eq!(
        (&event["completions"], &event["contacts"], &event["value"]),
        (&json!(3), &json!(1), &json!("3.00"))
    );
    assert_eq!(event["series"].as_array().unwrap().len(), 28);
    assert_eq!(event["series"][27]["completions"], 3);
    let names = |key: &str| {
        let parts = event[key].as_array().unwrap().iter();
        parts
            .map(|part| format!("{} {}", part["name"].as_str().unwrap(), part["completions"]))
            .collect::<Vec<_>>()
    };
    assert_eq!(names("devices"), ["desktop 2", "mobile 1"]);
    assert_eq!(names("sources"), ["ORGANIC_SEARCH 2", "DIRECT_TRAFFIC 1"]);
    assert_eq!(names("pages"), ["/cart 2", "/ 1"]);
    assert_eq!(names("systems").len(), 2);
    let by = &event["completed_by"][0];
    assert_eq!((&by["email"], &by["completions"]), (&json!("ada@example.test"), &json!(2)));
    assert_eq!(by["last"], json!(fixture.site.app.now().iso()), "the last time");
    assert_eq!(event["last_seen"], json!(fixture.site.app.now().iso()));
    let text = fixture.text(&format!("events/{id}")).await;
    for part in ["Mobile 33%", "ada@example.test 2 €3.00 just now", "Organic search 2 67%"] {
        assert!(text.contains(part), "{part} in {text}");
    }
    let narrowed = fixture.json(&format!("events/{id}?filter=device:is:mobile")).await;
    assert_eq!((&narrowed["completions"], &narrowed["contacts"]), (&json!(1), &json!(0)));
    let csv = fixture.get(&format!("events/{id}?format=csv")).await;
    assert!(
        csv.header("content-disposition").contains(&format!("events-{id}-1000001-")),
        "{:?}",
        csv.headers
    );
    assert_eq!(csv.body.lines().count(), 29);
    let csv = fixture.get(&format!("events/{id}?show=contacts&format=csv&bom=0")).await.body;
    assert!(
        csv.starts_with("contact_id,email,completions,value,last\r\n1,ada@example.test,2,3.00,"),
        "{csv}"
    );
    for bad in ["events/000000000009", "events/1", "events/000000000000"] {
        assert_eq!(fixture.editor.get(&fixture.path(bad)).await.status, 404, "{bad}");
    }
    assert_eq!(fixture.editor.get(&fixture.path(&format!("events/{id}?metric=luck"))).await.status, 400);
    assert!(
        fixture.text(&format!("events/{id}?metric=value")).await.contains("Value, 22 Oct – 18 Nov 2026"),
        "the other chart"
    );
}

/// rules.md 28
#[actix_web::test]
async fn who_completed_an_event_is_told_to_those_who_may_know() {
    let fixture = Fixture::new().await;
    let id = fixture.create("HTTP", "Login", &[]).await;
    fixture.call(&format!("/v1/event?_a={}&_n={id}&email=ada@example.test", fixture.account)).await;
    fixture.json("events").await;
    let at = |query: &str| fixture.path(&format!("events/{id}?{query}"));
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let seen = viewer.get(&at("")).await.body;
    assert!(seen.contains("a…@example.test") && !seen.contains("ada@"), "{seen}");
    assert_eq!(viewer.get(&at("format=json")).await.json()["completed_by"][0]["email"], "a…@example.test");
    let reports = fixture.token(&[Scope::ReportsRead]).await;
    let answer = reports.get(&at("format=json")).await;
    assert_eq!(
        (answer.status, &answer.json()["completed_by"], &answer.json()["contacts"]),
        (200, &Value::Null, &json!(1))
    );
    assert!(!answer.body.contains("example.test"), "{}", answer.body);
    assert_eq!(reports.get(&at("show=contacts&format=csv")).await.status, 403);
    let all = fixture.token(&[Scope::ReportsRead, Scope::CrmRead]).await;
    assert!(all.get(&at("show=contacts&format=csv")).await.body.contains("ada@example.test"));
}

/// Broken code is rejected with line and column, and publishing code needs a permission of its own.
#[actix_web::test]
async fn custom_javascript_is_parsed_and_published_by_who_may() {
    let fixture = Fixture::new().await;
    let owner = fixture.site.signed_in(fixture.account, "owner@site.test", Role::Owner).await;
    owner.get(&fixture.path("events/new")).await;
    let broken = "const a = 1;\n  if (a {";
    let refused =
        owner.press("Create event", &[("Name", "Code"), ("Custom JavaScript", "on"), ("Value", "1")]).await;
    assert_eq!(refused.status, 303, "without code it is an event as any other");
    owner.get(&fixture.path("events/000000000001/edit")).await;
    let refused = owner.press("Save", &[("Custom JavaScript", broken)]).await;
    assert_eq!(refused.status, 422);
    assert!(plain(&refused.body).contains("Line 2, column"), "{}", plain(&refused.body));
    assert!(plain(&refused.body).contains("if (a {"), "what was typed is kept");
    owner.get(&fixture.path("events/000000000001/edit")).await;
    assert_eq!(owner.press("Save", &[("Custom JavaScript", "go(1);")]).await.status, 303);
    assert_eq!(fixture.json("events/000000000001").await["custom_js"], true);

    let form = fixture.get("events/000000000001/edit").await.body;
    assert!(
        !form.contains("name=\"custom_js\"") && plain(&form).contains("You are not allowed to publish it"),
        "{form}"
    );
    assert_eq!(fixture.editor.press("Save", &[("Name", "Renamed")]).await.status, 303);
    let kept = owner.get(&fixture.path("events/000000000001/edit")).await.body;
    assert!(
        kept.contains("go(1);") && kept.contains("value=\"Renamed\""),
        "an editor's change leaves the code: {kept}"
    );
    fixture.get("events/new").await;
    let fields = [("type", "custom"), ("name", "Sly"), ("custom_js", "go()")];
    let sly = fixture.editor.post(&fixture.path("events/new"), &fields).await;
    assert!(sly.status == 422 && fixture.json("events").await["total"] == 1, "{}", sly.body);
}

/// rules.md 30: without script the form asks for the picked element when a button is pressed.
#[actix_web::test]
async fn what_was_picked_on_the_site_comes_into_the_form() {
    let fixture = Fixture::new().await;
    fixture.get("events/new?type=click").await;
    let none = fixture.editor.press("Use picked element", &[("Name", "Buy")]).await;
    let key = key_of(&none.body);
    assert!(
        none.status == 200 && plain(&none.body).contains("No element was picked"),
        "{}",
        plain(&none.body)
    );
    // The field and its button belong to the form that opens the other tab.
    let picking = [("url", "https://site.test/shop"), ("kind", "click"), ("key", &*key)];
    let opened = fixture.editor.post(&fixture.path("events/pick"), &picking).await;
    let address = opened.body.split("guestlog-pick=").nth(1).unwrap();
    let token: String = address.chars().take_while(char::is_ascii_alphanumeric).collect();
    assert!(element_picker::confirm(&fixture.site.app, &token).await.unwrap(), "{}", opened.body);
    assert!(element_picker::choose(&fixture.site.app, &token, "#buy").await.unwrap());
    let typed = [("type", "click"), ("name", "Buy"), ("tags", "a, b"), ("do", "take")];
    let other = [&typed[..], &[("pick_key", "another")]].concat();
    let none = fixture.editor.post(&fixture.path("events/new"), &other).await;
    assert!(
        none.status == 200 && plain(&none.body).contains("No element was picked"),
        "{}",
        plain(&none.body)
    );
    assert_eq!(key_of(&none.body), "another", "a form keeps its name");
    let taken = fixture
        .editor
        .post(&fixture.path("events/new"), &[&typed[..], &[("pick_key", &*key)]].concat())
        .await;
    for kept in ["value=\"#buy\"", "value=\"Buy\"", "value=\"a, b\"", "value=\"click\" checked"] {
        assert!(taken.body.contains(kept), "{kept}");
    }
    let made = fixture.editor.press("Create event", &[]).await;
    assert_eq!(made.status, 303, "{}", plain(&made.body));
    let edited = fixture.get("events/000000000001/edit").await;
    assert_ne!(key_of(&edited.body), key);
    let fields = [("name", "Buy"), ("selector", "#old"), ("pick_key", &*key), ("do", "take")];
    let taken = fixture.editor.post(&fixture.path("events/000000000001/edit"), &fields).await;
    assert!(taken.body.contains("value=\"#buy\""), "{}", plain(&taken.body));
}

/// The key that connects a form with the element picked for it.
fn key_of(page: &str) -> String {
    let after = page.split("name=\"pick_key\" value=\"").nth(1).unwrap();
    after.split('"').next().unwrap().to_owned()
}

/// rules.md 19
#[actix_web::test]
async fn what_a_deleted_event_is_called_is_free_for_others() {
    let fixture = Fixture::new().await;
    let app = &fixture.site.app;
    let first = fixture.create("Custom JavaScript", "Buy", &[]).await;
    let number = EventNumber::parse(&first).unwrap();
    definitions::delete(app, Actor::Machine, fixture.account, number).await.unwrap();
    fixture.create("Custom JavaScript", "Buy", &[]).await;
    for name in ["deleted 1", "\u{1}deleted 1", "Buy"] {
        fixture.fire("ada", name, Value::Null).await;
    }
    let list = fixture.json("events?sort=name").await;
    let rows = list["rows"].as_array().unwrap().iter();
    let counted: Vec<String> = rows.map(|row| format!("{} {}", row["name"], row["completions"])).collect();
    assert_eq!(counted, ["\"Buy\" 1", "\"deleted 1\" 2"]);
}

#[actix_web::test]
async fn the_form_offers_each_tag_in_use_once() {
    let fixture = Fixture::new().await;
    for (name, tags) in [("A", "sale"), ("B", "Sale, shop"), ("C", "sale")] {
        fixture.create("HTTP", name, &[("Tags", tags)]).await;
    }
    let gone = fixture.create("HTTP", "D", &[("Tags", "gone")]).await;
    let number = EventNumber::parse(&gone).unwrap();
    definitions::delete(&fixture.site.app, Actor::Machine, fixture.account, number).await.unwrap();
    let form = fixture.get("events/new").await.body;
    let tags: Vec<&str> =
        form.split("data-add-tag=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(tags, ["Sale", "sale", "shop"]);
}

/// The later one won, and the earlier one never knew.
#[actix_web::test]
async fn two_people_who_edit_one_event_see_what_the_other_has_saved() {
    let fixture = Fixture::new().await;
    let id = fixture.create("Visited URL", "Thanks", &[("Page address", "/thanks")]).await;
    let edit = format!("/accounts/{}/events/{id}/edit", fixture.account);
    let other = fixture.site.signed_in(fixture.account, "other@site.test", Role::Editor).await;
    let stored = || async { fixture.text(&format!("events/{id}")).await };
    for browser in [&fixture.editor, &other] {
        browser.get(&edit).await;
    }
    fixture.site.clock.advance(1_000);
    let first = fixture.editor.press("Save", &[("Name", "Thank you"), ("Tags", "a, b")]).await;
    assert_eq!(first.status, 303, "{}", first.body);
    let second = other.press("Save", &[("Page address", "/danke")]).await;
    assert_eq!(second.status, 409, "{}", second.body);
    let said = plain(&second.body);
    assert!(
        said.contains("Somebody else has saved this event meanwhile, with “Thank you” in this field."),
        "{said}"
    );
    assert!(
        said.contains("Somebody else has saved this event meanwhile, with “a, b” in this field."),
        "{said}"
    );
    assert!(second.body.contains("value=\"/danke\"") && second.body.contains("value=\"Thanks\""), "{said}");
    assert!(stored().await.contains("Thank you"), "nothing was saved");
    // Whoever has seen it may replace it, or take the other's.
    fixture.site.clock.advance(1_000);
    let again = other.press("Save", &[("Name", "Thank you"), ("Tags", "a, b")]).await;
    assert_eq!(again.status, 303, "{}", again.body);
    let text = stored().await;
    assert!(text.contains("Thank you") && text.contains("/danke"), "{text}");
    // The same change twice is no conflict.
    for browser in [&fixture.editor, &other] {
        browser.get(&edit).await;
    }
    fixture.site.clock.advance(1_000);
    for browser in [&fixture.editor, &other] {
        assert_eq!(browser.press("Save", &[("Name", "Both")]).await.status, 303);
    }
}
