//! What the contacts of a company did, together and of all time: their sessions, what programs report of them, the forms
//! they submitted, and when they became contacts. Each day is read once for all of them, and a company can have any number
//! of contacts, so those seen last stand for it.

use std::cmp::Reverse;
use std::collections::hash_map::Entry;
use std::ops::Range;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde::Serialize;

use super::contact::{Moment, place_of, submissions_before};
use super::contacts::{self, ContactRow, RowTexts};
use super::visitor::{EventRow, SessionRow, Texts};
use crate::app::core::App;
use crate::app::reports::{Error, iso_days, parameters};
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::money;
use crate::domain::period::Zone;
use crate::domain::visitor::VisitorNumber;
use crate::store::contact::{Order, Shown};
use crate::store::contact_activity::NUMBERS_MAX;
use crate::store::contact_list::{self, Among};
use crate::store::submission::{self, Submitted};
use crate::store::timeline::{self, Place, Visit};
use crate::store::{Connection, scan, visitor};

/// Most contacts of a company whose activity is read: those seen last.
pub const CONTACTS_MAX: usize = 200;
/// Entries of one page.
pub const ENTRIES: usize = 20;

/// One page of the timeline of a company.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct CompanyTimeline {
    /// Of the entries shown, the newest first. `contact_id` says whose each is.
    pub timeline: Vec<Moment>,
    #[serde(skip)]
    pub entries: Vec<CompanyEntry>,
    /// All sessions, submitted forms, contacts that came, and days of what programs report.
    pub timeline_total: u64,
    /// What `timeline_after` must be for earlier ones.
    pub timeline_next: Option<String>,
    /// The company has more contacts, or one of these more browsers, than are read.
    pub older_left_out: bool,
    /// Local days that cannot be read, and may hold more.
    pub damaged: Vec<String>,
}

/// An entry, and whose it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CompanyEntry {
    pub contact: ContactRow,
    pub at: Millis,
    /// A session or a submission; `None` says that the contact came.
    pub visit: Option<SessionRow>,
}

/// The entries after a place, at most `ENTRIES`.
///
/// # Errors
/// `Invalid` when `after` is no answer's `timeline_next`; `NoAccount`; the store's.
pub async fn timeline(
    app: &App,
    account: AccountId,
    company: CompanyId,
    after: Option<&str>,
) -> Result<CompanyTimeline, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let after = parameters::after(after, Place::parse)?;
    let clock = Arc::clone(&app.clock);
    app.store
        .read(move |conn| {
            let deadline = scan::Deadline::new(clock);
            let digits = money::digits(&entry.settings().currency);
            let ask = Ask { conn, account, zone: &entry.zone, after, deadline: &deadline };
            ask.find(company, CONTACTS_MAX, ENTRIES, digits)
        })
        .await
}

/// Which part of the timeline is asked for, and where it is read.
struct Ask<'a> {
    conn: &'a Connection,
    account: AccountId,
    zone: &'a Zone,
    after: Option<Place>,
    deadline: &'a scan::Deadline,
}

/// What happened.
enum What {
    Visit(Visit),
    Submission(Submitted),
    Came,
}

/// The session of the place at which a contact came. No session has this number, so the place is its own.
const CAME: u32 = u32::MAX;

fn came(shown: &Shown) -> Place {
    let [a, b, c, d, ..] = shown.id.to_le_bytes();
    Place { start_ms: shown.created.0, session: CAME, visitor: u32::from_le_bytes([a, b, c, d]) }
}

