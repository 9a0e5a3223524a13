//! One contact: what is known of it, and what it did, from all of its browsers and from what programs report of it, of
//! all time. Whose email may be read is decided where the answer is written (rules.md 28).

use std::cmp::Reverse;
use std::sync::Arc;

use serde::Serialize;

use super::analytics::{self, Analytics};
use super::contacts::{self, ContactRow, RowTexts};
use super::merges::{self, Merged};
use super::properties::{self, Edit, Said};
use super::visitor::{EventRow, SessionRow, Texts};
use crate::app::core::App;
use crate::app::reports::parameters;
use crate::app::reports::{Error, iso_days};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::period::LocalDay;
use crate::domain::placeholder::has_placeholder_name;
use crate::domain::visitor::VisitorNumber;
use crate::store::contact::{self, Shown};
use crate::store::contact_activity::NUMBERS_MAX;
use crate::store::list::{self, Change, Membership};
use crate::store::submission::{self, Submitted};
use crate::store::timeline::{self, Place, Visit};
use crate::store::{
    self, Connection, alias, blocked_email, contact_joining, email, identification, scan, visitor,
};

/// A contact.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ContactReport {
    #[serde(flatten)]
    pub row: ContactRow,
    /// The site's own id of the person.
    pub external_id: Option<String>,
    #[serde(serialize_with = "super::visitor::iso")]
    pub created: Millis,
    #[serde(flatten)]
    pub analytics: Analytics,
    pub properties: Vec<Said>,
    /// A token or a signature proves its primary email (rules.md 22).
    pub email_verified: bool,
    /// All its emails, the primary one first.
    pub emails: Vec<String>,
    /// Visitor numbers of its browsers, those seen last first.
    pub visitors: Vec<u32>,
    /// It has more browsers than those: their sessions are in the figures, and not in the timeline.
    pub older_left_out: bool,
    /// The contacts that were merged into this one, the latest first.
    pub merged: Vec<Merged>,
    /// The lists it is in, by name.
    pub lists: Vec<InList>,
    /// Why its address may stand for nobody (rules.md 36): `browsers` or `name`.
    pub possible_placeholder: Option<&'static str>,
    /// Nobody is identified by its address.
    pub blocked: bool,
    /// Of the sessions shown, and the merges and changes of lists between them, the newest first.
    pub timeline: Vec<Moment>,
    #[serde(skip)]
    pub visits: Vec<SessionRow>,
    /// Those of `merged` that the timeline shows among its sessions.
    #[serde(skip)]
    pub shown_merges: Vec<Merged>,
    /// What editors changed, as far as the timeline shows that.
    #[serde(skip)]
    pub edits: Vec<Edit>,
    /// How it joined and left lists, as far as the timeline shows that.
    #[serde(skip)]
    pub list_changes: Vec<Change>,
    /// All sessions, submitted forms, and days of what programs report.
    pub total: u64,
    /// What `after` must be for earlier ones.
    pub next: Option<String>,
    /// Local days that cannot be read, and may hold more.
    pub damaged: Vec<String>,
}

/// A list that the contact is in.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct InList {
    pub id: i64,
    pub name: String,
    #[serde(serialize_with = "super::visitor::iso")]
    pub joined: Millis,
}

/// Something that happened.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Moment {
    #[serde(flatten)]
    pub event: EventRow,
    /// 0 means that a program reported it.
    pub session: u32,
    pub source: String,
    pub device: String,
}

/// The contact of that id, or the one it was merged into, with at most `limit` of its sessions; `None` when there is
/// none.
///
/// # Errors
/// `Invalid` when `after` is no answer's `next`, `NoAccount`, the store's.
pub async fn contact(
    app: &App,
    account: AccountId,
    id: i64,
    after: Option<&str>,
    limit: usize,
) -> Result<Option<ContactReport>, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let after = parameters::after(after, Place::parse)?;
    let clock = Arc::clone(&app.clock);
    app.store
        .read(move |conn| {
            let deadline = scan::Deadline::new(clock);
            let ask = Ask { conn, account, zone: &entry.zone, after, limit, deadline: &deadline };
            find(&ask, id, &entry.settings().currency)
        })
        .await
}

/// Which part of a timeline is asked for, and where it is read.
pub struct Ask<'a> {
    pub conn: &'a Connection,
    pub account: AccountId,
    pub zone: &'a crate::domain::period::Zone,
    pub after: Option<Place>,
    pub limit: usize,
    pub deadline: &'a scan::Deadline,
}

