//! The consent log: what visitors chose in the banner, and how often it asked them. Rows are added, and deleted when they are
//! too old. Only erasing a person changes one.

pub mod report;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params_from_iter};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::choice::{
    ASKED_ROWS_PER_DAY, Answer, Asked, CHOICES_PER_DAY, Choice, ChoiceToken, How, Receipt,
};
use crate::domain::consent::rule::PolicyType;
use crate::domain::device::DeviceClass;
use crate::domain::period::LocalDay;
use crate::store::error::Error;

/// Rows deleted per step.
const STEP: usize = 1_000;

/// What became of a choice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Logged {
    New,
    /// The receipt was logged before. The first choice stays.
    Known,
    /// The account has logged `CHOICES_PER_DAY` on this day. That one more came is counted.
    Full,
}

/// Logs a choice. `day` is the local day of the account.
pub fn insert(
    conn: &Connection,
    account: AccountId,
    day: LocalDay,
    choice: &Choice,
) -> Result<Logged, Error> {
    if find(conn, account, choice.receipt)?.is_some() {
        return Ok(Logged::Known);
    }
    let logged: Option<u32> = conn
        .prepare_cached("select choices from consent_day where account_id = ?1 and day = ?2")?
        .query_row((account.0, day.0), |row| row.get(0))
        .optional()?;
    let is_full = logged.is_some_and(|logged| logged >= CHOICES_PER_DAY);
    conn.prepare_cached(
        "insert into consent_day (account_id, day, choices, refused) values (?1, ?2, ?3, ?4)
         on conflict do update set choices = choices + ?3, refused = refused + ?4",
    )?
    .execute((account.0, day.0, !is_full, is_full))?;
    if is_full {
        return Ok(Logged::Full);
    }
    conn.prepare_cached(
        "insert into consent_choice
             (account_id, receipt, at_ms, token, revision, kind, how, mask, language, host, path, country, device)
         values (:account, :receipt, :at, :token, :revision, :kind, :how, :mask, :language, :host, :path, :country, :device)",
    )?
    .execute(named_params! {
        ":account": account.0,
        ":receipt": choice.receipt.0,
        ":at": choice.at.0,
        ":token": choice.token.map(|token| token.0),
        ":revision": choice.revision,
        ":kind": choice.kind.as_str(),
        ":how": choice.how.as_str(),
        ":mask": choice.mask,
        ":language": choice.language,
        ":host": choice.asked.host,
        ":path": choice.asked.path,
        ":country": choice.asked.country,
        ":device": choice.asked.device.as_str(),
    })?;
    Ok(Logged::New)
}

const COLUMNS: &str =
    "receipt, at_ms, token, revision, how, mask, language, host, path, country, device, kind";

fn read(row: &Row<'_>) -> Result<Choice, Error> {
    let unreadable = || Error::Unreadable("a logged choice".to_owned());
    let (how, device, kind): (String, String, String) = (row.get(4)?, row.get(10)?, row.get(11)?);
    Ok(Choice {
        receipt: Receipt(row.get(0)?),
        at: Millis(row.get(1)?),
        token: row.get::<_, Option<[u8; 16]>>(2)?.map(ChoiceToken),
        revision: row.get(3)?,
        kind: PolicyType::parse(&kind).ok_or_else(unreadable)?,
        how: How::parse(&how).ok_or_else(unreadable)?,
        mask: row.get(5)?,
        language: row.get(6)?,
        asked: Asked {
            host: row.get(7)?,
            path: row.get(8)?,
            country: row.get(9)?,
            device: device_of(&device).ok_or_else(unreadable)?,
        },
    })
}

fn device_of(word: &str) -> Option<DeviceClass> {
    DeviceClass::ALL.into_iter().find(|class| class.as_str() == word)
}

/// The choice of a receipt.
pub fn find(conn: &Connection, account: AccountId, receipt: Receipt) -> Result<Option<Choice>, Error> {
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from consent_choice where account_id = ?1 and receipt = ?2"
    ))?;
    let mut rows = statement.query((account.0, receipt.0))?;
    rows.next()?.map(read).transpose()
}

/// The last choice that the log has of a token.
pub fn find_last(conn: &Connection, account: AccountId, token: &str) -> Result<Option<Choice>, Error> {
    let filter = Filter { token: ChoiceToken::parse(token), ..Filter::default() };
    match filter.token {
        Some(_) => Ok(list(conn, account, &filter, None, 1)?.pop()),
        None => Ok(None),
    }
}

/// Which choices are listed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    pub token: Option<ChoiceToken>,
    pub answer: Option<Answer>,
    /// From this time on.
    pub from: Option<Millis>,
    /// Before this time.
    pub before: Option<Millis>,
}

/// The condition of an answer. `answers_are_the_same` compares it with `Answer::of`.
const fn condition(answer: Answer) -> &'static str {
    match answer {
        Answer::Accepted => "how <> 'withdraw' and mask & 14 = 14",
        Answer::Partly => "how <> 'withdraw' and mask & 14 not in (0, 14)",
        Answer::Refused => "how <> 'withdraw' and mask & 14 = 0",
        Answer::Withdrawn => "how = 'withdraw'",
    }
}

/// Where a page of the list begins: behind the choice of this time and receipt.
pub type Cursor = (Millis, Receipt);

