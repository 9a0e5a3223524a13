//! Segments whose bytes or numbers are not those that were written: the day is named and left out, or the answer is the
//! true one. Never a panic, never a wrong number.

use std::collections::{BTreeSet, HashMap};
use std::path::Path;

use guestlog::base::clock::{DAY, ManualClock};
use guestlog::base::random::SeededRandom;
use guestlog::domain::account::AccountId;
use guestlog::domain::period::LocalDay;
use guestlog::domain::question::{Dimension, Filter};
use guestlog::store::scan::{self, Bounds, Counted, Deadline, Grouping, Key, Measure, Request, Table, Top};
use guestlog::store::{MAIN_FILE, Options, Store, segment};
use rusqlite::{Connection, params};

use super::{ACCOUNTS, NOW, generated, is_slow};

/// A store, what is asked of it, and what it answers with some of its days left out.
struct Torture {
    /// The scanner of a server; it reads through `conn`, in the transaction that changes things, and a second thread
    /// through a reader of its own.
    store: Store,
    conn: Connection,
    random: SeededRandom,
    segments: Vec<(AccountId, segment::Segment)>,
    questions: Vec<(std::ops::Range<i64>, Vec<Filter>, Vec<Grouping>)>,
    known: HashMap<(AccountId, usize, BTreeSet<i32>), Vec<Table>>,
}

fn questions() -> Vec<(std::ops::Range<i64>, Vec<Filter>, Vec<Grouping>)> {
    let by = |key: Key, by: Measure| Grouping::By(key, Top { by, limit: 50, after: None, skip_empty: false });
    let dimension = |dimension, measure| by(Key::Dimension(dimension), measure);
    let parse =
        |filters: &[&str]| filters.iter().map(|text| Filter::parse(text).unwrap()).collect::<Vec<_>>();
    let end = NOW.0 + DAY;
    let steps = (0..20).rev().map(|n| NOW.0 - n * DAY).collect();
    vec![
        (0..i64::MAX, Vec::new(), vec![Grouping::Total, dimension(Dimension::Page, Measure::Visitors)]),
        (
            NOW.0 - 7 * DAY..end,
            parse(&["device:is_not:mobile"]),
            vec![
                dimension(Dimension::Source, Measure::Sessions),
                dimension(Dimension::Country, Measure::PageViews),
                dimension(Dimension::Browser, Measure::Bounces),
            ],
        ),
        (NOW.0 - 19 * DAY..NOW.0, Vec::new(), vec![Grouping::Intervals(steps)]),
        (
            0..end,
            parse(&["page:contains:/", "language:is_not:nl"]),
            vec![
                dimension(Dimension::EntryPage, Measure::Engaged),
                dimension(Dimension::ExitPage, Measure::Visitors),
                dimension(Dimension::VisitorType, Measure::Sessions),
                dimension(Dimension::Suspected, Measure::PageViews),
                by(Key::Campaign, Measure::Visitors),
            ],
        ),
        (
            NOW.0 - 12 * DAY..NOW.0 - 5 * DAY,
            Vec::new(),
            vec![
                dimension(Dimension::Referrer, Measure::Visitors),
                dimension(Dimension::Screen, Measure::Visitors),
                dimension(Dimension::Consent, Measure::PageViews),
                dimension(Dimension::Company, Measure::PageViews),
            ],
        ),
    ]
}

impl Torture {
    fn new(dir: &Path) -> Self {
        let options = Options { data_dir: dir.to_owned(), min_free: 0, readers: 1 };
        let store = Store::open(&options, ManualClock::at(NOW)).unwrap();
        let conn = Connection::open(dir.join(MAIN_FILE)).unwrap();
        conn.execute_batch(
            "pragma synchronous = off; pragma ignore_check_constraints = on;
             create temp table whole_segment as select * from segment;
             create temp table whole_column as select * from segment_column",
        )
        .unwrap();
        let list = |account| segment::list(&conn, account, i64::MIN, i64::MAX).unwrap();
        let segments = ACCOUNTS.iter().flat_map(|id| list(*id).into_iter().map(|segment| (*id, segment)));
        let segments = segments.collect();
        let (random, questions) = (SeededRandom::new(11), questions());
        Self { store, conn, random, segments, questions, known: HashMap::new() }
    }

    fn below(&self, n: usize) -> usize {
        (self.random.next_u64() % n.max(1) as u64) as usize
    }

