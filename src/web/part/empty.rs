//! The empty state of a page: what will appear here, and what to do for it.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;

#[derive(Template)]
#[template(path = "_empty.html")]
pub struct Empty {
    pub icon: Icon,
    pub title: String,
    pub what: String,
    pub action: Option<Action>,
}

/// A link that looks like a button.
pub struct Action {
    pub label: String,
    pub href: String,
}

impl HtmlSafe for Empty {}
