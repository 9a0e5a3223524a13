//! Reads all stored events of an account in the order of their times, for exports.
//!
//! A call reads the events of one *window*: the rest of a local day, or as much of it as holds about `step_rows` events.
//! Windows are bounds of time, and an event never changes its time. So it does not matter when hot rows become a
//! segment, or a segment is written anew, between two calls: every event that is stored all the while is read once,
//! whether all calls share a transaction or each has its own. In memory are the rows of a window, one segment, and the
//! times of the day when it has to be divided.

use std::ops::Range;
use std::path::Path;

use rusqlite::{Connection, Rows};
use rustc_hash::FxHashMap;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::period::{LocalDay, Zone};
use crate::store::dictionary::{self, Kind};
use crate::store::error::{Damage, Error};
use crate::store::event::{self, Event, PAGE_VIEW};
use crate::store::hits::dictionary_lookup::TextList;
use crate::store::scan::contacts::Contacts;
use crate::store::segment::columns::Run;
use crate::store::segment::late_engagement::{self, Late};
use crate::store::segment::{self, Reader, Segment};
use crate::store::session::{self, Session};
use crate::store::{account, data_dir, definition};

/// How many events a window has, about. More only when they have the same millisecond.
pub const STEP_ROWS: usize = 30_000;

/// A store in one state, which is read beside whatever uses it. While it exists the write-ahead log of a running server
/// cannot shrink.
pub struct Snapshot(Connection);

impl Snapshot {
    /// Answers `None` when there is no store yet. The errors are those of `data_dir::open_main`.
    pub fn open(data_dir: &Path) -> Result<Option<Self>, Error> {
        let Some(conn) = data_dir::open_main(data_dir)? else { return Ok(None) };
        conn.execute_batch("begin")?;
        Ok(Some(Self(conn)))
    }

    #[must_use]
    pub const fn conn(&self) -> &Connection {
        &self.0
    }
}

/// How many events of the period there are, and perhaps some more: days that are only in part in the period count whole.
pub fn count_about(conn: &Connection, account: AccountId, range_ms: &Range<i64>) -> Result<u64, Error> {
    let closed = segment::list(conn, account, range_ms.start, range_ms.end)?;
    let closed: u64 = closed.iter().map(|segment| u64::from(segment.extent.rows)).sum();
    let open: i64 = conn
        .prepare_cached(
            "select count(*) from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3",
        )?
        .query_row((account.0, range_ms.start, range_ms.end), |row| row.get(0))?;
    Ok(closed + u64::try_from(open).unwrap_or(0))
}

/// An event with all that is known of it. Texts are ids, which `Texts` resolves.
pub struct ExportRow<'a> {
    pub event: &'a Event,
    /// Its session, without rows. Of events sent by programs all of it is 0.
    pub session: &'a Run,
    /// The contact that the visitor belongs to now; 0 = none.
    pub contact: u32,
    /// What a completion was sent with, a JSON object.
    pub properties: Option<&'a str>,
}

/// The texts of an account, as reports show them.
#[derive(Default)]
pub struct Texts {
    /// By kind.
    lists: [TextList; Kind::Company as usize + 1],
    /// Names of events that are not deleted, by number.
    events: FxHashMap<u32, String>,
}

impl Texts {
    /// The text of an id; empty for 0 and for unknown ids.
    #[must_use]
    pub fn get(&self, kind: Kind, id: u32) -> &str {
        self.lists.get(kind as usize).map_or("", |list| list.get(id))
    }

    /// The name of an event; empty when it is deleted.
    #[must_use]
    pub fn event(&self, number: u32) -> &str {
        self.events.get(&number).map_or("", String::as_str)
    }

    /// Reads what is new.
    fn update(&mut self, conn: &Connection, account: AccountId) -> Result<(), Error> {
        for kind in Kind::ALL {
            if let Some(list) = self.lists.get_mut(kind as usize)
                && list.last_id() < dictionary::last_id(conn, account, kind)?
            {
                list.extend(conn, account, kind)?;
            }
        }
        self.events = definition::list_names(conn, account)?;
        Ok(())
    }
}

/// Reads the events of one account, window by window.
pub struct EventReader {
    account: AccountId,
    zone: Zone,
    /// At least 1.
    step_rows: usize,
    texts: Texts,
    contacts: Contacts,
    /// Days that could not be read. Events of them are missing.
    pub damaged: Vec<LocalDay>,
}

/// The rows of a window.
#[derive(Default)]
struct Window {
    sessions: Vec<Run>,
    /// Each with the index of its session.
    rows: Vec<(Event, usize)>,
}

/// What changed of sessions after their events went into segments.
struct Changes {
    sessions: FxHashMap<u32, Session>,
    late: Late,
}

impl EventReader {
    #[must_use]
    pub fn new(account: AccountId, zone: Zone, step_rows: usize) -> Self {
        Self {
            account,
            zone,
            step_rows: step_rows.max(1),
            texts: Texts::default(),
            contacts: Contacts::default(),
            damaged: Vec::new(),
        }
    }

