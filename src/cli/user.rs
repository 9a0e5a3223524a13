//! `guestlog user`: who may sign in. Passwords are read from stdin and never given as an argument, because arguments
//! appear in the list of processes and in the history of shells.

use std::io::{IsTerminal, Read};

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer::{Answer, Failure, Outcome, note};
use crate::app::commands::Command;
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::user::{PASSWORD_MAX, Role};
use crate::server::control::execute;

#[derive(Subcommand)]
pub(super) enum User {
    /// Add a user to an account. A new user's password is read from stdin; existing users need none
    Add {
        #[arg(long)]
        email: String,
        #[arg(long, value_name = "ID")]
        account: i64,
        #[arg(long, value_name = "ROLE", value_parser = role, help = "owner, admin, editor or viewer")]
        role: Role,
        /// Let the first user administer the whole server without being an owner
        #[arg(long)]
        server_admin: bool,
    },
    /// Set a new password, which is read from stdin. All browsers of the user are signed out
    ResetPassword {
        #[arg(long)]
        email: String,
    },
}

fn role(text: &str) -> Result<Role, String> {
    let all = || Role::ALL.iter().rev().map(|role| role.as_str()).collect::<Vec<_>>().join(", ");
    Role::parse(text).ok_or_else(|| format!("the role must be one of {}", all()))
}

pub(super) fn run(command: User, config: &Config) -> Outcome {
    match command {
        User::Add { email, account, role, server_admin } => {
            let password = read_password()?;
            let account = AccountId(account);
            let made = execute(config, Command::UserAdd { email, account, role, password, server_admin })?;
            let user = made.get("user_id").cloned().unwrap_or(Value::Null);
            if made.get("server_admin") == Some(&Value::Bool(true)) {
                note(&format!("user {user} is the first one and administers the whole server"));
            }
            Ok(Answer::new(json!({ "user_id": user }), format!("user {user} can sign in")))
        }
        User::ResetPassword { email } => {
            let password = read_password()?.ok_or_else(|| Failure::usage("no password on stdin"))?;
            let done = execute(config, Command::UserResetPassword { email, password })?;
            Ok(Answer::new(done, "password changed; all browsers of the user are signed out"))
        }
    }
}

/// Reads the first line of stdin. Returns `None` when it is empty.
fn read_password() -> Result<Option<String>, Failure> {
    let stdin = std::io::stdin();
    if stdin.is_terminal() {
        return Err(Failure::usage("the password is read from stdin, for example: guestlog user … < FILE"));
    }
    let mut text = String::new();
    // Two bytes more than the limit are for the line end, and one more shows that the password is too long.
    let limit = PASSWORD_MAX as u64 + 3;
    stdin
        .lock()
        .take(limit)
        .read_to_string(&mut text)
        .map_err(|error| Failure::usage(format!("cannot read the password from stdin: {error}")))?;
    let line = text.lines().next().unwrap_or_default();
    Ok((!line.is_empty()).then(|| line.to_owned()))
}
