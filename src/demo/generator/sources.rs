//! How visits begin: the referrer, the campaign and the section of the site. The rules of `domain::source` then decide
//! which source that is, as for any visit.

use crate::demo::generator::seeded_random::{RandomStream, WeightedTable, number, rows};
use crate::demo::generator::traffic_curve::SpecialDay;

/// Number of sites in the long tail of referrers.
const TAIL: f64 = 2_500.0;

/// A row of the table of sources. In `referrer` and `query`, `{n}` stands for a site of the long tail and `{month}` for the
/// month, as in `2026-11`.
#[derive(Clone, Copy)]
struct Way {
    section: &'static str,
    referrer: &'static str,
    query: &'static str,
}

/// The table of sources, divided by the days on which they are used.
pub(super) struct Sources {
    usual: WeightedTable<Way>,
    special: [(&'static str, WeightedTable<Way>); 3],
}

impl Sources {
    pub(super) fn new() -> Self {
        let of = |wanted: &'static str| {
            WeightedTable::new(rows(include_str!("data/sources.txt")).filter_map(move |row| {
                match *row.as_slice() {
                    [when, weight, section, referrer, query] if when == wanted => {
                        Some((number(weight), Way { section, referrer, query }))
                    }
                    _ => None,
                }
            }))
        };
        Self { usual: of("always"), special: ["letter", "sale", "talk"].map(|when| (when, of(when))) }
    }

    /// How a visit of such a day begins: the section of the site, the query of the landing page's address with its
    /// question mark, and the referrer.
    pub(super) fn draw(
        &self,
        random: &RandomStream,
        day: SpecialDay,
        month: &str,
    ) -> (&'static str, String, String) {
        let special = self.special.iter().find(|(when, _)| *when == day.sources && random.chance(day.share));
        let way = random.pick(special.map_or(&self.usual, |(_, table)| table));
        // A few sites of the tail send many visitors.
        let rank = random.fraction();
        let site = (rank * rank * rank * TAIL) as u64;
        let fill = |text: &str| text.replace("{month}", month).replace("{n}", &site.to_string());
        let mark = if way.query.is_empty() { "" } else { "?" };
        (way.section, format!("{mark}{}", fill(way.query)), fill(way.referrer))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::Page;
    use crate::domain::source::{Origin, Source, attribute};

    #[test]
    fn every_row_is_read_and_all_sources_occur() {
        let sources = Sources::new();
        let tables = sources.special.iter().map(|(_, table)| table).chain([&sources.usual]);
        let read: usize = tables.map(|table| table.items().len()).sum();
        assert_eq!(read, rows(include_str!("data/sources.txt")).count());
        let random = RandomStream::new(1, 1);
        let mut missing = Source::ALL.to_vec();
        for _ in 0..20_000 {
            let (_, query, referrer) = sources.draw(&random, SpecialDay::USUAL, "2026-11");
            assert!(!query.contains('{') && !referrer.contains('{'));
            let recorded = Page::recorded(&format!("https://www.example.com/{query}"), None, None).unwrap();
            let Origin::From(from) = attribute(&recorded, &referrer, |host| host == "www.example.com") else {
                panic!("{referrer} is internal")
            };
            missing.retain(|source| *source != from.source);
        }
        assert_eq!(missing, [Source::Offline], "no browser comes from offline");
    }
}
