//! Texts of the pages of contacts.

texts! {
    Contacts {
        title: "Contacts",
        lead: "People who are known by an email, with what they did and earned, of all time.",
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
        none: "A contact comes into being by an email: when a page identifies its visitor, or when a program tells an event with an email. What he did before, in the same browser, becomes his.",
        none_action: "Open the events",
        no_match: "No email holds “{search}”.",
        /// `{verified}`, `{asserted}`: the parts of a revenue.
        parts: "{verified} verified, {asserted} asserted",
        number: "Contact #{number}",
        /// `{id}`: the site's own.
        external_id: "Your id: {id}",
        facts: "What is known",
        verified: "Verified revenue",
        verified_what: "Told with a token or a signature",
        asserted: "Asserted revenue",
        asserted_what: "Told by a browser or an unsigned call",
        created: "Contact since",
        properties: "Properties",
        said: "Asserted",
        is_verified: "Verified",
        timeline: "Timeline",
        nothing: "Nothing of this contact is left in the events that are kept.",
        browsers: "Browsers",
        visitor_number: "#{number}",
        /// `{number}` of its browsers are shown.
        older_left_out: "The timeline is of the {number} browsers seen last. What older browsers did is in the figures above it.",
        identified: "Said who he is",
        /// From the page of a visitor.
        open: "Open the contact",
    }
}
