//! The reports that are measured: which pages, over which periods, with which filters.

use anyhow::Context;
use serde_json::Value;

use crate::bench::client::Client;
use crate::domain::account::AccountId;
use crate::domain::period::LocalDay;

/// A page to request.
#[derive(Clone, Debug)]
pub(super) struct Report {
    pub(super) page: &'static str,
    pub(super) period: &'static str,
    pub(super) filters: usize,
    pub(super) path: String,
    /// The most milliseconds the answer may take.
    pub(super) limit_ms: f64,
}

/// The name of a page in the table, its path, and the part of the query before the filters.
const PAGES: &[(&str, &str, &str)] = &[
    ("dashboard", "dashboard", "&compare=none"),
    ("dashboard, compared", "dashboard", "&compare=previous"),
    ("pages by visitors", "pages", "&compare=none"),
    ("pages, compared", "pages", "&compare=previous"),
    ("pages by views", "pages", "&compare=none&sort=page_views"),
    ("entry pages", "pages", "&compare=none&show=entry"),
    ("exit pages", "pages", "&compare=none&show=exit"),
    ("sources", "sources", "&compare=none"),
    ("campaigns", "sources", "&compare=none&by=campaign"),
    ("browsers", "devices", "&compare=none&by=browser"),
    ("countries", "countries", "&compare=none"),
    ("events", "events", "&compare=none"),
    ("event page", EVENT, "&compare=none"),
];

/// The page of the event with the most completions.
const EVENT: &str = "events/{id}";

/// Periods and their length in days.
const PERIODS: &[(&str, i32)] = &[("7 days", 7), ("30 days", 30), ("12 months", 365)];

/// Every page over every period with none to three filters. The filters are for rows that are frequent in the store.
pub(super) async fn make(
    client: &mut Client,
    account: AccountId,
    last: LocalDay,
) -> anyhow::Result<Vec<Report>> {
    let base = format!("/accounts/{account}");
    let span = |days: i32| format!("period=custom&from={}&to={last}", last.plus(1 - days));
    let mut name = async |page: &str, key: &str, index: usize| -> anyhow::Result<String> {
        let answer = client.get(&format!("{base}/{page}?format=json&{}", span(30))).await?;
        let json: Value = serde_json::from_slice(&answer.body)?;
        let row = json.pointer(&format!("/rows/{index}/{key}")).and_then(Value::as_str);
        row.map(str::to_owned).with_context(|| format!("{page} has no row {index}"))
    };
    let filters = [
        format!("&filter=country%3Ais%3A{}", name("countries", "name", 2).await?),
        format!("&filter=device%3Ais%3A{}", name("devices", "name", 0).await?),
        format!("&filter=source%3Ais%3A{}", name("sources", "source", 0).await?),
    ];
    let event = format!("events/{}", name("events", "id", 0).await?);
    let mut reports = Vec::new();
    for (period, days) in PERIODS {
        for (page, path, before) in PAGES {
            for count in 0..=filters.len() {
                let path = if *path == EVENT { &event } else { *path };
                let filtered: String = filters.iter().take(count).map(String::as_str).collect();
                reports.push(Report {
                    page,
                    period,
                    filters: count,
                    path: format!("{base}/{path}?{}{before}{filtered}", span(*days)),
                    limit_ms: limit_ms(page, *days, count),
                });
            }
        }
    }
    Ok(reports)
}

fn limit_ms(page: &str, days: i32, filters: usize) -> f64 {
    // One scan answers all panels of such a page.
    let is_dashboard = page.starts_with("dashboard") || page == "event page";
    match (is_dashboard, days > 31) {
        (true, false) => 60.0,
        (true, true) => 350.0,
        // Such a page needs two scans, as the dashboard does.
        (false, false) if page.ends_with("compared") => 60.0,
        (false, true) if page.ends_with("compared") => 350.0,
        (false, false) => 30.0,
        (false, true) if filters >= 2 => 120.0,
        (false, true) if page.ends_with("by visitors") => 350.0,
        (false, true) => 200.0,
    }
}