/// The same as `contact` on a connection of the caller.
///
/// # Errors
/// The store's.
pub fn find(ask: &Ask<'_>, id: i64, currency: &str) -> Result<Option<ContactReport>, Error> {
    let (conn, account) = (ask.conn, ask.account);
    let Some(id) = alias::resolve(conn, account, id)? else { return Ok(None) };
    let Some(shown) = contact::find(conn, account, id)? else { return Ok(None) };
    let mut numbers = visitor::list_of_contact(conn, account, id, NUMBERS_MAX + 1)?;
    let older_left_out = numbers.len() > NUMBERS_MAX;
    numbers.truncate(NUMBERS_MAX);
    let found = ask.all(&numbers, &shown)?;
    let report = report(ask, shown, found, money::digits(currency))?;
    Ok(Some(ContactReport { older_left_out, ..report }))
}

/// An entry of the timeline.
enum Entry {
    Visit(Visit),
    Submission(Submitted),
}

impl Entry {
    const fn place(&self) -> Place {
        match self {
            Self::Visit(visit) => visit.place(),
            Self::Submission(submitted) => place_of(submitted),
        }
    }
}

/// Where a submission stands among sessions.
pub(super) const fn place_of(submitted: &Submitted) -> Place {
    let submission::Place { at_ms, id } = submitted.place();
    // No session has the visitor 0, so no session has the place of a submission.
    Place { start_ms: at_ms, session: id, visitor: 0 }
}

/// Before which submissions that part of a timeline begins which comes after a place.
pub(super) fn submissions_before(after: Option<Place>) -> submission::Place {
    after.map_or(submission::Place::NEWEST, |Place { start_ms, session, visitor }| {
        // One at the place of a session stands after it.
        let id = if visitor == 0 { session } else { session.saturating_add(1) };
        submission::Place { at_ms: start_ms, id }
    })
}

/// What a contact did, with all of its numbers.
#[derive(Default)]
struct Found {
    /// Those of the numbers that are browsers.
    browsers: Vec<u32>,
    /// The newest first.
    entries: Vec<Entry>,
    total: u64,
    next: Option<Place>,
    damaged: Vec<LocalDay>,
}

impl Ask<'_> {
    /// Does this page of the timeline reach from before the time to after it?
    fn shows(&self, found: &Found, at: Millis) -> bool {
        let is_before = self.after.is_none_or(|after| at.0 < after.start_ms);
        is_before && found.next.is_none_or(|last| at.0 >= last.start_ms)
    }

    fn all(&self, numbers: &[VisitorNumber], shown: &Shown) -> Result<Found, store::Error> {
        let mut found = Found::default();
        let mut visitors = Vec::with_capacity(numbers.len());
        for number in numbers {
            let Some(visitor) = visitor::find(self.conn, self.account, *number)? else { continue };
            let mut range_ms = visitor.first_ms..visitor.last_ms.saturating_add(1);
            if visitor.no_browser {
                // What programs report moves the times of the contact alone.
                range_ms.start = range_ms.start.min(shown.first.0);
                range_ms.end = range_ms.end.max(shown.last.0.saturating_add(1));
            } else {
                found.browsers.push(number.0);
            }
            visitors.push((*number, range_ms));
        }
        let timeline = timeline::list(
            self.conn,
            &timeline::Request {
                account: self.account,
                visitors: &visitors,
                zone: self.zone,
                after: self.after,
                limit: self.limit.saturating_add(1),
                rows: timeline::ROWS_MAX,
                deadline: self.deadline,
            },
        )?;
        found.total = timeline.total;
        found.damaged = timeline.damaged;
        found.entries.extend(timeline.visits.into_iter().map(Entry::Visit));
        let before = submissions_before(self.after);
        let limit = self.limit.saturating_add(1);
        let submitted = submission::list_of_contact(self.conn, self.account, shown.id, before, limit)?;
        found.total += submission::count_of_contact(self.conn, self.account, shown.id)?;
        found.entries.extend(submitted.into_iter().map(Entry::Submission));
        found.entries.sort_by_key(|entry| Reverse(entry.place()));
        let is_more = found.entries.len() > self.limit;
        found.entries.truncate(self.limit);
        found.next = found.entries.last().filter(|_| is_more).map(Entry::place);
        Ok(found)
    }
}

