//! The settings as types, with their defaults. How they are written in files is not decided here.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};

use crate::base::cidr::Cidr;
use crate::base::forwarding_header::ForwardingHeader;

/// Every setting, checked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Config {
    /// The file that was read, if any.
    pub file: Option<PathBuf>,
    pub server: Server,
    pub tls: Tls,
    pub store: Store,
    pub retention: Retention,
    pub limits: Limits,
    pub events: Events,
    pub log: Log,
    pub metrics: Metrics,
    /// `[[geo.map]]`, in their order.
    pub maps: Vec<GeoMap>,
}

/// `[server]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    pub listen: SocketAddr,
    /// Scheme, host and port, lower case, without a slash at the end.
    pub public_url: Option<String>,
    /// The address of the admin pages, if they have one of their own.
    pub admin_listen: Option<SocketAddr>,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// The header in which they name their clients.
    pub forwarding_header: ForwardingHeader,
    pub data_dir: PathBuf,
    /// Threads that answer requests; 0 means one for each core.
    pub workers: usize,
}

/// `[tls]`: both files or none.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tls {
    pub certificate: Option<PathBuf>,
    pub key: Option<PathBuf>,
}

impl Tls {
    /// Certificate and key, when TLS is configured.
    #[must_use]
    pub fn files(&self) -> Option<(&Path, &Path)> {
        self.certificate.as_deref().zip(self.key.as_deref())
    }
}

/// `[store]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// Bytes that must stay free on the disk. With less, no hits are accepted. 0 switches this off.
    pub min_free: u64,
    /// Reading connections; 0 means one more than cores, at least 3.
    pub readers: usize,
}

/// `[retention]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Months for which visits, page views and completions, the audit log and earlier custom JavaScript are kept; 0 means
    /// for ever.
    pub events_months: u32,
}

/// `[limits]`, requests per second; 0 switches a limit off.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    pub collector_per_address: u32,
    pub api_per_token: u32,
}

/// `[events]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// The most event definitions of an account.
    pub limit: u32,
    /// Whether events may carry JavaScript of their own.
    pub custom_js: bool,
}

/// `[metrics]`
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metrics {
    /// The secret with which a monitor reads `/metrics` from elsewhere. Without one only this machine and the address of the
    /// admin pages may read them.
    pub token: Option<String>,
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

/// One `[[geo.map]]`: a map file and how it is read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct GeoMap {
    pub path: PathBuf,
    pub kind: MapKind,
    /// `map.<fact> = "place.in.record"`, for a layout that is not recognised.
    pub places: Vec<(Fact, String)>,
}

/// Which facts of a map are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum MapKind {
    /// Everything it has.
    #[default]
    Auto,
    Country,
    Network,
    Company,
}

/// What a record may say about a network.
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
            forwarding_header: ForwardingHeader::XForwardedFor,
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

impl Default for Retention {
    fn default() -> Self {
        Self { events_months: crate::domain::retention::KEPT_MONTHS }
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