/// The conditions of a filter, and the values that stand in them.
fn conditions(account: AccountId, filter: &Filter) -> (String, Vec<Value>) {
    let mut conditions = vec!["account_id = ?".to_owned()];
    let mut values: Vec<Value> = vec![account.0.into()];
    if let Some(token) = filter.token {
        conditions.push("token = ?".to_owned());
        values.push(token.0.to_vec().into());
    }
    if let Some(answer) = filter.answer {
        conditions.push(condition(answer).to_owned());
    }
    if let Some(from) = filter.from {
        conditions.push("at_ms >= ?".to_owned());
        values.push(from.0.into());
    }
    if let Some(before) = filter.before {
        conditions.push("at_ms < ?".to_owned());
        values.push(before.0.into());
    }
    (conditions.join(" and "), values)
}

/// At most `limit` choices, the newest first.
pub fn list(
    conn: &Connection,
    account: AccountId,
    filter: &Filter,
    after: Option<Cursor>,
    limit: usize,
) -> Result<Vec<Choice>, Error> {
    let (mut wanted, mut values) = conditions(account, filter);
    if let Some((at, receipt)) = after {
        wanted.push_str(" and (at_ms, receipt) < (?, ?)");
        values.extend([at.0.into(), receipt.0.to_vec().into()]);
    }
    values.push(i64::try_from(limit).unwrap_or(i64::MAX).into());
    let mut statement = conn.prepare_cached(&format!(
        "select {COLUMNS} from consent_choice where {wanted} order by at_ms desc, receipt desc limit ?"
    ))?;
    let mut rows = statement.query(params_from_iter(values))?;
    let mut choices = Vec::new();
    while let Some(row) = rows.next()? {
        choices.push(read(row)?);
    }
    Ok(choices)
}

/// How many choices there are.
pub fn count(conn: &Connection, account: AccountId, filter: &Filter) -> Result<u64, Error> {
    let (wanted, values) = conditions(account, filter);
    let sql = format!("select count(*) from consent_choice where {wanted}");
    Ok(conn.prepare_cached(&sql)?.query_row(params_from_iter(values), |row| row.get::<_, u32>(0))?.into())
}

/// Takes a person's token, and the pages that may be about that person, out of the log. The receipts stay: they prove that
/// somebody chose, and lead to nobody. A token that no script writes is in no row.
pub fn forget_token(conn: &Connection, account: AccountId, token: &str) -> Result<(), Error> {
    let Some(token) = ChoiceToken::parse(token) else { return Ok(()) };
    conn.prepare_cached(
        "update consent_choice set token = null, path = '' where account_id = ?1 and token = ?2",
    )?
    .execute((account.0, token.0))?;
    Ok(())
}

/// Deletes a step of the choices before `before`, and the totals of days before `first`, which begins then. Answers whether
/// there is more.
pub fn delete_before(
    conn: &Connection,
    account: AccountId,
    first: LocalDay,
    before: Millis,
) -> Result<bool, Error> {
    let step = i64::try_from(STEP).unwrap_or(i64::MAX);
    let deleted = conn
        .prepare_cached(
            "delete from consent_choice where account_id = ?1 and (at_ms, receipt) in (
                 select at_ms, receipt from consent_choice where account_id = ?1 and at_ms < ?2 order by at_ms limit ?3)",
        )?
        .execute((account.0, before.0, step))?;
    for table in ["consent_day", "consent_asked"] {
        conn.prepare_cached(&format!("delete from {table} where account_id = ?1 and day < ?2"))?
            .execute((account.0, first.0))?;
    }
    Ok(deleted == STEP)
}

/// How many choices are older than `before`.
pub fn count_before(conn: &Connection, account: AccountId, before: Millis) -> Result<u64, Error> {
    Ok(conn
        .prepare_cached("select count(*) from consent_choice where account_id = ?1 and at_ms < ?2")?
        .query_row((account.0, before.0), |row| row.get::<_, u32>(0))?
        .into())
}

/// Counts that the banner asked once more. When the day has its most rows, the page is left out.
pub fn count_asked(conn: &Connection, account: AccountId, day: LocalDay, asked: &Asked) -> Result<(), Error> {
    let (country, device) = (&asked.country, asked.device.as_str());
    let is_known = conn
        .prepare_cached(
            "update consent_asked set asked = asked + 1
             where account_id = ?1 and day = ?2 and country = ?3 and device = ?4 and host = ?5 and path = ?6",
        )?
        .execute((account.0, day.0, country, device, &asked.host, &asked.path))?
        > 0;
    if is_known {
        return Ok(());
    }
    let rows: u32 = conn
        .prepare_cached("select count(*) from consent_asked where account_id = ?1 and day = ?2")?
        .query_row((account.0, day.0), |row| row.get(0))?;
    let (host, path) = if rows < ASKED_ROWS_PER_DAY { (&*asked.host, &*asked.path) } else { ("", "") };
    conn.prepare_cached(
        "insert into consent_asked (account_id, day, country, device, host, path, asked)
         values (?1, ?2, ?3, ?4, ?5, ?6, 1) on conflict do update set asked = asked + 1",
    )?
    .execute((account.0, day.0, country, device, host, path))?;
    Ok(())
}
