//! Checks whether a store is damaged: the structure of its files by SQLite, their schema against a new one, the tables
//! against each other, and every segment. It only reads, also beside a running server, and never repairs.

mod segments;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use rusqlite::Connection;

use crate::store::account;
use crate::store::batch;
use crate::store::data_dir::{self, INBOX_FILE, MAIN_FILE};
use crate::store::dictionary::{self, Kind};
use crate::store::error::Error;
use crate::store::file::migrate::{self, Migration};
use crate::store::file::open;
use crate::store::history::visit_counts;
use crate::store::hits::unpacked;
use crate::store::people::{company, contact};

/// No store has more hits than this: 10,000 a second for 14,000 years.
const WATERMARK_MAX: i64 = 1 << 52;
/// Most findings reported about the structure of a file.
const FINDINGS_MAX: u32 = 20;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// One line each; empty when nothing is wrong.
    pub findings: Vec<String>,
    pub accounts: i64,
    /// Events in hot rows and in segments.
    pub events: i64,
    pub segments: i64,
    pub waiting: i64,
    pub dead_letters: i64,
}

/// Checks both files of a data directory; `None` when there is no store. Damage is a finding; an error, such as
/// `TooNew`, means that the store could not be checked.
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
        let checked = open::reader(path).and_then(|conn| match *path == main {
            true => check_main(&conn, &mut report),
            false => check_file(&conn, steps, &mut report).map(|_| ()),
        });
        note_damage(path, checked, &mut report)?;
    }
    if report.findings.is_empty() {
        check_inbox(&open::reader(&main)?, &open::reader(&inbox)?, &mut report)?;
    }
    Ok(Some(report))
}

/// Turns an error that means damage into a finding.
fn note_damage(path: &Path, checked: Result<(), Error>, report: &mut Report) -> Result<(), Error> {
    match checked {
        Err(error) if error.is_corruption() => {
            report.findings.push(format!("{}: {error}", path.display()));
            Ok(())
        }
        other => other,
    }
}

/// Checks structure and schema of a file; answers its version.
fn check_file(conn: &Connection, steps: &[Migration], report: &mut Report) -> Result<usize, Error> {
    open::verify_header(conn)?;
    let version = migrate::version(conn, steps)?;
    check_structure(conn, report)?;
    check_schema(conn, steps.get(..version).unwrap_or_default(), report)?;
    Ok(version)
}

/// Checks a main file, or a backup of one. The contents are checked only if the file has the version of this program,
/// because an older one has other tables; the watermark is in all of them.
pub(in crate::store) fn check_main(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    let version = check_file(conn, migrate::MAIN, report)?;
    if version > 0 && report.findings.is_empty() {
        let watermark = crate::store::watermark(conn)?;
        if watermark > WATERMARK_MAX {
            report.findings.push(format!("the watermark is {watermark}, which no number of hits reaches"));
        }
    }
    if version == migrate::MAIN.len() && report.findings.is_empty() {
        check_contents(conn, report)?;
    }
    Ok(())
}

