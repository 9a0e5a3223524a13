//! What some visitors left behind: their rows, of segments and hot rows, the newest days first. For the few visitors a
//! page shows; what many come to is counted by the scan.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::store::error::{Damage, Error};
use crate::store::event::COMPLETION;
use crate::store::people::visitor;
use crate::store::scan::Deadline;
use crate::store::segment::columns::{Col, IS_COMPLETION};
use crate::store::segment::{self, Reader, Segment};

/// Most numbers looked at of one contact: its own, and those of the browsers seen last.
pub const NUMBERS_MAX: usize = 50;

/// Whose rows, and of when.
pub struct Ask<'a> {
    pub account: AccountId,
    /// Half-open, milliseconds.
    pub range_ms: Range<i64>,
    /// Visitor numbers.
    pub numbers: &'a FxHashSet<u32>,
    pub deadline: &'a Deadline,
}

/// One row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trace {
    pub visitor: u32,
    /// 0 = told by a program.
    pub session: u32,
    pub at_ms: i64,
    /// Otherwise a page view.
    pub is_completion: bool,
    pub event: u32,
}

/// The visitor numbers of contacts, each with its contact.
pub fn numbers_of(
    conn: &Connection,
    account: AccountId,
    contacts: &[i64],
) -> Result<FxHashMap<u32, i64>, Error> {
    let mut numbers = FxHashMap::default();
    for contact in contacts {
        for number in visitor::list_of_contact(conn, account, *contact, NUMBERS_MAX)? {
            numbers.insert(number.0, *contact);
        }
    }
    Ok(numbers)
}

/// When each contact completed an event last within a range; who has not is left out.
///
/// # Errors
/// `TimeLimit`, or SQLite's. Days that cannot be read tell nothing.
pub fn list_last(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
    contacts: &[i64],
    range_ms: Range<i64>,
    deadline: &Deadline,
) -> Result<FxHashMap<i64, Millis>, Error> {
    let contact_of = numbers_of(conn, account, contacts)?;
    let mut last: FxHashMap<i64, Millis> = FxHashMap::default();
    let visit = |found: &mut FxHashMap<i64, Millis>, trace: Trace| {
        if trace.event == event.0
            && let Some(contact) = contact_of.get(&trace.visitor)
        {
            let at = found.entry(*contact).or_insert(Millis(trace.at_ms));
            *at = (*at).max(Millis(trace.at_ms));
        }
    };
    let mut numbers: FxHashSet<u32> = contact_of.keys().copied().collect();
    let ask = Ask { account, range_ms: range_ms.clone(), numbers: &numbers, deadline };
    each_hot(conn, &ask, |trace| visit(&mut last, trace))?;
    let mut reader = Reader::prepare(conn)?;
    for segment in newest_first(conn, &ask)? {
        deadline.check()?;
        // Who was there later than all of this day is not looked for any more.
        numbers.retain(|number| {
            let at = contact_of.get(number).and_then(|contact| last.get(contact));
            at.is_none_or(|at| at.0 < segment.extent.last_ms)
        });
        if numbers.is_empty() {
            break;
        }
        let ask = Ask { account, range_ms: range_ms.clone(), numbers: &numbers, deadline };
        match each_of(&mut reader, &segment, &ask, |trace| visit(&mut last, trace)) {
            Err(Error::Damaged(_)) => {}
            read => read?,
        }
    }
    Ok(last)
}

fn newest_first(conn: &Connection, ask: &Ask<'_>) -> Result<impl Iterator<Item = Segment> + use<>, Error> {
    let segments = segment::list(conn, ask.account, ask.range_ms.start, ask.range_ms.end)?;
    Ok(segments.into_iter().rev())
}

fn each_hot(conn: &Connection, ask: &Ask<'_>, mut visit: impl FnMut(Trace)) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select visitor, session_id, at_ms, kind, event from event_hot
         where account_id = ?1 and at_ms >= ?2 and at_ms < ?3",
    )?;
    let mut rows = statement.query((ask.account.0, ask.range_ms.start, ask.range_ms.end))?;
    while let Some(row) = rows.next()? {
        let visitor = row.get(0)?;
        if ask.numbers.contains(&visitor) {
            visit(Trace {
                visitor,
                session: row.get(1)?,
                at_ms: row.get(2)?,
                is_completion: row.get::<_, u8>(3)? == COMPLETION,
                event: row.get(4)?,
            });
        }
    }
    Ok(())
}

/// The rows of a segment. Only its column of visitors is read when it has none.
fn each_of(
    reader: &mut Reader<'_>,
    segment: &Segment,
    ask: &Ask<'_>,
    mut visit: impl FnMut(Trace),
) -> Result<(), Error> {
    let mut column = |col| -> Result<Vec<u32>, Error> {
        let mut values = Vec::new();
        reader.read(segment, col, &mut values)?;
        Ok(values)
    };
    let visitors = column(Col::Visitor)?;
    if !visitors.iter().any(|visitor| ask.numbers.contains(visitor)) {
        return Ok(());
    }
    let (sessions, counts, starts) = (column(Col::Session)?, column(Col::Rows)?, column(Col::Start)?);
    let (gaps, kinds, events) = (column(Col::Gap)?, column(Col::Kind)?, column(Col::Event)?);
    let of = |column: &[u32], place: usize| column.get(place).copied().unwrap_or(0);
    let mut begin = 0;
    for (run, (visitor, count)) in visitors.iter().zip(&counts).enumerate() {
        let end = begin + *count as usize;
        if *count == 0 || end > segment.extent.rows as usize {
            return Err(Damage::Inconsistent.into());
        }
        if ask.numbers.contains(visitor) {
            let mut at_ms = segment.extent.first_ms + i64::from(of(&starts, run));
            for row in begin..end {
                // The first row of each run has no gap.
                if row > begin {
                    at_ms += i64::from(of(&gaps, row - run - 1));
                }
                if ask.range_ms.contains(&at_ms) {
                    visit(Trace {
                        visitor: *visitor,
                        session: of(&sessions, run),
                        at_ms,
                        is_completion: of(&kinds, row) & IS_COMPLETION != 0,
                        event: of(&events, row),
                    });
                }
            }
        }
        begin = end;
    }
    Ok(())
}
