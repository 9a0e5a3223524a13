//! Texts of the page with the switches under advanced tracking.

texts! {
    Tracking {
        lead: "How the sites of this account are tracked. Browsers apply a change within a minute.",
        sites: "Domains and cookies",
        limit: "Limit tracking to the domains of this account",
        limit_hint: "When on, page views on other domains are rejected. When off, they are counted and marked. Off by default.",
        links: "Automatic cross-domain linking",
        links_hint: "Links between the domains of this account carry the visitor along, so the visit goes on there. On by default.",
        subdomains: "Separate cookies for each subdomain",
        subdomains_hint: "When on, a visitor of shop.example.com and www.example.com counts as two visitors. Off by default.",
        secure: "Cookies over HTTPS only",
        secure_hint: "When on, pages served over plain HTTP do not know their visitors again. Off by default.",
        views: "Page views",
        moves: "Count navigation inside a page",
        moves_hint: "For single-page applications. When the path changes, that is a page view, unless the site reports its page views itself. On by default.",
        fragment: "What follows # is a page",
        fragment_hint: "For applications with addresses such as example.com/#/cart. When off, what follows # is a place inside the page and not kept. Off by default.",
        twice: "Count a first view that the site reports beside the automatic one",
        twice_hint: "Many integrations call trackPageView as soon as a page has loaded. HubSpot then counts two page views; when this is off, Guestlog counts one. Off by default.",
        forms: "Forms",
        collect: "Collect submitted forms",
        collect_hint: "When visitors who consented submit a form with their email, the script sends the email, first and last name, phone and company to Guestlog, and they become contacts. It never reads passwords, card numbers, hidden fields or any other field. A form or field with the attribute data-guestlog-ignore is left out. Mention this in your privacy notice. Off by default.",
        robots: "Robots",
        suspected: "Leave suspected robots out of reports",
        suspected_hint: "Some robots hide behind an ordinary browser. Sessions are marked as suspected when the browser has no window or is driven by a program, when no device has such a screen, or when page views come faster than anybody can open them. When on, reports leave them out, also those of the past. Contacts and visitors are always shown with everything they did, and their suspected sessions are marked. Nothing is deleted. Off by default.",
    }
}
