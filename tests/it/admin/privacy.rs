//! The settings page about how long data is kept.

use guestlog::app::access::{self, Actor, consent};
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::jobs::retention::RetentionJob;
use guestlog::base::clock::DAY;
use guestlog::domain::consent::preset::Preset;
use guestlog::domain::consent::rule::{PolicyType, Rule, Target};
use guestlog::domain::retention::{MONTHS_MAX, Retention};
use guestlog::domain::user::Role;
use guestlog::store;
use serde_json::json;

use super::events::Fixture;
use crate::harness::browser::plain;

const FIELDS: [&str; 6] = ["visits", "completions", "submissions", "contacts", "consent_log", "audit_log"];

fn typed<'a>(months: &'a str, of: &str, other: &'a str, what: &'a str) -> Vec<(&'static str, &'a str)> {
    let months = FIELDS.map(|field| (field, if field == of { other } else { months }));
    months.into_iter().chain([("do", what)]).collect()
}

async fn kept(fixture: &Fixture) -> Retention {
    access::retention::find(&fixture.site.app, fixture.account).await.unwrap()
}

#[actix_web::test]
async fn an_owner_sees_what_would_go_before_it_is_saved() {
    let fixture = Fixture::new().await;
    fixture.view("ada", "/", json!({})).await;
    fixture.json("pages").await;
    fixture.site.clock.advance(40 * DAY);
    let app = fixture.site.app.clone();
    let account = app.accounts.find(fixture.account).unwrap();
    let closing = move || CloseJob::default().close_account(&app, &account, app.now());
    actix_web::rt::task::spawn_blocking(closing).await.unwrap().unwrap();
    let owner = fixture.site.signed_in(fixture.account, "owner@site.test", Role::Owner).await;
    let path = fixture.path("settings/privacy");
    let page = owner.get(&path).await;
    assert!(page.body.contains("name=\"visits\"") && page.body.contains("value=\"25\""), "{}", page.body);
    let checked = owner.post(&path, &typed("25", "visits", "1", "check")).await;
    let text = plain(&checked.body);
    assert!(text.contains("would delete") && text.contains("1 page view"), "{text}");
    assert_eq!((checked.status, kept(&fixture).await), (200, Retention::of_months(25)), "nothing is saved");
    let none = plain(&owner.post(&path, &typed("25", "visits", "25", "check")).await.body);
    assert!(none.contains("nothing is old enough"), "{none}");
    assert_eq!(owner.post(&path, &typed("25", "visits", "1", "save")).await.status, 303);
    assert_eq!(
        kept(&fixture).await,
        Retention { visits: 1, contacts: 25, consent_log: 25, ..Retention::of_months(25) }
    );
    let most = MONTHS_MAX.to_string();
    assert_eq!(owner.post(&path, &typed(&most, "", "", "save")).await.status, 303);
    for wrong in [&(MONTHS_MAX + 1).to_string(), "", "-1", "1.5", "two"] {
        let refused = owner.post(&path, &typed("1", "contacts", wrong, "save")).await;
        assert_eq!(refused.status, 422, "{wrong}");
        let text = plain(&refused.body);
        assert!(text.contains("Enter a whole number of months, at most 1,200"), "{text}");
        assert_eq!(kept(&fixture).await.visits, MONTHS_MAX, "{wrong}");
    }
}

#[actix_web::test]
async fn the_text_for_the_privacy_statement_follows_the_settings_in_four_languages() {
    let fixture = Fixture::new().await;
    let admin = fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await;
    let kept = Retention { visits: 1, completions: 7, contacts: 13, ..Retention::of_months(0) };
    access::retention::update(&fixture.site.app, Actor::Machine, fixture.account, kept).await.unwrap();
    for (language, words) in [
        ("en", ["1 month,", "7 months", "an unlimited time", "13 months"]),
        ("nl", ["1 maand,", "7 maanden", "onbepaalde tijd", "13 maanden"]),
        ("de", ["1 Monat,", "7 Monate", "unbegrenzt", "13 Monate"]),
        ("fr", ["1 mois,", "7 mois", "durée illimitée", "13 mois"]),
    ] {
        let page = admin.get(&fixture.path(&format!("settings/privacy?language={language}"))).await;
        let text = plain(&page.body);
        for word in words {
            assert!(text.contains(word), "{language}: {word}: {text}");
        }
    }
    let page = plain(&admin.get(&fixture.path("settings/privacy?language=xx")).await.body);
    assert!(page.contains("We count visits to"), "{page}");
    assert!(page.contains("Only an owner can change this.") && !page.contains("Show what would"), "{page}");
}

