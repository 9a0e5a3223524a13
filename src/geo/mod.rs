//! Map files (MMDB): address in, network facts out. Files are read into memory, checked before use and
//! exchanged while the server runs; a broken file never replaces a good one. Which company the facts point to
//! is decided in `domain`; nothing here stores or logs an address.

mod adapter;
mod install;
mod map;
mod reload;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;

pub use install::{InstallError, MAP_NAME_MAX, install};
pub use map::MAP_FILE_MAX;
pub use reload::{INSTALLED_MAX, Reloaded};

use crate::base::clock::{DAY, Millis};
use crate::domain::network::{NetworkFacts, is_routable};
use map::Map;

/// Where maps lie inside the data directory.
pub const MAPS_DIR: &str = "maps";

/// A map file to be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MapOptions {
    pub path: PathBuf,
    pub kind: MapKind,
    /// Where a record holds a fact, as `country.iso_code` or `subdivisions.0.iso_code`; wins over what is
    /// recognised.
    pub places: Vec<(Fact, String)>,
}

/// Which facts of a file are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MapKind {
    /// All it has.
    #[default]
    Auto,
    /// Country and region.
    Country,
    /// Operator, type of network, ways to hide.
    Network,
    /// Organisation, its domain, type of network.
    Company,
}

/// A fact that can be pointed to.
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

/// Why a file cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Damage {
    #[error("cannot be read: {0}")]
    Unreadable(String),
    #[error("is larger than {0} bytes")]
    TooLarge(u64),
    #[error("is no map file: {0}")]
    NoMap(&'static str),
    #[error("is damaged or no map file: {0}")]
    Broken(String),
    #[error("holds nothing that can be used here (type {0:?}); name places with map.<fact> or another kind")]
    Useless(String),
    #[error("changed while it was read")]
    Changing,
}

/// A map file as the admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapStatus {
    pub path: PathBuf,
    pub kind: MapKind,
    /// Is a (perhaps older) content of it answering?
    pub in_use: bool,
    /// What is wrong with the file as it lies there now.
    pub error: Option<String>,
    /// About the content in use.
    pub content: Option<MapContent>,
}

/// What a map holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapContent {
    pub layout: &'static str,
    pub database_type: String,
    /// ISO 8601.
    pub built: String,
    /// Since it was built; 0 for a date in the future.
    pub age_days: i64,
    pub nodes: u32,
    pub records: u64,
    /// 4 or 6 (6 may hold both).
    pub ip_version: u16,
    /// What its records tell.
    pub facts: Vec<&'static str>,
    pub bytes: u64,
}

/// What one map says of an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The file's name without its directory.
    pub map: String,
    /// ISO 8601.
    pub built: String,
    /// The range that shares these facts, as `192.0.2.0/24`.
    pub range: Option<String>,
    pub facts: NetworkFacts,
}

/// All maps. Shared between threads; a look-up never waits for a reload.
pub struct Geo {
    options: Vec<MapOptions>,
    installed: PathBuf,
    slots: RwLock<Arc<Vec<reload::Slot>>>,
    /// One reload at a time.
    reloading: Mutex<()>,
}

impl Geo {
    /// Opens the configured maps, in this order, and those in `<data_dir>/maps/*.mmdb` behind them. Never
    /// fails: what is wrong with a file stands in `status`.
    #[must_use]
    pub fn open(options: &[MapOptions], data_dir: &Path) -> Self {
        let geo = Self {
            options: options.to_vec(),
            installed: data_dir.join(MAPS_DIR),
            slots: RwLock::default(),
            reloading: Mutex::default(),
        };
        geo.reload_changed();
        geo
    }

    /// No maps at all: every address is unknown.
    #[must_use]
    pub fn none() -> Self {
        Self {
            options: Vec::new(),
            installed: PathBuf::new(),
            slots: RwLock::default(),
            reloading: Mutex::default(),
        }
    }

    fn slots(&self) -> Arc<Vec<reload::Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Facts of an address; earlier maps win. Addresses that cannot come from the internet have none.
    #[must_use]
    pub fn lookup(&self, address: IpAddr) -> NetworkFacts {
        let address = address.to_canonical();
        let mut facts = NetworkFacts::default();
        if !is_routable(address) {
            return facts;
        }
        for map in self.slots().iter().filter_map(|slot| slot.map.as_ref()) {
            if let Some(more) = map.lookup(address) {
                facts.fill(more);
            }
        }
        facts
    }

    /// What each map says on its own, for people who ask why.
    #[must_use]
    pub fn explain(&self, address: IpAddr) -> Vec<Finding> {
        let address = address.to_canonical();
        if !is_routable(address) {
            return Vec::new();
        }
        let slots = self.slots();
        let finding = |slot: &reload::Slot| {
            let map = slot.map.as_ref()?;
            let facts = map.lookup(address).filter(|facts| !facts.is_empty())?;
            let name = slot.options.path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            Some(Finding { map: name, built: map.describe().built.iso(), range: map.range(address), facts })
        };
        slots.iter().filter_map(finding).collect()
    }

    /// Every file, in the order they are asked.
    #[must_use]
    pub fn status(&self, now: Millis) -> Vec<MapStatus> {
        self.slots().iter().map(|slot| status_of(slot, now)).collect()
    }
}

fn status_of(slot: &reload::Slot, now: Millis) -> MapStatus {
    let broken = slot.map.as_ref().is_some_and(|map| map.is_broken());
    let panicked = broken.then(|| "a look-up in it panicked; it is not asked any more".to_owned());
    MapStatus {
        path: slot.options.path.clone(),
        kind: slot.options.kind,
        in_use: slot.map.is_some() && !broken,
        error: slot.damage.as_ref().map(ToString::to_string).or(panicked),
        content: slot.map.as_ref().map(|map| content_of(map, now)),
    }
}

fn content_of(map: &Map, now: Millis) -> MapContent {
    let about = map.describe();
    MapContent {
        layout: about.layout,
        database_type: about.database_type,
        built: about.built.iso(),
        age_days: (now.since(about.built) / DAY).max(0),
        nodes: about.nodes,
        records: about.records,
        ip_version: about.ip_version,
        facts: about.facts,
        bytes: about.bytes,
    }
}
