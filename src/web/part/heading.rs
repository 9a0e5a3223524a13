//! The heading of a column. A press on it sorts the table.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;

#[derive(Template)]
#[template(path = "_heading.html")]
pub struct Heading {
    pub label: &'static str,
    /// Sorts by this column; `None` when it cannot be sorted by.
    pub href: Option<String>,
    /// Value of `aria-sort`, for the column that the table is sorted by.
    pub sorted: Option<&'static str>,
    pub is_number: bool,
}

impl HtmlSafe for Heading {}
