//! One map file. It is read into memory and checked completely before it is used. It is never memory-mapped, because
//! a process is killed when a mapped file is cut short.

use std::fs::File;
use std::io::Read;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use maxminddb::Reader;
use serde::Serialize;

use super::adapter::{self, Seen};
use super::options::{Damage, MapOptions};
use crate::base::clock::{DAY, Millis};
use crate::domain::network::NetworkFacts;

/// Largest file, bytes (2 GiB).
pub const MAP_FILE_MAX: u64 = 2 << 30;

/// The content of a file. The crate's reader and our own walk over the tree share it.
#[derive(Clone)]
struct Content(Arc<Vec<u8>>);

impl AsRef<[u8]> for Content {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

pub(super) struct Map {
    reader: Reader<Content>,
    content: Content,
    options: MapOptions,
    seen: Seen,
    /// The names of the facts that its records hold.
    facts: Vec<&'static str>,
    records: u64,
    /// A look-up panicked. The file is not used any more.
    broken: AtomicBool,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MapContent {
    pub layout: &'static str,
    pub database_type: String,
    /// ISO 8601.
    pub built: String,
    /// Days since it was built; 0 for a date in the future.
    pub age_days: i64,
    pub nodes: u32,
    pub records: u64,
    /// 4 or 6. A file of 6 may hold both.
    pub ip_version: u16,
    /// The facts that its records hold.
    pub facts: Vec<&'static str>,
    pub bytes: u64,
}

/// Reads at most `max` bytes.
pub(super) fn read_bounded(path: &Path, max: u64) -> Result<Vec<u8>, Damage> {
    let file = File::open(path).map_err(|error| Damage::Unreadable(error.to_string()))?;
    let about = file.metadata().map_err(|error| Damage::Unreadable(error.to_string()))?;
    if about.is_dir() {
        return Err(Damage::Unreadable("it is a directory".to_owned()));
    }
    if about.len() > max {
        return Err(Damage::TooLarge(max));
    }
    let mut bytes = Vec::with_capacity(usize::try_from(about.len()).unwrap_or(0));
    file.take(max + 1).read_to_end(&mut bytes).map_err(|error| Damage::Unreadable(error.to_string()))?;
    if bytes.len() as u64 > max { Err(Damage::TooLarge(max)) } else { Ok(bytes) }
}

impl Map {
    /// Checks everything that a look-up can reach: the tree, and every record it leads to.
    pub(super) fn check(bytes: Vec<u8>, options: &MapOptions) -> Result<Self, Damage> {
        match bytes.as_slice() {
            [] => return Err(Damage::NoMap("it is empty")),
            [0x1f, 0x8b, ..] => return Err(Damage::NoMap("it is compressed with gzip; unpack it first")),
            [b'P', b'K', 3, 4, ..] => return Err(Damage::NoMap("it is a zip archive; unpack it first")),
            _ => {}
        }
        let checked = catch_unwind(AssertUnwindSafe(|| Self::checked(bytes, options)));
        checked.unwrap_or_else(|_| Err(Damage::Broken("its reader panicked".to_owned())))
    }

    fn checked(bytes: Vec<u8>, options: &MapOptions) -> Result<Self, Damage> {
        let broken = |error: maxminddb::MaxMindDbError| Damage::Broken(error.to_string());
        let content = Content(Arc::new(bytes));
        let reader = Reader::from_source(content.clone()).map_err(broken)?;
        let mut map = Self {
            reader,
            content,
            options: options.clone(),
            seen: Seen::default(),
            facts: Vec::new(),
            records: 0,
            broken: AtomicBool::new(false),
        };
        let mut facts = Vec::new();
        for address in map.one_address_of_each_record()? {
            map.records += 1;
            let Some((record, seen)) = map.read(address).map_err(broken)? else { continue };
            map.seen = map.seen.join(seen);
            add_fact_names(&record, &mut facts);
        }
        if facts.is_empty() {
            let kind = map.reader.metadata().database_type.chars().filter(|c| !c.is_control()).take(60);
            return Err(Damage::Useless(kind.collect()));
        }
        map.facts = facts;
        Ok(map)
    }

    /// Looks up an address. Returns nothing when the file knows nothing or turned out to be broken.
    pub(super) fn lookup(&self, address: IpAddr) -> Option<NetworkFacts> {
        if self.broken.load(Ordering::Relaxed) {
            return None;
        }
        match catch_unwind(AssertUnwindSafe(|| self.read(address))) {
            Ok(Ok(found)) => found.map(|(facts, _)| facts),
            // A file with IPv4 only answers a question for IPv6 with an error. It is no sign of damage, because every
            // record was checked.
            Ok(Err(_)) => None,
            Err(_) => {
                self.broken.store(true, Ordering::Relaxed);
                None
            }
        }
    }

    /// The range for which the file says the same, as in `192.0.2.0/24`.
    pub(super) fn range(&self, address: IpAddr) -> Option<String> {
        let range = || self.reader.lookup(address).ok()?.network().ok();
        let range = catch_unwind(AssertUnwindSafe(range)).ok()??;
        Some(format!("{}/{}", range.network(), range.prefix()))
    }

    pub(super) fn is_broken(&self) -> bool {
        self.broken.load(Ordering::Relaxed)
    }

    pub(super) fn built(&self) -> Millis {
        let seconds = i64::try_from(self.reader.metadata().build_epoch).unwrap_or(i64::MAX);
        Millis(seconds.saturating_mul(1_000))
    }

