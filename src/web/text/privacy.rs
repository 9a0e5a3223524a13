//! Texts of the settings page about how long data is kept.

use super::Plural;

texts! {
    Privacy {
        title: "Privacy",
        lead: "What Guestlog keeps of people, for how long, and where. Everything is on your own machine: Guestlog sends nothing anywhere.",
        kept: "How long data is kept",
        kept_lead: "Months of the calendar, in whole days. 0 keeps it without end. What is older is deleted within the hour, and cannot be brought back.",
        kept_by_owner: "Only an owner can change this.",
        visits: "Page views",
        visits_hint: "Page views with their sessions: pages, times, sources, devices, countries.",
        completions: "Completions of events",
        completions_hint: "With their values and properties. The revenue and the number of completions of a contact stay.",
        submissions: "Submitted forms",
        submissions_hint: "What people entered. The properties of their contacts stay.",
        contacts: "Contacts that were not seen",
        contacts_hint: "A contact of whom nothing was seen for so long is erased with everything it did. 0 keeps contacts until you erase them.",
        audit_log: "Audit log",
        audit_log_hint: "What users of these pages did, and earlier custom JavaScript of events.",
        not_a_number: "Enter a whole number of months, at most {limit}; 0 keeps it without end.",
        check: "Show what would be deleted",
        save: "Save",
        preview: "With these months, the next run would delete:",
        preview_none: "With these months, nothing is old enough to be deleted now.",
        page_views: Plural = { one: "{n} page view", other: "{n} page views" },
        completions_count: Plural = { one: "{n} completion", other: "{n} completions" },
        submissions_count: Plural = { one: "{n} submitted form", other: "{n} submitted forms" },
        contacts_count: Plural = { one: "{n} contact", other: "{n} contacts" },
        audit_rows: Plural = { one: "{n} row of the audit log", other: "{n} rows of the audit log" },
        clock: "Nothing is deleted at the moment",
        clock_what: "Old data was last deleted on {when}. Since then the clock of the machine has moved by more than a month: either the server was off, or the clock is wrong. So that a wrong clock does not empty the store, nothing is deleted until a server admin says that the time is right. The machine says that it is {now}.",
        clock_confirm: "The time is right",
        where_title: "Where it is",
        where_texts: ["In two files in the data directory of this server, and in the backups that you make. No other place, no cloud, no third party.", "Network addresses are never stored: country, region and organisation are looked up in files on this machine, and the address is forgotten.", "Visitors who refused are not recorded; where the account counts without consent, their page views are numbers in totals. Every stored event says what its visitor had allowed.", "A person can be exported and erased on the page of the contact, and by guestlog export-person and guestlog erase-person. Who was erased is erased again when an older backup is restored."],
        statement: "Text for your privacy statement",
        statement_lead: "Made from the settings above and under advanced tracking. Put it into the privacy statement of your site, and add who you are and how to reach you.",
        language: "Language",
        show: "Show",
        law: "Guestlog cannot know what the law asks of you. Let a lawyer judge this text and your settings.",
    }
}
