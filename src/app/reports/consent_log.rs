//! The consent log as the page, its files and the command line show it (rules.md 40): choices, what each visitor was asked,
//! and the texts of every revision.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};

use super::parameters::{after, first, limit, not_one_of};
use super::{Error, LIMIT_DEFAULT};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::Consent;
use crate::domain::consent::choice::{Answer, Choice, ChoiceToken, Receipt};
use crate::domain::consent_banner::{Banner, Texts};
use crate::domain::period::{LocalDay, Zone, parse_day};
use crate::store::consent::Revision;
use crate::store::consent::choice::{self, Cursor, Filter};
use crate::store::{self, Connection};

/// Revisions whose texts are in one file.
pub const REVISIONS_MAX: usize = 10_000;

/// Which choices are asked for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Wanted {
    /// A receipt or the token of a visitor: 32 hex digits.
    pub key: Option<String>,
    pub answer: Option<Answer>,
    /// Local days, both included.
    pub from: Option<LocalDay>,
    pub to: Option<LocalDay>,
    pub after: Option<Cursor>,
    pub limit: usize,
}

impl Wanted {
    /// # Errors
    /// `Invalid`, with what is allowed.
    pub fn parse(pairs: &[(String, String)]) -> Result<Self, Error> {
        let answer = first(pairs, "answer").map(|word| {
            let words: Vec<_> = Answer::ALL.iter().map(|answer| answer.as_str()).collect();
            Answer::parse(word).ok_or_else(|| not_one_of(word, "answer", &words))
        });
        let day = |key| {
            let day = first(pairs, key).map(|text| {
                parse_day(text).ok_or_else(|| Error::Invalid(format!("{key} is a day such as 2026-01-31")))
            });
            day.transpose()
        };
        Ok(Self {
            key: first(pairs, "key").map(|key| key.trim().to_lowercase()),
            answer: answer.transpose()?,
            from: day("from")?,
            to: day("to")?,
            after: after(first(pairs, "after"), parse_cursor)?,
            limit: limit(first(pairs, "limit"), LIMIT_DEFAULT)?,
        })
    }

    /// Whether more is asked for than all choices.
    #[must_use]
    pub fn is_filtered(&self) -> bool {
        self.key.is_some() || self.answer.is_some() || self.from.is_some() || self.to.is_some()
    }
}

fn parse_cursor(text: &str) -> Option<Cursor> {
    let (at, receipt) = text.split_once('-')?;
    Some((Millis(at.parse().ok()?), Receipt::parse(receipt)?))
}

fn cursor(choice: &Choice) -> String {
    format!("{}-{}", choice.at.0, choice.receipt)
}

/// A page of the log.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct ConsentLog {
    pub rows: Vec<ChoiceRow>,
    pub total: u64,
    pub next: Option<String>,
}

/// A choice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ChoiceRow {
    pub receipt: String,
    pub at: String,
    pub answer: &'static str,
    pub how: &'static str,
    pub analytics: bool,
    pub advertisement: bool,
    pub functionality: bool,
    /// The type of the policy that applied.
    pub policy: &'static str,
    pub revision: u32,
    pub language: String,
    pub host: String,
    /// Empty once the person was erased.
    pub path: String,
    pub country: String,
    pub device: &'static str,
    pub token: Option<String>,
}

impl ChoiceRow {
    #[must_use]
    pub fn of(choice: &Choice) -> Self {
        Self {
            receipt: choice.receipt.to_string(),
            at: choice.at.iso(),
            answer: choice.answer().as_str(),
            how: choice.how.as_str(),
            analytics: choice.allows(Consent::ANALYTICS),
            advertisement: choice.allows(Consent::ADVERTISEMENT),
            functionality: choice.allows(Consent::FUNCTIONALITY),
            policy: choice.kind.as_str(),
            revision: choice.revision,
            language: choice.language.clone(),
            host: choice.asked.host.clone(),
            path: choice.asked.path.clone(),
            country: choice.asked.country.clone(),
            device: choice.asked.device.as_str(),
            token: choice.token.map(|token| token.to_string()),
        }
    }
}

