//! The line on a report that includes page views or completions of suspected robots, with a link that leaves them out.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::question::{Dimension, Filter};
use crate::web::paths::ReportUrl;
use crate::web::text::{Plural, Texts};

#[derive(Template)]
#[template(path = "_suspected.html")]
pub struct Suspected {
    what: String,
    leave_out: String,
    /// The report without them.
    href: String,
}

impl HtmlSafe for Suspected {}

impl Suspected {
    /// For a report that includes so many page views. `None` when it includes none, and for a report that is filtered by
    /// it already.
    pub fn page_views(t: &Texts, url: &ReportUrl, included: u64) -> Option<Self> {
        Self::of(t, url, included, &t.report.suspected.page_views)
    }

    /// The same for a report of completions.
    pub fn completions(t: &Texts, url: &ReportUrl, included: u64) -> Option<Self> {
        Self::of(t, url, included, &t.report.suspected.completions)
    }

    fn of(t: &Texts, url: &ReportUrl, included: u64, what: &Plural) -> Option<Self> {
        let is_asked = url.filters.iter().any(|filter| filter.dimension == Dimension::Suspected);
        let included = i64::try_from(included).unwrap_or(i64::MAX);
        (included > 0 && !is_asked).then(|| Self {
            what: what.of(included, &t.number),
            leave_out: t.report.suspected.leave_out.of(included, &t.number),
            href: url.filtered(Filter::without_suspected()).href(),
        })
    }
}
