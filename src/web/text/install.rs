//! Texts of the page that gets a site tracked.

use super::Plural;

texts! {
    Install {
        /// `{site}`: the first domain of the account.
        waiting: "Waiting for the first visit of {site}…",
        waiting_what: "Put the snippet below into your pages and open one of them. This page turns by itself.",
        own_site: "your site",
        counted: "First visit counted at {time}",
        counted_what: "The tracking code works.",
        to_dashboard: "Open the dashboard",
        to_live: "See hits arrive",
        snippet: "Tracking code",
        snippet_where: "Put this line just before the closing body tag of every page, or into the footer of your site's theme. One line is enough for all of the site.",
        snippet_label: "The tracking code of this account",
        switch: "Coming from HubSpot",
        switch_how: "Keep the line you have. Replace the host js.hs-scripts.com (or js-eu1.hs-scripts.com, js-na1.hs-scripts.com …) and your Hub ID by this:",
        switch_label: "Host and account number that take HubSpot's place",
        switch_after: "Calls of _hsq and _hsp in your pages work as they are, and returning visitors keep their cookies.",
        policy: "If your site has a content security policy",
        policy_when: "Add this host to three of its directives, or the browser blocks the script or its hits:",
        policy_label: "Additions to the content security policy",
        custom: "Custom JavaScript of events",
        custom_on: "Switched on: the tracking code loads the custom JavaScript of events, for visitors who allow it. Switch it off when it does harm; browsers follow within a minute.",
        custom_off: "Switched off: the tracking code is served without any of it. Events keep their code.",
        custom_forbidden: "The configuration of this server forbids it ([events] custom_js): the tracking code is served without any of it. Events keep their code.",
        custom_switch_on: "Switch on",
        custom_switch_off: "Switch off",
        seen: "What the server sees",
        /// What the server sees of a site.
        finding: Findings {
            fetched: Plural = {
                one: "The script was fetched {n} time",
                other: "The script was fetched {n} times",
            },
            fetched_last: "Since the server started; the last time {ago}.",
            not_fetched: "The script has not been fetched yet",
            not_fetched_what: "No browser has asked for it since the server started. The snippet is not on the page you opened, or something keeps the browser from loading it: a content security policy without this host in script-src, or an ad blocker.",
            silent: "The script was fetched but has sent nothing",
            silent_what: "The visitor may not have answered the consent banner yet, or the page's content security policy lacks this host in connect-src.",
            /// `{reason}`: why hits were not counted.
            refused: "Not counted: {reason}",
            /// Of the newest hits; followed by what the reason means.
            refused_times: Plural = { one: "{n} of the newest hits.", other: "{n} of the newest hits." },
            foreign: "Hits come from {host}",
            foreign_what: "This host is not among the domains of the account. Its hits are counted and marked; add the domain in the settings if it is yours.",
            plain_http: "This server is reached over plain http",
            plain_http_what: "Pages that come over https refuse a script that does not. Set up https, or public_url in the configuration, before you put the snippet on a live site.",
        },
    }
}
