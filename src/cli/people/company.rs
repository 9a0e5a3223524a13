//! `guestlog company`: the companies of contacts, and one of them. The answers are what the pages answer as JSON.

use clap::Subcommand;

use super::contact::{failure, json_of, open};
use crate::app::reports::companies::{self, Wanted};
use crate::app::reports::{CompanyReport, CompanyRow, LIMIT_MAX};
use crate::cli::answer::{Answer, Failure, Outcome, table};
use crate::config::Config;
use crate::domain::account::AccountId;
use crate::domain::company::CompanyId;
use crate::domain::money;

#[derive(Subcommand)]
pub(in crate::cli) enum Company {
    /// List the companies of an account, the newest first
    List {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// Only companies with a name or domain that holds this text
        #[arg(long, value_name = "TEXT", default_value = "")]
        search: String,
        /// How many to list
        #[arg(long, value_name = "N", default_value = "100")]
        limit: String,
        /// The value of next in the answer before this one
        #[arg(long, value_name = "CURSOR", default_value = "")]
        after: String,
    },
    /// Print what is known of a company, with its contacts
    Show {
        #[arg(long, value_name = "ID")]
        account: i64,
        /// The number of the company
        company: i64,
    },
}

pub(in crate::cli) fn run(command: Company, config: &Config) -> Outcome {
    match command {
        Company::List { account, search, limit, after } => {
            let asked = [("search", search), ("limit", limit), ("after", after)];
            let asked: Vec<_> = asked.into_iter().map(|(key, value)| (key.to_owned(), value)).collect();
            list(config, AccountId(account), &Wanted::parse(&asked).map_err(failure)?)
        }
        Company::Show { account, company } => show(config, AccountId(account), CompanyId(company)),
    }
}

fn list(config: &Config, account: AccountId, wanted: &Wanted) -> Outcome {
    let (conn, settings) = open(config, account)?;
    let digits = money::digits(&settings.currency);
    let found = companies::find(&conn, account, wanted).map_err(failure)?;
    let cells = |row: &CompanyRow| {
        vec![
            row.id.0.to_string(),
            row.name.clone(),
            row.domain.clone(),
            row.contact_count.to_string(),
            row.visits.to_string(),
            money::decimal(row.revenue_minor.saturating_add(row.asserted_minor), digits),
            row.last_visit.map(|at| at.iso()).unwrap_or_default(),
        ]
    };
    let cells: Vec<Vec<String>> = found.rows.iter().map(cells).collect();
    let heads = ["company", "name", "domain", "contacts", "sessions", "revenue", "last seen"];
    Ok(Answer::new(json_of(&found)?, table(&heads, &cells)))
}

fn show(config: &Config, account: AccountId, id: CompanyId) -> Outcome {
    let (conn, _) = open(config, account)?;
    let found = companies::read(&conn, account, id, None, LIMIT_MAX).map_err(failure)?;
    let found = found
        .ok_or_else(|| Failure::failed(format!("there is no company {}; see guestlog company list", id.0)))?;
    Ok(Answer::new(json_of(&found)?, text_of(&found)))
}

fn text_of(found: &CompanyReport) -> String {
    let row = &found.company;
    let mut lines = vec![
        format!("company {}", row.id.0),
        format!("name: {}", row.name),
        format!("domain: {}", row.domain),
        format!("revenue: {} verified, {} unverified", row.revenue, row.revenue_asserted),
        format!(
            "{} contacts with {} events, {} sessions, {} page views",
            row.contact_count, row.completions, row.visits, row.page_views
        ),
    ];
    lines.extend(row.last_visit.map(|at| format!("last seen {}", at.iso())));
    lines.extend(
        found.contacts.iter().map(|contact| {
            format!("contact {}: {}", contact.id, contact.email.as_deref().unwrap_or_default())
        }),
    );
    lines.join("\n")
}
