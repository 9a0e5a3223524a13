//! Texts of the dashboard and of the reports that are tables.

use crate::web::text::Plural;

texts! {
    Tables {
        sources: "Sources",
        pages: "Pages",
        devices: "Devices",
        countries: "Countries",
        /// Headings of the first column.
        source: "Source",
        campaign: "Campaign",
        page: "Page",
        entry_page: "Entry page",
        exit_page: "Exit page",
        device: "Device",
        country: "Country",
        /// Headings of the other columns.
        time_seen: "Time on page",
        time_of_session: "Time per session",
        bounce_rate: "Bounce rate",
        /// Tabs.
        all_pages: "All pages",
        entry_pages: "Entry pages",
        exit_pages: "Exit pages",
        by_source_and_detail: "Source and detail",
        by_source: "Source",
        by_campaign: "Campaign",
        by_detail: "More detail",
        by_referrer: "Referrer",
        by_medium: "Medium",
        by_term: "Term",
        by_content: "Content",
        by_click_id: "Click id",
        by_device: "Device",
        by_browser: "Browser",
        by_system: "System",
        by_screen: "Screen",
        by_language: "Language",
        /// Below the systems.
        frozen_systems: "Browsers send the same for Windows 10 and Windows 11, and the same version for every macOS since 10.15. A system is named more closely only when the browser also sends its version as a client hint.",
        /// Below the dashboard.
        bots_left_out: Plural = { one: "{n} bot hit excluded", other: "{n} bot hits excluded" },
        /// A dashboard without page views.
        waiting_title: "No visits yet",
        waiting: "Add the tracking code to your site to get started. Visitors, sessions, page views and sources appear here within two seconds of the first visit.",
        waiting_action: "Get tracking code",
    }
}
