//! Tests of the configuration from outside: files as people write them, and the errors they get.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use super::*;
use crate::base::forwarding_header::ForwardingHeader;

fn parse(text: &str) -> Result<Config, ConfigError> {
    Config::parse(text.as_bytes(), "guestlog.toml")
}

/// The only mistake in `text`.
fn mistake(text: &str) -> String {
    let error = parse(text).unwrap_err();
    assert_eq!(error.problems.len(), 1, "{error}");
    error.to_string()
}

fn env(values: &[(&str, &str)]) -> Vec<(OsString, OsString)> {
    values.iter().map(|(name, text)| (name.into(), text.into())).collect()
}

fn load(values: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load_from(&Flags::default(), env(values), &[])
}

#[test]
fn an_empty_file_equals_the_defaults() {
    for text in ["", "\n", "# nothing\r\n", "\u{feff}", "[server]\n[tls]\n[geo]\nmap = []"] {
        assert_eq!(parse(text).unwrap(), Config::default(), "{text:?}");
    }
    let config = Config::default();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.store.min_free, 268_435_456);
    assert_eq!((config.limits.collector_per_address, config.limits.api_per_token), (200, 200));
    assert_eq!((config.events.limit, config.events.custom_js), (2_000, true));
}

#[test]
fn every_key_is_read_from_a_file() {
    let config = parse(
        "\u{feff}[server]\r\nlisten = \"[::]:80\"\r\npublic_url = \"HTTPS://Stats.Example.com:8443/\"\r\n\
         admin_listen = '127.0.0.1:9000'\r\ntrusted_proxies = [\"10.0.0.0/8\", \"::1\"]\r\n\
         forwarding_header = \"forwarded\"\n\
         data_dir = \"/srv/g\"\r\nworkers = 3\r\n[tls]\ncertificate = \"c.pem\"\nkey = \"k.pem\"\n\
         [store]\nmin_free = 1_000\nreaders = 0x10\n[retention]\nevents_months = 13\n[limits]\ncollector_per_address = 0\napi_per_token = 7\n\
         [events]\nlimit = 10\ncustom_js = \"off\"\n[metrics]\ntoken = \"0123456789abcdef\"\n[log]\nlevel = \"warn\"\nformat = \"json\"\n\
         [[geo.map]]\npath = \"a.mmdb\"\n[[geo.map]]\npath = \"b.mmdb\"\nkind = \"company\"\n\
         map.org = \"traits.organization\"\nmap.country = \"cc\"\n",
    )
    .unwrap();
    let expected = Config {
        file: None,
        server: Server {
            listen: "[::]:80".parse().unwrap(),
            public_url: Some("https://stats.example.com:8443".into()),
            admin_listen: Some("127.0.0.1:9000".parse().unwrap()),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            forwarding_header: ForwardingHeader::Forwarded,
            data_dir: "/srv/g".into(),
            workers: 3,
        },
        tls: Tls { certificate: Some("c.pem".into()), key: Some("k.pem".into()) },
        store: Store { min_free: 1_000, readers: 16 },
        retention: Retention { events_months: 13 },
        limits: Limits { collector_per_address: 0, api_per_token: 7 },
        events: Events { limit: 10, custom_js: false },
        metrics: Metrics { token: Some("0123456789abcdef".into()) },
        log: Log { level: LogLevel::Warn, format: LogFormat::Json },
        maps: vec![
            GeoMap { path: "a.mmdb".into(), ..GeoMap::default() },
            GeoMap {
                path: "b.mmdb".into(),
                kind: MapKind::Company,
                places: vec![(Fact::Country, "cc".into()), (Fact::Org, "traits.organization".into())],
            },
        ],
    };
    assert_eq!(config, expected);
}

