//! Texts of a visitor's page.

use super::Plural;

texts! {
    Visitor {
        /// `{number}`: the title while no email is known or may be read.
        title: "Visitor #{number}",
        /// `{number}`: below an email.
        number: "Visitor #{number}",
        /// Says the facts.
        facts: "Details",
        first_seen: "First seen",
        last_seen: "Last seen",
        original_source: "Original source",
        device: "Device",
        country: "Country",
        sessions: "Sessions",
        page_views: "Page views",
        engaged: "Time on pages",
        days: "Days",
        no_browser: "This is activity that programs sent for a contact, without a browser. It counts as completions, not as a visitor.",
        /// `{days}`: days that cannot be read.
        damaged: "These days cannot be read and may contain more activity: {days}. Restore a backup to see them.",
        none: "No sessions of this visitor are stored any more.",
        /// One session.
        views: Plural = { one: "{n} page view", other: "{n} page views" },
        completions: Plural = { one: "{n} event", other: "{n} events" },
        told_by_programs: "Sent by programs",
        first_visit: "First visit",
        bounced: "Bounce",
        switched: "Contact changed",
        /// `{title}`: names the table of a session.
        events_of: "Session of {title}",
        left_out: Plural = {
            one: "{n} more is counted but not shown.",
            other: "{n} more are counted but not shown.",
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
        erase: "Erase visitor",
        /// `{sessions}`, `{views}`, `{days}`: what goes.
        erase_what: "This permanently removes {sessions} with {views} on {days} from every report. It cannot be undone.",
        erase_sessions: Plural = { one: "{n} session", other: "{n} sessions" },
        erase_days: Plural = { one: "{n} day", other: "{n} days" },
        erase_stays: "A contact with an email is not erased, because the person may have other visitors. Existing backups still contain this visitor. The visitor number is never used again. If the same browser returns with consent, it becomes a new visitor.",
        erase_ask: "Erase…",
        erase_now: "Erase visitor",
    }
}
