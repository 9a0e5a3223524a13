//! Submitted forms as HubSpot's API takes them: what is answered, what is refused, and the limits.

use actix_web::http::Method;
use actix_web::test::TestRequest;
use guestlog::app::access::{Actor, tokens};
use guestlog::base::clock::{DAY, MINUTE};
use guestlog::domain::form::{
    BODY_MAX, FIELD_NAME_MAX, FIELD_VALUE_MAX, FIELDS_MAX, FORM_KEY_MAX, FORMS_MAX,
};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::tracking::Tracking;
use guestlog::domain::user::Scope;
use guestlog::store;
use serde_json::{Value, json};

use crate::harness::site::{Answer, FIREFOX, NOON, Site, Wanted, post, query, with};

const SUBMIT: &str = "/submissions/v3/integration/submit/1000001/contact-us";
const SECURE: &str = "/submissions/v3/integration/secure/submit/1000001/contact-us";

fn request(uri: &str, body: impl Into<actix_web::web::Bytes>) -> TestRequest {
    let request = TestRequest::default().method(Method::POST).uri(uri).set_payload(body.into());
    request.insert_header(("content-type", "application/json")).insert_header(("user-agent", FIREFOX))
}

async fn submit(site: &Site, body: &Value) -> Answer {
    site.call(request(SUBMIT, body.to_string())).await
}

fn body(email: &str) -> Value {
    json!({"fields": [
        {"objectTypeId": "0-1", "name": "email", "value": email},
        {"objectTypeId": "0-1", "name": "firstname", "value": "Ada"},
    ]})
}

fn fields(pairs: &[(&str, &str)]) -> Value {
    let fields: Vec<_> = pairs.iter().map(|(name, value)| json!({"name": name, "value": value})).collect();
    json!({ "fields": fields })
}

/// Status, reason and `errorType` of an answer.
fn refusal(answer: &Answer) -> (u16, String, String) {
    let said: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(said["status"], "error", "{said}");
    assert!(!said["message"].as_str().unwrap().is_empty(), "{said}");
    assert_eq!(said["correlationId"].as_str().unwrap().len(), 32, "{said}");
    let kind = said["errors"][0]["errorType"].as_str().unwrap_or_default().to_owned();
    (answer.status, answer.reason().to_owned(), kind)
}

async fn token(site: &Site, scopes: &[Scope]) -> String {
    let made = tokens::create(&site.app, Actor::Machine, site.account, "t", scopes).await;
    format!("Bearer {}", made.unwrap().1.reveal())
}

const KEPT: &str =
    "select group_concat(json_extract(value, '$[0]') || '=' || json_extract(value, '$[1]'), '|')
                    from submission, json_each(fields) group by submission.id order by submission.id";