#[test]
fn the_packaged_file_documents_every_key_and_equals_the_defaults() {
    let packaged = include_str!("../../packaging/guestlog.toml");
    assert_eq!(parse(packaged).unwrap(), Config::default());

    let uncommented: Vec<&str> = packaged
        .lines()
        .map(|line| {
            line.strip_prefix('#').filter(|rest| rest.starts_with(char::is_alphabetic)).unwrap_or(line)
        })
        .collect();
    let uncommented = uncommented.join("\n");
    assert_eq!(parse(&uncommented).unwrap(), Config::default());

    let document: toml::Table = uncommented.parse().unwrap();
    let written: BTreeSet<String> = document
        .iter()
        .flat_map(|(section, keys)| {
            keys.as_table().unwrap().keys().map(move |key| format!("{section}.{key}"))
        })
        .collect();
    let known: BTreeSet<String> = keys::KEYS.iter().map(keys::Key::full).collect();
    assert_eq!(written, known);
}

#[test]
fn the_packaged_example_of_a_map_is_valid() {
    let packaged = include_str!("../../packaging/guestlog.toml");
    let (_, example) = packaged.split_once("# [[geo.map]]").unwrap();
    let lines: Vec<&str> = example
        .lines()
        .filter_map(|line| line.strip_prefix("# "))
        .filter(|line| line.split_once(" = ").is_some_and(|(key, _)| !key.contains(' ')))
        .collect();
    let config = parse(&format!("[[geo.map]]\n{}", lines.join("\n"))).unwrap();
    let [map] = config.maps.as_slice() else { panic!("one map") };
    assert_eq!(map.path, Path::new("/var/lib/GeoIP/GeoLite2-ASN.mmdb"));
    assert_eq!(map.places, [(Fact::Country, "location.country_code".to_owned())]);
    assert_eq!(lines.len(), keys::MAP_KEYS.len(), "every key of a map is documented");
    assert!(FACT_NAMES.iter().all(|name| example.contains(name)), "every fact is documented");
}

const FACT_NAMES: [&str; 7] = ["asn", "as_name", "org", "domain", "country", "region", "net_type"];

#[test]
fn mistakes_name_file_line_key_and_what_is_allowed() {
    for (text, expected) in [
        (
            "\n[server]\nlisten = \"x\"",
            "guestlog.toml:3: server.listen: \"x\" is not an address (such as 127.0.0.1:8080)",
        ),
        ("[server]\nlisten = 8080", "guestlog.toml:2: server.listen: must be text in quotes, not a number"),
        ("[server]\nlistn = \"x\"", "guestlog.toml:2: server.listn: not a known key; allowed: server.listen"),
        (
            "[store]\nzzz = 1",
            "guestlog.toml:2: store.zzz: not a known key; allowed: store.min_free, store.readers",
        ),
        ("listen = \"x\"", "guestlog.toml:1: listen: not a known key; allowed: server.listen"),
        ("[sever]", "guestlog.toml:1: sever: not a known section; allowed: [server]"),
        ("server = 1", "guestlog.toml:1: server: must be a section, written [server]"),
        ("[[server]]", "guestlog.toml:1: server: must be a section, written [server]"),
        ("[server]\nworkers = \"many\"", "guestlog.toml:2: server.workers: must be a whole number, not text"),
        ("[server]\nworkers = -1", "guestlog.toml:2: server.workers: must be from 0 to 256"),
        (
            "[server]\nworkers = 1.5",
            "guestlog.toml:2: server.workers: must be a whole number, not a number with a fraction",
        ),
        (
            "[server]\ntrusted_proxies = \"::1\"",
            "guestlog.toml:2: server.trusted_proxies: must be a list such as [\"10.0.0.0/8\"], not text",
        ),
        (
            "[server]\ntrusted_proxies = [\"x\"]",
            "guestlog.toml:2: server.trusted_proxies: \"x\" is not an address or range (such as 10.0.0.0/8 or 2001:db8::1)",
        ),
        (
            "[server]\ntrusted_proxies = [1]",
            "guestlog.toml:2: server.trusted_proxies: must contain texts in quotes, not a number",
        ),
        (
            "[store]\nmin_free = \"1 GB\"",
            "guestlog.toml:2: store.min_free: \"1 GB\" is not a size (plain bytes, or text such as \"512KiB\", \"256MiB\", \"2GiB\")",
        ),
        (
            "[events]\ncustom_js = true",
            "guestlog.toml:2: events.custom_js: must be one of \"on\", \"off\", not true or false",
        ),
        (
            "[log]\nlevel = \"loud\"",
            "guestlog.toml:2: log.level: \"loud\" is not one of \"error\", \"warn\", \"info\", \"debug\", \"trace\"",
        ),
        ("[server]\ndata_dir = \"\"", "guestlog.toml:2: server.data_dir: must name a file or directory"),
        (
            "[server]\ndata_dir = \"a\\u0000b\"",
            "guestlog.toml:2: server.data_dir: contains a control character",
        ),
    ] {
        assert_eq!(mistake(text), expected, "{text}");
    }
}

