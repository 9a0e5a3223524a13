//! Every admin route, requested by every kind of user: roles, strangers, members of other accounts, forms of other
//! sites. Also the headers of every answer.

use actix_web::http::Method;
use guestlog::app::access::Actor;
use guestlog::app::access::{consent, tokens};
use guestlog::app::events::definitions;
use guestlog::app::people::import::{self, Upload};
use guestlog::app::people::{companies, lists, property_definitions};
use guestlog::base::clock::Millis;
use guestlog::domain::consent::preset::Preset;
use guestlog::domain::event::{EventKind, Typed};
use guestlog::domain::form::FormKey;
use guestlog::domain::list::{Condition, Conditions, ListKind, TextField, TextTest};
use guestlog::domain::property_type::{Definition, PropertyType};
use guestlog::domain::user::{Role, Scope};
use guestlog::domain::visitor::VisitorNumber;
use guestlog::store::contact::Contact;
use guestlog::store::{self, visitor::Visitor};
use guestlog::web::request::options::Options;

use crate::harness::app::{Reply, TestApp};
use crate::harness::browser::Browser;

/// The least rights a route needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Who {
    Everybody,
    SignedIn,
    Role(Role),
    ServerAdmin,
}

use Who::{Everybody, ServerAdmin, SignedIn};
const OWNER: Who = Who::Role(Role::Owner);
const ADMIN: Who = Who::Role(Role::Admin);
const EDITOR: Who = Who::Role(Role::Editor);
const VIEWER: Who = Who::Role(Role::Viewer);

