//! The command line: arguments, answers on stdout, messages on stderr, exit codes (0 done, 1 failed, 2 usage,
//! 78 bad configuration).

mod bench;
mod demo;
mod generate;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::config::{Config, Flags, Log, LogFormat, LogLevel};
use crate::server;

/// Exit code of a bad configuration (`EX_CONFIG`).
const BAD_CONFIGURATION: u8 = 78;

#[derive(Parser)]
#[command(
    name = "guestlog",
    version,
    about = "Visitor tracking, custom events and buyer intent on your own premises"
)]
struct Arguments {
    /// Configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Directory of the store
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Answer in JSON
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Run the server
    Serve {
        /// Address to listen on
        #[arg(long, value_name = "ADDR")]
        listen: Option<std::net::SocketAddr>,
    },
    /// Show the product on an example site with a history, in a store that is gone afterwards
    Demo(demo::Arguments),
    /// Fill an account with a believable history of visitors who do not exist
    Generate(generate::Arguments),
    /// Measure
    #[command(subcommand)]
    Bench(bench::Bench),
}

/// Runs the command the arguments name.
#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2));
        }
    };
    let listen = match &arguments.command {
        Command::Serve { listen } => *listen,
        Command::Generate(_) | Command::Demo(_) => None,
        Command::Bench(bench) => {
            log_to_stderr(&Log::default());
            return bench::run(bench, arguments.json).unwrap_or_else(|error| fail(1, &format!("{error:#}")));
        }
    };
    if let Command::Demo(demo) = &arguments.command {
        log_to_stderr(&Log { level: LogLevel::Warn, ..Log::default() });
        return demo::run(demo, arguments.json).unwrap_or_else(|error| fail(1, &format!("{error:#}")));
    }
    let flags = Flags { config: arguments.config, data_dir: arguments.data_dir, listen };
    let config = match Config::load(&flags, std::env::vars_os()) {
        Ok(config) => config,
        Err(error) => return fail(BAD_CONFIGURATION, &error.to_string()),
    };
    log_to_stderr(&config.log);
    match arguments.command {
        Command::Generate(asked) => generate::run(&asked, &config, arguments.json),
        _ => server::run(&config).map(|()| ExitCode::SUCCESS),
    }
    .unwrap_or_else(|error| fail(1, &format!("{error:#}")))
}

#[expect(clippy::print_stderr, reason = "the message of a failed command")]
fn fail(code: u8, message: &str) -> ExitCode {
    eprintln!("guestlog: {message}");
    ExitCode::from(code)
}

fn log_to_stderr(log: &Log) {
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        .with_env_filter(tracing_subscriber::EnvFilter::new(log.level.as_str()));
    match log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
