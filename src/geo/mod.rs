//! Map files (MMDB) say to which network an address belongs. Files are read into memory, checked before use and
//! replaced while the server runs; a broken file never replaces a good one. Which company a network points to is
//! decided in `domain`. Nothing here stores or logs an address.

mod adapter;
mod install_map;
mod map;
mod options;
mod reload;

use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use serde::Serialize;

pub use install_map::{InstallError, MAP_NAME_MAX, MAPS_DIR, install};
pub use map::{MAP_FILE_MAX, MapContent};
pub use options::{Damage, Fact, MapKind, MapOptions};
pub use reload::{INSTALLED_MAX, Reloaded};

use crate::base::clock::Millis;
use crate::domain::network::{NetworkFacts, is_routable};

/// A map file as the admin sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapStatus {
    pub path: PathBuf,
    pub kind: MapKind,
    /// Whether the file, or an older content of it, is in use.
    pub in_use: bool,
    /// What is wrong with the file as it is now.
    pub error: Option<String>,
    /// The content that is in use.
    pub content: Option<MapContent>,
}

/// What one map says about an address.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The name of the file without its directory.
    pub map: String,
    /// ISO 8601.
    pub built: String,
    /// The range that shares these facts, as in `192.0.2.0/24`.
    pub range: Option<String>,
    pub facts: NetworkFacts,
}

/// All maps. Threads share them, and a look-up never waits for a reload.
pub struct Geo {
    options: Vec<MapOptions>,
    installed: PathBuf,
    slots: RwLock<Arc<Vec<reload::Slot>>>,
    /// Makes reloads wait for each other.
    reloading: Mutex<()>,
}

impl Geo {
    /// Opens the configured maps in their order, and after them those in `<data_dir>/maps/*.mmdb`. This never fails;
    /// `status` says what is wrong with a file.
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

    /// Has no maps, so every address is unknown.
    #[must_use]
    pub fn none() -> Self {
        Self {
            options: Vec::new(),
            installed: PathBuf::new(),
            slots: RwLock::default(),
            reloading: Mutex::default(),
        }
    }

    /// Checks every file, and loads those that have changed. It reads whole files, so a background job calls it once
    /// a minute, and threads that answer requests must never call it.
    pub fn reload_changed(&self) -> Reloaded {
        let _one = self.reloading.lock().unwrap_or_else(PoisonError::into_inner);
        let (after, done) = reload::reload_all(&self.options, &self.installed, &self.slots());
        *self.slots.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(after);
        done
    }

    fn slots(&self) -> Arc<Vec<reload::Slot>> {
        self.slots.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What is known about an address. Earlier maps win. Nothing is known of addresses that cannot come from the
    /// internet.
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
            Some(Finding { map: name, built: map.built().iso(), range: map.range(address), facts })
        };
        slots.iter().filter_map(finding).collect()
    }

    /// Every file, in the order in which they are used.
    #[must_use]
    pub fn status(&self, now: Millis) -> Vec<MapStatus> {
        self.slots().iter().map(|slot| status_of(slot, now)).collect()
    }
}

fn status_of(slot: &reload::Slot, now: Millis) -> MapStatus {
    let broken = slot.map.as_ref().is_some_and(|map| map.is_broken());
    let panicked = broken.then(|| "a lookup in this map panicked; the map is no longer used".to_owned());
    MapStatus {
        path: slot.options.path.clone(),
        kind: slot.options.kind,
        in_use: slot.map.is_some() && !broken,
        error: slot.damage.as_ref().map(ToString::to_string).or(panicked),
        content: slot.map.as_ref().map(|map| map.content(now)),
    }
}
