//! What the addresses of a hit say together: the page, and where the visit came from.

use super::campaign::Campaign;
use super::click_id::ClickId;
use super::exclusions::without_parameters;
use super::page::{Invalid, Page};
use super::scrub;
use super::source::{self, Origin};

/// The addresses of a beacon as they were sent.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sent<'a> {
    /// The address in the address bar.
    pub page: &'a str,
    /// The path that the site set; empty means none.
    pub path: &'a str,
    /// The canonical address; empty means none.
    pub canonical: &'a str,
    /// The referring address; empty means none.
    pub referrer: &'a str,
}

/// What is kept of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Addresses {
    pub page: Page,
    pub campaign: Campaign,
    pub click_id: ClickId,
    /// The referring address, without secrets.
    pub referrer: String,
    pub origin: Origin,
    /// The host is not among the account's domains.
    pub foreign_host: bool,
    /// The number of campaign values that are longer than what is kept.
    pub cut: usize,
}

impl Addresses {
    /// `own` says whether a host (lower case, with its port) belongs to the account. Of every address the parameters with
    /// the names `removed` are left out.
    ///
    /// # Errors
    /// As `Page::recorded`.
    pub fn read(sent: Sent<'_>, own: impl Fn(&str) -> bool, removed: &[String]) -> Result<Self, Invalid> {
        if !removed.is_empty() {
            let [page, path, canonical, referrer] = [sent.page, sent.path, sent.canonical, sent.referrer]
                .map(|address| without_parameters(address, removed));
            let kept = Sent { page: &page, path: &path, canonical: &canonical, referrer: &referrer };
            return Self::read(kept, own, &[]);
        }
        let given = |text| Some(text).filter(|text: &&str| !text.is_empty());
        let recorded = Page::recorded(sent.page, given(sent.path), given(sent.canonical))?;
        let referrer = scrub::scrub_referrer(sent.referrer);
        let origin = source::attribute(&recorded, &referrer, &own);
        Ok(Self {
            campaign: Campaign::of(&recorded.landing),
            click_id: recorded.landing.click_id,
            referrer,
            origin,
            foreign_host: !own(&recorded.page.host),
            cut: Campaign::count_cut(&recorded.landing),
            page: recorded.page,
        })
    }
}
