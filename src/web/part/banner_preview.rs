//! The consent banner as visitors would see it, on a stand-in for the site: wide and narrow, light and dark. Each is a frame
//! with a page of its own, so the banner has a window of that size and its real style sheet.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::account::AccountId;
use crate::web::paths;
use crate::web::text::Texts;

#[derive(Template)]
#[template(path = "_banner_preview.html")]
pub struct BannerPreview {
    pub t: &'static Texts,
    pub account: AccountId,
    /// The settings as a query string, without `?`. The frames read them from there.
    pub query: String,
}

impl HtmlSafe for BannerPreview {}

/// A frame of the preview.
struct Frame {
    title: &'static str,
    class: &'static str,
    look: &'static str,
}

impl BannerPreview {
    fn frames(&self) -> [Frame; 4] {
        let texts = &self.t.banner_preview;
        let frame = |title, class, look| Frame { title, class, look };
        [
            frame(texts.wide_light, "wide", "light"),
            frame(texts.narrow_light, "narrow", "light"),
            frame(texts.wide_dark, "wide", "dark"),
            frame(texts.narrow_dark, "narrow", "dark"),
        ]
    }

    fn address(&self, frame: &Frame) -> String {
        let site = paths::settings(self.account, "consent/preview/site");
        format!("{site}?look={}&{}", frame.look, self.query)
    }
}