/// The choices, the newest first. A key that is a receipt finds that choice, any other those of the visitor with that token.
///
/// # Errors
/// The store's.
pub async fn consent_log(
    app: &App,
    account: AccountId,
    wanted: &Wanted,
) -> Result<(ConsentLog, Vec<Choice>), Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let wanted = wanted.clone();
    let read = move |conn: &Connection| list(conn, account, &entry.zone, &wanted);
    Ok(app.store.read_long(read).await?)
}

fn list(
    conn: &Connection,
    account: AccountId,
    zone: &Zone,
    wanted: &Wanted,
) -> Result<(ConsentLog, Vec<Choice>), store::Error> {
    let mut filter = Filter {
        answer: wanted.answer,
        from: wanted.from.map(|day| zone.start_of(day)),
        before: wanted.to.map(|day| zone.start_of(day.plus(1))),
        token: None,
    };
    if let Some(key) = &wanted.key {
        let found = match Receipt::parse(key) {
            Some(receipt) => choice::find(conn, account, receipt)?,
            None => return Ok((ConsentLog::default(), Vec::new())),
        };
        if let Some(choice) = found {
            let rows = vec![ChoiceRow::of(&choice)];
            return Ok((ConsentLog { rows, total: 1, next: None }, vec![choice]));
        }
        filter.token = ChoiceToken::parse(key);
    }
    let mut choices = choice::list(conn, account, &filter, wanted.after, wanted.limit.saturating_add(1))?;
    let has_more = choices.len() > wanted.limit;
    choices.truncate(wanted.limit);
    let next = choices.last().filter(|_| has_more).map(cursor);
    let total = choice::count(conn, account, &filter)?;
    let rows = choices.iter().map(ChoiceRow::of).collect();
    Ok((ConsentLog { rows, total, next }, choices))
}

/// A choice with what its visitor was shown.
#[derive(Clone, Debug)]
pub struct Shown {
    pub choice: Choice,
    pub zone: Zone,
    /// When the revision was made.
    pub made: Millis,
    /// The texts in the language of the banner; `None` when the banner has none in that language.
    pub texts: Option<Texts>,
}

/// Finds a choice and what was shown. `None` when there is no such receipt.
///
/// # Errors
/// The store's.
pub async fn shown(app: &App, account: AccountId, receipt: Receipt) -> Result<Option<Shown>, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let zone = entry.zone.clone();
    let read = move |conn: &Connection| find_shown(conn, account, zone, receipt);
    Ok(app.store.read(read).await?)
}

/// The same, for the command line.
///
/// # Errors
/// The store's.
pub fn find_shown(
    conn: &Connection,
    account: AccountId,
    zone: Zone,
    receipt: Receipt,
) -> Result<Option<Shown>, store::Error> {
    let Some(choice) = choice::find(conn, account, receipt)? else { return Ok(None) };
    let revision = store::consent::find_number(conn, account, choice.revision)?;
    let revision = revision.ok_or(store::Error::NotFound)?;
    let texts = revision.policy.banner.texts(&choice.language);
    Ok(Some(Shown { choice, zone, made: revision.made, texts }))
}

/// The texts of every revision in every language of its banner, the newest first.
///
/// # Errors
/// The store's.
pub async fn revisions(app: &App, account: AccountId) -> Result<Value, Error> {
    let read = move |conn: &Connection| store::consent::list(conn, account, u32::MAX, REVISIONS_MAX);
    let revisions = app.store.read_long(read).await?;
    let all: Vec<Value> = revisions.iter().map(revision).collect();
    Ok(json!({ "account_id": account, "revisions": all }))
}

fn revision(revision: &Revision) -> Value {
    json!({
        "revision": revision.number,
        "made": revision.made.iso(),
        "asks_again": revision.asks_again,
        "rules": revision.policy.rules,
        "texts": texts(&revision.policy.banner),
    })
}

fn texts(banner: &Banner) -> BTreeMap<&str, Option<Texts>> {
    banner.languages().into_iter().map(|language| (language, banner.texts(language))).collect()
}
