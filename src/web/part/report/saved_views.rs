//! The menu of saved views on a report: the existing ones, and a form that saves the current report.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::saved_view::{VIEW_NAME_MAX, VIEWS_MAX};
use crate::store::saved_view::SavedView;
use crate::web::part::icon::Icon;
use crate::web::paths::{self, ReportUrl};
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "_saved_views.html")]
pub struct ViewsMenu {
    pub t: &'static Texts,
    pub csrf: String,
    pub url: ReportUrl,
    pub views: Vec<SavedView>,
}

impl HtmlSafe for ViewsMenu {}

impl ViewsMenu {
    fn href(&self, view: &SavedView) -> String {
        paths::saved_view(self.url.account, &view.report, &view.query)
    }

    fn is_shown(&self, view: &SavedView) -> bool {
        self.href(view) == self.url.href()
    }

    fn all(&self) -> String {
        paths::views(self.url.account)
    }

    fn query(&self) -> String {
        self.url.query()
    }

    fn is_full(&self) -> bool {
        self.views.len() >= VIEWS_MAX as usize
    }
}
