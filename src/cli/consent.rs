//! `guestlog consent`: the rules by which visitors of an account are asked for consent, with their revision (rules.md 38), and what
//! the visitors chose (rules.md 40).

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answer::{Answer, Failure, Outcome, table};
use crate::app::commands::{Command, TypedRule};
use crate::app::reports::consent_log::{ChoiceRow, find_shown};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::consent::choice::{ChoiceToken, Receipt};
use crate::domain::consent::counting::Counting;
use crate::domain::consent::rule::PolicyType;
use crate::domain::period::Zone;
use crate::server::control;
use crate::store;
use crate::store::account::Account;
use crate::store::consent::Revision;
use crate::store::consent::choice::{self, Filter};

#[derive(Subcommand)]
pub(super) enum Consent {
    /// Show the rules and their revision
    Show {
        #[arg(long, value_name = "ID")]
        account: i64,
    },
    /// Set the rule for a host, a path, countries or regions; for everything when none is given
    Set(Set),
    /// Show what visitors chose in the banner, the newest first; or one choice with all that was shown
    Log(Log),
    /// Choose what is counted of visitors who did not consent
    Count {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// Whether their page views are counted in totals
        #[arg(long, value_name = "on|off", value_parser = switch)]
        anonymously: Option<bool>,
        /// Whether it is counted how often the question was shown
        #[arg(long, value_name = "on|off", value_parser = switch)]
        asked: Option<bool>,
    },
    /// Make all earlier choices of visitors void, so that they are asked again
    AskAgain {
        #[arg(long, value_name = "ID")]
        account: i64,
    },
}

#[derive(Args)]
pub(super) struct Log {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// Only the choice with this receipt, with the texts that its visitor was shown
    #[arg(long, value_name = "HEX", value_parser = receipt)]
    receipt: Option<Receipt>,
    /// Only choices of the visitor with this token
    #[arg(long, value_name = "HEX", value_parser = token, conflicts_with = "receipt")]
    token: Option<ChoiceToken>,
    /// At most so many
    #[arg(long, value_name = "N", default_value_t = LOG_ROWS, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    limit: u32,
}

/// Choices that are shown when nobody says how many.
const LOG_ROWS: u32 = 100;

fn receipt(text: &str) -> Result<Receipt, String> {
    Receipt::parse(text).ok_or_else(|| "a receipt is 32 hex digits in lower case".to_owned())
}

fn token(text: &str) -> Result<ChoiceToken, String> {
    ChoiceToken::parse(text).ok_or_else(|| "a token is 32 hex digits in lower case".to_owned())
}

#[derive(Args)]
pub(super) struct Set {
    #[arg(long, value_name = "ID")]
    account: i64,
    #[arg(
        long,
        value_parser = policy,
        help = "none, no-cookies, notify, opt-in, opt-in-categories, opt-out or opt-out-categories"
    )]
    policy: PolicyType,
    /// Only pages of this host
    #[arg(long, default_value = "")]
    host: String,
    /// Only pages whose path begins with this
    #[arg(long, default_value = "")]
    path: String,
    /// Only visitors from this country, such as NL. Can be repeated
    #[arg(long = "country", value_name = "CC")]
    countries: Vec<String>,
    /// Only visitors from this region, such as US-CA. With one country the region alone is enough. Can be repeated
    #[arg(long = "region", value_name = "R")]
    regions: Vec<String>,
    /// Treat Global Privacy Control of the browser as a refusal
    #[arg(long)]
    gpc: bool,
}

fn policy(text: &str) -> Result<PolicyType, String> {
    let all = || PolicyType::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    PolicyType::parse(text).ok_or_else(|| format!("the policy must be one of {}", all()))
}

fn switch(text: &str) -> Result<bool, String> {
    match text {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err("it must be on or off".to_owned()),
    }
}

/// What is counted without consent, in a sentence.
fn counted(counting: Counting) -> String {
    let word = |is_on| if is_on { "counted" } else { "not counted" };
    format!(
        "page views without consent are {}, and how often the question was shown is {}",
        word(counting.anonymous),
        word(counting.asked)
    )
}

pub(super) fn run(command: Consent, config: &Config) -> Outcome {
    match command {
        Consent::Show { account } => show(AccountId(account), config),
        Consent::Set(set) => {
            let (account, places) = (AccountId(set.account), places(&set.countries, &set.regions));
            let Set { host, path, policy, gpc, .. } = set;
            let rule = TypedRule { host, path, places, policy, gpc };
            let done = control::execute(config, Command::ConsentSet { account, rule })?;
            let text = format!("revision {} is in force", done.get("revision").unwrap_or(&Value::Null));
            Ok(Answer::new(done, text))
        }
        Consent::Log(asked) => log(&asked, config),
        Consent::Count { account, anonymously, asked } => {
            let command = Command::ConsentCount { account: AccountId(account), anonymously, asked };
            let done = control::execute(config, command)?;
            let is_on = |key: &str| done.get(key).and_then(Value::as_bool).unwrap_or_default();
            let counting = Counting { anonymous: is_on("count_anonymously"), asked: is_on("count_asked") };
            Ok(Answer::new(done, counted(counting)))
        }
        Consent::AskAgain { account } => {
            let done = control::execute(config, Command::ConsentAskAgain { account: AccountId(account) })?;
            let text = format!(
                "revision {} is in force; visitors are asked again on their next page, and earlier choices are \
                 refused after 24 hours",
                done.get("revision").unwrap_or(&Value::Null)
            );
            Ok(Answer::new(done, text))
        }
    }
}

