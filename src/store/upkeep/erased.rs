//! Who was erased, so that a backup from before cannot bring them back. What a person can be known by (the number of the
//! contact, emails, tokens of browsers) is kept as keyed hashes in the file `erased-persons` beside the store. The file is
//! in no backup. Without the store nobody can tell from it whom it means, and with it only whether somebody known was
//! erased.
//!
//! The file is text: its first line names the form and the key, each further one is a hash. Lines are only ever added. The
//! store counts the lines that it has followed, so a store that counts fewer is older than some erasures.

use std::fs::File;
use std::io::{ErrorKind, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use hmac::{Hmac, KeyInit, Mac};
use rusqlite::Connection;
use rustc_hash::FxHashSet;
use sha2::Sha256;

use crate::base::clock::Millis;
use crate::base::random::{Random, hex};
use crate::domain::account::AccountId;
use crate::store::error::Error;
use crate::store::file::data_dir;
use crate::store::people::alias;

/// The name of the file in the data directory.
pub const ERASED_FILE: &str = "erased-persons";
const HEAD: &str = "guestlog-erased-persons 1 ";
/// Hex digits of the key.
const KEY_DIGITS: usize = 64;

/// Something that a person can be known by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The number of a contact, and when it was created.
    Contact(i64, Millis),
    Email(String),
    /// The token of a browser.
    Token(String),
}

/// The hash of a mark under a key, in hex digits.
fn hash(key: &str, account: AccountId, mark: &Mark) -> Result<String, Error> {
    let text = match mark {
        Mark::Contact(id, created) => format!("{account} contact {id} {}", created.0),
        Mark::Email(email) => format!("{account} email {email}"),
        Mark::Token(token) => format!("{account} token {token}"),
    };
    Ok(hex(&keyed_hash(key, &text)?))
}

/// The hash of a text under a key, 32 bytes.
pub(super) fn keyed_hash(key: &str, text: &str) -> Result<[u8; 32], Error> {
    let mut mac = Hmac::<Sha256>::new_from_slice(key.as_bytes())
        .map_err(|error| Error::Io(std::io::Error::other(error)))?;
    mac.update(text.as_bytes());
    Ok(mac.finalize().into_bytes().into())
}

/// The file.
#[derive(Clone, Debug)]
pub struct ErasedPersons {
    path: PathBuf,
}

impl ErasedPersons {
    #[must_use]
    pub fn of(data_dir: &Path) -> Self {
        Self { path: data_dir.join(ERASED_FILE) }
    }

    /// Adds hashes and waits until they are on disk. Answers how many the file has then. The caller lets one erasure run at
    /// a time.
    ///
    /// # Errors
    /// What the system says; `Corrupt` when the file is not one of these.
    pub async fn append(
        &self,
        random: Arc<dyn Random>,
        account: AccountId,
        marks: Vec<Mark>,
    ) -> Result<u64, Error> {
        let own = self.clone();
        let done = tokio::task::spawn_blocking(move || own.append_blocking(&*random, account, &marks));
        done.await.unwrap_or(Err(Error::Panicked))
    }

    fn append_blocking(&self, random: &dyn Random, account: AccountId, marks: &[Mark]) -> Result<u64, Error> {
        data_dir::restrict(&self.path)?;
        let mut file = File::options().read(true).write(true).open(&self.path)?;
        let mut text = String::new();
        file.read_to_string(&mut text)?;
        // The end of a line that was cut off is written over.
        let whole = text.rfind('\n').map_or(0, |at| at + 1);
        let mut added = String::new();
        let key = match whole {
            0 => {
                let key = random.secret();
                added = format!("{HEAD}{key}\n");
                key
            }
            _ => self.key_of(&text)?.to_owned(),
        };
        for mark in marks {
            added.push_str(&hash(&key, account, mark)?);
            added.push('\n');
        }
        file.set_len(whole as u64)?;
        file.seek(SeekFrom::Start(whole as u64))?;
        file.write_all(added.as_bytes())?;
        file.sync_all()?;
        data_dir::sync_dir(self.path.parent())?;
        let before = text.get(..whole).unwrap_or_default();
        Ok(count_hashes(before) + marks.len() as u64)
    }

