//! API tokens: shown once, stored as a hash, valid for one account and their scopes.

use actix_web::HttpResponse;
use actix_web::web::{ServiceConfig, get};
use guestlog::app::access::tokens::{self, USED_EVERY};
use guestlog::app::access::{Actor, Error};
use guestlog::domain::account::AccountId;
use guestlog::domain::user::{Role, Scope, TOKEN_NAME_MAX, TOKENS_MAX};
use guestlog::store::MAIN_FILE;
use guestlog::web::request::guard::{Caller, Format, ReportAccess};
use guestlog::web::request::options::Options;
use guestlog::web::response::error::WebError;

use crate::harness::app::{Reply, TestApp};
use crate::harness::browser::{Browser, plain};

fn page(account: AccountId) -> String {
    format!("/accounts/{account}/settings/tokens")
}

/// Requests with a token to a report and to an API call.
fn probes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/probe", get().to(report)).route("/probe", get().to(call));
}

async fn report(access: ReportAccess) -> Result<HttpResponse, WebError> {
    let format = match access.format {
        Format::Html => "html",
        Format::Json => "json",
        Format::Csv(_) => "csv",
    };
    let persons = access.need_persons().is_ok();
    Ok(HttpResponse::Ok().body(format!(
        "{} {format} persons={persons} emails={} signed_in={}",
        access.account.id(),
        access.sees_emails,
        access.reader.is_some()
    )))
}

async fn call(caller: Caller) -> Result<HttpResponse, WebError> {
    caller.need(Scope::EventsWrite)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn site() -> TestApp {
    TestApp::with(Options::default(), probes).await
}

async fn token(site: &TestApp, account: AccountId, scopes: &[Scope]) -> String {
    let (_, secret) = tokens::create(&site.app, Actor::Machine, account, "a program", scopes).await.unwrap();
    secret.reveal().to_owned()
}

fn program(site: &TestApp, token: &str) -> Browser {
    site.browser().with("accept", "application/json").with("authorization", &format!("Bearer {token}"))
}

fn shown(reply: &Reply) -> String {
    let text = reply.body.split("<code id=\"token\">").nth(1).expect("the token is shown");
    text.split('<').next().unwrap().to_owned()
}

#[actix_web::test]
async fn a_token_is_shown_once_and_kept_as_its_hash() {
    let site = site().await;
    let account = site.account("A").await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    assert!(plain(&admin.get(&page(account)).await.body).contains("No tokens yet"));
    let filled = [("Name", "The \"shop\"'s <back end>"), ("events.write", "on"), ("reports.read", "on")];
    let reply = admin.press("Create token", &filled).await;
    assert_eq!(reply.status, 200, "{}", reply.body);
    assert_eq!(reply.header("cache-control"), "no-store");
    let token = shown(&reply);
    assert!(token.starts_with("gl_") && token.len() == 67, "{token}");
    let list = admin.get(&page(account)).await;
    assert!(!list.body.contains(&token[..20]), "never again");
    assert!(
        plain(&list.body).contains("The \"shop\"'s <back end> events.write reports.read"),
        "{}",
        plain(&list.body)
    );
    assert!(plain(&list.body).contains("Never"));
    assert_eq!(program(&site, &token).get("/probe").await.status, 204);
    let dir = site.app.store.data_dir();
    for file in std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()) {
        let bytes = std::fs::read(&file).unwrap();
        let secret = token.trim_start_matches("gl_").as_bytes();
        assert!(!bytes.windows(secret.len()).any(|window| window == secret), "{}", file.display());
    }
    assert!(dir.join(MAIN_FILE).is_file());
}

#[actix_web::test]
async fn a_revoked_token_is_turned_away_at_once() {
    let site = site().await;
    let account = site.account("A").await;
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    let token = token(&site, account, &[Scope::EventsWrite]).await;
    assert_eq!(program(&site, &token).get("/probe").await.status, 204);
    admin.get(&page(account)).await;
    assert_eq!(admin.press("Revoke", &[]).await.location(), page(account));
    let reply = program(&site, &token).get("/probe").await;
    assert_eq!(reply.status, 401);
    assert_eq!(reply.json()["category"], "INVALID_AUTHENTICATION");
    assert_eq!(reply.header("www-authenticate"), "Bearer");
}