    pub(super) fn content(&self, now: Millis) -> MapContent {
        let about = self.reader.metadata();
        let custom = !self.options.places.is_empty();
        MapContent {
            layout: if custom { "as configured" } else { self.seen.name() },
            database_type: about.database_type.clone(),
            built: self.built().iso(),
            age_days: (now.since(self.built()) / DAY).max(0),
            nodes: about.node_count,
            records: self.records,
            ip_version: about.ip_version,
            facts: self.facts.clone(),
            bytes: self.content.0.len() as u64,
        }
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.content.0
    }

    fn read(&self, address: IpAddr) -> Result<Option<(NetworkFacts, Seen)>, maxminddb::MaxMindDbError> {
        adapter::read(&self.reader.lookup(address)?, &self.options)
    }

    /// Walks the tree and visits each node once, so loops and shared branches take no longer than the file is long.
    /// Returns an address for each distinct record.
    fn one_address_of_each_record(&self) -> Result<Vec<IpAddr>, Damage> {
        let broken = |what: &str| Damage::Broken(what.to_owned());
        let about = self.reader.metadata();
        let nodes = about.node_count as usize;
        let bits: u8 = if about.ip_version == 4 { 32 } else { 128 };
        let mut depth_of = vec![u8::MAX; nodes];
        let mut known = vec![0u64; self.content.0.len() / 64 + 1];
        let mut addresses = Vec::new();
        let mut waiting = vec![(0usize, 0u8, 0u128)];
        while let Some((node, depth, path)) = waiting.pop() {
            let Some(own) = depth_of.get_mut(node) else { return Err(broken("the tree has a hole")) };
            if *own != u8::MAX {
                continue;
            }
            *own = depth;
            let (left, right) = self.node(node).ok_or_else(|| broken("the tree is cut off"))?;
            let below = depth + 1;
            let branch = 1u128.checked_shl(u32::from(bits - below)).unwrap_or(0);
            for (target, path) in [(right, path | branch), (left, path)] {
                if target == nodes {
                    continue;
                }
                if target < nodes {
                    let met = depth_of.get(target).copied().unwrap_or(u8::MAX);
                    if below >= bits || met <= depth {
                        return Err(broken("the tree contains a loop or is too deep"));
                    }
                    waiting.push((target, below, path));
                    continue;
                }
                let offset = target - nodes;
                let Some(word) = known.get_mut(offset / 64) else {
                    return Err(broken("the tree points beyond the end of the file"));
                };
                let bit = 1u64 << (offset % 64);
                if *word & bit == 0 {
                    *word |= bit;
                    addresses.push(if bits == 32 {
                        IpAddr::V4(Ipv4Addr::from(path as u32))
                    } else {
                        IpAddr::V6(Ipv6Addr::from(path))
                    });
                }
            }
        }
        Ok(addresses)
    }

    /// The two nodes or records to which a node leads.
    fn node(&self, number: usize) -> Option<(usize, usize)> {
        let size = usize::from(self.reader.metadata().record_size) / 4;
        let start = number.checked_mul(size)?;
        child_nodes(self.content.0.get(start..start.checked_add(size)?)?)
    }
}

/// Reads both records of a node. The format has three layouts: 24, 28 and 32 bits.
fn child_nodes(node: &[u8]) -> Option<(usize, usize)> {
    let wide = |bytes: &[u8]| bytes.iter().fold(0usize, |sum, byte| sum << 8 | usize::from(*byte));
    match node {
        [a, b, c, middle, x, y, z] => {
            let (high, low) = (usize::from(middle >> 4), usize::from(middle & 15));
            Some((high << 24 | wide(&[*a, *b, *c]), low << 24 | wide(&[*x, *y, *z])))
        }
        _ => node.split_at_checked(node.len() / 2).map(|(left, right)| (wide(left), wide(right))),
    }
}

/// Adds the names of the facts in `record` to `facts`.
fn add_fact_names(record: &NetworkFacts, facts: &mut Vec<&'static str>) {
    let held = [
        ("country", !record.country.is_empty()),
        ("region", !record.region.is_empty()),
        ("asn", record.asn.is_some()),
        ("as_name", !record.as_name.is_empty()),
        ("as_domain", !record.as_domain.is_empty()),
        ("org", !record.org.is_empty()),
        ("domain", !record.domain.is_empty()),
        ("net_type", record.net_type.is_some()),
        ("anonymizers", record.anon.any()),
        ("static_score", record.static_score.is_some()),
        ("shared", record.shared.is_some()),
    ];
    for (name, is_held) in held {
        if is_held && !facts.contains(&name) {
            facts.push(name);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sides_of_a_node_are_read_in_every_size() {
        assert_eq!(child_nodes(&[1, 2, 3, 4, 5, 6]), Some((0x01_02_03, 0x04_05_06)));
        assert_eq!(child_nodes(&[1, 2, 3, 0xab, 4, 5, 6]), Some((0x0a_01_02_03, 0x0b_04_05_06)));
        assert_eq!(child_nodes(&[1, 2, 3, 4, 5, 6, 7, 8]), Some((0x01_02_03_04, 0x05_06_07_08)));
    }

    #[test]
    fn a_file_at_the_limit_is_read_and_one_past_it_refused() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("a");
        std::fs::write(&path, [7u8; 100]).unwrap();
        assert_eq!(read_bounded(&path, 100).unwrap().len(), 100);
        assert_eq!(read_bounded(&path, 99), Err(Damage::TooLarge(99)));
        File::create(&path).unwrap().set_len(MAP_FILE_MAX + 1).unwrap();
        assert_eq!(read_bounded(&path, MAP_FILE_MAX), Err(Damage::TooLarge(MAP_FILE_MAX)));
        assert!(matches!(read_bounded(dir.path(), 100), Err(Damage::Unreadable(_))));
        assert!(matches!(read_bounded(&dir.path().join("none"), 100), Err(Damage::Unreadable(_))));
    }
}