    fn key_of<'a>(&self, text: &'a str) -> Result<&'a str, Error> {
        let key = text.lines().next().and_then(|line| line.strip_prefix(HEAD));
        key.filter(|key| key.len() == KEY_DIGITS).ok_or_else(|| Error::Corrupt {
            file: self.path.clone(),
            finding: "its first line is not that of a list of erased persons".to_owned(),
        })
    }

    /// The hashes after the first `count` ones; `None` when there are none.
    ///
    /// # Errors
    /// Those of `append`.
    pub async fn read_after(&self, count: u64) -> Result<Option<Known>, Error> {
        let own = self.clone();
        let done = tokio::task::spawn_blocking(move || own.read_after_blocking(count));
        done.await.unwrap_or(Err(Error::Panicked))
    }

    fn read_after_blocking(&self, count: u64) -> Result<Option<Known>, Error> {
        let text = match std::fs::read_to_string(&self.path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let Some((whole, _)) = text.rsplit_once('\n') else { return Ok(None) };
        let total = count_hashes(whole);
        if total <= count {
            return Ok(None);
        }
        let key = self.key_of(whole)?.to_owned();
        let followed = usize::try_from(count).unwrap_or(usize::MAX);
        let hashes = whole.lines().skip(1).skip(followed).map(str::to_owned).collect();
        Ok(Some(Known { key, hashes, total }))
    }
}

/// The lines of a whole file after its first one.
fn count_hashes(text: &str) -> u64 {
    (text.lines().count() as u64).saturating_sub(1)
}

/// Hashes of erased persons that a store has not followed yet.
#[derive(Debug)]
pub struct Known {
    key: String,
    hashes: FxHashSet<String>,
    total: u64,
}

impl Known {
    /// How many hashes the file has, those before these among them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    fn contains(&self, account: AccountId, mark: &Mark) -> Result<bool, Error> {
        Ok(self.hashes.contains(&hash(&self.key, account, mark)?))
    }
}

/// Erased persons whom a store has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    pub contacts: Vec<(AccountId, i64)>,
    pub visitors: Vec<(AccountId, crate::domain::visitor::VisitorNumber)>,
}

impl Found {
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.contacts.is_empty() && self.visitors.is_empty()
    }
}

/// Merges by which somebody who was erased is part of somebody who was not: they were undone before the erasure. Each
/// is one into a living contact; when those are undone, there may be more below them.
pub fn find_merges(conn: &Connection, known: &Known) -> Result<Vec<(AccountId, i64)>, Error> {
    let mut statement = conn.prepare_cached(
        "select a.account_id, a.alias_id, a.contact_id, c.created_ms, l.created_ms
         from contact_alias a
             join contact c on c.account_id = a.account_id and c.id = a.alias_id
             join contact l on l.account_id = a.account_id and l.id = a.contact_id",
    )?;
    let mut rows = statement.query([])?;
    let mut merges = FxHashSet::default();
    while let Some(row) = rows.next()? {
        let (account, mut alias, living) = (AccountId(row.get(0)?), row.get(1)?, row.get(2)?);
        let is_known = |id, created| known.contains(account, &Mark::Contact(id, Millis(created)));
        if !is_known(alias, row.get(3)?)? || is_known(living, row.get(4)?)? {
            continue;
        }
        while let Some((merge, ..)) = alias::find(conn, account, alias)?.filter(|(m, ..)| m.into != living) {
            alias = merge.into;
        }
        merges.insert((account, alias));
    }
    let mut merges: Vec<_> = merges.into_iter().collect();
    merges.sort_unstable();
    Ok(merges)
}

