//! Erases texts of the dictionary that only erased visitors brought, such as the address of a page about one person.
//!
//! The texts that a visitor brought are written down while its rows are still there (`insert`). When they are gone, each
//! text is looked for in all rows of the account. One that is nowhere is overwritten; its id stays, because ids have no
//! gaps and caches rely on that, and is never used again.

use std::ops::Range;

use rusqlite::Connection;
use rustc_hash::FxHashSet;

use crate::domain::account::AccountId;
use crate::domain::visitor::VisitorNumber;
use crate::store::changes;
use crate::store::dictionary::{self, Kind};
use crate::store::error::Error;
use crate::store::event::{self, Event};
use crate::store::segment::columns::{Col, Run};
use crate::store::segment::{self, Reader, Segment};
use crate::store::session::{self, Session};
use crate::store::{contact, contact_erasure, submission, unexpected, visitor};

/// Texts by kind and id.
pub type Texts = FxHashSet<(Kind, u32)>;

/// The columns of segments that hold ids of texts. Entry and exit pages are in the page list.
const COLUMNS: [(Col, Kind); 9] = [
    (Col::PageListPage, Kind::Page),
    (Col::PageListTitle, Kind::Title),
    (Col::Source, Kind::Source),
    (Col::Referrer, Kind::Referrer),
    (Col::Campaign, Kind::Campaign),
    (Col::Device, Kind::Device),
    (Col::Language, Kind::Language),
    (Col::Place, Kind::Place),
    (Col::Company, Kind::Company),
];

fn texts_of_session(session: &Session) -> [(Kind, u32); 9] {
    [
        (Kind::Source, session.source),
        (Kind::Referrer, session.referrer),
        (Kind::Campaign, session.campaign),
        (Kind::Device, session.device),
        (Kind::Language, session.language),
        (Kind::Place, session.place),
        (Kind::Company, session.company),
        (Kind::Page, session.entry_page),
        (Kind::Page, session.exit_page),
    ]
}

fn texts_of_run(run: &Run) -> [(Kind, u32); 9] {
    [
        (Kind::Source, run.source),
        (Kind::Referrer, run.referrer),
        (Kind::Campaign, run.campaign),
        (Kind::Device, run.device),
        (Kind::Language, run.language),
        (Kind::Place, run.place),
        (Kind::Company, run.company),
        (Kind::Page, run.entry_page),
        (Kind::Page, run.exit_page),
    ]
}

const fn texts_of_row(row: &Event) -> [(Kind, u32); 2] {
    [(Kind::Page, row.page), (Kind::Title, row.title)]
}

/// The texts that visitors brought. Segments that cannot be read count as empty: nothing is erased from them either.
pub fn list_of_visitors(
    conn: &Connection,
    account: AccountId,
    visitors: &FxHashSet<u32>,
    range_ms: &Range<i64>,
) -> Result<Texts, Error> {
    let mut texts = Texts::default();
    event::list_of_visitors(conn, account, visitors, range_ms.clone(), |row| {
        texts.extend(texts_of_row(&row));
    })?;
    session::list(conn, account, 0, u32::MAX, |session| {
        if visitors.contains(&session.visitor) {
            texts.extend(texts_of_session(&session));
        }
    })?;
    for number in visitors {
        if let Some(found) = visitor::find(conn, account, VisitorNumber(*number))? {
            let sources = [found.source, found.first_source, found.latest_source];
            texts.extend(sources.map(|source| (Kind::Source, source)));
            texts.extend([found.first_page, found.last_page].map(|page| (Kind::Page, page)));
            let referrers = [found.first_referrer, found.last_referrer];
            texts.extend(referrers.map(|referrer| (Kind::Referrer, referrer)));
        }
    }
    let mut reader = Reader::prepare(conn)?;
    for segment in segment::list(conn, account, range_ms.start, range_ms.end)? {
        let runs = match reader.runs_with(&segment, Col::Visitor, |number| visitors.contains(&number)) {
            Err(Error::Damaged(_)) => continue,
            runs => runs?,
        };
        for run in runs.iter().filter(|run| visitors.contains(&run.visitor)) {
            texts.extend(texts_of_run(run));
            texts.extend(run.rows.iter().flat_map(texts_of_row));
        }
    }
    texts.retain(|(_, id)| *id != 0);
    Ok(texts)
}

/// The texts of the sources that a contact, and those that were merged into it, came from.
pub fn list_of_contact(conn: &Connection, account: AccountId, id: i64) -> Result<Texts, Error> {
    let sources = contact_erasure::list_sources_of(conn, account, id)?;
    Ok(sources.into_iter().filter(|source| *source != 0).map(|source| (Kind::Source, source)).collect())
}

/// The texts of pages and titles by their ids.
#[must_use]
pub fn of_pages(pages: Vec<(u32, u32)>) -> Texts {
    let both = pages.into_iter().flat_map(|(page, title)| [(Kind::Page, page), (Kind::Title, title)]);
    both.filter(|(_, id)| *id != 0).collect()
}

