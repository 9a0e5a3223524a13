//! Texts of the pages about companies, and of their settings.

texts! {
    Companies {
        title: "Companies",
        lead: "The companies of contacts, by the domains of their emails. Providers of free mailboxes are no companies. Activity and revenue are those of the contacts together, of all time.",
        company: "Company",
        contacts: "Contacts",
        visits: "Sessions",
        page_views: "Page views",
        completions: "Events",
        revenue: "Revenue",
        last_visit: "Last seen",
        created: "Created",
        search: "Name or domain",
        clear: "Show all companies",
        none_title: "No companies yet",
        none: "A company appears with the first contact that has a business email. Providers of free mailboxes, such as gmail.com, make no companies.",
        none_action: "Go to the settings of companies",
        no_match: "No company matches “{search}”.",
        details: "Details",
        nobody: "No contact belongs to this company at the moment.",
        nothing: "Sessions, events and submitted forms of the contacts appear here.",
        /// Above the timeline, when it does not show everybody.
        older_left_out: "The timeline shows the {contacts} most recently seen contacts, with at most {browsers} browsers each. The totals above include all.",
        came: "New contact",
        came_what: "Became a contact",
        rename: "Name of the company",
        name: "Name",
        name_hint: "When empty, the domain {domain} is the name.",
        long_name: "A name can have at most {limit} characters of one line.",
        /// Above the list of contacts, when it is filtered.
        only: "Contacts of {company}",
        settings: Settings {
            nav: "Companies",
            lead: "Contacts with a business email belong to the company of its domain. A change here is applied to all contacts in the background.",
            create: "Create and associate companies with contacts",
            create_hint: "When off, no companies are created, and contacts keep those they have. On by default.",
            excluded: "Domains that are no companies",
            excluded_hint: "One per line, at most {limit}. Providers of free mailboxes are left out without being listed. The domains of your own sites make a company unless you list them here.",
            wrong_domain: "“{domain}” is not a domain that a company can have.",
            many_domains: "List at most {limit} domains.",
        },
    }
}
