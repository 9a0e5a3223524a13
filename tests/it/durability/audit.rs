//! Reads a store that nobody has open and counts everything again, by other ways than the product does.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;

use guestlog::store::{INBOX_FILE, MAIN_FILE, batch, row, unpacked};
use rusqlite::{Connection, OpenFlags, Row};

use crate::harness::site::findings;

/// What lies in a store.
pub(super) struct Audit {
    /// Event ids of rows, each once.
    pub(super) folded: HashSet<String>,
    /// Event ids that wait in the inbox.
    pub(super) waiting: HashSet<String>,
    /// Everything that is wrong in itself.
    pub(super) faults: Vec<String>,
}

/// Copies the files first: a look at them must not do the recovery that the next start has to do.
pub(super) fn of_copy(data_dir: &Path) -> Audit {
    let copy = tempfile::tempdir().unwrap();
    for entry in std::fs::read_dir(data_dir).unwrap().map(Result::unwrap) {
        // The control socket of a server that was killed stays behind.
        if !entry.file_type().unwrap().is_file() {
            continue;
        }
        std::fs::copy(entry.path(), copy.path().join(entry.file_name())).unwrap();
    }
    of(copy.path())
}

/// Of files that may be changed by looking.
pub(super) fn of(data_dir: &Path) -> Audit {
    let mut audit = Audit { folded: HashSet::new(), waiting: HashSet::new(), faults: findings(data_dir) };
    let open = |file: &str| {
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        Connection::open_with_flags(data_dir.join(file), flags).unwrap()
    };
    let (main, inbox) = (open(MAIN_FILE), open(INBOX_FILE));
    unpacked::create_views(&main).unwrap();
    audit.read_events(&main);
    audit.count_sessions(&main);
    audit.read_inbox(&main, &inbox);
    audit
}

/// All rows of a question.
fn rows<T>(conn: &Connection, sql: &str, read: impl Fn(&Row<'_>) -> rusqlite::Result<T>) -> Vec<T> {
    let mut statement = conn.prepare(sql).unwrap();
    let rows = statement.query_map([], |row| read(row)).unwrap();
    rows.map(Result::unwrap).collect()
}

impl Audit {
    /// What was acknowledged and is not there.
    pub(super) fn lost(&self, acknowledged: &HashSet<String>) -> Vec<String> {
        let gone = acknowledged.iter().filter(|id| !self.folded.contains(*id) && !self.waiting.contains(*id));
        gone.cloned().collect()
    }

    /// Fails when anything is wrong or missing.
    pub(super) fn assert_whole(&self, acknowledged: &HashSet<String>, when: &str) {
        assert!(self.faults.is_empty(), "{when}: {:?}", self.faults);
        let lost = self.lost(acknowledged);
        let (count, of) = (lost.len(), acknowledged.len());
        assert!(lost.is_empty(), "{when}: {count} of {of} acknowledged are lost: {lost:?}");
    }

    fn read_events(&mut self, main: &Connection) {
        let events =
            rows(main, "select at_ms, inbox_id from event_unpacked", |row| Ok((row.get(0)?, row.get(1)?)));
        let mut unnamed: HashSet<(i64, i64)> = events.into_iter().collect();
        let seen = "select event_id, at_ms, inbox_id from seen";
        for (id, at, inbox_id) in rows(main, seen, |r| Ok((r.get::<_, String>(0)?, r.get(1)?, r.get(2)?))) {
            if !unnamed.remove(&(at, inbox_id)) {
                self.faults.push(format!("{id} is remembered without a row of its own"));
            }
            if !self.folded.insert(id.clone()) {
                self.faults.push(format!("{id} stands there twice"));
            }
        }
        if !unnamed.is_empty() {
            self.faults.push(format!("{} rows are of no event: counted twice", unnamed.len()));
        }
        let letters = rows(main, "select error from dead_letter", |row| row.get::<_, String>(0));
        self.faults.extend(letters.into_iter().map(|error| format!("dead letter: {error}")));
    }

    fn count_sessions(&mut self, main: &Connection) {
        #[derive(Default, PartialEq, Debug)]
        struct Counted {
            visitor: i64,
            views: i64,
            first: i64,
            last: i64,
        }
        let mut counted: BTreeMap<i64, Counted> = BTreeMap::new();
        let mut visitors: HashMap<i64, HashSet<i64>> = HashMap::new();
        let events = "select session_id, visitor, at_ms from event_unpacked";
        for (session, visitor, at) in rows(main, events, |r| Ok((r.get(0)?, r.get(1)?, r.get(2)?))) {
            let new = Counted { visitor, views: 0, first: at, last: at };
            let of = counted.entry(session).or_insert(new);
            of.views += 1;
            of.first = of.first.min(at);
            of.last = of.last.max(at);
            visitors.entry(visitor).or_default().insert(session);
        }
        let written = "select id, visitor, page_views, start_ms, last_ms from session_unpacked order by id";
        let written = rows(main, written, |r| {
            let of = Counted { visitor: r.get(1)?, views: r.get(2)?, first: r.get(3)?, last: r.get(4)? };
            Ok((r.get(0)?, of))
        });
        if written != counted.into_iter().collect::<Vec<_>>() {
            self.faults.push("sessions do not say what their events say".to_owned());
        }
        // Nobody pauses for 30 minutes in these tests.
        if visitors.values().any(|sessions| sessions.len() != 1) {
            self.faults.push("a visitor has several sessions".to_owned());
        }
        let ask = |sql| main.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let count = i64::try_from(visitors.len()).unwrap();
        for numbers in [
            "select count(*) from visitor",
            "select coalesce(max(number), 0) from visitor",
            "select last_visitor from account",
            "select count(*) from visitor_token",
            "select coalesce(max(id), 0) from session_unpacked",
            "select last_session from account",
        ] {
            if ask(numbers) != count {
                self.faults.push(format!("{numbers}: {} for {count} visitors", ask(numbers)));
            }
        }
    }

    fn read_inbox(&mut self, main: &Connection, inbox: &Connection) {
        let ask = |conn: &Connection, sql| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let watermark = ask(main, "select watermark from meta");
        let above = ask(main, "select count(*) from event_unpacked, meta where inbox_id > watermark");
        if above > 0 {
            self.faults.push(format!("{above} rows are folded past the watermark {watermark}"));
        }
        let mut before = watermark;
        for (last_id, hits, body) in
            rows(inbox, "select last_id, hits, body from batch order by last_id", |row| {
                Ok((row.get::<_, i64>(0)?, row.get::<_, u32>(1)?, row.get::<_, Vec<u8>>(2)?))
            })
        {
            for (id, row) in batch::hits(last_id, hits, &body).filter(|(id, _)| *id > watermark) {
                if id != before + 1 {
                    self.faults.push(format!("the inbox goes from {before} to {id}"));
                }
                before = id;
                self.waiting.insert(row::hit(row).unwrap().event_id.unwrap());
            }
        }
    }
}
