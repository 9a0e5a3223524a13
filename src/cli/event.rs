//! `guestlog event`: what the sites of an account report besides page views.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use serde_json::{Value, json};

use super::answer::{Answer, Failure, Outcome, table};
use crate::app::commands::{Command, EventChange};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::event::{CUSTOM_JS_MAX, EventKind, EventNumber, Status};
use crate::domain::snippet;
use crate::domain::url_rule::UrlRule;
use crate::server::control;
use crate::store;

#[derive(Subcommand)]
pub(super) enum Event {
    /// Create an event and print its ID, and the snippet for the site or the URL for programs if its type has one
    Add {
        #[arg(long, value_name = "ID")]
        account: i64,
        #[arg(long)]
        name: String,
        /// How the event is completed: custom, http, click, form or visit
        #[arg(long = "type", value_name = "TYPE", value_parser = kind)]
        kind: EventKind,
        /// A tag of the event. Can be repeated
        #[arg(long = "tag", value_name = "TAG")]
        tags: Vec<String>,
        /// CSS selector of the element or form (for click and form)
        #[arg(long, value_name = "CSS", default_value = "")]
        selector: String,
        /// Address of the page, with * for any characters (for visit; optional for click and form)
        #[arg(long, value_name = "RULE", default_value = "")]
        url: String,
        /// The value of a completion that is sent without one
        #[arg(long, default_value = "", allow_hyphen_values = true)]
        value: String,
        /// A file with JavaScript that the tracking code runs on the site (for custom)
        #[arg(long, value_name = "FILE")]
        custom_js: Option<PathBuf>,
    },
    /// List the events of an account
    List {
        #[arg(long, value_name = "ID")]
        account: i64,
    },
    /// Stop counting an event and keep its completions; it no longer uses up the event limit
    Archive(Which),
    /// Restore an archived event
    Restore(Which),
    /// Delete an event with all its completions, and subtract their value from the revenue of contacts
    Delete(Which),
    /// Count past page views for a visited-URL event; the server does this in the background
    CountBack(Which),
}

#[derive(Args)]
pub(super) struct Which {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// The ID of the event (twelve digits)
    #[arg(long, value_name = "ID", value_parser = number)]
    event: EventNumber,
}

fn number(text: &str) -> Result<EventNumber, String> {
    EventNumber::parse(text)
        .ok_or_else(|| "an event ID has twelve digits; list the IDs with guestlog event list".to_owned())
}

fn kind(text: &str) -> Result<EventKind, String> {
    let all = || EventKind::ALL.iter().map(|kind| kind.as_str()).collect::<Vec<_>>().join(", ");
    EventKind::parse(text).ok_or_else(|| format!("the type must be one of {}", all()))
}

pub(super) fn run(command: Event, config: &Config) -> Outcome {
    match command {
        Event::Add { account, name, kind, tags, selector, url, value, custom_js } => {
            let account = AccountId(account);
            let custom_js = custom_js.as_deref().map(code).transpose()?.unwrap_or_default();
            let add = Command::EventAdd { account, name, kind, tags, selector, url, value, custom_js };
            let mut made = control::execute(config, add)?;
            let text = |made: &Value, key| made.get(key).and_then(Value::as_str).map(str::to_owned);
            let id = text(&made, "event_id").unwrap_or_default();
            let number = EventNumber::parse(&id);
            let call = number.and_then(|number| snippet::call_url(&origin(config), account, number, kind));
            let mut lines = vec![format!("event {id}")];
            lines.extend(text(&made, "snippet"));
            lines.extend(call.clone());
            lines.extend(needs_no_installation(kind).map(str::to_owned));
            if let Some(fields) = made.as_object_mut() {
                fields.insert("url".into(), call.into());
            }
            Ok(Answer::new(made, lines.join("\n")))
        }
        Event::List { account } => list(config, AccountId(account)),
        Event::Archive(which) => change(config, &which, EventChange::Archive, "archived"),
        Event::Restore(which) => change(config, &which, EventChange::Restore, "restored"),
        Event::Delete(which) => change(config, &which, EventChange::Delete, "deleted"),
        Event::CountBack(which) => change(config, &which, EventChange::CountBack, "counting past page views"),
    }
}

/// The answer for events that need nothing to be installed.
const fn needs_no_installation(kind: EventKind) -> Option<&'static str> {
    match kind {
        EventKind::Custom | EventKind::Http => None,
        EventKind::Click | EventKind::Form => {
            Some("The tracking code finds the element automatically, within a minute.")
        }
        EventKind::Visit => Some("The server counts the event automatically from all new page views."),
    }
}

/// Reads custom JavaScript from a file, but never more of it than an event may have.
fn code(file: &Path) -> Result<String, Failure> {
    let wrong = |error: std::io::Error| Failure::usage(format!("{}: {error}", file.display()));
    let mut code = String::new();
    let most = u64::try_from(CUSTOM_JS_MAX).unwrap_or(u64::MAX).saturating_add(1);
    File::open(file).and_then(|open| open.take(most).read_to_string(&mut code)).map_err(wrong)?;
    Ok(code)
}

fn change(config: &Config, which: &Which, change: EventChange, what: &str) -> Outcome {
    let Which { account, event } = *which;
    let asked = Command::EventChange { account: AccountId(account), number: event, change };
    let done = control::execute(config, asked)?;
    Ok(Answer::new(done, format!("event {event} is {what}")))
}

/// The address at which sites and programs reach the server.
fn origin(config: &Config) -> String {
    let scheme = if config.tls.files().is_some() { "https" } else { "http" };
    config.server.public_url.clone().unwrap_or_else(|| format!("{scheme}://{}", config.server.listen))
}

fn list(config: &Config, account: AccountId) -> Outcome {
    let mut events = match store::data_dir::open_main(&config.server.data_dir)? {
        Some(conn) => store::definition::list(&conn, account)?,
        None => Vec::new(),
    };
    events.retain(|stored| stored.status != Status::Deleted);
    let rows: Vec<Value> = events
        .iter()
        .map(|stored| {
            let definition = &stored.definition;
            json!({
                "id": stored.number.to_string(),
                "name": definition.name,
                "type": definition.kind.as_str(),
                "tags": definition.tags,
                "status": stored.status.as_str(),
                "selector": definition.selector,
                "url": definition.url.as_ref().map(UrlRule::as_str),
                "created": stored.created.iso(),
                "last_seen": stored.last.map(crate::base::clock::Millis::iso),
            })
        })
        .collect();
    let cells: Vec<Vec<String>> = events
        .iter()
        .map(|stored| {
            let definition = &stored.definition;
            vec![
                stored.number.to_string(),
                definition.name.clone(),
                definition.kind.as_str().to_owned(),
                stored.status.as_str().to_owned(),
                definition.tags.join(", "),
            ]
        })
        .collect();
    let text = table(&["event", "name", "type", "status", "tags"], &cells);
    Ok(Answer::new(json!({ "rows": rows }), text))
}
