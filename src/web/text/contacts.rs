//! Texts of the contact pages.

texts! {
    Contacts {
        title: "Contacts",
        lead: "People who are known, most of them by an email. Activity and revenue cover all time, suspected robots included.",
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
        /// The two parts of a contact's revenue.
        parts: "{verified} verified, {asserted} unverified",
        number: "Contact #{number}",
        /// The ID that the site uses for the person.
        external_id: "External ID: {id}",
        details: "Details",
        verified: "Verified revenue",
        verified_what: "Sent with an API token or a signed email",
        asserted: "Unverified revenue",
        asserted_what: "Sent by a browser or an unsigned call",
        created: "Created",
        properties: "Properties",
        is_unverified: "Unverified",
        is_verified: "Verified",
        timeline: "Timeline",
        nothing: "None of this contact's activity is stored any more.",
        browsers: "Browsers",
        visitor_number: "#{number}",
        /// Shown when a contact has more browsers than its timeline.
        older_left_out: "The timeline shows the {number} most recently seen browsers. The totals above include older browsers, too.",
        identified: "Identified",
        erase: "Erase contact",
        /// What erasing removes.
        erase_what: "This permanently removes the contact with all emails and properties, {sessions} with {views} and {completions}, from every report and file. It cannot be undone.",
        erase_stays: "Audit entries stay, without a name. Existing backups still contain this person, but the server erases them again when such a backup is restored here. If the same browser returns with consent, it becomes a new visitor.",
        /// The link on a visitor's page.
        open: "Open contact",
    }
}
