//! `guestlog contact`: the contacts of an account, one of them, merging two and undoing it, and files of contacts. What is listed and shown
//! is what the pages answer as JSON.

use std::sync::Arc;

use clap::Subcommand;
use serde_json::Value;

use super::contact_files;
use crate::app::commands::Command;
use crate::app::reports::contact::{self, Ask, ContactReport};
use crate::app::reports::contacts::{self, Wanted};
use crate::app::reports::{ContactRow, Error, LIMIT_MAX, Table};
use crate::base::clock::RealClock;
use crate::cli::answer::{Answer, Failure, Outcome, table};
use crate::config::Config;
use crate::domain::account::{AccountId, Settings};
use crate::domain::money;
use crate::domain::period::Zone;
use crate::server::control;
use crate::store::search::ContactSearch;
use crate::store::{self, scan};

#[derive(Subcommand)]
pub(in crate::cli) enum Contact {
    /// List the contacts of an account, the newest first
    List {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// Only contacts with each of these words in an email or in the value of a property
        #[arg(long, value_name = "TEXT", default_value = "")]
        search: String,
        /// Only contacts of the company with this number
        #[arg(long, value_name = "ID", default_value = "")]
        company: String,
        /// How many to list
        #[arg(long, value_name = "N", default_value = "100")]
        limit: String,
        /// The value of next in the answer before this one
        #[arg(long, value_name = "CURSOR", default_value = "")]
        after: String,
    },
    /// Print what is known of a contact, and what it did
    Show {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// The number of the contact
        contact: i64,
    },
    /// Export all contacts of an account as CSV. Can run while the server is running
    Export(contact_files::Export),
    /// Import contacts from a CSV file
    Import(contact_files::Import),
    /// Merge a contact into another one, which stays. It can be undone
    Merge {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// The number of the contact that becomes part of the other one
        from: i64,
        /// The number of the contact that stays
        into: i64,
    },
    /// Undo a merge: the contact gets back what it brought, and what its browsers did since
    Unmerge {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// The number of the contact that became part of another one
        contact: i64,
    },
}

/// Answers `None` when exported contacts were the answer on stdout.
pub(in crate::cli) fn run(command: Contact, config: &Config, json: bool) -> Result<Option<Answer>, Failure> {
    match command {
        Contact::Export(asked) => return contact_files::export(&asked, config, json),
        Contact::Import(asked) => contact_files::import(asked, config),
        Contact::List { account, search, company, limit, after } => {
            let asked = [("search", search), ("company", company), ("limit", limit), ("after", after)];
            let asked: Vec<_> = asked.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            let wanted = Wanted::parse(&asked).map_err(failure)?;
            list(config, AccountId(account), &wanted)
        }
        Contact::Show { account, contact } => show(config, AccountId(account), contact),
        Contact::Merge { account, from, into } => {
            let merge = Command::ContactMerge { account: AccountId(account), from, into };
            let done = control::execute(config, merge)?;
            let survivor = done.get("contact_id").and_then(Value::as_i64).unwrap_or(into);
            Ok(Answer::new(done, format!("contact {from} is part of contact {survivor}")))
        }
        Contact::Unmerge { account, contact } => {
            let done =
                control::execute(config, Command::ContactUnmerge { account: AccountId(account), contact })?;
            let from = done.get("from").and_then(Value::as_i64).unwrap_or_default();
            Ok(Answer::new(done, format!("contact {contact} is no longer part of contact {from}")))
        }
    }
    .map(Some)
}

pub(in crate::cli) fn failure(error: Error) -> Failure {
    match error {
        Error::Store(error) => error.into(),
        error => Failure::usage(error),
    }
}

/// The store for reading, and the settings of an account in it.
pub(in crate::cli) fn open(
    config: &Config,
    account: AccountId,
) -> Result<(store::Connection, Settings), Failure> {
    let conn = store::data_dir::open_main(&config.server.data_dir)?;
    let found =
        conn.map(|conn| Ok::<_, store::Error>((store::account::find(&conn, account)?, conn))).transpose()?;
    match found {
        Some((Some(found), conn)) => Ok((conn, found.settings)),
        _ => Err(Failure::failed(format!("there is no account {account}; see guestlog account list"))),
    }
}

fn list(config: &Config, account: AccountId, wanted: &Wanted) -> Outcome {
    let (conn, settings) = open(config, account)?;
    let digits = money::digits(&settings.currency);
    let found: Table<ContactRow> =
        contacts::find(&conn, &ContactSearch::default(), account, digits, wanted).map_err(failure)?;
    let cells = |row: &ContactRow| {
        vec![
            row.id.to_string(),
            row.email.clone().unwrap_or_default(),
            row.name.clone().unwrap_or_default(),
            row.completions.to_string(),
            money::decimal(row.revenue_minor.saturating_add(row.asserted_minor), digits),
            row.last_seen.iso(),
        ]
    };
    let cells: Vec<Vec<String>> = found.rows.iter().map(cells).collect();
    let text = table(&["contact", "email", "name", "events", "revenue", "last seen"], &cells);
    Ok(Answer::new(json_of(&found)?, text))
}

fn show(config: &Config, account: AccountId, id: i64) -> Outcome {
    let (conn, settings) = open(config, account)?;
    let ask = Ask {
        conn: &conn,
        account,
        zone: &Zone::named(&settings.time_zone),
        after: None,
        limit: LIMIT_MAX,
        deadline: &scan::Deadline::new(Arc::new(RealClock)),
    };
    let found = contact::find(&ask, id, &settings.currency).map_err(failure)?;
    let found = found
        .ok_or_else(|| Failure::failed(format!("there is no contact {id}; see guestlog contact list")))?;
    Ok(Answer::new(json_of(&found)?, text_of(&found)))
}

pub(in crate::cli) fn json_of(found: &impl serde::Serialize) -> Result<Value, Failure> {
    serde_json::to_value(found).map_err(Failure::failed)
}

fn text_of(found: &ContactReport) -> String {
    let row = &found.row;
    let mut lines = vec![format!("contact {}", row.id)];
    lines.extend(row.name.as_ref().map(|name| format!("name: {name}")));
    lines.extend(found.emails.iter().map(|email| format!("email: {email}")));
    lines.extend(row.company.as_ref().map(|company| format!("company: {company}")));
    lines.push(format!("revenue: {} verified, {} unverified", row.revenue, row.revenue_asserted));
    lines.push(format!(
        "{} events, {} sessions, {} page views in {} browsers",
        row.completions,
        row.sessions,
        row.page_views,
        found.visitors.len()
    ));
    lines.push(format!("seen from {} to {}", row.first_seen.iso(), row.last_seen.iso()));
    lines.extend(found.properties.iter().map(|said| format!("{}: {}", said.name, said.value)));
    lines.extend(
        found
            .merged
            .iter()
            .map(|merged| format!("merged: contact {} on {}", merged.contact_id, merged.at.iso())),
    );
    lines.join("\n")
}
