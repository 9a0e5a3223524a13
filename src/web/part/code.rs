//! A piece of code to copy: a snippet, a URL, a token.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "_code.html")]
pub struct Code {
    pub t: &'static Texts,
    /// `id` of the element; unique in its page.
    pub id: &'static str,
    /// What it is, for those who do not see it.
    pub label: String,
    pub text: String,
}

impl HtmlSafe for Code {}
