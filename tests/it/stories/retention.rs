//! Data older than the retention period is deleted, and a clock that jumps deletes nothing.

use guestlog::app::access::{self, Actor};
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::jobs::erase_unseen::{ERASED_MAX, erase_due};
use guestlog::app::jobs::retention::{LEAP, RetentionJob, WAIT};
use guestlog::base::clock::{DAY, HOUR, Millis};
use guestlog::domain::account::AccountId;
use guestlog::domain::retention::{JUMP_MAX, Kind, MONTHS_MAX, Retention};
use guestlog::store::{self, retention};
use serde_json::json;

use crate::harness::site::{Site, findings, with};

/// Closes finished days, then deletes old ones.
async fn run(site: &Site, mut job: RetentionJob, months: u32) -> (RetentionJob, usize) {
    let app = site.app.clone();
    keep(site, Retention::of_months(months)).await;
    let work = move || {
        let account = app.accounts.find(AccountId::FIRST).unwrap();
        CloseJob::default().close_account(&app, &account, app.now()).unwrap();
        let looked = job.run(&app).unwrap();
        (job, looked)
    };
    actix_web::rt::task::spawn_blocking(work).await.unwrap()
}

async fn keep(site: &Site, retention: Retention) {
    access::retention::update(&site.app, Actor::Machine, AccountId::FIRST, retention).await.unwrap();
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
    site.clock.advance(JUMP_MAX);
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
                conn.execute(
                    "insert into audit (at_ms, account_id, action, detail) values (?1, 1000001, 'x', '')",
                    [at],
                )?;
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
    let of_account = "select count(*) from audit where action = 'x'";
    assert_eq!(site.ask::<i64>(of_account), 2_503, "0 keeps everything");
    site.tamper(
        "insert into audit (at_ms, action, detail) select at_ms, 'y', '' from audit where action = 'x'",
    )
    .await;
    let (job, _) = run(&site, job, 1).await;
    assert_eq!(site.ask::<i64>(of_account), 3);
    assert_eq!(site.ask::<i64>("select count(*) from audit where action = 'y'"), 2_503, "the server's own");
    // The three new ones, and the last one of each other event.
    assert_eq!(site.ask::<i64>("select count(*) from event_script_change"), 7);
    let late = "update audit set at_ms = 0";
    site.tamper(late).await;
    run(&site, job, 1).await;
    assert_eq!(site.ask::<i64>("select count(*) from audit"), 1, "the last one");
}

/// After a long jump nobody can tell a wrong clock from a server that was off, so somebody has to say it.
#[actix_web::test]
async fn after_a_long_jump_of_the_clock_nothing_goes_until_it_is_confirmed() {
    let mut site = Site::new().await;
    let job = history(&mut site, 3, 1).await;
    assert_eq!(access::retention::doubted_since(&site.app).await.unwrap(), None);
    let last = site.app.now();
    site.clock.advance(400 * DAY);
    let mut job = run(&site, job, 1).await.0;
    for _ in 0..3 {
        site.clock.advance(WAIT.as_millis() as i64);
        let (next, looked) = run(&site, job, 1).await;
        assert_eq!((looked, days(&site)), (0, 3), "however long it goes on");
        job = next;
    }
    assert_eq!(access::retention::doubted_since(&site.app).await.unwrap(), Some(last));
    access::retention::confirm_clock(&site.app, Actor::Machine).await.unwrap();
    assert_eq!(access::retention::doubted_since(&site.app).await.unwrap(), None);
    assert_eq!(run(&site, job, 1).await.1, 1);
    assert_eq!(days(&site), 0);
}

