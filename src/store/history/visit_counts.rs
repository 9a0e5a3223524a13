//! Sessions and page views of every visitor, counted from the rows of the store: hot rows and segments. The fold counts
//! them as they happen; this is for a store that was written before it did, and for checking one.

use rusqlite::Connection;
use rustc_hash::FxHashSet;

use crate::domain::account::AccountId;
use crate::store::error::{Damage, Error};
use crate::store::hits::event::{self, PAGE_VIEW};
use crate::store::hits::session;
use crate::store::people::contact;
use crate::store::segment::columns::{Col, IS_COMPLETION, SPANS};
use crate::store::segment::{self, Reader, Segment};

/// What is stored of one visitor.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Visits {
    pub sessions: u32,
    pub page_views: u32,
    /// The session this number took over from a lower one; 0 = none.
    pub shared_session: u32,
}

/// Writes the counts of every visitor and contact of a store that has none yet. It does the same however often it runs.
///
/// # Errors
/// SQLite's. Days that cannot be read are left out, as they are in reports.
pub(in crate::store) fn fill(conn: &Connection) -> Result<(), Error> {
    let mut accounts = conn.prepare("select id from account order by id")?;
    let accounts = accounts.query_map([], |row| row.get(0).map(AccountId))?;
    for account in accounts.collect::<Result<Vec<_>, _>>()? {
        let mut update = conn.prepare(
            "update visitor set sessions = ?3, page_views = ?4, shared_session = ?5
             where account_id = ?1 and number = ?2",
        )?;
        let open = OpenRows::list_columns(conn, account)?;
        for (visits, number) in count(conn, account, open)?.into_iter().zip(0u32..) {
            if visits != Visits::default() {
                let Visits { sessions, page_views, shared_session } = visits;
                update.execute((account.0, number, sessions, page_views, shared_session))?;
            }
        }
        contact::recount_all_visits(conn, account)?;
    }
    Ok(())
}

/// How many visitors have fewer sessions or page views written on them than there are rows of. They may have more: what
/// is deleted of a period stays counted.
pub(in crate::store) fn count_undercounted(conn: &Connection, account: AccountId) -> Result<usize, Error> {
    let counted = count(conn, account, OpenRows::list(conn, account)?)?;
    let mut visitors =
        conn.prepare("select number, sessions, page_views from visitor where account_id = ?1")?;
    let mut rows = visitors.query([account.0])?;
    let mut wrong = 0;
    while let Some(row) = rows.next()? {
        let number: u32 = row.get(0)?;
        let found = counted.get(number as usize).copied().unwrap_or_default();
        let (sessions, page_views): (u32, u32) = (row.get(1)?, row.get(2)?);
        wrong += usize::from(sessions < found.sessions || page_views < found.page_views);
    }
    Ok(wrong)
}

/// What is not in segments.
struct OpenRows {
    /// Sessions that have a row of their own.
    sessions: FxHashSet<u32>,
    /// Session, visitor and page views of hot rows.
    hot: Vec<(u32, u32, u32)>,
}

impl OpenRows {
    fn list(conn: &Connection, account: AccountId) -> Result<Self, Error> {
        let mut hot = Vec::new();
        event::list(conn, account, i64::MIN, i64::MAX, |row| {
            if row.session_id != 0 {
                hot.push((row.session_id, row.visitor, u32::from(row.kind == PAGE_VIEW)));
            }
        })?;
        Ok(Self { sessions: session::list_ids(conn, account)?, hot })
    }

    /// Of a store in which these rows have a column for each field.
    fn list_columns(conn: &Connection, account: AccountId) -> Result<Self, Error> {
        let mut sessions = conn.prepare("select id from session where account_id = ?1")?;
        let sessions = sessions.query_map([account.0], |row| row.get(0))?.collect::<Result<_, _>>()?;
        let mut hot = conn.prepare(
            "select session_id, visitor, sum(kind = 1) from event_hot
             where account_id = ?1 and session_id <> 0 group by session_id, visitor",
        )?;
        let hot = hot.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)))?;
        Ok(Self { sessions, hot: hot.collect::<Result<_, _>>()? })
    }
}

