//! Texts of the pages of contacts.

use serde::Serialize;

use super::plural::Plural;

#[derive(Debug, Serialize)]
pub struct Contacts {
    pub title: &'static str,
    pub lead: &'static str,
    pub contact: &'static str,
    pub revenue: &'static str,
    pub completions: &'static str,
    pub sessions: &'static str,
    pub page_views: &'static str,
    pub first_seen: &'static str,
    pub last_seen: &'static str,
    pub original_source: &'static str,
    pub search: &'static str,
    pub show: &'static str,
    pub clear: &'static str,
    pub newest: &'static str,
    /// Order by email.
    pub by_email: &'static str,
    pub none_title: &'static str,
    pub none: &'static str,
    pub none_action: &'static str,
    /// `{search}`
    pub no_match: &'static str,
    /// `{verified}`, `{asserted}`: the parts of a revenue.
    pub parts: &'static str,
    /// `{number}`
    pub number: &'static str,
    /// `{id}`: the site's own.
    pub external_id: &'static str,
    pub facts: &'static str,
    pub verified: &'static str,
    pub verified_what: &'static str,
    pub asserted: &'static str,
    pub asserted_what: &'static str,
    pub created: &'static str,
    pub properties: &'static str,
    pub property: &'static str,
    pub said: &'static str,
    pub is_verified: &'static str,
    pub timeline: &'static str,
    pub nothing: &'static str,
    pub browsers: &'static str,
    pub visitor: Plural,
    /// `{number}`
    pub visitor_number: &'static str,
    pub identified: &'static str,
    /// From the page of a visitor.
    pub open: &'static str,
}

pub const EN: Contacts = Contacts {
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
    by_email: "By email",
    none_title: "No contacts yet",
    none: "A contact comes into being by an email: when a page identifies its visitor, or when a program tells an event with an email. What he did before, in the same browser, becomes his.",
    none_action: "Open the events",
    no_match: "No email holds “{search}”.",
    parts: "{verified} verified, {asserted} asserted",
    number: "Contact #{number}",
    external_id: "Your id: {id}",
    facts: "What is known",
    verified: "Verified revenue",
    verified_what: "Told with a token or a signature",
    asserted: "Asserted revenue",
    asserted_what: "Told by a browser or an unsigned call",
    created: "Contact since",
    properties: "Properties",
    property: "Property",
    said: "Asserted",
    is_verified: "Verified",
    timeline: "Timeline",
    nothing: "Nothing of this contact is left in the events that are kept.",
    browsers: "Browsers",
    visitor: Plural { one: "{n} browser", other: "{n} browsers" },
    visitor_number: "#{number}",
    identified: "Said who he is",
    open: "Open the contact",
};
