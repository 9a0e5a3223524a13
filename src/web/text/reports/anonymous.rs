//! Texts about page views of visitors who did not consent: their report, the line about them on others, and the settings page.

use crate::web::text::Plural;

texts! {
    Anonymous {
        title: "Counted without consent",
        lead: "Page views of visitors who refused, who had not answered, or whom the policy does not allow to be tracked. Each is added to totals, and nothing else of it is kept: no visitor, no company, no address. No other report includes them.",
        /// On other reports, and on that of these views.
        line: "Without consent, counted anonymously: {what}, not in the numbers above.",
        see: "See them",
        counted: "{what} in this period.",
        views: Plural = { one: "{n} page view", other: "{n} page views" },
        in_sessions: Plural = { one: "{n} session", other: "{n} sessions" },
        views_in_sessions: "{views} in {sessions}",
        sessions: "A session here is a page view that no page of the site led to, as far as the browser says. Nothing recognises the visitor, so a page that is reloaded or opened again counts again. A page view is counted when its page is left.",
        nothing: "Nothing was counted in this period.",
        off: "Counting without consent is off.",
        to_settings: "Settings",
        largest: "The {n} largest are shown. The CSV file has more.",
        no_source: "No other site",
        settings: CountingSettings {
            title: "Counting without consent",
            lead: "What Guestlog may count of visitors who refused, who have not answered yet, or whom the policy does not allow to be tracked. By default it is nothing at all: their browsers send nothing.",
            anonymous: "Count their page views in totals",
            anonymous_hint: "Off: nothing is sent. On: each page view sends one request when its page is left.",
            asked: "Count how often the question was shown",
            asked_hint: "The consent report then knows how many visitors left without an answer. The script says once per page, without any id, that it has shown the banner.",
            save: "Save",
            sent: "What is sent",
            sent_texts: ["The address of the page, without its query and without what looks like a secret. Of the first page, also the name of the site that led to it.", "No cookie, no id, no title, nothing of the screen or language. Nothing is stored in the browser, and nothing read there but the visitor's choice. A visitor who accepts before leaving the page is counted as usual instead.", "Nothing at all is sent with the do-not-track cookie, when the site has switched tracking off, and from hosts that are not yours while tracking is limited to your domains."],
            kept: "What is kept",
            kept_texts: ["One number per day for each page, for each site that led to yours, for each country and for each kind of device. Country and device come from the request, which is forgotten.", "Not which of these belong together, not when in the day, no visitor, no company, no network address. Robots, excluded addresses and excluded referrers are not counted.", "A day names at most 5,000 pages and 1,000 sites; what comes beyond them is counted as (other). The totals are kept as long as page views."],
            shown: "Where it is shown",
            shown_text: "In a report of its own, with a line on the dashboard and on the report of pages. It is in no other number.",
            see: "See the report",
            law: "Guestlog cannot know what the law asks of you. Let a lawyer judge whether you may count without consent.",
        },
    }
}
