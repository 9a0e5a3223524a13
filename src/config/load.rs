//! Combines flags, environment, file and defaults. Earlier ones win in this order.

use std::ffi::OsString;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use super::error::{ConfigError, Problem};
use super::settings::Config;
use super::{file, keys, value};

/// Where a file is looked for when neither a flag nor `GUESTLOG_CONFIG` names one.
pub const PLACES: [&str; 2] = ["guestlog.toml", "/etc/guestlog/guestlog.toml"];
/// The environment variable that names the file.
pub const FILE_VARIABLE: &str = "GUESTLOG_CONFIG";

/// The settings given on the command line, which win over everything.
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
    /// Loads the configuration. `env` is `std::env::vars_os()`. The error holds everything that is wrong with the
    /// file, or with the variables.
    pub fn load(
        flags: &Flags,
        env: impl IntoIterator<Item = (OsString, OsString)>,
    ) -> Result<Self, ConfigError> {
        Self::load_from(flags, env, &PLACES.map(Path::new))
    }

    /// Like `load`, with other places to look for a file that nobody named.
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

    /// Parses the content of a file. `name` appears in errors. Rules about several keys are not checked yet, because
    /// the environment may add to them.
    pub fn parse(bytes: &[u8], name: &str) -> Result<Self, ConfigError> {
        file::parse(bytes, name)
    }

    /// Checks the rules about several keys.
    fn check(&self) -> Result<(), ConfigError> {
        let wrong = |key: &str, what: &str| {
            let place =
                self.file.as_ref().map_or("environment".to_owned(), |file| file.display().to_string());
            let problem = Problem { place, line: None, key: Some(key.to_owned()), what: what.to_owned() };
            Err(ConfigError { problems: vec![problem] })
        };
        if self.tls.certificate.is_some() != self.tls.key.is_some() {
            return wrong("tls", "set both the certificate and the key, or neither");
        }
        let same = |other: SocketAddr| other == self.server.listen && other.port() != 0;
        if self.server.admin_listen.is_some_and(same) {
            return wrong("server.admin_listen", "must not be the same address as server.listen");
        }
        Ok(())
    }
}

/// Puts the values of the environment into the settings.
struct Variables {
    file: Option<PathBuf>,
    values: Vec<(&'static keys::Key, value::Given)>,
}

impl Variables {
    fn of(env: impl IntoIterator<Item = (OsString, OsString)>) -> Result<Self, ConfigError> {
        let mut found = Self { file: None, values: Vec::new() };
        let mut problems = Vec::new();
        for (name, text) in env {
            let Some(name) = name.to_str().filter(|name| name.starts_with(keys::PREFIX)) else { continue };
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