#[test]
fn mistakes_in_map_sections_name_file_line_key_and_what_is_allowed() {
    for (text, expected) in [
        ("[geo]\nmap = 1", "guestlog.toml:2: geo.map: must be written [[geo.map]]"),
        ("[geo.map]\npath = \"a\"", "guestlog.toml:1: geo.map: must be written [[geo.map]]"),
        (
            "[[geo.map]]\nkind = \"auto\"",
            "guestlog.toml:1: geo.map.path: is missing (the path of the map file)",
        ),
        (
            "[[geo.map]]\npath = \"a\"\npaht = 1",
            "guestlog.toml:3: geo.map.paht: not a known key; allowed: geo.map.path, geo.map.kind, geo.map.map",
        ),
        (
            "[[geo.map]]\npath = \"a\"\nmap = 1",
            "guestlog.toml:3: geo.map.map: must be a section, such as map.country = \"country.iso_code\"",
        ),
        (
            "[[geo.map]]\npath = \"a\"\nmap.contry = \"x\"",
            "guestlog.toml:3: geo.map.map.contry: not a known key; allowed: map.country",
        ),
        (
            "[[geo.map]]\npath = \"a\"\nmap.org = \"a..b\"",
            "guestlog.toml:3: geo.map.map.org: \"a..b\" is not a path in a record (such as country.iso_code)",
        ),
    ] {
        assert_eq!(mistake(text), expected, "{text}");
    }
}

#[test]
fn every_mistake_is_told_at_once_in_the_order_of_the_file() {
    let error = parse("[store]\nreaders = -1\n[server]\nworkers = -1\nlisten = 1").unwrap_err();
    let lines: Vec<_> = error.problems.iter().map(|problem| problem.line).collect();
    assert_eq!(lines, [Some(2), Some(4), Some(5)]);
    assert_eq!(error.to_string().lines().count(), 3);

    let message = |count: usize| {
        let text: String = (0..count).map(|n| format!("key{n} = 1\n")).collect();
        parse(&text).unwrap_err().to_string()
    };
    assert_eq!(message(PROBLEMS_MAX).lines().count(), PROBLEMS_MAX);
    let past = message(PROBLEMS_MAX + 1);
    assert!(past.ends_with("\n(1 more)") && past.lines().count() == PROBLEMS_MAX + 1, "{past}");
}

#[test]
fn syntax_errors_and_double_keys_name_their_line() {
    for (text, line) in [
        ("[server\n", 1),
        ("[server]\nworkers = \n", 2),
        ("[server]\r\n\r\nlisten = 127.0.0.1:8080\r\n", 3),
        ("[server]\nworkers = 1\nworkers = 2", 3),
        ("[server]\n[tls]\n[server]", 3),
        ("[log]\nlevel = info", 2),
        ("a = 1\rb = 2", 1),
    ] {
        let message = mistake(text);
        assert!(message.starts_with(&format!("guestlog.toml:{line}: is not valid TOML: ")), "{message}");
    }
    let deep = format!("a = {}", "[".repeat(200_000));
    assert!(mistake(&deep).contains("is not valid TOML"));
}

