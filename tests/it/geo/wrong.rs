//! Files that are no maps, or damaged ones: named in the status, never used, never a panic that gets out.

use std::path::Path;

use guestlog::geo::{Geo, MapStatus};

use super::{NOW, country_map, ip, options};
use crate::harness::mmdb::{Mmdb, Value, map, text};

/// Opens `bytes` as a map.
fn open(bytes: &[u8], dir: &Path) -> (Geo, MapStatus) {
    let path = dir.join("a.mmdb");
    std::fs::write(&path, bytes).unwrap();
    let geo = Geo::open(&[options(&path)], dir);
    let [status] = geo.status(NOW).try_into().unwrap();
    (geo, status)
}

#[test]
fn what_is_no_map_is_named_and_left_out() {
    let dir = tempfile::tempdir().unwrap();
    let good = country_map("NL").bytes();
    let useless = Mmdb::new("weather").range("192.0.2.0/24", map([("rain", text("much"))])).bytes();
    let empty = Mmdb::new("none").range("192.0.2.0/24", map([])).bytes();
    for (bytes, said) in [
        (b"".as_slice(), "is not a map file: it is empty"),
        (b"\x1f\x8b\x08\0\0", "is not a map file: it is compressed with gzip; unpack it first"),
        (b"PK\x03\x04\0\0", "is not a map file: it is a zip archive; unpack it first"),
        (b"start,end,country\n", "is damaged or not a map file: "),
        (&good[..good.len() / 2], "is damaged or not a map file: "),
        (&good[40..], "is damaged or not a map file: "),
        (&useless, "contains nothing that Guestlog can use (type \"weather\")"),
        (&empty, "contains nothing that Guestlog can use (type \"none\")"),
    ] {
        let (geo, status) = open(bytes, dir.path());
        let error = status.error.unwrap();
        assert!(error.starts_with(said), "{error}");
        assert!(!status.in_use && status.content.is_none());
        assert!(geo.lookup(ip("192.0.2.1")).is_empty());
    }
}

#[test]
fn a_missing_file_and_a_directory_are_named_and_the_others_work() {
    let dir = tempfile::tempdir().unwrap();
    let good = dir.path().join("good.mmdb");
    std::fs::write(&good, country_map("NL").bytes()).unwrap();
    let all = [options(&dir.path().join("none.mmdb")), options(dir.path()), options(&good)];
    let geo = Geo::open(&all, dir.path());
    let errors: Vec<Option<String>> = geo.status(NOW).into_iter().map(|status| status.error).collect();
    assert!(errors[0].as_ref().unwrap().starts_with("cannot be read: No such file"), "{errors:?}");
    assert!(errors[1].as_ref().unwrap().contains("directory"), "{errors:?}");
    assert_eq!(errors[2], None);
    assert_eq!(geo.lookup(ip("192.0.2.1")).country, "NL");
    assert!(Geo::none().lookup(ip("192.0.2.1")).is_empty());
}

/// A tree whose first node leads back to itself, and one that points behind the data.
#[test]
fn circles_and_pointers_into_nowhere_are_found() {
    let dir = tempfile::tempdir().unwrap();
    let good = Mmdb::new("v4")
        .version(4)
        .bits(32)
        .range("192.0.2.0/24", map([("country_code", text("NL"))]))
        .bytes();
    assert!(open(&good, dir.path()).1.in_use);
    for (target, said) in [
        (0u32, "contains a loop"),
        (3, "contains a loop"),
        (u32::MAX, "points beyond the end"),
        (24 + 15, "invalid location"),
        (24 + 3_000, "points beyond the end"),
    ] {
        let mut bad = good.clone();
        // The left record of node 5, which is empty in the good file.
        let at = 5 * 8 + 4 * usize::from(bad[5 * 8 + 3] != 24);
        bad[at..at + 4].copy_from_slice(&target.to_be_bytes());
        let error = open(&bad, dir.path()).1.error.unwrap();
        assert!(error.contains(said), "{target}: {error}");
    }
}

/// Every node's two sides lead to the same next node: 2^127 ways, one file.
#[test]
fn shared_branches_cost_no_more_than_the_file_is_long() {
    let dir = tempfile::tempdir().unwrap();
    let chain =
        Mmdb::new("chain").bits(32).range("2001:db8::1/128", map([("country_code", text("NL"))])).bytes();
    let mut shared = chain.clone();
    for node in 0..127u32 {
        let next = (node + 1).to_be_bytes();
        let at = node as usize * 8;
        shared[at..at + 4].copy_from_slice(&next);
        shared[at + 4..at + 8].copy_from_slice(&next);
    }
    let (geo, status) = open(&shared, dir.path());
    assert!(status.in_use, "{status:?}");
    assert_eq!(geo.lookup(ip("2001:db8::7:1")).country, "NL");
}

