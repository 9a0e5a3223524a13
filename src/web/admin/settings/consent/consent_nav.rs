//! The pages of consent, above each of them.

use askama::Template;
use askama::filters::HtmlSafe;

use crate::domain::account::AccountId;
use crate::web::admin::settings::settings_nav::Tab;
use crate::web::paths;
use crate::web::text::Texts;

/// `/accounts/1000001/settings/consent`, or a page below it.
pub fn path(account: AccountId, page: &str) -> String {
    match page {
        "" => Tab::Consent.path(account),
        page => paths::settings(account, &format!("{}/{page}", Tab::Consent.as_str())),
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    Rules,
    Banner,
    Texts,
    Revisions,
}

impl Part {
    const ALL: [Self; 4] = [Self::Rules, Self::Banner, Self::Texts, Self::Revisions];

    /// The last segment of the path; that of the rules has none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "",
            Self::Banner => "banner",
            Self::Texts => "texts",
            Self::Revisions => "revisions",
        }
    }

    pub fn path(self, account: AccountId) -> String {
        path(account, self.as_str())
    }
}

#[derive(Template)]
#[template(path = "consent/_nav.html")]
pub struct ConsentNav {
    pub t: &'static Texts,
    pub account: AccountId,
    pub current: Part,
}

impl HtmlSafe for ConsentNav {}

impl ConsentNav {
    const fn label(&self, part: Part) -> &'static str {
        let texts = &self.t.consent.tabs;
        match part {
            Part::Rules => texts.rules,
            Part::Banner => texts.banner,
            Part::Texts => texts.texts,
            Part::Revisions => texts.revisions,
        }
    }
}
