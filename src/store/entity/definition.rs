//! The definitions of events, their tags and their custom JavaScript.

use rusqlite::{Connection, OptionalExtension, Row, named_params};
use rustc_hash::FxHashMap;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, Status};
use crate::domain::url_rule::UrlRule;
use crate::domain::value_property::ValueProperty;
use crate::store::changes::{self, Kind};
use crate::store::error::Error;

/// An event without its code, which `find_script` reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stored {
    pub number: EventNumber,
    pub definition: Definition,
    pub status: Status,
    pub created: Millis,
    pub changed: Millis,
    /// The time of its latest completion.
    pub last: Option<Millis>,
    /// The hash of its code; empty when it has none.
    pub script_hash: String,
}

/// The custom JavaScript of an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Script {
    pub hash: String,
    pub code: String,
}

const FIELDS: &str =
    "d.number, d.name, d.kind, d.status, d.selector, d.url_rule, d.value_minor, d.created_ms,
    d.changed_ms, coalesce(s.hash, ''), d.last_ms, d.value_property";
const FROM: &str = "event_definition d
    left join event_script s on s.account_id = d.account_id and s.number = d.number";

fn read(row: &Row<'_>) -> rusqlite::Result<Stored> {
    let wrong = |place, what: &str| {
        rusqlite::Error::FromSqlConversionFailure(place, rusqlite::types::Type::Text, what.to_owned().into())
    };
    let (kind, status, url): (String, String, String) = (row.get(2)?, row.get(3)?, row.get(5)?);
    Ok(Stored {
        number: EventNumber(row.get(0)?),
        definition: Definition {
            name: row.get(1)?,
            kind: EventKind::parse(&kind).ok_or_else(|| wrong(2, "no kind of event"))?,
            tags: Vec::new(),
            selector: row.get(4)?,
            url: UrlRule::parse(&url).ok(),
            value_minor: row.get(6)?,
            value_property: ValueProperty::parse(&row.get::<_, String>(11)?),
            custom_js: String::new(),
        },
        status: Status::parse(&status).ok_or_else(|| wrong(3, "no status of an event"))?,
        created: Millis(row.get(7)?),
        changed: Millis(row.get(8)?),
        script_hash: row.get(9)?,
        last: row.get::<_, Option<i64>>(10)?.map(Millis),
    })
}

/// Inserts an event with the account's next number. Answers `Conflict` when the account has or had an event of that name.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    definition: &Definition,
    script_hash: &str,
    now: Millis,
) -> Result<EventNumber, Error> {
    let number: u32 = conn
        .prepare_cached("update account set last_event = last_event + 1 where id = ?1 returning last_event")?
        .query_row([account.0], |row| row.get(0))
        .optional()?
        .ok_or(Error::NotFound)?;
    conn.prepare_cached(
        "insert into event_definition (account_id, number, name, kind, status, selector, url_rule, value_minor,
                                       value_property, created_ms, changed_ms)
         values (:account, :number, :name, :kind, 'active', :selector, :url, :value, :property, :now, :now)",
    )?
    .execute(named_params! {
        ":account": account.0, ":number": number, ":name": definition.name, ":kind": definition.kind.as_str(),
        ":selector": definition.selector, ":url": definition.url.as_ref().map_or("", UrlRule::as_str),
        ":value": definition.value_minor, ":property": definition.value_property_text(), ":now": now.0,
    })?;
    let number = EventNumber(number);
    replace_parts(conn, account, number, definition, script_hash)?;
    Ok(number)
}

/// Changes everything of an event but its kind. Answers `Conflict` when another event has or had that name.
pub fn update(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
    definition: &Definition,
    script_hash: &str,
    now: Millis,
) -> Result<(), Error> {
    let changed = conn
        .prepare_cached(
            "update event_definition set name = :name, selector = :selector, url_rule = :url, value_minor = :value,
                 value_property = :property, changed_ms = :now
             where account_id = :account and number = :number and status <> 'deleted'",
        )?
        .execute(named_params! {
            ":account": account.0, ":number": number.0, ":name": definition.name, ":selector": definition.selector,
            ":url": definition.url.as_ref().map_or("", UrlRule::as_str), ":value": definition.value_minor,
            ":property": definition.value_property_text(), ":now": now.0,
        })?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    replace_parts(conn, account, number, definition, script_hash)
}

/// Replaces tags and code.
fn replace_parts(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
    definition: &Definition,
    script_hash: &str,
) -> Result<(), Error> {
    conn.prepare_cached("delete from event_tag where account_id = ?1 and number = ?2")?
        .execute((account.0, number.0))?;
    let mut insert = conn.prepare_cached(
        "insert into event_tag (account_id, number, position, tag) values (?1, ?2, ?3, ?4)",
    )?;
    for (position, tag) in (0_i64..).zip(&definition.tags) {
        insert.execute((account.0, number.0, position, tag))?;
    }
    conn.prepare_cached("delete from event_script where account_id = ?1 and number = ?2")?
        .execute((account.0, number.0))?;
    if !definition.custom_js.is_empty() {
        conn.prepare_cached(
            "insert into event_script (account_id, number, hash, code) values (?1, ?2, ?3, ?4)",
        )?
        .execute((account.0, number.0, script_hash, &definition.custom_js))?;
    }
    changes::raise(conn, account, Kind::Events)?;
    Ok(())
}

