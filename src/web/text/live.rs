//! Texts of the live page, and what each result of a hit means.

use serde::Serialize;

use crate::domain::hit_reason::Reason;

texts! {
    Live {
        lead: "Hits as they arrive, and whether they were counted. The latest 1,000 are kept in memory only.",
        all: "All",
        stored: "Counted",
        refused: "Not counted",
        newest: "Latest hits",
        /// Column headings.
        time: "Time",
        result: "Result",
        page: "Page",
        source: "Source",
        visitor: "Visitor",
        consent: "Consent",
        /// Types of hits.
        page_view: "Page view",
        engagement: "Time on page",
        completion: "Event",
        submission: "Form",
        /// The consent under which a hit was sent.
        granted: "Granted",
        policy: "No banner",
        server: "From a server",
        visitor_number: "#{number}",
        /// The badge of a page outside the account's domains.
        foreign_host: "other site",
        /// Shown for a hit without consent.
        nothing_kept: "No data about this visit was kept.",
        only_totals: "Nothing about this visit was kept; it is a number in totals.",
        /// Shown for a hit that says not even where it comes from.
        nothing_known: "It could not be read.",
        since: "Results since {time}",
        hits: "Hits",
        meaning: "Meaning",
        empty_title: "No hits yet",
        empty: "Each hit from your site appears here within a second, with its page, its source and whether it was counted. Open a page of your site that has the tracking code.",
        empty_action: "Check tracking code",
        none_shown: "None of the latest hits match.",
        reason: Reasons {
            counted: Explained = { name: "Counted", meaning: "Stored on disk and included in the reports." },
            duplicate: Explained = {
                name: "Duplicate",
                meaning: "Sent twice because the first response was lost on the way. It is counted once.",
            },
            malformed: Explained = {
                name: "Invalid",
                meaning: "It could not be read, or a required value such as the address of the page is missing or out of range. A script or plug-in of the site may change what the tracking code sends.",
            },
            unknown_account: Explained = {
                name: "Unknown account",
                meaning: "The account number in the tracking code does not exist on this server.",
            },
            no_consent: Explained = {
                name: "No consent",
                meaning: "The visitor did not consent to analytics. Only the time and this reason are kept.",
            },
            counted_anonymously: Explained = {
                name: "Counted anonymously",
                meaning: "The visitor did not consent to analytics. The page view is in totals that name nobody, because the account counts them.",
            },
            do_not_track: Explained = {
                name: "Do not track",
                meaning: "The visitor's browser asks not to be tracked. Only the time and this reason are kept.",
            },
            bot: Explained = {
                name: "Bot",
                meaning: "A crawler, a monitor or another program, recognised by its User-Agent. Bots are counted separately.",
            },
            excluded_address: Explained = {
                name: "Excluded address",
                meaning: "Sent from an IP address that this account excludes, such as your own office.",
            },
            excluded_referrer: Explained = {
                name: "Excluded referrer",
                meaning: "The visitor came from a site that this account excludes.",
            },
            unknown_host: Explained = {
                name: "Wrong domain",
                meaning: "The page is not on one of the domains of this account, and tracking is limited to them. If the domain is yours, add it in the settings.",
            },
            unsupported_kind: Explained = { name: "Not supported", meaning: "A type of hit that Guestlog does not count." },
            too_old: Explained = { name: "Too old", meaning: "Received more than 24 hours after it happened." },
            too_large: Explained = { name: "Too large", meaning: "Larger than the server accepts." },
            too_many: Explained = {
                name: "Too many",
                meaning: "One IP address sent more hits than the limit allows. The browser keeps the hit and sends it again later.",
            },
            unavailable: Explained = {
                name: "Not stored",
                meaning: "The server could not store the hit at that moment. The browser keeps it and sends it again later.",
            },
            bad_value: Explained = { name: "Invalid value", meaning: "Counted with the value 0, because the value of the event is not an amount." },
            unknown_event: Explained = { name: "Unknown event", meaning: "There is no event with this ID or name." },
            unexpected: Explained = { name: "Unexpected", meaning: "This event name is waiting for your review." },
            archived_event: Explained = { name: "Archived event", meaning: "The event is archived and not counted." },
            unknown_page_view: Explained = {
                name: "Unknown page view",
                meaning: "Time on a page whose view was not counted, or was counted too long ago.",
            },
            contact_limit: Explained = {
                name: "Without a contact",
                meaning: "Counted, but no contact was created for its email. Browsers and unsigned calls can create 100,000 contacts a day.",
            },
            wrong_signature: Explained = {
                name: "Wrong signature",
                meaning: "Counted, but without the identity that came with it: its signature is not of its email, or was made with a key that this account does not accept.",
            },
            unsigned_identity: Explained = {
                name: "Unsigned identity",
                meaning: "Counted, but without the identity that came with it: this account accepts signed identities only.",
            },
            blocked_email: Explained = {
                name: "Blocked address",
                meaning: "Counted, but without the identity that came with it: this account blocks its email address.",
            },
            form_limit: Explained = {
                name: "Too many forms",
                meaning: "Not stored. The account has 1,000 forms, and this submission names one more.",
            },
            dead_letter: Explained = {
                name: "Not processed",
                meaning: "Accepted, but it could not be counted. It is stored, and an administrator can replay it.",
            },
        },
    }
}

/// The name of a result and its explanation.
#[derive(Debug, Serialize)]
pub struct Explained {
    pub name: &'static str,
    pub meaning: &'static str,
}

impl Reasons {
    #[must_use]
    pub const fn of(&self, reason: Reason) -> &Explained {
        match reason {
            Reason::Stored => &self.counted,
            Reason::Duplicate => &self.duplicate,
            Reason::Malformed => &self.malformed,
            Reason::UnknownAccount => &self.unknown_account,
            Reason::NoConsent => &self.no_consent,
            Reason::CountedAnonymously => &self.counted_anonymously,
            Reason::DoNotTrack => &self.do_not_track,
            Reason::Bot => &self.bot,
            Reason::ExcludedAddress => &self.excluded_address,
            Reason::ExcludedReferrer => &self.excluded_referrer,
            Reason::UnknownHost => &self.unknown_host,
            Reason::UnsupportedKind => &self.unsupported_kind,
            Reason::TooOld => &self.too_old,
            Reason::TooLarge => &self.too_large,
            Reason::TooMany => &self.too_many,
            Reason::Unavailable => &self.unavailable,
            Reason::BadValue => &self.bad_value,
            Reason::UnknownEvent => &self.unknown_event,
            Reason::Unexpected => &self.unexpected,
            Reason::ArchivedEvent => &self.archived_event,
            Reason::UnknownPageView => &self.unknown_page_view,
            Reason::ContactLimit => &self.contact_limit,
            Reason::WrongSignature => &self.wrong_signature,
            Reason::UnsignedIdentity => &self.unsigned_identity,
            Reason::BlockedEmail => &self.blocked_email,
            Reason::FormLimit => &self.form_limit,
            Reason::DeadLetter => &self.dead_letter,
        }
    }
}
