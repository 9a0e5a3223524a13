//! One visitor: the contact it belongs to, and all its sessions with their page views, of all time. Whether the email
//! is shown is decided where the answer is written (rules.md 28).

use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::{Serialize, Serializer};

use crate::app::core::App;
use crate::app::reports::parameters;
use crate::app::reports::{Error, Table};
use crate::base::clock::{Millis, SECOND};
use crate::domain::account::AccountId;
use crate::domain::consent::Consent;
use crate::domain::money;
use crate::domain::readable::{readable, readable_referrer};
use crate::domain::screen::ScreenClass;
use crate::domain::visitor::VisitorNumber;
use crate::store::dictionary::{self, Kind, part};
use crate::store::event::{Event, PAGE_VIEW};
use crate::store::list::Change;
use crate::store::submission::Submitted;
use crate::store::timeline::{self, Place, Timeline, Visit};
use crate::store::{self, Connection, contact, scan};

#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct VisitorReport {
    pub number: u32,
    /// The number stands for what programs report of a contact, not for a browser (rules.md 13).
    pub no_browser: bool,
    pub contact: Option<ContactRef>,
    #[serde(serialize_with = "iso")]
    pub first_seen: Millis,
    #[serde(serialize_with = "iso")]
    pub last_seen: Millis,
    pub original_source: String,
    pub original_source_detail: String,
    /// Device of the last session.
    pub device: String,
    pub browser: String,
    pub os: String,
    pub country: String,
    pub region: String,
    pub sessions: u64,
    pub page_views: u64,
    pub completions: u64,
    pub engaged_seconds: u64,
    /// Local days with a visit.
    pub days: u64,
    /// Days that cannot be read and may hold more of this visitor.
    pub damaged: Vec<String>,
    #[serde(flatten)]
    pub table: Table<SessionRow>,
}

/// The contact that a visitor belongs to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ContactRef {
    pub contact_id: i64,
    /// The primary one, if the contact has any.
    pub email: Option<String>,
}

/// One session. Under the id 0 stands what programs reported on a day.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SessionRow {
    pub id: u32,
    #[serde(serialize_with = "iso")]
    pub at: Millis,
    /// From its first to its last hit, or how long its pages were visible when that is longer.
    pub duration_seconds: u64,
    pub source: String,
    pub source_detail: String,
    pub referrer: String,
    pub utm_source: String,
    pub utm_medium: String,
    pub utm_campaign: String,
    pub device: String,
    pub browser: String,
    pub os: String,
    pub screen: &'static str,
    pub language: String,
    pub country: String,
    pub region: String,
    pub new_visitor: bool,
    pub bounced: bool,
    /// The browser identified as another contact during the session, which goes on under another number.
    pub switched: bool,
    /// A robot is suspected behind it.
    pub suspected: bool,
    pub page_views: u64,
    pub completions: u64,
    pub engaged_seconds: u64,
    /// In the order in which they happened.
    pub timeline: Vec<EventRow>,
    /// Events of the session that are counted but not in `timeline`.
    pub left_out: u64,
    /// The fields of a submitted form, which stands alone on the timeline of a contact.
    #[serde(skip)]
    pub submitted: Vec<(String, String)>,
}

/// One page view or completion.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct EventRow {
    #[serde(serialize_with = "iso")]
    pub at: Millis,
    /// `page_view`, `completion`; on the timeline of a contact also `identification`, `submission`,
    /// `merge`, `list_joined` and `list_left` with the name of the list as `event`, and `edit` with the properties that an
    /// editor set; on that of a company also `contact_created`.
    pub kind: &'static str,
    /// The contact that was merged into this one; on the timeline of a company, the contact whose it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contact_id: Option<i64>,
    pub host: String,
    pub path: String,
    pub title: String,
    /// Name of the completed event, or of the submitted form.
    pub event: String,
    /// Value of the completion, a decimal number in the account's currency.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
    #[serde(skip)]
    pub value_minor: i64,
    pub engaged_seconds: u64,
    pub consent: &'static str,
    /// Revision of the consent policy; 0 means that there was none.
    pub policy: u32,
}

/// The kind of a submitted form.
const SUBMISSION: &str = "submission";

impl SessionRow {
    /// The form, when this is a submission.
    #[must_use]
    pub fn form(&self) -> Option<&EventRow> {
        self.timeline.first().filter(|event| event.kind == SUBMISSION)
    }
}

impl EventRow {
    /// The visitor identified as the contact, in a hit that has a row of its own.
    pub(in crate::app::reports) fn identification(at: Millis) -> Self {
        Self { at, kind: "identification", ..Self::default() }
    }

