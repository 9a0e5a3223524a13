//! The table of all keys: section, name, and how a value is put into the settings. Reading files, reading the
//! environment, and the test of the documentation use this one table.

use super::settings::{Config, Fact, GeoMap, LogFormat, LogLevel, MapKind};
use super::value::{Given, TEXT_MAX};
use crate::base::forwarding_header::ForwardingHeader;

/// The names of all our environment variables begin with this.
pub(super) const PREFIX: &str = "GUESTLOG_";
/// The most worker threads.
pub const WORKERS_MAX: u64 = 256;
/// The most reading connections.
pub const READERS_MAX: u64 = 64;
/// The most disk space that can be kept free, bytes (16 TiB).
pub const MIN_FREE_MAX: u64 = 16 << 40;
/// The highest rate limit, requests per second.
pub const RATE_MAX: u64 = 1_000_000;
/// The most months for which old data can be kept.
pub const MONTHS_MAX: u64 = crate::domain::retention::MONTHS_MAX as u64;
/// The highest limit of event definitions in an account.
pub const EVENTS_MAX: u64 = 100_000;
/// The most map files in the configuration.
pub const MAPS_MAX: usize = 16;

/// A key with one value or a list.
pub(super) struct Key {
    pub(super) section: &'static str,
    pub(super) name: &'static str,
    pub(super) set: fn(&mut Config, &Given) -> Result<(), String>,
}

impl Key {
    const fn new(
        section: &'static str,
        name: &'static str,
        set: fn(&mut Config, &Given) -> Result<(), String>,
    ) -> Self {
        Self { section, name, set }
    }

    /// The name as in `section.name`.
    pub(super) fn full(&self) -> String {
        format!("{}.{}", self.section, self.name)
    }

    /// The environment variable, as in `GUESTLOG_SECTION__NAME`.
    pub(super) fn variable(&self) -> String {
        format!("{}{}__{}", PREFIX, self.section, self.name).to_ascii_uppercase()
    }
}

/// `[[geo.map]]` is the only key that is not a single value.
pub(super) const SECTIONS: &[&str] =
    &["server", "tls", "store", "retention", "limits", "events", "metrics", "log", "geo"];

pub(super) const KEYS: &[Key] = &[
    Key::new("server", "listen", |c, v| v.address().map(|a| c.server.listen = a)),
    Key::new("server", "public_url", |c, v| v.optional(Given::origin).map(|u| c.server.public_url = u)),
    Key::new("server", "admin_listen", |c, v| v.optional(Given::address).map(|a| c.server.admin_listen = a)),
    Key::new("server", "trusted_proxies", |c, v| v.ranges().map(|r| c.server.trusted_proxies = r)),
    Key::new("server", "forwarding_header", |c, v| {
        v.word(FORWARDING_HEADERS).map(|header| c.server.forwarding_header = header)
    }),
    Key::new("server", "data_dir", |c, v| v.path().map(|p| c.server.data_dir = p)),
    Key::new("server", "workers", |c, v| v.number(0..=WORKERS_MAX).map(|n| c.server.workers = n as usize)),
    Key::new("tls", "certificate", |c, v| v.optional(Given::path).map(|p| c.tls.certificate = p)),
    Key::new("tls", "key", |c, v| v.optional(Given::path).map(|p| c.tls.key = p)),
    Key::new("store", "min_free", |c, v| v.size(MIN_FREE_MAX).map(|n| c.store.min_free = n)),
    Key::new("store", "readers", |c, v| v.number(0..=READERS_MAX).map(|n| c.store.readers = n as usize)),
    Key::new("retention", "events_months", |c, v| {
        v.number(0..=MONTHS_MAX).map(|n| c.retention.events_months = n as u32)
    }),
    Key::new("limits", "collector_per_address", |c, v| {
        v.number(0..=RATE_MAX).map(|n| c.limits.collector_per_address = n as u32)
    }),
    Key::new("limits", "api_per_token", |c, v| {
        v.number(0..=RATE_MAX).map(|n| c.limits.api_per_token = n as u32)
    }),
    Key::new("events", "limit", |c, v| v.number(1..=EVENTS_MAX).map(|n| c.events.limit = n as u32)),
    Key::new("events", "custom_js", |c, v| {
        v.word(&[("on", true), ("off", false)]).map(|on| c.events.custom_js = on)
    }),
    Key::new("metrics", "token", |c, v| v.optional(Given::token).map(|t| c.metrics.token = t)),
    Key::new("log", "level", |c, v| v.word(LEVELS).map(|l| c.log.level = l)),
    Key::new("log", "format", |c, v| {
        v.word(&[("text", LogFormat::Text), ("json", LogFormat::Json)]).map(|f| c.log.format = f)
    }),
];

