//! The table of pages, or of entry or exit pages by `?show=`.

use serde::Serialize;

use super::{Before, Error, ReportQuery, Table, choose, name, table};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::question::Dimension;
use crate::store::scan;

/// A page, without its query. For entry and exit pages the figures are those of the sessions.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct PageRow {
    pub host: String,
    pub path: String,
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    /// Seconds visible, summed over all page views.
    pub engaged_seconds: u64,
    /// Share of `sessions` that bounced, 0 to 1; `None` without sessions.
    pub bounce_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

impl PageRow {
    pub(super) fn of(mut row: scan::Row, before: Option<Before>) -> Self {
        let figures = row.figures;
        Self {
            host: name(&mut row, 0),
            path: name(&mut row, 1),
            visitors: figures.visitors,
            sessions: figures.sessions,
            page_views: figures.page_views,
            engaged_seconds: figures.engaged_ms / 1_000,
            bounce_rate: bounce_rate(&figures),
            before,
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "a rate of counts below 2^52")]
pub(super) fn bounce_rate(figures: &scan::Totals) -> Option<f64> {
    (figures.sessions > 0).then(|| figures.bounces as f64 / figures.sessions as f64)
}

/// The table of pages.
///
/// # Errors
/// `Invalid` when `show` is unknown; `NoAccount`.
pub async fn pages(app: &App, account: AccountId, query: &ReportQuery) -> Result<Table<PageRow>, Error> {
    let choices = [("all", Dimension::Page), ("entry", Dimension::EntryPage), ("exit", Dimension::ExitPage)];
    let dimension = choose(query.show.as_deref(), "kind of page", &choices)?;
    table(app, account, query, scan::Key::Dimension(dimension), true, PageRow::of).await
}
