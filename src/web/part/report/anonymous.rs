//! The line on a report about what it does not include: page views of visitors who did not consent, counted in totals.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::app::reports::anonymous::AnonymousTotals;
use crate::web::paths::{Report, ReportUrl};
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_anonymous.html")]
pub struct Anonymous {
    what: String,
    see: &'static str,
    /// The report of them.
    href: String,
}

impl HtmlSafe for Anonymous {}

impl Anonymous {
    pub fn of(t: &'static Texts, url: &ReportUrl, counted: Option<AnonymousTotals>) -> Option<Self> {
        let counted = counted?;
        Some(Self {
            what: fill(t.anonymous.line, &[("what", &totals(t, counted))]),
            see: t.anonymous.see,
            href: url.to(Report::Anonymous).without_filters().href(),
        })
    }
}

/// `12 page views in 3 sessions`
pub fn totals(t: &Texts, counted: AnonymousTotals) -> String {
    let of = |n: u64| i64::try_from(n).unwrap_or(i64::MAX);
    let views = t.anonymous.views.of(of(counted.page_views), &t.number);
    let sessions = t.anonymous.in_sessions.of(of(counted.sessions), &t.number);
    fill(t.anonymous.views_in_sessions, &[("views", &views), ("sessions", &sessions)])
}
