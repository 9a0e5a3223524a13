//! `guestlog retention`: how long an account keeps each kind of data.

use clap::Subcommand;
use serde_json::Value;

use super::answer::{Answer, Outcome};
use crate::app::commands;
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::retention::Kind;
use crate::server::control::execute;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show how many months an account keeps each kind of data, and what the next run would delete
    Show {
        #[arg(long, value_name = "ID")]
        account: i64,
    },
    /// Keep a kind of data for so many months; 0 means without end. What is older is deleted within the hour
    Set {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// visits, completions, submissions, contacts, `consent_log` or `audit_log`
        #[arg(long, value_parser = kind)]
        kind: Kind,
        #[arg(long, value_name = "N")]
        months: u32,
        /// Only show what would be deleted
        #[arg(long)]
        dry_run: bool,
    },
    /// Say that the clock of this machine is right, after it moved by more than a month
    ConfirmClock,
}

fn kind(text: &str) -> Result<Kind, String> {
    let kinds = Kind::ALL.map(Kind::as_str).join(", ");
    Kind::parse(text).ok_or_else(|| format!("the kinds are {kinds}"))
}

pub(super) fn run(command: &Command, config: &Config) -> Outcome {
    match *command {
        Command::Show { account } => ask(config, account, None, true),
        Command::Set { account, kind, months, dry_run } => {
            ask(config, account, Some((kind, months)), dry_run)
        }
        Command::ConfirmClock => {
            let done = execute(config, commands::Command::ConfirmClock {})?;
            Ok(Answer::new(done, "the time is right; old data is deleted again".to_owned()))
        }
    }
}

fn ask(config: &Config, account: i64, change: Option<(Kind, u32)>, dry_run: bool) -> Outcome {
    let command = commands::Command::Retention { account: AccountId(account), change, dry_run };
    let done = execute(config, command)?;
    let text = text_of(&done);
    Ok(Answer::new(done, text))
}

/// A line for each kind, and what is too old.
fn text_of(done: &Value) -> String {
    let count = |place: &str, name: &str| done.get(place).and_then(|of| of.get(name)).and_then(Value::as_u64);
    let mut lines = Vec::new();
    for kind in Kind::ALL {
        let months = match count("months", kind.as_str()) {
            None | Some(0) => "without end".to_owned(),
            Some(1) => "1 month".to_owned(),
            Some(n) => format!("{n} months"),
        };
        let due = count("due", kind.as_str()).unwrap_or(0);
        lines.push(format!("{}: {months}; {due} too old", kind.as_str()));
    }
    if done.get("clock_doubted_since").is_some_and(|since| !since.is_null()) {
        lines.push(
            "nothing is deleted until guestlog retention confirm-clock says that the time is right"
                .to_owned(),
        );
    }
    lines.join("\n")
}
