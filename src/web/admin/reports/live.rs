//! `/accounts/{id}/live`: the newest hits with the result of each, and how many hits each reason got since the
//! server started. A hit rejected for lack of consent shows only time and reason, because nothing else about it is
//! kept (rules.md 9).

use std::borrow::Cow;

use actix_web::web::ServiceConfig;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use serde::Serialize;

use crate::app::reports::parameters;
use crate::app::reports::{self, LIMIT_MAX, Table};
use crate::app::state::live::{Entry, RING};
use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Settings};
use crate::domain::event::EventNumber;
use crate::domain::hit_reason::Reason;
use crate::domain::period::Zone;
use crate::domain::question::Dimension;
use crate::domain::readable::readable;
use crate::domain::visitor::VisitorNumber;
use crate::web::admin::reports::report_page::{self, signed};
use crate::web::drawing::format;
use crate::web::part::empty::{Action, Empty};
use crate::web::part::icon::Icon;
use crate::web::part::panel::Tab;
use crate::web::paths::{self, Report};
use crate::web::request::guard::{Format, ReportAccess};
use crate::web::request::method::get_or_head;
use crate::web::request::query::ReportParams;
use crate::web::response::error::WebError;
use crate::web::response::export::Column;
use crate::web::response::page::{Layout, Section};
use crate::web::response::{export, respond};
use crate::web::text::live::Explained;
use crate::web::text::{Texts, fill};

/// Rows on the page.
const ROWS: usize = 100;
/// Interval of the reloads: by the script in milliseconds, without script in seconds.
const EVERY_MS: u32 = 2_000;
const EVERY_SECONDS: u32 = 5;

