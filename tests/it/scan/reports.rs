//! The reports: their keys, their periods, and the same counts as the oracle's.

use std::sync::Arc;

use guestlog::app::App;
use guestlog::app::core::Options;
use guestlog::app::reports::{self, Error, ReportQuery};
use guestlog::base::clock::{HOUR, ManualClock, Millis};
use guestlog::base::random::SystemRandom;
use guestlog::domain::account::AccountId;
use guestlog::domain::money;
use guestlog::domain::period::{Days, LocalDay, Zone};
use guestlog::domain::question::Dimension;
use guestlog::geo::Geo;
use guestlog::store;
use serde_json::Value;

use super::history::{AccountFact, Dice, World, invent};
use super::oracle;

struct House {
    app: App,
    clock: Arc<ManualClock>,
    account: AccountFact,
    _world: tempfile::TempDir,
}

fn house(seed: u64) -> House {
    let mut dice = Dice::new(seed);
    let account = loop {
        let account = invent(&mut dice, AccountId::FIRST, "Europe/Amsterdam", "2026-10-25");
        if account.events.len() > 150 {
            break account;
        }
    };
    let World { store, clock, dir, .. } = World::of_blocking(vec![account.clone()]);
    let app = App::new(
        store,
        Geo::none(),
        Arc::<ManualClock>::clone(&clock),
        Arc::new(SystemRandom),
        &Options::default(),
    );
    House { app: app.unwrap(), clock, account, _world: dir }
}

fn query(pairs: &[(&str, &str)]) -> ReportQuery {
    let pairs: Vec<_> = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    ReportQuery::parse(&pairs).unwrap()
}

impl House {
    fn zone(&self) -> Zone {
        Zone::named(self.account.zone_name)
    }

    /// The last `count` days.
    fn last(&self, count: i32) -> Days {
        let last = self.zone().day_of(self.app.now());
        Days { first: LocalDay(last.0 + 1 - count), last }
    }

    fn total(&self, days: Days, filters: &ReportQuery) -> oracle::Count {
        let events = oracle::matching(&self.account, &days.range(&self.zone()), &filters.filters);
        oracle::total(&self.account, &events)
    }

    async fn dashboard(&self, pairs: &[(&str, &str)]) -> Value {
        let dashboard = reports::dashboard(&self.app, self.account.id, &query(pairs)).await.unwrap();
        serde_json::to_value(dashboard).unwrap()
    }
}

fn sum(rows: &Value, key: &str) -> u64 {
    rows.as_array().unwrap().iter().map(|row| row[key].as_u64().unwrap()).sum()
}

/// rules.md 17
#[tokio::test]
async fn the_dashboard_has_the_keys_of_the_contract_and_the_counts_of_the_facts() {
    let house = house(1);
    let filters: &[(&str, &str)] = &[("filter", "device:is:desktop|mobile")];
    for (period, days) in [("28d", 28), ("7d", 7), ("today", 1)] {
        let pairs = [&[("period", period)], filters].concat();
        let asked = query(&pairs);
        let json = house.dashboard(&pairs).await;
        let counted = house.total(house.last(days), &asked);
        assert_eq!(json["kpi"]["visitors"], counted.visitors.len());
        assert_eq!(json["kpi"]["sessions"], counted.sessions.len());
        assert_eq!(json["kpi"]["page_views"], counted.page_views);
        assert_eq!(json["kpi"]["completions"], counted.completions);
        assert_eq!(json["kpi"]["revenue"], money::decimal(counted.value_minor, 2));
        assert_eq!(json["kpi"].get("companies"), Some(&Value::Null));
        let mut part = house.last(days).previous().range(&house.zone());
        // While the period is not over, only the same part of the one before is counted.
        if let Some(until) = json["compare"]["until"].as_str() {
            part.end = until.parse::<jiff::Timestamp>().unwrap().as_millisecond();
        }
        let before = oracle::total(&house.account, &oracle::matching(&house.account, &part, &asked.filters));
        assert_eq!(json["compare"]["visitors"], before.visitors.len());
        assert_eq!(json["compare"]["page_views"], before.page_views);
        assert_eq!(sum(&json["series"], "page_views"), counted.page_views);
        assert_eq!(sum(&json["series"], "completions"), counted.completions);
        assert_eq!(sum(&json["devices"]["rows"], "page_views"), counted.page_views);
    }
}

