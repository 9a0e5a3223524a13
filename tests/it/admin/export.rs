//! The page on which all events are downloaded.

use std::sync::Arc;

use guestlog::app::access::Actor;
use guestlog::app::core::DOWNLOADS_MAX;
use guestlog::app::export::{Download, DownloadError, Format, Wanted};
use guestlog::app::ingest::accept::{Sender, accept, beacon};
use guestlog::app::ingest::fold;
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::base::clock::DAY;
use guestlog::domain::account::AccountId;
use guestlog::domain::user::Role;
use guestlog::store;
use serde_json::{Value, json};

use crate::harness::app::TestApp;
use crate::harness::site::FIREFOX;

async fn view(site: &TestApp, account: AccountId, visitor: &str) {
    let hit =
        json!({"a": account.0, "k": 1, "vi": visitor, "pu": "https://site.test/", "t": "A title", "cc": 15});
    let body = hit.to_string();
    let beacons = beacon::of_json(body.as_bytes()).unwrap();
    accept(&site.app, Sender { user_agent: FIREFOX, ..Sender::default() }, beacons).await;
    while fold::step(&site.app, &mut fold::Cache::default()).await.unwrap() > 0 {}
}

async fn close_days(site: &TestApp, account: AccountId) {
    let (app, entry) = (Arc::clone(&site.app), site.app.accounts.find(account).unwrap());
    let closing = move || CloseJob::default().close_account(&app, &entry, app.now());
    actix_web::rt::task::spawn_blocking(closing).await.unwrap().unwrap();
}

/// Two accounts, the first with a view on each of three days.
async fn world() -> (TestApp, AccountId) {
    let site = TestApp::new().await;
    let account = site.account("Shop").await;
    let other = site.account("Other").await;
    for visitor in ["ada", "bob", "eve"] {
        view(&site, account, visitor).await;
        view(&site, other, visitor).await;
        site.clock.advance(DAY);
        close_days(&site, account).await;
    }
    (site, account)
}

#[actix_web::test]
async fn an_admin_downloads_the_events_of_the_account_and_the_audit_log_knows() {
    let (site, account) = world().await;
    let admin = site.signed_in(account, "admin@site.test", Role::Admin).await;
    let path = format!("/accounts/{account}/settings/export");
    let shown = admin.get(&path).await;
    assert!(shown.status == 200 && shown.body.contains("Download events"), "{shown:?}");
    let post = async |fields: &[(&str, &str)]| admin.post(&path, fields).await;
    let whole = post(&[("from", ""), ("to", ""), ("format", "csv")]).await;
    assert_eq!((whole.status, whole.header("content-type")), (200, "text/csv; charset=utf-8"));
    let named = format!("attachment; filename=\"events-{account}.csv\"");
    assert_eq!(whole.header("content-disposition"), named);
    assert!(whole.body.starts_with("\u{feff}at,local_at,kind,visitor,"), "{}", whole.body);
    assert_eq!(whole.body.lines().count(), 4);
    let plain = post(&[("format", "csv"), ("bom", "0")]).await;
    assert_eq!(format!("\u{feff}{}", plain.body), whole.body);

    let day = ("from", "2026-11-19");
    let one = post(&[day, ("to", "2026-11-19"), ("format", "ndjson")]).await;
    assert_eq!((one.status, one.header("content-type")), (200, "application/x-ndjson"));
    let line: Value = serde_json::from_str(&one.body).expect("one line");
    assert_eq!((&line["visitor"], &line["kind"]), (&json!(2), &json!("page_view")));

    let logged = |conn: &store::Connection| {
        let sql = "select user.email || ' ' || detail from audit join user on user.id = user_id
                   where action = 'events.export' and account_id = ?1 order by audit.id";
        let mut statement = conn.prepare(sql)?;
        let rows = statement.query_map([account.0], |row| row.get::<_, String>(0))?;
        Ok::<_, store::Error>(rows.collect::<Result<Vec<_>, _>>()?)
    };
    let logged = site.app.store.readers.read(logged).unwrap();
    let of = |file: String| format!("admin@site.test {file}");
    let expected = [
        of(format!("events-{account}.csv")),
        of(format!("events-{account}.csv")),
        of(format!("events-{account}-2026-11-19-2026-11-19.ndjson")),
    ];
    assert_eq!(logged, expected);
}

#[actix_web::test]
async fn wrong_days_are_said_beside_their_field_and_nothing_is_exported() {
    let (site, account) = world().await;
    let admin = site.signed_in(account, "admin@site.test", Role::Owner).await;
    let path = format!("/accounts/{account}/settings/export");
    admin.get(&path).await;
    for (from, to, words) in [
        ("soon", "", "Enter a day such as 2026-01-31."),
        ("", "2026-13-01", "Enter a day such as 2026-01-31."),
        ("2026-11-02", "2026-11-01", "The last day is before the first one."),
    ] {
        let fields = [("from", from), ("to", to), ("format", "ndjson")];
        let reply = admin.post(&path, &fields).await;
        assert!(reply.status == 422 && reply.body.contains(words), "{from} {to}: {reply:?}");
        assert!(reply.body.contains(&format!("value=\"{from}\"")), "what was typed stays");
    }
}

#[actix_web::test]
async fn as_many_downloads_as_may_run_run_and_one_more_is_told_to_come_later() {
    let (site, account) = world().await;
    let wanted = Wanted { first: None, last: None, format: Format::Ndjson };
    let start = async || Download::start(&site.app, Actor::Machine, account, wanted).await;
    let mut running = Vec::new();
    for _ in 0..DOWNLOADS_MAX {
        running.push(start().await.unwrap());
    }
    let admin = site.signed_in(account, "admin@site.test", Role::Admin).await;
    let path = format!("/accounts/{account}/settings/export");
    admin.get(&path).await;
    let refused = admin.post(&path, &[]).await;
    assert_eq!((refused.status, refused.header("retry-after")), (503, "2"), "{refused:?}");
    // A download that is broken off makes room.
    running.pop();
    admin.get(&path).await;
    assert_eq!(admin.post(&path, &[]).await.status, 200);
}

/// A file without a day must not pass for a whole one.
#[actix_web::test]
async fn a_download_that_lacks_a_day_ends_with_an_error_after_the_rest() {
    let (site, account) = world().await;
    let damage = |conn: &store::Connection| {
        let sql = "update segment_column set data = cast(x'00' || substr(data, 2) as blob)
                   where id / 32 = (select min(id) from segment)";
        Ok::<_, store::Error>(conn.execute(sql, [])?)
    };
    assert!(site.app.store.writer.write(damage).await.unwrap() > 0);
    for (format, lines) in [(Format::Ndjson, 2), (Format::Csv { mark: false }, 3)] {
        let wanted = Wanted { first: None, last: None, format };
        let mut download = Download::start(&site.app, Actor::Machine, account, wanted).await.unwrap();
        let mut text = Vec::new();
        let ended = loop {
            match download.next().await {
                Ok(Some(part)) => {
                    assert!(!part.is_empty(), "an empty part would end the answer");
                    text.extend(part);
                }
                ended => break ended,
            }
        };
        assert!(matches!(ended, Err(DownloadError::Damaged(1, _))), "{ended:?}");
        assert_eq!(String::from_utf8(text).unwrap().lines().count(), lines);
    }
}
