//! `guestlog list`: lists of contacts.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use crate::app::commands;
use crate::app::reports::lists::{self, ListRow};
use crate::cli::answer::{Answer, Failure, Outcome, table};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::list::{
    Comparison, Condition, Conditions, ListId, ListKind, Measure, RowFilter, Time, Unit,
};
use crate::domain::question::{Dimension, Filter};
use crate::server::control;
use crate::store::{self, Connection};

#[derive(Subcommand)]
pub(in crate::cli) enum Command {
    /// Create a list of contacts, by how often they completed an event or by a file with conditions
    Add(Add),
    /// List the lists of an account
    List {
        #[arg(long, value_name = "ID")]
        account: i64,
    },
    /// Show a list with its members, as the page of the list does
    Show(Which),
    /// Print all members of a list as JSON, without a limit
    Export(Which),
    /// Delete a list. Its contacts stay
    Delete(Which),
}

#[derive(Args)]
pub(in crate::cli) struct Add {
    #[arg(long, value_name = "ID")]
    account: i64,
    #[arg(long)]
    name: String,
    /// The event, by its ID or its name
    #[arg(long, value_name = "EVENT", required_unless_present = "filter", conflicts_with = "filter")]
    event: Option<String>,
    /// How often the event was completed at least
    #[arg(long, value_name = "N", default_value_t = 1, requires = "event")]
    at_least: u32,
    /// Within this long before now, such as 12h, 7d or 4w. The default is at any time
    #[arg(long, value_name = "TIME", value_parser = within, requires = "event")]
    within: Option<Time>,
    /// The contacts who did not
    #[arg(long, requires = "event")]
    not: bool,
    /// A file with the conditions as JSON, in the form that `list show --json` prints them
    #[arg(long, value_name = "FILE")]
    filter: Option<PathBuf>,
    /// A list that does not change later
    #[arg(long = "static")]
    is_static: bool,
}

#[derive(Args)]
pub(in crate::cli) struct Which {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// The number of the list
    #[arg(long, value_name = "ID")]
    list: i64,
}

/// Members on a page of a list.
const SHOWN: usize = 100;

fn within(text: &str) -> Result<Time, String> {
    let wrong = || "enter a time such as 12h, 7d or 4w".to_owned();
    let (number, unit) = text.split_at_checked(text.len().saturating_sub(1)).ok_or_else(wrong)?;
    let unit = match unit {
        "h" => Unit::Hours,
        "d" => Unit::Days,
        "w" => Unit::Weeks,
        _ => return Err(wrong()),
    };
    let amount = number.parse().map_err(|_| wrong())?;
    Ok(Time::Last { amount, unit })
}

pub(in crate::cli) fn run(command: Command, config: &Config) -> Outcome {
    match command {
        Command::Add(asked) => add(config, asked),
        Command::List { account } => list(config, AccountId(account)),
        Command::Show(which) => show(config, &which, SHOWN),
        Command::Export(which) => show(config, &which, usize::MAX),
        Command::Delete(Which { account, list }) => {
            let delete = commands::Command::ListDelete { account: AccountId(account), list: ListId(list) };
            let done = control::execute(config, delete)?;
            Ok(Answer::new(done, format!("list {list} is deleted")))
        }
    }
}

fn add(config: &Config, asked: Add) -> Outcome {
    let account = AccountId(asked.account);
    let conditions = match (&asked.event, &asked.filter) {
        (Some(event), _) => Conditions::of(Condition::Activity {
            measure: Measure::Completions,
            filters: vec![RowFilter(Filter::is(Dimension::Event, &find_event(config, account, event)?))],
            // Who did not do something n times did it at most n - 1 times.
            is: if asked.not { Comparison::AtMost } else { Comparison::AtLeast },
            number: i64::from(asked.at_least) - i64::from(asked.not),
            within: asked.within.unwrap_or_default(),
        }),
        (None, Some(file)) => read(file)?,
        (None, None) => return Err(Failure::usage("give --event or --filter")),
    };
    let kind = if asked.is_static { ListKind::Static } else { ListKind::Active };
    let made =
        control::execute(config, commands::Command::ListAdd { account, name: asked.name, kind, conditions })?;
    let id = made.get("list_id").and_then(Value::as_i64).unwrap_or(0);
    Ok(Answer::new(made, format!("list {id}")))
}

fn read(file: &Path) -> Result<Conditions, Failure> {
    let json = std::fs::read_to_string(file)
        .map_err(|error| Failure::usage(format!("{}: {error}", file.display())))?;
    Conditions::parse(&json).map_err(|error| Failure::usage(format!("{}: {error}", file.display())))
}

/// The ID of an event that is given by its ID or its name.
fn find_event(config: &Config, account: AccountId, event: &str) -> Result<String, Failure> {
    let known = match store::data_dir::open_main(&config.server.data_dir)? {
        Some(conn) => store::definition::list_names(&conn, account)?,
        None => return Err(Failure::failed("there is no store yet".to_owned())),
    };
    let is_it = |number: EventNumber, name: &str| EventNumber::parse(event) == Some(number) || name == event;
    let mut known = known.into_iter().map(|(number, name)| (EventNumber(number), name));
    let found = known.find(|(number, name)| is_it(*number, name));
    found
        .map(|(number, _)| number.to_string())
        .ok_or_else(|| Failure::failed(format!("there is no event “{event}”; see guestlog event list")))
}

/// Reads the store, also beside a server. `None` when there is none yet.
fn open(config: &Config) -> Result<Option<Connection>, Failure> {
    Ok(store::data_dir::open_main(&config.server.data_dir)?)
}

fn list(config: &Config, account: AccountId) -> Outcome {
    let all = match open(config)? {
        Some(conn) => store::list::list(&conn, account)?,
        None => Vec::new(),
    };
    let rows: Vec<ListRow> = all.into_iter().map(ListRow::from).collect();
    let cells: Vec<Vec<String>> = rows
        .iter()
        .map(|row| {
            let size = row.size.to_string();
            vec![row.id.0.to_string(), row.name.clone(), row.kind.as_str().to_owned(), size]
        })
        .collect();
    let text = table(&["list", "name", "type", "contacts"], &cells);
    Ok(Answer::new(json!({ "rows": rows }), text))
}

fn show(config: &Config, which: &Which, limit: usize) -> Outcome {
    let (account, id) = (AccountId(which.account), ListId(which.list));
    let found = match open(config)? {
        Some(conn) => lists::read(&conn, account, id, None, limit)
            .map_err(|error| Failure::failed(error.to_string()))?,
        None => None,
    };
    let found = found.ok_or_else(|| {
        Failure::failed(format!("there is no list {} in account {account}; see guestlog list list", id.0))
    })?;
    let cells: Vec<Vec<String>> = found
        .table
        .rows
        .iter()
        .map(|row| vec![row.id.to_string(), row.email.clone().unwrap_or_default(), row.revenue.clone()])
        .collect();
    let text = format!(
        "{}: {} contacts\n{}",
        found.list.name,
        found.list.size,
        table(&["contact", "email", "revenue"], &cells)
    );
    let json = serde_json::to_value(&found).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Answer::new(json, text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_read_with_its_unit() {
        for (text, amount, unit) in [("12h", 12, Unit::Hours), ("7d", 7, Unit::Days), ("4w", 4, Unit::Weeks)]
        {
            assert_eq!(within(text), Ok(Time::Last { amount, unit }));
        }
        for text in ["", "7", "d", "7m", "-1d", "7€"] {
            assert!(within(text).is_err(), "{text}");
        }
    }
}