/// Archives, restores or deletes an event. A deleted one is `NotFound`.
pub fn update_status(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
    status: Status,
    now: Millis,
) -> Result<(), Error> {
    let changed = conn
        .prepare_cached(
            "update event_definition set status = ?3, changed_ms = ?4
             where account_id = ?1 and number = ?2 and status <> 'deleted'",
        )?
        .execute((account.0, number.0, status.as_str(), now.0))?;
    if changed == 0 {
        return Err(Error::NotFound);
    }
    changes::raise(conn, account, Kind::Events)?;
    Ok(())
}

/// Makes the name of a deleted event free for a new one. The deleted event gets a name with a control character, which
/// no hit can contain.
pub fn release_name(conn: &Connection, account: AccountId, name: &str) -> Result<(), Error> {
    conn.prepare_cached(
        "update event_definition set name = char(1) || 'deleted ' || number
         where account_id = ?1 and name = ?2 and status = 'deleted'",
    )?
    .execute((account.0, name))?;
    Ok(())
}

/// Finds an event that is not deleted.
pub fn find(conn: &Connection, account: AccountId, number: EventNumber) -> Result<Option<Stored>, Error> {
    let found = conn
        .prepare_cached(&format!(
            "select {FIELDS} from {FROM} where d.account_id = ?1 and d.number = ?2 and d.status <> 'deleted'"
        ))?
        .query_row((account.0, number.0), read)
        .optional()?;
    let Some(mut stored) = found else { return Ok(None) };
    let mut tags = conn.prepare_cached(
        "select tag from event_tag where account_id = ?1 and number = ?2 order by position",
    )?;
    stored.definition.tags =
        tags.query_map((account.0, number.0), |row| row.get(0))?.collect::<Result<_, _>>()?;
    Ok(Some(stored))
}

/// All events of an account, also deleted ones, ordered by number.
pub fn list(conn: &Connection, account: AccountId) -> Result<Vec<Stored>, Error> {
    let mut statement = conn
        .prepare_cached(&format!("select {FIELDS} from {FROM} where d.account_id = ?1 order by d.number"))?;
    let mut all = statement.query_map([account.0], read)?.collect::<Result<Vec<_>, _>>()?;
    let mut tags = conn.prepare_cached(
        "select number, tag from event_tag where account_id = ?1 order by number, position",
    )?;
    let mut rows = tags.query([account.0])?;
    while let Some(row) = rows.next()? {
        let number = EventNumber(row.get(0)?);
        if let Ok(place) = all.binary_search_by_key(&number, |stored| stored.number)
            && let Some(stored) = all.get_mut(place)
        {
            stored.definition.tags.push(row.get(1)?);
        }
    }
    Ok(all)
}

/// Names of the events that are not deleted, by number.
pub fn list_names(conn: &Connection, account: AccountId) -> Result<FxHashMap<u32, String>, Error> {
    let mut statement = conn.prepare_cached(
        "select number, name from event_definition where account_id = ?1 and status <> 'deleted'",
    )?;
    let names = statement.query_map([account.0], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(names.collect::<Result<_, _>>()?)
}

/// The tags in use, ordered by name.
pub fn list_tags(conn: &Connection, account: AccountId) -> Result<Vec<String>, Error> {
    let mut statement = conn.prepare_cached(
        "select distinct t.tag from event_tag t
         join event_definition d on d.account_id = t.account_id and d.number = t.number
         where t.account_id = ?1 and d.status <> 'deleted' order by t.tag collate nocase, t.tag",
    )?;
    let tags = statement.query_map([account.0], |row| row.get(0))?;
    Ok(tags.collect::<Result<_, _>>()?)
}

/// The highest number that an event ever had.
pub fn last(conn: &Connection, account: AccountId) -> Result<u32, Error> {
    let last = conn
        .prepare_cached("select last_event from account where id = ?1")?
        .query_row([account.0], |row| row.get(0))
        .optional()?;
    Ok(last.unwrap_or(0))
}

/// How many events count against the limit.
pub fn count_active(conn: &Connection, account: AccountId) -> Result<i64, Error> {
    Ok(conn
        .prepare_cached("select count(*) from event_definition where account_id = ?1 and status = 'active'")?
        .query_row([account.0], |row| row.get(0))?)
}

/// Has any event, also a deleted one, a value of its own or completions, which may have one?
pub fn have_values(conn: &Connection, account: AccountId) -> Result<bool, Error> {
    Ok(conn
        .prepare_cached(
            "select exists (select 1 from event_definition
                            where account_id = ?1 and (last_ms is not null or value_minor <> 0))",
        )?
        .query_row([account.0], |row| row.get(0))?)
}

pub fn find_script(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
) -> Result<Option<Script>, Error> {
    Ok(conn
        .prepare_cached("select hash, code from event_script where account_id = ?1 and number = ?2")?
        .query_row((account.0, number.0), |row| Ok(Script { hash: row.get(0)?, code: row.get(1)? }))
        .optional()?)
}

/// Records a completion at `at_ms`, unless a later one is known.
pub fn update_last(
    conn: &Connection,
    account: AccountId,
    number: EventNumber,
    at_ms: i64,
) -> Result<(), Error> {
    conn.prepare_cached(
        "update event_definition set last_ms = max(coalesce(last_ms, ?3), ?3) where account_id = ?1 and number = ?2",
    )?
    .execute((account.0, number.0, at_ms))?;
    Ok(())
}