pub(crate) fn routes(config: &mut ServiceConfig) {
    config.route("/accounts/{account}/live", get_or_head().to(show));
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Show {
    All,
    Stored,
    Refused,
}

impl Show {
    const ALL: [(&'static str, Self); 3] =
        [("all", Self::All), ("stored", Self::Stored), ("refused", Self::Refused)];

    fn read(word: Option<&str>) -> Result<Self, reports::Error> {
        parameters::choose(word, "kind of hits", &Self::ALL)
    }

    fn takes(self, entry: &Entry) -> bool {
        match self {
            Self::All => true,
            Self::Stored => entry.reason == Reason::Stored,
            Self::Refused => entry.reason != Reason::Stored,
        }
    }
}

async fn show(request: HttpRequest, access: ReportAccess) -> Result<HttpResponse, WebError> {
    let params = report_page::ask(&request, &access, Report::Live, &["show"]).await?;
    let show = Show::read(params.query.show.as_deref())?;
    let (live, id) = (&access.state.app.live, access.account.id());
    let mut entries = live.list(id, 0, RING);
    entries.retain(|entry| show.takes(entry));
    let known = access.state.app.definitions.of(id);
    for entry in &mut entries {
        let named = EventNumber::parse(&entry.event).and_then(|number| known.find(number));
        if let Some(event) = named {
            entry.event.clone_from(&event.definition.name);
        }
    }
    match access.format {
        Format::Json => export::json(&table(&entries, params.query.limit)),
        Format::Csv(mark) => {
            entries.truncate(params.query.limit.min(LIMIT_MAX));
            let file = access.csv_file(mark, report_page::file_name(&params));
            export::csv_columns(file, &COLUMNS, entries)
        }
        Format::Html if params.from_form => Ok(respond::see_other(&params.url.href())),
        Format::Html => {
            let layout = report_page::layout(&access, &params, Section::Live, |t| t.frame.nav.live)?;
            entries.truncate(ROWS);
            let seen = LiveHits { entries, counts: live.counts(id), since: live.started() };
            let account = &access.account;
            respond::page(&page(layout, &params, &account.zone, account.settings(), &seen))
        }
    }
}

/// A hit in the JSON answer; null for what is unknown or not kept.
#[derive(Serialize)]
struct Hit<'a> {
    at: String,
    kind: Option<&'a str>,
    result: &'a str,
    reason: Reason,
    page: Option<Cow<'a, str>>,
    consent: Option<&'a str>,
    source: Option<&'a str>,
    company: Option<&'a str>,
    country: Option<&'a str>,
    device: Option<&'a str>,
    visitor: Option<u32>,
    /// Id of the completed event, or its name if it is known.
    event: Option<&'a str>,
}

impl<'a> Hit<'a> {
    fn of(entry: &'a Entry) -> Self {
        let known = |text: &'a str| (!text.is_empty()).then_some(text);
        Self {
            at: entry.at.iso(),
            kind: known(entry.kind),
            result: entry.result,
            reason: entry.reason,
            page: known(&entry.page).map(readable),
            consent: known(entry.consent),
            source: known(&entry.source),
            company: known(&entry.company),
            country: known(&entry.country),
            device: known(&entry.device),
            visitor: entry.visitor,
            event: known(&entry.event),
        }
    }
}

fn table(entries: &[Entry], limit: usize) -> Table<Hit<'_>> {
    Table {
        rows: entries.iter().take(limit).map(Hit::of).collect(),
        total: u64::try_from(entries.len()).unwrap_or(0),
        next: None,
        compare: None,
        suspected_page_views: 0,
        damaged: Vec::new(),
    }
}

const COLUMNS: [Column<Entry>; 8] = [
    ("at", |entry| entry.at.iso()),
    ("kind", |entry| entry.kind.to_owned()),
    ("result", |entry| entry.result.to_owned()),
    ("reason", |entry| entry.reason.as_str().to_owned()),
    ("page", |entry| export::cell(&readable(&entry.page))),
    ("consent", |entry| entry.consent.to_owned()),
    ("source", |entry| export::cell(&entry.source)),
    ("company", |entry| export::cell(&entry.company)),
];

/// The newest hits and the counts since the server started.
pub(crate) struct LiveHits {
    pub entries: Vec<Entry>,
    pub counts: Vec<(Reason, u64)>,
    pub since: Millis,
}

struct Row {
    /// With date and time.
    when: String,
    time: String,
    kind: &'static str,
    event: String,
    reason: &'static Explained,
    tone: &'static str,
    page: String,
    foreign: bool,
    source: String,
    /// Name and address of the visitor's page.
    visitor: Option<(String, String)>,
    detail: String,
    consent: &'static str,
    /// Said in place of page, source and visitor when only time and reason are known.
    instead: Option<&'static str>,
}

struct Count {
    reason: &'static Explained,
    tone: &'static str,
    hits: String,
}

#[derive(Template)]
#[template(path = "live/show.html")]
pub(crate) struct Page {
    layout: Layout,
    address: String,
    tabs: Vec<Tab>,
    rows: Vec<Row>,
    counts: Vec<Count>,
    since: String,
    empty: Option<Empty>,
}

pub(crate) fn page(
    layout: Layout,
    params: &ReportParams,
    zone: &Zone,
    settings: &Settings,
    seen: &LiveHits,
) -> Page {
    let t = layout.t;
    let texts = &t.live;
    let since = format::date_time(&t.number, zone, seen.since);
    let choices = [("all", texts.all), ("stored", texts.stored), ("refused", texts.refused)];
    let empty = seen.counts.is_empty().then(|| Empty {
        icon: Icon::Live,
        title: texts.empty_title.to_owned(),
        what: texts.empty.to_owned(),
        action: Some(Action {
            label: texts.empty_action.to_owned(),
            href: paths::settings(params.url.account, "tracking-code"),
        }),
    });
    let count = |(reason, hits): &(Reason, u64)| Count {
        reason: texts.reason.of(*reason),
        tone: tone(*reason),
        hits: format::number(&t.number, signed(*hits)),
    };
    Page {
        address: params.url.href(),
        tabs: report_page::tabs(&params.url, "show", params.query.show.as_deref(), &choices),
        rows: seen.entries.iter().map(|entry| row(t, params.url.account, zone, settings, entry)).collect(),
        counts: seen.counts.iter().map(count).collect(),
        since: fill(texts.since, &[("time", &since)]),
        empty,
        layout,
    }
}

fn row(t: &'static Texts, account: AccountId, zone: &Zone, settings: &Settings, entry: &Entry) -> Row {
    let texts = &t.live;
    let host = entry.page.split(['/', '?', '#']).next().unwrap_or_default();
    let named = |dimension, value: &str| {
        Some(t.label.value(dimension, value)).filter(|name| !name.is_empty()).map(Cow::into_owned)
    };
    let place = named(Dimension::Country, &entry.country);
    let device = named(Dimension::Device, &entry.device);
    Row {
        when: format::date_time(&t.number, zone, entry.at),
        time: format::time_seconds(zone, entry.at),
        kind: match entry.kind {
            "page_view" => texts.page_view,
            "engagement" => texts.engagement,
            "completion" => texts.completion,
            "submission" => texts.submission,
            _ => "",
        },
        event: entry.event.clone(),
        reason: texts.reason.of(entry.reason),
        tone: tone(entry.reason),
        foreign: entry.reason == Reason::Stored
            && !host.is_empty()
            && !settings.domains.is_empty()
            && !settings.owns_host(host),
        page: readable(&entry.page).into_owned(),
        source: named(Dimension::Source, &entry.source).unwrap_or_default(),
        visitor: entry.visitor.map(|n| {
            let name = fill(texts.visitor_number, &[("number", &n.to_string())]);
            (name, paths::visitor(account, VisitorNumber(n)))
        }),
        detail: [place, device].into_iter().flatten().collect::<Vec<_>>().join(" · "),
        consent: match entry.consent {
            "granted" => texts.granted,
            "policy" => texts.policy,
            "server" => texts.server,
            _ => "",
        },
        instead: match entry.reason {
            Reason::NoConsent | Reason::DoNotTrack => Some(texts.nothing_kept),
            Reason::CountedAnonymously => Some(texts.only_totals),
            _ if entry.page.is_empty() && entry.kind.is_empty() => Some(texts.nothing_known),
            _ => None,
        },
    }
}

/// The colour of a reason: good, as intended, worth a look, or an error.
pub(crate) const fn tone(reason: Reason) -> &'static str {
    match reason {
        Reason::Stored => "good",
        Reason::Duplicate
        | Reason::NoConsent
        | Reason::CountedAnonymously
        | Reason::DoNotTrack
        | Reason::Bot
        | Reason::ExcludedAddress
        | Reason::ExcludedReferrer
        | Reason::UnknownPageView => "plain",
        Reason::UnsupportedKind
        | Reason::TooOld
        | Reason::Unexpected
        | Reason::ArchivedEvent
        | Reason::ContactLimit
        | Reason::WrongSignature
        | Reason::UnsignedIdentity
        | Reason::BlockedEmail
        | Reason::BadValue
        | Reason::UnknownHost
        | Reason::TooMany => "warning",
        Reason::Malformed
        | Reason::UnknownAccount
        | Reason::TooLarge
        | Reason::Unavailable
        | Reason::UnknownEvent
        | Reason::FormLimit
        | Reason::DeadLetter => "bad",
    }
}