/// What is stored of every visitor of an account, by number.
///
/// # Errors
/// SQLite's. Days that cannot be read are left out.
fn count(conn: &Connection, account: AccountId, open: OpenRows) -> Result<Vec<Visits>, Error> {
    let mut counting = Counting::start(conn, open.sessions)?;
    counting.add_hot_rows(&open.hot);
    for segment in segment::list_verified(conn, account, i64::MIN, i64::MAX)?.segments {
        match counting.add_segment(&segment) {
            Err(Error::Damaged(damage)) => {
                tracing::error!(
                    account = account.0, day = segment.day.0, %damage,
                    "a closed day cannot be read: its sessions and page views are not counted"
                );
            }
            added => added?,
        }
    }
    Ok(counting.finish())
}

/// An account under way.
struct Counting<'c> {
    reader: Reader<'c>,
    /// Sessions that have a row of their own: they may go on, and have rows in more places than their runs say.
    recent: FxHashSet<u32>,
    /// By visitor number.
    visits: Vec<Visits>,
    /// Session and visitor, of sessions with rows in several places or of several visitors; some more than once.
    shared: Vec<(u32, u32)>,
}

impl<'c> Counting<'c> {
    fn start(conn: &'c Connection, recent: FxHashSet<u32>) -> Result<Self, Error> {
        let (visits, shared) = (Vec::new(), Vec::new());
        Ok(Self { reader: Reader::prepare(conn)?, recent, visits, shared })
    }

    #[expect(clippy::indexing_slicing, reason = "the list is made long enough first")]
    fn visits_of(&mut self, visitor: u32) -> &mut Visits {
        let place = visitor as usize;
        if place >= self.visits.len() {
            self.visits.resize(place + 1, Visits::default());
        }
        &mut self.visits[place]
    }

    fn add_hot_rows(&mut self, rows: &[(u32, u32, u32)]) {
        for (session, visitor, page_views) in rows {
            self.shared.push((*session, *visitor));
            self.visits_of(*visitor).page_views += page_views;
        }
    }

    /// Of a segment that turns out to be damaged nothing is counted.
    fn add_segment(&mut self, segment: &Segment) -> Result<(), Error> {
        let mut column = |col| {
            let mut values = Vec::new();
            self.reader.read(segment, col, &mut values).map(|()| values)
        };
        let (sessions, visitors, lengths) =
            (column(Col::Session)?, column(Col::Visitor)?, column(Col::Rows)?);
        let (flags, kinds) = (column(Col::Flags)?, column(Col::Kind)?);
        let rows = lengths.iter().map(|length| u64::from(*length)).sum::<u64>();
        if rows != kinds.len() as u64 {
            return Err(Damage::Inconsistent.into());
        }
        let mut kinds = kinds.into_iter();
        let runs = sessions.into_iter().zip(visitors).zip(lengths).zip(flags);
        for (((session, visitor), length), flags) in runs {
            let run = kinds.by_ref().take(length as usize);
            let page_views = run.filter(|kind| kind & IS_COMPLETION == 0).count();
            // what programs report is of no session
            if session == 0 {
                continue;
            }
            let is_alone = flags & SPANS == 0 && !self.recent.contains(&session);
            if !is_alone {
                self.shared.push((session, visitor));
            }
            let visits = self.visits_of(visitor);
            visits.sessions += u32::from(is_alone);
            visits.page_views += u32::try_from(page_views).unwrap_or(u32::MAX);
        }
        Ok(())
    }

