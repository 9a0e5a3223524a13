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
    Outside,
    Counting,
    Log,
    Revisions,
}

impl Part {
    const ALL: [Self; 7] =
        [Self::Rules, Self::Banner, Self::Texts, Self::Outside, Self::Counting, Self::Log, Self::Revisions];

    /// Editors who may change the website see how visitors are asked, and nothing else.
    const fn is_for_admins(self) -> bool {
        matches!(self, Self::Outside | Self::Counting | Self::Log)
    }

    /// The last segment of the path; that of the rules has none.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rules => "",
            Self::Banner => "banner",
            Self::Texts => "texts",
            Self::Outside => "outside",
            Self::Counting => "counting",
            Self::Log => "log",
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
    pub is_admin: bool,
}

impl HtmlSafe for ConsentNav {}

impl ConsentNav {
    fn parts(&self) -> impl Iterator<Item = Part> {
        let is_admin = self.is_admin;
        Part::ALL.into_iter().filter(move |part| is_admin || !part.is_for_admins())
    }

    const fn label(&self, part: Part) -> &'static str {
        let texts = &self.t.consent.tabs;
        match part {
            Part::Rules => texts.rules,
            Part::Banner => texts.banner,
            Part::Texts => texts.texts,
            Part::Outside => texts.outside,
            Part::Counting => texts.counting,
            Part::Log => texts.log,
            Part::Revisions => texts.revisions,
        }
    }
}
