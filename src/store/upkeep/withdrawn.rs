//! Browsers whose visitors withdrew on the page for visitors (rules.md 42): nothing is collected under their tokens any more.
//! The tokens are kept as keyed hashes in the file `withdrawn-browsers` beside the store, which is in no backup, so that a
//! restored one changes nothing about it. Without the key in the file's first line nobody can tell a token from its hash.
//!
//! Each further line is an account and a hash. Lines are only ever added. All of them are in memory, because every hit is
//! looked up.

use std::fs::File;
use std::io::{ErrorKind, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustc_hash::{FxHashMap, FxHashSet};

use super::erased::keyed_hash;
use crate::base::random::{Random, hex};
use crate::domain::account::AccountId;
use crate::domain::visitor::Token;
use crate::store::error::Error;
use crate::store::file::data_dir;

/// The name of the file in the data directory.
pub const WITHDRAWN_FILE: &str = "withdrawn-browsers";
const HEAD: &str = "guestlog-withdrawn-browsers 1 ";
/// Hex digits of the key.
const KEY_DIGITS: usize = 64;
/// Bytes that are kept of a hash. Nobody can find another token with the same ones.
const HASH_BYTES: usize = 16;

type Hash = [u8; HASH_BYTES];

/// What became of a withdrawal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is on disk, now or since earlier.
    Kept,
    /// The account has as many as it may have.
    Full,
}

/// The file, and what it holds.
#[derive(Debug)]
pub struct WithdrawnBrowsers {
    path: PathBuf,
    /// Bytes of the file's whole lines. Held while a line is written.
    end: Mutex<u64>,
    known: RwLock<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// `None` while there is no file.
    key: Option<String>,
    hashes: FxHashMap<AccountId, FxHashSet<Hash>>,
}

impl WithdrawnBrowsers {
    /// Reads the file, if there is one. What a crash has cut off of its last line is left out.
    ///
    /// # Errors
    /// What the system says; `Corrupt` when the file is not one of these.
    pub fn open(data_dir: &Path) -> Result<Self, Error> {
        let path = data_dir.join(WITHDRAWN_FILE);
        let text = match std::fs::read_to_string(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => String::new(),
            Err(error) if error.kind() == ErrorKind::InvalidData => return Err(corrupt(&path)),
            Err(error) => return Err(error.into()),
        };
        let end = text.rfind('\n').map_or(0, |at| at + 1);
        let mut lines = text.get(..end).unwrap_or_default().lines();
        let mut known = Known::default();
        if let Some(head) = lines.next() {
            let key = head.strip_prefix(HEAD).filter(|key| key.len() == KEY_DIGITS);
            known.key = Some(key.ok_or_else(|| corrupt(&path))?.to_owned());
        }
        for line in lines {
            let (account, hash) = parse(line).ok_or_else(|| corrupt(&path))?;
            known.hashes.entry(account).or_default().insert(hash);
        }
        Ok(Self { path, end: Mutex::new(end as u64), known: RwLock::new(known) })
    }

    /// Whether anybody withdrew from an account.
    #[must_use]
    pub fn has_any(&self, account: AccountId) -> bool {
        self.known.read().unwrap_or_else(PoisonError::into_inner).hashes.contains_key(&account)
    }

    /// Whether the visitor with this token withdrew.
    #[must_use]
    pub fn contains(&self, account: AccountId, token: &Token) -> bool {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let Known { key: Some(key), hashes } = &*known else { return false };
        let Some(hashes) = hashes.get(&account) else { return false };
        // What cannot be compared is refused.
        hash(key, account, token).map_or(true, |hash| hashes.contains(&hash))
    }

    /// How many withdrew from an account.
    #[must_use]
    pub fn count(&self, account: AccountId) -> usize {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.hashes.get(&account).map_or(0, FxHashSet::len)
    }

    /// Keeps a withdrawal and waits until it is on disk, unless the account has `most` already.
    ///
    /// # Errors
    /// What the system says.
    pub async fn insert(
        self: &Arc<Self>,
        random: Arc<dyn Random>,
        account: AccountId,
        token: Token,
        most: usize,
    ) -> Result<Added, Error> {
        let own = Arc::clone(self);
        let done = tokio::task::spawn_blocking(move || own.insert_blocking(&*random, account, &token, most));
        done.await.unwrap_or(Err(Error::Panicked))
    }

    fn insert_blocking(
        &self,
        random: &dyn Random,
        account: AccountId,
        token: &Token,
        most: usize,
    ) -> Result<Added, Error> {
        let mut end = self.end.lock().unwrap_or_else(PoisonError::into_inner);
        if self.contains(account, token) {
            return Ok(Added::Kept);
        }
        if self.count(account) >= most {
            return Ok(Added::Full);
        }
        let known_key = self.known.read().unwrap_or_else(PoisonError::into_inner).key.clone();
        let is_new = known_key.is_none();
        let key = known_key.unwrap_or_else(|| random.secret());
        let hash = hash(&key, account, token)?;
        let head = if is_new { format!("{HEAD}{key}\n") } else { String::new() };
        let added = format!("{head}{account} {}\n", hex(&hash));
        self.write(*end, &added)?;
        *end += added.len() as u64;
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        known.key = Some(key);
        known.hashes.entry(account).or_default().insert(hash);
        Ok(Added::Kept)
    }