/// The places of a rule, apart by commas. A country whose region is given is not meant as a whole.
fn places(countries: &[String], regions: &[String]) -> String {
    match (countries, regions) {
        ([country], [_, ..]) if regions.iter().all(|region| !region.contains('-')) => {
            let places: Vec<String> = regions.iter().map(|region| format!("{country}-{region}")).collect();
            places.join(",")
        }
        _ => [countries, regions].concat().join(","),
    }
}

/// The store, if it has the account.
fn open(account: AccountId, config: &Config) -> Result<(store::Connection, Account), Failure> {
    let unknown = || Failure::failed(format!("there is no account {account}; see guestlog account list"));
    let conn = store::data_dir::open_main(&config.server.data_dir)?.ok_or_else(unknown)?;
    let found = store::account::find(&conn, account)?.ok_or_else(unknown)?;
    Ok((conn, found))
}

/// rules.md 40
fn log(asked: &Log, config: &Config) -> Outcome {
    let id = AccountId(asked.account);
    let (conn, account) = open(id, config)?;
    if let Some(receipt) = asked.receipt {
        let zone = Zone::named(&account.settings.time_zone);
        let shown = find_shown(&conn, id, zone, receipt)?;
        let shown = shown.ok_or_else(|| Failure::failed(format!("no choice has the receipt {receipt}")))?;
        let row = ChoiceRow::of(&shown.choice);
        let text = log_text(std::slice::from_ref(&row));
        let json = json!({
            "account_id": id, "choice": row, "revision_made": shown.made.iso(), "texts": shown.texts,
        });
        return Ok(Answer::new(json, text));
    }
    let filter = Filter { token: asked.token, ..Filter::default() };
    let choices = choice::list(&conn, id, &filter, None, usize::try_from(asked.limit).unwrap_or(usize::MAX))?;
    let rows: Vec<ChoiceRow> = choices.iter().map(ChoiceRow::of).collect();
    let total = choice::count(&conn, id, &filter)?;
    let text = log_text(&rows);
    Ok(Answer::new(json!({ "account_id": id, "rows": rows, "total": total }), text))
}

fn log_text(rows: &[ChoiceRow]) -> String {
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let page = format!("{}{}", row.host, row.path);
            vec![
                row.at.clone(),
                row.receipt.clone(),
                row.answer.to_owned(),
                row.how.to_owned(),
                row.policy.to_owned(),
                row.revision.to_string(),
                row.language.clone(),
                page,
            ]
        })
        .collect();
    table(&["at", "receipt", "answer", "how", "policy", "revision", "language", "page"], &cells)
}

fn show(account: AccountId, config: &Config) -> Outcome {
    let (conn, found) = open(account, config)?;
    let counting = found.counting;
    let asked = store::consent::find_asked(&conn, account)?;
    let Some(latest) = store::consent::find(&conn, account)? else {
        let json = json!({
            "account_id": account, "revision": null, "made": null, "made_by": null, "asked_again": null, "rules": [],
            "count_anonymously": counting.anonymous, "count_asked": counting.asked,
        });
        let text = format!("no consent policy: every visitor is counted\n{}", counted(counting));
        return Ok(Answer::new(json, text));
    };
    let json = json!({
        "account_id": account,
        "revision": latest.number,
        "made": latest.made.iso(),
        "made_by": latest.user,
        "asked_again": asked.map(|(revision, at)| json!({ "revision": revision, "at": at.iso() })),
        "rules": latest.policy.rules,
        "count_anonymously": counting.anonymous,
        "count_asked": counting.asked,
    });
    Ok(Answer::new(json, format!("{}\n{}", text(&latest), counted(counting))))
}

fn text(latest: &Revision) -> String {
    let cells: Vec<Vec<String>> = latest
        .policy
        .rules
        .iter()
        .map(|rule| {
            let everywhere = |text: &str| if text.is_empty() { "all".to_owned() } else { text.to_owned() };
            vec![
                rule.kind.as_str().to_owned(),
                everywhere(&rule.target.host),
                rule.target.path.clone(),
                everywhere(&rule.target.typed_places()),
                if rule.gpc { "honoured" } else { "" }.to_owned(),
            ]
        })
        .collect();
    let by = latest.user.as_deref().unwrap_or("the command line");
    let head = format!("revision {} of {} by {by}", latest.number, latest.made.iso());
    format!("{head}\n{}", table(&["policy", "host", "path", "places", "GPC"], &cells))
}