#[actix_web::test]
async fn a_token_does_what_its_scopes_say() {
    let site = site().await;
    let account = site.account("A").await;
    let writes = program(&site, &token(&site, account, &[Scope::EventsWrite]).await);
    let reads = program(&site, &token(&site, account, &[Scope::ReportsRead]).await);
    let knows = program(&site, &token(&site, account, &[Scope::ReportsRead, Scope::CrmRead]).await);
    let probe = format!("/accounts/{account}/probe?format=json");
    assert_eq!(writes.get("/probe").await.status, 204);
    let refused = reads.get("/probe").await;
    assert_eq!((refused.status, &refused.json()["category"]), (403, &"MISSING_SCOPES".into()));
    assert_eq!(refused.json()["message"], "this token needs the scope events.write");
    assert_eq!(writes.get(&probe).await.status, 403);
    assert_eq!(reads.get(&probe).await.body, "1000001 json persons=false emails=false signed_in=false");
    assert_eq!(knows.get(&probe).await.body, "1000001 json persons=true emails=true signed_in=false");
    let csv = format!("/accounts/{account}/probe?period=7d&format=csv");
    assert_eq!(reads.get(&csv).await.body, "1000001 csv persons=false emails=false signed_in=false");
}

/// rules.md 27, 28
#[actix_web::test]
async fn a_token_reads_data_of_its_own_account_only() {
    let site = site().await;
    let (a, b) = (site.account("A").await, site.account("B").await);
    let reads = program(&site, &token(&site, a, &Scope::ALL).await);
    let of = |account: &str, query: &str| format!("/accounts/{account}/probe{query}");
    assert_eq!(reads.get(&of(&a.to_string(), "?format=json")).await.status, 200);
    assert_eq!(reads.get(&of(&b.to_string(), "?format=json")).await.status, 404);
    assert_eq!(reads.get(&of("1000009", "?format=json")).await.status, 404, "nothing distinguishes them");
    assert_eq!(reads.get(&of(&a.to_string(), "")).await.status, 400, "no pages for tokens");
    assert_eq!(reads.get(&of(&a.to_string(), "?format=xml")).await.status, 400);
    for path in ["/profile".to_owned(), "/accounts".to_owned(), page(a), "/accounts/new".to_owned()] {
        assert_eq!(reads.get(&path).await.status, 401, "{path}");
    }
}

#[actix_web::test]
async fn a_cookie_that_comes_with_a_token_counts_for_nothing() {
    let site = site().await;
    let (a, b) = (site.account("A").await, site.account("B").await);
    let browser = site.signed_in(b, "b@example.com", Role::Owner).await;
    let probe = format!("/accounts/{b}/probe?format=json");
    assert_eq!(browser.get(&probe).await.status, 200);
    let token = token(&site, a, &[Scope::ReportsRead]).await;
    let both = browser.with("authorization", &format!("Bearer {token}"));
    assert_eq!(both.get(&probe).await.status, 404);
    let wrong = both.with("authorization", "Bearer nonsense");
    assert_eq!(wrong.get(&probe).await.status, 401);
}

#[actix_web::test]
async fn what_is_no_token_is_turned_away() {
    let site = site().await;
    let account = site.account("A").await;
    let token = token(&site, account, &[Scope::EventsWrite]).await;
    let browser = site.browser().with("accept", "application/json");
    assert_eq!(browser.get("/probe").await.status, 401);
    let upper = token.to_uppercase();
    for shown in [
        "Bearer",
        "Bearer ",
        "Basic Z2w6eA==",
        &token,
        &format!("Token {token}"),
        &format!("Bearer {token}0"),
        &format!("Bearer {upper}"),
        &format!("Bearer {}", &token[..66]),
        "Bearer gl_",
        &format!("Bearer gl_{}", "0".repeat(64)),
    ] {
        let browser = site.browser().with("authorization", shown);
        assert_eq!(browser.get("/probe").await.status, 401, "{shown}");
    }
    let lower = site.browser().with("authorization", &format!("bearer {token}"));
    assert_eq!(lower.get("/probe").await.status, 204, "the scheme's case is free");
}

#[actix_web::test]
async fn programs_without_a_token_get_data_and_people_get_the_sign_in_page() {
    let site = site().await;
    let account = site.account("A").await;
    let probe = format!("/accounts/{account}/probe?format=json");
    let program = site.browser().with("accept", "application/json").get(&probe).await;
    assert_eq!(program.status, 401);
    assert_eq!(program.json()["status"], "error");
    let person = site.browser().get(&probe).await;
    assert!(person.location().starts_with("/sign-in?next=/accounts/"), "{}", person.location());
}

