//! The settings of an installation: a TOML file and the environment become typed, checked values. Nothing
//! here opens what the settings name (sockets, certificates, maps, the store); only the file itself is read.

mod error;
mod file;
mod keys;
mod value;

use std::ffi::OsString;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

pub use error::{ConfigError, PROBLEMS_MAX, Problem};
pub use file::FILE_MAX;
pub use keys::{EVENTS_MAX, MAPS_MAX, MIN_FREE_MAX, RATE_MAX, READERS_MAX, WORKERS_MAX};
pub use value::{LIST_MAX, TEXT_MAX};

use crate::base::cidr::Cidr;

/// Where a file is looked for when neither a flag nor `GUESTLOG_CONFIG` names one.
pub const PLACES: [&str; 2] = ["guestlog.toml", "/etc/guestlog/guestlog.toml"];
/// Names the file.
pub const FILE_VARIABLE: &str = "GUESTLOG_CONFIG";
/// Begin of every variable of ours.
const PREFIX: &str = "GUESTLOG_";

/// Every setting, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The file that was read, `None` without one.
    pub file: Option<PathBuf>,
    pub server: Server,
    pub tls: Tls,
    pub store: Store,
    pub limits: Limits,
    pub events: Events,
    pub log: Log,
    /// `[[geo.map]]`, in their order.
    pub maps: Vec<GeoMap>,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    /// Scheme, host and port, lower case, no slash at the end.
    pub public_url: Option<String>,
    /// The admin pages' own address.
    pub admin_listen: Option<SocketAddr>,
    /// Peers whose `X-Forwarded-…` headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    pub data_dir: PathBuf,
    /// Threads that answer requests; 0 = one for each core.
    pub workers: usize,
}

/// `[tls]`: both files or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Tls {
    /// Certificate and key, when TLS is wanted.
    #[must_use]
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Bytes that must stay free on the disk; below, nothing is taken in. 0 = no floor.
    pub min_free: u64,
    /// Reading connections; 0 = one for each core, at least 2.
    pub readers: usize,
}

/// `[limits]`, requests a second; 0 = off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub collector_per_address: u32,
    pub api_per_token: u32,
}

/// `[events]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// Definitions an account may have.
    pub limit: u32,
    /// May events carry JavaScript of their own?
    pub custom_js: bool,
}

/// `[log]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Log {
    pub level: LogLevel,
    pub format: LogFormat,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogLevel {
    Error,
    Warn,
    #[default]
    Info,
    Debug,
    Trace,
}

impl LogLevel {
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warn => "warn",
            Self::Info => "info",
            Self::Debug => "debug",
            Self::Trace => "trace",
        }
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    #[default]
    Text,
    Json,
}

/// One `[[geo.map]]`: a map file and how to read it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeoMap {
    pub path: PathBuf,
    pub kind: MapKind,
    /// `map.<fact> = "place.in.record"`, where the layout is not recognised by itself.
    pub places: Vec<(Fact, String)>,
}

/// Which facts of a map are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapKind {
    /// All it has.
    #[default]
    Auto,
    Country,
    Network,
    Company,
}

/// What a record may tell of a network.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fact {
    Asn,
    AsName,
    Org,
    Domain,
    Country,
    Region,
    NetType,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 8080)),
            public_url: None,
            admin_listen: None,
            trusted_proxies: Vec::new(),
            data_dir: PathBuf::from("./guestlog-data"),
            workers: 0,
        }
    }
}

impl Default for Store {
    fn default() -> Self {
        Self { min_free: 256 << 20, readers: 0 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { collector_per_address: 200, api_per_token: 200 }
    }
}

impl Default for Events {
    fn default() -> Self {
        Self { limit: 2_000, custom_js: true }
    }
}

/// What the command line says; wins over everything.
#[derive(Clone, Debug, Default)]
pub struct Flags {
    /// `--config`
    pub config: Option<PathBuf>,
    /// `--data-dir`
    pub data_dir: Option<PathBuf>,
    /// `--listen`
    pub listen: Option<SocketAddr>,
}

impl Config {
    /// Flags over environment over file over defaults. `env` is `std::env::vars_os()`.
    ///
    /// # Errors
    /// Everything that is wrong with the file, or with the variables.
    pub fn load(
        flags: &Flags,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        Self::load_from(flags, env, &PLACES.map(Path::new))
    }

