//! Data older than the retention period is deleted, and a clock that jumps deletes nothing.

use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::jobs::retention::{LEAP, RetentionJob, WAIT};
use guestlog::base::clock::{DAY, HOUR, Millis};
use guestlog::domain::account::AccountId;
use guestlog::store::{self, retention};
use serde_json::json;

use crate::harness::site::{Site, findings, with};

/// Closes finished days, then deletes old ones.
async fn run(site: &Site, mut job: RetentionJob, months: u32) -> (RetentionJob, usize) {
    let app = site.app.clone();
    let work = move || {
        let account = app.accounts.find(AccountId::FIRST).unwrap();
        CloseJob::default().close_account(&app, &account, app.now()).unwrap();
        let looked = job.run(&app, months).unwrap();
        (job, looked)
    };
    actix_web::rt::task::spawn_blocking(work).await.unwrap()
}

fn days(site: &Site) -> i64 {
    site.ask("select count(*) from segment")
}

/// One page view on each of these days, with the jobs that a running server would run.
async fn history(site: &mut Site, days: u32, months: u32) -> RetentionJob {
    let mut job = RetentionJob::default();
    for day in 0..days {
        site.collect(&site.view(&day.to_string(), "ada", "https://example.com/")).await;
        site.fold().await;
        site.clock.advance(DAY);
        job = run(site, job, months).await.0;
    }
    job
}

#[actix_web::test]
async fn whole_days_go_when_they_are_older_than_the_months_kept() {
    let mut site = Site::new().await;
    let job = history(&mut site, 40, 0).await;
    assert_eq!(days(&site), 40, "0 keeps everything");
    let (job, _) = run(&site, job, 2).await;
    assert_eq!(days(&site), 40, "none is that old");
    let (job, looked) = run(&site, job, 1).await;
    assert_eq!(looked, 1);
    let kept = days(&site);
    // Today, and the days back to the same day of last month.
    assert!((28..=31).contains(&kept), "{kept}");
    assert_eq!(
        site.ask::<i64>("select count(*) from segment_column where id / 32 not in (select id from segment)"),
        0
    );
    site.clock.advance(DAY);
    run(&site, job, 1).await;
    assert!(days(&site) < kept);
}

#[actix_web::test]
async fn a_clock_that_jumps_forgets_nothing_until_it_has_gone_on_for_a_day() {
    let mut site = Site::new().await;
    let job = history(&mut site, 3, 1).await;
    assert_eq!(days(&site), 3);
    site.clock.advance(LEAP);
    let (job, looked) = run(&site, job, 1).await;
    assert_eq!(looked, 1, "a day is no leap");
    site.clock.advance(400 * DAY);
    let looked = run(&site, job, 1).await.1;
    assert_eq!((looked, days(&site)), (0, 3));
    // After a restart the waiting time begins again.
    let job = run(&site, RetentionJob::default(), 1).await.0;
    site.clock.advance(WAIT.as_millis() as i64 - 1);
    let (job, looked) = run(&site, job, 1).await;
    assert_eq!((looked, days(&site)), (0, 3));
    site.clock.advance(1);
    let (job, looked) = run(&site, job, 1).await;
    assert_eq!((looked, days(&site)), (1, 0));
    site.clock.advance(HOUR);
    assert_eq!(run(&site, job, 1).await.1, 1);
}

/// On the first day Ada and Bob, who is identified, visit; Eve a day later. After a month only Ada is forgotten.
/// rules.md 12
#[actix_web::test]
async fn visitors_of_whom_nothing_is_left_go_and_contacts_stay() {
    let mut site = Site::new().await;
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    let said = with(site.view("2", "ada", "https://example.com/"), "i", json!({"visitor": "other"}));
    site.collect(&said).await;
    let said = with(site.view("3", "bob", "https://example.com/"), "i", json!({"email": "bob@example.test"}));
    site.collect(&said).await;
    site.fold().await;
    let numbers = "select number from visitor order by number";
    let all = site.asks::<i64>(numbers);
    assert_eq!(all.len(), 3, "Ada, Bob and Bob's contact");
    site.clock.advance(DAY);
    let mut job = run(&site, RetentionJob::default(), 1).await.0;
    site.collect(&site.view("4", "eve", "https://example.com/")).await;
    site.fold().await;
    // The first day is deleted when the same day of the next month is over. Until then all are known.
    let first = "select min(day) from segment";
    let first_day: i64 = site.ask(first);
    while site.ask::<i64>(first) == first_day {
        assert_eq!(site.asks::<i64>(numbers).len(), 4);
        site.clock.advance(DAY);
        job = run(&site, job, 1).await.0;
    }
    assert_eq!(days(&site), 1, "Eve's");
    let (ada, others) = (all[0], &site.asks::<i64>(numbers));
    assert!(!others.contains(&ada), "{others:?}");
    assert_eq!(others.len(), 3);
    assert_eq!(site.asks::<String>("select token from visitor_token order by 1"), ["bob", "eve"]);
    assert_eq!(site.ask::<i64>("select count(*) from identification where contact_id is null"), 0);
    assert_eq!(findings(site.app.store.data_dir()), [""; 0]);
    // When Ada comes back, she is a new visitor with a new number.
    site.collect(&site.view("5", "ada", "https://example.com/")).await;
    site.fold().await;
    assert_eq!(site.ask::<i64>("select number from visitor_token where token = 'ada'"), all.len() as i64 + 2);
    site.assert_that_all_are_counted().await;
    run(&site, job, 1).await;
}

