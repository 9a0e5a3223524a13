//! Map files: every layout, every way in which a file can be wrong, exchange while in use.

mod layouts;
mod reload;
mod wrong;

use std::net::IpAddr;
use std::path::Path;

use guestlog::base::clock::Millis;
use guestlog::domain::network::NetworkFacts;
use guestlog::geo::{Geo, MapOptions};

use crate::harness::mmdb::{Mmdb, map, text};

const NOW: Millis = Millis(1_794_700_800_000); // 2026-11-15

fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

fn options(path: &Path) -> MapOptions {
    MapOptions { path: path.to_path_buf(), ..MapOptions::default() }
}

/// A map that says `country` of 192.0.2.0/24.
fn country_map(country: &str) -> Mmdb {
    Mmdb::new("GeoLite2-Country")
        .range("192.0.2.0/24", map([("country", map([("iso_code", text(country))]))]))
}

/// Facts of `address` from files made of `maps`, asked in their order.
fn facts(maps: &[Mmdb], address: &str) -> NetworkFacts {
    let dir = tempfile::tempdir().unwrap();
    let all: Vec<MapOptions> = maps
        .iter()
        .enumerate()
        .map(|(number, map)| {
            let path = dir.path().join(format!("{number}.mmdb"));
            std::fs::write(&path, map.bytes()).unwrap();
            options(&path)
        })
        .collect();
    let geo = Geo::open(&all, dir.path());
    for status in geo.status(NOW) {
        assert_eq!(status.error, None, "{status:?}");
    }
    geo.lookup(ip(address))
}
