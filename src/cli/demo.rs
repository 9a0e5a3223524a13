//! `guestlog demo`: the product with an example site and a history to look at; nothing of it stays.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::demo::{self, Asked, Ready};

#[derive(Args)]
pub(super) struct Arguments {
    /// Address of the admin pages. The example site uses the next port
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Number of page views in the generated history
    #[arg(long, value_name = "N", default_value_t = demo::EVENTS)]
    events: u64,
    /// Do not generate new visits while the demo runs
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
        let _ = writeln!(std::io::stderr(), "Generating {} days of visits …", demo::DAYS);
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
            "The demo generates new visits every few seconds. Use --quiet-site to turn that off.\n"
        } else {
            ""
        };
        format!(
            "Example site   {}\nDashboard      {}\n               signs you in once; later sign in as {}, password {}\n\
             What to try    Click around the site and watch your visit under Live. Click any row of the dashboard.\n\
             To stop        Press Ctrl-C. Everything is deleted.\n{invented}",
            ready.site, ready.admin, ready.email, ready.password
        )
    };
    // A reader that has gone does not stop the demo.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}