    /// Writes after the whole lines, over what a crash or a full disk has left behind them.
    fn write(&self, end: u64, added: &str) -> Result<(), Error> {
        data_dir::restrict(&self.path)?;
        let mut file = File::options().write(true).open(&self.path)?;
        file.set_len(end)?;
        file.seek(SeekFrom::Start(end))?;
        file.write_all(added.as_bytes())?;
        file.sync_all()?;
        Ok(data_dir::sync_dir(self.path.parent())?)
    }
}

fn hash(key: &str, account: AccountId, token: &Token) -> Result<Hash, Error> {
    let whole = keyed_hash(key, &format!("{account} withdrawn {}", token.as_str()))?;
    let mut hash = Hash::default();
    hash.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    Ok(hash)
}

/// The account and the hash of a line.
fn parse(line: &str) -> Option<(AccountId, Hash)> {
    let (account, digits) = line.split_once(' ')?;
    let number = u128::from_str_radix(digits, 16).ok().filter(|_| digits.len() == 2 * HASH_BYTES)?;
    Some((AccountId(account.parse().ok()?), number.to_be_bytes()))
}

fn corrupt(path: &Path) -> Error {
    Error::Corrupt {
        file: path.to_owned(),
        finding: "it is not a list of browsers whose visitors withdrew".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::random::SeededRandom;

    const ONE: AccountId = AccountId::FIRST;
    const TWO: AccountId = AccountId(ONE.0 + 1);

    fn token(text: &str) -> Token {
        Token::parse(text).unwrap()
    }

    fn insert(file: &WithdrawnBrowsers, account: AccountId, text: &str) -> Added {
        file.insert_blocking(&SeededRandom::new(1), account, &token(text), 2).unwrap()
    }

    /// rules.md 42
    #[test]
    fn a_withdrawal_is_kept_as_a_hash_for_its_account_alone_also_after_a_line_was_cut_off() {
        let dir = tempfile::tempdir().unwrap();
        let file = WithdrawnBrowsers::open(dir.path()).unwrap();
        assert!(!file.has_any(ONE) && !file.contains(ONE, &token("ada")));
        assert_eq!(insert(&file, ONE, "ada"), Added::Kept);
        let path = dir.path().join(WITHDRAWN_FILE);
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(!text.contains("ada"), "{text}");
        std::fs::write(&path, format!("{text}1000001 0123")).unwrap();
        let file = WithdrawnBrowsers::open(dir.path()).unwrap();
        assert!(file.contains(ONE, &token("ADA")) && !file.contains(ONE, &token("bob")));
        assert!(!file.contains(TWO, &token("ada")) && !file.has_any(TWO), "another account");
        assert_eq!(insert(&file, ONE, "bob"), Added::Kept);
        let file = WithdrawnBrowsers::open(dir.path()).unwrap();
        assert!(file.contains(ONE, &token("ada")) && file.contains(ONE, &token("bob")));
        assert_eq!(std::fs::read_to_string(&path).unwrap().lines().count(), 3);
    }

    #[test]
    fn an_account_has_its_most_and_one_past_it_is_not_kept() {
        let dir = tempfile::tempdir().unwrap();
        let file = WithdrawnBrowsers::open(dir.path()).unwrap();
        assert_eq!([insert(&file, ONE, "ada"), insert(&file, ONE, "bob")], [Added::Kept, Added::Kept]);
        assert_eq!(insert(&file, ONE, "cy"), Added::Full);
        assert!(!file.contains(ONE, &token("cy")));
        assert_eq!(insert(&file, ONE, "bob"), Added::Kept, "it is there already");
        assert_eq!(insert(&file, TWO, "cy"), Added::Kept, "another account");
    }

    #[test]
    fn a_file_that_is_something_else_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join(WITHDRAWN_FILE);
        let head = format!("{HEAD}{}", "0".repeat(KEY_DIGITS));
        for bad in [
            b"something\nelse\n".to_vec(),
            b"\xff\n".to_vec(),
            format!("{head}\n1000001 xyz\n").into_bytes(),
            format!("{head}\n1000001 {}\n", "a".repeat(2 * HASH_BYTES + 1)).into_bytes(),
            format!("{head}\nada {}\n", "a".repeat(2 * HASH_BYTES)).into_bytes(),
        ] {
            std::fs::write(&path, &bad).unwrap();
            let refused = WithdrawnBrowsers::open(dir.path()).unwrap_err();
            assert!(matches!(refused, Error::Corrupt { .. }), "{refused}");
        }
    }
}