#[actix_web::test]
async fn a_submission_is_answered_as_hubspot_does_and_is_kept() {
    let mut site = Site::new().await;
    let sent = json!({
        "submittedAt": 1,
        "fields": [
            {"objectTypeId": "0-1", "name": "email", "value": "Ada@Example.test"},
            {"objectTypeId": "0-1", "name": "firstName", "value": "Ada"},
            {"objectTypeId": "0-2", "name": "name", "value": "Analytical Engines"},
            {"objectTypeId": "0-2", "name": "domain", "value": "engines.test"},
            {"objectTypeId": "0-5", "name": "subject", "value": "Hello"},
            {"name": "topics", "value": ["a", 2]},
            {"name": "message", "value": "Two\nlines"},
            {"name": "empty", "value": ""},
        ],
        "context": {"pageUri": "www.example.com/contact?utm_source=x&token=s", "pageName": "Contact us", "sfdcCampaignId": "7"},
        "legalConsentOptions": {"consent": {"consentToProcess": true, "text": "I agree.", "communications": [
            {"value": true, "subscriptionTypeId": 999, "text": "News, please."}]}},
        "skipValidation": true,
    });
    let answer = submit(&site, &sent).await;
    assert_eq!((answer.status, answer.reason()), (200, "stored"));
    assert_eq!(answer.text(), r#"{"inlineMessage":"Thanks for submitting the form."}"#);
    assert_eq!(answer.header("access-control-allow-origin"), "*");
    assert_eq!(answer.header("set-cookie"), "");
    site.fold().await;
    assert_eq!(
        site.asks::<String>(KEPT),
        ["email=Ada@Example.test|firstName=Ada|company=Analytical Engines|company.domain=engines.test\
          |0-5.subject=Hello|topics=a;2|message=Two\nlines"]
    );
    assert_eq!(
        site.asks::<String>(
            "select name || '=' || value || ' ' || channel || verified from contact_property order by 1"
        ),
        [
            "company.domain=engines.test 30",
            "company=Analytical Engines 30",
            "firstname=Ada 30",
            "message=Twolines 30",
            "topics=a;2 30"
        ]
    );
    let row = "select f.key || ' ' || s.at_ms || ' ' || s.visitor || ' ' || s.is_new_contact || ' '
               || (select replace(value, char(31), '|') from dictionary where kind = 1 and id = s.page) || ' '
               || (select value from dictionary where kind = 2 and id = s.title)
               from submission s join form f on f.id = s.form_id";
    assert_eq!(
        site.ask::<String>(row),
        format!("contact-us {} 0 1 www.example.com|/contact| Contact us", NOON.0),
        "the clock of a browser is not believed"
    );
    let consent: String = site.ask("select consent_text from submission");
    assert!(consent.contains("I agree.") && consent.contains("News, please."), "{consent}");
    assert_eq!(
        site.ask::<i64>("select count(*) from visitor where no_browser = 0"),
        0,
        "it makes no visitor"
    );
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 0, "it is no completion");
    assert_eq!(site.ask::<i64>("select count(*) from event_definition"), 0, "it uses no place among events");
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn the_answer_says_nothing_about_contacts_and_visitors() {
    let mut site = Site::new().await;
    site.collect(&site.view("v", "ab12", "https://example.com/")).await;
    let mut answers = Vec::new();
    for (email, hutk) in
        [("ada@example.test", "ab12"), ("ada@example.test", "cd34"), ("bob@example.test", "ab12")]
    {
        let answer = submit(&site, &with(body(email), "context", json!({ "hutk": hutk }))).await;
        answers.push((answer.status, answer.reason().to_owned(), answer.text()));
        site.fold().await;
    }
    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[actix_web::test]
async fn the_older_call_stores_the_same() {
    let mut site = Site::new().await;
    let context = json!({"hutk": "ab12", "ipAddress": "192.0.2.7", "pageUrl": "https://example.com/c", "pageName": "C"});
    let pairs =
        query(&[("email", "ada@example.test"), ("firstname", "Ada"), ("hs_context", &context.to_string())]);
    let upload = |pairs: String| {
        let request = request("/uploads/form/v2/1000001/contact-us", pairs);
        site.call(request.insert_header(("content-type", "application/x-www-form-urlencoded")))
    };
    let answer = upload(pairs).await;
    assert_eq!((answer.status, answer.reason(), answer.body.len()), (204, "stored", 0));
    let broken = upload(query(&[("email", "a@b.test"), ("hs_context", "{")])).await;
    assert_eq!(refusal(&broken), (400, "malformed".into(), "INVALID_METADATA".into()));
    site.fold().await;
    assert_eq!(site.asks::<String>(KEPT), ["email=ada@example.test|firstname=Ada"]);
    assert_eq!(site.asks::<String>("select email from contact"), ["ada@example.test"]);
}

#[actix_web::test]
async fn what_is_wrong_is_said_in_hubspots_words() {
    let site = Site::new().await;
    let context = |name: &str, value: &str| with(body("a@b.test"), "context", json!({ name: value }));
    let legal = |options: Value| with(body("a@b.test"), "legalConsentOptions", options);
    let said = |id: i64, text: &str| json!({"value": true, "subscriptionTypeId": id, "text": text});
    let consent = |yes: bool, text: &str, said: Value| {
        legal(json!({"consent": {"consentToProcess": yes, "text": text, "communications": said}}))
    };
    for (sent, reason, kind) in [
        (body("nobody"), "malformed", "INVALID_EMAIL"),
        (json!({"fields": []}), "malformed", "REQUIRED_FIELD"),
        (json!({}), "malformed", "REQUIRED_FIELD"),
        (json!({"fields": 7}), "malformed", ""),
        (json!([]), "malformed", ""),
        (with(body("a@b.test"), "context", 7), "malformed", "INVALID_METADATA"),
        (context("hutk", "no token"), "malformed", "INVALID_HUTK"),
        (context("ipAddress", "999.1.1.1"), "malformed", "INVALID_IP_ADDRESS"),
        (context("pageUri", "https://"), "malformed", "INVALID_PAGE_URI"),
        (with(body("a@b.test"), "submittedAt", "soon"), "malformed", "INVALID_METADATA"),
        (legal(json!({})), "malformed", "INVALID_LEGAL_OPTION_FORMAT"),
        (legal(json!({"consent": "yes"})), "malformed", "INVALID_LEGAL_OPTION_FORMAT"),
        (consent(false, "I agree", json!([])), "no_consent", "MISSING_PROCESSING_CONSENT"),
        (consent(true, " ", json!([])), "malformed", "MISSING_PROCESSING_CONSENT_TEXT"),
        (consent(true, "x", json!([said(1, "")])), "malformed", "MISSING_COMMUNICATION_CONSENT_TEXT"),
        (
            consent(true, "x", json!([said(1, "a"), said(1, "b")])),
            "malformed",
            "DUPLICATE_SUBSCRIPTION_TYPE_ID",
        ),
        (
            legal(json!({"legitimateInterest": {"value": true, "text": ""}})),
            "malformed",
            "MISSING_LEGITIMATE_INTEREST_TEXT",
        ),
        (
            legal(json!({"legitimateInterest": {"value": false, "text": "x"}})),
            "no_consent",
            "MISSING_PROCESSING_CONSENT",
        ),
    ] {
        let answer = submit(&site, &sent).await;
        assert_eq!(refusal(&answer), (400, reason.to_owned(), kind.to_owned()), "{sent}");
        assert_eq!(answer.header("access-control-allow-origin"), "*");
    }
    let broken = site.call(request(SUBMIT, "{")).await;
    assert_eq!(refusal(&broken), (400, "malformed".into(), String::new()));
    for (uri, status, reason) in [
        ("/submissions/v3/integration/submit/1000009/f", 404, "unknown_account"),
        ("/submissions/v3/integration/submit/x/f", 404, "unknown_account"),
        ("/submissions/v3/integration/submit/1000001/a%20b", 400, "malformed"),
    ] {
        let answer = site.call(request(uri, body("a@b.test").to_string())).await;
        assert_eq!(refusal(&answer), (status, reason.to_owned(), String::new()), "{uri}");
    }
    assert_eq!(site.app.store.inbox.waiting(), 0, "nothing of it is stored");
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn each_limit_of_a_submission_holds_at_it_and_one_past_it() {
    let site = Site::new().await;
    let many = |n: usize| json!({"fields": vec![json!({"name": "a", "value": "b"}); n]});
    let pair = |name: usize, value: usize| fields(&[(&"n".repeat(name), &"é".repeat(value))]);
    let padded = |n: usize| {
        let mut body = body("a@b.test").to_string();
        body.push_str(&" ".repeat(n - body.len()));
        body
    };
    for (fits, is_past, kind) in [
        (
            many(FIELDS_MAX).to_string(),
            many(FIELDS_MAX + 1).to_string(),
            "MAX_NUMBER_OF_SUBMITTED_VALUES_EXCEEDED",
        ),
        (pair(FIELD_NAME_MAX, 1).to_string(), pair(FIELD_NAME_MAX + 1, 1).to_string(), "INPUT_TOO_LARGE"),
        (pair(1, FIELD_VALUE_MAX).to_string(), pair(1, FIELD_VALUE_MAX + 1).to_string(), "INPUT_TOO_LARGE"),
    ] {
        assert_eq!(site.call(request(SUBMIT, fits)).await.status, 200);
        let answer = site.call(request(SUBMIT, is_past)).await;
        assert_eq!(refusal(&answer), (400, "too_large".to_owned(), kind.to_owned()));
    }
    assert_eq!(site.call(request(SUBMIT, padded(BODY_MAX))).await.status, 200);
    let answer = site.call(request(SUBMIT, padded(BODY_MAX + 1))).await;
    assert_eq!(refusal(&answer), (413, "too_large".to_owned(), "INPUT_TOO_LARGE".to_owned()));
    let form = |n: usize| format!("/submissions/v3/integration/submit/1000001/{}", "f".repeat(n));
    assert_eq!(site.call(request(&form(FORM_KEY_MAX), body("a@b.test").to_string())).await.status, 200);
    assert_eq!(site.call(request(&form(FORM_KEY_MAX + 1), body("a@b.test").to_string())).await.status, 400);
    site.assert_that_all_are_counted().await;
}

/// rules.md 33
#[actix_web::test]
async fn an_account_has_a_thousand_forms_and_not_one_more() {
    let mut site = Site::new().await;
    let form = |n: i64| format!("/submissions/v3/integration/submit/1000001/form-{n}");
    let sent = body("a@b.test").to_string();
    for n in 1..FORMS_MAX {
        assert_eq!(site.call(request(&form(n), sent.clone())).await.status, 200);
    }
    site.fold().await;
    // Both find a place when they are accepted, and there is one for the first only.
    for n in [FORMS_MAX, FORMS_MAX + 1] {
        assert_eq!(site.call(request(&form(n), sent.clone())).await.status, 200);
    }
    site.fold().await;
    let answer = site.call(request(&form(FORMS_MAX + 2), sent.clone())).await;
    assert_eq!(refusal(&answer), (400, "form_limit".to_owned(), String::new()));
    assert_eq!(site.call(request(&form(7), sent)).await.status, 200, "a form that is there goes on");
    assert_eq!(site.count(Reason::FormLimit), 1);
    site.fold().await;
    let other = "select count(*) from submission s join form f on f.id = s.form_id where f.key = '(other)'";
    assert_eq!(site.ask::<i64>(other), 1, "what was acknowledged is kept");
    assert_eq!(site.ask::<i64>("select count(*) from submission"), FORMS_MAX + 2);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn passwords_and_cards_are_never_kept_and_addresses_are_taken_out() {
    let mut site = Site::new().await;
    let secrets = [
        ("password", "hunter2hunter2"),
        ("Card number", "4111111111111111"),
        ("cc-csc", "737"),
        ("api_key", "k1k2k3k4"),
    ];
    let mut pairs = vec![
        ("email", "ada@example.test"),
        ("note", "from 203.0.113.7 or 192.0.2.44, mail bob@example.test"),
    ];
    pairs.extend(secrets);
    let sent =
        with(fields(&pairs), "context", json!({"ipAddress": "192.0.2.44", "pageName": "Hello 203.0.113.7"}));
    assert_eq!(submit(&site, &sent).await.status, 200);
    site.fold().await;
    assert_eq!(
        site.asks::<String>(KEPT),
        ["email=ada@example.test|note=from [address] or [address], mail bob@example.test"]
    );
    let data_dir = site.data_dir();
    let site = site.restart().await;
    for file in std::fs::read_dir(&data_dir).unwrap() {
        let bytes = std::fs::read(file.unwrap().path()).unwrap();
        for secret in secrets.iter().map(|(_, value)| *value).chain(["203.0.113.7", "192.0.2.44"]) {
            let is_found = bytes.windows(secret.len()).any(|part| part == secret.as_bytes());
            // Three digits may stand anywhere.
            assert!(!is_found || secret.len() < 4, "{secret}");
        }
    }
    drop(site);
}

/// rules.md 22
#[actix_web::test]
async fn a_token_vouches_for_a_submission_of_its_own_account() {
    let mut site = Site::new().await;
    let bearer = token(&site, &[Scope::CrmWrite]).await;
    let with_token = |uri: &str, bearer: &str, body: &Value| {
        request(uri, body.to_string()).insert_header(("authorization", bearer.to_owned()))
    };
    let past = with(body("ada@example.test"), "submittedAt", NOON.0 - 700 * DAY);
    let answer = site.call(with_token(SECURE, &bearer, &past)).await;
    assert_eq!((answer.status, answer.reason()), (200, "stored"));
    site.fold().await;
    assert_eq!(site.ask::<i64>("select email_verified from contact"), 1);
    assert_eq!(site.asks::<String>("select channel || ' ' || verified from contact_property"), ["3 1"]);
    assert_eq!(site.ask::<i64>("select at_ms from submission"), NOON.0 - 700 * DAY);
    // Nobody who has no token changes that.
    let claimed = fields(&[("email", "ada@example.test"), ("firstname", "Eve"), ("lastname", "Byron")]);
    submit(&site, &claimed).await;
    site.fold().await;
    let names = site.asks::<String>("select name || ' ' || value from contact_property order by name");
    assert_eq!(names, ["firstname Ada", "lastname Byron"]);
    for (at, status) in [
        (NOON.0 + 10 * MINUTE, 200),
        (NOON.0 + 10 * MINUTE + 1, 400),
        (NOON.0 - 760 * DAY, 200),
        (NOON.0 - 760 * DAY - 1, 400),
    ] {
        let sent = with(body("ada@example.test"), "submittedAt", at);
        assert_eq!(site.call(with_token(SECURE, &bearer, &sent)).await.status, status, "{at}");
    }
    let reading = token(&site, &[Scope::CrmRead]).await;
    let elsewhere = SECURE.replace("1000001", "1000002");
    for (uri, bearer, status) in
        [(SECURE, "Bearer x", 401), (SECURE, &*reading, 403), (&*elsewhere, &*bearer, 404)]
    {
        assert_eq!(
            site.call(with_token(uri, bearer, &body("a@b.test"))).await.status,
            status,
            "{uri} {bearer}"
        );
    }
    assert_eq!(site.call(request(SECURE, body("a@b.test").to_string())).await.status, 401);
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_flood_is_slowed_down_and_a_full_store_refuses_before_it_acknowledges() {
    let site = Site::with(Wanted { per_address: 1, ..Wanted::default() }).await;
    let mut statuses = Vec::new();
    for _ in 0..11 {
        statuses.push(submit(&site, &body("a@b.test")).await.status);
    }
    assert_eq!((statuses[9], statuses[10]), (200, 429));
    let full = Site::with(Wanted { min_free: u64::MAX, ..Wanted::default() }).await;
    let answer = submit(&full, &body("a@b.test")).await;
    assert_eq!(refusal(&answer), (503, "unavailable".to_owned(), String::new()));
    assert_eq!(answer.header("retry-after"), "2");
    full.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_browser_may_ask_first() {
    let site = Site::new().await;
    for uri in [SUBMIT, "/uploads/form/v2/1000001/f"] {
        let answer = site.call(TestRequest::default().method(Method::OPTIONS).uri(uri)).await;
        assert_eq!((answer.status, answer.header("access-control-allow-origin")), (204, "*"));
    }
}

/// A form that the script noticed.
fn collected(site: &Site, id: &str, form: &str, fields: &Value) -> Value {
    let hit = with(site.view(id, "ab12", "https://example.com/about/contact"), "k", "form");
    with(with(hit, "n", form), "p", fields.clone())
}

async fn collecting() -> Site {
    let site = Site::new().await;
    let (account, tracking) = (site.account, Tracking { collect_forms: true, ..Tracking::default() });
    let switch = move |conn: &store::Connection| store::account::update_tracking(conn, account, tracking);
    site.app.store.writer.write(switch).await.unwrap();
    site
}

/// rules.md 1, 2, 31
#[actix_web::test]
async fn a_form_that_the_script_noticed_is_kept_only_by_accounts_that_want_it_and_with_consent() {
    let site = Site::new().await;
    let ada = json!({"email": "ada@example.test"});
    assert_eq!(site.collect(&collected(&site, "1", "", &ada)).await.reason(), "unsupported_kind");
    let mut site = collecting().await;
    let hit = |id: &str| collected(&site, id, "", &ada);
    for (hit, reason) in [
        (with(hit("1"), "cc", 0), "no_consent"),
        (with(hit("2"), "ce", false), "no_consent"),
        (with(hit("3"), "a", 5), "unknown_account"),
        (with(hit("4"), "p", json!({"firstname": "Ada"})), "malformed"),
        (with(hit("5"), "p", json!({"email": "nobody"})), "malformed"),
        (hit("6"), "stored"),
        (hit("6"), "stored"),
    ] {
        assert_eq!(site.collect(&hit).await.reason(), reason, "{hit}");
    }
    let robot = post().set_payload(hit("7").to_string()).insert_header(("user-agent", "Googlebot/2.1"));
    assert_eq!(site.call(robot).await.reason(), "bot");
    site.fold().await;
    assert_eq!(site.count(Reason::Duplicate), 1);
    let row = "select f.key || ' ' || s.way || ' ' || s.consent || ' ' || s.policy || ' ' || s.visitor
               from submission s join form f on f.id = s.form_id";
    assert_eq!(site.asks::<String>(row), ["form-about-contact 2 15 3 0"], "it makes no visitor");
    site.assert_that_all_are_counted().await;
}

/// rules.md 33
#[actix_web::test]
async fn of_a_form_that_the_script_noticed_only_safe_fields_are_read_whatever_it_sends() {
    let mut site = collecting().await;
    site.collect(&site.view("v", "ab12", "https://example.com/")).await;
    let sent = json!({"Email": "ada@example.test", "firstName": " Ada ", "lastname": "", "phone": "4111 1111 1111 1111",
        "company": "x".repeat(257), "password": "hunter2", "message": "Hello", "firstname": "Eve"});
    let hit = with(collected(&site, "1", "#Contact form", &sent), "i", json!({"email": "bob@example.test"}));
    assert_eq!(site.collect(&hit).await.reason(), "stored");
    site.fold().await;
    assert_eq!(site.asks::<String>(KEPT), ["email=ada@example.test|firstname=Ada"]);
    assert_eq!(site.asks::<String>("select key from form"), ["contact-form"]);
    assert_eq!(site.asks::<String>("select email from contact"), ["ada@example.test"], "whom the form names");
    assert_eq!(site.asks::<i64>("select visitor from submission"), [1]);
    assert_eq!(site.asks::<String>("select channel || ' ' || verified from contact_property"), ["3 0"]);
}

#[actix_web::test]
async fn what_hubspots_script_for_forms_sends_is_read_as_well() {
    let mut site = collecting().await;
    let sent = json!({"contactFields": {"email": "ada@example.test", "firstName": "Ada", "phone": "555 0199"},
        "formSelectorId": "#join", "formSelectorClasses": ".a, .b", "formValues": {"Password": "hunter2"},
        "pageTitle": "Join", "pageUrl": "https://example.com/join", "portalId": 1_000_001, "type": "SCRAPED",
        "utk": "ab12", "uuid": "u-1", "version": "1.0"});
    let answer = site.call(request("/collected-forms/submit/form", sent.to_string())).await;
    assert_eq!((answer.status, answer.reason()), (204, "stored"));
    let refused = site.call(request("/collected-forms/submit/form", "{")).await;
    assert_eq!((refused.status, refused.reason()), (400, "malformed"));
    site.fold().await;
    assert_eq!(site.asks::<String>("select key from form"), ["join"]);
    let kept = site.asks::<String>("select value from contact_property order by name");
    assert_eq!(kept, ["Ada", "555 0199"]);
    let loader = site.get("/collectedforms.js").await;
    assert_eq!(
        (loader.status, loader.header("content-type")),
        (200, "application/javascript; charset=utf-8")
    );
    assert!(loader.text().contains("data-leadin-portal-id"));
    site.assert_that_all_are_counted().await;
}

#[actix_web::test]
async fn a_form_that_the_script_noticed_has_no_place_past_the_thousandth_either() {
    let mut site = collecting().await;
    let ada = json!({"email": "ada@example.test"});
    for n in 0..FORMS_MAX {
        site.collect(&collected(&site, &n.to_string(), &format!("f{n}"), &ada)).await;
    }
    site.fold().await;
    assert_eq!(site.collect(&collected(&site, "one", "more", &ada)).await.reason(), "form_limit");
    assert_eq!(site.collect(&collected(&site, "known", "f7", &ada)).await.reason(), "stored");
}