fn check_structure(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    // Not as a table-valued function with a bound number: SQLite would take the number for the name of a table.
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

/// Compares the schema with that of a new file made by the same migrations.
fn check_schema(conn: &Connection, steps: &[Migration], report: &mut Report) -> Result<(), Error> {
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

/// Each table and index, such as `table visitor`, with its SQL, without what SQLite or a backup adds.
fn schema_of(conn: &Connection) -> Result<BTreeMap<String, Option<String>>, Error> {
    let mut statement = conn.prepare(
        "select type || ' ' || name, sql from sqlite_schema
         where name not like 'sqlite\\_%' escape '\\' and name not in ('backup_about', 'backup_hit')",
    )?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// What is wrong if the query does not answer 0; `{n}` stands for the answer.
const RELATIONS: &[(&str, &str)] = &[
    ("events without a session: {n}", "select count(*) from event_unpacked e where session_id <> 0 and not exists
        (select 1 from session where key = (e.account_id << 32) + e.session_id)"),
    // What a program reports without naming anybody is nobody's: visitor 0, session 0.
    ("events without a visitor: {n}", "select count(*) from event_unpacked e
        where (visitor <> 0 or session_id <> 0) and not exists
        (select 1 from visitor v where v.account_id = e.account_id and v.number = e.visitor)"),
    ("sessions without a visitor: {n}", "select count(*) from session_unpacked s where not exists
        (select 1 from visitor v where v.account_id = s.account_id and v.number = s.visitor)"),
    ("visitor tokens without a visitor: {n}", "select count(*) from visitor_token t where not exists
        (select 1 from visitor v where v.account_id = t.account_id and v.number = t.number)"),
    ("visitors whose contact is missing: {n}", "select count(*) from visitor v where contact_id is not null
        and not exists (select 1 from contact c where c.account_id = v.account_id and c.id = v.contact_id)"),
    ("sessions with a wrong number of page views: {n}",
        "with viewed as (select account_id, session_id, count(*) as views from event_unpacked
            where kind = 1 and session_id <> 0 group by account_id, session_id)
         select count(*) from session_unpacked s left join viewed v on v.account_id = s.account_id and v.session_id = s.id
         where s.in_segment = 0 and s.page_views <> coalesce(v.views, 0)"),
    ("events newer than the watermark: {n}",
        "select count(*) from event_hot where inbox_id > (select watermark from meta)"),
    ("accounts whose highest visitor number is wrong: {n}",
        "select count(*) from account a where last_visitor <
            (select coalesce(max(number), 0) from visitor v where v.account_id = a.id)"),
    ("accounts whose highest session number is wrong: {n}",
        "select count(*) from account a where last_session <
            (select coalesce(max(key) - (a.id << 32), 0) from session
             where key between a.id << 32 and (a.id << 32) + 0xffffffff)"),
    ("accounts whose highest contact number is wrong: {n}",
        "select count(*) from account a where last_contact <
            (select coalesce(max(id), 0) from contact c where c.account_id = a.id)"),
    ("emails that belong to two contacts: {n}",
        "select count(*) from contact_email e join contact c indexed by contact_list
            on c.account_id = e.account_id and c.email = e.email"),
    ("contacts with further emails and no primary one: {n}",
        "select count(*) from (select distinct account_id, contact_id from contact_email) e
            join contact c on c.account_id = e.account_id and c.id = e.contact_id where c.email = ''"),
    ("aliases of contacts that are aliases themselves: {n}",
        "select count(*) from contact_alias a join contact c on c.account_id = a.account_id and c.id = a.contact_id
         where c.state = 'merged'"),
    ("merged contacts that no alias names, or aliases of contacts that were not merged: {n}",
        "select count(*) from contact c where (c.state = 'merged') <> exists
            (select 1 from contact_alias a where a.account_id = c.account_id and a.alias_id = c.id)
            and c.state <> 'erasing'"),
    ("aliases that were merged into a contact which is not part of theirs: {n}",
        "select count(*) from contact_alias a where a.into_id <> a.contact_id and not exists
            (select 1 from contact_alias i where i.account_id = a.account_id and i.alias_id = a.into_id
                and i.contact_id = a.contact_id)"),
    ("dictionaries with gaps in their numbers: {n}",
        "select count(*) from (select 1 from dictionary group by account_id, kind
            having count(*) <> max(id))"),
];

/// Columns of tables that hold dictionary ids.
const TEXTS: &[(&str, &str, Kind)] = &[
    ("event_unpacked", "page", Kind::Page),
    ("event_unpacked", "title", Kind::Title),
    ("session_unpacked", "entry_page", Kind::Page),
    ("session_unpacked", "exit_page", Kind::Page),
    ("session_unpacked", "source", Kind::Source),
    ("session_unpacked", "referrer", Kind::Referrer),
    ("session_unpacked", "campaign", Kind::Campaign),
    ("session_unpacked", "device", Kind::Device),
    ("session_unpacked", "language", Kind::Language),
    ("session_unpacked", "place", Kind::Place),
    ("session_unpacked", "company", Kind::Company),
    ("visitor", "source", Kind::Source),
    ("contact", "source", Kind::Source),
    ("contact_alias", "own_source", Kind::Source),
    ("form", "page", Kind::Page),
    ("submission", "page", Kind::Page),
    ("submission", "title", Kind::Title),
];

/// Compares the tables with each other, in one read transaction.
fn check_contents(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    // Views of the connection count as something written, although nothing is written into the file.
    conn.pragma_update(None, "query_only", "off")?;
    unpacked::create_views(conn)?;
    conn.pragma_update(None, "query_only", "on")?;
    conn.execute_batch("begin")?;
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0));
    for (rows, view) in [("sessions", "session_unpacked"), ("events", "event_unpacked")] {
        let unreadable = number(&format!("select count(*) from {view} where visitor is null"))?;
        if unreadable != 0 {
            report.findings.push(format!("{rows} that cannot be read: {unreadable}"));
        }
    }
    if !report.findings.is_empty() {
        conn.execute_batch("commit")?;
        return Ok(());
    }
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
    let unfindable = dictionary::count_unfindable(conn)?;
    if unfindable != 0 {
        report
            .findings
            .push(format!("texts that their hash does not find, or that are there twice: {unfindable}"));
    }
    report.accounts = number("select count(*) from account")?;
    visits(conn, report)?;
    let (segments, closed) = segments::check(conn, &mut report.findings)?;
    report.segments = segments;
    report.events = number("select count(*) from event_hot")? + closed;
    report.dead_letters = number("select count(*) from dead_letter")?;
    conn.execute_batch("commit")?;
    Ok(())
}

/// Sessions and page views of contacts are those of their visitors. Those of visitors are at least what there are rows
/// of; what was deleted of a period stays counted, so an exact number cannot be asked for.
fn visits(conn: &Connection, report: &mut Report) -> Result<(), Error> {
    let miscounted = contact::count_miscounted(conn)?;
    if miscounted != 0 {
        report.findings.push(format!(
            "contacts with other sessions or page views than their visitors have: {miscounted}"
        ));
    }
    let missing = company::count_missing(conn)?;
    if missing != 0 {
        report.findings.push(format!("contacts whose company is missing: {missing}"));
    }
    for account in account::list(conn)? {
        let undercounted = visit_counts::count_undercounted(conn, account.id)?;
        if undercounted != 0 {
            report.findings.push(format!(
                "account {}: visitors with fewer sessions or page views than are stored of them: {undercounted}",
                account.id
            ));
        }
    }
    Ok(())
}

/// Compares the inbox with the watermark of the main file. A running server may fold and purge hits meanwhile, so the
/// order of the queries matters.
fn check_inbox(main: &Connection, inbox: &Connection, report: &mut Report) -> Result<(), Error> {
    let watermark = crate::store::watermark(main)?;
    inbox.execute_batch("begin")?;
    let batches = batch::table(inbox)?;
    let (lowest, highest): (Option<i64>, Option<i64>) = inbox.query_row(
        &format!("select min(last_id - hits + 1), max(last_id) from {batches}"),
        [],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    let waiting = batch::count_after(inbox, watermark)?;
    // Between each batch and the one before it.
    let (missing, doubled): (i64, i64) = inbox.query_row(
        &format!(
            "select coalesce(sum(max(first - last - 1, 0)), 0), coalesce(sum(max(last + 1 - first, 0)), 0) from (
                 select last_id - hits + 1 as first, lag(last_id) over (order by last_id) as last
                 from {batches} where last_id > ?1)"
        ),
        [watermark],
        |row| Ok((row.get(0)?, row.get(1)?)),
    )?;
    inbox.execute_batch("commit")?;
    if missing != 0 {
        report.findings.push(format!("missing hits in the inbox: {missing}"));
    }
    if doubled != 0 {
        report.findings.push(format!("hits in the inbox that have the number of another one: {doubled}"));
    }
    // Ids of the inbox never begin again below the watermark that was read before.
    if let Some(highest) = highest.filter(|highest| *highest < watermark) {
        report.findings.push(format!(
            "the inbox ends at hit {highest}, but the main file has processed hits up to {watermark}; \
             the files are from different times"
        ));
    }
    // A hit leaves the inbox only after the watermark has passed it, so a watermark that is read later must be behind it.
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
