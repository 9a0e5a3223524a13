//! What is older than the owner keeps is forgotten, and a clock that jumps forgets nothing.

use guestlog::app::closing::close_account;
use guestlog::app::retention::{Keeper, LEAP, WAIT};
use guestlog::base::clock::{DAY, HOUR};
use guestlog::domain::account::AccountId;

use crate::harness::site::Site;

/// Closes what is over, then looks for what is too old.
async fn look(site: &Site, mut keeper: Keeper, months: u32) -> (Keeper, usize) {
    let app = site.app.clone();
    let work = move || {
        let account = app.accounts.find(AccountId::FIRST).unwrap();
        close_account(&app, &account, app.now()).unwrap();
        let looked = keeper.look(&app, months).unwrap();
        (keeper, looked)
    };
    actix_web::rt::task::spawn_blocking(work).await.unwrap()
}

fn days(site: &Site) -> i64 {
    site.ask("select count(*) from segment")
}

/// A view a day for as many days, each looked after as a running server does.
async fn history(site: &mut Site, days: u32, months: u32) -> Keeper {
    let mut keeper = Keeper::default();
    for day in 0..days {
        site.collect(&site.view(&day.to_string(), "ada", "https://example.com/")).await;
        site.fold().await;
        site.clock.advance(DAY);
        keeper = look(site, keeper, months).await.0;
    }
    keeper
}

/// bar.md 26
#[actix_web::test]
async fn whole_days_go_when_they_are_older_than_the_months_kept() {
    let mut site = Site::new().await;
    let keeper = history(&mut site, 40, 0).await;
    assert_eq!(days(&site), 40, "0 keeps everything");
    let (keeper, _) = look(&site, keeper, 2).await;
    assert_eq!(days(&site), 40, "none is that old");
    let (keeper, looked) = look(&site, keeper, 1).await;
    assert_eq!(looked, 1);
    let kept = days(&site);
    // today and the days since the same one of the month before
    assert!((28..=31).contains(&kept), "{kept}");
    assert_eq!(
        site.ask::<i64>("select count(*) from segment_column where id / 32 not in (select id from segment)"),
        0
    );
    site.clock.advance(DAY);
    look(&site, keeper, 1).await;
    assert!(days(&site) < kept);
}

/// reliability.md F12
#[actix_web::test]
async fn a_clock_that_jumps_forgets_nothing_until_it_has_gone_on_for_a_day() {
    let mut site = Site::new().await;
    let keeper = history(&mut site, 3, 1).await;
    assert_eq!(days(&site), 3);
    site.clock.advance(LEAP);
    let (keeper, looked) = look(&site, keeper, 1).await;
    assert_eq!(looked, 1, "a day is no leap");
    site.clock.advance(400 * DAY);
    let looked = look(&site, keeper, 1).await.1;
    assert_eq!((looked, days(&site)), (0, 3));
    // a server that starts anew waits anew
    let keeper = look(&site, Keeper::default(), 1).await.0;
    site.clock.advance(WAIT.as_millis() as i64 - 1);
    let (keeper, looked) = look(&site, keeper, 1).await;
    assert_eq!((looked, days(&site)), (0, 3));
    site.clock.advance(1);
    let (keeper, looked) = look(&site, keeper, 1).await;
    assert_eq!((looked, days(&site)), (1, 0));
    site.clock.advance(HOUR);
    assert_eq!(look(&site, keeper, 1).await.1, 1);
}
