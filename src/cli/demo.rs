//! `guestlog demo`: the product with an example site and a history to look at; nothing of it stays.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::demo::{self, Asked, Ready};

#[derive(Args)]
pub(super) struct Arguments {
    /// Address of the admin pages; the example site takes the next port
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Page views of the invented history
    #[arg(long, value_name = "N", default_value_t = demo::EVENTS)]
    events: u64,
    /// Invent no further visits while it runs
    #[arg(long)]
    quiet_site: bool,
}

/// # Errors
/// What keeps it from starting.
pub(super) fn run(arguments: &Arguments, as_json: bool) -> anyhow::Result<ExitCode> {
    let asked =
        Asked { listen: arguments.listen, events: arguments.events, invents_visits: !arguments.quiet_site };
    if !as_json {
        // Where answers are read by a program, nothing else is said.
        let _ = writeln!(std::io::stderr(), "Inventing {} days of visits …", demo::DAYS);
    }
    demo::run(&asked, |ready| tell(ready, as_json))?;
    Ok(ExitCode::SUCCESS)
}

fn tell(ready: &Ready, as_json: bool) {
    let text = if as_json {
        let answer = json!({
            "site": ready.site, "admin": ready.admin, "account_id": ready.account,
            "email": ready.email, "password": ready.password,
        });
        answer.to_string()
    } else {
        let invented = if ready.invents_visits {
            "The demo invents visits every few seconds; --quiet-site stops that.\n"
        } else {
            ""
        };
        format!(
            "Example site   {}\nDashboard      {}\n               signs you in once; after that {}, password {}\n\
             Try            click around the site and watch yourself on Live; click any row of the dashboard\n\
             To stop        press Ctrl-C; nothing is kept\n{invented}",
            ready.site, ready.admin, ready.email, ready.password
        )
    };
    // A reader that has gone does not stop the demo.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}