/// Writes down texts that may have to be erased.
pub fn insert(conn: &Connection, account: AccountId, texts: &Texts) -> Result<(), Error> {
    let mut insert =
        conn.prepare_cached("insert or ignore into erasing_text (account_id, kind, id) values (?1, ?2, ?3)")?;
    for (kind, id) in texts {
        insert.execute((account.0, *kind as u8, id))?;
    }
    Ok(())
}

/// The accounts with texts that are written down.
pub fn list_accounts(conn: &Connection) -> Result<Vec<AccountId>, Error> {
    let mut statement = conn.prepare_cached("select distinct account_id from erasing_text order by 1")?;
    let accounts = statement.query_map([], |row| row.get(0).map(AccountId))?;
    Ok(accounts.collect::<Result<_, _>>()?)
}

/// Texts that nobody uses, and how far that is known.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Unused {
    texts: Texts,
    /// The latest segment that was looked at.
    last_segment: i64,
}

/// Those of the written-down texts that no row of the account uses.
pub fn list_unused(conn: &Connection, account: AccountId) -> Result<Unused, Error> {
    let mut statement = conn.prepare_cached("select kind, id from erasing_text where account_id = ?1")?;
    let mut rows = statement.query([account.0])?;
    let mut texts = Texts::default();
    while let Some(row) = rows.next()? {
        let number: u8 = row.get(0)?;
        let kind = Kind::ALL.into_iter().find(|kind| *kind as u8 == number);
        texts.extend(kind.zip(Some(row.get(1)?)));
    }
    keep_unused_by_rows(conn, account, &mut texts)?;
    let segments = segment::list(conn, account, i64::MIN, i64::MAX)?;
    let last_segment = segments.iter().map(|segment| segment.id).max().unwrap_or(0);
    keep_unused_by_segments(conn, segments, &mut texts)?;
    Ok(Unused { texts, last_segment })
}

/// Drops the texts that hot rows, sessions, visitors or contacts use.
fn keep_unused_by_rows(conn: &Connection, account: AccountId, texts: &mut Texts) -> Result<(), Error> {
    if texts.is_empty() {
        return Ok(());
    }
    event::list(conn, account, i64::MIN, i64::MAX, |row| {
        for text in texts_of_row(&row) {
            texts.remove(&text);
        }
    })?;
    session::list(conn, account, 0, u32::MAX, |session| {
        for text in texts_of_session(&session) {
            texts.remove(&text);
        }
    })?;
    for text in of_pages(submission::list_pages(conn, account)?) {
        texts.remove(&text);
    }
    visitor::each_text(conn, account, |sources, pages, referrers| {
        let sources = sources.into_iter().map(|source| (Kind::Source, source));
        let pages = pages.into_iter().map(|page| (Kind::Page, page));
        let referrers = referrers.into_iter().map(|referrer| (Kind::Referrer, referrer));
        for text in sources.chain(pages).chain(referrers) {
            texts.remove(&text);
        }
    })?;
    if texts.iter().any(|(kind, _)| *kind == Kind::Source) {
        for source in contact::list_sources(conn, account)? {
            texts.remove(&(Kind::Source, source));
        }
    }
    Ok(())
}

/// Drops the texts that segments use. One that cannot be read may use any of them.
fn keep_unused_by_segments(
    conn: &Connection,
    segments: Vec<Segment>,
    texts: &mut Texts,
) -> Result<(), Error> {
    let mut reader = Reader::prepare(conn)?;
    // Most texts are used by others within days.
    for segment in segments.into_iter().rev() {
        for (col, kind) in COLUMNS {
            if texts.is_empty() {
                return Ok(());
            }
            if !texts.iter().any(|(of, _)| *of == kind) {
                continue;
            }
            match reader.column(&segment, col) {
                Err(Error::Damaged(_)) => texts.clear(),
                ids => {
                    for id in ids? {
                        texts.remove(&(kind, id));
                    }
                }
            }
        }
    }
    Ok(())
}

/// Overwrites the unused texts, unless somebody used them meanwhile, and forgets what was written down.
pub fn erase(conn: &Connection, account: AccountId, unused: &Unused) -> Result<(), Error> {
    let mut texts = unused.texts.clone();
    keep_unused_by_rows(conn, account, &mut texts)?;
    let mut newer = segment::list(conn, account, i64::MIN, i64::MAX)?;
    newer.retain(|segment| segment.id > unused.last_segment);
    keep_unused_by_segments(conn, newer, &mut texts)?;
    for (kind, id) in &texts {
        if *kind == Kind::Page {
            let page = dictionary::find_value(conn, account, *kind, *id)?;
            let address = format!("{}{}", dictionary::part(&page, 0), dictionary::part(&page, 1));
            unexpected::clear_page(conn, account, &address)?;
        }
        dictionary::erase(conn, account, *kind, *id)?;
    }
    conn.prepare_cached("delete from erasing_text where account_id = ?1")?.execute([account.0])?;
    if !texts.is_empty() {
        changes::raise(conn, account, changes::Kind::Visitors)?;
    }
    Ok(())
}
