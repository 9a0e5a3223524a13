//! How many browsers joined a contact within a day because they said so, and contacts whose address is possibly a
//! placeholder (rules.md 36). A contact with one browser has no row here.

use rusqlite::{Connection, OptionalExtension};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::placeholder::{BROWSERS_MAX, JOINED_WITHIN, NAMES};
use crate::store::error::Error;

/// Counts one more browser that joined a contact at a time.
pub fn count(conn: &Connection, account: AccountId, contact: i64, at: Millis) -> Result<(), Error> {
    conn.prepare_cached(&format!(
        "insert into contact_joining (account_id, contact_id, since_ms, browsers) values (?1, ?2, ?3, 1)
         on conflict (account_id, contact_id) do update set
             since_ms = case when ?3 - since_ms < {JOINED_WITHIN} then since_ms else ?3 end,
             browsers = case when ?3 - since_ms < {JOINED_WITHIN} then browsers + 1 else 1 end,
             noticed_ms = case when ?3 - since_ms < {JOINED_WITHIN} and browsers >= {BROWSERS_MAX}
                 then coalesce(noticed_ms, ?3) else noticed_ms end",
    ))?
    .execute((account.0, contact, at.0))?;
    Ok(())
}

/// When so many browsers joined a contact that its address is possibly a placeholder.
pub fn find_noticed(conn: &Connection, account: AccountId, contact: i64) -> Result<Option<Millis>, Error> {
    let noticed: Option<Option<i64>> = conn
        .prepare_cached("select noticed_ms from contact_joining where account_id = ?1 and contact_id = ?2")?
        .query_row((account.0, contact), |row| row.get(0))
        .optional()?;
    Ok(noticed.flatten().map(Millis))
}

/// A contact whose address is possibly a placeholder.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Suspect {
    pub contact: i64,
    /// Its primary email.
    pub email: String,
    /// Set when it was noticed by the browsers that joined it, else by its name.
    pub noticed: Option<Millis>,
}

/// Contact `c` has no blocked email.
const FREE: &str = "not exists (select 1 from blocked_email b where b.account_id = ?1 and b.email = c.email)";

/// Contacts whose primary email is possibly a placeholder and not blocked: those that many browsers joined, the latest
/// first, and then those with a name that is known for it. At most `limit`.
pub fn list_suspects(conn: &Connection, account: AccountId, limit: usize) -> Result<Vec<Suspect>, Error> {
    let most = i64::try_from(limit).unwrap_or(i64::MAX);
    let mut by_browsers = conn.prepare_cached(&format!(
        "select c.id, c.email, j.noticed_ms from contact_joining j indexed by contact_joining_noticed
             join contact c on c.account_id = j.account_id and c.id = j.contact_id
         where j.account_id = ?1 and j.noticed_ms is not null and c.state = 'active' and c.email <> '' and {FREE}
         order by j.noticed_ms desc limit ?2",
    ))?;
    let read = |row: &rusqlite::Row<'_>| {
        Ok(Suspect {
            contact: row.get(0)?,
            email: row.get(1)?,
            noticed: row.get::<_, Option<i64>>(2)?.map(Millis),
        })
    };
    let mut found: Vec<Suspect> =
        by_browsers.query_map((account.0, most), read)?.collect::<Result<_, _>>()?;
    // `A` follows `@`, so the range holds all addresses with that name.
    let mut by_name = conn.prepare_cached(&format!(
        "select c.id, c.email, null from contact c indexed by contact_list
         where c.account_id = ?1 and c.email >= ?2 || '@' and c.email < ?2 || 'A' and c.state = 'active' and {FREE}
         order by c.email limit ?3",
    ))?;
    for name in NAMES {
        let more = by_name.query_map((account.0, name, most), read)?.collect::<Result<Vec<_>, _>>()?;
        let is_known = |one: &Suspect| found.iter().any(|known| known.contact == one.contact);
        let more: Vec<Suspect> = more.into_iter().filter(|one| !is_known(one)).collect();
        found.extend(more);
    }
    found.truncate(limit);
    Ok(found)
}
