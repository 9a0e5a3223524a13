//! Texts of a visitor's page.

use super::Plural;

texts! {
    Visitor {
        /// `{number}`: the title while no email is known or may be read.
        title: "Visitor #{number}",
        /// `{number}`: below an email.
        number: "Visitor #{number}",
        /// Says the facts.
        facts: "What is known",
        first_seen: "First seen",
        last_seen: "Last seen",
        original_source: "Original source",
        device: "Device",
        country: "Country",
        sessions: "Sessions",
        page_views: "Page views",
        engaged: "Time on pages",
        days: "Days",
        no_browser: "No browser: this is what programs told of a contact. It counts in completions, never in visitors.",
        /// `{days}`: days that cannot be read.
        damaged: "These days cannot be read and may hold more: {days}. Put a backup back to see them.",
        none: "No session of this visitor is left.",
        /// One session.
        views: Plural = { one: "{n} page view", other: "{n} page views" },
        completions: Plural = { one: "{n} event", other: "{n} events" },
        told_by_programs: "Told by programs",
        first_visit: "First visit",
        bounced: "Bounce",
        switched: "Changed hands",
        /// `{title}`: names the table of a session.
        events_of: "Session of {title}",
        left_out: Plural = {
            one: "{n} more is counted and not shown.",
            other: "{n} more are counted and not shown.",
        },
        time: "Time",
        page: "Page",
        time_seen: "Time on page",
        consent: "Consent",
        /// `{state}`, `{revision}`: consent and the policy it was given to.
        consent_to: "{state}, policy {revision}",
        referrer: "Referrer",
        campaign: "Campaign",
        language: "Language",
        screen: "Screen",
        completion: "Event",
        erase: "Erase this visitor",
        /// `{sessions}`, `{views}`, `{days}`: what goes.
        erase_what: "This takes away {sessions} with {views} on {days}, from every report and for good. It cannot be undone.",
        erase_sessions: Plural = { one: "{n} session", other: "{n} sessions" },
        erase_days: Plural = { one: "{n} day", other: "{n} days" },
        erase_stays: "A contact with an email stays: it is a person, who may have other visitors. Backups that were made before still hold the visitor. The number is never given to anybody else; if the same browser comes again with consent, it is a new visitor.",
        erase_ask: "Erase…",
        erase_now: "Erase for good",
    }
}