/// All admin routes. `{a}` is the account, `{u}` a user of it, `{t}` a token, `{v}` a visitor, `{c}` a contact,
/// `{e}` and `{f}` events, `{l}` a list, `{o}` a company, `{m}` a form, `{i}` an import.
const TABLE: &[(&str, &str, Who)] = &[
    ("GET", "/", SignedIn),
    ("GET", "/setup", Everybody),
    ("POST", "/setup", Everybody),
    ("GET", "/sign-in", Everybody),
    ("POST", "/sign-in", Everybody),
    ("GET", "/sign-in/link", Everybody),
    ("POST", "/sign-out", SignedIn),
    ("GET", "/reset", Everybody),
    ("POST", "/reset", Everybody),
    ("POST", "/theme", SignedIn),
    ("GET", "/profile", SignedIn),
    ("POST", "/profile/password", SignedIn),
    ("POST", "/profile/browsers", SignedIn),
    ("GET", "/accounts", SignedIn),
    ("GET", "/accounts/new", ServerAdmin),
    ("POST", "/accounts/new", ServerAdmin),
    ("GET", "/accounts/{a}/dashboard", VIEWER),
    ("GET", "/accounts/{a}/live", VIEWER),
    ("GET", "/accounts/{a}/pages", VIEWER),
    ("GET", "/accounts/{a}/sources", VIEWER),
    ("GET", "/accounts/{a}/devices", VIEWER),
    ("GET", "/accounts/{a}/countries", VIEWER),
    ("GET", "/accounts/{a}/anonymous", VIEWER),
    ("GET", "/accounts/{a}/events", VIEWER),
    ("GET", "/accounts/{a}/events/new", EDITOR),
    ("POST", "/accounts/{a}/events/new", EDITOR),
    ("GET", "/accounts/{a}/events/unexpected", VIEWER),
    ("POST", "/accounts/{a}/events/unexpected", EDITOR),
    ("GET", "/accounts/{a}/events/dismissed", VIEWER),
    ("POST", "/accounts/{a}/events/dismissed", EDITOR),
    ("GET", "/accounts/{a}/events/{e}", VIEWER),
    ("GET", "/accounts/{a}/events/{e}/install", VIEWER),
    ("GET", "/accounts/{a}/events/{e}/edit", EDITOR),
    ("POST", "/accounts/{a}/events/{e}/edit", EDITOR),
    ("POST", "/accounts/{a}/events/{e}/archive", EDITOR),
    ("POST", "/accounts/{a}/events/{e}/restore", EDITOR),
    ("POST", "/accounts/{a}/events/{e}/count-back", EDITOR),
    ("GET", "/accounts/{a}/events/{e}/delete", EDITOR),
    ("POST", "/accounts/{a}/events/{f}/delete", EDITOR),
    ("GET", "/accounts/{a}/contacts", VIEWER),
    ("GET", "/accounts/{a}/contacts/{c}", VIEWER),
    ("GET", "/accounts/{a}/contacts/new", EDITOR),
    ("POST", "/accounts/{a}/contacts/new", EDITOR),
    ("GET", "/accounts/{a}/contacts/{c}/edit", EDITOR),
    ("POST", "/accounts/{a}/contacts/{c}/edit", EDITOR),
    ("GET", "/accounts/{a}/contacts/{c}/merge", EDITOR),
    ("POST", "/accounts/{a}/contacts/{c}/merge", EDITOR),
    ("POST", "/accounts/{a}/contacts/{c}/undo-merge", EDITOR),
    ("GET", "/accounts/{a}/contacts/blocked", EDITOR),
    ("POST", "/accounts/{a}/contacts/blocked", EDITOR),
    ("POST", "/accounts/{a}/contacts/{c}/block", EDITOR),
    ("GET", "/accounts/{a}/contacts/import", ADMIN),
    ("POST", "/accounts/{a}/contacts/import", ADMIN),
    ("GET", "/accounts/{a}/contacts/import/{i}", ADMIN),
    ("POST", "/accounts/{a}/contacts/import/{i}", ADMIN),
    ("POST", "/accounts/{a}/contacts/export", ADMIN),
    ("POST", "/accounts/{a}/contacts/{c}/export", ADMIN),
    ("GET", "/accounts/{a}/forms", VIEWER),
    ("GET", "/accounts/{a}/forms/{m}", VIEWER),
    ("POST", "/accounts/{a}/forms/{m}/delete", ADMIN),
    ("GET", "/accounts/{a}/visitors/{v}", VIEWER),
    ("POST", "/accounts/{a}/visitors/{v}/export", ADMIN),
    ("POST", "/accounts/{a}/visitors/{v}/erase", ADMIN),
    ("GET", "/accounts/{a}/companies", VIEWER),
    ("GET", "/accounts/{a}/companies/{o}", VIEWER),
    ("POST", "/accounts/{a}/companies/{o}", EDITOR),
    ("GET", "/accounts/{a}/lists", VIEWER),
    ("GET", "/accounts/{a}/lists/new", EDITOR),
    ("POST", "/accounts/{a}/lists/new", EDITOR),
    ("GET", "/accounts/{a}/lists/{l}", VIEWER),
    ("GET", "/accounts/{a}/lists/{l}/edit", EDITOR),
    ("POST", "/accounts/{a}/lists/{l}/edit", EDITOR),
    ("POST", "/accounts/{a}/lists/{l}/delete", EDITOR),
    ("POST", "/accounts/{a}/contacts/{c}/erase", ADMIN),
    ("POST", "/accounts/{a}/events/pick", EDITOR),
    ("GET", "/accounts/{a}/events/pick/latest", EDITOR),
    ("GET", "/accounts/{a}/events/pick/1", EDITOR),
    ("GET", "/accounts/{a}/views", VIEWER),
    ("POST", "/accounts/{a}/views", VIEWER),
    ("POST", "/accounts/{a}/views/1/delete", VIEWER),
    ("GET", "/accounts/{a}/settings/tracking-code", VIEWER),
    ("POST", "/accounts/{a}/settings/tracking-code", ADMIN),
    ("GET", "/accounts/{a}/settings/advanced-tracking", ADMIN),
    ("POST", "/accounts/{a}/settings/advanced-tracking", ADMIN),
    ("POST", "/accounts/{a}/settings/advanced-tracking/own-visits", ADMIN),
    ("GET", "/accounts/{a}/settings/consent", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/rules", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/rule", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/rule", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/preset?preset=europe", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/preset", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/ask-again", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/ask-again", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/revisions", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/revisions/1", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/banner", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/banner", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/texts", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/texts", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/preview", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/preview/site", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/preview/banner.js", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/log", ADMIN),
    ("GET", "/accounts/{a}/reports/consent", VIEWER),
    ("GET", "/accounts/{a}/settings/consent/counting", ADMIN),
    ("POST", "/accounts/{a}/settings/consent/counting", ADMIN),
    ("GET", "/accounts/{a}/settings/consent/outside", ADMIN),
    ("GET", "/accounts/{a}/settings/companies", ADMIN),
    ("POST", "/accounts/{a}/settings/companies", ADMIN),
    ("GET", "/accounts/{a}/settings/properties", EDITOR),
    ("GET", "/accounts/{a}/settings/properties/new", EDITOR),
    ("POST", "/accounts/{a}/settings/properties/new", EDITOR),
    ("GET", "/accounts/{a}/settings/properties/edit?name=plan", EDITOR),
    ("POST", "/accounts/{a}/settings/properties/edit?name=plan", EDITOR),
    ("POST", "/accounts/{a}/settings/properties/delete?name=plan", EDITOR),
    ("GET", "/accounts/{a}/settings/account", ADMIN),
    ("POST", "/accounts/{a}/settings/account", ADMIN),
    ("GET", "/accounts/{a}/settings/identity", ADMIN),
    ("POST", "/accounts/{a}/settings/identity", ADMIN),
    ("GET", "/accounts/{a}/settings/privacy", ADMIN),
    ("POST", "/accounts/{a}/settings/privacy", OWNER),
    ("POST", "/accounts/{a}/settings/privacy/clock", ServerAdmin),
    ("GET", "/accounts/{a}/settings/privacy/person", ADMIN),
    ("POST", "/accounts/{a}/settings/privacy/person", ADMIN),
    ("GET", "/accounts/{a}/settings/users", ADMIN),
    ("POST", "/accounts/{a}/settings/users", ADMIN),
    ("POST", "/accounts/{a}/settings/users/{u}", ADMIN),
    ("GET", "/accounts/{a}/settings/tokens", ADMIN),
    ("POST", "/accounts/{a}/settings/tokens", ADMIN),
    ("POST", "/accounts/{a}/settings/tokens/{t}/revoke", ADMIN),
    ("GET", "/accounts/{a}/settings/export", ADMIN),
    ("POST", "/accounts/{a}/settings/export", ADMIN),
];

#[test]
fn the_table_is_whole() {
    let mut source = String::new();
    // `admin/mod.rs` serves only the assets.
    for (file, text) in crate::sources("src/web/admin", "rs") {
        if !file.ends_with("admin/mod.rs") {
            source.push_str(&text);
        }
    }
    for (method, handlers) in
        [("GET", ["get().to(", "get_or_head().to("].as_slice()), ("POST", &["post().to("])]
    {
        let listed = TABLE.iter().filter(|(m, _, _)| *m == method).count();
        let found: usize = handlers.iter().map(|handler| source.matches(handler).count()).sum();
        assert_eq!(found, listed, "{method}");
    }
}

/// A program that looks whether a page is there gets what a browser gets. A link that works once is not looked at.
#[actix_web::test]
async fn head_answers_as_get_does_and_not_on_links_that_work_once() {
    let World { site, own, .. } = world().await;
    let account = guestlog::domain::account::AccountId(own[0].parse().unwrap());
    site.user(account, "reader@own.test", Role::Owner).await;
    let browser = site.browser();
    browser.sign_in("reader@own.test", crate::harness::app::PASSWORD).await;
    for (_, template, _) in TABLE.iter().filter(|(method, ..)| *method == "GET") {
        let path = path(template, [&own[0], &own[1], &own[2]]);
        let status = browser.send(Method::HEAD, &path, None, &[]).await.status;
        let wanted = match *template {
            "/setup" | "/reset" | "/sign-in/link" => 405,
            _ => browser.get(&path).await.status,
        };
        assert_eq!(status, wanted, "{template}");
    }
    for export in ["pages?format=csv", "contacts?format=json"] {
        let path = format!("/accounts/{account}/{export}");
        assert_eq!(browser.send(Method::HEAD, &path, None, &[]).await.status, 200, "{export}");
    }
}

struct World {
    site: TestApp,
    /// Ids of the account, of a user, and of a token.
    own: [String; 3],
    other: [String; 3],
}

async fn world() -> World {
    let site = TestApp::new().await;
    let mut ids = Vec::new();
    for name in ["own", "other"] {
        let account = site.account(name).await;
        site.user(account, &format!("owner@{name}.test"), Role::Owner).await;
        let user = site.user(account, &format!("target@{name}.test"), Role::Viewer).await;
        let (token, _) =
            tokens::create(&site.app, Actor::Machine, account, name, &[Scope::CrmRead]).await.unwrap();
        let visitor = Visitor::new(VisitorNumber(1), 0);
        let met = move |conn: &store::Connection| store::visitor::upsert(conn, account, &visitor);
        site.app.store.writer.write(met).await.unwrap();
        let contact = Contact {
            id: 1,
            email: Some("ada@example.test".to_owned()),
            external_id: None,
            number: 1,
            created_ms: 0,
            first_ms: 0,
            last_ms: 0,
            source: 0,
        };
        let known = move |conn: &store::Connection| store::contact::insert(conn, account, &contact, false);
        site.app.store.writer.write(known).await.unwrap();
        let tied = move |conn: &store::Connection| companies::follow_email(conn, account, 1, Millis(0));
        site.app.store.writer.write(tied).await.unwrap();
        let form = FormKey::parse("contact").unwrap();
        let sent = move |conn: &store::Connection| store::form::upsert(conn, account, &form, 0, Millis(0));
        site.app.store.writer.write(sent).await.unwrap();
        let asks = Preset::Europe.apply(&[]);
        consent::replace_rules(&site.app, Actor::Machine, account, 0, asks).await.unwrap();
        let plan = Definition::parse("plan", "", PropertyType::Text, "").unwrap();
        property_definitions::create(&site.app, Actor::Machine, account, plan).await.unwrap();
        for name in ["one", "two"] {
            let typed = Typed { name, url: "/thanks", ..Typed::default() };
            definitions::create(&site.app, Actor::Machine, account, EventKind::Visit, &typed).await.unwrap();
        }
        let conditions = Conditions::of(Condition::Text {
            field: TextField::Email,
            is: TextTest::IsKnown,
            value: String::new(),
        });
        let list = lists::create(&site.app, Actor::Machine, account, name, ListKind::Active, conditions);
        list.await.unwrap();
        let mut file = Upload::start(&site.app).unwrap();
        file.write(b"email\nada@example.test\n").unwrap();
        import::create(&site.app, Actor::Machine, account, file, "people.csv").await.unwrap();
        ids.push([account.to_string(), user.0.to_string(), token.0.to_string()]);
    }
    let other = ids.pop().unwrap();
    World { site, own: ids.pop().unwrap(), other }
}

fn path(template: &str, [a, u, t]: [&String; 3]) -> String {
    template
        .replace("{a}", a)
        .replace("{u}", u)
        .replace("{t}", t)
        .replace("{v}", "1")
        .replace("{c}", "1")
        .replace("{l}", "1")
        .replace("{o}", "1")
        .replace("{m}", "1")
        .replace("{i}", "1")
        .replace("{e}", "000000000001")
        .replace("{f}", "000000000002")
}

async fn ask(browser: &Browser, method: &str, path: &str) -> Reply {
    if method == "GET" { browser.get(path).await } else { browser.post(path, &[]).await }
}

/// Whether the answer rejects the sender, not the contents of the form.
fn is_refused(reply: &Reply) -> bool {
    [401, 403, 404].contains(&reply.status)
        || (reply.status == 303 && reply.location().starts_with("/sign-in?")
            || reply.location() == "/sign-in")
}

#[actix_web::test]
async fn every_role_reaches_what_it_may_and_nothing_more() {
    for role in [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Admin), Some(Role::Owner)] {
        let World { site, own, .. } = world().await;
        for (method, template, who) in TABLE {
            let browser = site.browser();
            if let Some(role) = role {
                let email = format!("{}@own.test", role.as_str());
                if browser.try_sign_in(&email, crate::harness::app::PASSWORD).await.status != 303 {
                    let account = guestlog::domain::account::AccountId(own[0].parse().unwrap());
                    site.user(account, &email, role).await;
                    browser.sign_in(&email, crate::harness::app::PASSWORD).await;
                }
                browser.get("/profile").await;
            } else {
                browser.get("/sign-in").await;
            }
            // This row of the table signs out; its answer redirects to the sign-in page.
            if *template == "/sign-out" && role.is_some() {
                continue;
            }
            let may = match who {
                Everybody => true,
                SignedIn => role.is_some(),
                Who::Role(least) => role.is_some_and(|role| role >= *least),
                ServerAdmin => false,
            };
            let guest_form = *who == Everybody && *method == "POST" && role.is_some();
            if guest_form {
                // A signed-in page has another CSRF token than a page before sign-in.
                browser.get("/setup").await;
                continue;
            }
            let reply = ask(&browser, method, &path(template, [&own[0], &own[1], &own[2]])).await;
            assert_eq!(
                !is_refused(&reply),
                may,
                "{role:?} {method} {template}: {} {}",
                reply.status,
                reply.location()
            );
            assert!(reply.status < 500, "{role:?} {method} {template}: {}", reply.status);
        }
    }
}

