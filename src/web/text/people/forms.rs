//! Texts of the pages about forms.

use crate::web::text::Plural;

texts! {
    Forms {
        title: "Forms",
        lead: "The forms that visitors submitted, and how many of those who saw them did. The figures cover everything that is stored.",
        form: "Form",
        page: "Page",
        submissions: "Submissions",
        contacts: "New contacts",
        conversion_rate: "Conversion rate",
        last_seen: "Last seen",
        first_seen: "First seen",
        visitors: "Visitors who submitted it",
        page_visitors: "Visitors who saw the page",
        /// Explains a rate.
        rate_of: "{visitors} of {seen} visitors who saw the page",
        rate_unknown: "Nobody is known to have seen the page of this form.",
        none_title: "No forms yet",
        /// `{account}` is the number of the account.
        none: "A form appears here with its first submission. Let your site send it to /submissions/v3/integration/submit/{account}/FORM-ID on this server, as it would to HubSpot. Any FORM-ID of letters, digits and hyphens works. Or let the tracking script collect submitted forms: the switch is under advanced tracking.",
        none_action: "Go to advanced tracking",
        details: "Details",
        when: "When",
        who: "Contact",
        sent: "Submitted",
        nobody: "Without an email",
        is_new: "New contact",
        verified: "Verified",
        collected: "Noticed by the script",
        hidden: "Only users who may see emails see what was submitted.",
        empty: "All fields were empty.",
        more_fields: Plural = { one: "{n} more field is in the export.", other: "{n} more fields are in the export." },
        consent: "Consent: {text}",
        delete: "Delete form",
        /// What is deleted.
        delete_what: "This permanently deletes the form with {submissions}. The contacts stay, with what the form said of them. The next submission makes the form again.",
        delete_count: Plural = { one: "{n} submission", other: "{n} submissions" },
        delete_ask: "Delete…",
        delete_now: "Delete form",
        nothing: "No submissions of this form are stored any more.",
        /// `{days}` is the days that cannot be read.
        damaged: "These days cannot be read, so more visitors may have seen the page: {days}. Restore a backup to see them.",
    }
}
