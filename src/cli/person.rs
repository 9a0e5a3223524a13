//! `guestlog erase-person`: erases one person for good.

use serde_json::Value;

use super::answer::{Answer, Failure, Outcome};
use crate::app::commands::Command;
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::server::control::execute;

#[derive(clap::Args)]
pub(super) struct Erase {
    #[arg(long, value_name = "ID")]
    account: i64,
    /// An email of the person
    #[arg(long, required_unless_present = "visitor", conflicts_with = "visitor")]
    email: Option<String>,
    /// The token of a browser of the person: the value of the cookie hubspotutk
    #[arg(long, value_name = "TOKEN")]
    visitor: Option<String>,
    /// Confirm that everything about the person is deleted for good
    #[arg(long)]
    yes: bool,
}

pub(super) fn erase(asked: Erase, config: &Config) -> Outcome {
    if !asked.yes {
        return Err(Failure::usage(
            "this deletes the contact, all its browsers and everything they did for good; confirm it with --yes",
        ));
    }
    let account = AccountId(asked.account);
    let Erase { email, visitor, .. } = asked;
    let done = execute(config, Command::ErasePerson { account, email, visitor })?;
    let number = |key| done.get(key).and_then(Value::as_u64).unwrap_or(0);
    let damaged = done.get("damaged").and_then(Value::as_array).filter(|days| !days.is_empty());
    let text = match (number("erased"), damaged) {
        (0, _) => "there is nobody with this email or token (any more)".to_owned(),
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
