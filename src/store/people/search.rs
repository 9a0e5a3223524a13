//! Finds contacts by words in their emails and in the values of their properties, as one types them.
//!
//! No index of SQLite finds a word in the middle of a text, so the texts of an account are kept in memory, one contact
//! after the other, and all of them are looked through: that takes milliseconds. Triggers of the store write down in
//! `contact_change` which contacts changed, so whoever searches first reads again those that changed since the last
//! search. The texts of a contact that changed or is gone are overwritten.

use std::sync::{Arc, Mutex, PoisonError};

use memchr::memmem::Finder;
use rusqlite::{Connection, OptionalExtension};
use rustc_hash::{FxHashMap, FxHashSet};

use super::{email, property};
use crate::domain::account::AccountId;
use crate::store::error::Error;

/// How many changes of contacts are kept; the triggers know the number too. Whoever is further behind reads all contacts.
const CHANGES_BACK: i64 = 50_000;
/// Bytes of texts that are kept; past it those of other accounts are read anew when they are searched.
const KEPT_BYTES: usize = 256 * 1024 * 1024;
/// Bytes of overwritten texts that are left where they are.
const SPARE_BYTES: usize = 1024 * 1024;

/// Between two contacts. No text holds it.
const END: u8 = b'\n';

/// The texts of the accounts that were searched.
#[derive(Debug, Default)]
pub struct ContactSearch(Mutex<FxHashMap<AccountId, Arc<Mutex<Known>>>>);

#[derive(Debug, Default)]
struct Known {
    /// The change up to which contacts were read; `None` = none was read yet.
    change: Option<i64>,
    texts: Texts,
    is_used: bool,
}

impl ContactSearch {
    /// The contacts that have every word of `search` somewhere, in an email or in the value of a property, in the order of
    /// their numbers. Letters in upper case match those in lower case.
    pub fn find(&self, conn: &Connection, account: AccountId, search: &str) -> Result<Vec<u32>, Error> {
        let known = Arc::clone(self.lock().entry(account).or_default());
        let mut known = known.lock().unwrap_or_else(PoisonError::into_inner);
        known.is_used = true;
        known.follow(conn, account)?;
        let mut found: Option<Vec<u32>> = None;
        for word in search.to_lowercase().split_whitespace() {
            let mut contacts = known.texts.find(word);
            contacts.sort_unstable();
            if let Some(before) = found {
                contacts.retain(|contact| before.binary_search(contact).is_ok());
            }
            found = Some(contacts);
        }
        let bytes = known.texts.bytes.capacity();
        drop(known);
        self.forget_others(account, bytes);
        Ok(found.unwrap_or_default())
    }

    /// Forgets the texts of accounts that were not searched since the last call.
    pub fn release_memory(&self) {
        self.lock().retain(|_, known| {
            // Who searches right now uses them.
            known.try_lock().map_or(true, |mut known| std::mem::take(&mut known.is_used))
        });
    }

    fn forget_others(&self, account: AccountId, bytes: usize) {
        let mut all = self.lock();
        let mut sum = bytes;
        all.retain(|other, known| {
            if *other == account {
                return true;
            }
            let Ok(known) = known.try_lock() else { return true };
            sum += known.texts.bytes.capacity();
            sum <= KEPT_BYTES
        });
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, FxHashMap<AccountId, Arc<Mutex<Known>>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    /// Reads what changed since the last search.
    fn follow(&mut self, conn: &Connection, account: AccountId) -> Result<(), Error> {
        // Read before the texts: what changes meanwhile is read once more next time.
        let latest = latest_change(conn)?;
        match self.change {
            Some(change) if latest <= change => return Ok(()),
            Some(change) if latest - change <= CHANGES_BACK => {
                for contact in list_changed(conn, account, change)? {
                    self.read_one(conn, account, contact)?;
                }
            }
            _ => self.read_all(conn, account)?,
        }
        self.change = Some(latest);
        Ok(())
    }

    fn read_all(&mut self, conn: &Connection, account: AccountId) -> Result<(), Error> {
        let mut texts: FxHashMap<u32, String> = FxHashMap::default();
        email::each(conn, account, |contact, email| append(texts.entry(contact).or_default(), email))?;
        let mut statement = conn.prepare_cached(
            "select p.contact_id, p.value from contact_property p
             join contact c on c.account_id = p.account_id and c.id = p.contact_id and c.state = 'active'
             where p.account_id = ?1",
        )?;
        let mut rows = statement.query([account.0])?;
        while let Some(row) = rows.next()? {
            let value = row.get_ref(1)?.as_str().map_err(|error| Error::Sqlite(error.into()))?;
            append(texts.entry(row.get(0)?).or_default(), value);
        }
        self.texts = Texts::of(&texts);
        Ok(())
    }

    fn read_one(&mut self, conn: &Connection, account: AccountId, contact: u32) -> Result<(), Error> {
        let is_there = conn
            .prepare_cached("select 1 from contact where account_id = ?1 and id = ?2 and state = 'active'")?
            .query_row((account.0, contact), |_| Ok(()))
            .optional()?
            .is_some();
        let mut text = String::new();
        if is_there {
            let emails = email::list(conn, account, contact.into())?;
            emails.iter().for_each(|email| append(&mut text, &email.email));
            let properties = property::list(conn, account, contact.into())?;
            properties.iter().for_each(|property| append(&mut text, &property.value));
        }
        self.texts.set(contact, &text);
        Ok(())
    }
}

/// The number of the latest change of a contact, its emails or its properties, in any account; 0 before the first one.
/// Lists of contacts follow it too.
pub fn latest_change(conn: &Connection) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select coalesce(max(number), 0) from contact_change")?
        .query_row([], |row| row.get(0))?)
}

