//! Packed rows with a column for each field again, for checks and tests: the views `session_unpacked` and
//! `event_unpacked` of a connection. They are slow.

use rusqlite::Connection;
use rusqlite::functions::{Context, FunctionFlags};

use super::event::{self, Event};
use super::session::{self, Session};
use crate::store::error::Error;

type Fields<T> = &'static [(&'static str, fn(&T) -> i64)];

/// The fields of a session, by their names.
const SESSION: Fields<Session> = &[
    ("visitor", |session| session.visitor.into()),
    ("start_ms", |session| session.start_ms),
    ("last_ms", |session| session.last_ms),
    ("source", |session| session.source.into()),
    ("referrer", |session| session.referrer.into()),
    ("campaign", |session| session.campaign.into()),
    ("device", |session| session.device.into()),
    ("screen", |session| session.screen.into()),
    ("language", |session| session.language.into()),
    ("place", |session| session.place.into()),
    ("company", |session| session.company.into()),
    ("is_new", |session| session.is_new.into()),
    ("switched", |session| session.switched.into()),
    ("suspected", |session| session.suspected.into()),
    ("entry_page", |session| session.entry_page.into()),
    ("exit_page", |session| session.exit_page.into()),
    ("entry_ms", |session| session.entry_ms),
    ("exit_ms", |session| session.exit_ms),
    ("page_views", |session| session.page_views.into()),
    ("completions", |session| session.completions.into()),
    ("engaged_ms", |session| session.engaged_ms),
    ("click_id", |session| session.click_id.into()),
];

/// The fields of an event that are not in its key, by their names.
const EVENT: Fields<Event> = &[
    ("kind", |event| event.kind.into()),
    ("visitor", |event| event.visitor.into()),
    ("session_id", |event| event.session_id.into()),
    ("page", |event| event.page.into()),
    ("title", |event| event.title.into()),
    ("value_minor", |event| event.value_minor),
    ("consent", |event| event.consent.into()),
    ("policy", |event| event.policy.into()),
    ("engaged_ms", |event| event.engaged_ms.into()),
    ("foreign_host", |event| event.foreign_host.into()),
];

/// Makes the views. The connection must be allowed to write, though nothing is written into the file. A field of a row that
/// cannot be read is null.
///
/// # Errors
/// SQLite's.
pub fn create_views(conn: &Connection) -> Result<(), Error> {
    let flags = FunctionFlags::SQLITE_UTF8 | FunctionFlags::SQLITE_DETERMINISTIC;
    conn.create_scalar_function("session_field", 2, flags, |context| {
        field(context, SESSION, |row| session::unpack(0, row))
    })?;
    conn.create_scalar_function("event_field", 2, flags, |context| field(context, EVENT, event::unpack))?;
    conn.execute_batch(&format!(
        "create temp view if not exists session_unpacked as
         select key, key >> 32 as account_id, key & 0xffffffff as id, in_segment, {} from main.session;
         create temp view if not exists event_unpacked as
         select account_id, at_ms, inbox_id, event, {} from main.event_hot",
        columns("session_field", SESSION),
        columns("event_field", EVENT)
    ))?;
    Ok(())
}

fn columns<T>(function: &str, fields: Fields<T>) -> String {
    let columns = fields.iter().map(|(name, _)| format!("{function}(row, '{name}') as {name}"));
    columns.collect::<Vec<_>>().join(", ")
}

/// A field of a row: the arguments of the SQL function are the row and the name.
fn field<T>(
    context: &Context<'_>,
    fields: Fields<T>,
    unpack: impl Fn(&[u8]) -> Result<T, Error>,
) -> rusqlite::Result<Option<i64>> {
    let name = context.get_raw(1).as_str()?;
    let value = context.get_raw(0).as_blob().ok().and_then(|row| unpack(row).ok());
    let read = fields.iter().find(|(known, _)| *known == name).map(|(_, read)| read);
    Ok(value.zip(read).map(|(value, read)| read(&value)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::hits::{event, session};

    #[test]
    fn every_field_has_a_column() {
        let conn = Connection::open_in_memory().unwrap();
        conn.execute_batch(
            "create table session (key integer, in_segment integer, row blob);
             create table event_hot (account_id integer, at_ms integer, inbox_id integer, event integer, row blob)",
        )
        .unwrap();
        conn.execute("insert into session values ((7 << 32) + 5, 2, ?1)", [session::tests::row()]).unwrap();
        conn.execute("insert into event_hot values (7, 8, 9, 10, ?1)", [event::tests::row()]).unwrap();
        create_views(&conn).unwrap();
        let read = |view: &str| -> Vec<Option<i64>> {
            let mut statement = conn.prepare(&format!("select * from {view}")).unwrap();
            let columns = statement.column_count();
            statement.query_row([], |row| (0..columns).map(|column| row.get(column)).collect()).unwrap()
        };
        let numbers =
            |text: &str| text.split(' ').map(|number| number.parse().ok()).collect::<Vec<Option<i64>>>();
        assert_eq!(
            read("session_unpacked"),
            numbers(
                "30064771077 7 5 2 300 1795370000000 1795370000900 1 2 3 4 6 7 8 9 1 0 1 10 11 1795370000001 1795370000800 12 13 \
                 14 15"
            )
        );
        assert_eq!(read("event_unpacked"), numbers("7 8 9 10 2 1 2 3 4 -5 6 7 8 1"));
        conn.execute("update session set row = x'01'", []).unwrap();
        assert_eq!(read("session_unpacked")[4], None);
    }
}
