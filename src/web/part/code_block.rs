//! A piece of code with a copy button: a snippet, a URL, a token.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::part::icon::Icon;
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "_code_block.html")]
pub struct Code {
    pub t: &'static Texts,
    /// The element's `id`, unique on its page.
    pub id: &'static str,
    /// The accessible name.
    pub label: String,
    pub text: String,
}

impl HtmlSafe for Code {}