impl Ask<'_> {
    fn find(
        &self,
        company: CompanyId,
        contacts_max: usize,
        limit: usize,
        digits: u32,
    ) -> Result<CompanyTimeline, Error> {
        let among = Among::Company(company);
        let mut contacts =
            contact_list::list(self.conn, self.account, Order::LastSeen, among, None, contacts_max + 1)?;
        let mut older_left_out = contacts.len() > contacts_max;
        contacts.truncate(contacts_max);
        let contact_of = self.contacts_by_number(&contacts, &mut older_left_out)?;
        let visitors: Vec<_> =
            contact_of.iter().map(|(number, (_, range_ms))| (*number, range_ms.clone())).collect();
        let timeline = timeline::list(
            self.conn,
            &timeline::Request {
                account: self.account,
                visitors: &visitors,
                zone: self.zone,
                after: self.after,
                limit: limit.saturating_add(1),
                rows: timeline::ROWS_MAX,
                deadline: self.deadline,
            },
        )?;
        let mut total = timeline.total + contacts.len() as u64;
        let mut found: Vec<(Place, i64, What)> = Vec::new();
        for visit in timeline.visits {
            let Some((contact, _)) = contact_of.get(&VisitorNumber(visit.run.visitor)) else {
                continue;
            };
            found.push((visit.place(), *contact, What::Visit(visit)));
        }
        let before = submissions_before(self.after);
        for shown in &contacts {
            let count = submission::count_of_contact(self.conn, self.account, shown.id)?;
            if count > 0 {
                let submitted = submission::list_of_contact(
                    self.conn,
                    self.account,
                    shown.id,
                    before,
                    limit.saturating_add(1),
                )?;
                let of_contact = |one: Submitted| (place_of(&one), shown.id, What::Submission(one));
                found.extend(submitted.into_iter().map(of_contact));
            }
            total += count;
            let place = came(shown);
            if self.after.is_none_or(|after| place < after) {
                found.push((place, shown.id, What::Came));
            }
        }
        found.sort_by_key(|(place, ..)| Reverse(*place));
        let is_more = found.len() > limit;
        found.truncate(limit);
        let next = found.last().filter(|_| is_more).map(|(place, ..)| place.to_string());
        let entries = self.entries(&contacts, found, digits)?;
        Ok(CompanyTimeline {
            timeline: entries.iter().flat_map(moments).collect(),
            entries,
            timeline_total: total,
            timeline_next: next,
            older_left_out,
            damaged: iso_days(timeline.damaged),
        })
    }

    /// The visitors of the contacts, each with its contact and its times.
    fn contacts_by_number(&self, contacts: &[Shown], older_left_out: &mut bool) -> Result<Numbers, Error> {
        let mut numbers = Numbers::default();
        for shown in contacts {
            let mut of_contact =
                visitor::list_of_contact(self.conn, self.account, shown.id, NUMBERS_MAX + 1)?;
            *older_left_out |= of_contact.len() > NUMBERS_MAX;
            of_contact.truncate(NUMBERS_MAX);
            for number in of_contact {
                let Some(visitor) = visitor::find(self.conn, self.account, number)? else { continue };
                let mut range_ms = visitor.first_ms..visitor.last_ms.saturating_add(1);
                if visitor.no_browser {
                    // What programs report moves the times of the contact alone.
                    range_ms.start = range_ms.start.min(shown.first.0);
                    range_ms.end = range_ms.end.max(shown.last.0.saturating_add(1));
                }
                numbers.insert(number, (shown.id, range_ms));
            }
        }
        Ok(numbers)
    }

    /// The entries with their texts.
    fn entries(
        &self,
        contacts: &[Shown],
        found: Vec<(Place, i64, What)>,
        digits: u32,
    ) -> Result<Vec<CompanyEntry>, Error> {
        let mut texts = Texts::new(self.conn, self.account, digits)?;
        let mut row_texts = RowTexts::default();
        let mut rows: FxHashMap<i64, ContactRow> = FxHashMap::default();
        let mut entries = Vec::with_capacity(found.len());
        for (place, contact, what) in found {
            let row = match rows.entry(contact) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(unknown) => {
                    let Some(shown) = contacts.iter().find(|shown| shown.id == contact) else { continue };
                    let row =
                        contacts::row_of(self.conn, self.account, shown.clone(), &mut row_texts, digits)?;
                    unknown.insert(row)
                }
            };
            let visit = match what {
                What::Visit(visit) => Some(texts.session(&visit)?),
                What::Submission(submitted) => Some(texts.submission(submitted)?),
                What::Came => None,
            };
            entries.push(CompanyEntry { contact: row.clone(), at: Millis(place.start_ms), visit });
        }
        Ok(entries)
    }
}

type Numbers = FxHashMap<VisitorNumber, (i64, Range<i64>)>;

/// What happened in an entry, the latest first.
fn moments(entry: &CompanyEntry) -> Vec<Moment> {
    let whose = Some(entry.contact.id);
    let Some(visit) = &entry.visit else {
        let event =
            EventRow { at: entry.at, kind: "contact_created", contact_id: whose, ..EventRow::default() };
        return vec![Moment { event, ..Moment::default() }];
    };
    let moment = |event: &EventRow| Moment {
        event: EventRow { contact_id: whose, ..event.clone() },
        session: visit.id,
        source: visit.source.clone(),
        device: visit.device.clone(),
    };
    visit.timeline.iter().rev().map(moment).collect()
}
