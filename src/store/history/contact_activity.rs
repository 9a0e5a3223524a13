//! What single contacts did, read from segments and hot rows. It is meant for the few contacts that one page shows; what
//! many contacts did is counted by the scan.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::store::error::Error;
use crate::store::hits::event as hot_row;
use crate::store::people::visitor;
use crate::store::scan::Deadline;
use crate::store::segment::columns::Col;
use crate::store::segment::{self, Reader};

/// Most visitor numbers read of one contact: the contact's own, and those of the browsers seen last.
pub const NUMBERS_MAX: usize = 50;

/// When each contact last completed an event within a range. Contacts who did not are left out, and so is what happened
/// on damaged days. Answers `TimeLimit` when it takes too long.
pub fn list_last(
    conn: &Connection,
    account: AccountId,
    event: EventNumber,
    contacts: &[i64],
    range_ms: Range<i64>,
    deadline: &Deadline,
) -> Result<FxHashMap<i64, Millis>, Error> {
    let contact_of = contacts_by_number(conn, account, contacts)?;
    let mut last: FxHashMap<i64, Millis> = FxHashMap::default();
    let note = |last: &mut FxHashMap<i64, Millis>, visitor: u32, at_ms: i64| {
        if let Some(contact) = contact_of.get(&visitor).filter(|_| range_ms.contains(&at_ms)) {
            let at = last.entry(*contact).or_insert(Millis(at_ms));
            *at = (*at).max(Millis(at_ms));
        }
    };
    let mut statement = conn.prepare_cached(
        "select row, at_ms from event_hot where account_id = ?1 and at_ms >= ?2 and at_ms < ?3 and event = ?4",
    )?;
    let mut rows = statement.query((account.0, range_ms.start, range_ms.end, event.0))?;
    while let Some(row) = rows.next()? {
        note(&mut last, hot_row::read(row, 0)?.visitor, row.get(1)?);
    }
    let mut numbers: FxHashSet<u32> = contact_of.keys().copied().collect();
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, range_ms.start, range_ms.end)?.into_iter().rev() {
        deadline.check()?;
        // A contact whose completion is later than this whole segment needs no further search.
        numbers.retain(|number| {
            let at = contact_of.get(number).and_then(|contact| last.get(contact));
            at.is_none_or(|at| at.0 < segment.extent.last_ms)
        });
        if numbers.is_empty() {
            break;
        }
        let runs = reader.runs_of_visitors(&segment, |number| numbers.contains(&number));
        let events = match &runs {
            Ok(runs) if !runs.is_empty() => reader.column(&segment, Col::Event),
            _ => Ok(Vec::new()),
        };
        let (runs, events) = match runs.and_then(|runs| Ok((runs, events?))) {
            Err(Error::Damaged(_)) => continue,
            read => read?,
        };
        for run in runs {
            for (row, at_ms) in run.rows.zip(run.at_ms) {
                if events.get(row) == Some(&event.0) {
                    note(&mut last, run.visitor, at_ms);
                }
            }
        }
    }
    Ok(last)
}

/// The visitor numbers of contacts, each with its contact.
fn contacts_by_number(
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
