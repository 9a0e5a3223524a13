//! The row of a session: a byte that says what follows, and then the session in the format of the crate `postcard`. A
//! session is written again with each of its page views, and reports read every session of the open day: as one value it
//! is written and read several times faster than as twenty columns.
//!
//! The fields of `Session` have no names in it, only an order. After a change of the fields a row needs a new first byte,
//! and rows with the old one must still be read.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::session::Session;
use crate::domain::account::AccountId;
use crate::store::error::Error;

/// A session.
const SESSION: u8 = 1;
/// Bytes reserved for a row; an ordinary one has 60.
const USUAL_BYTES: usize = 80;

/// The number by which a session is found: of all accounts, those of one account lie together.
pub(super) const fn key(account: AccountId, id: u32) -> i64 {
    account.0 << 32 | id as i64
}

/// The number of a session within its account.
pub(super) const fn id_of(key: i64) -> u32 {
    key as u32
}

/// # Errors
/// `Unreadable`, which no session is.
pub(super) fn pack(session: &Session) -> Result<Vec<u8>, Error> {
    let mut row = Vec::with_capacity(USUAL_BYTES);
    row.push(SESSION);
    postcard::to_extend(session, row).map_err(|error| Error::Unreadable(error.to_string()))
}

/// # Errors
/// `Unreadable` when the row is no session.
pub(super) fn unpack(key: i64, row: &[u8]) -> Result<Session, Error> {
    match row.split_first() {
        Some((&SESSION, rest)) => match postcard::take_from_bytes::<Session>(rest) {
            Ok((mut session, [])) => {
                session.id = id_of(key);
                Ok(session)
            }
            Ok((_, surplus)) => {
                Err(Error::Unreadable(format!("{} bytes too many in the row of a session", surplus.len())))
            }
            Err(error) => Err(Error::Unreadable(format!("the row of a session: {error}"))),
        },
        Some((first, _)) => Err(Error::Unreadable(format!("a session of the unknown kind {first}"))),
        None => Err(Error::Unreadable("an empty row of a session".to_owned())),
    }
}

/// The fields of a row, by their names.
const FIELDS: &[(&str, fn(&Session) -> i64)] = &[
    ("visitor", |session| session.visitor.into()),
    ("start_ms", |session| session.start_ms),
    ("last_ms", |session| session.last_ms),
    ("source", |session| session.source.into()),
    ("referrer", |session| session.referrer.into()),
    ("campaign", |session| session.campaign.into()),
    ("device", |session| session.device.into()),
    ("screen", |session| session.screen.into()),
    ("language", |session| session.language.into()),
    ("place", |session| session.place.into()),
    ("company", |session| session.company.into()),
    ("is_new", |session| session.is_new.into()),
    ("switched", |session| session.switched.into()),
    ("suspected", |session| session.suspected.into()),
    ("entry_page", |session| session.entry_page.into()),
    ("exit_page", |session| session.exit_page.into()),
    ("entry_ms", |session| session.entry_ms),
    ("exit_ms", |session| session.exit_ms),
    ("page_views", |session| session.page_views.into()),
    ("completions", |session| session.completions.into()),
    ("engaged_ms", |session| session.engaged_ms),
    ("click_id", |session| session.click_id.into()),
];

/// Makes a view of this connection, `session_unpacked`, which shows sessions with a column for each field. It is slow, and
/// meant for checks. The connection must be allowed to write, though nothing is written into the file.
///
/// # Errors
/// SQLite's.
pub fn create_view(conn: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("session_field", 2, flags, field)?;
    let columns: Vec<_> =
        FIELDS.iter().map(|(name, _)| format!("session_field(row, '{name}') as {name}")).collect();
    conn.execute_batch(&format!(
        "create temp view if not exists session_unpacked as
         select key >> 32 as account_id, key & 0xffffffff as id, in_segment, {} from main.session",
        columns.join(", ")
    ))?;
    Ok(())
}

/// `session_field(row, name)`: a field of a row; null when the row cannot be read.
fn field(context: &Context<'_>) -> rusqlite::Result<Option<i64>> {
    let name = context.get_raw(1).as_str()?;
    let session = context.get_raw(0).as_blob().ok().and_then(|row| unpack(0, row).ok());
    let read = FIELDS.iter().find(|(known, _)| *known == name).map(|(_, read)| read);
    Ok(session.zip(read).map(|(session, read)| read(&session)))
}