/// A visitor is not forgotten while a day that may contain them cannot be read, or while one of their rows is kept.
#[actix_web::test]
async fn a_visitor_is_kept_while_a_row_may_have_their_number() {
    let mut site = Site::new().await;
    let job = history(&mut site, 2, 0).await;
    let account = AccountId::FIRST;
    let last: i64 = site.ask("select last_ms from visitor");
    let unseen = |before: i64| {
        let list = |conn: &store::Connection| retention::list_unseen(conn, account, Millis(before));
        site.app.store.readers.read(list).unwrap()
    };
    let none = retention::Unseen::default();
    assert_eq!(unseen(last + 1).0, none, "his first row is earlier");
    site.tamper("update segment set first_ms = first_ms - 1").await;
    assert_eq!(unseen(last + 1).0, none, "damaged");
    site.tamper("delete from segment_column; delete from segment; update account set segment_sum = 0").await;
    assert_eq!(unseen(last).0, none, "at the limit");
    let found = unseen(last + 1).0;
    assert_eq!((found.numbers.as_slice(), found.tokens.as_slice()), (&[1][..], &[("ada".to_owned(), 1)][..]));
    let left = "select (select count(*) from visitor) * 10 + (select count(*) from visitor_token)";
    // First the visitor was seen again, then their session is kept, then nothing keeps them.
    for (before, change, expected) in [
        (last + 1, "update visitor set last_ms = last_ms + 1", 11),
        (last + 2, "select 1", 11),
        (last + 2, "delete from session", 0),
    ] {
        site.tamper(change).await;
        let (found, before) = (found.clone(), Millis(before));
        let delete = move |conn: &store::Connection| {
            retention::delete_tokens(conn, account, before, &found.tokens)?;
            retention::delete_unseen(conn, account, before, &found.numbers)
        };
        site.app.store.writer.write(delete).await.unwrap();
        assert_eq!(site.ask::<i64>(left), expected, "{change}");
    }
    drop(job);
}

#[actix_web::test]
async fn logs_go_too_and_their_last_rows_stay() {
    let mut site = Site::new().await;
    let job = history(&mut site, 1, 1).await;
    let now = site.app.now().0;
    let rows = [(now - 90 * DAY, 2_500), (now - DAY, 3)];
    for (at, count) in rows {
        let insert = move |conn: &store::Connection| {
            for n in 0..count {
                conn.execute("insert into audit (at_ms, action, detail) values (?1, 'x', '')", [at])?;
                conn.execute(
                    "insert into event_script_change (account_id, number, at_ms, old_hash, old_code, new_hash, new_code)
                     values (1000001, ?2, ?1, '', '', '', '')",
                    (at, if at < now - 2 * DAY { n % 5 } else { 1 }),
                )?;
            }
            Ok::<_, store::Error>(())
        };
        site.app.store.writer.write(insert).await.unwrap();
    }
    let (job, _) = run(&site, job, 0).await;
    assert_eq!(site.ask::<i64>("select count(*) from audit"), 2_503, "0 keeps everything");
    let (job, _) = run(&site, job, 1).await;
    assert_eq!(site.ask::<i64>("select count(*) from audit"), 3);
    // The three new ones, and the last one of each other event.
    assert_eq!(site.ask::<i64>("select count(*) from event_script_change"), 7);
    let late = "update audit set at_ms = 0";
    site.tamper(late).await;
    run(&site, job, 1).await;
    assert_eq!(site.ask::<i64>("select count(*) from audit"), 1, "the last one");
}
