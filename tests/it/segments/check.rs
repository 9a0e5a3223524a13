//! `check` reads every closed day and names what is wrong with it.

use guestlog::domain::account::AccountId;
use guestlog::domain::period::LocalDay;
use guestlog::store::check::{Report, check};
use guestlog::store::session::{self, Session};
use guestlog::store::{self, MAIN_FILE};
use rusqlite::Connection;

use super::{ACCOUNTS, generated};

const OLDEST: &str = "(select min(id) from segment)";

fn report(dir: &std::path::Path) -> Report {
    check(dir).unwrap().unwrap()
}

/// What is done to a store, in SQL, and what `check` says of it.
fn harms(day: LocalDay) -> Vec<(String, String)> {
    let of_day = |what: &str| format!("account {}, {day}: {what}", ACCOUNTS[0]);
    let column = |number: i64, change: &str| {
        format!("update segment_column set data = {change} where id = {OLDEST} * 32 + {number}")
    };
    let row_is_wrong = of_day("the numbers in its row were changed");
    let zeroed = "cast(substr(data, 1, 12) || zeroblob(4) || substr(data, 17) as blob)";
    vec![
        (column(1, zeroed), of_day("column Visitor: its checksum is wrong")),
        (column(16, "cast(data || x'00' as blob)"), of_day("column Page: its checksum is wrong")),
        (column(15, "substr(data, 1, length(data) - 1)"), of_day("column Gap: its checksum is wrong")),
        // bytes that are whole, of another column and of another day
        (
            column(5, &format!("(select data from segment_column where id = {OLDEST} * 32 + 6)")),
            of_day("column Source: its checksum is wrong"),
        ),
        (
            column(2, &format!("(select data from segment_column where id = {OLDEST} * 32 + 34)")),
            of_day("column Rows: its checksum is wrong"),
        ),
        (
            format!("delete from segment_column where id = {OLDEST} * 32 + 1"),
            of_day("column Visitor is missing"),
        ),
        (
            format!("insert into segment_column values ({OLDEST} * 32 + 31, zeroblob(16))"),
            of_day("unknown column 31"),
        ),
        (format!("update segment set rows = rows + 1 where id = {OLDEST}"), row_is_wrong.clone()),
        (format!("update segment set day = day + 3 where id = {OLDEST}"), row_is_wrong.clone()),
        (format!("update segment set sum = sum + 1 where id = {OLDEST}"), row_is_wrong.clone()),
        (format!("update segment set account_id = account_id + 1 where id = {OLDEST}"), row_is_wrong.clone()),
        (format!("update segment set stored = stored << 9 where id = {OLDEST}"), row_is_wrong.clone()),
        (format!("delete from segment where id = {OLDEST}"), row_is_wrong.clone()),
        (
            format!("delete from segment where id = {OLDEST}"),
            "columns of segment 1, which does not exist".to_owned(),
        ),
        ("delete from segment; delete from segment_column".to_owned(), "account 1000001, ".to_owned()),
        ("update account set last_visitor = 3".to_owned(), "visitors with unknown numbers: ".to_owned()),
        ("update account set last_session = 3".to_owned(), "sessions with unknown numbers: ".to_owned()),
        (
            "delete from dictionary where kind = 2 and id > 1".to_owned(),
            "rows with unknown texts: ".to_owned(),
        ),
        ("delete from dictionary where kind = 4".to_owned(), "sessions with unknown texts: ".to_owned()),
        (
            "update session set in_segment = 0 where in_segment = 1".to_owned(),
            "sessions that are counted twice, because all their rows are still hot: ".to_owned(),
        ),
        (
            format!("update segment set account_id = 7 where id = {OLDEST}"),
            "segments of account 7, which does not exist".to_owned(),
        ),
    ]
}

#[test]
fn what_is_damaged_is_named_by_account_day_and_column() {
    let dir = tempfile::tempdir().unwrap();
    generated(dir.path(), 400, 10);
    let file = dir.path().join(MAIN_FILE);
    let whole = std::fs::read(&file).unwrap();
    let conn = Connection::open(&file).unwrap();
    let number = |sql: &str| conn.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    let rows = number("select (select count(*) from event_hot) + (select sum(rows) from segment)");
    let segments = number("select count(*) from segment");
    let oldest = number("select day from segment order by id limit 1");
    drop(conn);
    let found = report(dir.path());
    assert_eq!(found.findings, Vec::<String>::new());
    assert_eq!((found.events, found.segments), (rows, segments));
    assert!(segments >= 16, "{segments}");

    for (harm, finding) in harms(LocalDay(oldest as i32)) {
        let conn = Connection::open(&file).unwrap();
        conn.execute_batch("pragma ignore_check_constraints = on; pragma foreign_keys = off").unwrap();
        conn.execute_batch(&harm).unwrap();
        assert!(conn.changes() > 0, "{harm}");
        drop(conn);
        let found = report(dir.path());
        let of_segments = found.findings.iter().any(|line| line.contains(&finding));
        assert!(of_segments, "{harm}: {:?}", found.findings);
        std::fs::write(&file, &whole).unwrap();
    }
    assert_eq!(report(dir.path()).findings, Vec::<String>::new());
}

#[test]
fn a_session_that_disagrees_with_its_closed_days_is_found() {
    let dir = tempfile::tempdir().unwrap();
    generated(dir.path(), 400, 10);
    let conn = Connection::open(dir.path().join(MAIN_FILE)).unwrap();
    let key = "select key from session where in_segment = 1 limit 1";
    let key: i64 = conn.query_row(key, [], |row| row.get(0)).unwrap();
    let (account, id) = (AccountId(key >> 32), key as u32);
    let right = session::find(&conn, account, id).unwrap().unwrap();
    let views = Session { page_views: right.page_views + 1, ..right.clone() };
    let engaged = Session { engaged_ms: right.engaged_ms + 1, ..right.clone() };
    for (row, is_wrong) in [(views, true), (engaged, true), (right, false)] {
        session::upsert(&conn, account, &row).unwrap();
        conn.execute("update session set in_segment = 1 where key = ?1", [key]).unwrap();
        let found = report(dir.path()).findings;
        let finding = "sessions of closed days with a wrong number of page views: 1";
        assert_eq!(found.iter().any(|line| line.contains(finding)), is_wrong, "{found:?}");
    }
}

/// Writing a damaged store anew day by day would bury what is wrong under good sums.
#[test]
fn a_day_that_is_dropped_is_no_finding_damaged_or_not() {
    let dir = tempfile::tempdir().unwrap();
    generated(dir.path(), 200, 8);
    let conn = Connection::open(dir.path().join(MAIN_FILE)).unwrap();
    let account = ACCOUNTS[0];
    let list = || store::segment::list(&conn, account, i64::MIN, i64::MAX).unwrap();
    conn.execute_batch(&format!("update segment set rows = rows + 1 where id = {OLDEST}")).unwrap();
    assert_eq!(report(dir.path()).findings.len(), 1);
    let segments = list();
    assert!(!segments[0].is_intact && segments[1].is_intact);
    for segment in &segments[..2] {
        store::segment::delete(&conn, account, segment).unwrap();
    }
    assert_eq!(list().len(), segments.len() - 2);
    assert_eq!(report(dir.path()).findings, Vec::<String>::new());
}
