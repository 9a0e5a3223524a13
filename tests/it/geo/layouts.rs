//! Every layout of map files that is sold or given away, as each maker writes it.

use guestlog::domain::network::{Anonymizer, NetType, NetworkFacts};
use guestlog::geo::{Fact, Geo, MapKind, MapOptions};

use super::{NOW, country_map, facts, ip, options};
use crate::harness::mmdb::{Mmdb, Value, map, text};

/// What a file with this one record says of an address in it.
fn of(record: Value) -> NetworkFacts {
    facts(&[Mmdb::new("test").range("192.0.2.0/24", record)], "192.0.2.7")
}

fn names(english: &str) -> Value {
    map([("de", text("Auf Deutsch")), ("en", text(english)), ("fr", text("En français"))])
}

#[test]
fn maxmind_country_and_city_are_read() {
    let record = map([
        (
            "continent",
            map([("code", text("EU")), ("geoname_id", Value::U32(6_255_148)), ("names", names("Europe"))]),
        ),
        ("city", map([("geoname_id", Value::U32(1)), ("names", names("Utrecht"))])),
        (
            "country",
            map([
                ("geoname_id", Value::U32(2_750_405)),
                ("is_in_european_union", Value::Bool(true)),
                ("iso_code", text("NL")),
                ("names", names("Netherlands")),
            ]),
        ),
        ("location", map([("latitude", Value::F64(52.09)), ("accuracy_radius", Value::U16(20))])),
        ("postal", map([("code", text("3511"))])),
        ("registered_country", map([("iso_code", text("BE"))])),
        (
            "subdivisions",
            Value::List(vec![
                map([("iso_code", text("UT")), ("names", names("Provincie Utrecht"))]),
                map([("iso_code", text("XX"))]),
            ]),
        ),
    ]);
    let expected =
        NetworkFacts { country: "NL".into(), region: "Provincie Utrecht".into(), ..NetworkFacts::default() };
    assert_eq!(of(record), expected);
}

#[test]
fn maxmind_asn_and_isp_are_read() {
    let asn = map([
        ("autonomous_system_number", Value::U32(64_500)),
        ("autonomous_system_organization", text("Quay Net")),
    ]);
    let expected = NetworkFacts { asn: Some(64_500), as_name: "Quay Net".into(), ..NetworkFacts::default() };
    assert_eq!(of(asn), expected);
    let isp = map([
        ("autonomous_system_number", Value::U32(64_500)),
        ("isp", text("Quay Internet")),
        ("mobile_country_code", text("204")),
        ("organization", text("Lantern Works")),
    ]);
    let expected = NetworkFacts {
        asn: Some(64_500),
        as_name: "Quay Internet".into(),
        org: "Lantern Works".into(),
        ..NetworkFacts::default()
    };
    assert_eq!(of(isp), expected);
}

#[test]
fn maxmind_enterprise_is_read_from_its_traits() {
    let record = map([
        ("country", map([("confidence", Value::U16(99)), ("iso_code", text("DE"))])),
        (
            "traits",
            map([
                ("autonomous_system_number", Value::U32(64_501)),
                ("autonomous_system_organization", text("Quay Net")),
                ("connection_type", text("Corporate")),
                ("domain", text("Lantern.example")),
                ("is_anycast", Value::Bool(false)),
                ("isp", text("Quay")),
                ("organization", text("Lantern Works")),
                ("static_ip_score", Value::F64(98.6)),
                ("user_type", text("college")),
            ]),
        ),
    ]);
    let expected = NetworkFacts {
        asn: Some(64_501),
        as_name: "Quay Net".into(),
        org: "Lantern Works".into(),
        domain: "lantern.example".into(),
        country: "DE".into(),
        net_type: Some(NetType::Education),
        static_score: Some(99),
        ..NetworkFacts::default()
    };
    assert_eq!(of(record), expected);
}