fn list_changed(conn: &Connection, account: AccountId, after: i64) -> Result<FxHashSet<u32>, Error> {
    let mut statement =
        conn.prepare_cached("select contact_id from contact_change where number > ?2 and account_id = ?1")?;
    let contacts = statement.query_map((account.0, after), |row| row.get(0))?;
    Ok(contacts.collect::<Result<_, _>>()?)
}

/// Appends a text in lower case. A space stands before each text and for the characters that end lines, so no word is
/// found across two of them.
fn append(to: &mut String, text: &str) {
    to.push(' ');
    to.extend(text.chars().map(|c| if c.is_control() { ' ' } else { c }).flat_map(char::to_lowercase));
}

/// Texts of contacts, one after the other.
#[derive(Debug, Default)]
struct Texts {
    bytes: Vec<u8>,
    /// Where each text begins, and whose it is, in the order of `bytes`.
    entries: Vec<(usize, u32)>,
    /// Places in `entries` by contact.
    entry_of: FxHashMap<u32, usize>,
    /// Bytes of texts that are gone.
    spare: usize,
}

impl Texts {
    fn of(texts: &FxHashMap<u32, String>) -> Self {
        let mut all = Self::default();
        for (contact, text) in texts {
            all.set(*contact, text);
        }
        all
    }

    /// Replaces the text of a contact; an empty one takes it away.
    fn set(&mut self, contact: u32, text: &str) {
        if let Some(place) = self.entry_of.remove(&contact) {
            let range = self.range(place);
            self.spare += range.len();
            if let Some(bytes) = self.bytes.get_mut(range) {
                bytes.fill(END);
            }
        }
        if self.spare > SPARE_BYTES && self.spare > self.bytes.len() / 2 {
            self.compact();
        }
        if !text.is_empty() {
            self.entry_of.insert(contact, self.entries.len());
            self.entries.push((self.bytes.len(), contact));
            self.bytes.extend_from_slice(text.as_bytes());
            self.bytes.push(END);
        }
    }

    /// The bytes of an entry.
    fn range(&self, place: usize) -> std::ops::Range<usize> {
        let start_of = |place: usize| self.entries.get(place).map(|(start, _)| *start);
        start_of(place).unwrap_or(self.bytes.len())..start_of(place + 1).unwrap_or(self.bytes.len())
    }

    /// Leaves out the texts that are gone.
    fn compact(&mut self) {
        let mut kept = Self::default();
        for (place, (_, contact)) in self.entries.iter().enumerate() {
            if self.entry_of.get(contact) == Some(&place) {
                kept.entry_of.insert(*contact, kept.entries.len());
                kept.entries.push((kept.bytes.len(), *contact));
                kept.bytes.extend_from_slice(self.bytes.get(self.range(place)).unwrap_or_default());
            }
        }
        *self = kept;
    }

    /// The contacts whose text holds a word, each once.
    fn find(&self, word: &str) -> Vec<u32> {
        let finder = Finder::new(word);
        let (mut contacts, mut from, mut place) = (Vec::new(), 0, 0);
        while let Some(found) = self.bytes.get(from..).and_then(|bytes| finder.find(bytes)) {
            let at = from + found;
            while self.range(place).end <= at {
                place += 1;
            }
            if let Some((_, contact)) = self.entries.get(place) {
                contacts.push(*contact);
            }
            from = self.range(place).end;
        }
        contacts
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_found_replaced_and_taken_away() {
        let mut texts = Texts::default();
        for (contact, text) in [(1, " ada@example.test"), (2, " bob ada"), (3, " eve")] {
            texts.set(contact, text);
        }
        assert_eq!((texts.find("ada"), texts.find("e"), texts.find("x")), (vec![1, 2], vec![1, 3], vec![1]));
        assert_eq!(texts.find("test\n bob"), [1], "nobody can type an end of line");
        texts.set(1, " ann");
        texts.set(2, "");
        assert_eq!((texts.find("ada"), texts.find("a"), texts.find("e")), (vec![], vec![1], vec![3]));
        assert!(!texts.bytes.windows(3).any(|bytes| bytes == b"ada"), "what is gone is overwritten");
    }

    #[test]
    fn texts_that_are_gone_take_no_more_room_than_the_others() {
        let mut texts = Texts::default();
        let long = "x".repeat(1024);
        for n in 0..10_000 {
            texts.set(n % 7, &format!(" {n} {long}"));
        }
        assert!(texts.bytes.len() <= 2 * SPARE_BYTES + 8 * 1024, "{}", texts.bytes.len());
        assert_eq!(texts.find(" 9999 "), [9999 % 7]);
        assert_eq!(texts.find(" 9998 "), [9998 % 7]);
        assert_eq!(texts.find(" 9000 "), Vec::<u32>::new());
    }
}
