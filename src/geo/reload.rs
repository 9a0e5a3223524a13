//! Replaces map files while they are in use. New content is read and checked beside the old one, and replaces it only
//! if it is good.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::map::{MAP_FILE_MAX, Map, read_bounded};
use super::options::{Damage, MapOptions};

/// The most files that are opened from the data directory. Of more files, the last ones by name are ignored.
pub const INSTALLED_MAX: usize = 16;

/// What distinguishes a changed file from an unchanged one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stamp {
    changed: Option<SystemTime>,
    bytes: u64,
    /// A file that is put in place by renaming has another inode.
    inode: u64,
}

impl Stamp {
    fn of(path: &Path) -> Result<Self, Damage> {
        let about = std::fs::metadata(path).map_err(|error| Damage::Unreadable(error.to_string()))?;
        #[cfg(unix)]
        let inode = std::os::unix::fs::MetadataExt::ino(&about);
        #[cfg(not(unix))]
        let inode = 0;
        Ok(Self { changed: about.modified().ok(), bytes: about.len(), inode })
    }
}

/// A file and its content that is in use.
#[derive(Clone)]
pub(super) struct Slot {
    pub(super) options: MapOptions,
    /// The last good content.
    pub(super) map: Option<Arc<Map>>,
    /// What is wrong with the file as it is now.
    pub(super) damage: Option<Damage>,
    /// The file that was read last, good or not.
    stamp: Option<Stamp>,
}

/// What a reload did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reloaded {
    /// Files whose new content is in use now.
    pub taken: usize,
    /// Changed files that were refused.
    pub refused: usize,
    /// Files that are not used any more.
    pub dropped: usize,
}

/// Checks every file: those of `options`, then those in the directory `installed`. Returns what is in use afterwards.
pub(super) fn reload_all(options: &[MapOptions], installed: &Path, before: &[Slot]) -> (Vec<Slot>, Reloaded) {
    let mut done = Reloaded::default();
    let mut after: Vec<Slot> = Vec::new();
    for options in options.iter().cloned().chain(list(installed)) {
        let known = before.iter().find(|slot| slot.options == options);
        after.push(reload_slot(options, known, &mut done));
    }
    let is_gone = |slot: &&Slot| !after.iter().any(|new| new.options == slot.options);
    done.dropped = before.iter().filter(is_gone).count();
    (after, done)
}

fn reload_slot(options: MapOptions, known: Option<&Slot>, done: &mut Reloaded) -> Slot {
    let stamp = Stamp::of(&options.path);
    if let (Some(known), Ok(stamp)) = (known, &stamp)
        && known.stamp == Some(*stamp)
    {
        return known.clone();
    }
    let last_good = known.and_then(|slot| slot.map.clone());
    let loaded = stamp.clone().and_then(|stamp| load(&options, stamp));
    match loaded {
        Ok(map) => {
            done.taken += 1;
            Slot { options, map: Some(Arc::new(map)), damage: None, stamp: stamp.ok() }
        }
        Err(damage) => {
            done.refused += 1;
            // A file that was being written is read again next time, whatever its date is.
            let stamp = stamp.ok().filter(|_| damage != Damage::Changing);
            Slot { options, map: last_good, damage: Some(damage), stamp }
        }
    }
}

fn load(options: &MapOptions, before: Stamp) -> Result<Map, Damage> {
    let bytes = read_bounded(&options.path, MAP_FILE_MAX)?;
    if Stamp::of(&options.path)? != before {
        return Err(Damage::Changing);
    }
    Map::check(bytes, options)
}

/// The files `*.mmdb` in the data directory by name. Hidden files are unfinished and ignored.
fn list(dir: &Path) -> Vec<MapOptions> {
    let Ok(entries) = std::fs::read_dir(dir) else { return Vec::new() };
    let mut paths: Vec<PathBuf> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|ending| ending == "mmdb"))
        .filter(|path| !path.file_name().is_some_and(|name| name.to_string_lossy().starts_with('.')))
        .collect();
    paths.sort();
    paths.truncate(INSTALLED_MAX);
    paths.into_iter().map(|path| MapOptions { path, ..MapOptions::default() }).collect()
}