    /// Visits the first events of the period, ordered by time. Answers where the period of the next call has to begin;
    /// `None` when there are no more events. `now` decides which sessions are finished.
    pub fn read(
        &mut self,
        conn: &Connection,
        now: Millis,
        range_ms: &Range<i64>,
        mut visit: impl FnMut(&Texts, &ExportRow<'_>),
    ) -> Result<Option<i64>, Error> {
        // A local day that a time zone left out is no time at all.
        if range_ms.is_empty() {
            return Ok(None);
        }
        let verified = segment::list_verified(conn, self.account, range_ms.start, range_ms.end)?;
        verified.damaged_days.into_iter().for_each(|day| self.note_damage(day, Damage::Row));
        let mut segments = verified.segments;
        let first_hot = event::find_first(conn, self.account, range_ms.start, range_ms.end)?;
        let first =
            segments.iter().map(|segment| segment.extent.first_ms.max(range_ms.start)).chain(first_hot);
        let Some(first) = first.min() else { return Ok(None) };
        let day_end = self.zone.start_of(self.zone.day_of(Millis(first)).plus(1)).0;
        let mut window_ms = first..day_end.max(first.saturating_add(1)).min(range_ms.end);
        segments.retain(|segment| segment.extent.first_ms < window_ms.end);
        window_ms.end = self.find_end(conn, &mut segments, &window_ms)?;
        let window = self.read_window(conn, now, &segments, &window_ms)?;
        self.texts.update(conn, self.account)?;
        let contacts = match account::find_numbers(conn, self.account)? {
            Some(numbers) => self.contacts.list(conn, self.account, numbers)?,
            None => Default::default(),
        };
        let mut statement = conn.prepare_cached(
            "select at_ms, visitor, event, properties from event_property
             where account_id = ?1 and at_ms >= ?2 and at_ms < ?3 order by at_ms, inbox_id",
        )?;
        let mut properties =
            Properties::of(statement.query((self.account.0, window_ms.start, window_ms.end))?);
        for (event, session) in &window.rows {
            let Some(session) = window.sessions.get(*session) else { continue };
            let sent = if event.kind == PAGE_VIEW { None } else { properties.take(event)? };
            let contact = contacts.get(event.visitor as usize).copied().unwrap_or(0);
            visit(&self.texts, &ExportRow { event, session, contact, properties: sent.as_deref() });
        }
        Ok(Some(window_ms.end))
    }

    fn note_damage(&mut self, day: LocalDay, damage: Damage) {
        if !self.damaged.contains(&day) {
            tracing::error!(account = self.account.0, day = day.0, %damage,
                "a closed day cannot be read and is missing from an export");
            self.damaged.push(day);
        }
    }

    /// Drops what is damaged.
    fn keep_readable<T>(&mut self, segment: &Segment, read: Result<T, Error>) -> Result<Option<T>, Error> {
        match read {
            Err(Error::Damaged(damage)) => {
                self.note_damage(segment.day, damage);
                Ok(None)
            }
            read => read.map(Some),
        }
    }

    /// The end of the window when it shall have no more than about `step_rows` events. Damaged segments leave the list.
    fn find_end(
        &mut self,
        conn: &Connection,
        segments: &mut Vec<Segment>,
        window_ms: &Range<i64>,
    ) -> Result<i64, Error> {
        let mut times = list_hot_times(conn, self.account, window_ms, self.step_rows + 1)?;
        let closed: usize = segments.iter().map(|segment| segment.extent.rows as usize).sum();
        if closed.saturating_add(times.len()) <= self.step_rows {
            return Ok(window_ms.end);
        }
        let mut reader = Reader::prepare(conn)?;
        let mut readable = Vec::with_capacity(segments.len());
        for segment in &*segments {
            let runs = reader.runs_of_visitors(segment, |_| true);
            let Some(runs) = self.keep_readable(segment, runs)? else { continue };
            times.extend(runs.iter().flat_map(|run| &run.at_ms).filter(|at_ms| window_ms.contains(at_ms)));
            readable.push(*segment);
        }
        *segments = readable;
        if times.len() <= self.step_rows {
            return Ok(window_ms.end);
        }
        let (_, last, _) = times.select_nth_unstable(self.step_rows - 1);
        Ok(last.saturating_add(1))
    }

    fn read_window(
        &mut self,
        conn: &Connection,
        now: Millis,
        segments: &[Segment],
        window_ms: &Range<i64>,
    ) -> Result<Window, Error> {
        let mut window = Window::default();
        if !segments.is_empty() {
            let changes = Changes {
                sessions: session::list_changed(conn, self.account)?,
                late: late_engagement::list(conn, self.account, |_| true)?,
            };
            let mut reader = Reader::prepare(conn)?;
            for segment in segments {
                let (sessions, rows) = (window.sessions.len(), window.rows.len());
                let added = window.add_segment(&mut reader, segment, window_ms, &changes, now);
                if self.keep_readable(segment, added)?.is_none() {
                    window.sessions.truncate(sessions);
                    window.rows.truncate(rows);
                }
            }
        }
        window.add_hot_rows(conn, self.account, window_ms, now)?;
        window.rows.sort_by_key(|(event, _)| event.at_ms);
        Ok(window)
    }
}

/// The times of the first hot rows of a period.
fn list_hot_times(
    conn: &Connection,
    account: AccountId,
    range_ms: &Range<i64>,
    limit: usize,
) -> Result<Vec<i64>, Error> {
    let mut statement = conn.prepare_cached(
        "select at_ms from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3
         order by at_ms limit ?4",
    )?;
    let limit = i64::try_from(limit).unwrap_or(i64::MAX);
    let times = statement.query_map((account.0, range_ms.start, range_ms.end, limit), |row| row.get(0))?;
    Ok(times.collect::<Result<_, _>>()?)
}

/// What the row of a session says of it now. A session that is not finished has no exit page yet (rules.md 15).
fn update(run: &mut Run, session: &Session, now: Millis) {
    run.update_from(session);
    if !session.is_over(now) {
        run.exit_page = 0;
    }
}

impl Window {
    fn add_segment(
        &mut self,
        reader: &mut Reader<'_>,
        segment: &Segment,
        window_ms: &Range<i64>,
        changes: &Changes,
        now: Millis,
    ) -> Result<(), Error> {
        let runs = reader.runs_of_visitors(segment, |_| true)?;
        let columns = reader.columns(segment)?;
        for found in runs {
            if !found.at_ms.iter().any(|at_ms| window_ms.contains(at_ms)) {
                continue;
            }
            let mut run = columns.run(found.run)?;
            let changed = changes.sessions.get(&run.session);
            let mut before_ms = None;
            for (row, at_ms) in found.rows.zip(found.at_ms) {
                let mut event = columns.row(&run, row, at_ms)?;
                // Of several page views at the same millisecond only the first gets what arrived late, as when the
                // segment is rewritten.
                if changed.is_some() && event.kind == PAGE_VIEW && before_ms.replace(at_ms) != Some(at_ms) {
                    let late = changes.late.get(&(run.session, at_ms)).copied().unwrap_or(0);
                    event.engaged_ms = event.engaged_ms.max(late);
                }
                if window_ms.contains(&at_ms) {
                    self.rows.push((event, self.sessions.len()));
                }
            }
            if let Some(session) = changed {
                update(&mut run, session, now);
            }
            self.sessions.push(run);
        }
        Ok(())
    }