#[test]
fn maxmind_small_files_are_read() {
    assert_eq!(of(map([("domain", text("lantern.example"))])).domain, "lantern.example");
    for (word, kind) in
        [("Cable/DSL", NetType::Access), ("Cellular", NetType::Mobile), ("Corporate", NetType::Business)]
    {
        assert_eq!(of(map([("connection_type", text(word))])).net_type, Some(kind));
    }
    assert_eq!(of(map([("score", Value::F64(0.2))])).static_score, Some(0));
    let users = map([("ipv4_24", Value::U32(900)), ("ipv4_32", Value::U32(12))]);
    assert_eq!(of(users).shared, Some(12));
}

#[test]
fn anonymizers_are_read_and_absent_ones_are_false() {
    let set = |key| map([("is_anonymous", Value::Bool(true)), (key, Value::Bool(true))]);
    for (key, expected) in [
        ("is_anonymous_vpn", Anonymizer { vpn: true, ..Anonymizer::default() }),
        ("is_hosting_provider", Anonymizer { hosting: true, ..Anonymizer::default() }),
        ("is_public_proxy", Anonymizer { proxy: true, ..Anonymizer::default() }),
        ("is_residential_proxy", Anonymizer { proxy: true, ..Anonymizer::default() }),
        ("is_tor_exit_node", Anonymizer { tor: true, ..Anonymizer::default() }),
        ("is_relay", Anonymizer { relay: true, ..Anonymizer::default() }),
        ("vpn", Anonymizer { vpn: true, ..Anonymizer::default() }),
        ("unheard_of", Anonymizer { other: true, ..Anonymizer::default() }),
    ] {
        assert_eq!(of(set(key)).anon, expected, "{key}");
    }
    let two = Mmdb::new("GeoIP2-Anonymous-IP")
        .range("192.0.2.0/25", map([]))
        .range("192.0.2.128/25", map([("is_tor_exit_node", Value::Bool(true))]));
    assert!(facts(std::slice::from_ref(&two), "192.0.2.1").is_empty());
    assert!(facts(&[two], "192.0.2.200").anon.tor);
}

#[test]
fn flags_written_as_texts_are_flags() {
    let record = map([
        ("hosting", text("true")),
        ("proxy", text("")),
        ("relay", text("false")),
        ("tor", text("")),
        ("vpn", text("true")),
        ("service", text("Hidden Ways")),
    ]);
    let expected = Anonymizer { hosting: true, vpn: true, ..Anonymizer::default() };
    assert_eq!(of(record).anon, expected);
}

#[test]
fn ipinfo_lite_is_read() {
    let record = map([
        ("as_domain", text("quay.example")),
        ("as_name", text("Quay Net")),
        ("asn", text("AS64500")),
        ("continent", text("Europe")),
        ("continent_code", text("EU")),
        ("country", text("Netherlands")),
        ("country_code", text("NL")),
    ]);
    let expected = NetworkFacts {
        asn: Some(64_500),
        as_name: "Quay Net".into(),
        as_domain: "quay.example".into(),
        country: "NL".into(),
        ..NetworkFacts::default()
    };
    assert_eq!(of(record), expected);
}

#[test]
fn ipinfo_company_and_core_are_read() {
    let company = map([
        ("as_domain", text("quay.example")),
        ("as_name", text("Quay Net")),
        ("as_type", text("isp")),
        ("asn", text("AS64500")),
        ("country", text("nl")),
        ("domain", text("lantern.example")),
        ("name", text("Lantern Works B.V.")),
        ("type", text("business")),
    ]);
    let expected = NetworkFacts {
        asn: Some(64_500),
        as_name: "Quay Net".into(),
        as_domain: "quay.example".into(),
        org: "Lantern Works B.V.".into(),
        domain: "lantern.example".into(),
        country: "NL".into(),
        net_type: Some(NetType::Business),
        ..NetworkFacts::default()
    };
    assert_eq!(of(company), expected);
    let core =
        map([("asn", text("AS1")), ("is_hosting", Value::Bool(true)), ("is_mobile", Value::Bool(true))]);
    let core = of(core);
    assert_eq!((core.anon.hosting, core.net_type), (true, Some(NetType::Mobile)));
    assert_eq!(of(map([("devices_monthly", Value::I32(5))])).shared, Some(5));
    assert_eq!(of(map([("carrier", text("Quay Mobile"))])).net_type, Some(NetType::Mobile));
}