#[tokio::test]
async fn the_chart_has_every_interval_that_began_and_marks_the_one_that_is_not_over() {
    let house = house(2);
    let noon = Millis(house.zone().start_of(house.last(1).last).0 + 12 * HOUR + 1);
    house.clock.set(noon);
    let json = house.dashboard(&[]).await;
    let series = json["series"].as_array().unwrap();
    assert_eq!((series.len(), json["step"].as_str()), (28, Some("day")));
    assert!(series.iter().any(|point| point["visitors"] == 0));
    let unfinished: Vec<_> = series.iter().map(|point| point["unfinished"] == true).collect();
    assert_eq!(unfinished.iter().position(|u| *u), Some(27));
    let first = house.zone().start_of(house.last(28).first).iso();
    assert_eq!(series[0]["at"], first);
    let today = house.dashboard(&[("period", "today"), ("compare", "none")]).await;
    assert_eq!((today["series"].as_array().unwrap().len(), &today["compare"]), (13, &Value::Null));
    let autumn = house.dashboard(&[("period", "custom"), ("from", "2026-10-25"), ("to", "2026-10-25")]).await;
    assert_eq!(autumn["series"].as_array().unwrap().len(), 25);
    assert!(autumn["series"].as_array().unwrap().iter().all(|p| p.get("unfinished").is_none()));
    let year = house.dashboard(&[("period", "12mo")]).await;
    assert_eq!((year["series"].as_array().unwrap().len(), year["step"].as_str()), (13, Some("month")));
}

/// rules.md 4
#[tokio::test]
async fn robots_are_counted_apart_in_the_days_of_the_period() {
    let house = house(3);
    let id = house.account.id;
    let today = house.last(1).last;
    let bots =
        [(today, "Googlebot", 3), (LocalDay(today.0 - 1), "bingbot", 4), (LocalDay(today.0 - 30), "x", 9)];
    house
        .app
        .store
        .writer
        .write(move |conn| {
            bots.iter().try_for_each(|(day, family, n)| store::bot::upsert(conn, id, *day, family, *n))
        })
        .await
        .unwrap();
    assert_eq!(house.dashboard(&[]).await["bots"], 7);
    assert_eq!(house.dashboard(&[("period", "today")]).await["bots"], 3);
}

#[tokio::test]
async fn tables_have_the_keys_of_the_contract_and_the_counts_of_the_facts() {
    let house = house(4);
    let (app, id, all) = (&house.app, house.account.id, query(&[]));
    let events = oracle::matching(&house.account, &house.last(28).range(&house.zone()), &[]);
    let pages = reports::pages(app, id, &all).await.unwrap();
    let counted = oracle::by_name(&house.account, &events, &[Dimension::Page]);
    let named = counted.iter().filter(|(name, _)| name.len() == 2);
    assert_eq!(pages.total as usize, named.clone().count());
    for (name, count) in named {
        let row = pages.rows.iter().find(|r| r.host == name[0] && r.path == name[1]).unwrap();
        assert_eq!((row.visitors as usize, row.page_views), (count.visitors.len(), count.page_views));
        assert_eq!(row.engaged_seconds, count.engaged_ms / 1_000);
        let rate =
            (!count.sessions.is_empty()).then(|| count.bounces.len() as f64 / count.sessions.len() as f64);
        assert_eq!(row.bounce_rate, rate);
    }
    let sources = reports::sources(app, id, &all).await.unwrap();
    let counted = oracle::by_name(&house.account, &events, &[Dimension::Source, Dimension::SourceDetail]);
    assert_eq!(sources.total as usize, counted.len());
    let referrals = counted.get(&vec!["REFERRALS".to_owned(), String::new()]).unwrap();
    let row = sources
        .rows
        .iter()
        .find(|r| r.source.as_deref() == Some("REFERRALS") && r.detail.as_deref() == Some("(none)"));
    assert_eq!(row.unwrap().sessions as usize, referrals.sessions.len());
    let keys = |value: Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    let first = |table: Value| keys(table["rows"][0].clone());
    let sources_json = serde_json::to_value(&sources).unwrap();
    assert_eq!(keys(sources_json.clone()), ["next", "rows", "suspected_page_views", "total"]);
    for (keys, has) in [
        (
            first(serde_json::to_value(&pages).unwrap()),
            vec!["host", "path", "visitors", "sessions", "page_views"],
        ),
        (first(sources_json), vec!["source", "detail", "visitors", "sessions"]),
        (
            first(serde_json::to_value(reports::devices(app, id, &all).await.unwrap()).unwrap()),
            vec!["name", "visitors", "sessions", "page_views"],
        ),
        (
            first(serde_json::to_value(reports::countries(app, id, &all).await.unwrap()).unwrap()),
            vec!["name", "visitors", "sessions", "page_views"],
        ),
    ] {
        assert!(has.iter().all(|key| keys.iter().any(|k| k == key)), "{keys:?} has not all of {has:?}");
    }
    let campaigns = reports::sources(app, id, &query(&[("by", "campaign")])).await.unwrap();
    assert!(campaigns.rows.iter().all(|r| r.source.is_none() && r.campaign.is_some()));
    assert_eq!(campaigns.total, 3, "sessions without a campaign are no campaign");
}

