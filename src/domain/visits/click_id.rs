//! Click ids: parameters that networks append to the address of a landing page. Only their kind is kept, never their
//! value. The table is a file in `data/`. What a kind means for the source of a session is decided in `source`.

use std::sync::OnceLock;

use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

use super::scrub;

/// The lengths that a Google click id can have, characters.
pub const GCLID_LENGTHS: std::ops::RangeInclusive<usize> = 10..=200;
/// Longest value of any other click id, characters.
pub const VALUE_MAX: usize = 1_024;

const GCLID: &str = "gclid";

/// What a click id says of the click.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Meaning {
    PaidSearch,
    PaidSocial,
    /// An ad that is neither.
    PaidDisplay,
    /// The click came from this search engine, by an ad or not.
    Search,
    /// The click came from this network, by an ad or not.
    Social,
    /// The click came by an affiliate network.
    Partner,
}

/// The kind of a click id, as it is stored. 0 means none.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ClickId(pub u8);

/// A line of the table.
#[derive(Clone, Copy, Debug)]
struct Line {
    id: ClickId,
    key: &'static str,
    network: &'static str,
    meaning: Meaning,
}

impl ClickId {
    pub const NONE: Self = Self(0);

    /// All kinds. Of several in one address, the first one here counts.
    pub fn all() -> impl Iterator<Item = Self> {
        table().lines.iter().map(|line| line.id)
    }

    /// The kind of a parameter. Returns `None` when the key, in the form that `plain_key` gives, is not that of a click
    /// id, or when the value cannot be one, such as a placeholder that an ad system did not fill in.
    pub(super) fn of(key: &str, value: &str) -> Option<Self> {
        let line = table().lines.get(*table().by_key.get(key)?)?;
        let lengths = if key == GCLID { GCLID_LENGTHS } else { 1..=VALUE_MAX };
        let fits = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_') || key != GCLID && b == b'.';
        (lengths.contains(&value.len()) && value.bytes().all(fits)).then_some(line.id)
    }

    /// The one that counts of two in one address.
    pub(super) fn or(self, other: Self) -> Self {
        Self::all().find(|id| *id == self || *id == other).unwrap_or(self)
    }

    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.0 == 0
    }

    fn line(self) -> Option<&'static Line> {
        table().lines.iter().find(|line| line.id == self)
    }

    /// The name of the parameter. It is empty for none.
    #[must_use]
    pub fn key(self) -> &'static str {
        self.line().map_or("", |line| line.key)
    }

    #[must_use]
    pub fn parse(key: &str) -> Option<Self> {
        table().by_key.get(key).and_then(|at| table().lines.get(*at)).map(|line| line.id)
    }

    /// The network or engine that appends it. For those of `Meaning::Search` and social networks, it is the name that the
    /// tables of referrers use.
    #[must_use]
    pub fn network(self) -> &'static str {
        self.line().map_or("", |line| line.network)
    }

    #[must_use]
    pub fn meaning(self) -> Option<Meaning> {
        self.line().map(|line| line.meaning)
    }
}

/// Whether a query key, in the form that `plain_key` gives, says how the visitor came. Such keys are no part of a page.
#[must_use]
pub(super) fn is_click_key(key: &str) -> bool {
    let table = table();
    table.by_key.contains_key(key)
        || table.other_keys.contains(key)
        || table.begin.iter().any(|begin| key.starts_with(begin))
}

struct Table {
    lines: Vec<Line>,
    /// Indexes into `lines`.
    by_key: FxHashMap<&'static str, usize>,
    other_keys: FxHashSet<&'static str>,
    /// The keys that begin like this.
    begin: Vec<&'static str>,
}

fn table() -> &'static Table {
    static TABLE: OnceLock<Table> = OnceLock::new();
    TABLE.get_or_init(Table::load)
}

