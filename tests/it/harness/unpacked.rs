//! A store with its closed days as rows again, for questions in SQL.

use std::collections::BTreeMap;
use std::path::Path;

use guestlog::domain::account::AccountId;
use guestlog::store::event::Event;
use guestlog::store::segment::columns::Run;
use guestlog::store::{MAIN_FILE, segment, unpacked};
use rusqlite::{Connection, params};

/// The main file of a store, with temporary tables before `event_hot` and `session` that hold what segments hold
/// too. Inbox ids are not in segments: there they are 0.
pub(crate) fn unpacked(data_dir: &Path) -> Connection {
    let conn = Connection::open(data_dir.join(MAIN_FILE)).unwrap();
    unpacked::create_views(&conn).unwrap();
    let accounts: Vec<i64> = conn
        .prepare("select id from account")
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    conn.execute_batch(
        "create temp table event_hot as select * from event_unpacked;
         create temp table session as select * from session_unpacked;",
    )
    .unwrap();
    for account in accounts {
        let mut sessions: BTreeMap<u32, Vec<Run>> = BTreeMap::new();
        for segment in segment::list(&conn, AccountId(account), i64::MIN, i64::MAX).unwrap() {
            for run in segment::list_runs(&conn, &segment).unwrap() {
                run.rows.iter().for_each(|row| insert_event(&conn, account, row));
                sessions.entry(run.session).or_default().push(run);
            }
        }
        sessions.remove(&0);
        sessions.iter().for_each(|(id, runs)| insert_session(&conn, account, *id, runs));
    }
    conn
}

fn insert_event(conn: &Connection, account: i64, row: &Event) {
    conn.prepare_cached(
        "insert into temp.event_hot (account_id, at_ms, inbox_id, kind, visitor, session_id, page, title, event,
             value_minor, consent, policy, engaged_ms, foreign_host)
         values (?1, ?2, 0, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )
    .unwrap()
    .execute(params![
        account,
        row.at_ms,
        row.kind,
        row.visitor,
        row.session_id,
        row.page,
        row.title,
        row.event,
        row.value_minor,
        row.consent,
        row.policy,
        row.engaged_ms,
        row.foreign_host
    ])
    .unwrap();
}

/// Those that still have a row of their own are left.
fn insert_session(conn: &Connection, account: i64, id: u32, runs: &[Run]) {
    let first = &runs[0];
    let rows: Vec<&Event> = runs.iter().flat_map(|run| &run.rows).collect();
    conn.prepare_cached(
        "insert into temp.session (account_id, id, visitor, source, referrer, campaign, device, screen, language,
             place, company, is_new, switched, entry_page, exit_page, start_ms, last_ms, page_views, engaged_ms,
             in_segment, click_id, suspected)
         select ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, 1, ?20, ?21
         where not exists (select 1 from temp.session where account_id = ?1 and id = ?2)",
    )
    .unwrap()
    .execute(params![
        account,
        id,
        first.visitor,
        first.source,
        first.referrer,
        first.campaign,
        first.device,
        first.screen,
        first.language,
        first.place,
        first.company,
        first.is_new,
        first.switched,
        first.entry_page,
        first.exit_page,
        rows.iter().map(|row| row.at_ms).min(),
        rows.iter().map(|row| row.at_ms).max(),
        rows.iter().filter(|row| row.kind == 1).count() as i64,
        rows.iter().map(|row| i64::from(row.engaged_ms)).sum::<i64>(),
        first.click_id,
        first.suspected,
    ])
    .unwrap();
}