#[actix_web::test]
async fn what_belongs_to_another_account_is_not_there() {
    let World { site, own, other } = world().await;
    let browser = site.browser();
    browser.sign_in("owner@own.test", crate::harness::app::PASSWORD).await;
    for (method, template, _) in TABLE.iter().filter(|(_, template, _)| template.contains("{a}")) {
        browser.get("/profile").await;
        let strange = path(template, [&other[0], &other[1], &other[2]]);
        let of_none = path(template, [&"1009999".to_owned(), &other[1], &other[2]]);
        for address in [strange, of_none, path(template, [&"x".to_owned(), &own[1], &own[2]])] {
            assert_eq!(ask(&browser, method, &address).await.status, 404, "{method} {address}");
        }
    }
    let mixed = [
        (format!("/accounts/{}/settings/users/{}", own[0], other[1]), "remove"),
        (format!("/accounts/{}/settings/users/{}", own[0], other[1]), "link"),
        (format!("/accounts/{}/settings/users/{}", own[0], other[1]), "change"),
        (format!("/accounts/{}/settings/users/{}", own[0], "999999"), "remove"),
        (format!("/accounts/{}/settings/tokens/{}/revoke", own[0], other[2]), ""),
        (format!("/accounts/{}/settings/tokens/{}/revoke", own[0], "999999"), ""),
    ];
    for (address, action) in mixed {
        browser.get("/profile").await;
        let reply = browser.post(&address, &[("do", action), ("role", "viewer")]).await;
        assert_eq!(reply.status, 404, "{address} {action}");
    }
    let other_account = guestlog::domain::account::AccountId(other[0].parse().unwrap());
    assert_eq!(tokens::list(&site.app, other_account).await.unwrap().len(), 1);
    assert_eq!(guestlog::app::access::users::list(&site.app, other_account).await.unwrap().len(), 2);
}

