//! Rules of the data in small histories whose counts can be computed by hand.

use std::collections::BTreeMap;

use guestlog::base::clock::{DAY, MINUTE, Millis};
use guestlog::domain::account::AccountId;
use guestlog::domain::click_id::ClickId;
use guestlog::domain::question::{Dimension, Filter};
use guestlog::domain::screen::ScreenClass;
use guestlog::store::scan::{self, Bounds, Grouping, Key, Measure, Row, Top, Totals};

use super::history::{AccountFact, EventFact, Page, SessionFact, World};
use super::random::ask;

const NOW: i64 = 100 * DAY;

fn page(path: &str) -> Page {
    ["a.test", path, ""].map(str::to_owned)
}

fn account() -> AccountFact {
    AccountFact {
        id: AccountId::FIRST,
        zone_name: "UTC",
        now: Millis(NOW),
        sessions: Vec::new(),
        events: Vec::new(),
        contacts: BTreeMap::from([(1, "ada@example.test".to_owned())]),
        contact_of: BTreeMap::from([(9, 1)]),
        visitors: 9,
    }
}

/// A session that ended `ago` before now, with page views of `visitors`, each visible `engaged_ms`.
fn add(account: &mut AccountFact, ago: i64, visitors: &[u32], engaged_ms: u32) {
    let session = account.sessions.len();
    let last_ms = NOW - ago;
    account.sessions.push(SessionFact {
        source: ["REFERRALS", "news.example", ""].map(str::to_owned),
        referrer: String::new(),
        campaign: Default::default(),
        device: ["desktop", "", ""].map(str::to_owned),
        screen: ScreenClass::Large,
        language: String::new(),
        place: Default::default(),
        company: String::new(),
        click_id: ClickId::NONE,
        is_new: true,
        suspected: false,
        entry: page("/0"),
        last_page: page("/last"),
        first_ms: last_ms,
        last_ms,
        page_views: visitors.len() as u32,
        completions: 0,
        engaged_ms: i64::from(engaged_ms) * visitors.len() as i64,
    });
    for (place, visitor) in visitors.iter().enumerate() {
        account.events.push(EventFact {
            at_ms: last_ms,
            is_view: true,
            visitor: *visitor,
            session: Some(session),
            page: page(&format!("/{place}")),
            event: String::new(),
            value_minor: 0,
            consent: (15, "granted"),
            engaged_ms,
        });
    }
}

fn rows(account: AccountFact, grouping: Grouping, filters: &[&str]) -> Vec<Row> {
    let world = World::of(vec![account]);
    let account = &world.accounts[0];
    let filters: Vec<_> = filters.iter().map(|text| Filter::parse(text).unwrap()).collect();
    let answer = ask(&world, account, &(0..NOW + DAY), &filters, &[grouping], Bounds::default());
    answer.tables.into_iter().next().unwrap().rows
}

fn total(account: AccountFact, filters: &[&str]) -> Totals {
    rows(account, Grouping::Total, filters)[0].figures
}

fn by(dimension: Dimension) -> Grouping {
    let top = Top { by: Measure::Sessions, limit: 9, after: None, skip_empty: false };
    Grouping::By(Key::Dimension(dimension), top)
}

/// rules.md 13
#[test]
fn what_programs_tell_counts_in_completions_value_and_contacts_only() {
    let mut data = account();
    add(&mut data, DAY, &[1], 20_000);
    data.events.push(EventFact {
        at_ms: NOW - DAY,
        is_view: false,
        visitor: 9,
        session: None,
        page: Page::default(),
        event: "sale".to_owned(),
        value_minor: 1_250,
        consent: (32, "server"),
        engaged_ms: 0,
    });
    let session = Totals { visitors: 1, sessions: 1, page_views: 1, engaged_ms: 20_000, ..Totals::default() };
    let completion = Totals { completions: 1, value_minor: 1_250, ..Totals::default() };
    assert_eq!(total(data.clone(), &[]), Totals { completions: 1, value_minor: 1_250, ..session });
    let named = |name: &str, figures| Row { name: vec![name.to_owned()], figures };
    assert_eq!(rows(data.clone(), by(Dimension::Source), &[]), [named("REFERRALS", session)]);
    let contacts = rows(data.clone(), by(Dimension::Contact), &[]);
    assert_eq!(contacts, [named("", session), named("ada@example.test", completion)]);
    assert_eq!(total(data.clone(), &["contact:is:ada@example.test"]), completion);
    assert_eq!(total(data, &["source:is:(none)"]), completion);
}

