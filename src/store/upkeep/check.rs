//! Is a store whole? Structure as SQLite sees it, schema against a fresh one, what the tables must say of
//! one another, and every closed day. Only reads, beside a running server too; never mends.

mod segments;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use crate::store::data_dir::{self, INBOX_FILE, MAIN_FILE};
use crate::store::dictionary::Kind;
use crate::store::error::Error;
use crate::store::file::migrate::{self, Migration};
use crate::store::file::open;

/// Most findings told of a file's structure.
const FINDINGS_MAX: u32 = 20;

/// What was looked at, and what is wrong with it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One line each; empty = whole.
    pub findings: Vec<String>,
    pub accounts: i64,
    /// Hot rows and those of closed days.
    pub events: i64,
    pub segments: i64,
    pub waiting: i64,
    pub dead_letters: i64,
}

/// Checks both files of a data directory; `None` when there is no store.
///
/// # Errors
/// What keeps it from looking, `TooNew` among them; damage is a finding.
pub fn check(data_dir: &Path) -> Result<Option<Report>, Error> {
    data_dir::settle(data_dir)?;
    let (main, inbox) = (data_dir.join(MAIN_FILE), data_dir.join(INBOX_FILE));
    if data_dir::is_absent(&main)? && data_dir::is_absent(&inbox)? {
        return Ok(None);
    }
    let mut report = Report::default();
    for (path, steps) in [(&main, migrate::MAIN), (&inbox, migrate::INBOX)] {
        if data_dir::is_absent(path)? {
            report.findings.push(format!("{} is missing", path.display()));
            continue;
        }
        let looked = open::reader(path).and_then(|conn| match *path == main {
            true => look_at_main(&conn, &mut report),
            false => look(&conn, steps, &mut report).map(|_| ()),
        });
        note_damage(path, looked, &mut report)?;
    }
    if report.findings.is_empty() {
        look_at_inbox(&open::reader(&main)?, &open::reader(&inbox)?, &mut report)?;
    }
    Ok(Some(report))
}

/// What is damaged is a finding, everything else an error.
fn note_damage(path: &Path, looked: Result<(), Error>, report: &mut Report) -> Result<(), Error> {
    match looked {
        Err(error) if error.is_corruption() => {
            report.findings.push(format!("{}: {error}", path.display()));
            Ok(())
        }
        other => other,
    }
}

/// Looks at one file of ours; its version.
fn look(conn: &Connection, steps: &[Migration], report: &mut Report) -> Result<usize, Error> {
    open::verify_header(conn)?;
    let version = migrate::version(conn, steps)?;
    structure(conn, report)?;
    schema(conn, steps.get(..version).unwrap_or_default(), report)?;
    Ok(version)
}

/// Looks at a main file, or a copy of one. What the tables say of one another is asked only of this program's
/// own version: an older one has other tables.
pub(in crate::store) fn look_at_main(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    let version = look(conn, migrate::MAIN, report)?;
    if version == migrate::MAIN.len() && report.findings.is_empty() {
        contents(conn, report)?;
    }
    Ok(())
}

fn structure(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    // Not as a question to the pragma's table: that takes a bound number for the name of a table.
    let mut statement = conn.prepare(&format!("pragma integrity_check({FINDINGS_MAX})"))?;
    let found = statement.query_map([], |row| row.get::<_, String>(0))?;
    for finding in found.collect::<Result<Vec<_>, _>>()? {
        if finding != "ok" {
            report.findings.push(finding);
        }
    }
    let mut statement = conn.prepare(
        "select \"table\", parent, count(*) from pragma_foreign_key_check group by 1, 2 order by 1, 2",
    )?;
    let found = statement.query_map([], |row| {
        let (table, parent, rows): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(format!("{rows} rows of {table} refer to a missing row of {parent}"))
    })?;
    report.findings.extend(found.collect::<Result<Vec<_>, _>>()?);
    Ok(())
}

/// The schema, against that of a file made by the same steps.
fn schema(conn: &Connection, steps: &[Migration], report: &mut Report) -> Result<(), Error> {
    let fresh = Connection::open_in_memory()?;
    for step in steps {
        fresh.execute_batch(step.sql)?;
    }
    let (found, wanted) = (schema_of(conn)?, schema_of(&fresh)?);
    let names: BTreeSet<_> = found.keys().chain(wanted.keys()).collect();
    for name in names {
        let finding = match (found.get(name), wanted.get(name)) {
            (Some(found), Some(wanted)) if found == wanted => continue,
            (Some(_), Some(_)) => "differs from what this program creates",
            (Some(_), None) => "was not created by this program",
            (None, _) => "is missing",
        };
        report.findings.push(format!("{name} {finding}"));
    }
    Ok(())
}