#[actix_web::test]
async fn every_form_is_refused_without_its_token_and_from_another_site() {
    let World { site, own, .. } = world().await;
    let browser = site.browser();
    let cross = [
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
        ("origin", "https://evil.test"),
        ("origin", "null"),
        ("origin", "http://guestlog.test.evil.test"),
        ("origin", "http://guestlog.test:81"),
    ];
    for (method, template, who) in TABLE.iter().filter(|(method, _, _)| *method == "POST") {
        let address = path(template, [&own[0], &own[1], &own[2]]);
        let own_page = if *who == Everybody {
            "/sign-in"
        } else {
            if !browser.is_signed_in().await {
                browser.sign_in("owner@own.test", crate::harness::app::PASSWORD).await;
            }
            "/profile"
        };
        let asker = if *who == Everybody { &site.browser() } else { &browser };
        asker.get(own_page).await;
        let right = asker.csrf();
        assert_eq!(right.len(), 64);
        let stranger = site.browser();
        stranger.get("/sign-in").await;
        let origin = [("origin", "http://guestlog.test")];
        for wrong in ["", "x", &stranger.csrf(), &right[1..], &right.to_uppercase()] {
            // A token of digits only has no upper case, so it is still valid.
            if wrong == right {
                continue;
            }
            let reply = asker.post_raw(&address, &[("csrf", wrong)], &origin).await;
            // Missing rights are reported before a bad token.
            assert_eq!(reply.status, 403, "{method} {template} with “{wrong}”");
        }
        assert_eq!(asker.post_raw(&address, &[], &origin).await.status, 403, "{template} without");
        for header in cross {
            let reply = asker.post_raw(&address, &[("csrf", &right)], &[header]).await;
            assert_eq!(reply.status, 403, "{template} {header:?}");
            assert!(reply.body.contains("This form has expired"), "{template}");
        }
        if *template != "/sign-out" && *who != ServerAdmin {
            for header in
                [("sec-fetch-site", "same-origin"), ("origin", "http://guestlog.test"), ("x-none", "")]
            {
                let reply = asker.post_raw(&address, &[("csrf", &right)], &[header]).await;
                assert_ne!(reply.status, 403, "{template} {header:?}");
            }
        }
    }
}