    fn ask(&self, account: AccountId, question: usize, bounds: Bounds) -> scan::Answer {
        let (range_ms, filters, groupings) = &self.questions[question];
        let ask = Request {
            account,
            range_ms: range_ms.clone(),
            filters,
            groupings,
            engaged: true,
            counted: Counted::Visitors,
            now: NOW,
            deadline: Deadline::new(ManualClock::at(NOW)),
            bounds,
        };
        self.store.scanner.run(&self.conn, &ask).unwrap()
    }

    /// What is true of a store that has not these days.
    fn truth(&mut self, account: AccountId, question: usize, days: BTreeSet<i32>) -> Vec<Table> {
        let key = (account, question, days);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        self.conn.execute_batch("savepoint truth").unwrap();
        for segment in segment::list(&self.conn, account, i64::MIN, i64::MAX).unwrap() {
            if key.2.contains(&segment.day.0) {
                segment::delete(&self.conn, account, &segment).unwrap();
            }
        }
        let answer = self.ask(account, question, Bounds::default());
        assert_eq!(answer.damaged, Vec::<LocalDay>::new());
        self.conn.execute_batch("rollback to truth; release truth").unwrap();
        self.known.insert(key, answer.tables.clone());
        answer.tables
    }

    /// A stored column by chance: its number and its bytes.
    fn column(&self) -> (i64, Vec<u8>) {
        let (_, segment) = &self.segments[self.below(self.segments.len())];
        let stored: Vec<i64> = (0..32).filter(|col| segment.extent.stored >> col & 1 == 1).collect();
        let id = segment.id * 32 + stored[self.below(stored.len())];
        (id, self.bytes(id).unwrap())
    }

    fn bytes(&self, id: i64) -> Option<Vec<u8>> {
        let mut find = self.conn.prepare_cached("select data from segment_column where id = ?1").unwrap();
        find.query_row([id], |row| row.get(0)).ok()
    }

    fn put(&self, id: i64, bytes: &[u8]) {
        let mut update =
            self.conn.prepare_cached("update segment_column set data = ?2 where id = ?1").unwrap();
        assert_eq!(update.execute(params![id, bytes]).unwrap(), 1);
    }

    /// Changes a column; answers what was done, and `None` when that changed nothing.
    fn mutate_column(&self) -> Option<String> {
        let (id, before) = self.column();
        let mut bytes = before.clone();
        let len = bytes.len();
        let what = match self.below(9) {
            0 => {
                for _ in 0..1 + self.below(8) {
                    bytes[self.below(len)] ^= 1 << self.below(8);
                }
                "bits"
            }
            1 => {
                bytes.truncate(self.below(len));
                "shorter"
            }
            2 => {
                bytes.extend((0..1 + self.below(40)).map(|_| self.random.next_u64() as u8));
                "longer"
            }
            3 => {
                let from = self.below(len);
                let to = (from + 1 + self.below(64)).min(len);
                bytes[from..to].fill(0);
                "zeroes"
            }
            4 => {
                bytes[4 + self.below(12)] = self.random.next_u64() as u8;
                "head"
            }
            // the checksum of its bytes is right, as one who mends it by hand would have it
            5 => {
                bytes[4 + self.below(len - 4)] ^= 1 << self.below(8);
                let sum = crc32fast::hash(&bytes[4..]);
                bytes[..4].copy_from_slice(&sum.to_le_bytes());
                "head with its sum"
            }
            6 => {
                let other = id / 32 * 32 + self.below(26) as i64;
                bytes = self.bytes(other)?;
                self.put(other, &before);
                "two columns"
            }
            7 => {
                let (_, segment) = &self.segments[self.below(self.segments.len())];
                let other = segment.id * 32 + id % 32;
                bytes = self.bytes(other)?;
                self.put(other, &before);
                "two days"
            }
            _ => {
                self.conn.execute("delete from segment_column where id = ?1", [id]).unwrap();
                return Some(format!("column {id} deleted"));
            }
        };
        self.put(id, &bytes);
        (bytes != before).then(|| format!("column {id}: {what}"))
    }

