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
    /// `None` when the page shows all rows. `first` leads to the first page and is `None` on it. `link` makes the address
    /// of the page after a cursor, which begins with the row of the given number.
    pub fn of(
        t: &'static Texts,
        from: i64,
        shown: usize,
        total: u64,
        first: Option<String>,
        cursor: Option<&str>,
        link: impl FnOnce(&str, i64) -> String,
    ) -> Option<Self> {
        if first.is_none() && cursor.is_none() {
            return None;
        }
        let to = from.saturating_add(i64::try_from(shown).unwrap_or(0)).saturating_sub(1);
        let total = i64::try_from(total).unwrap_or(i64::MAX);
        Some(Self {
            t,
            from,
            to,
            total,
            first,
            next: cursor.map(|cursor| link(cursor, to.saturating_add(1))),
        })
    }

    fn shown(&self) -> String {
        let n = |n: i64| number(&self.t.number, n);
        fill(
            self.t.report.rows_shown,
            &[("from", &n(self.from)), ("to", &n(self.to)), ("total", &n(self.total))],
        )
    }
}
