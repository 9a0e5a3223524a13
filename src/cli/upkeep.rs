//! Keeping a store in order: `check`, `backup`, `verify-backup`, `restore`, `replay-deadletter`.

use clap::Subcommand;
use serde_json::Value;

use super::answer::{Answer, Outcome};
use crate::app::control;
use crate::config::Config;
use crate::server::control::execute;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Fold the hits again that were put aside because they could not be folded
    ReplayDeadletter,
}

pub(super) fn run(command: &Command, config: &Config) -> Outcome {
    match command {
        Command::ReplayDeadletter => {
            let done = execute(config, control::Command::ReplayDeadLetters {})?;
            let count = done.get("replayed").and_then(Value::as_u64).unwrap_or(0);
            Ok(Answer::new(done, format!("{count} hits lie in the inbox again; the server folds them")))
        }
    }
}