#[test]
fn values_nested_without_end_are_refused_or_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    for key in ["country", "subdivisions", "names", "traits", "asn", "other"] {
        for depth in [2, 100, 400, 5_000] {
            for list in [true, false] {
                let mut value = text("end");
                for _ in 0..depth {
                    value = if list { Value::List(vec![value]) } else { Value::Map(vec![(key, value)]) };
                }
                let record = Value::Map(vec![("country_code", text("NL")), (key, value)]);
                let (geo, status) =
                    open(&Mmdb::new("deep").range("192.0.2.0/24", record).bytes(), dir.path());
                assert_eq!(status.in_use, status.error.is_none());
                assert_eq!(
                    geo.lookup(ip("192.0.2.1")).country == "NL",
                    status.in_use,
                    "{key} {depth} {status:?}"
                );
            }
        }
    }
}

#[test]
fn places_are_looked_into_no_deeper_than_files_have_them() {
    let dir = tempfile::tempdir().unwrap();
    let region = |names: Value| {
        let part = Value::List(vec![map([("names", names)])]);
        let record = map([("country_code", text("NL")), ("subdivisions", part)]);
        let (geo, _) = open(&Mmdb::new("deep").range("192.0.2.0/24", record).bytes(), dir.path());
        geo.lookup(ip("192.0.2.1")).region
    };
    assert_eq!(region(map([("en", text("Utrecht"))])), "Utrecht");
    assert_eq!(region(map([("names", map([("en", text("Utrecht"))]))])), "");
}

#[test]
fn ten_thousand_damaged_files_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let maps = damaged_originals();
    let random = guestlog::base::random::SeededRandom::new(2_026);
    let below = |n: usize| (random.next_u64() % n as u64) as usize;
    let addresses =
        ["192.0.2.1", "198.51.100.9", "203.0.113.255", "8.8.8.8", "2001:db8::1", "2001:db8:8000::"];
    let (mut taken, mut refused) = (0, 0);
    for round in 0..10_000 {
        let mut bytes = maps[round % maps.len()].clone();
        for _ in 0..=below(8) {
            let at = below(bytes.len());
            match below(6) {
                0 => bytes[at] ^= 1 << below(8),
                1 => bytes[at] = below(256) as u8,
                2 => bytes.truncate(at.max(1)),
                3 => drop(bytes.drain(at..(at + below(20)).min(bytes.len()))),
                4 => {
                    let byte = bytes[at];
                    bytes.splice(at..at, [byte; 3]);
                }
                _ => {
                    let end = (at + below(40)).min(bytes.len());
                    bytes[at..end].fill(0xff);
                }
            }
            if bytes.is_empty() {
                bytes.push(0);
            }
        }
        let (geo, status) = open(&bytes, dir.path());
        for address in addresses {
            let found = geo.lookup(ip(address));
            assert!(status.in_use || found.is_empty());
            assert!(found.country.is_empty() || found.country.len() == 2);
            drop(geo.explain(ip(address)));
        }
        if status.in_use { taken += 1 } else { refused += 1 }
    }
    assert!(taken > 100 && refused > 1_000, "{taken} taken, {refused} refused");
}

fn damaged_originals() -> Vec<Vec<u8>> {
    let nested = |code: &str, name: &str| {
        let names = map([("de", text(name)), ("en", text(name))]);
        map([
            ("country", map([("iso_code", text(code)), ("names", names.clone())])),
            ("location", map([("latitude", Value::F64(5.0)), ("radius", Value::U16(7))])),
            ("subdivisions", Value::List(vec![map([("iso_code", text("UT")), ("names", names)])])),
            ("traits", map([("organization", text(name)), ("static_ip_score", Value::F64(9.0))])),
        ])
    };
    let flat = |code: &str| {
        map([
            ("asn", text("AS64500")),
            ("as_name", text("Quay Net, a rather long name of a network operator")),
            ("country_code", text(code)),
            ("vpn", Value::Bool(true)),
            ("big", Value::U128(1 << 90)),
            ("raw", Value::Bytes(vec![1, 2, 3])),
        ])
    };
    let mut originals = Vec::new();
    for bits in [24, 28, 32] {
        let both = Mmdb::new("nested")
            .bits(bits)
            .range("192.0.2.0/24", nested("NL", "Lantern Works"))
            .range("198.51.100.0/28", nested("BE", "Lantern Works"))
            .range("2001:db8::/33", nested("DE", "Quay"));
        originals.push(Mmdb { alias: true, ..both.clone() }.bytes());
        originals.push(both.bytes());
        let v4 = Mmdb::new("flat").version(4).bits(bits);
        originals.push(v4.range("192.0.2.0/24", flat("NL")).range("203.0.113.0/24", flat("FR")).bytes());
    }
    originals
}
