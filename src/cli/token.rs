//! `guestlog token`: keys with which programs of an account send and read data.

use clap::Subcommand;
use serde_json::Value;

use super::answer::{Answer, Outcome};
use crate::app::commands::Command;
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::user::Scope;
use crate::server::control::execute;

#[derive(Subcommand)]
pub(super) enum Token {
    /// Create a token. It is shown only once
    Add {
        #[arg(long, value_name = "ID")]
        account: i64,
        #[arg(long)]
        name: String,
        /// What the token can do: events.write, events.read, crm.read, crm.write, reports.read (separated by commas)
        #[arg(long = "scope", value_name = "SCOPE", value_delimiter = ',', required = true, value_parser = scope)]
        scopes: Vec<Scope>,
    },
}

fn scope(text: &str) -> Result<Scope, String> {
    let all = || Scope::ALL.map(Scope::as_str).join(", ");
    Scope::parse(text).ok_or_else(|| format!("the scope must be one of {}", all()))
}

pub(super) fn run(command: Token, config: &Config) -> Outcome {
    let Token::Add { account, name, scopes } = command;
    let made = execute(config, Command::TokenAdd { account: AccountId(account), name, scopes })?;
    let token = made.get("token").and_then(Value::as_str).unwrap_or_default().to_owned();
    Ok(Answer::new(made, token))
}