/// `table visitor` → how it was made. What SQLite makes for itself, and what a backup adds, is left out.
fn schema_of(conn: &Connection) -> Result<BTreeMap<String, Option<String>>, Error> {
    let mut statement = conn.prepare(
        "select type || ' ' || name, sql from sqlite_schema
         where name not like 'sqlite\\_%' escape '\\' and name not in ('backup_about', 'backup_hit')",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Questions whose answer is 0 in a whole store; `{n}` in the words stands for the answer.
const RELATIONS: &[(&str, &str)] = &[
    ("events without a session: {n}", "select count(*) from event_hot e where session_id <> 0 and not exists
        (select 1 from session s where s.account_id = e.account_id and s.id = e.session_id)"),
    ("events without a visitor: {n}", "select count(*) from event_hot e where not exists
        (select 1 from visitor v where v.account_id = e.account_id and v.number = e.visitor)"),
    ("sessions without a visitor: {n}", "select count(*) from session s where not exists
        (select 1 from visitor v where v.account_id = s.account_id and v.number = s.visitor)"),
    ("visitor tokens without a visitor: {n}", "select count(*) from visitor_token t where not exists
        (select 1 from visitor v where v.account_id = t.account_id and v.number = t.number)"),
    ("visitors whose contact is missing: {n}", "select count(*) from visitor v where contact_id is not null
        and not exists (select 1 from contact c where c.account_id = v.account_id and c.id = v.contact_id)"),
    ("sessions with a wrong number of page views: {n}",
        "with viewed as (select account_id, session_id, count(*) as views from event_hot
            where kind = 1 and session_id <> 0 group by account_id, session_id)
         select count(*) from session s left join viewed v on v.account_id = s.account_id and v.session_id = s.id
         where s.in_segment = 0 and s.page_views <> coalesce(v.views, 0)"),
    ("events newer than the watermark: {n}",
        "select count(*) from event_hot where inbox_id > (select watermark from meta)"),
    ("accounts whose highest visitor number is wrong: {n}",
        "select count(*) from account a where last_visitor <
            (select coalesce(max(number), 0) from visitor v where v.account_id = a.id)"),
    ("accounts whose highest session number is wrong: {n}",
        "select count(*) from account a where last_session <
            (select coalesce(max(id), 0) from session s where s.account_id = a.id)"),
    ("accounts whose highest contact number is wrong: {n}",
        "select count(*) from account a where last_contact <
            (select coalesce(max(id), 0) from contact c where c.account_id = a.id)"),
    ("dictionaries with gaps in their numbers: {n}",
        "select count(*) from (select 1 from dictionary group by account_id, kind
            having count(*) <> max(id))"),
];

/// Columns that hold ids of the dictionary.
const TEXTS: &[(&str, &str, Kind)] = &[
    ("event_hot", "page", Kind::Page),
    ("event_hot", "title", Kind::Title),
    ("session", "entry_page", Kind::Page),
    ("session", "exit_page", Kind::Page),
    ("session", "source", Kind::Source),
    ("session", "referrer", Kind::Referrer),
    ("session", "campaign", Kind::Campaign),
    ("session", "device", Kind::Device),
    ("session", "language", Kind::Language),
    ("session", "place", Kind::Place),
    ("session", "company", Kind::Company),
    ("visitor", "source", Kind::Source),
    ("contact", "source", Kind::Source),
];

/// What the tables say of one another, in one read transaction.
fn contents(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    conn.execute_batch("begin")?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    if number("select count(*) from meta")? == 0 {
        report.findings.push("the watermark is missing".to_owned());
    }
    for (words, question) in RELATIONS {
        let count = number(question)?;
        if count != 0 {
            report.findings.push(words.replace("{n}", &count.to_string()));
        }
    }
    for (table, column, kind) in TEXTS {
        let dangling = conn.query_row(
            &format!(
                "select count(*) from {table} t where {column} <> 0 and not exists (select 1 from dictionary d
                     where d.account_id = t.account_id and d.kind = ?1 and d.id = t.{column})"
            ),
            [*kind as u8],
            |row| row.get::<_, i64>(0),
        )?;
        if dangling != 0 {
            report
                .findings
                .push(format!("rows of {table} whose {column} refers to a missing text: {dangling}"));
        }
    }
    report.accounts = number("select count(*) from account")?;
    let (segments, closed) = segments::look(conn, &mut report.findings)?;
    report.segments = segments;
    report.events = number("select count(*) from event_hot")? + closed;
    report.dead_letters = number("select count(*) from dead_letter")?;
    conn.execute_batch("commit")?;
    Ok(())
}

/// The inbox goes on where the main file has come to. A server may fold and forget meanwhile, so each question
/// has its order.
fn look_at_inbox(main: &Connection, inbox: &Connection, report: &mut Report) -> Result<(), Error> {
    let watermark = crate::store::watermark(main)?;
    inbox.execute_batch("begin")?;
    let (lowest, highest): (Option<i64>, Option<i64>) =
        inbox.query_row("select min(id), max(id) from hit", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    let (waiting, missing): (i64, i64) = inbox.query_row(
        "select count(*), coalesce(max(id) - min(id) + 1, 0) - count(*) from hit where id > ?1",
        [watermark],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    inbox.execute_batch("commit")?;
    if missing != 0 {
        report.findings.push(format!("missing hits in the inbox: {missing}"));
    }
    // Ids never restart below the watermark that was read before.
    if let Some(highest) = highest.filter(|highest| *highest < watermark) {
        report.findings.push(format!(
            "the inbox ends at hit {highest}, but the main file has processed hits up to {watermark}; \
             the files are from different times"
        ));
    }
    // Hits leave the inbox only after the watermark has passed them, so the one read after must have.
    let later = crate::store::watermark(main)?;
    if let Some(lowest) = lowest.filter(|lowest| *lowest > later + 1) {
        report.findings.push(format!(
            "the inbox begins at hit {lowest}, but the main file has processed hits only up to {later}; \
             the hits in between are lost"
        ));
    }
    report.waiting = waiting;
    Ok(())
}
