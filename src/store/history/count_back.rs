//! Changes the completions of one event in what is stored already. An event can be *counted back*: page views from
//! before it was created become completions of it. Or all of its completions are deleted.
//!
//! The work is done in steps. Each is a short transaction of the caller and includes what it changes of sessions,
//! visitors and contacts. It can be interrupted anywhere and run again from the start, because a page view that has
//! its completion already is not counted again. Hot rows come first and segments after them: rows only ever move from
//! hot rows to segments, so none is missed.

use std::collections::VecDeque;
use std::ops::Range;

use rusqlite::{Connection, OptionalExtension};
use rustc_hash::FxHashMap;

use crate::base::clock::MINUTE;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::money::SUM_MAX;
use crate::domain::page::Page;
use crate::domain::provenance::Trust;
use crate::domain::url_rule::UrlRule;
use crate::domain::visitor::is_bounce;
use crate::store::changes;
use crate::store::error::Error;
use crate::store::hits::dictionary::{self, Kind};
use crate::store::hits::event::{self, COMPLETION, Event, PAGE_VIEW};
use crate::store::segment::columns::{self, Col, Content, Run};
use crate::store::segment::rewrite;
use crate::store::segment::{Reader, Segment};
use crate::store::{contact, definition, session, visitor};

/// Rows of segments changed in one transaction. The last segment may exceed it.
const ROWS: u32 = 100_000;
/// The span of time whose hot rows are changed in one transaction.
const WINDOW: i64 = 5 * MINUTE;
/// Properties read in one transaction.
pub const PROPERTIES: i64 = 10_000;

#[derive(Clone, Debug)]
pub enum Change {
    /// Every page view of these pages becomes a completion of this value.
    CountBack {
        event: EventNumber,
        value_minor: i64,
        pages: Pages,
    },
    Delete {
        event: EventNumber,
    },
}

/// A set of pages, by their dictionary ids.
#[derive(Clone, Debug, Default)]
pub struct Pages(Vec<bool>);

impl Pages {
    /// The pages of an account that match a rule.
    pub fn matching(conn: &Connection, account: AccountId, rule: &UrlRule) -> Result<Self, Error> {
        let mut pages = Self(vec![false]);
        dictionary::list_after(conn, account, Kind::Page, 0, |id, text| {
            let part = |n| dictionary::part(text, n).to_owned();
            let page = Page { host: part(0), path: part(1), query: part(2) };
            pages.0.resize(id as usize, false);
            pages.0.push(rule.matches(&page));
        })?;
        Ok(pages)
    }

    fn has(&self, page: u32) -> bool {
        self.0.get(page as usize).copied().unwrap_or(false)
    }
}

/// What a step did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Done {
    /// Completions that were added or deleted.
    pub completions: u64,
    /// Time of the latest of them.
    pub last_ms: Option<i64>,
}

impl Done {
    fn add(&mut self, at_ms: i64) {
        self.completions += 1;
        self.last_ms = self.last_ms.max(Some(at_ms));
    }

    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self { completions: self.completions + other.completions, last_ms: self.last_ms.max(other.last_ms) }
    }
}

/// What a step changes for sessions (completions) and visitors (completions and their value).
#[derive(Debug, Default)]
struct Effects {
    sessions: FxHashMap<u32, i64>,
    visitors: FxHashMap<u32, (i64, i64)>,
    done: Done,
}

impl Effects {
    fn add(&mut self, row: &Event, sign: i64) {
        if row.session_id != 0 {
            *self.sessions.entry(row.session_id).or_default() += sign;
        }
        if row.visitor != 0 {
            let (completions, value_minor) = self.visitors.entry(row.visitor).or_default();
            *completions += sign;
            *value_minor = value_minor.saturating_add(sign * row.value_minor);
        }
        self.done.add(row.at_ms);
    }

