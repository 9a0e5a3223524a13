//! Tables whose rows have a single name: devices, browsers, systems, screens, languages, countries.

use serde::Serialize;

use super::pages::bounce_rate;
use super::{Before, Error, ReportQuery, Table, choose, name, table};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::question::Dimension;
use crate::store::scan;

/// One name, in the form that a filter takes; `(none)` means unknown.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct NameRow {
    pub name: String,
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    /// Share of `sessions` that bounced, 0 to 1; `None` without sessions.
    pub bounce_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

impl NameRow {
    pub(super) fn of(mut row: scan::Row, before: Option<Before>) -> Self {
        let name = name(&mut row, 0);
        let scan::Totals { visitors, sessions, page_views, .. } = row.figures;
        Self { name, visitors, sessions, page_views, bounce_rate: bounce_rate(&row.figures), before }
    }
}

/// The table of devices, or of what `by` names.
///
/// # Errors
/// `Invalid` when `by` is unknown; `NoAccount`.
pub async fn devices(app: &App, account: AccountId, query: &ReportQuery) -> Result<Table<NameRow>, Error> {
    let choices = [
        ("device", Dimension::Device),
        ("browser", Dimension::Browser),
        ("os", Dimension::Os),
        ("screen", Dimension::Screen),
        ("language", Dimension::Language),
    ];
    let dimension = choose(query.by.as_deref(), "grouping of devices", &choices)?;
    table(app, account, query, scan::Key::Dimension(dimension), false, NameRow::of).await
}

/// The table of countries, by ISO 3166-1 code.
///
/// # Errors
/// `NoAccount`.
pub async fn countries(app: &App, account: AccountId, query: &ReportQuery) -> Result<Table<NameRow>, Error> {
    table(app, account, query, scan::Key::Dimension(Dimension::Country), false, NameRow::of).await
}
