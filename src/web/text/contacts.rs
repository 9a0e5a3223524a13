//! Texts of the pages of contacts.

texts! {
    Contacts {
        title: "Contacts",
        lead: "People you know by email, with their activity and revenue of all time.",
        contact: "Contact",
        revenue: "Revenue",
        completions: "Events",
        sessions: "Sessions",
        page_views: "Page views",
        first_seen: "First seen",
        last_seen: "Last seen",
        original_source: "Original source",
        search: "Email",
        show: "Search",
        clear: "Show all contacts",
        newest: "Newest first",
        none_title: "No contacts yet",
        none: "A contact is created when a page identifies a visitor by email, or when a program sends an event with an email. Everything the same browser did before becomes part of the contact's history.",
        none_action: "Go to events",
        no_match: "No contact matches “{search}”.",
        /// `{verified}`, `{asserted}`: the parts of a revenue.
        parts: "{verified} verified, {asserted} unverified",
        number: "Contact #{number}",
        /// `{id}`: the site's own.
        external_id: "External ID: {id}",
        facts: "Details",
        verified: "Verified revenue",
        verified_what: "Sent with an API token or a signed email",
        asserted: "Unverified revenue",
        asserted_what: "Sent by a browser or an unsigned call",
        created: "Created",
        properties: "Properties",
        said: "Unverified",
        is_verified: "Verified",
        timeline: "Timeline",
        nothing: "None of this contact's activity is stored any more.",
        browsers: "Browsers",
        visitor_number: "#{number}",
        /// `{number}` of its browsers are shown.
        older_left_out: "The timeline shows the {number} most recently seen browsers. The totals above include older browsers, too.",
        identified: "Identified",
        /// From the page of a visitor.
        open: "Open contact",
    }
}
