//! Texts of a visitor's page.

use serde::Serialize;

use super::plural::Plural;

#[derive(Debug, Serialize)]
pub struct Visitor {
    /// `{number}`: the title while no email is known or may be read.
    pub title: &'static str,
    /// `{number}`: below an email.
    pub number: &'static str,
    /// Says the facts.
    pub facts: &'static str,
    pub first_seen: &'static str,
    pub last_seen: &'static str,
    pub original_source: &'static str,
    pub device: &'static str,
    pub country: &'static str,
    pub sessions: &'static str,
    pub page_views: &'static str,
    pub engaged: &'static str,
    pub days: &'static str,
    pub no_browser: &'static str,
    /// `{days}`: days that cannot be read.
    pub damaged: &'static str,
    pub none: &'static str,
    /// One session.
    pub views: Plural,
    pub completions: Plural,
    pub told_by_programs: &'static str,
    pub first_visit: &'static str,
    pub bounced: &'static str,
    pub switched: &'static str,
    /// `{title}`: names the table of a session.
    pub events_of: &'static str,
    pub left_out: Plural,
    pub time: &'static str,
    pub page: &'static str,
    pub time_seen: &'static str,
    pub consent: &'static str,
    /// `{state}`, `{revision}`: consent and the policy it was given to.
    pub consent_to: &'static str,
    pub referrer: &'static str,
    pub campaign: &'static str,
    pub language: &'static str,
    pub screen: &'static str,
    pub completion: &'static str,
    pub erase: &'static str,
    /// `{sessions}`, `{views}`, `{days}`: what goes.
    pub erase_what: &'static str,
    pub erase_sessions: Plural,
    pub erase_days: Plural,
    pub erase_stays: &'static str,
    pub erase_ask: &'static str,
    pub erase_now: &'static str,
}

pub const EN: Visitor = Visitor {
    title: "Visitor #{number}",
    number: "Visitor #{number}",
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
    damaged: "These days cannot be read and may hold more: {days}. Put a backup back to see them.",
    none: "No session of this visitor is left.",
    views: Plural { one: "{n} page view", other: "{n} page views" },
    completions: Plural { one: "{n} event", other: "{n} events" },
    told_by_programs: "Told by programs",
    first_visit: "First visit",
    bounced: "Bounce",
    switched: "Changed hands",
    events_of: "Session of {title}",
    left_out: Plural {
        one: "{n} more is counted and not shown.",
        other: "{n} more are counted and not shown.",
    },
    time: "Time",
    page: "Page",
    time_seen: "Time on page",
    consent: "Consent",
    consent_to: "{state}, policy {revision}",
    referrer: "Referrer",
    campaign: "Campaign",
    language: "Language",
    screen: "Screen",
    completion: "Event",
    erase: "Erase this visitor",
    erase_what: "This takes away {sessions} with {views} on {days}, from every report and from the disk. It cannot be undone.",
    erase_sessions: Plural { one: "{n} session", other: "{n} sessions" },
    erase_days: Plural { one: "{n} day", other: "{n} days" },
    erase_stays: "A contact with an email stays: it is a person, who may have other visitors. The number is never given to anybody else. If the same browser comes again with consent, it is a new visitor.",
    erase_ask: "Erase…",
    erase_now: "Erase for good",
};