    fn finish(mut self) -> Vec<Visits> {
        let mut shared = std::mem::take(&mut self.shared);
        shared.sort_unstable();
        shared.dedup();
        let mut before = 0;
        for (session, visitor) in shared {
            let visits = self.visits_of(visitor);
            visits.sessions += 1;
            if session == before {
                visits.shared_session = session;
            }
            before = session;
        }
        self.visits
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::path::{Path, PathBuf};

    use rustc_hash::FxHashSet;

    use super::*;
    use crate::base::clock::{DAY, Millis};
    use crate::domain::period::LocalDay;
    use crate::store::FILLS;
    use crate::store::event::{COMPLETION, Event};
    use crate::store::file::migrate::{self, Migration};
    use crate::store::file::open;
    use crate::store::hits::unpacked;
    use crate::store::segment::columns::Run;

    const NOW: Millis = Millis(20 * DAY);

    fn row(session: u32, visitor: u32, at_ms: i64, kind: u8) -> Event {
        Event {
            at_ms,
            inbox_id: 0,
            kind,
            visitor,
            session_id: session,
            page: 0,
            title: 0,
            event: u32::from(kind == COMPLETION),
            value_minor: 0,
            consent: 1,
            policy: 0,
            engaged_ms: 0,
            foreign_host: false,
        }
    }

    /// A run with so many page views, and a completion behind them.
    fn run(session: u32, visitor: u32, at_ms: i64, page_views: i64, spans: bool) -> Run {
        let views = (0..page_views).map(|n| row(session, visitor, at_ms + n, PAGE_VIEW));
        let rows = views.chain([row(session, visitor, at_ms + page_views, COMPLETION)]).collect();
        Run { session, visitor, spans, rows, ..Run::default() }
    }

    /// A store of the first version: contact 1 has numbers 1, 4 and 6, contact 2 has number 5, visitor 2 is nobody's.
    /// Session 3 changed hands twice: from number 4 to 5 and back to the first contact as number 6.
    fn fill_first(conn: &Connection) -> Result<(), Error> {
        conn.execute_batch(
            "insert into meta (id, watermark, created_ms) values (1, 9, 0);
             insert into account (id, name, time_zone, currency, limit_to_domains, created_ms, last_visitor,
                 last_session, last_contact) values (1000001, 'One', 'UTC', 'EUR', 0, 0, 8, 6, 3);
             insert into visitor (account_id, number, no_browser, contact_id, first_ms, last_ms, session_id,
                 completions, value_minor) values
                 (1000001, 1, 0, 1, 0, 9, 1, 0, 0), (1000001, 2, 0, null, 0, 9, 6, 2, 700),
                 (1000001, 3, 1, 1, 0, 9, 0, 0, 0), (1000001, 4, 0, 1, 0, 9, 3, 0, 0),
                 (1000001, 5, 0, 2, 0, 9, 3, 0, 0), (1000001, 6, 0, 1, 0, 9, 5, 0, 0),
                 (1000001, 7, 1, 2, 0, 9, 0, 0, 0), (1000001, 8, 1, 3, 0, 9, 0, 0, 0);
             insert into contact (account_id, id, email, external_id, number, created_ms, first_ms, last_ms, source,
                 completions, revenue_minor, revenue_asserted_minor) values
                 (1000001, 1, 'ada@example.test', '77', 3, 1, 0, 9, 0, 5, 100, -200),
                 (1000001, 2, 'bob@example.test', null, 7, 2, 0, 9, 0, 0, 0, 0),
                 (1000001, 3, 'eve@example.test', null, 8, 3, 0, 9, 0, 1, 0, 50);
             insert into contact_property (account_id, contact_id, name, value, verified, at_ms) values
                 (1000001, 1, 'plan', 'pro', 0, 5), (1000001, 1, 'level', 'gold', 1, 6);
             insert into identification (account_id, at_ms, inbox_id, visitor, contact_id) values
                 (1000001, 3, 1, 1, 1);",
        )?;
        let account = AccountId::FIRST;
        let day = |day: i32, runs: Vec<Run>| segment::insert(conn, account, LocalDay(day), runs);
        day(1, vec![run(1, 1, DAY, 2, false), run(2, 2, DAY + 5, 1, true), run(0, 3, DAY + 9, 0, false)])?;
        day(2, vec![run(2, 2, 2 * DAY, 3, true), run(3, 4, 2 * DAY + 10, 1, true)])?;
        day(3, vec![run(3, 5, 3 * DAY, 1, true), run(3, 6, 3 * DAY + 10, 1, true)])?;
        // Sessions 5 and 6 go on: 5 is hot alone, 6 has rows in a segment that does not know of the later ones.
        day(4, vec![run(6, 2, 4 * DAY, 1, false)])?;
        let hot =
            "insert into event_hot (account_id, at_ms, inbox_id, kind, visitor, session_id, consent, policy)
                   values (1000001, ?1, ?2, ?3, ?4, ?5, 1, 0)";
        for (n, kind, visitor, session) in
            [(1, 1, 6, 5), (2, 1, 6, 5), (3, 2, 6, 5), (4, 1, 2, 6), (5, 2, 8, 0)]
        {
            conn.execute(hot, (19 * DAY + n, n, kind, visitor, session))?;
        }
        for (id, visitor) in [(5, 6), (6, 2)] {
            conn.execute(
                "insert into session (account_id, id, visitor, start_ms, last_ms, source, referrer, campaign,
                     device, screen, language, place, is_new) values (1000001, ?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)",
                (id, visitor),
            )?;
        }
        Ok(())
    }