const FORWARDING_HEADERS: &[(&str, ForwardingHeader)] = &[
    ("x-forwarded-for", ForwardingHeader::XForwardedFor),
    ("forwarded", ForwardingHeader::Forwarded),
    ("x-real-ip", ForwardingHeader::XRealIp),
];

const LEVELS: &[(&str, LogLevel)] = &[
    ("error", LogLevel::Error),
    ("warn", LogLevel::Warn),
    ("info", LogLevel::Info),
    ("debug", LogLevel::Debug),
    ("trace", LogLevel::Trace),
];

const MAP_KINDS: &[(&str, MapKind)] = &[
    ("auto", MapKind::Auto),
    ("country", MapKind::Country),
    ("network", MapKind::Network),
    ("company", MapKind::Company),
];

/// The keys of `[[geo.map]]`.
pub(super) const MAP_KEYS: &[&str] = &["path", "kind", "map"];

/// The names of facts whose place in the record `map.<fact>` may set.
pub(super) const FACTS: &[(&str, Fact)] = &[
    ("asn", Fact::Asn),
    ("as_name", Fact::AsName),
    ("org", Fact::Org),
    ("domain", Fact::Domain),
    ("country", Fact::Country),
    ("region", Fact::Region),
    ("net_type", Fact::NetType),
];

/// One value of a `[[geo.map]]`.
pub(super) fn set_map(map: &mut GeoMap, name: &str, value: &Given) -> Result<(), String> {
    match name {
        "path" => value.path().map(|path| map.path = path),
        "kind" => value.word(MAP_KINDS).map(|kind| map.kind = kind),
        _ => Err("must be a section, such as map.country = \"country.iso_code\"".to_owned()),
    }
}

/// A place in a record: names and positions joined by points.
pub(super) fn place(value: &Given) -> Result<String, String> {
    let text = value.text()?;
    let fits = text.len() < TEXT_MAX && text.split('.').all(|part| !part.is_empty());
    if fits {
        Ok(text.to_owned())
    } else {
        Err(format!("{text:?} is not a path in a record (such as country.iso_code)"))
    }
}

/// The allowed names that are similar to a wrong one, or all of them if none is.
pub(super) fn nearest<'a>(wrong: &str, allowed: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let wrong = wrong.to_ascii_lowercase();
    let allowed: Vec<&str> = allowed.collect();
    let close = |name: &&str| {
        let bare = |text: &str| text.replace(['-', '_'], "");
        distance(&bare(&wrong), &bare(name)) <= 1 + name.len() / 5
    };
    let found: Vec<&str> = allowed.iter().copied().filter(close).collect();
    if found.is_empty() { allowed } else { found }
}

/// How many letters must be inserted, removed or changed to make `a` into `b`.
fn distance(a: &str, b: &str) -> usize {
    // Only short names can be similar to one of ours, so long ones are not measured.
    const LONGEST: usize = 64;
    if a.len() > LONGEST {
        return LONGEST;
    }
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut left = i + 1;
        let mut next = vec![left];
        for (pair, y) in row.windows(2).zip(b.chars()) {
            let [diagonal, above] = pair else { continue };
            left = (diagonal + usize::from(x != y)).min(above + 1).min(left + 1);
            next.push(left);
        }
        row = next;
    }
    row.last().copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_count_single_letters() {
        for (a, b, steps) in
            [("", "", 0), ("", "abc", 3), ("abc", "", 3), ("listen", "listn", 1), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(a, b), steps, "{a} {b}");
        }
    }

    #[test]
    fn wrong_names_find_the_nearest_right_ones() {
        let names = || ["listen", "public_url", "workers"].into_iter();
        assert_eq!(nearest("listne", names()), ["listen"]);
        assert_eq!(nearest("hear", names()), ["listen", "public_url", "workers"]);
        assert_eq!(nearest("public-URL", names()), ["public_url"]);
        assert_eq!(nearest(&"x".repeat(1_000_000), names()).len(), 3);
    }

    #[test]
    fn every_section_of_a_key_is_a_section() {
        assert!(KEYS.iter().all(|key| SECTIONS.contains(&key.section)));
    }
}