impl Table {
    fn load() -> Self {
        let mut table = Self {
            lines: Vec::new(),
            by_key: FxHashMap::default(),
            other_keys: FxHashSet::default(),
            begin: Vec::new(),
        };
        for row in scrub::lines(include_str!("data/click_ids.txt")) {
            if let Some(line) = Line::read(row) {
                table.by_key.insert(line.key, table.lines.len());
                table.lines.push(line);
            } else if let Some(begin) = row.strip_suffix('*') {
                table.begin.push(begin);
            } else {
                table.other_keys.insert(row);
            }
        }
        table
    }
}

impl Line {
    /// `None` for the keys that are no click ids.
    fn read(row: &'static str) -> Option<Self> {
        let mut columns = row.split('|').map(str::trim);
        let (key, network) = (columns.next()?, columns.next()?);
        let meaning = match columns.next()? {
            "paid search" => Meaning::PaidSearch,
            "paid social" => Meaning::PaidSocial,
            "paid display" => Meaning::PaidDisplay,
            "search" => Meaning::Search,
            "social" => Meaning::Social,
            _ => Meaning::Partner,
        };
        Some(Self { id: ClickId(columns.next()?.parse().ok()?), key, network, meaning })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::referrer;

    #[test]
    fn the_table_is_well_formed() {
        let mut numbers = std::collections::HashSet::new();
        let mut keys = std::collections::HashSet::new();
        for row in scrub::lines(include_str!("data/click_ids.txt")) {
            let Some(line) = Line::read(row) else {
                assert!(!row.contains([' ', '|']) && row == row.to_lowercase(), "{row}");
                assert!(keys.insert(row), "{row}");
                continue;
            };
            assert!(keys.insert(line.key) && numbers.insert(line.id), "{row} stands twice");
            assert!(!line.id.is_none() && !line.network.is_empty() && line.key == line.key.to_lowercase());
            assert!(line.meaning != Meaning::Partner || row.contains("| partner |"), "{row}");
            if matches!(line.meaning, Meaning::PaidSocial | Meaning::Social) {
                assert_eq!(referrer::network(&line.network.to_lowercase()), Some(line.network), "{row}");
            }
            assert_eq!(ClickId::parse(line.key), Some(line.id));
            assert_eq!((line.id.key(), line.id.network()), (line.key, line.network));
            assert_eq!(line.id.meaning(), Some(line.meaning));
        }
        assert!(numbers.len() >= 25);
        assert_eq!((ClickId::NONE.key(), ClickId(255).network()), ("", ""));
    }

    /// The numbers are stored, so they can never change.
    #[test]
    fn the_numbers_stay() {
        for (key, number) in [("gclid", 1), ("gad_source", 5), ("msclkid", 6), ("ttclid", 8), ("fbclid", 20)]
        {
            assert_eq!(ClickId::parse(key), Some(ClickId(number)), "{key}");
        }
    }

    #[test]
    fn a_value_is_taken_at_the_limit_and_not_one_past_it() {
        let taken = |key: &str, length: usize| ClickId::of(key, &"a".repeat(length)).is_some();
        for (key, shortest, longest) in
            [("gclid", *GCLID_LENGTHS.start(), *GCLID_LENGTHS.end()), ("fbclid", 1, VALUE_MAX)]
        {
            assert!(taken(key, shortest) && taken(key, longest), "{key}");
            assert!(!taken(key, shortest - 1) && !taken(key, longest + 1), "{key}");
        }
        for (key, value) in
            [("msclkid", "{msclkid}"), ("gclid", "aaaaaaaaaa.a"), ("ttclid", "a b"), ("other", "a")]
        {
            assert_eq!(ClickId::of(key, value), None, "{key}");
        }
        assert!(ClickId::of("ttclid", "E.C.P.abc").is_some());
    }

    #[test]
    fn an_ad_counts_before_what_tells_the_network_only() {
        let of = |key| ClickId::parse(key).unwrap();
        for (one, other, counts) in [
            ("fbclid", "msclkid", "msclkid"),
            ("gclid", "gad_source", "gclid"),
            ("dclid", "gad_source", "dclid"),
        ] {
            assert_eq!(of(one).or(of(other)), of(counts));
            assert_eq!(of(other).or(of(one)), of(counts));
        }
        assert_eq!(ClickId::NONE.or(of("fbclid")), of("fbclid"));
    }
}
