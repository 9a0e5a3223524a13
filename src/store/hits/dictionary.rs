//! The dictionary: each text that hits contain is stored once per account and kind, and referred to by its id. Ids begin
//! at 1 and have no gaps; 0 is the empty text. How many texts an account can have is bounded, so that invented
//! addresses cannot fill the disk.

use rusqlite::{Connection, OptionalExtension};
use sha2::{Digest, Sha256};

use crate::domain::account::AccountId;
use crate::store::error::Error;

/// What a text is. The numbers are stored, so none may be reused.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Kind {
    /// host SEP path SEP query
    Page = 1,
    Title = 2,
    Referrer = 3,
    /// source SEP detail SEP detail_2
    Source = 4,
    /// the five campaign values
    Campaign = 5,
    /// class SEP browser SEP os
    Device = 6,
    Language = 7,
    /// country SEP region
    Place = 8,
    Company = 9,
}

/// Stands between the parts of a composed text. No accepted text contains control characters.
pub const SEPARATOR: char = '\u{1f}';
/// Bytes of all texts of a kind that an account can have. Reports keep them in memory.
pub const BYTES_MAX: i64 = 24 << 20;
/// Stands for all texts beyond the bound of their kind.
pub const OTHER: &str = "(other)";

impl Kind {
    pub const ALL: [Self; 9] = [
        Self::Page,
        Self::Title,
        Self::Referrer,
        Self::Source,
        Self::Campaign,
        Self::Device,
        Self::Language,
        Self::Place,
        Self::Company,
    ];

    /// How many texts of this kind an account can have before further ones become `(other)` (rules.md 14). Their bytes
    /// are bounded as well, by `BYTES_MAX`.
    #[must_use]
    pub const fn bound(self) -> u32 {
        match self {
            Self::Page | Self::Title => 200_000,
            Self::Referrer => 100_000,
            Self::Source | Self::Campaign => 50_000,
            Self::Device | Self::Place | Self::Company => 20_000,
            Self::Language => 1_000,
        }
    }

    /// The text for all others: it has `(other)` in the first part that a report shows.
    #[must_use]
    pub fn other(self) -> String {
        match self {
            Self::Page => format!("{OTHER}{SEPARATOR}/{OTHER}{SEPARATOR}"),
            Self::Source => format!("OTHER_CAMPAIGNS{SEPARATOR}{OTHER}{SEPARATOR}"),
            Self::Campaign => {
                format!("{OTHER}{SEPARATOR}{OTHER}{SEPARATOR}{OTHER}{SEPARATOR}{SEPARATOR}")
            }
            Self::Device => format!("other{SEPARATOR}{OTHER}{SEPARATOR}{OTHER}"),
            Self::Place => format!("{SEPARATOR}{OTHER}"),
            _ => OTHER.to_owned(),
        }
    }
}

/// Composes a text of parts. Separators inside a part are dropped.
#[must_use]
pub fn join(parts: &[&str]) -> String {
    let mut text = String::with_capacity(parts.iter().map(|part| part.len() + 1).sum());
    for (place, part) in parts.iter().enumerate() {
        if place > 0 {
            text.push(SEPARATOR);
        }
        text.extend(part.chars().filter(|c| *c != SEPARATOR));
    }
    text
}

/// Part `n` of a composed text, counted from 0; empty when there is none.
#[must_use]
pub fn part(value: &str, n: usize) -> &str {
    parts(value, n, 1)
}

