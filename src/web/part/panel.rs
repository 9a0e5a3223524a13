//! A table of names and numbers with a bar behind each row. The dashboard shows several of them, a table page one.
//! A click on a row filters by it.

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
    /// The element's `id`, unique on its page.
    pub id: &'static str,
    pub title: String,
    /// The panel is the whole page, so it needs no title of its own.
    pub alone: bool,
    pub tabs: Vec<Tab>,
    /// Heading of the column of names.
    pub head: String,
    pub number_heads: Vec<Head>,
    pub rows: Vec<Row>,
    /// The text shown when there are no rows.
    pub empty: String,
    /// What to do when there are no rows.
    pub remedy: Option<Action>,
    /// Shows a field with which the page's script hides rows that do not match.
    pub searchable: bool,
    /// Set when further rows are on other pages: submitting the search field then searches all rows.
    pub search_all: Option<SearchAll>,
    /// Offers the table of this report as CSV and JSON.
    pub export: Option<ReportUrl>,
    /// The page with all rows.
    pub more: Option<String>,
    pub pager: Option<Pager>,
}

/// Searches all rows by adding a filter: this dimension contains the typed text.
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

pub struct Head {
    pub label: String,
    /// Sorts the table by this column.
    pub href: Option<String>,
    pub sorted: bool,
}

pub struct Row {
    pub name: String,
    /// Shown small beside the name.
    pub detail: Option<String>,
    pub href: Option<String>,
    /// Length of the bar in percent.
    pub bar: f64,
    /// One for each of `number_heads`.
    pub numbers: Vec<Number>,
}

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
    /// Length of the bar for `value`, in percent of `most`.
    pub fn share(value: i64, most: i64) -> f64 {
        if most <= 0 { 0.0 } else { (value.max(0) as f64 / most as f64 * 100.0).min(100.0) }
    }

    fn bar_width(&self) -> String {
        format!("{:.2}%", self.bar.clamp(0.0, 100.0))
    }
}

impl Head {
    pub fn plain(label: &str) -> Self {
        Self { label: label.to_owned(), href: None, sorted: false }
    }
}

impl Panel {
    /// A table without rows, with a column of names under this heading.
    pub fn new(t: &'static Texts, id: &'static str, title: &str, head: &str) -> Self {
        Self {
            t,
            id,
            title: title.to_owned(),
            alone: false,
            tabs: Vec::new(),
            head: head.to_owned(),
            number_heads: Vec::new(),
            rows: Vec::new(),
            empty: String::new(),
            remedy: None,
            searchable: false,
            search_all: None,
            export: None,
            more: None,
            pager: None,
        }
    }

    /// The text of a table without rows; `will` says what will appear in it.
    pub fn nothing(t: &Texts, will: &str, filtered: bool) -> String {
        if filtered { t.report.no_rows_filtered } else { will }.to_owned()
    }

    /// Whether the table has more columns than fit beside the names on a narrow screen; it scrolls there.
    fn is_wide(&self) -> bool {
        self.number_heads.len() > 2
    }

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
