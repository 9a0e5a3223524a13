//! What a contact did, under the names that HubSpot gives it. All of it is also in the answer under our own names, or is
//! computed from that.

use serde::Serialize;

use super::contacts::latest_source;
use super::properties::iso_if_any;
use super::visitor::iso;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::readable::{readable, readable_referrer};
use crate::store::contact::Shown;
use crate::store::dictionary::{self, Kind, part};
use crate::store::{self, Connection, visitor};

/// HubSpot's analytics properties of a contact. They are of all time.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Analytics {
    /// When something was first known of the person.
    #[serde(rename = "hs_analytics_first_timestamp", serialize_with = "iso")]
    pub first: Millis,
    #[serde(rename = "hs_analytics_last_timestamp", serialize_with = "iso")]
    pub last: Millis,
    /// When the first and the last session began; null without sessions.
    #[serde(rename = "hs_analytics_first_visit_timestamp", serialize_with = "iso_if_any")]
    pub first_visit: Option<Millis>,
    #[serde(rename = "hs_analytics_last_visit_timestamp", serialize_with = "iso_if_any")]
    pub last_visit: Option<Millis>,
    /// Host and path of the pages of the first and the last hit; empty when they are not known.
    #[serde(rename = "hs_analytics_first_url")]
    pub first_url: String,
    #[serde(rename = "hs_analytics_last_url")]
    pub last_url: String,
    /// Of the first and the last session that had one. The last one may be the site itself.
    #[serde(rename = "hs_analytics_first_referrer")]
    pub first_referrer: String,
    #[serde(rename = "hs_analytics_last_referrer")]
    pub last_referrer: String,
    #[serde(rename = "hs_analytics_num_visits")]
    pub visits: u64,
    #[serde(rename = "hs_analytics_num_page_views")]
    pub page_views: u64,
    /// Page views per session, with two decimals; null without sessions.
    #[serde(rename = "hs_analytics_average_page_views")]
    pub average_page_views: Option<f64>,
    #[serde(rename = "hs_analytics_num_event_completions")]
    pub completions: u64,
    /// Verified and asserted together; a decimal number of the account's currency.
    #[serde(rename = "hs_analytics_revenue")]
    pub revenue: String,
    #[serde(rename = "hs_analytics_source")]
    pub source: String,
    #[serde(rename = "hs_analytics_source_data_1")]
    pub source_data_1: String,
    #[serde(rename = "hs_analytics_source_data_2")]
    pub source_data_2: String,
    /// The source of the last session that brought one (rules.md 37).
    #[serde(rename = "hs_latest_source")]
    pub latest_source: String,
    #[serde(rename = "hs_latest_source_data_1")]
    pub latest_source_data_1: String,
    #[serde(rename = "hs_latest_source_data_2")]
    pub latest_source_data_2: String,
    /// When that session began; null when no session brought a source.
    #[serde(rename = "hs_latest_source_timestamp", serialize_with = "iso_if_any")]
    pub latest_source_at: Option<Millis>,
}

pub(super) fn of_contact(
    conn: &Connection,
    account: AccountId,
    shown: &Shown,
    digits: u32,
) -> Result<Analytics, store::Error> {
    let visits = visitor::find_visits(conn, account, shown.id)?;
    let known = visits.unwrap_or_default();
    let page = |id| {
        let page = dictionary::find_value(conn, account, Kind::Page, id)?;
        Ok::<_, store::Error>(readable(&format!("{}{}", part(&page, 0), part(&page, 1))).into_owned())
    };
    let referrer = |id| {
        let referrer = dictionary::find_value(conn, account, Kind::Referrer, id)?;
        Ok::<_, store::Error>(readable_referrer(&referrer).into_owned())
    };
    let (latest, latest_source_at) = latest_source(conn, account, shown)?;
    let source = dictionary::find_value(conn, account, Kind::Source, shown.source)?;
    let latest = dictionary::find_value(conn, account, Kind::Source, latest)?;
    let text = |source: &str, place| readable(part(source, place)).into_owned();
    Ok(Analytics {
        first: shown.first,
        last: shown.last,
        first_visit: visits.map(|visits| visits.first),
        last_visit: visits.map(|visits| visits.last),
        first_url: page(known.first_page)?,
        last_url: page(known.last_page)?,
        first_referrer: referrer(known.first_referrer)?,
        last_referrer: referrer(known.last_referrer)?,
        visits: shown.sessions,
        page_views: shown.page_views,
        average_page_views: average(shown.page_views, shown.sessions),
        completions: shown.completions,
        revenue: money::decimal(shown.revenue(), digits),
        source: text(&source, 0),
        source_data_1: text(&source, 1),
        source_data_2: text(&source, 2),
        latest_source: text(&latest, 0),
        latest_source_data_1: text(&latest, 1),
        latest_source_data_2: text(&latest, 2),
        latest_source_at,
    })
}

fn average(page_views: u64, sessions: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    let average = page_views as f64 / sessions as f64;
    (sessions > 0).then(|| (average * 100.0).round() / 100.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_average_has_two_decimals_and_needs_a_session() {
        assert_eq!(average(7, 3), Some(2.33));
        assert_eq!(average(5, 1), Some(5.0));
        assert_eq!(average(5, 0), None);
    }
}