/// `count` parts of a composed text from part `first` on, as a composed text.
#[must_use]
pub fn parts(value: &str, first: usize, count: usize) -> &str {
    let mut rest = value;
    for _ in 0..first {
        match rest.split_once(SEPARATOR) {
            Some((_, after)) => rest = after,
            None => return "",
        }
    }
    let end = rest.match_indices(SEPARATOR).nth(count.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    rest.get(..end).unwrap_or_default()
}

pub fn find(conn: &Connection, account: AccountId, kind: Kind, value: &str) -> Result<Option<u32>, Error> {
    Ok(conn
        // SQLite would rather read all texts of the kind, because the primary key begins with it.
        .prepare_cached(
            "select id from dictionary indexed by dictionary_hash
             where account_id = ?1 and kind = ?2 and hash = ?3 and value = ?4",
        )?
        .query_row((account.0, kind as u8, hash_of(value), value), |row| row.get(0))
        .optional()?)
}

/// The id of a text, which is inserted if it is new. When the kind has reached its bound, the id of `(other)`.
pub fn upsert(conn: &Connection, account: AccountId, kind: Kind, value: &str) -> Result<u32, Error> {
    if let Some(id) = find(conn, account, kind, value)? {
        return Ok(id);
    }
    let last = find_last(conn, account, kind)?;
    let end_bytes = last.end_bytes.saturating_add(length_of(value));
    if last.id < kind.bound() && end_bytes <= BYTES_MAX {
        return insert(conn, account, kind, last, value);
    }
    let other = kind.other();
    match find(conn, account, kind, &other)? {
        Some(id) => Ok(id),
        None => insert(conn, account, kind, last, &other),
    }
}

/// The last text of a kind. Id 0 is before the first.
#[derive(Clone, Copy, Default)]
struct Last {
    id: u32,
    end_bytes: i64,
}

fn find_last(conn: &Connection, account: AccountId, kind: Kind) -> Result<Last, Error> {
    let found = conn
        .prepare_cached(
            "select id, end_bytes from dictionary where account_id = ?1 and kind = ?2
             order by id desc limit 1",
        )?
        .query_row((account.0, kind as u8), |row| Ok(Last { id: row.get(0)?, end_bytes: row.get(1)? }))
        .optional()?;
    Ok(found.unwrap_or_default())
}

fn length_of(value: &str) -> i64 {
    i64::try_from(value.len()).unwrap_or(i64::MAX)
}

fn insert(conn: &Connection, account: AccountId, kind: Kind, last: Last, value: &str) -> Result<u32, Error> {
    let (id, end_bytes) = (last.id + 1, last.end_bytes.saturating_add(length_of(value)));
    conn.prepare_cached(
        "insert into dictionary (account_id, kind, id, value, hash, end_bytes) values (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute((account.0, kind as u8, id, value, hash_of(value), end_bytes))?;
    Ok(id)
}

/// What a text is found by. Visitors choose texts, so the hash is one for which nobody can make many texts alike.
fn hash_of(value: &str) -> i64 {
    let [a, b, c, d, e, f, g, h, ..]: [u8; 32] = Sha256::digest(value).into();
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}

/// Writes the hash of every text, and where it ends. It does the same however often it runs.
pub(in crate::store) fn fill(conn: &Connection) -> Result<(), Error> {
    let mut list = conn.prepare("select account_id, kind, id, value from dictionary order by 1, 2, 3")?;
    let texts = list.query_map([], |row| {
        let key: (i64, u8, u32) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let value = row.get_ref(3)?.as_str()?;
        Ok((key, hash_of(value), length_of(value)))
    })?;
    let texts: Vec<_> = texts.collect::<Result<_, _>>()?;
    let mut update = conn.prepare(
        "update dictionary set hash = ?4, end_bytes = ?5 where account_id = ?1 and kind = ?2 and id = ?3",
    )?;
    let (mut of, mut end_bytes) = (None, 0i64);
    for ((account, kind, id), hash, length) in texts {
        end_bytes = length + if of == Some((account, kind)) { end_bytes } else { 0 };
        of = Some((account, kind));
        update.execute((account, kind, id, hash, end_bytes))?;
    }
    Ok(())
}

/// How many texts have a wrong hash, or are there twice.
pub(in crate::store) fn count_unfindable(conn: &Connection) -> Result<usize, Error> {
    let mut list = conn.prepare("select account_id, kind, hash, value from dictionary order by 1, 2, 3")?;
    let mut rows = list.query([])?;
    let (mut wrong, mut before) = (0, None);
    while let Some(row) = rows.next()? {
        let text: (i64, u8, i64, String) = (row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?);
        wrong += usize::from(hash_of(&text.3) != text.2 || before.as_ref() == Some(&text));
        before = Some(text);
    }
    Ok(wrong)
}

/// Overwrites a text that no row uses any more. Its id is not used again.
pub fn erase(conn: &Connection, account: AccountId, kind: Kind, id: u32) -> Result<(), Error> {
    let value = format!("(erased) {id}");
    conn.prepare_cached(
        "update dictionary set value = ?4, hash = ?5 where account_id = ?1 and kind = ?2 and id = ?3",
    )?
    .execute((account.0, kind as u8, id, &value, hash_of(&value)))?;
    Ok(())
}

/// The highest id of a kind.
pub fn last_id(conn: &Connection, account: AccountId, kind: Kind) -> Result<u32, Error> {
    Ok(conn
        .prepare_cached("select coalesce(max(id), 0) from dictionary where account_id = ?1 and kind = ?2")?
        .query_row((account.0, kind as u8), |row| row.get(0))?)
}

/// The text of an id; empty for 0 and for unknown ids.
pub fn find_value(conn: &Connection, account: AccountId, kind: Kind, id: u32) -> Result<String, Error> {
    Ok(conn
        .prepare_cached("select value from dictionary where account_id = ?1 and kind = ?2 and id = ?3")?
        .query_row((account.0, kind as u8, id), |row| row.get(0))
        .optional()?
        .unwrap_or_default())
}

/// Visits the texts of a kind with ids above `after`, ordered by id.
pub fn list_after(
    conn: &Connection,
    account: AccountId,
    kind: Kind,
    after: u32,
    mut visit: impl FnMut(u32, &str),
) -> Result<(), Error> {
    let mut statement = conn.prepare_cached(
        "select id, value from dictionary where account_id = ?1 and kind = ?2 and id > ?3 order by id",
    )?;
    let mut rows = statement.query((account.0, kind as u8, after))?;
    while let Some(row) = rows.next()? {
        let value = row.get_ref(1)?;
        visit(row.get(0)?, value.as_str().map_err(|error| Error::Sqlite(error.into()))?);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::clock::{ManualClock, Millis};
    use crate::store;

    #[test]
    fn composed_texts_come_apart_as_they_were_joined() {
        let value = join(&["a.test", "/x", "", "q"]);
        assert_eq!((0..5).map(|n| part(&value, n)).collect::<Vec<_>>(), ["a.test", "/x", "", "q", ""]);
        assert_eq!(parts(&value, 0, 2), join(&["a.test", "/x"]));
        assert_eq!(parts(&value, 1, 9), join(&["/x", "", "q"]));
        assert_eq!((part("", 0), part("", 1), parts("x", 0, 2), join(&[]).as_str()), ("", "", "x", ""));
    }

    /// Reports keep all texts of a kind in memory, and visitors choose how long they are.
    #[test]
    fn texts_are_kept_up_to_their_bytes() {
        let dir = tempfile::tempdir().unwrap();
        let options = store::Options { data_dir: dir.path().join("data"), min_free: 0, readers: 1 };
        let store = store::Store::open(&options, ManualClock::at(Millis(0))).unwrap();
        let account = AccountId::FIRST;
        let write = move |conn: &Connection| {
            let text = |n: u32, length: usize| format!("{n:0>length$}");
            let (each, count) = (16 * 1024, (BYTES_MAX >> 14) as u32);
            for n in 1..count {
                assert_eq!(upsert(conn, account, Kind::Page, &text(n, each))?, n);
            }
            let longer = upsert(conn, account, Kind::Page, &text(count, each + 1))?;
            assert_eq!(
                find_value(conn, account, Kind::Page, longer)?,
                Kind::Page.other(),
                "one byte past the bound"
            );
            let room = each - Kind::Page.other().len();
            assert_eq!(upsert(conn, account, Kind::Page, &text(count, room))?, longer + 1, "at the bound");
            assert_eq!(upsert(conn, account, Kind::Page, "x")?, longer, "one byte past the bound");
            assert_eq!(upsert(conn, account, Kind::Page, &text(7, each))?, 7, "known ones stay");
            assert_eq!(upsert(conn, account, Kind::Title, "x")?, 1, "each kind has its own");
            assert_eq!(upsert(conn, AccountId(account.0 + 1), Kind::Page, "x")?, 1);
            let last = find_last(conn, account, Kind::Page)?.end_bytes;
            conn.execute("update dictionary set hash = 0, end_bytes = 0", [])?;
            fill(conn)?;
            assert_eq!(find_last(conn, account, Kind::Page)?.end_bytes, last);
            assert_eq!((last, count_unfindable(conn)?), (BYTES_MAX, 0));
            Ok::<_, Error>(())
        };
        store.writer.write_blocking(write).unwrap();
    }
}