#[tokio::test]
async fn each_variant_of_a_table_groups_by_its_own_dimension() {
    let house = house(5);
    let (app, id) = (&house.app, house.account.id);
    let events = oracle::matching(&house.account, &house.last(28).range(&house.zone()), &[]);
    for (by, dimension) in [
        ("device", Dimension::Device),
        ("browser", Dimension::Browser),
        ("os", Dimension::Os),
        ("screen", Dimension::Screen),
        ("language", Dimension::Language),
    ] {
        let table = reports::devices(app, id, &query(&[("by", by)])).await.unwrap();
        for (name, count) in oracle::by_name(&house.account, &events, &[dimension]) {
            let name = if name[0].is_empty() { "(none)" } else { &name[0] };
            let row = table.rows.iter().find(|row| row.name == name).unwrap();
            assert_eq!(row.sessions as usize, count.sessions.len(), "{by} {name}");
        }
    }
    for (show, dimension) in [("entry", Dimension::EntryPage), ("exit", Dimension::ExitPage)] {
        let table = reports::pages(app, id, &query(&[("show", show)])).await.unwrap();
        let counted = oracle::by_name(&house.account, &events, &[dimension]);
        assert_eq!(table.total as usize, counted.keys().filter(|name| name.len() == 2).count());
        let row = &table.rows[0];
        let count = &counted[&vec![row.host.clone(), row.path.clone()]];
        assert_eq!(row.sessions as usize, count.sessions.len());
    }
}

#[tokio::test]
async fn a_table_is_paged_by_its_cursor_and_what_is_not_known_is_refused_with_the_list() {
    let house = house(6);
    let (app, id) = (&house.app, house.account.id);
    let whole = reports::pages(app, id, &query(&[("sort", "page_views")])).await.unwrap();
    let mut walked = Vec::new();
    let mut next = Some(String::new());
    while let Some(after) = next {
        let table =
            reports::pages(app, id, &query(&[("sort", "page_views"), ("limit", "2"), ("after", &after)]))
                .await
                .unwrap();
        walked.extend(table.rows);
        next = table.next;
    }
    assert_eq!(walked, whole.rows);
    for (refused, list) in [
        (reports::pages(app, id, &query(&[("show", "best")])).await.err(), "all, entry, exit"),
        (reports::sources(app, id, &query(&[("by", "luck")])).await.err(), "detail, source, campaign"),
        (reports::devices(app, id, &query(&[("by", "x")])).await.err(), "device, browser, os"),
    ] {
        assert!(matches!(refused, Some(Error::Invalid(text)) if text.contains(list)), "{list}");
    }
    let nobody = reports::countries(app, AccountId(7), &query(&[])).await;
    assert!(matches!(nobody, Err(Error::NoAccount)));
}