#[actix_web::test]
async fn a_form_must_be_a_form_and_may_be_so_large() {
    let World { site, own, .. } = world().await;
    let browser = site.browser();
    browser.get("/sign-in").await;
    let csrf = browser.csrf();
    let body = |length: usize| {
        let start = format!("csrf={csrf}&email=");
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    let max = guestlog::web::request::form::BODY_MAX;
    let send = |text: String| browser.send(Method::POST, "/sign-in", Some(text), &[]);
    assert_eq!(send(body(max)).await.status, 422);
    assert_eq!(send(body(max + 1)).await.status, 413);
    assert_eq!(send(format!("csrf={csrf}&email=%ff&email=%")).await.status, 422, "odd bytes are no failure");
    // A form with a code field may be longer.
    browser.sign_in("owner@own.test", crate::harness::app::PASSWORD).await;
    browser.get("/profile").await;
    let csrf = browser.csrf();
    let body = |length: usize| {
        let start = format!("csrf={csrf}&name=n&type=custom&custom_js=");
        format!("{start}{}", "a".repeat(length - start.len()))
    };
    let max = guestlog::web::request::form::CODE_BODY_MAX;
    let path = format!("/accounts/{}/events/new", own[0]);
    let send = |text: String| browser.send(Method::POST, &path, Some(text), &[]);
    assert_eq!(send(body(max)).await.status, 422);
    assert_eq!(send(body(max + 1)).await.status, 413);
    let json = [("content-type", "application/json")];
    let reply = browser.send(Method::POST, "/sign-in", None, &json).await;
    assert_eq!(reply.status, 400);
}

/// rules.md 27
#[actix_web::test]
async fn every_answer_carries_the_headers() {
    let World { site, own, .. } = world().await;
    let signed_in = site.browser();
    signed_in.sign_in("owner@own.test", crate::harness::app::PASSWORD).await;
    let mut nonces = Vec::new();
    for browser in [&signed_in, &site.browser()] {
        let more = [("GET", "/no/such/page", Everybody), ("GET", "/assets/0/style.css", Everybody)];
        for (method, template, _) in TABLE.iter().chain(&more).filter(|(_, t, _)| *t != "/sign-out") {
            let address = path(template, [&own[0], &own[1], &own[2]]);
            let reply = ask(browser, method, &address).await;
            let at = format!("{method} {address}: {}", reply.status);
            let policy = reply.header("content-security-policy");
            let (before, after) = policy.split_once("'nonce-").unwrap_or_else(|| panic!("{at}: {policy}"));
            let (nonce, after) = after.split_once('\'').unwrap();
            assert_eq!(before, "default-src 'none'; script-src ", "{at}");
            // Only pages with the preview of the banner have frames, and only its stand-in for the site is shown in them.
            let (frames, options) = match *template {
                "/accounts/{a}/settings/consent/preview"
                | "/accounts/{a}/settings/consent/banner"
                | "/accounts/{a}/settings/consent/texts"
                | "/accounts/{a}/settings/consent/revisions/1"
                    if reply.status == 200 =>
                {
                    ("frame-src 'self'; frame-ancestors 'none'", "DENY")
                }
                "/accounts/{a}/settings/consent/preview/site" if reply.status == 200 => {
                    ("frame-ancestors 'self'", "SAMEORIGIN")
                }
                _ => ("frame-ancestors 'none'", "DENY"),
            };
            assert_eq!(
                after,
                format!(
                    "; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; \
                     {frames}; object-src 'none'"
                ),
                "{at}"
            );
            assert!(nonce.len() >= 22, "{at}");
            nonces.push(nonce.to_owned());
            for (name, value) in [
                ("x-content-type-options", "nosniff"),
                ("x-frame-options", options),
                ("referrer-policy", "same-origin"),
                ("cross-origin-opener-policy", "same-origin"),
                ("cross-origin-resource-policy", "same-origin"),
                ("cache-control", "no-store"),
                ("strict-transport-security", ""),
                ("access-control-allow-origin", ""),
                ("server", ""),
            ] {
                assert_eq!(reply.header(name), value, "{at} {name}");
            }
            let kind = reply.header("content-type");
            assert!(reply.body.is_empty() || kind.ends_with("; charset=utf-8"), "{at}: {kind}");
            for script in reply.body.split("<script").skip(1) {
                assert!(script.split('>').next().unwrap().contains(&format!("nonce=\"{nonce}\"")), "{at}");
            }
        }
    }
    let all = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), all, "a nonce is never used again");
}