#[test]
fn ipapi_files_of_texts_are_read() {
    let company = map([
        ("company", text("Lantern Works")),
        ("domain", text("lantern.example")),
        ("type", text("banking")),
    ]);
    let company = of(company);
    assert_eq!((company.org.as_str(), company.net_type), ("Lantern Works", Some(NetType::Business)));
    assert!(of(map([("datacenter", text("Quay Racks")), ("domain", text("quay.example"))])).anon.hosting);
    assert!(of(map([("serviceName", text("Hidden Ways"))])).anon.vpn);
}

#[test]
fn ip_location_db_flat_files_are_read() {
    assert_eq!(of(map([("country_code", text("BE"))])).country, "BE");
    let city = map([
        ("city", text("Antwerp")),
        ("country_code", text("BE")),
        ("latitude", Value::F32(51.2)),
        ("state1", text("Flanders")),
        ("timezone", text("Europe/Brussels")),
    ]);
    let city = of(city);
    assert_eq!((city.country.as_str(), city.region.as_str()), ("BE", "Flanders"));
    let asn =
        map([("autonomous_system_number", text("64500")), ("autonomous_system_organization", text("Quay"))]);
    assert_eq!(of(asn).asn, Some(64_500));
}

#[test]
fn values_of_unexpected_types_are_passed_over() {
    let odd = || {
        [
            Value::U128(1 << 100),
            Value::Bytes(vec![1, 2, 3]),
            Value::List(vec![text("a"), Value::U16(7)]),
            map([("a", map([("b", text("c"))]))]),
            Value::F32(0.5),
            Value::I32(-5),
            Value::Bool(true),
        ]
    };
    for key in [
        "asn",
        "country",
        "country_code",
        "subdivisions",
        "org",
        "domain",
        "type",
        "vpn_",
        "score",
        "ipv4_32",
    ] {
        for value in odd() {
            let shown = format!("{key} = {value:?}");
            let record = Value::Map(vec![(key, value), ("as_name", text("Quay"))]);
            let found = of(record);
            assert_eq!(found.as_name, "Quay", "{shown}");
            assert_eq!((found.asn, found.country.as_str(), found.org.as_str()), (None, "", ""), "{shown}");
        }
    }
}

/// rules.md 16
#[test]
fn countries_that_are_no_iso_code_are_dropped() {
    for code in ["EU", "ZZ", "Netherlands", "A1"] {
        let record = map([("country", map([("iso_code", text(code))])), ("as_name", text("Quay"))]);
        assert_eq!(of(record).country, "", "{code}");
    }
}

#[test]
fn all_record_sizes_and_versions_are_read() {
    for bits in [24, 28, 32] {
        let record = || map([("country_code", text("NL"))]);
        let v4 = Mmdb::new("v4").version(4).bits(bits).range("192.0.2.0/25", record());
        let v6 = Mmdb::new("v6").bits(bits).range("2001:db8::/33", record());
        let both =
            Mmdb::new("both").bits(bits).range("192.0.2.0/25", record()).range("2001:db8::/33", record());
        let aliased = Mmdb { alias: true, ..both.clone() };
        for (map, hits, misses) in [
            (
                v4,
                vec!["192.0.2.0", "192.0.2.127", "::ffff:192.0.2.1"],
                vec!["192.0.2.128", "2001:db8::1", "8.8.8.8"],
            ),
            (v6, vec!["2001:db8::", "2001:db8:7fff::1"], vec!["2001:db8:8000::1", "192.0.2.1"]),
            (both, vec!["192.0.2.0", "2001:db8::1", "::ffff:192.0.2.1"], vec!["192.0.3.0", "2001:db9::1"]),
            (
                aliased,
                vec!["192.0.2.0", "2001:db8::1", "::ffff:192.0.2.1"],
                vec!["192.0.3.0", "::ffff:192.0.3.1"],
            ),
        ] {
            for hit in hits {
                assert_eq!(
                    facts(std::slice::from_ref(&map), hit).country,
                    "NL",
                    "{bits} {} {hit}",
                    map.database_type
                );
            }
            for miss in misses {
                assert!(
                    facts(std::slice::from_ref(&map), miss).is_empty(),
                    "{bits} {} {miss}",
                    map.database_type
                );
            }
        }
    }
}

