//! `guestlog geo`: shows what map files say, and installs them. They are files beside the store and are replaced in
//! one step. A running server is notified of a new one.

use std::net::IpAddr;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use serde_json::{Value, json};

use super::answer::{Answer, Failure, Outcome, table};
use crate::base::clock::{Clock, RealClock};
use crate::config::Config;
use crate::domain::network::NetworkFacts;
use crate::geo::{self, Finding, Geo, MapStatus};
use crate::server::control;
use crate::server::options::of_maps;
use crate::store;

#[derive(Subcommand)]
pub(super) enum Command {
    /// Show what the maps contain about an IP address
    Lookup {
        #[arg(value_name = "IP")]
        address: IpAddr,
    },
    /// Show the installed maps with their age, layout and errors
    Status,
    /// Check a map file and copy it into the data directory
    Install {
        #[arg(value_name = "FILE")]
        file: PathBuf,
    },
}

pub(super) fn run(command: &Command, config: &Config) -> Outcome {
    let open = || Geo::open(&of_maps(config), &config.server.data_dir);
    match command {
        Command::Lookup { address } => Ok(lookup(&open(), *address)),
        Command::Status => Ok(status(&open())),
        Command::Install { file } => install(config, file),
    }
}

fn lookup(geo: &Geo, address: IpAddr) -> Answer {
    let facts = geo.lookup(address);
    let findings = geo.explain(address);
    let text = |text: &str| if text.is_empty() { Value::Null } else { json!(text) };
    let company = match facts.org.is_empty() && facts.domain.is_empty() {
        true => Value::Null,
        false => json!({ "name": text(&facts.org), "domain": text(&facts.domain) }),
    };
    let json = json!({
        "country": text(&facts.country),
        "region": text(&facts.region),
        "network": {
            "asn": facts.asn,
            "name": text(&facts.as_name),
            "domain": text(&facts.as_domain),
            "type": facts.net_type,
            "anonymizer": facts.anon.any(),
        },
        "company": company,
        "evidence": findings.iter().map(finding_json).collect::<Vec<_>>(),
    });
    Answer::new(json, describe_all(&facts, &findings))
}

/// What one map says.
fn finding_json(finding: &Finding) -> Value {
    json!({
        "source": finding.map,
        "says": describe(&finding.facts),
        "date": finding.built,
        "range": finding.range,
        "facts": finding.facts,
    })
}

fn describe(facts: &NetworkFacts) -> String {
    let asn = facts.asn.map(|asn| format!("AS{asn}")).unwrap_or_default();
    let kind = facts.net_type.map_or("", |kind| kind.as_str());
    let hidden = if facts.anon.any() { "anonymizer" } else { "" };
    let parts =
        [&facts.country, &facts.region, &asn, &facts.as_name, &facts.org, &facts.domain, kind, hidden];
    parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<&str>>().join(" · ")
}

fn describe_all(facts: &NetworkFacts, findings: &[Finding]) -> String {
    if findings.is_empty() {
        return "no map contains this address".to_owned();
    }
    let mut lines = vec![describe(facts)];
    for finding in findings {
        let range = finding.range.as_deref().unwrap_or("-");
        lines.push(format!("{} ({}) {range}: {}", finding.map, finding.built, describe(&finding.facts)));
    }
    lines.join("\n")
}

fn status(geo: &Geo) -> Answer {
    let maps = geo.status(RealClock.now());
    let cells: Vec<Vec<String>> = maps.iter().map(row).collect();
    let text = if maps.is_empty() {
        "no maps are installed, so countries, networks and companies are unknown; see guestlog geo install"
            .to_owned()
    } else {
        table(&["file", "in use", "age in days", "layout", "contents or error"], &cells)
    };
    Answer::new(json!({ "rows": maps }), text)
}

fn row(map: &MapStatus) -> Vec<String> {
    let content = map.content.as_ref();
    let facts = content.map(|content| content.facts.join(" ")).unwrap_or_default();
    vec![
        map.path.display().to_string(),
        if map.in_use { "yes" } else { "no" }.to_owned(),
        content.map(|content| content.age_days.to_string()).unwrap_or_default(),
        content.map(|content| content.layout.to_owned()).unwrap_or_default(),
        map.error.clone().unwrap_or(facts),
    ]
}

fn install(config: &Config, file: &Path) -> Outcome {
    let data_dir = &config.server.data_dir;
    store::data_dir::create_data_dir(data_dir)?;
    let (path, content) = geo::install(file, data_dir, RealClock.now())
        .map_err(|error| Failure::failed(format!("{}: {error}", file.display())))?;
    store::data_dir::give_to_owner(data_dir, &[path.parent(), Some(&path)]).map_err(Failure::failed)?;
    // A server that does not answer finds the file itself within a minute.
    let _ = control::execute_in_server(data_dir, control::Command::ReloadMaps {});
    let text =
        format!("{} installed: {}, {} records", path.display(), content.facts.join(" "), content.records);
    Ok(Answer::new(json!({ "path": path, "content": content }), text))
}