#[actix_web::test]
async fn a_server_admin_says_that_the_clock_is_right() {
    let fixture = Fixture::new().await;
    let path = fixture.path("settings/privacy");
    let app = fixture.site.app.clone();
    let run = move || RetentionJob::default().run(&app).unwrap();
    assert_eq!(
        actix_web::rt::task::spawn_blocking(run.clone()).await.unwrap(),
        fixture.site.app.accounts.list().len()
    );
    fixture.site.clock.advance(400 * DAY);
    assert_eq!(actix_web::rt::task::spawn_blocking(run.clone()).await.unwrap(), 0);
    let owner = fixture.site.signed_in(fixture.account, "owner@site.test", Role::Owner).await;
    let page = plain(&owner.get(&path).await.body);
    assert!(
        page.contains("Nothing is deleted at the moment") && !page.contains("The time is right"),
        "{page}"
    );
    assert_eq!(owner.post(&format!("{path}/clock"), &[]).await.status, 403);
    let make = |conn: &store::Connection| {
        conn.execute("update user set server_admin = 1 where email = 'owner@site.test'", [])?;
        Ok::<_, store::Error>(())
    };
    fixture.site.app.store.writer.write(make).await.unwrap();
    let admin = owner;
    let page = plain(&admin.get(&path).await.body);
    assert!(page.contains("The time is right"), "{page}");
    assert_eq!(admin.press("The time is right", &[]).await.status, 303);
    assert!(!plain(&admin.get(&path).await.body).contains("Nothing is deleted at the moment"));
    assert_eq!(
        actix_web::rt::task::spawn_blocking(run).await.unwrap(),
        fixture.site.app.accounts.list().len()
    );
}

#[actix_web::test]
async fn the_text_for_the_privacy_statement_follows_the_consent_policy() {
    let fixture = Fixture::new().await;
    let (app, account) = (&fixture.site.app, fixture.account);
    let admin = fixture.site.signed_in(account, "admin@site.test", Role::Admin).await;
    let statement = async |language: &str| {
        let page = admin.get(&fixture.path(&format!("settings/privacy?language={language}"))).await.body;
        plain(page.split("id=\"statement\"").nth(1).unwrap())
    };
    let text = statement("en").await;
    assert!(text.contains("__hstc") && !text.contains("banner"), "without a policy: {text}");
    let set = async |rules: Vec<Rule>| {
        let seen = consent::find(app, account).await.unwrap().map_or(0, |latest| latest.number);
        consent::replace_rules(app, Actor::Machine, account, seen, rules).await.unwrap();
    };
    set(Preset::California.apply(&Preset::Europe.apply(&[]))).await;
    for (language, words) in [
        (
            "en",
            [
                "European Economic Area",
                "In US-CA",
                "until you reject",
                "only after you accept",
                "take it for a no",
            ],
        ),
        (
            "nl",
            ["Europese Economische Ruimte", "In US-CA", "totdat u", "alleen nadat u", "als een weigering"],
        ),
        ("de", ["Europäischen Wirtschaftsraum", "In US-CA", "bis Sie es", "erst, nachdem", "als Ablehnung"]),
        (
            "fr",
            ["économique européen", "Dans US-CA", "jusqu’à ce que", "qu’après votre accord", "pour un refus"],
        ),
    ] {
        let text = statement(language).await;
        for word in words {
            assert!(text.contains(word), "{language}: {word}: {text}");
        }
    }
    set(vec![Rule { target: Target::everywhere(), kind: PolicyType::OptIn, gpc: false }]).await;
    let text = statement("en").await;
    assert!(text.contains("only after you accept") && !text.contains("depends on where you are"), "{text}");
    set(vec![Rule {
        target: Target::parse("", "/shop", "").unwrap(),
        kind: PolicyType::NoCookies,
        gpc: false,
    }])
    .await;
    let text = statement("en").await;
    assert!(
        text.contains("– /shop: We do not do this") && text.contains("– Everywhere else: We count"),
        "{text}"
    );
    set(Preset::Cookieless.apply(&[])).await;
    for (language, words) in [
        ("en", "set no cookies"),
        ("nl", "plaatsen geen cookies"),
        ("de", "setzen keine Cookies"),
        ("fr", "aucun cookie"),
    ] {
        let text = statement(language).await;
        assert!(text.contains(words) && !text.contains("__hstc"), "{language}: {text}");
    }
}
