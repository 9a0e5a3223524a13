//! The rows of one import in steps. A step is one transaction, which also writes down how far it came: after a crash the
//! import goes on with the row after that.

use std::path::Path;

use rustc_hash::FxHashMap;
use sha2::{Digest, Sha256};

use super::apply::{self, Error, Plan, Target};
use super::file::{FileError, Rows, path_of};
use super::row::{Person, parse};
use crate::app::people::with_numbers;
use crate::base::clock::Millis;
use crate::domain::import::{Reason, Refusal};
use crate::domain::provenance::{Channel, Provenance};
use crate::domain::source::Source;
use crate::store::account::Numbers;
use crate::store::dictionary::{self, Kind};
use crate::store::import::{Import, State, Tally};
use crate::store::{self, Connection, import};

/// Rows of one transaction. Hits wait for it to be folded, so it is short.
const STEP: usize = 500;
/// How HubSpot names the way of a contact that came from a file.
const BY_IMPORT: &str = "IMPORT";

/// A row that was read: what it says, or why it is refused.
type Read = Result<Person, Refusal>;

/// An import under way.
pub(super) struct Run {
    pub import: Import,
    rows: Rows,
    /// The next rows, and the line of the last one.
    batch: Vec<Read>,
    line: u64,
    /// What happened later is in the future.
    now: Millis,
    is_at_end: bool,
    /// Hashes of the emails and external ids that rows of the file named, with the line of the first.
    named: FxHashMap<[u8; 16], u64>,
    /// The contacts that rows were about.
    touched: FxHashMap<i64, u64>,
}

impl Run {
    /// # Errors
    /// When the file is not there, or cannot be read.
    pub(super) fn open(data_dir: &Path, import: Import, now: Millis) -> Result<Self, FileError> {
        let rows = Rows::open(&path_of(data_dir, &import.file), import.separator)?;
        Ok(Self {
            line: import.line,
            now,
            import,
            rows,
            batch: Vec::new(),
            is_at_end: false,
            named: FxHashMap::default(),
            touched: FxHashMap::default(),
        })
    }

    /// Reads the next rows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub(super) fn read(&mut self) -> Result<(), FileError> {
        self.batch.clear();
        while self.batch.len() < STEP {
            let Some(row) = self.rows.next_row()? else {
                self.is_at_end = true;
                break;
            };
            self.line = row.line;
            let read = parse(&row, &self.import.columns, self.now).and_then(|person| self.claim(person));
            self.batch.push(read);
            if row.line == self.import.line {
                // What follows is not done yet.
                break;
            }
        }
        Ok(())
    }

    pub(super) const fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// Are the rows that were read done already, before the program was started again?
    pub(super) fn is_behind(&self) -> bool {
        !self.batch.is_empty() && self.line <= self.import.line
    }

    /// A second row about the same person is refused: which of both is right, nobody knows, and the next import of the same
    /// file would change the contact again.
    fn claim(&mut self, person: Person) -> Read {
        let emails = person.emails.iter().map(|(column, email)| (*column, hash("email", email.as_str())));
        let external = person.external_id.iter().map(|(column, id)| (*column, hash("id", id)));
        let names: Vec<(usize, [u8; 16])> = emails.chain(external).collect();
        for (column, name) in &names {
            if let Some(line) = self.named.get(name) {
                return Err(person.refuse(Some(*column), Reason::SameContact, i64::try_from(*line).ok()));
            }
        }
        self.named.extend(names.into_iter().map(|(_, name)| (name, person.line)));
        Ok(person)
    }

    /// Notes the contacts of rows that are done already.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn skip(&mut self, conn: &Connection) -> Result<(), store::Error> {
        for person in std::mem::take(&mut self.batch).into_iter().flatten() {
            match apply::find(conn, self.import.account, &person) {
                Ok(Some(id)) => drop(self.touched.entry(id).or_insert(person.line)),
                Ok(None) | Err(Error::Refused(_)) => {}
                Err(Error::Store(error)) => return Err(error),
            }
        }
        Ok(())
    }

    /// Compares the rows that were read with the contacts, and writes down what was found.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn check(&mut self, conn: &Connection) -> Result<Outcome, store::Error> {
        self.process(conn, None)
    }

    /// Imports the rows that were read, and writes down how far it came. `None` when the import was stopped meanwhile.
    ///
    /// # Errors
    /// The store's.
    pub(super) fn write(&mut self, conn: &Connection, now: Millis) -> Result<Option<Outcome>, store::Error> {
        let account = self.import.account;
        if !is_still(conn, &self.import)? {
            return Ok(None);
        }
        let source = dictionary::join(&[Source::Offline.as_str(), BY_IMPORT, ""]);
        let source = dictionary::upsert(conn, account, Kind::Source, &source)?;
        let target = Target { conn, account, said: Provenance::verified(Channel::Import, now), source };
        let outcome = with_numbers(conn, account, |numbers| self.process(conn, Some((&target, numbers))))?;
        import::add_rows(conn, self.import.id, outcome.line, &outcome.tally, &outcome.refusals)?;
        Ok(Some(outcome))
    }

    fn process(
        &mut self,
        conn: &Connection,
        mut writing: Option<(&Target<'_>, &mut Numbers)>,
    ) -> Result<Outcome, store::Error> {
        let mut outcome = Outcome { line: self.line, ..Outcome::default() };
        for read in std::mem::take(&mut self.batch) {
            let judged = read.map_err(Error::Refused).and_then(|person| {
                let (found, plan) = self.judge(conn, &person)?;
                Ok((person, found, plan))
            });
            let (person, found, plan) = match judged {
                Ok(judged) => judged,
                Err(Error::Store(error)) => return Err(error),
                Err(Error::Refused(refusal)) => {
                    outcome.tally.refused += 1;
                    outcome.refusals.push(refusal);
                    continue;
                }
            };
            match plan {
                Plan::Create(_) => outcome.tally.created += 1,
                Plan::Change(..) => outcome.tally.changed += 1,
                Plan::Keep => outcome.tally.same += 1,
            }
            let written = match &mut writing {
                Some((target, numbers)) => apply::apply(target, numbers, &person, &plan)?,
                None => None,
            };
            self.touched.extend(written.or(found).map(|id| (id, person.line)));
        }
        Ok(outcome)
    }

    fn judge(&self, conn: &Connection, person: &Person) -> Result<(Option<i64>, Plan), Error> {
        let found = apply::find(conn, self.import.account, person)?;
        if let Some(line) = found.and_then(|id| self.touched.get(&id)) {
            return Err(person.refuse(None, Reason::SameContact, i64::try_from(*line).ok()).into());
        }
        Ok((found, apply::plan(conn, self.import.account, person, found)?))
    }
}

/// What became of the rows of a step.
#[derive(Default)]
pub(super) struct Outcome {
    /// The last line.
    pub line: u64,
    pub tally: Tally,
    pub refusals: Vec<Refusal>,
}

/// Does the import still do what it did when its file was opened?
///
/// # Errors
/// The store's.
pub(super) fn is_still(conn: &Connection, before: &Import) -> Result<bool, store::Error> {
    let now = import::find(conn, before.account, before.id)?;
    Ok(now.is_some_and(|now| now.state == before.state && now.state != State::Stopped))
}

fn hash(kind: &str, name: &str) -> [u8; 16] {
    let whole = Sha256::new().chain_update(kind).chain_update([0]).chain_update(name).finalize();
    let mut hash = [0; 16];
    hash.iter_mut().zip(whole).for_each(|(to, from)| *to = from);
    hash
}
