//! The table of sources: with their first drill-down, without it, or by another origin of a session (`?by=`).

use serde::Serialize;

use super::pages::bounce_rate;
use super::{Before, Error, ReportQuery, Table, choose, name, table};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::question::Dimension;
use crate::store::scan;

/// A row of any variant of the table. Names that a variant does not have are left out.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct SourceRow {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail_2: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub referrer: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_source: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_medium: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_term: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub utm_content: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub click_id: Option<String>,
    pub visitors: u64,
    pub sessions: u64,
    pub page_views: u64,
    pub bounce_rate: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub before: Option<Before>,
}

/// What the table is grouped by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// Source and its first drill-down.
    Detail,
    Source,
    /// The second drill-down.
    Detail2,
    Referrer,
    /// Source, medium and name of campaigns.
    Campaign,
    Medium,
    Term,
    Content,
    ClickId,
}

impl By {
    /// By the word in the address. The first one applies when there is no word.
    pub const ALL: [(&str, Self); 9] = [
        ("detail", Self::Detail),
        ("source", Self::Source),
        ("campaign", Self::Campaign),
        ("detail_2", Self::Detail2),
        ("referrer", Self::Referrer),
        ("medium", Self::Medium),
        ("term", Self::Term),
        ("content", Self::Content),
        ("click_id", Self::ClickId),
    ];

    /// # Errors
    /// `Invalid`, with the choices, when the word is unknown.
    pub fn parse(word: Option<&str>) -> Result<Self, Error> {
        choose(word, "grouping of sources", &Self::ALL)
    }

    pub(super) const fn key(self) -> scan::Key {
        match self {
            Self::Detail => scan::Key::SourceAndDetail,
            Self::Source => scan::Key::Dimension(Dimension::Source),
            Self::Detail2 => scan::Key::Dimension(Dimension::SourceDetail2),
            Self::Referrer => scan::Key::Dimension(Dimension::Referrer),
            Self::Campaign => scan::Key::Campaign,
            Self::Medium => scan::Key::Dimension(Dimension::UtmMedium),
            Self::Term => scan::Key::Dimension(Dimension::UtmTerm),
            Self::Content => scan::Key::Dimension(Dimension::UtmContent),
            Self::ClickId => scan::Key::Dimension(Dimension::ClickId),
        }
    }

    /// Sessions without a campaign have no medium, term or content either, and are left out. So are those without a click
    /// id, which most are.
    const fn skips_empty(self) -> bool {
        matches!(self, Self::Campaign | Self::Medium | Self::Term | Self::Content | Self::ClickId)
    }
}

impl SourceRow {
    pub(super) fn of(by: By, mut row: scan::Row, before: Option<Before>) -> Self {
        let figures = row.figures;
        let counted = Self {
            visitors: figures.visitors,
            sessions: figures.sessions,
            page_views: figures.page_views,
            bounce_rate: bounce_rate(&figures),
            before,
            ..Self::default()
        };
        let mut name = |n| Some(name(&mut row, n));
        match by {
            By::Detail => Self { source: name(0), detail: name(1), ..counted },
            By::Source => Self { source: name(0), ..counted },
            By::Detail2 => Self { detail_2: name(0), ..counted },
            By::Referrer => Self { referrer: name(0), ..counted },
            By::Campaign => Self { utm_source: name(0), utm_medium: name(1), campaign: name(2), ..counted },
            By::Medium => Self { utm_medium: name(0), ..counted },
            By::Term => Self { utm_term: name(0), ..counted },
            By::Content => Self { utm_content: name(0), ..counted },
            By::ClickId => Self { click_id: name(0), ..counted },
        }
    }
}

/// The table of sources.
///
/// # Errors
/// `Invalid` when `by` is unknown; `NoAccount`.
pub async fn sources(app: &App, account: AccountId, query: &ReportQuery) -> Result<Table<SourceRow>, Error> {
    let by = By::parse(query.by.as_deref())?;
    let row = move |row, before| SourceRow::of(by, row, before);
    table(app, account, query, by.key(), by.skips_empty(), row).await
}