    /// The contact joined a list or left it.
    pub(in crate::app::reports) fn of_list(change: &Change) -> Self {
        let kind = if change.is_joined { "list_joined" } else { "list_left" };
        Self { at: change.at, kind, event: change.name.clone(), ..Self::default() }
    }

    /// An editor set properties.
    pub(in crate::app::reports) fn edit(at: Millis, properties: &[String]) -> Self {
        Self { at, kind: "edit", event: properties.join(", "), ..Self::default() }
    }

    /// Another contact became part of this one.
    pub(in crate::app::reports) fn merge(at: Millis, contact: i64) -> Self {
        Self { at, kind: "merge", contact_id: Some(contact), ..Self::default() }
    }
}

pub(in crate::app::reports) fn iso<S: Serializer>(at: &Millis, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.iso())
}

/// The visitor with this number and at most `limit` of its sessions; `None` when there is none.
///
/// # Errors
/// `Invalid` when `after` is not the `next` of an answer; `NoAccount`.
pub async fn visitor(
    app: &App,
    account: AccountId,
    number: VisitorNumber,
    after: Option<&str>,
    limit: usize,
) -> Result<Option<VisitorReport>, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let after = parameters::after(after, Place::parse)?;
    let clock = Arc::clone(&app.clock);
    app.store
        .read(move |conn| {
            let Some(visitor) = store::visitor::find(conn, account, number)? else { return Ok(None) };
            let deadline = scan::Deadline::new(clock);
            let range_ms = visitor.first_ms..visitor.last_ms.saturating_add(1);
            let ask = timeline::Request {
                account,
                visitors: &[(number, range_ms)],
                zone: &entry.zone,
                after,
                limit,
                rows: timeline::ROWS_MAX,
                deadline: &deadline,
            };
            let found = timeline::list(conn, &ask)?;
            let last = match after {
                // The device shown is that of the last session, whichever sessions are listed.
                Some(_) => timeline::list(conn, &timeline::Request { after: None, limit: 1, ..ask })?.visits,
                None => Vec::new(),
            };
            let mut texts = Texts::new(conn, account, money::digits(&entry.settings().currency))?;
            Ok(Some(texts.report(&visitor, &found, last.first().or(found.visits.first()))?))
        })
        .await
}

/// The texts of dictionary ids. Each is read once.
pub(in crate::app::reports) struct Texts<'a> {
    conn: &'a Connection,
    account: AccountId,
    known: FxHashMap<(u8, u32), Arc<str>>,
    /// Names of events by their numbers.
    events: FxHashMap<u32, String>,
    /// Decimal places of the account's currency.
    digits: u32,
}

impl<'a> Texts<'a> {
    pub(in crate::app::reports) fn new(
        conn: &'a Connection,
        account: AccountId,
        digits: u32,
    ) -> Result<Self, store::Error> {
        let events = store::definition::list_names(conn, account)?;
        Ok(Self { conn, account, known: FxHashMap::default(), events, digits })
    }

    fn of(&mut self, kind: Kind, id: u32) -> Result<Arc<str>, store::Error> {
        if let Some(text) = self.known.get(&(kind as u8, id)) {
            return Ok(Arc::clone(text));
        }
        let text: Arc<str> = dictionary::find_value(self.conn, self.account, kind, id)?.into();
        self.known.insert((kind as u8, id), Arc::clone(&text));
        Ok(text)
    }

    fn report(
        &mut self,
        visitor: &store::visitor::Visitor,
        found: &Timeline,
        last: Option<&Visit>,
    ) -> Result<VisitorReport, store::Error> {
        let contact = match visitor.contact_id {
            Some(id) => contact::find_email(self.conn, self.account, id)?
                .map(|email| ContactRef { contact_id: id, email }),
            None => None,
        };
        let source = self.of(Kind::Source, visitor.first_source)?;
        let (device, place) = last.map_or((0, 0), |visit| (visit.run.device, visit.run.place));
        let (device, place) = (self.of(Kind::Device, device)?, self.of(Kind::Place, place)?);
        let rows = found.visits.iter().map(|visit| self.session(visit)).collect::<Result<_, _>>()?;
        Ok(VisitorReport {
            number: visitor.number.0,
            no_browser: visitor.no_browser,
            contact,
            first_seen: Millis(visitor.first_ms),
            last_seen: Millis(visitor.last_ms),
            original_source: part(&source, 0).to_owned(),
            original_source_detail: readable(part(&source, 1)).into_owned(),
            device: part(&device, 0).to_owned(),
            browser: part(&device, 1).to_owned(),
            os: part(&device, 2).to_owned(),
            country: part(&place, 0).to_owned(),
            region: part(&place, 1).to_owned(),
            sessions: found.sessions,
            page_views: found.sums.page_views,
            completions: found.sums.completions,
            engaged_seconds: seconds(found.sums.engaged_ms),
            days: found.days,
            damaged: found.damaged.iter().map(ToString::to_string).collect(),
            table: Table {
                rows,
                total: found.total,
                next: found.next.map(|place| place.to_string()),
                compare: None,
                suspected_page_views: 0,
                damaged: Vec::new(),
            },
        })
    }

