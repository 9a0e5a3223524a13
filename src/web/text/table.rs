//! Texts of the dashboard and the table pages.

use serde::Serialize;

use crate::web::text::plural::Plural;

#[derive(Debug, Serialize)]
pub struct Tables {
    pub sources: &'static str,
    pub pages: &'static str,
    pub devices: &'static str,
    pub countries: &'static str,
    /// Heads of the names.
    pub source: &'static str,
    pub campaign: &'static str,
    pub page: &'static str,
    pub entry_page: &'static str,
    pub exit_page: &'static str,
    pub device: &'static str,
    pub country: &'static str,
    /// Heads of numbers.
    pub time_seen: &'static str,
    pub time_of_session: &'static str,
    pub bounce_rate: &'static str,
    /// Tabs.
    pub all_pages: &'static str,
    pub entry_pages: &'static str,
    pub exit_pages: &'static str,
    pub by_source_and_detail: &'static str,
    pub by_source: &'static str,
    pub by_campaign: &'static str,
    pub by_detail: &'static str,
    pub by_referrer: &'static str,
    pub by_medium: &'static str,
    pub by_term: &'static str,
    pub by_content: &'static str,
    pub by_device: &'static str,
    pub by_browser: &'static str,
    pub by_system: &'static str,
    pub by_screen: &'static str,
    pub by_language: &'static str,
    /// Below the dashboard.
    pub bots_left_out: Plural,
    /// A dashboard before its first page view.
    pub waiting_title: &'static str,
    pub waiting: &'static str,
    pub waiting_action: &'static str,
}

pub const EN: Tables = Tables {
    sources: "Sources",
    pages: "Pages",
    devices: "Devices",
    countries: "Countries",
    source: "Source",
    campaign: "Campaign",
    page: "Page",
    entry_page: "Entry page",
    exit_page: "Exit page",
    device: "Device",
    country: "Country",
    time_seen: "Time on page",
    time_of_session: "Time per session",
    bounce_rate: "Bounce rate",
    all_pages: "All pages",
    entry_pages: "Entry pages",
    exit_pages: "Exit pages",
    by_source_and_detail: "Source and detail",
    by_source: "Source",
    by_campaign: "Campaign",
    by_detail: "Further detail",
    by_referrer: "Referrer",
    by_medium: "Medium",
    by_term: "Term",
    by_content: "Content",
    by_device: "Device",
    by_browser: "Browser",
    by_system: "System",
    by_screen: "Screen",
    by_language: "Language",
    bots_left_out: Plural { one: "{n} bot hit left out", other: "{n} bot hits left out" },
    waiting_title: "No visits yet",
    waiting: "Visitors, sessions, page views and where they came from will appear here within two seconds of the first visit. Put the tracking code into the pages of your site to begin.",
    waiting_action: "Get the tracking code",
};
