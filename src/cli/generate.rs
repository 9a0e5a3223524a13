//! `guestlog generate` makes a believable history for demos, tests and benchmarks.

use clap::Args;
use serde_json::json;

use super::answer::{Answer, Failure, Outcome};
use crate::base::clock::Millis;
use crate::config::Config;
use crate::demo::generator::Options;
use crate::demo::history;
use crate::domain::account::AccountId;

#[derive(Args)]
pub(super) struct Arguments {
    /// The account to fill
    #[arg(long, value_name = "ID")]
    account: i64,
    /// Number of page views
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    events: u64,
    /// Number of days. The last one is today
    #[arg(long, value_name = "N", default_value_t = 90)]
    days: u32,
    /// Number of visitors. The default is a quarter of the page views
    #[arg(long, value_name = "N")]
    visitors: Option<u64>,
    /// Approximate number of contacts, at most a quarter of the visitors
    #[arg(long, value_name = "N")]
    contacts: Option<u64>,
    /// Seed of the random numbers. The same seed generates the same history
    #[arg(long, value_name = "N", default_value_t = 1)]
    seed: u64,
    /// When the history ends, such as 2026-11-22T20:00:00Z. The default is the last full hour
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    until: Option<Millis>,
}

fn read_time(text: &str) -> Result<Millis, String> {
    let stamp: jiff::Timestamp =
        text.parse().map_err(|_| "enter a time such as 2026-11-22T20:00:00Z".to_owned())?;
    Ok(Millis(stamp.as_millisecond()))
}

pub(super) fn run(arguments: &Arguments, config: &Config) -> Outcome {
    let options = Options {
        account: AccountId(arguments.account),
        events: arguments.events,
        days: arguments.days,
        visitors: arguments.visitors.unwrap_or((arguments.events / 4).max(1)),
        contacts: arguments.contacts,
        seed: arguments.seed,
        end: arguments.until,
    };
    let made = history::generate(config, &options, &command_line(&options, config))
        .map_err(|error| Failure::failed(format!("{error:#}")))?;
    let json = json!({
        "account_id": options.account,
        "page_views": made.page_views,
        "visits": made.visits,
        "visitors": made.visitors,
        "contacts": made.contacts,
        "bot_hits": made.robots,
        "first_day": made.first.to_string(),
        "last_day": made.last.to_string(),
        "until": made.end.iso(),
        "seed": options.seed,
    });
    let text = format!(
        "{} page views in {} visits of {} visitors, {} of them contacts, {} to {}",
        made.page_views, made.visits, made.visitors, made.contacts, made.first, made.last
    );
    Ok(Answer::new(json, text))
}

/// The command in a form that can be typed again.
fn command_line(options: &Options, config: &Config) -> String {
    let file = config.file.as_ref().map(|file| format!(" --config {}", quoted(&file.display().to_string())));
    let contacts = options.contacts.map(|contacts| format!(" --contacts {contacts}"));
    let until = options.end.map(|end| format!(" --until {}", end.iso()));
    format!(
        "guestlog{} --data-dir {} generate --account {} --events {} --days {} --visitors {}{} --seed {}{}",
        file.unwrap_or_default(),
        quoted(&config.server.data_dir.display().to_string()),
        options.account,
        options.events,
        options.days,
        options.visitors,
        contacts.unwrap_or_default(),
        options.seed,
        until.unwrap_or_default(),
    )
}

/// The text in a form that a shell reads as one word.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_alphanumeric() || "/._-".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_for_the_shell() {
        assert_eq!(quoted("./guestlog-data"), "./guestlog-data");
        assert_eq!(quoted("it's here"), "'it'\\''s here'");
        assert_eq!(quoted(""), "''");
    }

    #[test]
    fn times_are_read_with_their_zone() {
        assert_eq!(read_time("1970-01-02T00:00:00Z"), Ok(Millis(crate::base::clock::DAY)));
        assert!(read_time("yesterday").is_err());
    }
}