/// rules.md 12
#[test]
fn a_session_whose_token_changes_hands_is_one_session_of_two_visitors() {
    let mut switched = account();
    add(&mut switched, DAY, &[1, 1, 2, 2], 0);
    let counted = total(switched.clone(), &[]);
    assert_eq!((counted.visitors, counted.sessions, counted.page_views), (2, 1, 4));
    let sources = rows(switched, by(Dimension::Source), &[]);
    assert_eq!((sources[0].figures.visitors, sources[0].figures.sessions), (2, 1));
}

/// rules.md 15
#[test]
fn a_session_bounces_with_one_page_view_of_less_than_ten_seconds() {
    for (visitors, engaged_ms, bounces) in [(&[1][..], 9_999, 1), (&[1], 10_000, 0), (&[1, 1], 0, 0)] {
        let mut left = account();
        add(&mut left, DAY, visitors, engaged_ms);
        assert_eq!(total(left, &[]).bounces, bounces, "{visitors:?} {engaged_ms}");
    }
}

/// rules.md 15
#[test]
fn a_session_has_an_exit_page_when_it_is_over() {
    for (ago, exit) in [(30 * MINUTE, vec!["a.test", "/last"]), (30 * MINUTE - 1, vec![""])] {
        let mut open = account();
        add(&mut open, ago, &[1], 0);
        assert_eq!(rows(open, by(Dimension::ExitPage), &[])[0].name, exit);
    }
}

#[test]
fn rates_and_averages_order_a_table_and_equal_rates_by_how_many_they_are_of() {
    let order = |of: &[(u64, u64, u64, u64)], measure: Measure| {
        let figures = of.iter().map(|(sessions, page_views, bounces, engaged_ms)| Totals {
            sessions: *sessions,
            page_views: *page_views,
            bounces: *bounces,
            engaged_ms: *engaged_ms,
            ..Totals::default()
        });
        figures.map(|figures| figures.get(measure)).collect::<Vec<_>>()
    };
    let rates =
        order(&[(0, 0, 0, 0), (300, 300, 100, 0), (2, 2, 1, 0), (90, 90, 45, 0)], Measure::BounceRate);
    assert!(rates.is_sorted_by(|a, b| a < b), "{rates:?}");
    let most = order(&[(u64::MAX, 0, u64::MAX, 0)], Measure::BounceRate);
    assert!(most[0] > 0, "{most:?}");
    let times = [(0, 0, 0, 9), (4, 2, 0, 20), (1, 10, 0, 50)];
    assert_eq!(order(&times, Measure::TimeOfView), [0, 10, 5]);
    assert_eq!(order(&times, Measure::TimeOfSession), [0, 5, 50]);
}

/// Rows of one period are found again in another, in their order, whatever is in it.
#[test]
fn groups_are_asked_for_again_by_their_codes() {
    let mut two = account();
    add(&mut two, 40 * DAY, &[1, 1], 0);
    add(&mut two, DAY, &[2], 0);
    two.sessions[1].source[0] = "PAID_SEARCH".to_owned();
    let world = World::of(vec![two]);
    let account = &world.accounts[0];
    let find = |days: std::ops::Range<i64>, grouping: Grouping| {
        let range = NOW - days.end * DAY..NOW - days.start * DAY;
        let answer = ask(&world, account, &range, &[], &[grouping], Bounds::default());
        answer.tables.into_iter().next().unwrap()
    };
    let Grouping::By(key, _) = by(Dimension::Source) else { unreachable!() };
    let whole = find(0..90, by(Dimension::Source));
    assert_eq!((whole.rows.len(), whole.codes.len()), (2, 2));
    let again = find(0..90, Grouping::Chosen(key, whole.codes.clone()));
    assert_eq!(
        again.rows.iter().map(|row| row.figures).collect::<Vec<_>>(),
        whole.rows.iter().map(|row| row.figures).collect::<Vec<_>>()
    );
    let views = |table: scan::Table| table.rows.iter().map(|row| row.figures.page_views).collect::<Vec<_>>();
    let order = whole.rows.iter().map(|row| row.name[0].as_str()).collect::<Vec<_>>();
    let wanted = |referrals: u64, paid: u64| {
        order.iter().map(|name| if *name == "REFERRALS" { referrals } else { paid }).collect::<Vec<_>>()
    };
    assert_eq!(views(find(0..10, Grouping::Chosen(key, whole.codes.clone()))), wanted(0, 1));
    assert_eq!(views(find(30..90, Grouping::Chosen(key, whole.codes.clone()))), wanted(2, 0));
    assert_eq!(views(find(0..90, Grouping::Chosen(key, vec![u32::MAX]))), [0], "a code nobody knows");
}