fn report(ask: &Ask<'_>, shown: Shown, mut found: Found, digits: u32) -> Result<ContactReport, Error> {
    let (conn, account) = (ask.conn, ask.account);
    let mut texts = Texts::new(conn, account, digits)?;
    let visits = read_visits(ask, &mut texts, shown.id, std::mem::take(&mut found.entries))?;
    let moment = |row: &SessionRow, event: &EventRow| Moment {
        event: event.clone(),
        session: row.id,
        source: row.source.clone(),
        device: row.device.clone(),
    };
    let of_visit = |row: &SessionRow| row.timeline.iter().rev().map(|e| moment(row, e)).collect::<Vec<_>>();
    let merged = merges::list(conn, account, shown.id)?;
    let shown_merges: Vec<Merged> =
        merged.iter().filter(|merge| ask.shows(&found, merge.at)).cloned().collect();
    let mut timeline: Vec<Moment> = visits.iter().flat_map(of_visit).collect();
    let mut list_changes = list::list_changes(conn, account, shown.id)?;
    list_changes.retain(|change| ask.shows(&found, change.at));
    let merges = shown_merges.iter().map(|merge| EventRow::merge(merge.at, merge.contact_id));
    let of_lists = list_changes.iter().map(EventRow::of_list);
    let properties = properties::list_of_contact(conn, account, shown.id)?;
    let mut edits = properties::edits(&properties);
    edits.retain(|edit| ask.shows(&found, edit.at));
    let of_edit = |edit: &Edit| EventRow::edit(edit.at, &edit.labels);
    for event in merges.chain(of_lists).chain(edits.iter().map(of_edit)) {
        let place = timeline.iter().position(|moment| moment.event.at <= event.at).unwrap_or(timeline.len());
        timeline.insert(place, Moment { event, ..Moment::default() });
    }
    let in_list = |membership: Membership| InList {
        id: membership.list.0,
        name: membership.name,
        joined: membership.joined,
    };
    let emails = email::list(conn, account, shown.id)?;
    Ok(ContactReport {
        possible_placeholder: find_placeholder(conn, account, &shown)?,
        blocked: blocked_email::is_blocked(conn, account, shown.email.as_deref().unwrap_or_default())?,
        external_id: shown.external_id.clone(),
        created: shown.created,
        email_verified: emails.first().is_some_and(|email| email.is_primary && email.is_verified),
        emails: emails.into_iter().map(|email| email.email).collect(),
        analytics: analytics::of_contact(conn, account, &shown, digits)?,
        properties,
        visitors: found.browsers,
        merged,
        timeline,
        visits,
        shown_merges,
        lists: list::list_of_contact(conn, account, shown.id)?.into_iter().map(in_list).collect(),
        list_changes,
        edits,
        total: found.total,
        next: found.next.map(|place| place.to_string()),
        damaged: iso_days(found.damaged),
        older_left_out: false,
        row: contacts::row_of(conn, account, shown, &mut RowTexts::default(), digits)?,
    })
}

/// The entries of a timeline with their texts, and with the identifications in between.
fn read_visits(
    ask: &Ask<'_>,
    texts: &mut Texts<'_>,
    contact: i64,
    entries: Vec<Entry>,
) -> Result<Vec<SessionRow>, Error> {
    let mut visits = Vec::with_capacity(entries.len());
    for entry in entries {
        let visit = match entry {
            Entry::Visit(visit) => visit,
            Entry::Submission(submitted) => {
                visits.push(texts.submission(submitted)?);
                continue;
            }
        };
        let mut row = texts.session(&visit)?;
        let said = identification::list(ask.conn, ask.account, contact, visit.run.visitor)?;
        let within = said.into_iter().filter(|at| (visit.start_ms..=visit.last_ms).contains(&at.0));
        row.timeline.extend(within.map(EventRow::identification));
        row.timeline.sort_by_key(|event| event.at);
        visits.push(row);
    }
    Ok(visits)
}

/// Why the address of a contact is possibly a placeholder (rules.md 36).
fn find_placeholder(
    conn: &Connection,
    account: AccountId,
    shown: &Shown,
) -> Result<Option<&'static str>, store::Error> {
    let Some(address) = &shown.email else { return Ok(None) };
    let is_noticed = contact_joining::find_noticed(conn, account, shown.id)?.is_some();
    let by_name = has_placeholder_name(address).then_some("name");
    Ok(if is_noticed { Some("browsers") } else { by_name })
}
