//! `guestlog account`: accounts, each with the sites, visitors and settings of one organisation.

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer::{Answer, Outcome, note, table};
use crate::app::commands::Command;
use crate::config::Config;
use crate::server::control;
use crate::store;

#[derive(Subcommand)]
pub(super) enum Account {
    /// Create an account
    Add {
        #[arg(long)]
        name: String,
        /// A domain of the account's sites, with the port if it is not the default one. Can be repeated
        #[arg(long = "domain", value_name = "DOMAIN", required = true)]
        domains: Vec<String>,
        /// The time zone of the account's reports
        #[arg(long, value_name = "ZONE", default_value = "UTC")]
        time_zone: String,
        /// The currency of all event values, as a three-letter code
        #[arg(long, value_name = "CODE", default_value = "EUR")]
        currency: String,
    },
    /// List all accounts
    List,
}

pub(super) fn run(command: Account, config: &Config) -> Outcome {
    match command {
        Account::Add { name, domains, time_zone, currency } => {
            let made = control::execute(config, Command::AccountAdd { name, domains, time_zone, currency })?;
            let id = made.get("account_id").unwrap_or(&Value::Null).clone();
            // Programs that read the answer as JSON see it too.
            note(&format!(
                "account {id} has no consent policy: every visitor is counted, and nobody is asked; see guestlog consent set"
            ));
            Ok(Answer::new(made, format!("account {id} created")))
        }
        Account::List => list(config),
    }
}

fn list(config: &Config) -> Outcome {
    let accounts = match store::data_dir::open_main(&config.server.data_dir)? {
        Some(conn) => store::account::list(&conn)?,
        None => Vec::new(),
    };
    let rows: Vec<Value> = accounts
        .iter()
        .map(|account| {
            json!({
                "account_id": account.id,
                "name": account.settings.name,
                "domains": account.settings.domains,
                "time_zone": account.settings.time_zone,
                "currency": account.settings.currency,
                "created": account.created.iso(),
                "first_hit": account.first_hit.map(crate::base::clock::Millis::iso),
            })
        })
        .collect();
    let cells: Vec<Vec<String>> = accounts
        .iter()
        .map(|account| {
            let settings = &account.settings;
            vec![
                account.id.to_string(),
                settings.name.clone(),
                settings.time_zone.clone(),
                settings.currency.clone(),
                settings.domains.join(" "),
            ]
        })
        .collect();
    let text = table(&["account", "name", "time zone", "currency", "domains"], &cells);
    Ok(Answer::new(json!({ "rows": rows }), text))
}
