//! Which rows of a table are shown, with links to the first and to the next rows.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::drawing::format::number;
use crate::web::part::icon::Icon;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_pager.html")]
pub struct Pager {
    pub t: &'static Texts,
    /// Numbers of the first and last row shown, counted from 1.
    pub from: i64,
    pub to: i64,
    pub total: i64,
    /// Leads to the first rows. There is no link to the previous rows, because a cursor only leads forward.
    pub first: Option<String>,
    pub next: Option<String>,
}

impl HtmlSafe for Pager {}

impl Pager {
    fn shown(&self) -> String {
        let n = |n: i64| number(&self.t.number, n);
        fill(
            self.t.report.rows_shown,
            &[("from", &n(self.from)), ("to", &n(self.to)), ("total", &n(self.total))],
        )
    }
}
