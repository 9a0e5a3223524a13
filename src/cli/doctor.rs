//! `guestlog doctor`: everything a support person would ask, in one answer that can be sent as it is. It holds no
//! email, no visitor's address, no token and no name of an account.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::answer::Answer;
use crate::base::clock::{Clock, HOUR, Millis, RealClock};
use crate::config::Config;
use crate::domain::account::Settings;
use crate::geo::Geo;
use crate::server::control::{self, Command};
use crate::server::options::of_maps;
use crate::store::{self, INBOX_FILE, MAIN_FILE};

/// A clock that shows a time before this (2026-01-01) was never set.
const CLOCK_MIN: Millis = Millis(1_767_225_600_000);
/// Events that are further in the future than this show that the clock was set back (rules.md 6 allows 10 minutes).
const AHEAD_MAX: i64 = HOUR;
/// A lower limit of open files is too low for a busy server.
const FILES_MIN: u64 = 4_096;

/// What was found, and which of it is bad.
#[derive(Default)]
struct Findings {
    sections: Map<String, Value>,
    problems: Vec<String>,
}

pub(super) fn run(config: &Config) -> Answer {
    let mut found = Findings::default();
    let data_dir = &config.server.data_dir;
    found.add("program", json!({ "version": env!("CARGO_PKG_VERSION"), "uid": own_uid() }));
    found.add("config", settings(config));
    found.data_dir(data_dir, config.store.min_free);
    found.store(data_dir);
    let server = found.server(data_dir);
    found.machine(server);
    found.maps(config);
    let mut lines = Vec::new();
    for (name, section) in &found.sections {
        lines.push(format!("{name}:"));
        push_lines(section, 1, &mut lines);
    }
    match found.problems.as_slice() {
        [] => lines.push("problems: none".to_owned()),
        problems => {
            lines.push("problems:".to_owned());
            lines.extend(problems.iter().map(|problem| format!("  {problem}")));
        }
    }
    found.add("problems", json!(found.problems));
    Answer::new(Value::Object(found.sections), lines.join("\n"))
}

/// Prints names and values, a line each, with deeper ones indented.
fn push_lines(section: &Value, depth: usize, lines: &mut Vec<String>) {
    let indent = "  ".repeat(depth);
    let named: Vec<(String, &Value)> = match section {
        Value::Object(map) => map.iter().map(|(name, value)| (name.clone(), value)).collect(),
        Value::Array(list) => {
            list.iter().enumerate().map(|(n, value)| ((n + 1).to_string(), value)).collect()
        }
        value => return lines.push(format!("{indent}{value}")),
    };
    if named.is_empty() {
        lines.push(format!("{indent}none"));
    }
    for (name, value) in named {
        match value {
            Value::Object(_) => {
                lines.push(format!("{indent}{name}:"));
                push_lines(value, depth + 1, lines);
            }
            Value::String(text) => lines.push(format!("{indent}{name}: {text}")),
            value => lines.push(format!("{indent}{name}: {value}")),
        }
    }
}

fn own_uid() -> u32 {
    rustix::process::geteuid().as_raw()
}

/// The settings without those that should stay on the machine. For TLS, only whether it is switched on.
fn settings(config: &Config) -> Value {
    json!({
        "file": config.file,
        "listen": config.server.listen,
        "admin_listen": config.server.admin_listen,
        "public_url": config.server.public_url,
        "trusted_proxies": config.server.trusted_proxies.len(),
        "workers": config.server.workers,
        "tls": config.tls.files().is_some(),
        "min_free": config.store.min_free,
        "readers": config.store.readers,
        "collector_per_address": config.limits.collector_per_address,
        "api_per_token": config.limits.api_per_token,
        "events_limit": config.events.limit,
        "custom_js": config.events.custom_js,
        "metrics_token": config.metrics.token.is_some(),
        "log_level": config.log.level.as_str(),
        "maps": config.maps.len(),
    })
}

impl Findings {
    fn add(&mut self, name: &str, section: Value) {
        self.sections.insert(name.to_owned(), section);
    }

    fn problem(&mut self, text: impl Into<String>) {
        self.problems.push(text.into());
    }