    pub(in crate::app::reports) fn session(&mut self, visit: &Visit) -> Result<SessionRow, store::Error> {
        let run = &visit.run;
        let source = self.of(Kind::Source, run.source)?;
        let campaign = self.of(Kind::Campaign, run.campaign)?;
        let device = self.of(Kind::Device, run.device)?;
        let place = self.of(Kind::Place, run.place)?;
        let lasted = u64::try_from(visit.last_ms.saturating_sub(visit.start_ms)).unwrap_or(0);
        let class = ScreenClass::ALL.into_iter().find(|class| *class as u32 == run.screen);
        let all = visit.sums.page_views + visit.sums.completions;
        let shown = u64::try_from(run.rows.len()).unwrap_or(u64::MAX);
        Ok(SessionRow {
            id: run.session,
            at: Millis(visit.start_ms),
            duration_seconds: seconds(lasted.max(visit.sums.engaged_ms)),
            source: part(&source, 0).to_owned(),
            source_detail: readable(part(&source, 1)).into_owned(),
            referrer: readable_referrer(&self.of(Kind::Referrer, run.referrer)?).into_owned(),
            utm_source: part(&campaign, 0).to_owned(),
            utm_medium: part(&campaign, 1).to_owned(),
            utm_campaign: part(&campaign, 2).to_owned(),
            device: part(&device, 0).to_owned(),
            browser: part(&device, 1).to_owned(),
            os: part(&device, 2).to_owned(),
            screen: class.map_or("", ScreenClass::as_str),
            language: self.of(Kind::Language, run.language)?.to_string(),
            country: part(&place, 0).to_owned(),
            region: part(&place, 1).to_owned(),
            new_visitor: run.is_new,
            bounced: run.bounced,
            switched: run.switched,
            suspected: run.suspected,
            page_views: visit.sums.page_views,
            completions: visit.sums.completions,
            engaged_seconds: seconds(visit.sums.engaged_ms),
            timeline: run.rows.iter().map(|row| self.event(row)).collect::<Result<_, _>>()?,
            left_out: all.saturating_sub(shown),
            submitted: Vec::new(),
        })
    }

    /// A submitted form, as an entry of its own.
    pub(in crate::app::reports) fn submission(
        &mut self,
        submitted: Submitted,
    ) -> Result<SessionRow, store::Error> {
        let page = self.of(Kind::Page, submitted.page)?;
        let event = EventRow {
            at: submitted.at,
            kind: SUBMISSION,
            host: readable(part(&page, 0)).into_owned(),
            path: readable(part(&page, 1)).into_owned(),
            title: self.of(Kind::Title, submitted.title)?.to_string(),
            event: submitted.form_key,
            consent: submitted.consent.as_str(),
            policy: submitted.policy,
            ..EventRow::default()
        };
        Ok(SessionRow {
            at: submitted.at,
            timeline: vec![event],
            submitted: submitted.fields,
            ..SessionRow::default()
        })
    }

    fn event(&mut self, row: &Event) -> Result<EventRow, store::Error> {
        let page = self.of(Kind::Page, row.page)?;
        let is_view = row.kind == PAGE_VIEW;
        Ok(EventRow {
            at: Millis(row.at_ms),
            kind: if is_view { "page_view" } else { "completion" },
            contact_id: None,
            value: (!is_view).then(|| money::decimal(row.value_minor, self.digits)),
            value_minor: row.value_minor,
            host: readable(part(&page, 0)).into_owned(),
            path: readable(part(&page, 1)).into_owned(),
            title: self.of(Kind::Title, row.title)?.to_string(),
            event: self.events.get(&row.event).cloned().unwrap_or_default(),
            engaged_seconds: seconds(row.engaged_ms.into()),
            consent: Consent(row.consent).as_str(),
            policy: row.policy,
        })
    }
}

const fn seconds(ms: u64) -> u64 {
    ms / SECOND.unsigned_abs()
}
