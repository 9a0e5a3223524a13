//! Texts of the visitor page.

use crate::web::text::Plural;

texts! {
    Visitor {
        /// The title when the email is unknown or hidden.
        title: "Visitor #{number}",
        /// Below an email.
        number: "Visitor #{number}",
        /// The heading for screen readers.
        details: "Details",
        first_seen: "First seen",
        last_seen: "Last seen",
        original_source: "Original source",
        device: "Device",
        country: "Country",
        sessions: "Sessions",
        page_views: "Page views",
        engaged: "Time on pages",
        days: "Active days",
        no_browser: "This is activity that programs sent for a contact, without a browser. It counts as completions, not as a visitor.",
        /// `{days}` is the days that cannot be read.
        damaged: "These days cannot be read and may contain more activity: {days}. Restore a backup to see them.",
        none: "No sessions of this visitor are stored any more.",
        /// The row of a session.
        views: Plural = { one: "{n} page view", other: "{n} page views" },
        completions: Plural = { one: "{n} event", other: "{n} events" },
        sent_by_programs: "Sent by programs",
        form_sent: "Form submitted",
        form: "Form",
        first_visit: "First visit",
        bounced: "Bounce",
        switched: "Contact changed",
        suspected: "Suspected robot",
        /// The label of a session's table.
        events_of: "Session of {title}",
        left_out: Plural = {
            one: "{n} more is counted but not shown.",
            other: "{n} more are counted but not shown.",
        },
        time: "Time",
        page: "Page",
        time_seen: "Time on page",
        consent: "Consent",
        /// Consent, and the policy it was given to.
        consent_to: "{state}, policy {revision}",
        referrer: "Referrer",
        campaign: "Campaign",
        language: "Language",
        screen: "Screen",
        completion: "Event",
        erase: "Erase visitor",
        /// What erasing removes.
        erase_what: "This permanently removes {sessions} with {views} on {days} from every report. It cannot be undone.",
        erase_sessions: Plural = { one: "{n} session", other: "{n} sessions" },
        erase_days: Plural = { one: "{n} day", other: "{n} days" },
        erase_stays: "A contact with an email is not erased, because the person may have other visitors. Existing backups still contain this visitor. The visitor number is never used again. If the same browser returns with consent, it becomes a new visitor.",
        erase_ask: "Erase…",
    }
}
