//! The command line: arguments, answers on stdout, messages on stderr, and exit codes (0 done, 1 failed, 2 wrong
//! usage, 78 wrong configuration).

mod account;
mod answer;
mod consent;
mod demo;
mod doctor;
mod event;
mod export;
mod generate;
mod geo;
mod people;
mod retention;
mod token;
mod upkeep;
mod user;

use std::io::IsTerminal;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::base::clock::{Clock, RealClock};
use crate::config::{Config, Flags, Log, LogFormat, LogLevel};
use crate::geo::Geo;
use crate::{bench, server};
use answer::{Answer, Failure, Outcome};
use people::{company, contact, list, person};

#[derive(Parser)]
#[command(
    name = "guestlog",
    version,
    about = "Visitor tracking, custom events and buyer intent on your own premises"
)]
struct Arguments {
    /// The configuration file
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The data directory
    #[arg(long, global = true, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Print the answer as JSON
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
    /// Create and list accounts
    #[command(subcommand)]
    Account(account::Account),
    /// Manage the users of the admin pages
    #[command(subcommand)]
    User(user::User),
    /// Manage API tokens
    #[command(subcommand)]
    Token(token::Token),
    /// Show and change the consent policy of an account
    #[command(subcommand)]
    Consent(consent::Consent),
    /// Manage events
    #[command(subcommand)]
    Event(event::Event),
    /// List, merge, export and import contacts
    #[command(subcommand)]
    Contact(contact::Contact),
    /// List the companies of contacts
    #[command(subcommand)]
    Company(company::Company),
    /// Export data of an account
    #[command(subcommand)]
    Export(export::Command),
    /// Manage lists of contacts
    #[command(subcommand)]
    List(list::Command),
    /// Show and change how long data is kept
    #[command(subcommand)]
    Retention(retention::Command),
    /// Export everything that is stored of one person, as JSON. Can run while the server is running
    ExportPerson(person::Export),
    /// Erase one person for good: the contact with all its browsers and everything they did
    ErasePerson(person::Erase),
    /// Manage map files, which contain the country, network and company of IP addresses
    #[command(subcommand)]
    Geo(geo::Command),
    #[command(flatten)]
    Upkeep(upkeep::Command),
    /// Check the configuration
    CheckConfig,
    /// Print diagnostics for a support request, without personal data
    Doctor,
    /// Run Guestlog with an example site and a generated history. Everything is deleted at the end
    Demo(demo::Arguments),
    /// Fill an account with a realistic history of generated visitors
    Generate(generate::Arguments),
    /// Run benchmarks
    #[command(subcommand)]
    Bench(bench::Bench),
}

#[must_use]
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(answer::USAGE));
        }
    };
    let listen = match &arguments.command {
        Command::Serve { listen } => *listen,
        Command::Bench(bench) => {
            log_to_stderr(&Log::default());
            return bench::run(bench, arguments.json)
                .unwrap_or_else(|error| Failure::failed(format!("{error:#}")).print());
        }
        Command::Demo(demo) => {
            // The bare server needs no configuration, and logs only when something is wrong.
            log_to_stderr(&Log { level: LogLevel::Warn, ..Log::default() });
            return demo::run(demo, arguments.json)
                .unwrap_or_else(|error| Failure::failed(format!("{error:#}")).print());
        }
        _ => None,
    };
    let flags = Flags { config: arguments.config, data_dir: arguments.data_dir, listen };
    let outcome = match Config::load(&flags, std::env::vars_os()) {
        Ok(config) => execute(arguments.command, &config, arguments.json),
        Err(error) => Err(error.into()),
    };
    match outcome {
        Ok(Some(answer)) => answer.print(arguments.json),
        Ok(None) => ExitCode::SUCCESS,
        Err(failure) => failure.print(),
    }
}

/// The answer of a command. The server has none, because it writes to its log, and neither has an export to stdout.
fn execute(command: Command, config: &Config, json: bool) -> Result<Option<Answer>, Failure> {
    if matches!(command, Command::Serve { .. }) {
        log_to_stderr(&config.log);
        server::run(config).map_err(serve_failure)?;
        return Ok(None);
    }
    // A command says what it did in its answer. The log is for warnings, and for what the user asked to see.
    let level = match config.log.level {
        LogLevel::Info => LogLevel::Warn,
        level => level,
    };
    log_to_stderr(&Log { level, ..config.log.clone() });
    match command {
        Command::Account(command) => account::run(command, config),
        Command::User(command) => user::run(command, config),
        Command::Token(command) => token::run(command, config),
        Command::Consent(command) => consent::run(command, config),
        Command::Event(command) => event::run(command, config),
        Command::Contact(command) => return contact::run(command, config, json),
        Command::Company(command) => company::run(command, config),
        Command::Export(command) => return export::run(&command, config, json),
        Command::List(command) => list::run(command, config),
        Command::Retention(command) => retention::run(&command, config),
        Command::ExportPerson(asked) => person::export(&asked, config),
        Command::ErasePerson(asked) => person::erase(asked, config),
        Command::Geo(command) => geo::run(&command, config),
        Command::Upkeep(command) => upkeep::run(&command, config),
        Command::Generate(asked) => generate::run(&asked, config),
        Command::Doctor => Ok(doctor::run(config)),
        Command::CheckConfig => check_config(config),
        // These commands were run above.
        Command::Serve { .. } | Command::Bench(_) | Command::Demo(_) => return Ok(None),
    }
    .map(Some)
}

fn serve_failure(error: anyhow::Error) -> Failure {
    let message = format!("{error:#}");
    match error.downcast::<crate::store::Error>() {
        Ok(error) => Failure { message, ..error.into() },
        Err(_) => Failure::failed(message),
    }
}

/// A wrong configuration ends with code 78 before any command. What is left are the files that it names.
fn check_config(config: &Config) -> Outcome {
    let unusable = |message: String| Failure { code: answer::BAD_CONFIGURATION, message };
    server::check_tls(config).map_err(|error| unusable(format!("[tls] {error:#}")))?;
    let maps = Geo::open(&server::options::of_maps(config), &config.server.data_dir);
    for map in maps.status(RealClock.now()) {
        let is_configured = config.maps.iter().any(|configured| configured.path == map.path);
        if let Some(error) = map.error.filter(|_| is_configured) {
            return Err(unusable(format!("[[geo.map]] {}: {error}", map.path.display())));
        }
    }
    let file = config.file.as_ref().map(|file| file.display().to_string());
    let text = match &file {
        Some(file) => format!("{file} is valid"),
        None => "no configuration file was found; the defaults and the environment are valid".to_owned(),
    };
    Ok(Answer::new(serde_json::json!({ "ok": true, "file": file }), text))
}

fn log_to_stderr(log: &Log) {
    let wanted = format!("{},{}=info", log.level.as_str(), server::ADDRESS_LINES);
    let builder = tracing_subscriber::fmt()
        .with_writer(std::io::stderr)
        // Colours are for people. A log file would be full of their codes.
        .with_ansi(std::io::stderr().is_terminal())
        .with_env_filter(tracing_subscriber::EnvFilter::new(wanted));
    match log.format {
        LogFormat::Text => builder.init(),
        LogFormat::Json => builder.json().init(),
    }
}
