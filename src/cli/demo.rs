//! `guestlog demo` runs the product with an example site and a history to look at. Nothing of it is kept.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::demo::{self, Options, Ready};

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

pub(super) fn run(arguments: &Arguments, as_json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { listen, events, quiet_site } = *arguments;
    let options = Options { listen, events, simulate_visits: !quiet_site };
    if !as_json {
        // A program that reads the JSON must find nothing else.
        let _ = writeln!(std::io::stderr(), "Generating {} days of visits …", demo::DAYS);
    }
    demo::run(&options, |ready| print(ready, as_json))?;
    Ok(ExitCode::SUCCESS)
}

fn print(ready: &Ready, as_json: bool) {
    let text = if as_json {
        let answer = json!({
            "site": ready.site, "admin": ready.admin, "account_id": ready.account,
            "email": ready.email, "password": ready.password,
        });
        answer.to_string()
    } else {
        let invented = if ready.simulate_visits {
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
    // The demo goes on when nobody reads its output any more.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}
