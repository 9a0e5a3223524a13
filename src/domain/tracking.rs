//! How the sites of an account are tracked: the switches under *advanced tracking*. A new account has HubSpot's
//! defaults, with one exception that is named below.

use serde::{Deserialize, Serialize};

/// The switches of an account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own on the page")]
pub struct Tracking {
    /// Browser hits of hosts that are not among the account's domains are refused.
    pub limit_to_domains: bool,
    /// Links between the account's domains carry visitor and session along.
    pub cross_domain_links: bool,
    /// Each subdomain has cookies of its own, instead of one set for the whole domain.
    pub cookies_per_subdomain: bool,
    /// Cookies are sent over https only.
    pub secure_cookies: bool,
    /// Navigation inside a page counts as page views, on sites that do not report them themselves.
    pub moves_in_pages: bool,
    /// What follows `#` in an address makes another page. Without it, it is a place inside the page.
    pub fragment_is_page: bool,
    /// A first view that the site reports itself counts beside the one that the script sends unasked. HubSpot counts
    /// both; here it is off in a new account, because sites call it a mistake.
    pub first_view_twice: bool,
    /// The script reads forms that visitors submit: email, names, phone and company (rules.md 33).
    pub collect_forms: bool,
    /// Reports leave out the sessions of suspected robots, those of the past too.
    pub leave_out_suspected: bool,
}

impl Default for Tracking {
    fn default() -> Self {
        Self {
            limit_to_domains: false,
            cross_domain_links: true,
            cookies_per_subdomain: false,
            secure_cookies: false,
            moves_in_pages: true,
            fragment_is_page: false,
            first_view_twice: false,
            collect_forms: false,
            leave_out_suspected: false,
        }
    }
}