#[test]
fn a_file_without_any_description_is_read() {
    let bare = Mmdb { description: Vec::new(), ..country_map("NL") };
    assert_eq!(facts(&[bare], "192.0.2.1").country, "NL");
    let nameless = Mmdb { database_type: String::new(), ..country_map("NL") };
    assert_eq!(facts(&[nameless], "192.0.2.1").country, "NL");
}

#[test]
fn addresses_of_private_networks_have_no_facts() {
    let everything = Mmdb::new("all")
        .range("0.0.0.0/1", map([("country_code", text("NL"))]))
        .range("128.0.0.0/1", map([("country_code", text("NL"))]))
        .range("fc00::/7", map([("country_code", text("NL"))]));
    for private in ["10.0.0.1", "127.0.0.1", "192.168.1.1", "::1", "fd00::1", "::ffff:10.0.0.1"] {
        assert!(facts(std::slice::from_ref(&everything), private).is_empty(), "{private}");
    }
    assert_eq!(facts(&[everything], "8.8.8.8").country, "NL");
}

#[test]
fn earlier_maps_win_and_later_ones_fill_in() {
    let first = country_map("NL");
    let second = Mmdb::new("b").range(
        "192.0.2.0/24",
        map([("country_code", text("BE")), ("state1", text("Flanders")), ("asn", text("AS64500"))]),
    );
    let found = facts(&[first.clone(), second.clone()], "192.0.2.1");
    assert_eq!((found.country.as_str(), found.region.as_str(), found.asn), ("NL", "", Some(64_500)));
    let found = facts(&[second, first], "192.0.2.1");
    assert_eq!((found.country.as_str(), found.region.as_str()), ("BE", "Flanders"));
}

fn open_one(map: &Mmdb, kind: MapKind, places: &[(Fact, &str)]) -> (Geo, tempfile::TempDir) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("one.mmdb");
    std::fs::write(&path, map.bytes()).unwrap();
    let places = places.iter().map(|(fact, place)| (*fact, (*place).to_owned())).collect();
    (Geo::open(&[MapOptions { kind, places, ..options(&path) }], dir.path()), dir)
}

#[test]
fn a_kind_leaves_only_its_facts() {
    let rich = Mmdb::new("rich").range(
        "192.0.2.0/24",
        map([
            ("asn", text("AS64500")),
            ("country_code", text("NL")),
            ("state1", text("Utrecht")),
            ("org", text("Lantern")),
            ("domain", text("lantern.example")),
            ("type", text("business")),
            ("vpn", Value::Bool(true)),
        ]),
    );
    let with = |kind| open_one(&rich, kind, &[]).0.lookup(ip("192.0.2.1"));
    let expected = NetworkFacts { country: "NL".into(), region: "Utrecht".into(), ..NetworkFacts::default() };
    assert_eq!(with(MapKind::Country), expected);
    let expected = NetworkFacts {
        asn: Some(64_500),
        net_type: Some(NetType::Business),
        anon: Anonymizer { vpn: true, ..Anonymizer::default() },
        ..NetworkFacts::default()
    };
    assert_eq!(with(MapKind::Network), expected);
    let expected = NetworkFacts {
        org: "Lantern".into(),
        domain: "lantern.example".into(),
        net_type: Some(NetType::Business),
        ..NetworkFacts::default()
    };
    assert_eq!(with(MapKind::Company), expected);
}

