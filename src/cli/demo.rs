//! `guestlog demo` runs the product with an example site and a history to look at. Nothing of it is kept.

use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

use clap::Args;
use serde_json::json;

use crate::demo::{self, Options, Ready};

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

pub(super) fn run(arguments: &Arguments, as_json: bool) -> anyhow::Result<ExitCode> {
    let Arguments { listen, events, quiet_site } = *arguments;
    let options = Options { listen, events, simulate_visits: !quiet_site };
    if !as_json {
        // A program that reads the JSON must find nothing else.
        let _ = writeln!(std::io::stderr(), "Inventing {} days of visits …", demo::DAYS);
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
    // The demo goes on when nobody reads its output any more.
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{}", text.trim_end()).and_then(|()| out.flush());
}
