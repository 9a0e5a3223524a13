//! Texts of the tracking code page, and of the page about consent banners that a site has already.

use super::Plural;

texts! {
    Install {
        /// `{site}` is the first domain of the account.
        waiting: "Waiting for the first visit to {site}…",
        waiting_what: "Add the snippet below to your pages and open one of them. This page updates automatically.",
        own_site: "your site",
        counted: "First visit counted at {time}",
        counted_what: "The tracking code works.",
        to_dashboard: "Go to dashboard",
        to_live: "View live hits",
        snippet: "Tracking code",
        snippet_where: "Add this line just before the closing body tag of every page, or to the footer of your site's theme.",
        snippet_label: "Tracking code for this account",
        switch: "Switching from HubSpot",
        switch_how: "Keep your existing line. Replace the host js.hs-scripts.com (or js-eu1.hs-scripts.com, js-na1.hs-scripts.com …) and your Hub ID with this:",
        switch_label: "Host and account number to use instead of HubSpot's",
        switch_after: "Existing _hsq and _hsp calls keep working, and returning visitors keep their cookies.",
        policy: "If your site has a content security policy",
        policy_when: "Add this host to these three directives. Otherwise browsers block the script or its hits.",
        policy_label: "Content security policy additions",
        custom: "Custom JavaScript for events",
        custom_on: "On. The tracking code loads the custom JavaScript of your events for visitors who gave consent. If it causes problems, turn it off. Browsers apply the change within a minute.",
        custom_off: "Off. The tracking code does not load any custom JavaScript. Your events keep their code.",
        custom_forbidden: "Turned off in the configuration of this server ([events] custom_js). The tracking code does not load any custom JavaScript. Your events keep their code.",
        custom_switch_on: "Turn on",
        custom_switch_off: "Turn off",
        seen: "Diagnostics",
        /// What the server knows about the tracking code on the site.
        finding: Findings {
            fetched: Plural = {
                one: "The script was loaded {n} time",
                other: "The script was loaded {n} times",
            },
            fetched_last: "Since the server started. Last loaded {ago}.",
            not_fetched: "The script has not been loaded yet",
            not_fetched_what: "No browser has requested it since the server started. Either the snippet is not on the page you opened, or something blocks it, such as an ad blocker or a content security policy without this host in script-src.",
            silent: "The script was loaded but has not sent anything",
            silent_what: "Either the visitor has not answered the consent banner yet, or the content security policy of the page does not allow this host in connect-src.",
            refused: "Not counted: {reason}",
            /// Followed by the meaning of the reason.
            refused_times: Plural = { one: "This happened to {n} of the latest hits.", other: "This happened to {n} of the latest hits." },
            foreign: "Hits from {host}",
            foreign_what: "This host is not one of the domains of this account. Its hits are counted and marked. If it is yours, add the domain in the settings.",
            plain_http: "This server is not using HTTPS",
            plain_http_what: "Pages served over HTTPS do not load scripts over plain HTTP. Set up HTTPS, or set public_url in the configuration, before you add the snippet to a live site.",
        },
    }
}

texts! {
    OutsideBanners {
        title: "Banners of others",
        lead: "If your site asks for consent with another banner already, keep it: it tells Guestlog each answer, and Guestlog's own banner is not shown.",
        how: "How it works",
        how_policy: "Choose the policy opt-in or opt-in by category for these pages. Then nothing is collected before the banner has an answer.",
        how_code: "Put the code of your banner into the head of every page, before the banner and before the tracking code. Where it names categories, use the names that your banner has.",
        how_check: "Open a page, answer the banner, and look at the Live page. Before the answer nothing arrives there; after accepting, the page view does.",
        record: "Guestlog does not store these answers. The banner remembers them, tells them again on each page, and keeps the record of them. Every event carries the answer it was collected under.",
        code_label: "Code for {banner}",
        held_back: "Load the tracking code only after the answer",
        held_back_how: "The code above is enough, because the tracking code waits for the answer by itself. If not even the script may load before it, put this in the place of the tracking code, beside the code above.",
        held_back_label: "Tracking code that {banner} holds back",
        cookiebot: "Statistics stands for analytics, marketing for advertisement, and preferences for functionality.",
        onetrust: "These are the groups that OneTrust gives each new site: C0002 performance, C0003 functional, C0004 targeting. OneTrust names its active groups before anybody has answered too, so the code first asks whether somebody did.",
        vanilla: "The names are those of your categories. If you bundle the banner with your site instead of loading it by a tag, import CookieConsent and put the code there.",
        klaro: "The names are those of your services. Load Klaro with defer, so that it is there when the page is.",
        orejime: "The names are the ids of your purposes.",
        other: "Another banner",
        other_how: "Every banner that can call JavaScript can be connected. This switches off Guestlog's own banner:",
        other_label: "Code for another banner",
        call_how: "Call this whenever the visitor answers or changes the answer, and on each page where there is an answer already. Refusing is three times false. Do not call it while the question is open.",
        call_label: "Call with an answer",
    }
}
