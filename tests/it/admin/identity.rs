//! The page of the identity key, whose recipes are run as they are shown, and the pages about addresses that stand for nobody.

use std::process::Command;

use guestlog::app::access::{Actor, identity_keys};
use guestlog::domain::identity_key::{IdentityKey, IdentityKeys};
use guestlog::domain::placeholder::BROWSERS_MAX;
use guestlog::domain::user::Role;
use serde_json::json;

use super::events::Fixture;
use crate::harness::browser::{Browser, plain};

async fn keys(fixture: &Fixture) -> Option<IdentityKeys> {
    let found = identity_keys::find(&fixture.site.app, Actor::Machine, fixture.account).await;
    found.unwrap().map(|(keys, _)| keys)
}

async fn admin(fixture: &Fixture) -> Browser {
    fixture.site.signed_in(fixture.account, "admin@site.test", Role::Admin).await
}

/// rules.md 36
#[actix_web::test]
async fn an_admin_creates_renews_and_drops_a_key() {
    let fixture = Fixture::new().await;
    let admin = admin(&fixture).await;
    let path = fixture.path("settings/identity");
    let page = plain(&admin.get(&path).await.body);
    assert!(page.contains("This account has no identity key yet") && !page.contains("Renew"), "{page}");
    let made = admin.press("Create key", &[]).await;
    let page = plain(&admin.follow(&made).await.body);
    let first = keys(&fixture).await.unwrap();
    assert!(page.contains(first.current.reveal()) && page.contains("The identity key is made"), "{page}");
    assert!(!page.contains("The former key is still accepted"), "{page}");
    let made = admin.press("Renew", &[]).await;
    let page = plain(&admin.follow(&made).await.body);
    let second = keys(&fixture).await.unwrap();
    assert_eq!(second.former, Some(first.current.clone()));
    assert!(page.contains(second.current.reveal()) && !page.contains(first.current.reveal()), "{page}");
    assert!(page.contains("The former key is still accepted"), "{page}");
    let dropped = admin.press("Drop the former key", &[]).await;
    let page = plain(&admin.follow(&dropped).await.body);
    assert!(
        page.contains("The former key is dropped") && !page.contains("The former key is still accepted"),
        "{page}"
    );
    assert_eq!(keys(&fixture).await.unwrap(), IdentityKeys { former: None, ..second });
    assert_eq!(admin.post(&path, &[("do", "sell")]).await.status, 400);
}

#[actix_web::test]
async fn an_admin_lets_signed_identities_in_only() {
    let fixture = Fixture::new().await;
    let admin = admin(&fixture).await;
    let path = fixture.path("settings/identity");
    let is_strict = || fixture.site.app.accounts.find(fixture.account).unwrap().identity.signed_only;
    for (tick, wanted) in [("on", true), ("", false)] {
        admin.get(&path).await;
        let saved = admin.press("Save", &[("Accept signed identities only", tick)]).await;
        assert_eq!((saved.status, is_strict()), (303, wanted));
    }
    // In effect as soon as it is answered.
    admin.get(&path).await;
    admin.press("Save", &[("Accept signed identities only", "on")]).await;
    fixture.view("eve", "/", json!({"i": {"email": "eve@example.test"}})).await;
    assert_eq!(fixture.json("contacts").await["total"], 0);
    let live = fixture.text("live").await;
    assert!(live.contains("Unsigned identity"), "{live}");
}

/// Runs a program with a script; `None` where the machine has no such program.
fn run(program: &str, option: &str, script: &str, key: &IdentityKey) -> Option<String> {
    let ran =
        Command::new(program).args([option, script]).env("GUESTLOG_IDENTITY_KEY", key.reveal()).output();
    let output = ran.ok()?;
    let errors = String::from_utf8_lossy(&output.stderr);
    // A PHP without its extension for texts, which any site that signs has.
    if program == "php"
        && !Command::new("php").args(["-r", "mb_strtolower('A');"]).status().is_ok_and(|s| s.success())
    {
        return None;
    }
    assert!(output.status.success(), "{program}: {errors}");
    Some(String::from_utf8(output.stdout).unwrap().trim().to_owned())
}

/// The code on the page under an id.
fn code(html: &str, id: &str) -> String {
    let start = format!("<code id=\"{id}\">");
    let text = html.split(&start).nth(1).unwrap().split("</code>").next().unwrap();
    let mut text = text.to_owned();
    for (entity, sign) in [("&#39;", "'"), ("&#34;", "\""), ("&#60;", "<"), ("&#62;", ">"), ("&#38;", "&")] {
        text = text.replace(entity, sign);
    }
    text
}

#[actix_web::test]
async fn the_recipes_sign_as_the_server_does() {
    let fixture = Fixture::new().await;
    identity_keys::renew(&fixture.site.app, Actor::Machine, fixture.account).await.unwrap();
    let key = keys(&fixture).await.unwrap().current;
    let html = admin(&fixture).await.get(&fixture.path("settings/identity")).await.body;
    let mut ran = Vec::new();
    for email in [
        "ada@example.com",
        "  Ada.Lovelace+News@Example.COM ",
        "ÅSA@Bücher.example",
        "a@xn--bcher-kva.example",
    ] {
        let quoted = serde_json::to_string(email).unwrap();
        for (id, program, option, before, after) in [
            ("recipe-php", "php", "-r", format!("$email = {quoted};"), "echo $signature;"),
            ("recipe-node", "node", "-e", format!("const email = {quoted};"), "console.log(signature);"),
            ("recipe-python", "python3", "-c", format!("email = {quoted}"), "print(signature)"),
            ("recipe-ruby", "ruby", "-e", format!("email = {quoted}"), "puts signature"),
        ] {
            let script = format!("{before}\n{}\n{after}", code(&html, id));
            match run(program, option, &script, &key) {
                Some(signature) => {
                    assert_eq!(signature, key.sign(email), "{program} {email}");
                    ran.push(program);
                }
                None => println!("{program} is not on this machine, so its recipe is not run"),
            }
        }
    }
    assert!(code(&html, "call").contains("_hsq.push(['identify', { email:"), "{html}");
    println!("ran: {ran:?}");
}