#[test]
fn files_that_are_no_text_are_named_so() {
    let message = |bytes: &[u8]| Config::parse(bytes, "g.toml").unwrap_err().to_string();
    assert_eq!(message(b"[server]\n\0"), "g.toml:2: contains a NUL character, so it is not a text file");
    assert_eq!(message(b"# ok\n# \xff\xfe"), "g.toml:2: is not UTF-8 text");
    assert_eq!(message(b"\xff\xfe[\0s\0"), "g.toml:1: is not UTF-8 text");
}

#[test]
fn a_file_at_the_limit_is_read_and_one_past_it_refused() {
    let text = |len: u64| format!("#{}", " ".repeat(len as usize - 1));
    assert!(parse(&text(FILE_MAX)).is_ok());
    assert_eq!(mistake(&text(FILE_MAX + 1)), "guestlog.toml: is larger than 1MiB");
    let dir = tempfile::tempdir().unwrap();
    let big = dir.path().join("big.toml");
    std::fs::File::create(&big).unwrap().set_len(10_000_000).unwrap();
    let error = load(&[("GUESTLOG_CONFIG", big.to_str().unwrap())]).unwrap_err();
    assert!(error.to_string().ends_with("big.toml: is larger than 1MiB"), "{error}");
}

#[test]
fn numbers_are_taken_at_their_limits_and_refused_one_past_them() {
    for (section, key, low, high) in [
        ("server", "workers", 0, WORKERS_MAX),
        ("store", "readers", 0, READERS_MAX),
        ("store", "min_free", 0, MIN_FREE_MAX),
        ("limits", "collector_per_address", 0, RATE_MAX),
        ("limits", "api_per_token", 0, RATE_MAX),
        ("retention", "events_months", 0, MONTHS_MAX),
        ("events", "limit", 1, EVENTS_MAX),
    ] {
        let (low, high) = (i128::from(low), i128::from(high));
        for (number, good) in
            [(low - 1, false), (low, true), (high, true), (high + 1, false), (1 << 70, false)]
        {
            let text = format!("[{section}]\n{key} = {number}");
            assert_eq!(parse(&text).is_ok(), good, "{text}");
        }
    }
    let many = |n: usize| format!("[server]\ntrusted_proxies = [{}]", "\"::1\",".repeat(n));
    assert!(parse(&many(LIST_MAX)).is_ok());
    assert!(mistake(&many(LIST_MAX + 1)).ends_with("contains more than 100 entries"));
    let maps = |n: usize| "[[geo.map]]\npath = \"a\"\n".repeat(n);
    assert_eq!(parse(&maps(MAPS_MAX)).unwrap().maps.len(), MAPS_MAX);
    assert!(mistake(&maps(MAPS_MAX + 1)).ends_with("geo.map: more than 16 maps"));
    let long = |n: usize| format!("[server]\ndata_dir = \"{}\"", "ä".repeat(n));
    assert!(parse(&long(TEXT_MAX)).is_ok());
    assert!(mistake(&long(TEXT_MAX + 1)).ends_with("is longer than 4096 characters"));
}

#[test]
fn sizes_are_read_in_binary_units() {
    let size = |text: &str| parse(&format!("[store]\nmin_free = {text}")).map(|config| config.store.min_free);
    for (text, bytes) in
        [("0", 0), ("\"0\"", 0), ("\"1KiB\"", 1 << 10), ("\"3 MiB\"", 3 << 20), ("\"2GiB\"", 2 << 30)]
    {
        assert_eq!(size(text).unwrap(), bytes, "{text}");
    }
    for bad in
        ["\"\"", "\"MiB\"", "\"-1\"", "\"1.5GiB\"", "\"1MB\"", "\"99999999999TiB\"", "\"9e9\"", "1.0", "[]"]
    {
        assert!(size(bad).is_err(), "{bad}");
    }
}