/// rules.md 28
#[actix_web::test]
async fn a_viewer_sees_emails_only_with_permission() {
    let site = site().await;
    let account = site.account("A").await;
    let probe = format!("/accounts/{account}/probe");
    for (role, sees) in
        [(Role::Viewer, false), (Role::Editor, true), (Role::Admin, true), (Role::Owner, true)]
    {
        let browser = site.signed_in(account, &format!("{}@example.com", role.as_str()), role).await;
        let body = browser.get(&probe).await.body;
        assert_eq!(body, format!("1000001 html persons=true emails={sees} signed_in=true"));
    }
    let owner = site.browser();
    owner.sign_in("owner@example.com", crate::harness::app::PASSWORD).await;
    owner.get(&format!("/accounts/{account}/settings/users")).await;
    let members = guestlog::app::access::users::list(&site.app, account).await.unwrap();
    let viewer = members.iter().find(|(_, what)| what.role == Role::Viewer).unwrap().0.id;
    let path = format!("/accounts/{account}/settings/users/{}", viewer.0);
    let allow = [("do", "change"), ("role", "viewer"), ("show_emails", "on")];
    assert_eq!(owner.post(&path, &allow).await.status, 303);
    let browser = site.browser();
    browser.sign_in("viewer@example.com", crate::harness::app::PASSWORD).await;
    assert!(browser.get(&probe).await.body.contains("emails=true"));
}

#[actix_web::test]
async fn the_last_use_is_noted_to_the_minute() {
    let site = site().await;
    let account = site.account("A").await;
    let token = token(&site, account, &[Scope::EventsWrite]).await;
    let used = || async { tokens::list(&site.app, account).await.unwrap()[0].last_used };
    assert_eq!(used().await, None);
    let start = crate::harness::app::NOW;
    for (at, seen) in [(0, 0), (USED_EVERY - 1, 0), (USED_EVERY, USED_EVERY)] {
        site.clock.set(start.plus(at));
        program(&site, &token).get("/probe").await;
        assert_eq!(used().await, Some(start.plus(seen)), "{at}");
    }
}

#[actix_web::test]
async fn names_scopes_and_numbers_of_tokens_are_bounded() {
    let site = site().await;
    let account = site.account("A").await;
    let make = |name: String, scopes: &'static [Scope]| {
        let app = std::sync::Arc::clone(&site.app);
        async move { tokens::create(&app, Actor::Machine, account, &name, scopes).await }
    };
    assert!(make("é".repeat(TOKEN_NAME_MAX), &[Scope::CrmRead]).await.is_ok());
    assert!(matches!(make("é".repeat(TOKEN_NAME_MAX + 1), &[Scope::CrmRead]).await, Err(Error::TokenName)));
    assert!(matches!(make("  ".into(), &[Scope::CrmRead]).await, Err(Error::TokenName)));
    assert!(matches!(make("x".into(), &[]).await, Err(Error::NoScope)));
    for _ in 1..TOKENS_MAX {
        make("x".into(), &[Scope::CrmRead]).await.unwrap();
    }
    assert!(matches!(make("x".into(), &[Scope::CrmRead]).await, Err(Error::Full)));
    let admin = site.signed_in(account, "admin@example.com", Role::Admin).await;
    admin.get(&page(account)).await;
    for (fields, says) in [
        (vec![("name", ""), ("scope", "crm.read")], "Enter a name of at most 100 characters."),
        (vec![("name", "kept as typed")], "Choose at least one scope."),
        (vec![("name", "x"), ("scope", "crm.read")], "has reached its limit"),
    ] {
        let reply = admin.post(&page(account), &fields).await;
        assert_eq!(reply.status, 422, "{says}");
        assert!(reply.body.contains(says), "{says}");
        assert!(reply.body.contains(&format!("value=\"{}\"", fields[0].1)));
    }
    assert_eq!(admin.post(&page(account), &[("name", "x"), ("scope", "all")]).await.status, 400);
}

#[actix_web::test]
async fn a_token_that_calls_too_often_is_slowed() {
    let site = site().await;
    let account = site.account("A").await;
    let token = token(&site, account, &[Scope::EventsWrite]).await;
    let caller = program(&site, &token);
    let mut last = caller.get("/probe").await;
    for _ in 0..2_000 {
        last = caller.get("/probe").await;
    }
    assert_eq!((last.status, last.header("retry-after")), (429, "1"));
}
