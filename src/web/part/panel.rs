//! A table of names and numbers with bars behind the rows: the panel of the dashboard and the whole of a
//! table page. Every row filters.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::question::{Dimension, Operator};
use crate::web::part::delta::Delta;
use crate::web::part::empty::Action;
use crate::web::part::icon::Icon;
use crate::web::part::pager::Pager;
use crate::web::paths::ReportUrl;
use crate::web::text::{Texts, fill};

#[derive(Template)]
#[template(path = "_panel.html")]
pub struct Panel {
    pub t: &'static Texts,
    /// Unique in its page.
    pub id: &'static str,
    pub title: String,
    /// Is the table all the page has? Then the page's head and the tabs have said what it is called.
    pub alone: bool,
    pub tabs: Vec<Tab>,
    /// Head of the names.
    pub head: String,
    pub number_heads: Vec<Head>,
    pub rows: Vec<Row>,
    /// Shown when there are no rows.
    pub empty: String,
    /// What can be done when there are no rows.
    pub remedy: Option<Action>,
    /// A field that hides rows that do not match; comfort of the script.
    pub searchable: bool,
    /// Where the rows are not all: the same field, sent, filters by what is typed.
    pub search_all: Option<SearchAll>,
    /// Offers the table as CSV and JSON.
    pub export: Option<ReportUrl>,
    /// The page that shows all.
    pub more: Option<String>,
    pub pager: Option<Pager>,
}

/// Searches the rows that are not on the page as well: a filter of this dimension that contains what is typed.
pub struct SearchAll {
    pub url: ReportUrl,
    pub dimension: Dimension,
}

impl SearchAll {
    const fn operator(&self) -> &'static str {
        Operator::Contains.as_str()
    }
}

pub struct Tab {
    pub label: String,
    pub href: String,
    pub current: bool,
}

/// Head of a column of numbers.
pub struct Head {
    pub label: String,
    /// Sorts by this column.
    pub href: Option<String>,
    pub sorted: bool,
}

pub struct Row {
    pub name: String,
    /// Shown small beside the name.
    pub detail: Option<String>,
    /// Filters by this row.
    pub href: Option<String>,
    /// Length of the bar, 0 to 100.
    pub bar: f64,
    /// One per head.
    pub numbers: Vec<Number>,
}

/// A number of a row, written as people read it.
pub struct Number {
    pub text: String,
    pub change: Option<Delta>,
}

impl From<String> for Number {
    fn from(text: String) -> Self {
        Self { text, change: None }
    }
}

impl HtmlSafe for Panel {}

impl Row {
    /// Length of a bar for `value` where the longest is `most`.
    #[must_use]
    pub fn share(value: i64, most: i64) -> f64 {
        if most <= 0 { 0.0 } else { (value.max(0) as f64 / most as f64 * 100.0).min(100.0) }
    }

    fn bar_width(&self) -> String {
        format!("{:.2}%", self.bar.clamp(0.0, 100.0))
    }
}

impl Head {
    #[must_use]
    pub fn plain(label: &str) -> Self {
        Self { label: label.to_owned(), href: None, sorted: false }
    }
}

impl Panel {
    /// The words of a table without rows; `will` tells what will appear in it.
    #[must_use]
    pub fn nothing(t: &Texts, will: &str, filtered: bool) -> String {
        if filtered { t.report.no_rows_filtered } else { will }.to_owned()
    }

    /// Has it more columns than a narrow screen holds beside the names? Then it scrolls there.
    fn is_wide(&self) -> bool {
        self.number_heads.len() > 2
    }

    /// What has no name is called so.
    fn name<'a>(&self, row: &'a Row) -> &'a str {
        if row.name.is_empty() { self.t.report.none } else { &row.name }
    }

    fn filter_by(&self, row: &Row) -> String {
        fill(self.t.report.filter_by, &[("name", self.name(row))])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_shares_of_the_longest() {
        assert_eq!(Row::share(1, 4), 25.0);
        assert_eq!((Row::share(5, 4), Row::share(-1, 4), Row::share(1, 0)), (100.0, 0.0, 0.0));
    }
}