/// Page views go after one month and completions after three; what is left of a day are its completions, and the other
/// way around.
#[actix_web::test]
async fn each_kind_of_data_is_kept_for_a_time_of_its_own() {
    for (first_gone, page_views, completions) in [(Kind::Visits, 0, 1), (Kind::Completions, 1, 0)] {
        let mut site = Site::new().await;
        site.collect(&site.view("1", "ada", "https://example.com/")).await;
        let event = with(site.completion("2", "ada", "Sale", 5), "properties", json!({"size": "L"}));
        site.collect(&event).await;
        site.fold().await;
        site.clock.advance(DAY);
        let mut kept = Retention::of_months(3);
        kept.set(first_gone, 1);
        keep(&site, kept).await;
        let rows = "select coalesce(sum(page_views), 0) * 10 + coalesce(sum(completions), 0) from segment";
        let work = |site: &Site, mut job: RetentionJob| {
            let app = site.app.clone();
            actix_web::rt::task::spawn_blocking(move || {
                let account = app.accounts.find(AccountId::FIRST).unwrap();
                CloseJob::default().close_account(&app, &account, app.now()).unwrap();
                job.run(&app).unwrap();
                job
            })
        };
        let mut job = work(&site, RetentionJob::default()).await.unwrap();
        let preview = |site: &Site| {
            let app = site.app.clone();
            async move { access::retention::preview(&app, AccountId::FIRST, kept).await.unwrap() }
        };
        assert_eq!(preview(&site).await, access::retention::Preview::default());
        let mut states = vec![site.ask::<i64>(rows)];
        for _ in 0..100 {
            site.clock.advance(DAY);
            let due = preview(&site).await;
            job = work(&site, job).await.unwrap();
            let state = site.ask::<i64>(rows);
            if states.last() != Some(&state) {
                let before = states.last().unwrap();
                let gone = (before / 10 - state / 10, before % 10 - state % 10);
                assert_eq!((due.page_views as i64, due.completions as i64), gone, "the preview said it");
                states.push(state);
            }
        }
        assert_eq!(states, [11, page_views * 10 + completions, 0]);
        assert_eq!(findings(site.app.store.data_dir()), [""; 0]);
    }
}

#[actix_web::test]
async fn contacts_who_were_not_seen_for_long_are_erased_when_the_account_says_so() {
    let mut site = Site::new().await;
    for (n, email) in ["ada@example.test", "bob@example.test"].into_iter().enumerate() {
        let view = site.view(&n.to_string(), &format!("visitor{n}"), "https://example.com/");
        site.collect(&with(view, "i", json!({"email": email}))).await;
        site.fold().await;
        site.clock.advance(20 * DAY);
    }
    let emails = "select email from contact where state = 'active' order by id";
    site.clock.advance(15 * DAY);
    assert_eq!(erase_due(&site.app).await.unwrap(), 0, "contacts are kept without end at first");
    let mut kept = Retention::of_months(0);
    kept.set(Kind::Contacts, 1);
    keep(&site, kept).await;
    let due = access::retention::preview(&site.app, AccountId::FIRST, kept).await.unwrap();
    assert_eq!(due.contacts, 2);
    site.collect(&site.view("again", "visitor1", "https://example.com/")).await;
    site.fold().await;
    assert_eq!(erase_due(&site.app).await.unwrap(), 1);
    assert_eq!(site.asks::<String>(emails), ["bob@example.test"], "he came back");
    assert_eq!(site.ask::<i64>("select count(*) from visitor_token where token = 'visitor0'"), 0);
    assert_eq!(erase_due(&site.app).await.unwrap(), 0);
    assert_eq!(findings(site.app.store.data_dir()), [""; 0]);
}

/// More than one run erases are left to the next one.
#[actix_web::test]
async fn so_many_unseen_contacts_are_erased_in_one_run_and_no_more() {
    let mut site = Site::new().await;
    let many = ERASED_MAX + 1;
    for n in 0..many {
        let event = format!("/v1/event?_a=1000001&_n=Sale&email=person{n}@example.test");
        site.get(&event).await;
    }
    site.fold().await;
    site.clock.advance(40 * DAY);
    let mut kept = Retention::of_months(0);
    kept.set(Kind::Contacts, 1);
    keep(&site, kept).await;
    assert_eq!(erase_due(&site.app).await.unwrap(), ERASED_MAX);
    assert_eq!(erase_due(&site.app).await.unwrap(), 1);
}

#[actix_web::test]
async fn months_have_a_limit_and_only_owners_change_them() {
    let site = Site::new().await;
    let update = |months| {
        access::retention::update(&site.app, Actor::Machine, AccountId::FIRST, Retention::of_months(months))
    };
    update(MONTHS_MAX).await.unwrap();
    let error = update(MONTHS_MAX + 1).await.unwrap_err();
    assert!(error.to_string().contains("at most 1200 months"), "{error}");
    let kept = access::retention::find(&site.app, AccountId::FIRST).await.unwrap();
    assert_eq!(kept, Retention::of_months(MONTHS_MAX));
}