    fn apply(self, conn: &Connection, account: AccountId, event: EventNumber) -> Result<Done, Error> {
        // Without a completion nothing changed.
        let Some(last_ms) = self.done.last_ms else { return Ok(self.done) };
        for (id, completions) in self.sessions {
            session::add_completions(conn, account, id, completions)?;
        }
        let mut anonymous = conn.prepare_cached(
            "update visitor set completions = max(0, completions + ?3),
                 value_minor = max(-?5, min(?5, value_minor + ?4))
             where account_id = ?1 and number = ?2 returning contact_id",
        )?;
        let mut known = conn.prepare_cached(
            "select contact_id from visitor where account_id = ?1 and number = ?2 and contact_id is not null",
        )?;
        for (number, (completions, value_minor)) in self.visitors {
            let mut rows = known.query((account.0, number))?;
            match rows.next()?.map(|row| row.get(0)).transpose()? {
                Some(id) => {
                    contact::add_completions(conn, account, id, Trust::Asserted, completions, value_minor)?;
                    visitor::add_contact_completions(conn, account, number, completions, value_minor)?;
                }
                None => {
                    let value_minor = value_minor.clamp(-SUM_MAX, SUM_MAX);
                    anonymous.query((account.0, number, completions, value_minor, SUM_MAX))?.next()?;
                }
            }
        }
        definition::update_last(conn, account, event, last_ms)?;
        changes::raise(conn, account, changes::Kind::Visitors)?;
        Ok(self.done)
    }
}

impl Change {
    const fn event(&self) -> EventNumber {
        match self {
            Self::CountBack { event, .. } | Self::Delete { event } => *event,
        }
    }

    fn sign(&self) -> i64 {
        if matches!(self, Self::CountBack { .. }) { 1 } else { -1 }
    }

    /// The completion that a page view becomes.
    fn completion_of(&self, row: &Event) -> Option<Event> {
        let Self::CountBack { event, value_minor, pages } = self else { return None };
        (row.kind == PAGE_VIEW && pages.has(row.page)).then(|| Event {
            kind: COMPLETION,
            title: 0,
            event: event.0,
            value_minor: *value_minor,
            engaged_ms: 0,
            ..row.clone()
        })
    }

    fn is_of(&self, row: &Event) -> bool {
        row.kind == COMPLETION && row.event == self.event().0
    }

    /// Can a segment have rows to change? One column is enough to exclude most segments.
    fn may_be_in(&self, reader: &mut Reader<'_>, segment: &Segment) -> Result<bool, Error> {
        Ok(match self {
            Self::CountBack { pages, .. } => {
                reader.column(segment, Col::PageListPage)?.iter().any(|page| pages.has(*page))
            }
            Self::Delete { event } => reader.column(segment, Col::Event)?.contains(&event.0),
        })
    }

    fn change(&self, run: &mut Run, effects: &mut Effects) {
        match self {
            Self::CountBack { .. } => self.count_in(run, effects),
            Self::Delete { .. } => self.delete_from(run, effects),
        }
    }

    fn count_in(&self, run: &mut Run, effects: &mut Effects) {
        let mut counted: FxHashMap<i64, u32> = FxHashMap::default();
        for row in run.rows.iter().filter(|row| self.is_of(row)) {
            *counted.entry(row.at_ms).or_default() += 1;
        }
        let mut new = Vec::new();
        for made in run.rows.iter().filter_map(|row| self.completion_of(row)) {
            match counted.get_mut(&made.at_ms).filter(|count| **count > 0) {
                Some(count) => *count -= 1,
                None => new.push(made),
            }
        }
        if new.is_empty() {
            return;
        }
        new.iter().for_each(|row| effects.add(row, 1));
        run.rows.append(&mut new);
        // The sort is stable, so each completion stays behind its page view.
        run.rows.sort_by_key(|row| row.at_ms);
        run.bounced = false;
    }

    fn delete_from(&self, run: &mut Run, effects: &mut Effects) {
        let before = run.rows.len();
        for row in run.rows.extract_if(.., |row| self.is_of(row)) {
            effects.add(&row, -1);
        }
        // If the session has rows outside this run, whether it bounced cannot be decided here; its row in `session` says it.
        if run.rows.len() < before && run.session != 0 && !run.spans {
            let views = run.rows.iter().filter(|row| row.kind == PAGE_VIEW);
            let engaged_ms = views.clone().map(|row| i64::from(row.engaged_ms)).sum();
            let page_views = u32::try_from(views.count()).unwrap_or(u32::MAX);
            let completions = u32::try_from(run.rows.len()).unwrap_or(u32::MAX).saturating_sub(page_views);
            run.bounced = is_bounce(page_views, completions, engaged_ms);
        }
    }
}

