//! The settings of an installation: a TOML file and the environment become typed, checked values. Nothing
//! here opens what the settings name (sockets, certificates, maps, the store); only the file itself is read.

mod error;
mod file;
mod keys;
mod load;
mod settings;
mod value;

pub use error::{ConfigError, PROBLEMS_MAX, Problem};
pub use file::FILE_MAX;
pub use keys::{EVENTS_MAX, MAPS_MAX, MIN_FREE_MAX, MONTHS_MAX, RATE_MAX, READERS_MAX, WORKERS_MAX};
pub use load::{FILE_VARIABLE, Flags, PLACES};
pub use settings::{
    Config, Events, Fact, GeoMap, Limits, Log, LogFormat, LogLevel, MapKind, Metrics, Retention, Server,
    Store, Tls,
};
pub use value::{LIST_MAX, TEXT_MAX};

#[cfg(test)]
mod tests;
