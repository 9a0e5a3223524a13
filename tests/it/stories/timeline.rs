//! A visitor's timeline while sessions cross midnight, are closed, and get late hits.

use guestlog::app::reports::{self, VisitorReport};
use guestlog::base::clock::{DAY, HOUR, MINUTE, SECOND};
use guestlog::domain::account::AccountId;
use guestlog::domain::visitor::VisitorNumber;
use serde_json::json;

use crate::harness::site::Site;

async fn see(site: &Site, number: u32) -> Option<VisitorReport> {
    reports::visitor(&site.app, AccountId::FIRST, VisitorNumber(number), None, 20).await.unwrap()
}

async fn engage(site: &Site, page_view: &str, ms: u32) {
    let hit = json!({"a": 1_000_001, "k": "engagement", "vi": "ada", "pu": "https://example.com/", "pv": page_view,
        "ms": ms, "cc": 15});
    site.collect(&hit).await;
}

/// `path seconds` of each page view.
fn views(found: &VisitorReport, session: usize) -> Vec<String> {
    let rows = found.table.rows[session].timeline.iter();
    rows.map(|row| format!("{} {}", row.path, row.engaged_seconds)).collect()
}

/// rules.md 10, 15, 18
#[actix_web::test]
async fn a_session_over_midnight_is_one_in_every_form_and_knows_what_came_late() {
    let mut site = Site::new().await;
    site.clock.advance(11 * HOUR + 50 * MINUTE);
    site.collect(&site.view("1", "ada", "https://example.com/")).await;
    site.collect(&site.view("x", "bob", "https://example.com/")).await;
    site.clock.advance(20 * MINUTE);
    site.collect(&site.view("2", "ada", "https://example.com/b")).await;
    site.fold().await;
    let open = see(&site, 1).await.unwrap();
    assert_eq!((open.sessions, open.page_views, open.days, open.table.rows.len()), (1, 2, 2, 1));
    assert_eq!(views(&open, 0), ["/ 0", "/b 0"]);
    assert_eq!(open.table.rows[0].duration_seconds, 20 * 60);

    // Yesterday is closed, today is open.
    site.clock.advance(31 * MINUTE);
    site.close_days().await;
    assert_eq!(site.ask::<i64>("select count(*) from event_unpacked"), 1);
    assert_eq!(see(&site, 1).await.unwrap(), open);
    engage(&site, "1", 25_000).await;
    engage(&site, "2", 5_000).await;
    site.fold().await;
    let late = see(&site, 1).await.unwrap();
    assert_eq!(views(&late, 0), ["/ 25", "/b 5"], "before the segment knows it");
    assert_eq!(late.engaged_seconds, 30);
    assert!(site.ask::<i64>("select count(*) from late_engagement") > 0);
    site.close_days().await;
    assert_eq!(site.ask::<i64>("select count(*) from late_engagement"), 0);
    assert_eq!(see(&site, 1).await.unwrap(), late);

    // Days later the visitor is only in segments, and comes back.
    site.clock.advance(5 * DAY);
    site.close_days().await;
    assert_eq!(site.ask::<i64>("select count(*) from session_unpacked"), 0);
    assert_eq!(see(&site, 1).await.unwrap(), late);
    site.clock.advance(SECOND);
    site.collect(&site.view("3", "ada", "https://example.com/c")).await;
    site.fold().await;
    let back = see(&site, 1).await.unwrap();
    assert_eq!((back.sessions, back.page_views, back.days), (2, 3, 3));
    assert_eq!((views(&back, 0), views(&back, 1)), (vec!["/c 0".into()], vec!["/ 25".into(), "/b 5".into()]));
    assert_eq!(see(&site, 2).await.unwrap().page_views, 1, "another's are another's");
    assert_eq!(see(&site, 3).await, None);
}
