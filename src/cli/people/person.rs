//! `guestlog export-person` and `erase-person`: everything that is stored of one person as JSON, and erasing it for good.

use std::path::PathBuf;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::app::commands::Command;
use crate::app::people::find_person::Key;
use crate::app::reports::person::PersonExport;
use crate::base::clock::{Clock, RealClock};
use crate::cli::answer::{Answer, Failure, Outcome, Stopped, write_file};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::consent::choice::Receipt;
use crate::domain::contact::Email;
use crate::domain::visitor::Token;
use crate::server::control::execute;
use crate::store::{self, export::Snapshot};

#[derive(clap::Args)]
pub(in crate::cli) struct Export {
    #[arg(long, value_name = "ID")]
    account: i64,
    #[command(flatten)]
    person: Person,
    /// The file to write. The default is standard output
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Replace an existing file
    #[arg(long, requires = "output")]
    force: bool,
}

/// What the person is found by.
#[derive(clap::Args)]
#[group(required = true, multiple = false)]
struct Person {
    /// An email of the person
    #[arg(long)]
    email: Option<String>,
    /// The site's own ID of the person
    #[arg(long, value_name = "ID")]
    external_id: Option<String>,
    /// The number of the contact
    #[arg(long, value_name = "NUMBER")]
    contact: Option<i64>,
    /// The token of a browser of the person: the value of the cookie hubspotutk
    #[arg(long, value_name = "TOKEN", visible_alias = "token")]
    visitor: Option<String>,
    /// The receipt of a choice that the person made in the banner
    #[arg(long, value_name = "RECEIPT")]
    receipt: Option<String>,
}

impl Person {
    fn key(&self) -> Result<Key, Failure> {
        let email = self.email.as_ref().map(|text| Email::parse(text).map(Key::Email));
        let visitor = self.visitor.as_ref().map(|text| Token::parse(text).map(Key::Token));
        let receipt = self.receipt.as_ref().map(|text| Receipt::parse(text).map(Key::Receipt));
        let external_id = self.external_id.clone().map(Key::ExternalId).map(Some);
        let contact = self.contact.map(Key::Contact).map(Some);
        let key = email.or(visitor).or(receipt).or(external_id).or(contact).flatten();
        key.ok_or_else(|| Failure::usage("this is not an email, the token of a browser or a receipt"))
    }
}

pub(in crate::cli) fn export(asked: &Export, config: &Config) -> Outcome {
    let key = asked.person.key()?;
    let id = AccountId(asked.account);
    let unknown = || Failure::failed(format!("there is no account {id}; see guestlog account list"));
    let snapshot = Snapshot::open(&config.server.data_dir)?.ok_or_else(unknown)?;
    let conn = snapshot.conn();
    let account = store::account::find(conn, id)?.ok_or_else(unknown)?;
    let clock: Arc<dyn Clock> = Arc::new(RealClock);
    let found = PersonExport::find(conn, account, &key, clock.now())?;
    let mut export = found.ok_or_else(|| Failure::failed("there is nobody who is known by this"))?;
    while export.step(conn, &clock)? {}
    let document = export.finish();
    let Some(file) = &asked.output else {
        let text = serde_json::to_string_pretty(&document).map_err(Failure::failed)?;
        return Ok(Answer::new(document, text));
    };
    write_file(file, asked.force, |output| {
        serde_json::to_writer_pretty(&mut *output, &document)
            .map_err(|error| Stopped::Output(error.into()))?;
        output.write_all(b"\n").map_err(Stopped::Output)
    })?;
    Ok(Answer::new(json!({ "file": file }), format!("{} written", file.display())))
}

#[derive(clap::Args)]
pub(in crate::cli) struct Erase {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// An email of the person
    #[arg(long, required_unless_present_any = ["visitor", "receipt"], conflicts_with_all = ["visitor", "receipt"])]
    email: Option<String>,
    /// The token of a browser of the person: the value of the cookie hubspotutk
    #[arg(long, value_name = "TOKEN", visible_alias = "token", conflicts_with = "receipt")]
    visitor: Option<String>,
    /// The receipt of a choice that the person made in the banner
    #[arg(long, value_name = "RECEIPT")]
    receipt: Option<String>,
    /// Confirm that everything about the person is deleted for good
    #[arg(long)]
    yes: bool,
}

pub(in crate::cli) fn erase(asked: Erase, config: &Config) -> Outcome {
    if !asked.yes {
        return Err(Failure::usage(
            "this deletes the contact, all its browsers and everything they did for good; confirm it with --yes",
        ));
    }
    let account = AccountId(asked.account);
    let Erase { email, visitor, receipt, .. } = asked;
    let done = execute(config, Command::ErasePerson { account, email, visitor, receipt })?;
    let number = |key| done.get(key).and_then(Value::as_u64).unwrap_or(0);
    let damaged = done.get("damaged").and_then(Value::as_array).filter(|days| !days.is_empty());
    let text = match (number("erased"), damaged) {
        (0, _) => "there is nobody with this email, token or receipt (any more)".to_owned(),
        (_, None) => {
            format!("erased: {} sessions, {} page views", number("sessions"), number("page_views"))
        }
        (_, Some(days)) => {
            let days: Vec<&str> = days.iter().filter_map(Value::as_str).collect();
            format!(
                "erased, but these days cannot be read and may still hold something: {}; restore them from a backup, \
                 then start the server, which erases the rest",
                days.join(", ")
            )
        }
    };
    let bad = damaged.is_some();
    Ok(Answer { bad, ..Answer::new(done.clone(), text) })
}
