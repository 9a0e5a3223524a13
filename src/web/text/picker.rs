//! Texts of the picker on a live page, and of the page that opens it.

texts! {
    Picker {
        title: "Guestlog: pick an element",
        lead: "Click the element of your event. Tab and Enter work too, the up arrow takes what is around it, Esc cancels.",
        lead_form: "Click anywhere in the form of your event. Tab and Enter work too, Esc cancels.",
        /// `{n}`, put in by the picker's script.
        matches: "The rule matches {n} elements of this page. Click another, or change the rule.",
        matches_one: "The rule matches this one element of the page. Click another, or change the rule.",
        rule: "CSS selector",
        #[serde(rename = "use")]
        take: "Use this",
        cancel: "Cancel",
        cancelled: "Cancelled. Nothing was picked.",
        sent: "Picked. You can close this tab and go on where you came from.",
        failed: "The choice could not be sent; perhaps it is more than 10 minutes old. Start again from the form.",
        opening: "Opening your site",
        opening_lead: "{host} opens to pick an element on. Nothing you do there is counted meanwhile.",
        open: "Open the site",
        no_address: "This is no address of a page. Give one such as https://example.com/shop.",
        foreign: "{host} is none of the domains of this account. Add it in the settings first.",
    }
}