    /// `load` with other places to look for a file that nobody named.
    ///
    /// # Errors
    /// As `load`.
    pub fn load_from(
        flags: &Flags,
        env: impl IntoIterator<Item = (OsString, OsString)>,
        places: &[&Path],
    ) -> Result<Self, ConfigError> {
        let env = Variables::of(env)?;
        let named = flags.config.clone().or_else(|| env.file.clone());
        let found = match named {
            Some(path) => Some((file::read(&path)?, path)),
            None => file::find(places)?,
        };
        let mut config = match found {
            Some((bytes, path)) => {
                Self { file: Some(path.clone()), ..Self::parse(&bytes, &path.display().to_string())? }
            }
            None => Self::default(),
        };
        env.apply(&mut config)?;
        if let Some(listen) = flags.listen {
            config.server.listen = listen;
        }
        if let Some(data_dir) = &flags.data_dir {
            config.server.data_dir.clone_from(data_dir);
        }
        config.check()?;
        Ok(config)
    }

    /// A file's content; `name` stands in errors. What spans several keys is not yet checked, because the
    /// environment may complete it.
    ///
    /// # Errors
    /// Everything that is wrong with it.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, ConfigError> {
        file::parse(bytes, name)
    }

    /// What several keys must fulfil together.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, what: &str| {
            let place =
                self.file.as_ref().map_or("environment".to_owned(), |file| file.display().to_string());
            let problem = Problem { place, line: None, key: Some(key.to_owned()), what: what.to_owned() };
            Err(ConfigError { problems: vec![problem] })
        };
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return wrong("tls", "certificate and key belong together: give both or none");
        }
        let same = |other: SocketAddr| other == self.server.listen && other.port() != 0;
        if self.server.admin_listen.is_some_and(same) {
            return wrong("server.admin_listen", "must not be the same address as server.listen");
        }
        Ok(())
    }
}

/// The environment's part of the settings.
struct Variables {
    file: Option<PathBuf>,
    values: Vec<(&'static keys::Key, value::Given)>,
}

impl Variables {
    fn of(env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut found = Self { file: None, values: Vec::new() };
        let mut problems = Vec::new();
        for (name, text) in env {
            let Some(name) = name.to_str().filter(|name| name.starts_with(PREFIX)) else { continue };
            if name == FILE_VARIABLE {
                found.file = (!text.is_empty()).then(|| text.into());
                continue;
            }
            if !name.contains("__") {
                continue;
            }
            let problem = |what: String| Problem { place: name.to_owned(), line: None, key: None, what };
            let Some(key) = keys::KEYS.iter().find(|key| key.variable() == name) else {
                let all: Vec<String> = keys::KEYS.iter().map(keys::Key::variable).collect();
                let near = keys::nearest(name, all.iter().map(String::as_str)).join(", ");
                problems.push(problem(format!("not a known key; allowed: {near}")));
                continue;
            };
            match text.into_string() {
                Ok(text) => {
                    let raw = value::Raw::Word(text.trim().to_owned());
                    found.values.push((key, value::Given { raw, secret: value::is_secret(key.name) }));
                }
                Err(_) => problems.push(problem("is not UTF-8 text".to_owned())),
            }
        }
        problems.sort_by(|a, b| a.place.cmp(&b.place));
        if problems.is_empty() { Ok(found) } else { Err(ConfigError { problems }) }
    }

    fn apply(&self, config: &mut Config) -> Result<(), ConfigError> {
        let wrong = |(key, given): &(&keys::Key, value::Given), config: &mut Config| {
            let what = (key.set)(config, given).err()?;
            Some(Problem { place: key.variable(), line: None, key: None, what })
        };
        let problems: Vec<Problem> = self.values.iter().filter_map(|value| wrong(value, config)).collect();
        if problems.is_empty() { Ok(()) } else { Err(ConfigError { problems }) }
    }
}

#[cfg(test)]
mod tests;
