//! The table of sources: with their first drill-down, folded, or by campaign (`?by=`).

use serde::Serialize;

use super::pages::bounce_rate;
use super::{Error, ReportQuery, Table, choose, name, table};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::question::Dimension;
use crate::store::scan;

/// A source, a source and its detail, or a campaign; names that the variant does not have are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_medium: Option<String>,
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub bounce_rate: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum By {
    Detail,
    Source,
    Campaign,
}

impl By {
    pub(super) const fn key(self) -> scan::Key {
        match self {
            Self::Detail => scan::Key::SourceAndDetail,
            Self::Source => scan::Key::Dimension(Dimension::Source),
            Self::Campaign => scan::Key::Campaign,
        }
    }
}

impl SourceRow {
    pub(super) fn of(by: By, mut row: scan::Row) -> Self {
        let figures = row.figures;
        let counted = Self {
            visitors: figures.visitors,
            sessions: figures.sessions,
            page_views: figures.page_views,
            bounce_rate: bounce_rate(&figures),
            ..Self::default()
        };
        let mut name = |n| Some(name(&mut row, n));
        match by {
            By::Detail => Self { source: name(0), detail: name(1), ..counted },
            By::Source => Self { source: name(0), ..counted },
            By::Campaign => Self { utm_source: name(0), utm_medium: name(1), campaign: name(2), ..counted },
        }
    }
}

/// The table of sources.
///
/// # Errors
/// `Invalid` for a `by` that is not known, `NoAccount`, the store's.
pub async fn sources(app: &App, account: AccountId, query: &ReportQuery) -> Result<Table<SourceRow>, Error> {
    let choices = [("detail", By::Detail), ("source", By::Source), ("campaign", By::Campaign)];
    let by = choose(query.by.as_deref(), "grouping of sources", &choices)?;
    // sessions without a campaign are no campaign
    let skip_empty = by == By::Campaign;
    table(app, account, query, by.key(), skip_empty, move |row| SourceRow::of(by, row)).await
}
