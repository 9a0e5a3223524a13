//! Texts of the live page: what became of hits, in plain words.

use serde::Serialize;

use crate::domain::reason::Reason;

texts! {
    Live {
        lead: "Every hit as it arrives and what was made of it. Kept in memory only, the newest thousand.",
        all: "All",
        stored: "Counted",
        refused: "Not counted",
        newest: "Newest hits",
        /// Heads.
        time: "Time",
        result: "Result",
        page: "Page",
        source: "Source",
        visitor: "Visitor",
        consent: "Consent",
        /// Kinds of hits.
        page_view: "Page view",
        engagement: "Time on page",
        completion: "Event",
        /// Consent as it stood.
        granted: "Granted",
        policy: "No banner",
        server: "From a server",
        visitor_number: "#{number}",
        /// A page of a site that is none of the account's.
        foreign_host: "other site",
        /// A refusal of which nothing else is known, on purpose.
        nothing_kept: "Nothing of this visit was kept.",
        /// `{time}`: since when hits are counted.
        since: "What became of hits since {time}",
        hits: "Hits",
        meaning: "What it means",
        empty_title: "Nothing has arrived yet",
        empty: "Each hit of your site will appear here within a second: the page, where the visitor came from, and whether it was counted or why not. Open a page of your site that carries the tracking code.",
        empty_action: "Check the tracking code",
        none_shown: "None among the newest hits.",
        reason: Reasons {
            counted: Explained = { name: "Counted", meaning: "Safe on disk and in the reports." },
            duplicate: Explained = {
                name: "Duplicate",
                meaning: "Sent twice, because the first answer was lost on the way. It counts once.",
            },
            malformed: Explained = {
                name: "Not readable",
                meaning: "Something the server needs is missing or out of range, such as the address of the page.",
            },
            unknown_account: Explained = {
                name: "Unknown account",
                meaning: "The number in the tracking code belongs to no account here.",
            },
            no_consent: Explained = {
                name: "No consent",
                meaning: "The visitor did not agree to analytics. Nothing is kept but the time and this reason.",
            },
            do_not_track: Explained = {
                name: "Do not track",
                meaning: "The visitor asked not to be tracked. Nothing is kept but the time and this reason.",
            },
            bot: Explained = {
                name: "Bot",
                meaning: "A crawler, a monitor or another program, told by its User-Agent. Bots are counted apart.",
            },
            excluded_address: Explained = {
                name: "Excluded address",
                meaning: "It came from an address that this account leaves out, such as your own office.",
            },
            excluded_referrer: Explained = {
                name: "Excluded referrer",
                meaning: "It came from a site that this account leaves out.",
            },
            unknown_host: Explained = {
                name: "Wrong domain",
                meaning: "The page is on a host that is not among the domains of this account, and the account is limited to them. Add the domain in the settings if it is yours.",
            },
            unsupported_kind: Explained = { name: "Not supported", meaning: "A kind of beacon that is not counted here." },
            too_old: Explained = { name: "Too old", meaning: "It happened more than 24 hours before it arrived." },
            too_large: Explained = { name: "Too large", meaning: "It is larger than the server takes." },
            too_many: Explained = {
                name: "Too many",
                meaning: "One address sent more than the limit. The browser keeps the hit and sends it again.",
            },
            unavailable: Explained = {
                name: "Not stored",
                meaning: "The server could not write at that moment. The browser keeps the hit and sends it again.",
            },
            bad_value: Explained = { name: "Bad value", meaning: "The value of the event is not a number in range." },
            unknown_event: Explained = { name: "Unknown event", meaning: "There is no event with this id or name." },
            unexpected: Explained = { name: "Unexpected", meaning: "An event name that waits for your review." },
            archived_event: Explained = { name: "Archived event", meaning: "The event was archived and no longer counts." },
            unknown_page_view: Explained = {
                name: "Page view unknown",
                meaning: "Time spent on a page whose view was not counted, or was counted too long ago.",
            },
            dead_letter: Explained = {
                name: "Put aside",
                meaning: "It was accepted but could not be counted. It is kept, and an administrator can replay it.",
            },
        },
    }
}

/// A reason: its name, and what it means for the one who asks.
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
            Reason::DeadLetter => &self.dead_letter,
        }
    }
}