/// Looks through all contacts, emails and tokens for persons that were erased.
pub fn find(conn: &Connection, known: &Known) -> Result<Found, Error> {
    let mut contacts = FxHashSet::default();
    let mut statement = conn.prepare_cached("select account_id, id, created_ms, email from contact")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let (account, id) = (AccountId(row.get(0)?), row.get(1)?);
        let by_id = known.contains(account, &Mark::Contact(id, Millis(row.get(2)?)))?;
        if by_id || known.contains(account, &Mark::Email(row.get(3)?))? {
            contacts.insert((account, id));
        }
    }
    let mut statement = conn.prepare_cached("select account_id, contact_id, email from contact_email")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account = AccountId(row.get(0)?);
        if known.contains(account, &Mark::Email(row.get(2)?))? {
            contacts.insert((account, row.get(1)?));
        }
    }
    let mut found = Found { contacts: contacts.into_iter().collect(), ..Found::default() };
    found.contacts.sort_unstable();
    let mut statement = conn
        .prepare_cached("select account_id, token, number from visitor_token order by account_id, number")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let account = AccountId(row.get(0)?);
        if known.contains(account, &Mark::Token(row.get(1)?))? {
            found.visitors.push((account, crate::domain::visitor::VisitorNumber(row.get(2)?)));
        }
    }
    found.visitors.dedup();
    Ok(found)
}

/// How many hashes of the file this store has followed.
pub fn find_count(conn: &Connection) -> Result<u64, Error> {
    let count: i64 = conn
        .prepare_cached("select coalesce(max(erased_hashes), 0) from meta")?
        .query_row([], |row| row.get(0))?;
    Ok(u64::try_from(count).unwrap_or(0))
}

/// The store has followed so many hashes of the file.
pub fn update_count(conn: &Connection, count: u64) -> Result<(), Error> {
    let count = i64::try_from(count).unwrap_or(i64::MAX);
    conn.prepare_cached("update meta set erased_hashes = ?1 where id = 1")?.execute([count])?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::SeededRandom;

    const ONE: AccountId = AccountId::FIRST;

    #[test]
    fn hashes_are_found_again_also_after_a_line_was_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let file = ErasedPersons::of(dir.path());
        let random = SeededRandom::new(1);
        assert!(file.read_after_blocking(0).unwrap().is_none());
        let email = Mark::Email("ada@example.test".into());
        let contact = Mark::Contact(7, Millis(70));
        assert_eq!(file.append_blocking(&random, ONE, std::slice::from_ref(&email)).unwrap(), 1);
        assert!(file.read_after_blocking(1).unwrap().is_none(), "it is followed");
        let path = dir.path().join(ERASED_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("ada"));
        std::fs::write(&path, format!("{text}0123")).unwrap();
        assert_eq!(file.append_blocking(&random, ONE, std::slice::from_ref(&contact)).unwrap(), 2);
        let known = file.read_after_blocking(0).unwrap().unwrap();
        assert_eq!(known.total(), 2);
        for mark in [&email, &contact] {
            assert!(known.contains(ONE, mark).unwrap());
            assert!(!known.contains(AccountId(ONE.0 + 1), mark).unwrap(), "another account");
        }
        for other in [Mark::Contact(7, Millis(71)), Mark::Token("ada@example.test".into())] {
            assert!(!known.contains(ONE, &other).unwrap(), "{other:?}");
        }
        let newest = file.read_after_blocking(1).unwrap().unwrap();
        assert!(newest.contains(ONE, &contact).unwrap() && !newest.contains(ONE, &email).unwrap());
    }

    #[test]
    fn a_file_that_is_something_else_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(ERASED_FILE);
        std::fs::write(&path, "something\nelse\n").unwrap();
        let file = ErasedPersons::of(dir.path());
        let mark = Mark::Token("t".into());
        let refused = file.append_blocking(&SeededRandom::new(1), ONE, &[mark]).unwrap_err();
        assert!(matches!(refused, Error::Corrupt { .. }), "{refused}");
        assert!(file.read_after_blocking(0).is_err());
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "something\nelse\n");
    }
}
