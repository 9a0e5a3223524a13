//! Saved views: they keep the filters of a report, belong to one user, and are limited in number.

use guestlog::domain::account::AccountId;
use guestlog::domain::saved_view::{VIEW_NAME_MAX, VIEW_QUERY_MAX, VIEWS_MAX};
use guestlog::domain::user::Role;

use crate::harness::app::TestApp;
use crate::harness::browser::{Browser, plain};

async fn fixture() -> (TestApp, AccountId, Browser) {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let reader = site.signed_in(account, "viewer@site.test", Role::Viewer).await;
    (site, account, reader)
}

fn path(account: AccountId, rest: &str) -> String {
    format!("/accounts/{account}/{rest}")
}

/// Saves a view without opening the report first.
async fn save(reader: &Browser, account: AccountId, name: &str, query: &str) -> u16 {
    reader.get("/profile").await;
    let fields = [("name", name), ("report", "pages"), ("query", query)];
    reader.post(&path(account, "views"), &fields).await.status
}

#[actix_web::test]
async fn a_report_is_saved_as_it_was_asked_and_found_on_every_report() {
    let (_, account, reader) = fixture().await;
    let shown =
        path(account, "pages?period=7d&compare=year&filter=page:contains:/a%7C/b&show=entry&sort=sessions");
    let page = reader.get(&format!("{shown}&limit=5&wait=1&after=1.1")).await;
    assert_eq!(page.status, 200, "{}", page.body);
    let saved = reader.press("Save view", &[("Name", "  Blog & <shop>  ")]).await;
    assert_eq!(saved.location(), shown, "without place and size of the table");
    let page = reader.follow(&saved).await.body;
    assert!(
        plain(&page).contains("The view is saved") && plain(&page).contains("Blog & <shop>"),
        "{}",
        plain(&page)
    );
    let link = format!("<a href=\"{}\" aria-current=\"true\">", shown.replace('&', "&#38;"));
    assert!(page.contains(&link), "{link} in {page}");
    for report in ["sources", "devices", "countries"] {
        let page = reader.get(&path(account, report)).await.body;
        assert!(plain(&page).contains("Blog & <shop>") && !page.contains(&link), "{report}");
    }
    let list = reader.get(&path(account, "views")).await.body;
    assert!(list.contains(&shown.replace('&', "&#38;")), "{list}");
    let gone = reader.press("Delete view Blog & <shop>", &[]).await;
    assert!(plain(&reader.follow(&gone).await.body).contains("No saved views yet"));
}

#[actix_web::test]
async fn a_name_is_needed_once_and_not_too_long() {
    let (_, account, reader) = fixture().await;
    let longest = "é".repeat(VIEW_NAME_MAX);
    assert_eq!(save(&reader, account, &longest, "period=7d").await, 303);
    assert_eq!(save(&reader, account, "Weekly", "period=7d").await, 303);
    for (name, says) in [
        (format!("{longest}é").as_str(), "The name is longer than 60 characters."),
        ("Weekly", "You already have a view with this name."),
        (" weekly ", "You already have a view with this name."),
        ("  ", "Enter a name."),
    ] {
        reader.get("/profile").await;
        let fields = [("name", name), ("report", "pages"), ("query", "period=28d&filter=country:is:NL")];
        let reply = reader.post(&path(account, "views"), &fields).await;
        assert_eq!(reply.status, 422, "{name}");
        assert!(plain(&reply.body).contains(says), "{says} in {}", plain(&reply.body));
        assert!(reply.body.contains("value=\"period=28d&#38;filter=country:is:NL\""), "{}", reply.body);
        assert!(reply.body.contains(&format!("value=\"{name}\"")), "what was typed is kept");
    }
    let again = reader.press("Save view", &[("Name", "Dutch")]).await;
    assert_eq!(again.location(), path(account, "pages?period=28d&filter=country:is:NL"));
}

#[actix_web::test]
async fn views_are_bounded_in_number_and_length() {
    let (_, account, reader) = fixture().await;
    let query = |length: usize| {
        let filter = |n: usize, length: usize| format!("&filter=page:is:{n}{}", "x".repeat(length));
        let mut query = format!("period=7d{}", (0..8).map(|n| filter(n, 990)).collect::<String>());
        query += &filter(8, length - query.len() - filter(8, 0).len());
        query
    };
    assert_eq!(query(VIEW_QUERY_MAX).len(), VIEW_QUERY_MAX);
    assert_eq!(save(&reader, account, "long", &query(VIEW_QUERY_MAX)).await, 303);
    assert_eq!(save(&reader, account, "longer", &query(VIEW_QUERY_MAX + 1)).await, 422);
    for n in 1..VIEWS_MAX {
        assert_eq!(save(&reader, account, &format!("view {n}"), "period=7d").await, 303, "{n}");
    }
    assert_eq!(save(&reader, account, "one more", "period=7d").await, 422);
    let page = plain(&reader.get(&path(account, "pages")).await.body);
    assert!(page.contains("You have reached the limit of 50 views") && !page.contains("Save view"), "{page}");
}

/// rules.md 28
#[actix_web::test]
async fn views_are_of_one_user_in_one_account() {
    let (site, account, reader) = fixture().await;
    let other = site.account("Other").await;
    assert_eq!(save(&reader, account, "mine", "period=7d").await, 303);
    let owner = site.signed_in(account, "owner@site.test", Role::Owner).await;
    assert!(!owner.get(&path(account, "views")).await.body.contains("mine"));
    owner.get("/profile").await;
    assert_eq!(owner.post(&path(account, "views/1/delete"), &[]).await.status, 303);
    assert!(reader.get(&path(account, "views")).await.body.contains("mine"), "another's is left alone");
    assert_eq!(save(&owner, account, "mine", "period=7d").await, 303, "names are one's own too");
    assert_eq!(save(&reader, other, "mine", "period=7d").await, 404);
}

#[actix_web::test]
async fn only_what_a_report_can_be_asked_is_saved() {
    let (_, account, reader) = fixture().await;
    for (report, query) in [
        ("live", ""),
        ("settings/users", ""),
        ("//evil.test", ""),
        ("", ""),
        ("pages", "period=fortnight"),
        ("pages", "filter=city:is:Rome"),
    ] {
        reader.get("/profile").await;
        let fields = [("name", "x"), ("report", report), ("query", query)];
        assert_eq!(reader.post(&path(account, "views"), &fields).await.status, 400, "{report}?{query}");
    }
    // Other parameters of the query are not saved.
    reader.get("/profile").await;
    let query = "period=7d&show=exit&by=x&format=json&x=%22%3E%3Cscript%3E#/../../";
    let fields = [("name", "x"), ("report", "pages"), ("query", query)];
    let reply = reader.post(&path(account, "views"), &fields).await;
    assert_eq!(reply.location(), path(account, "pages?period=7d&show=exit"));
}