    fn add_hot_rows(
        &mut self,
        conn: &Connection,
        account: AccountId,
        window_ms: &Range<i64>,
        now: Millis,
    ) -> Result<(), Error> {
        let mut events = Vec::new();
        event::list(conn, account, window_ms.start, window_ms.end, |event| events.push(event))?;
        let mut index_of: FxHashMap<(u32, u32), usize> = FxHashMap::default();
        for event in events {
            let key = (event.session_id, event.visitor);
            let index = match index_of.get(&key) {
                Some(index) => *index,
                None => {
                    let mut run = Run { session: key.0, visitor: key.1, ..Run::default() };
                    if key.0 != 0
                        && let Some(session) = session::find(conn, account, key.0)?
                    {
                        update(&mut run, &session, now);
                    }
                    self.sessions.push(run);
                    *index_of.entry(key).or_insert(self.sessions.len() - 1)
                }
            };
            self.rows.push((event, index));
        }
        Ok(())
    }
}

/// The properties of completions, read along with the rows. A segment does not keep which hit a row came with, so the two
/// are matched by time, visitor and event; of several that agree in all three, the first belongs to the first.
struct Properties<'s> {
    rows: Rows<'s>,
    /// The row that was read last, when its time is still to come.
    ahead: Option<Sent>,
    /// Those with the time asked for last that nobody took.
    current: Vec<Sent>,
    at_ms: i64,
}

struct Sent {
    at_ms: i64,
    visitor: u32,
    event: u32,
    text: String,
}

impl<'s> Properties<'s> {
    const fn of(rows: Rows<'s>) -> Self {
        Self { rows, ahead: None, current: Vec::new(), at_ms: i64::MIN }
    }

    fn next(&mut self) -> Result<Option<Sent>, Error> {
        if let Some(ahead) = self.ahead.take() {
            return Ok(Some(ahead));
        }
        let Some(row) = self.rows.next()? else { return Ok(None) };
        Ok(Some(Sent { at_ms: row.get(0)?, visitor: row.get(1)?, event: row.get(2)?, text: row.get(3)? }))
    }

    /// The properties of a completion. The times asked for must not fall.
    fn take(&mut self, event: &Event) -> Result<Option<String>, Error> {
        if event.at_ms != self.at_ms {
            self.at_ms = event.at_ms;
            self.current.clear();
            while let Some(sent) = self.next()? {
                if sent.at_ms > event.at_ms {
                    self.ahead = Some(sent);
                    break;
                }
                if sent.at_ms == event.at_ms {
                    self.current.push(sent);
                }
            }
        }
        let is_of = |sent: &Sent| sent.visitor == event.visitor && sent.event == event.event;
        let found = self.current.iter().position(is_of);
        Ok(found.map(|place| self.current.remove(place).text))
    }
}