#[test]
fn places_named_by_the_owner_win() {
    let own = Mmdb::new("our own").range(
        "192.0.2.0/24",
        map([
            (
                "who",
                map([
                    ("list", Value::List(vec![text("no"), text("Lantern")])),
                    ("web", text("lantern.example")),
                ]),
            ),
            ("where", text("nl")),
            ("part", text("Utrecht")),
            ("number", Value::U32(64_500)),
            ("operator", text("Quay")),
            ("use", text("government")),
            ("org", text("no longer used")),
        ]),
    );
    let places = [
        (Fact::Org, "who.list.1"),
        (Fact::Domain, "who.web"),
        (Fact::Country, "where"),
        (Fact::Region, "part"),
        (Fact::Asn, "number"),
        (Fact::AsName, "operator"),
        (Fact::NetType, "use"),
    ];
    let (geo, _dir) = open_one(&own, MapKind::Auto, &places);
    let expected = NetworkFacts {
        asn: Some(64_500),
        as_name: "Quay".into(),
        org: "Lantern".into(),
        domain: "lantern.example".into(),
        country: "NL".into(),
        region: "Utrecht".into(),
        net_type: Some(NetType::Government),
        ..NetworkFacts::default()
    };
    assert_eq!(geo.lookup(ip("192.0.2.1")), expected);
    assert_eq!(geo.status(NOW)[0].content.as_ref().unwrap().layout, "as configured");
    let (geo, _dir) = open_one(&own, MapKind::Auto, &[(Fact::Org, "where.deeper"), (Fact::Country, "where")]);
    assert_eq!(geo.lookup(ip("192.0.2.1")).org, "", "a place that leads nowhere is no fact");
}

#[test]
fn each_map_tells_on_its_own_what_it_says_and_of_which_range() {
    let (geo, _dir) = open_one(&country_map("NL"), MapKind::Auto, &[]);
    let [finding] = geo.explain(ip("192.0.2.77")).try_into().unwrap();
    assert_eq!((finding.map.as_str(), finding.range.as_deref()), ("one.mmdb", Some("192.0.2.0/24")));
    assert_eq!((finding.facts.country.as_str(), finding.built.as_str()), ("NL", "2026-11-01T00:00:00.000Z"));
    assert!(geo.explain(ip("198.51.100.1")).is_empty());
    assert!(geo.explain(ip("127.0.0.1")).is_empty());
}

#[test]
fn the_status_tells_what_a_file_is() {
    let city = Mmdb::new("GeoLite2-City").range(
        "2001:db8::/32",
        map([("country", map([("iso_code", text("NL"))])), ("traits", map([("domain", text("a.example"))]))]),
    );
    let (geo, _dir) = open_one(&city, MapKind::Auto, &[]);
    let [status] = geo.status(NOW).try_into().unwrap();
    assert!(status.in_use && status.error.is_none());
    let content = status.content.unwrap();
    assert_eq!(content.database_type, "GeoLite2-City");
    assert_eq!(
        (content.layout, content.records, content.nodes, content.ip_version),
        ("nested, with traits", 1, 32, 6)
    );
    assert_eq!((content.built.as_str(), content.age_days), ("2026-11-01T00:00:00.000Z", 14));
    assert_eq!(content.facts, ["country", "domain"]);
    assert_eq!(content.bytes, city.bytes().len() as u64);

    let future = city.built(1_900_000_000);
    let (geo, _dir) = open_one(&future, MapKind::Auto, &[]);
    assert_eq!(geo.status(NOW)[0].content.as_ref().unwrap().age_days, 0);
    let (geo, _dir) = open_one(&country_map("NL"), MapKind::Auto, &[]);
    assert_eq!(geo.status(NOW)[0].content.as_ref().unwrap().layout, "nested");
}