#[test]
fn a_public_url_is_an_origin_and_nothing_else() {
    let url = |text: &str| {
        parse(&format!("[server]\npublic_url = {text:?}")).map(|config| config.server.public_url)
    };
    for (text, expected) in [
        ("http://localhost:8080", "http://localhost:8080"),
        ("https://EXAMPLE.com/", "https://example.com"),
        ("http://[2001:db8::1]:81", "http://[2001:db8::1]:81"),
        ("http://[::1]", "http://[::1]"),
        ("http://192.0.2.1", "http://192.0.2.1"),
    ] {
        assert_eq!(url(text).unwrap().as_deref(), Some(expected));
    }
    assert_eq!(url("").unwrap(), None);
    for bad in [
        "example.com",
        "ftp://a.b",
        "https://",
        "https:///",
        "https://a/b",
        "https://a?b",
        "https://a#b",
        "https://a:0",
        "https://a:",
        "https://a:65536",
        "https://a..b",
        "https://-a",
        "https://ä.example",
        "https://[::1",
        "https://[x]",
        "https://a b",
        "https://a//",
    ] {
        assert!(url(bad).is_err(), "{bad}");
    }
}

#[test]
fn secrets_are_never_repeated() {
    let secret = "hunter2-hunter2";
    for text in [
        format!("[tls]\nkey = [\"{secret}\"]"),
        format!("[tls]\nkey = \"{secret}\\n\""),
        format!("[tls]\nkey = \"{secret}"),
        format!("[tls]\npassword = \"{secret}\""),
        format!("[tls]\nkey = {secret}"),
        format!("[server]\npublic_url = \"https://me:{secret}@example.com\""),
    ] {
        let message = parse(&text).unwrap_err().to_string();
        assert!(!message.contains("hunter2"), "{message}");
    }
    let secret_value =
        value::Given { raw: value::Raw::Word(secret.into()), secret: value::is_secret("api_TOKEN") };
    assert_eq!(secret_value.number(0..=1).unwrap_err(), "the value is not a whole number from 0 to 1");
    assert_eq!(secret_value.word(&[("a", 1)]).unwrap_err(), "the value is not one of \"a\"");
}

#[test]
fn long_values_are_cut_in_messages() {
    let message = mistake(&format!("[server]\nlisten = \"{}\"", "x".repeat(4_000)));
    assert!(message.len() < 200 && message.contains('…'), "{message}");
}

