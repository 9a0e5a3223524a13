//! Page views of visitors who did not consent, which the account counts in totals (rules.md 41). No other report includes
//! them, and these totals cannot be filtered, because nothing says which of them belong to one view.

use serde::Serialize;

use super::{Error, Frame, ReportQuery, Table, choose};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::consent::counting::Part;
use crate::domain::question::NONE;
use crate::store::Connection;
use crate::store::anonymous_count::{self, Order, Totals};

/// The totals of a period.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AnonymousTotals {
    pub page_views: u64,
    /// Page views that no page of the site led to.
    pub sessions: u64,
}

impl From<Totals> for AnonymousTotals {
    fn from(totals: Totals) -> Self {
        Self { page_views: totals.views, sessions: totals.sessions }
    }
}

/// A total of one value. `(none)` means unknown, or that no site led here.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct AnonymousRow {
    pub name: String,
    pub sessions: u64,
    pub page_views: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AnonymousReport {
    /// Whether the account counts such views at present.
    pub is_on: bool,
    #[serde(flatten)]
    pub totals: AnonymousTotals,
    #[serde(flatten)]
    pub table: Table<AnonymousRow>,
}

/// The totals for the line on another report. `None` when there is nothing to say, and when that report is filtered.
pub(super) fn totals_in(
    conn: &Connection,
    frame: &Frame,
    query: &ReportQuery,
) -> Result<Option<AnonymousTotals>, Error> {
    if !query.filters.is_empty() {
        return Ok(None);
    }
    let totals = anonymous_count::find(conn, frame.entry.id(), frame.days)?;
    let is_shown = frame.entry.counting().anonymous || totals.views > 0;
    Ok(is_shown.then(|| totals.into()))
}

/// The same, asked alone.
///
/// # Errors
/// `NoAccount`; the store's.
pub async fn anonymous_totals(
    app: &App,
    account: AccountId,
    query: &ReportQuery,
) -> Result<Option<AnonymousTotals>, Error> {
    let (frame, query) = (Frame::new(app, account, query)?, query.clone());
    app.store.read(move |conn| totals_in(conn, &frame, &query)).await
}

/// The totals of a period, and a table of them by page, source, country or device.
///
/// # Errors
/// `Invalid` when it is filtered, or `by` is unknown; `NoAccount`; the store's.
pub async fn anonymous(app: &App, account: AccountId, query: &ReportQuery) -> Result<AnonymousReport, Error> {
    if !query.filters.is_empty() {
        return Err(Error::Invalid("totals of views without consent cannot be filtered".to_owned()));
    }
    let choices = Part::ALL.iter().map(|part| (part.as_str(), *part)).collect::<Vec<_>>();
    let part = choose(query.by.as_deref(), "grouping", &choices)?;
    let order = match part {
        Part::Source => Order::Sessions,
        Part::Page | Part::Country | Part::Device => Order::Views,
    };
    let (frame, limit) = (Frame::new(app, account, query)?, query.limit);
    frame
        .read(app, move |frame, conn| {
            let id = frame.entry.id();
            let totals = anonymous_count::find(conn, id, frame.days)?;
            let (values, total) = anonymous_count::list(conn, id, frame.days, (part, order), limit)?;
            let rows = values.into_iter().map(|(value, totals)| AnonymousRow {
                name: name(part, value),
                sessions: totals.sessions,
                page_views: totals.views,
            });
            let table = Table { rows: rows.collect(), total, ..Table::default() };
            Ok(AnonymousReport { is_on: frame.entry.counting().anonymous, totals: totals.into(), table })
        })
        .await
}

fn name(part: Part, value: String) -> String {
    match part {
        _ if value.is_empty() => NONE.to_owned(),
        Part::Page | Part::Source => crate::domain::readable::readable(&value).into_owned(),
        Part::Country | Part::Device => value,
    }
}
