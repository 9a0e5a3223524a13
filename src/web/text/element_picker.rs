//! Texts of the element picker on the site, and of the page that opens it.

texts! {
    Picker {
        title: "Guestlog: pick an element",
        lead: "Click the element for your event. You can also use Tab and Enter. Press the up arrow to select the surrounding element, or Esc to cancel.",
        lead_form: "Click anywhere in the form for your event. You can also use Tab and Enter. Press Esc to cancel.",
        /// The picker's script fills in `{n}`.
        matches: "This selector matches {n} elements on this page. Click another element, or edit the selector.",
        matches_one: "This selector matches only this element on this page. Click another element, or edit the selector.",
        rule: "CSS selector",
        #[serde(rename = "use")]
        take: "Use selector",
        cancel: "Cancel",
        cancelled: "Cancelled. No element was picked.",
        sent: "Element picked. You can close this tab and go back to Guestlog.",
        failed: "The element could not be sent. The picker may have been open for more than 10 minutes. Start again from the event form.",
        opening: "Opening your site",
        opening_lead: "{host} opens so that you can pick an element. Nothing you do there is counted.",
        open: "Open site",
        no_address: "This is not a page address. Enter one such as https://example.com/shop.",
        foreign: "{host} is not one of the domains of this account. Add it in the settings first.",
    }
}