#[test]
fn every_key_has_a_twin_in_the_environment() {
    let config = load(&[
        ("GUESTLOG_SERVER__LISTEN", "0.0.0.0:1"),
        ("GUESTLOG_SERVER__PUBLIC_URL", " https://a.example\n"),
        ("GUESTLOG_SERVER__ADMIN_LISTEN", "0.0.0.0:2"),
        ("GUESTLOG_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ::1,"),
        ("GUESTLOG_SERVER__FORWARDING_HEADER", "x-real-ip"),
        ("GUESTLOG_SERVER__DATA_DIR", "/srv"),
        ("GUESTLOG_SERVER__WORKERS", "4"),
        ("GUESTLOG_TLS__CERTIFICATE", "c"),
        ("GUESTLOG_TLS__KEY", "k"),
        ("GUESTLOG_STORE__MIN_FREE", "1KiB"),
        ("GUESTLOG_STORE__READERS", "5"),
        ("GUESTLOG_LIMITS__COLLECTOR_PER_ADDRESS", "6"),
        ("GUESTLOG_LIMITS__API_PER_TOKEN", "0"),
        ("GUESTLOG_RETENTION__EVENTS_MONTHS", "0"),
        ("GUESTLOG_EVENTS__LIMIT", "7"),
        ("GUESTLOG_EVENTS__CUSTOM_JS", "off"),
        ("GUESTLOG_METRICS__TOKEN", "fedcba9876543210"),
        ("GUESTLOG_LOG__LEVEL", "error"),
        ("GUESTLOG_LOG__FORMAT", "json"),
    ])
    .unwrap();
    let expected = Config {
        file: None,
        server: Server {
            listen: "0.0.0.0:1".parse().unwrap(),
            public_url: Some("https://a.example".into()),
            admin_listen: Some("0.0.0.0:2".parse().unwrap()),
            trusted_proxies: vec!["10.0.0.0/8".parse().unwrap(), "::1".parse().unwrap()],
            forwarding_header: ForwardingHeader::XRealIp,
            data_dir: "/srv".into(),
            workers: 4,
        },
        tls: Tls { certificate: Some("c".into()), key: Some("k".into()) },
        store: Store { min_free: 1_024, readers: 5 },
        retention: Retention { events_months: 0 },
        limits: Limits { collector_per_address: 6, api_per_token: 0 },
        events: Events { limit: 7, custom_js: false },
        metrics: Metrics { token: Some("fedcba9876543210".into()) },
        log: Log { level: LogLevel::Error, format: LogFormat::Json },
        maps: Vec::new(),
    };
    assert_eq!(config, expected);
    let set: BTreeSet<String> = keys::KEYS.iter().map(keys::Key::variable).collect();
    assert_eq!(set.len(), 19, "a new key belongs into the list above");
}

#[test]
fn other_variables_are_ignored_and_misspelt_keys_named() {
    let ignored =
        [("GUESTLOG_PORT", "x"), ("GUESTLOG_", "x"), ("MY_GUESTLOG_A__B", "x"), ("guestlog_server__x", "x")];
    assert_eq!(load(&ignored).unwrap(), Config::default());
    for (name, text, expected) in [
        (
            "GUESTLOG_SERVER__LISTN",
            "x",
            "GUESTLOG_SERVER__LISTN: not a known key; allowed: GUESTLOG_SERVER__LISTEN",
        ),
        ("GUESTLOG_STORE__READERS", "x", "GUESTLOG_STORE__READERS: \"x\" is not a whole number from 0 to 64"),
        (
            "GUESTLOG_EVENTS__CUSTOM_JS",
            "1",
            "GUESTLOG_EVENTS__CUSTOM_JS: \"1\" is not one of \"on\", \"off\"",
        ),
    ] {
        let message = load(&[(name, text)]).unwrap_err().to_string();
        assert!(message.starts_with(expected), "{message}");
    }
}

#[cfg(unix)]
#[test]
fn a_variable_that_is_no_text_is_named() {
    use std::os::unix::ffi::OsStringExt;
    let env = vec![("GUESTLOG_LOG__LEVEL".into(), OsString::from_vec(vec![0xff]))];
    let message = Config::load_from(&Flags::default(), env, &[]).unwrap_err().to_string();
    assert_eq!(message, "GUESTLOG_LOG__LEVEL: is not UTF-8 text");
}

#[test]
fn flags_win_over_environment_over_file_over_defaults() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g.toml");
    std::fs::write(&path, "[server]\nlisten = \"1.1.1.1:1\"\ndata_dir = \"file\"\nworkers = 9").unwrap();
    let flags = Flags { config: Some(path.clone()), listen: "3.3.3.3:3".parse().ok(), ..Flags::default() };
    let values = env(&[
        ("GUESTLOG_SERVER__LISTEN", "2.2.2.2:2"),
        ("GUESTLOG_SERVER__DATA_DIR", "env"),
        ("GUESTLOG_CONFIG", "/nowhere"),
    ]);
    let config = Config::load_from(&flags, values.clone(), &[]).unwrap();
    assert_eq!(config.server.listen.to_string(), "3.3.3.3:3");
    assert_eq!((config.server.data_dir.to_str(), config.server.workers), (Some("env"), 9));
    assert_eq!(config.file.as_deref(), Some(path.as_path()));
    let flags = Flags { data_dir: Some("flag".into()), ..flags };
    assert_eq!(Config::load_from(&flags, values, &[]).unwrap().server.data_dir, Path::new("flag"));
}