/// Packs the sessions of a store that had a column for each field, in the table `session_before`.
///
/// # Errors
/// SQLite's.
pub(in crate::store) fn fill(conn: &Connection) -> Result<(), Error> {
    let mut before = conn.prepare(
        "select account_id, id, visitor, start_ms, last_ms, source, referrer, campaign, device, screen, language,
             place, company, is_new, switched, suspected, entry_page, exit_page, entry_ms, exit_ms, page_views,
             completions, engaged_ms, click_id, in_segment
         from session_before order by account_id, id",
    )?;
    let mut insert = conn.prepare("insert into session (key, in_segment, row) values (?1, ?2, ?3)")?;
    let mut rows = before.query([])?;
    while let Some(row) = rows.next()? {
        let session = Session {
            id: row.get(1)?,
            visitor: row.get(2)?,
            start_ms: row.get(3)?,
            last_ms: row.get(4)?,
            source: row.get(5)?,
            referrer: row.get(6)?,
            campaign: row.get(7)?,
            device: row.get(8)?,
            screen: row.get(9)?,
            language: row.get(10)?,
            place: row.get(11)?,
            company: row.get(12)?,
            is_new: row.get(13)?,
            switched: row.get(14)?,
            suspected: row.get(15)?,
            entry_page: row.get(16)?,
            exit_page: row.get(17)?,
            entry_ms: row.get(18)?,
            exit_ms: row.get(19)?,
            page_views: row.get(20)?,
            completions: row.get(21)?,
            engaged_ms: row.get(22)?,
            click_id: row.get(23)?,
        };
        let (account, in_segment) = (AccountId(row.get(0)?), row.get::<_, u8>(24)?);
        insert.execute((key(account, session.id), in_segment, pack(&session)?))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The row of `full`.
    const ROW: &str =
        "01ac0280faa0c6c0688888a1c6c06801020304060708090100010a0b82faa0c6c068c086a1c6c0680c0d1c0f";

    /// A session in which every field has a value of its own.
    fn full() -> Session {
        Session {
            id: 5,
            visitor: 300,
            start_ms: 1_795_370_000_000,
            last_ms: 1_795_370_000_900,
            source: 1,
            referrer: 2,
            campaign: 3,
            device: 4,
            screen: 6,
            language: 7,
            place: 8,
            company: 9,
            is_new: true,
            switched: false,
            suspected: true,
            entry_page: 10,
            exit_page: 11,
            entry_ms: 1_795_370_000_001,
            exit_ms: 1_795_370_000_800,
            page_views: 12,
            completions: 13,
            engaged_ms: 14,
            click_id: 15,
        }
    }

    #[test]
    fn a_row_is_read_as_it_was_written() {
        let account = AccountId(1_000_001);
        assert_eq!(unpack(key(account, 5), &pack(&full()).unwrap()).unwrap(), full());
        assert_eq!((key(account, 0) >> 32, id_of(key(account, u32::MAX))), (account.0, u32::MAX));
        let most = Session {
            id: u32::MAX,
            visitor: u32::MAX,
            start_ms: i64::MIN,
            last_ms: i64::MIN,
            source: u32::MAX,
            referrer: u32::MAX,
            campaign: u32::MAX,
            device: u32::MAX,
            screen: u8::MAX,
            language: u32::MAX,
            place: u32::MAX,
            company: u32::MAX,
            entry_page: u32::MAX,
            exit_page: u32::MAX,
            entry_ms: i64::MIN,
            exit_ms: i64::MIN,
            page_views: u32::MAX,
            completions: u32::MAX,
            engaged_ms: i64::MIN,
            click_id: u8::MAX,
            ..full()
        };
        let row = pack(&most).unwrap();
        assert_eq!(unpack(key(account, u32::MAX), &row).unwrap(), most);
        assert!(row.len() <= 256, "the table takes no more: {}", row.len());
    }

    #[test]
    fn a_row_of_this_version_is_read_by_every_later_one() {
        let row: String = pack(&full()).unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(row, ROW, "a changed form needs a new first byte");
    }

    #[test]
    fn what_is_no_row_is_refused() {
        let row = pack(&full()).unwrap();
        for length in 0..row.len() {
            assert!(unpack(5, &row[..length]).is_err(), "{length} bytes of {}", row.len());
        }
        for bad in [&[&row[..], &[0]].concat()[..], &[0], &[2, 0], &[]] {
            assert!(unpack(5, bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn every_field_has_a_column_in_the_view() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch("create table session (key integer, in_segment integer, row blob)").unwrap();
        conn.execute(
            "insert into session values (?1, 2, ?2)",
            (key(AccountId(7), 5), pack(&full()).unwrap()),
        )
        .unwrap();
        create_view(&conn).unwrap();
        let mut statement = conn.prepare("select * from session_unpacked").unwrap();
        let columns = statement.column_count();
        let found: Vec<i64> =
            statement.query_row([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap();
        let Session { start_ms, last_ms, entry_ms, exit_ms, .. } = full();
        let times =
            [start_ms, last_ms, 1, 2, 3, 4, 6, 7, 8, 9, 1, 0, 1, 10, 11, entry_ms, exit_ms, 12, 13, 14, 15];
        assert_eq!(found, [&[7, 5, 2, 300][..], &times].concat());
    }
}