    fn migrate(path: &Path, steps: &[Migration], prepare: impl FnOnce(&mut Connection)) -> Result<(), Error> {
        let mut conn = open::writer(path, open::MAIN_PAGE_BYTES)?;
        prepare(&mut conn);
        migrate::run(&mut conn, steps, FILLS, path, NOW)
    }

    fn first(dir: &Path) -> PathBuf {
        let path = dir.join("first.db");
        migrate(&path, &migrate::MAIN[..1], |_| ()).unwrap();
        let conn = open::writer(&path, open::MAIN_PAGE_BYTES).unwrap();
        fill_first(&conn).unwrap();
        path
    }

    /// Every row of every table, by table, and the schema.
    fn dump(path: &Path) -> BTreeMap<String, Vec<String>> {
        let conn = open::reader(path).unwrap();
        let texts = |sql: &str| {
            let mut statement = conn.prepare(sql).unwrap();
            let columns = statement.column_count();
            let line = |row: &rusqlite::Row<'_>| {
                let cells = (0..columns).map(|at| Ok(format!("{:?}", row.get_ref(at)?)));
                cells.collect::<rusqlite::Result<Vec<_>>>().map(|cells| cells.join("|"))
            };
            statement.query_map([], line).unwrap().collect::<rusqlite::Result<Vec<_>>>().unwrap()
        };
        let names = "select name from sqlite_schema where type = 'table' and name not like 'sqlite_stat%'";
        let mut statement = conn.prepare(names).unwrap();
        let names: Vec<String> =
            statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap();
        let mut all: BTreeMap<_, _> =
            names.into_iter().map(|name| (name.clone(), texts(&format!("select * from {name}")))).collect();
        all.insert("schema".to_owned(), texts("select type, name, sql from sqlite_schema order by 1, 2"));
        all.insert("version".to_owned(), texts("pragma user_version"));
        all
    }

    /// Sessions and page views of a contact, counted row by row.
    fn count_rows(conn: &Connection, contact: i64) -> (u32, u32) {
        let numbers = "select number from visitor where contact_id = ?1";
        let mut statement = conn.prepare(numbers).unwrap();
        let numbers: FxHashSet<u32> = statement
            .query_map([contact], |row| row.get(0))
            .unwrap()
            .collect::<rusqlite::Result<_>>()
            .unwrap();
        let mut rows: Vec<(u32, u32, u8)> = Vec::new();
        for segment in segment::list(conn, AccountId::FIRST, i64::MIN, i64::MAX).unwrap() {
            let runs = segment::list_runs(conn, &segment).unwrap();
            rows.extend(
                runs.iter().flat_map(|run| run.rows.iter().map(|r| (r.session_id, r.visitor, r.kind))),
            );
        }
        unpacked::create_views(conn).unwrap();
        let mut hot = conn.prepare("select session_id, visitor, kind from event_unpacked").unwrap();
        let hot = hot.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.extend(hot.map(Result::unwrap));
        rows.retain(|(session, visitor, _)| *session != 0 && numbers.contains(visitor));
        let sessions: FxHashSet<u32> = rows.iter().map(|(session, ..)| *session).collect();
        let page_views = rows.iter().filter(|(.., kind)| *kind == PAGE_VIEW).count();
        (u32::try_from(sessions.len()).unwrap(), u32::try_from(page_views).unwrap())
    }

    #[test]
    fn a_store_of_the_first_version_gets_the_counts_its_rows_come_to() {
        let dir = tempfile::tempdir().unwrap();
        let path = first(dir.path());
        migrate(&path, migrate::MAIN, |_| ()).unwrap();
        let conn = open::writer(&path, open::MAIN_PAGE_BYTES).unwrap();
        let visits = |table: &str, key: &str, number: i64| -> (u32, u32) {
            let sql = format!("select sessions, page_views from {table} where {key} = ?1");
            conn.query_row(&sql, [number], |row| Ok((row.get(0)?, row.get(1)?))).unwrap()
        };
        for contact in 1..=3 {
            assert_eq!(visits("contact", "id", contact), count_rows(&conn, contact), "contact {contact}");
        }
        assert_eq!(visits("contact", "id", 1), (3, 6), "session 3 has two of its numbers and counts once");
        assert_eq!(visits("visitor", "number", 2), (2, 6), "a visitor of nobody, in several days");
        assert_eq!(visits("visitor", "number", 6), (2, 3));
        assert_eq!(visits("visitor", "number", 3), (0, 0), "what programs report is no session");
        let text = |sql: &str| -> String { conn.query_row(sql, [], |row| row.get(0)).unwrap() };
        assert_eq!(
            text(
                "select group_concat(number || ':' || shared_session) from visitor where shared_session <> 0"
            ),
            "5:3,6:3"
        );
        assert_eq!(
            text(
                "select group_concat(email || ' ' || id || ' ' || email_verified, ', ')
                  from (select * from contact order by id)"
            ),
            "ada@example.test 1 0, bob@example.test 2 0, eve@example.test 3 0"
        );
        let properties =
            "select group_concat(name || '=' || value || ' ' || channel || verified || at_ms, ', ')
                          from (select * from contact_property order by name)";
        assert_eq!(text(properties), "level=gold 016, plan=pro 005");
        let figures =
            "select completions || ' ' || revenue_minor || ' ' || revenue_asserted_minor from contact
                       where id = 1";
        assert_eq!(text(figures), "5 100 -200");
        assert_eq!(contact::count_miscounted(&conn).unwrap(), 0);
        assert_eq!(count_undercounted(&conn, AccountId::FIRST).unwrap(), 0);
    }

    #[test]
    fn a_migrated_store_has_the_schema_of_a_new_one() {
        let dir = tempfile::tempdir().unwrap();
        let (path, new) = (first(dir.path()), dir.path().join("new.db"));
        migrate(&path, migrate::MAIN, |_| ()).unwrap();
        migrate(&new, migrate::MAIN, |_| ()).unwrap();
        assert_eq!(dump(&path)["schema"], dump(&new)["schema"]);
    }

    /// Cut off in ever later moments of its work; the next process finishes it.
    #[test]
    fn a_migration_cut_off_anywhere_leaves_the_store_as_it_was_and_finishes_when_it_is_run_again() {
        let dir = tempfile::tempdir().unwrap();
        let before = first(dir.path());
        // what each step leaves
        let mut wholes = vec![dump(&before)];
        for steps in 2..=migrate::MAIN.len() {
            let path = dir.path().join(format!("whole-{steps}.db"));
            std::fs::copy(&before, &path).unwrap();
            migrate(&path, &migrate::MAIN[..steps], |_| ()).unwrap();
            wholes.push(dump(&path));
        }
        let wanted = wholes.last().unwrap();
        let (mut instructions, mut cuts) = (1u64, 0);
        loop {
            let round = tempfile::tempdir().unwrap();
            let path = round.path().join("cut.db");
            std::fs::copy(&before, &path).unwrap();
            let cut = migrate(&path, migrate::MAIN, |conn| {
                let mut done = 0u64;
                let is_enough = move || {
                    done += 1;
                    done > instructions
                };
                conn.progress_handler(1, Some(is_enough)).unwrap();
            });
            if cut.is_ok() {
                break;
            }
            let found = dump(&path);
            assert!(wholes.contains(&found), "half of a step after {instructions} instructions");
            migrate(&path, migrate::MAIN, |_| ()).unwrap();
            assert_eq!(&dump(&path), wanted, "cut off after {instructions} instructions");
            cuts += 1;
            instructions += 1 + instructions / 20;
        }
        assert!(cuts > 100, "{cuts}");
    }
}