#[test]
fn the_file_is_looked_for_in_its_places() {
    let dir = tempfile::tempdir().unwrap();
    let [first, second, named] = ["1.toml", "2.toml", "named.toml"].map(|name| dir.path().join(name));
    let places = [first.as_path(), second.as_path()];
    let found = |values: &[(&str, &str)]| Config::load_from(&Flags::default(), env(values), &places);
    assert_eq!(found(&[]).unwrap(), Config::default());
    std::fs::write(&second, "").unwrap();
    assert_eq!(found(&[]).unwrap().file, Some(second.clone()));
    std::fs::write(&first, "").unwrap();
    assert_eq!(found(&[]).unwrap().file, Some(first.clone()));
    std::fs::write(&named, "").unwrap();
    let variable = [("GUESTLOG_CONFIG", named.to_str().unwrap())];
    assert_eq!(found(&variable).unwrap().file, Some(named.clone()));
    std::fs::remove_file(&named).unwrap();
    let message = found(&variable).unwrap_err().to_string();
    assert!(message.contains("named.toml: cannot be read: No such file"), "{message}");
}

#[test]
fn a_directory_in_place_of_the_file_is_named_so() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("guestlog.toml");
    std::fs::create_dir(&path).unwrap();
    let message = Config::load_from(&Flags::default(), env(&[]), &[&path]).unwrap_err().to_string();
    assert!(message.ends_with("guestlog.toml: is a directory, not a file"), "{message}");
}

#[test]
fn tls_needs_both_files_and_may_get_them_from_two_places() {
    assert!(
        load(&[("GUESTLOG_TLS__KEY", "k")])
            .unwrap_err()
            .to_string()
            .contains("set both the certificate and the key, or neither")
    );
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("g.toml");
    std::fs::write(&path, "[tls]\ncertificate = \"c\"").unwrap();
    let path = path.to_str().unwrap();
    assert!(load(&[("GUESTLOG_CONFIG", path)]).is_err());
    let config = load(&[("GUESTLOG_CONFIG", path), ("GUESTLOG_TLS__KEY", "k")]).unwrap();
    assert_eq!(config.tls.files(), Some((Path::new("c"), Path::new("k"))));
    assert_eq!(Tls::default().files(), None);
}

#[test]
fn the_admin_pages_need_an_address_of_their_own() {
    let with = |listen: &str, admin: &str| {
        load(&[("GUESTLOG_SERVER__LISTEN", listen), ("GUESTLOG_SERVER__ADMIN_LISTEN", admin)])
    };
    assert!(with("127.0.0.1:80", "127.0.0.1:80").is_err());
    assert!(with("127.0.0.1:80", "127.0.0.1:81").is_ok());
    assert!(with("127.0.0.1:0", "127.0.0.1:0").is_ok());
    assert!(with("127.0.0.1:80", "").is_ok());
}

#[test]
fn no_text_makes_the_reader_panic() {
    let parts = [
        "[", "]", "[[", "server", "geo", "map", ".", "=", "\"", "'", "\n", "\r", "\0", "é", "1", "{", "}",
        "#", ",",
    ];
    let random = crate::base::random::SeededRandom::new(11);
    for _ in 0..20_000 {
        let text: String =
            (0..random.next_u64() % 12).map(|_| parts[random.next_u64() as usize % parts.len()]).collect();
        if let Err(error) = parse(&text) {
            assert!(!error.problems.is_empty() && error.to_string().starts_with("guestlog.toml"), "{text:?}");
        }
    }
}