#[actix_web::test]
async fn a_placeholder_is_shown_and_blocked_by_an_editor() {
    let fixture = Fixture::new().await;
    for n in 0..BROWSERS_MAX + 2 {
        fixture.view(&format!("b{n}"), "/", json!({"i": {"email": "shop@example.test"}})).await;
    }
    fixture.view("ada", "/", json!({"i": {"email": "ada@example.test"}})).await;
    fixture.view("guest", "/", json!({"i": {"email": "guest@example.test"}})).await;
    fixture.json("contacts").await;
    let list = fixture.text("contacts").await;
    for part in [
        "Possibly placeholder addresses (2)",
        "shop@example.test More than 20 browsers joined it within 24 hours",
        "guest@example.test Its name is one that stands for nobody",
    ] {
        assert!(list.contains(part), "{part} in {list}");
    }
    assert_eq!(fixture.json("contacts/1").await["possible_placeholder"], "browsers");
    assert_eq!(fixture.json("contacts/2").await["possible_placeholder"], json!(null));
    let page = fixture.text("contacts/1").await;
    assert!(page.contains("more than 20 browsers joined this contact within 24 hours"), "{page}");
    assert!(!fixture.text("contacts/2").await.contains("placeholder"));
    // A viewer sees the notice, and nothing to press.
    let viewer = fixture.site.signed_in(fixture.account, "viewer@site.test", Role::Viewer).await;
    let seen = viewer.get(&fixture.path("contacts/3")).await.body;
    assert!(seen.contains("stands for nobody") && !seen.contains("/block\""), "{seen}");
    assert!(!viewer.get(&fixture.path("contacts")).await.body.contains("placeholder addresses"));

    fixture.get("contacts").await;
    let blocked = fixture.editor.press("Block shop@example.test", &[]).await;
    let page = plain(&fixture.editor.follow(&blocked).await.body);
    assert!(page.contains("The address is blocked") && page.contains("shop@example.test"), "{page}");
    let page = fixture.text("contacts/1").await;
    assert!(
        page.contains("This address is blocked. Nobody is identified by it. Blocked addresses"),
        "{page}"
    );
    let list = fixture.text("contacts").await;
    assert!(
        list.contains("Possibly placeholder addresses (1)") && list.contains("1 blocked address"),
        "{list}"
    );
    // What comes from now on is nobody's; what was there stays.
    let views = fixture.json("contacts/1").await["page_views"].clone();
    fixture.view("late", "/", json!({"i": {"email": "shop@example.test"}})).await;
    assert_eq!(fixture.json("contacts/1").await["page_views"], views);
    assert!(fixture.text("live").await.contains("Blocked address"));

    fixture.get("contacts/blocked").await;
    let freed = fixture.editor.press("Unblock shop@example.test", &[]).await;
    let page = plain(&fixture.editor.follow(&freed).await.body);
    assert!(page.contains("The address is unblocked") && page.contains("No blocked addresses"), "{page}");
    fixture.view("later", "/", json!({"i": {"email": "shop@example.test"}})).await;
    assert_eq!(fixture.json("contacts/1").await["page_views"], json!(views.as_i64().unwrap() + 1));
}

#[actix_web::test]
async fn an_address_is_blocked_by_hand_and_what_is_wrong_stays_typed() {
    let fixture = Fixture::new().await;
    fixture.view("ada", "/", json!({"i": {"email": "ada@example.test"}})).await;
    fixture.json("contacts").await;
    fixture.get("contacts/blocked").await;
    let refused = fixture.editor.press("Block address", &[("Email", "nobody")]).await;
    assert_eq!(refused.status, 422);
    assert!(
        plain(&refused.body).contains("This is not an email address.")
            && refused.body.contains("value=\"nobody\"")
    );
    assert_eq!(fixture.editor.press("Block address", &[("Email", " NoReply@Shop.test. ")]).await.status, 303);
    let page = fixture.text("contacts/blocked").await;
    assert!(page.contains("noreply@shop.test") && !page.contains("shop.test."), "{page}");
    let again = fixture.editor.press("Block address", &[("Email", "noreply@shop.test")]).await;
    assert!(plain(&again.body).contains("This address is blocked already."), "{}", again.body);
    // A contact without an email has nothing to block, and one that is gone is not there.
    fixture.get("contacts/new").await;
    fixture.editor.press("Create contact", &[("First name", "Cyn")]).await;
    for (id, status) in [(2, 422), (99, 404)] {
        fixture.get("contacts/blocked").await;
        assert_eq!(
            fixture.editor.post(&fixture.path(&format!("contacts/{id}/block")), &[]).await.status,
            status
        );
    }
    fixture.get("contacts/blocked").await;
    assert_eq!(
        fixture.editor.post(&fixture.path("contacts/blocked"), &[("unblock", "99")]).await.status,
        404
    );
}