    /// Changes the numbers of a segment.
    fn mutate_row(&self) -> Option<String> {
        const NUMBERS: [&str; 17] = [
            "id",
            "account_id",
            "day",
            "runs",
            "rows",
            "listed",
            "first_ms",
            "last_ms",
            "stored",
            "sum",
            "visitors",
            "sessions",
            "page_views",
            "completions",
            "value_minor",
            "engaged_ms",
            "bounces",
        ];
        let (_, segment) = &self.segments[self.below(self.segments.len())];
        let number = NUMBERS[self.below(NUMBERS.len())];
        let bit = 1_i64 << self.below(if number == "account_id" { 2 } else { 63 });
        let (change, other) = match self.below(6) {
            0 => (format!("{number} + 1"), None),
            1 => (format!("{number} - 1"), None),
            2 => (format!("({number} | {bit}) - ({number} & {bit})"), None),
            3 => (format!("-{number}"), None),
            4 if number != "id" => {
                // the same number of two segments
                let (_, other) = &self.segments[self.below(self.segments.len())];
                (format!("(select {number} from segment where id = {})", other.id), Some(other.id))
            }
            _ => {
                self.conn.execute("delete from segment where id = ?1", [segment.id]).unwrap();
                return Some(format!("segment {} deleted", segment.id));
            }
        };
        let read = |id: i64| {
            let sql = format!("select {number} from segment where id = {id}");
            self.conn.query_row(&sql, [], |row| row.get::<_, i64>(0)).unwrap_or(i64::MIN)
        };
        let before = read(segment.id);
        let sql = format!("update segment set {number} = {change} where id = {}", segment.id);
        // A number of a segment that is there stays what it was.
        self.conn.execute(&sql, []).ok()?;
        if let Some(other) = other.filter(|other| *other != segment.id) {
            self.conn
                .execute(&format!("update segment set {number} = {before} where id = {other}"), [])
                .unwrap();
        }
        (read(segment.id) != before).then(|| format!("segment {}: {number} = {change}", segment.id))
    }

    /// Asks by one thread, or by two, the other of which sees only what is committed; then all is as it was. What is not
    /// named must be true. Answers whether a day was named.
    fn verify(&mut self, account: AccountId, question: usize, threads: usize, what: &str) -> bool {
        let answer = if threads == 2 {
            self.conn.execute_batch("commit").unwrap();
            let answer = self.ask(account, question, Bounds { parallel_rows: 0, ..Bounds::default() });
            let again = "begin;
                delete from segment_column; insert into segment_column select * from whole_column;
                delete from segment; insert into segment select * from whole_segment;
                commit";
            self.conn.execute_batch(again).unwrap();
            answer
        } else {
            let answer = self.ask(account, question, Bounds::default());
            self.conn.execute_batch("rollback").unwrap();
            answer
        };
        let days: BTreeSet<i32> = answer.damaged.iter().map(|day| day.0).collect();
        let is_named = !days.is_empty();
        let truth = self.truth(account, question, days);
        let by = format!("{what}, question {question} of {account} by {threads}");
        assert!(answer.tables == truth, "{by}: {:?}", answer.damaged);
        is_named
    }
}

/// rules.md 18
#[test]
fn a_mutated_segment_is_named_and_left_out_or_changes_nothing() {
    let rounds = if is_slow() { 10_000 } else { 1_500 };
    let dir = tempfile::tempdir().unwrap();
    generated(dir.path(), 250, 14);
    let mut torture = Torture::new(dir.path());
    assert!(torture.segments.len() > 20, "{}", torture.segments.len());
    let (mut mutated, mut named) = (0, [0, 0]);
    while mutated < rounds {
        let seed = torture.random.next_u64();
        let (mut changed, mut is_named) = (None, [false; 2]);
        for turn in 0..4 {
            // the same harm before each question, however it was undone
            torture.random = SeededRandom::new(seed);
            torture.conn.execute_batch("begin").unwrap();
            changed = if torture.below(3) == 0 { torture.mutate_row() } else { torture.mutate_column() };
            let Some(what) = &changed else {
                torture.conn.execute_batch("rollback").unwrap();
                break;
            };
            torture.random = SeededRandom::new(seed.wrapping_add(7 + turn / 2));
            let account = ACCOUNTS[torture.below(2)];
            let question = torture.below(torture.questions.len());
            let threads = 1 + turn as usize % 2;
            is_named[threads - 1] |= torture.verify(account, question, threads, what);
        }
        torture.random = SeededRandom::new(seed.wrapping_add(1));
        mutated += usize::from(changed.is_some());
        assert_eq!(is_named[0], is_named[1], "{changed:?}: two threads name what one does");
        named[0] += usize::from(is_named[0]);
        named[1] += usize::from(is_named[1]);
    }
    println!("{mutated} mutated segments, {named:?} felt by at least one of two questions");
    assert!(named[1] * 4 > mutated, "{named:?} of {mutated}");
}
