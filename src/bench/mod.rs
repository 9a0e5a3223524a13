//! `guestlog bench` measures the figures that releases of the product have to reach. Where it can, it compares with
//! something else in the same run, because a ratio depends little on the machine.

mod account;
pub mod bare_server;
mod client;
mod history;
mod ingest;
mod load;
mod measuring;
mod metrics;
mod output;
mod people;
mod reports;
mod requests;
mod server_process;
mod siege;

use std::process::ExitCode;

use clap::Subcommand;

use requests::What;

/// What is measured.
#[derive(Subcommand)]
pub enum Bench {
    /// The collector beside a bare handler: requests, latency, CPU, memory, lag of the fold
    Ingest {
        /// Seconds of each round
        #[arg(long, default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=300))]
        seconds: u64,
        /// Rounds of each server, in turn
        #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u32).range(1..=50))]
        rounds: u32,
        /// Connections at once
        #[arg(long, default_value_t = 256, value_parser = clap::value_parser!(u32).range(1..=4096))]
        connections: u32,
        /// Events a second of the round that measures the lag of the fold
        #[arg(long, default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(100..=1_000_000))]
        rate: u32,
        /// Send completions of events that nobody created instead of page views, each with a new name
        #[arg(long)]
        invented_names: bool,
        /// Send how long page views of a closed day were visible instead of page views
        #[arg(long, conflicts_with = "invented_names")]
        late_engagements: bool,
        /// Give the account a consent policy: opt-in for Europe by the map, opt-in on one host, else notify
        #[arg(long)]
        with_policy: bool,
    },
    /// Every report on a store of a year: time, CPU, memory, disk, start after a kill
    Reports {
        /// Page views of the store
        #[arg(long, default_value_t = 10_000_000)]
        events: u64,
        /// Days that the store covers
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Visitors of the store; by default a tenth of the page views
        #[arg(long)]
        visitors: Option<u64>,
        /// How often each report is asked
        #[arg(long, default_value_t = 15, value_parser = clap::value_parser!(u32).range(1..=1000))]
        repeat: u32,
        /// Seconds of reports while events arrive
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
        /// A directory in which the store is kept for the next run
        #[arg(long, value_name = "DIR")]
        keep: Option<std::path::PathBuf>,
        /// Ask the same in plain SQL on rows too; takes minutes
        #[arg(long)]
        plain: bool,
    },
    /// Lists, searches, pages of contacts, merging and erasing, on a store of a year
    People {
        /// Page views of the store
        #[arg(long, default_value_t = 10_000_000)]
        events: u64,
        /// Days that the store covers
        #[arg(long, default_value_t = 365)]
        days: u32,
        /// Visitors of the store; by default a tenth of the page views. One in four is a contact
        #[arg(long)]
        visitors: Option<u64>,
        /// A directory in which the store is kept for the next run; that of `bench reports` will do
        #[arg(long, value_name = "DIR")]
        keep: Option<std::path::PathBuf>,
    },
    /// Attacks on a server, each alone and all together, with an honest client beside: its p99, memory, what was lost
    Siege {
        /// Seconds of each attack
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u64).range(1..=3600))]
        seconds: u64,
        /// Seconds after each attack before the memory is read again
        #[arg(long, default_value_t = 60, value_parser = clap::value_parser!(u64).range(0..=3600))]
        rest: u64,
        /// Only attacks whose name contains one of these
        #[arg(long, value_name = "NAME")]
        only: Vec<String>,
        /// Page views of the busy day that is closed
        #[arg(long, default_value_t = 1_000_000)]
        busy_day: u64,
    },
    /// The bare handler itself
    #[command(hide = true)]
    Bare {
        #[arg(long)]
        listen: std::net::SocketAddr,
    },
}

/// Runs a benchmark and prints its tables, or JSON when `json` is set.
pub fn run(bench: &Bench, json: bool) -> anyhow::Result<ExitCode> {
    match bench {
        Bench::Ingest {
            seconds,
            rounds,
            connections,
            rate,
            invented_names,
            late_engagements,
            with_policy,
        } => {
            let plan = ingest::Plan {
                seconds: *seconds,
                rounds: *rounds,
                connections: *connections,
                rate: *rate,
                with_policy: *with_policy,
                what: match (*invented_names, *late_engagements) {
                    (true, _) => What::InventedNames,
                    (false, true) => What::LateEngagements,
                    (false, false) => What::PageViews,
                },
            };
            ingest::run(&plan, json)?;
        }
        Bench::Reports { events, days, visitors, repeat, seconds, keep, plain } => {
            let plan = reports::Plan {
                events: *events,
                days: *days,
                visitors: visitors.unwrap_or((*events / 10).max(1)),
                repeat: *repeat,
                dir: keep.clone(),
                seconds: *seconds,
                plain: *plain,
            };
            reports::run(&plan, json)?;
        }
        Bench::People { events, days, visitors, keep } => {
            let plan = people::Plan {
                events: *events,
                days: *days,
                visitors: visitors.unwrap_or((*events / 10).max(1)),
                dir: keep.clone(),
            };
            people::run(&plan, json)?;
        }
        Bench::Siege { seconds, rest, only, busy_day } => {
            let plan =
                siege::Plan { seconds: *seconds, rest: *rest, only: only.clone(), busy_day: *busy_day };
            return siege::run(&plan, json);
        }
        Bench::Bare { listen } => {
            let workers = std::thread::available_parallelism().map_or(2, std::num::NonZero::get);
            crate::bench::bare_server::run(*listen, workers)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