/// Changes the hot rows of one `WINDOW`, from the first one at or after `from_ms` on. Answers where the next step begins;
/// `None` at the end.
pub fn change_hot(
    conn: &Connection,
    account: AccountId,
    change: &Change,
    from_ms: i64,
) -> Result<(Done, Option<i64>), Error> {
    let Some(first) = event::find_first(conn, account, from_ms, i64::MAX)? else {
        return Ok((Done::default(), None));
    };
    let window: Range<i64> = first..first.saturating_add(WINDOW);
    let mut effects = Effects::default();
    let mut rows = Vec::new();
    event::list(conn, account, window.start, window.end, |row| rows.push(row))?;
    for row in rows {
        if change.is_of(&row) && matches!(change, Change::Delete { .. }) {
            event::delete_completion(conn, account, &row)?;
            effects.add(&row, change.sign());
        } else if let Some(made) = change.completion_of(&row)
            && event::insert_completion(conn, account, &made)?
        {
            effects.add(&made, change.sign());
        }
    }
    Ok((effects.apply(conn, account, change.event())?, Some(window.end)))
}

/// Deletes the properties of the completions of an event, among the next `PROPERTIES` from `from_ms` on. Answers where
/// the next step begins; `None` at the end.
pub fn delete_properties(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
    from_ms: i64,
) -> Result<Option<i64>, Error> {
    let next: Option<i64> = conn
        .prepare_cached(
            "select at_ms from event_property where account_id = ?1 and at_ms >= ?2
             order by at_ms limit 1 offset ?3",
        )?
        .query_row((account.0, from_ms, PROPERTIES), |row| row.get(0))
        .optional()?;
    // The step ends between two milliseconds, because the next one begins by time.
    let next = next.map(|at_ms| at_ms.max(from_ms.saturating_add(1)));
    conn.prepare_cached(
        "delete from event_property where account_id = ?1 and at_ms >= ?2 and at_ms < ?3 and event = ?4",
    )?
    .execute((account.0, from_ms, next.unwrap_or(i64::MAX), event.0))?;
    Ok(next)
}

/// A segment with its new content, ready to be written.
pub struct PreparedSegment {
    segment: Segment,
    content: Option<Content>,
    effects: Effects,
}

/// Prepares the new content of the next segments, as many as are written in one transaction, and removes them from
/// `segments`. A segment that cannot be read stays as it is.
pub fn prepare(
    conn: &Connection,
    change: &Change,
    segments: &mut VecDeque<Segment>,
) -> Result<Vec<PreparedSegment>, Error> {
    rewrite::prepare_next(conn, segments, ROWS, "its completions were not changed", |reader, segment| {
        prepare_one(reader, change, segment)
    })
}

fn prepare_one(
    reader: &mut Reader<'_>,
    change: &Change,
    segment: Segment,
) -> Result<Option<PreparedSegment>, Error> {
    if !change.may_be_in(reader, &segment)? {
        return Ok(None);
    }
    let mut runs = reader.runs(&segment)?;
    let mut effects = Effects::default();
    runs.iter_mut().for_each(|run| change.change(run, &mut effects));
    if effects.done.completions == 0 {
        return Ok(None);
    }
    Ok(Some(PreparedSegment { segment, content: columns::encode(runs), effects }))
}

/// Replaces the prepared segments and applies their effects. A segment that was replaced meanwhile is left to the next
/// round. Also answers the ids of the segments that were written.
pub fn apply(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
    prepared: Vec<PreparedSegment>,
) -> Result<(Done, Vec<i64>), Error> {
    let mut done = Done::default();
    let mut written = Vec::with_capacity(prepared.len());
    for PreparedSegment { segment, content, effects } in prepared {
        let new = content.map(|content| (segment.day, content));
        if let Some(ids) = rewrite::replace(conn, account, &[segment], new)? {
            written.extend(ids);
            done = done.and(effects.apply(conn, account, event)?);
        }
    }
    Ok((done, written))
}