/// rules.md 26
#[actix_web::test]
async fn cookies_are_named_and_flagged_by_the_scheme() {
    let trusted = || Options { trusted_proxies: vec!["10.0.0.0/8".parse().unwrap()], ..Options::default() };
    let public = || Options { public_url: Some("https://guestlog.test".into()), ..Options::default() };
    let tls = || Options { own_tls: true, ..Options::default() };
    for (options, peer, proto, https) in [
        (Options::default(), "192.0.2.1", "https", false),
        (Options::default(), "192.0.2.1", "", false),
        (trusted(), "192.0.2.1", "https", false),
        (trusted(), "10.0.0.1", "http", false),
        (trusted(), "10.0.0.1", "https", true),
        (public(), "192.0.2.1", "", true),
        (tls(), "192.0.2.1", "", true),
    ] {
        let about = format!("{options:?} {peer} {proto}");
        let site = TestApp::with(options, |_| {}).await;
        let account = site.account("A").await;
        site.user(account, "ada@example.com", Role::Owner).await;
        let mut browser = site.browser().at(peer);
        if !proto.is_empty() {
            browser = browser.with("x-forwarded-proto", proto);
        }
        let page = browser.get("/sign-in").await;
        let says = page.body.contains("This connection is not encrypted.");
        assert_eq!(says, !https, "{about}");
        let hsts = if https { "max-age=31536000" } else { "" };
        assert_eq!(page.header("strict-transport-security"), hsts, "{about}");
        let fields = [("Email", "ada@example.com"), ("Password", crate::harness::app::PASSWORD)];
        let reply = browser.press("Sign in", &fields).await;
        let (name, other) =
            if https { ("__Host-guestlog", "guestlog") } else { ("guestlog", "__Host-guestlog") };
        let cookie = reply.cookie(name).unwrap_or_else(|| panic!("{about}: {:?}", reply.headers));
        assert!(reply.cookie(other).is_none(), "{about}");
        for part in ["HttpOnly", "SameSite=Lax", "Path=/", "Max-Age=604800"] {
            assert!(cookie.contains(part), "{about}: {cookie} lacks {part}");
        }
        assert_eq!(cookie.contains("Secure"), https, "{about}: {cookie}");
        assert!(!cookie.contains("Domain"), "{about}: {cookie}");
        assert!(browser.is_signed_in().await, "{about}");
        let value = browser.cookie(name).unwrap();
        let stranger = site.browser().at(peer);
        let stranger = if proto.is_empty() { stranger } else { stranger.with("x-forwarded-proto", proto) };
        stranger.set_cookie(other, &value);
        assert!(!stranger.is_signed_in().await, "{about}: the other name counts for nothing");
    }
}

#[actix_web::test]
async fn a_failure_is_a_page_for_people_and_data_for_programs() {
    let World { site, .. } = world().await;
    let page = site.browser().get("/no/such/page").await;
    assert_eq!(page.status, 404);
    assert!(page.body.contains("<h1>Page not found</h1>"), "{}", page.body);
    let data = site.browser().with("accept", "application/json").get("/no/such/page").await;
    assert_eq!((data.status, &data.json()["category"]), (404, &"OBJECT_NOT_FOUND".into()));
}
