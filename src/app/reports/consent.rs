//! The report of consent: what visitors answered, by country, page or device; and by which consent the page views of the
//! period are stored. It never claims more than was counted: who was asked and did not answer is known only on days on which
//! that was counted.

use std::ops::Range;
use std::sync::Arc;

use serde::Serialize;

use super::parameters::choose;
use super::{Error, Frame, ReportQuery, Span, iso_days, name};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::question::Dimension;
use crate::store::consent::choice::report::{self, Answers, By};
use crate::store::{Connection, scan};

/// The report.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ConsentReport {
    pub period: Span,
    #[serde(flatten)]
    pub answers: Answers,
    /// How many of those who answered allow analytics, 0 to 1; `None` when nobody answered.
    pub allowed_share: Option<f64>,
    /// Of the days on which it was counted; `None` when there is none.
    pub asked: Option<AskedShare>,
    /// Choices that were refused because their day had its most.
    pub not_logged: u64,
    pub rows: Vec<ConsentRow>,
    /// Number of all rows, shown or not.
    pub total: u64,
    pub origins: Vec<OriginRow>,
    /// Local days that cannot be read; their page views are missing in `origins`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub damaged: Vec<String>,
}

/// What is known of those who were asked.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct AskedShare {
    /// Days of the period on which it was counted.
    pub days: u64,
    /// How often the banner was shown on these days.
    pub asked: u64,
    /// How often it was answered on these days.
    pub answered: u64,
    /// How many of these answers allow analytics.
    pub allowed: u64,
    /// How often it was shown and not answered.
    pub unanswered: u64,
}

/// A country, page or device.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsentRow {
    /// Empty where it is not known.
    pub name: String,
    #[serde(flatten)]
    pub answers: Answers,
    pub asked: u64,
}

/// Page views that are stored by a consent of one origin.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct OriginRow {
    pub origin: String,
    pub sessions: u64,
    pub page_views: u64,
}

/// The report of a period.
///
/// # Errors
/// `Invalid` when `by` is unknown, or for filters, because answers have no visitors; `NoAccount`.
pub async fn consent(app: &App, account: AccountId, query: &ReportQuery) -> Result<ConsentReport, Error> {
    if !query.filters.is_empty() {
        return Err(Error::Invalid("the report of consent has no filters".to_owned()));
    }
    let choices = [("country", By::Country), ("page", By::Page), ("device", By::Device)];
    let by = choose(query.by.as_deref(), "grouping of answers", &choices)?;
    let frame = Frame::new(app, account, query)?;
    let (limit, clock) = (query.limit, Arc::clone(&app.clock));
    frame
        .read(app, move |frame, conn| {
            let (days, zone) = (frame.days, &frame.entry.zone);
            let range = frame.range();
            let wanted = report::Wanted { account, range_ms: range.clone(), days: (days.first, days.last) };
            let (rows, total) = report::list(conn, &wanted, by, limit)?;
            let answers = report::sum(conn, account, range.clone())?;
            let deadline = scan::Deadline::new(clock);
            let grouping = scan::Grouping::By(
                scan::Key::Dimension(Dimension::ConsentOrigin),
                scan::Top {
                    by: scan::Measure::PageViews,
                    limit: ORIGINS_MAX,
                    after: None,
                    skip_empty: false,
                },
            );
            let scanned = frame.ask(conn, &deadline, range, &[], &[grouping])?;
            let origins = scanned.tables.into_iter().next().unwrap_or_default().rows;
            Ok(ConsentReport {
                period: days.into(),
                allowed_share: share(answers.allowed, answers.answered()),
                answers,
                asked: asked_share(conn, zone, &wanted)?,
                not_logged: report::count_refused(conn, &wanted)?,
                rows: rows
                    .into_iter()
                    .map(|(name, answers, asked)| ConsentRow { name, answers, asked })
                    .collect(),
                total,
                origins: origins.into_iter().map(origin).collect(),
                damaged: iso_days(scanned.damaged),
            })
        })
        .await
}

/// There are fewer origins.
const ORIGINS_MAX: usize = 100;

fn origin(mut row: scan::Row) -> OriginRow {
    let origin = name(&mut row, 0);
    OriginRow { origin, sessions: row.figures.sessions, page_views: row.figures.page_views }
}

#[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
fn share(part: u64, of: u64) -> Option<f64> {
    (of > 0).then(|| part as f64 / of as f64)
}

/// Answers are compared with what was asked on the same days: before the count was switched on nobody knows.
fn asked_share(
    conn: &Connection,
    zone: &Zone,
    wanted: &report::Wanted,
) -> Result<Option<AskedShare>, crate::store::Error> {
    let days = report::list_asked_days(conn, wanted)?;
    if days.is_empty() {
        return Ok(None);
    }
    let mut found = AskedShare::default();
    for (_, asked) in &days {
        found.asked += asked;
    }
    found.days = days.len() as u64;
    for range in runs(zone, &days) {
        let answers = report::sum(conn, wanted.account, range)?;
        found.answered += answers.answered();
        found.allowed += answers.allowed;
    }
    // Somebody who was asked the day before may answer on the first of these days.
    found.unanswered = found.asked.saturating_sub(found.answered);
    Ok(Some(found))
}

/// The times of days, those that follow each other as one.
fn runs(zone: &Zone, days: &[(LocalDay, u64)]) -> Vec<Range<i64>> {
    let mut runs: Vec<Range<i64>> = Vec::new();
    for (day, _) in days {
        let (start, end) = (zone.start_of(*day).0, zone.start_of(day.plus(1)).0);
        match runs.last_mut() {
            Some(last) if last.end == start => last.end = end,
            _ => runs.push(start..end),
        }
    }
    runs
}