    fn data_dir(&mut self, data_dir: &Path, floor: u64) {
        let path = std::path::absolute(data_dir).unwrap_or_else(|_| data_dir.to_owned());
        let about = match std::fs::metadata(data_dir) {
            Ok(about) => about,
            Err(error) => {
                self.add("data_dir", json!({ "path": path, "exists": false, "error": error.to_string() }));
                return;
            }
        };
        let mode = about.mode() & 0o7777;
        if mode & 0o077 != 0 {
            self.problem(format!("other users can read the data directory (mode {mode:o}, should be 700)"));
        }
        if own_uid() != 0 && own_uid() != about.uid() {
            self.problem("the data directory belongs to another user than the one who runs this command");
        }
        let free = rustix::fs::statvfs(data_dir).map(|stat| stat.f_bavail.saturating_mul(stat.f_frsize)).ok();
        if free.is_some_and(|free| free < floor) {
            self.problem("less disk space is free than [store] min_free, so no hits are accepted");
        }
        let mut files = Map::new();
        for name in
            [MAIN_FILE, INBOX_FILE].into_iter().flat_map(|name| [name.to_owned(), format!("{name}-wal")])
        {
            if let Ok(file) = std::fs::metadata(data_dir.join(&name)) {
                if file.uid() != about.uid() {
                    self.problem(format!("{name} and the data directory belong to different users"));
                }
                let mode = format!("{:o}", file.mode() & 0o7777);
                files.insert(name, json!({ "bytes": file.len(), "uid": file.uid(), "mode": mode }));
            }
        }
        let section = json!({
            "path": path, "exists": true, "uid": about.uid(), "gid": about.gid(), "mode": format!("{mode:o}"),
            "free_bytes": free, "files": files,
        });
        self.add("data_dir", section);
    }

    fn store(&mut self, data_dir: &Path) {
        match store::statistics::find(data_dir) {
            Ok(Some(facts)) => {
                if facts.dead_letters > 0 {
                    self.problem("some hits could not be processed; see guestlog replay-deadletter");
                }
                if facts.newest_ms.is_some_and(|newest| newest > RealClock.now().0 + AHEAD_MAX) {
                    self.problem("the latest visit is in the future, so the clock is wrong or was wrong");
                }
                self.add("store", json!(facts));
            }
            Ok(None) => self.add("store", Value::Null),
            Err(error) => {
                self.problem(error.to_string());
                self.add("store", json!({ "error": error.to_string() }));
            }
        }
    }

    /// The state of the server, and its process number.
    fn server(&mut self, data_dir: &Path) -> Option<u64> {
        let (running, status) = match control::execute_in_server(data_dir, Command::Status {}) {
            Ok(Some(status)) => (true, status),
            Ok(None) => (false, Value::Null),
            Err(error) => {
                self.problem(error.to_string());
                (true, Value::Null)
            }
        };
        for (key, bad, words) in [
            ("writer_alive", false, "the writer of the store has stopped; restart the server"),
            ("inbox_alive", false, "the writer of the inbox has stopped; restart the server"),
        ] {
            if status.get(key).and_then(Value::as_bool) == Some(bad) {
                self.problem(words);
            }
        }
        if let Some(refusal) = status.get("refusal").and_then(Value::as_str) {
            self.problem(format!("the server accepts no hits: {refusal}"));
        }
        if let Some(proxy) = status.get("undeclared_proxy").and_then(Value::as_object) {
            let address = proxy.get("address").and_then(Value::as_str);
            let named = address.map_or_else(String::new, |address| format!(" ({address})"));
            self.problem(format!(
                "most requests come through a proxy{named} that is not in [server] trusted_proxies, so all visitors \
                 count as one sender"
            ));
        }
        let pid = status.get("pid").and_then(Value::as_u64);
        self.add("server", json!({ "running": running, "status": status }));
        pid
    }

    fn machine(&mut self, server: Option<u64>) {
        let now = RealClock.now();
        if now < CLOCK_MIN {
            self.problem(format!("the clock is not set; it shows {}", now.iso()));
        }
        let zones = Settings::parse("zone", &[], "Europe/Amsterdam", "EUR").is_ok();
        if !zones {
            self.problem("the time zone data cannot be read");
        }
        // If a server runs, its limits are looked at and not those of this command.
        let process = server.map_or("self".to_owned(), |pid| pid.to_string());
        let files = open_files(&process);
        if files.is_some_and(|files| files < FILES_MIN) {
            self.problem(format!(
                "the limit of open files is below {FILES_MIN} (LimitNOFILE of the service)"
            ));
        }
        let read = |path: &str| std::fs::read_to_string(path).ok().map(|text| text.trim().to_owned());
        let section = json!({
            "kernel": read("/proc/sys/kernel/osrelease"),
            "architecture": std::env::consts::ARCH,
            "cores": std::thread::available_parallelism().map_or(0, std::num::NonZero::get),
            "open_files": files,
            "now": now.iso(),
            "time_zones": zones,
        });
        self.add("machine", section);
    }

    fn maps(&mut self, config: &Config) {
        let maps = Geo::open(&of_maps(config), &config.server.data_dir).status(RealClock.now());
        for map in maps.iter().filter(|map| map.error.is_some()) {
            let error = map.error.clone().unwrap_or_default();
            self.problem(format!("map {}: {error}", map.path.display()));
        }
        self.add("maps", json!(maps));
    }
}

/// The soft limit of open files of a process.
fn open_files(process: &str) -> Option<u64> {
    let limits = std::fs::read_to_string(format!("/proc/{process}/limits")).ok()?;
    let line = limits.lines().find_map(|line| line.strip_prefix("Max open files"))?;
    line.split_whitespace().next()?.parse().ok()
}
