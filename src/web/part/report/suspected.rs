//! The line on a report that includes page views of suspected robots, with a link that leaves them out.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::question::{Dimension, Filter};
use crate::web::paths::ReportUrl;
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "_suspected.html")]
pub struct Suspected {
    t: &'static Texts,
    what: String,
    /// The report without them.
    href: String,
}

impl HtmlSafe for Suspected {}

impl Suspected {
    /// `None` when none are included, and for a report that is filtered by it already.
    pub fn of(t: &'static Texts, url: &ReportUrl, page_views: u64) -> Option<Self> {
        let is_asked = url.filters.iter().any(|filter| filter.dimension == Dimension::Suspected);
        (page_views > 0 && !is_asked).then(|| Self {
            t,
            what: t.report.suspected.included.of(i64::try_from(page_views).unwrap_or(i64::MAX), &t.number),
            href: url.filtered(Filter::without_suspected()).href(),
        })
    }
}
