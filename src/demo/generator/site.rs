//! The site of an invented company: its pages, which of them visitors read, and where they go next. The example site of
//! the demo is made of the same tables, so every page of the history can be opened there.

use std::collections::BTreeMap;

use crate::demo::generator::seeded_random::{RandomStream, WeightedTable, number, rows};

const PAGES: &str = include_str!("data/pages.txt");
const TOPICS: &str = include_str!("data/topics.txt");
const SECTIONS: &str = include_str!("data/sections.txt");
/// Added to the rank of a thread. A higher number makes the first threads more alike.
const RANK_OFFSET: u64 = 9;
/// A weight of 1 in the table of pages, in the finer unit of the threads.
const UNIT: u64 = 1_000_000;
/// The weight of all threads together is about half of this.
const THREADS: u64 = 720 * UNIT;
const NEWSLETTER_SIGN_UP: &str = "/newsletter/thanks";

/// A page of the site.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SitePage {
    pub section: &'static str,
    pub path: String,
    pub title: String,
    pub summary: &'static str,
    weight: u64,
}

/// Every page of the site: those of the table, then the threads of the community, the most popular first.
#[must_use]
pub fn pages() -> Vec<SitePage> {
    let listed = rows(PAGES).filter_map(|row| {
        let [section, weight, path, title, summary] = *row.as_slice() else { return None };
        let (path, title, weight) = (path.to_owned(), title.to_owned(), number(weight) * UNIT);
        Some(SitePage { section, path, title, summary, weight })
    });
    listed.chain(threads()).collect()
}

/// One thread for each combination of a subject, a trouble and a place.
fn threads() -> Vec<SitePage> {
    let words = |column: &str| {
        let found = rows(TOPICS).filter(|row| row.first() == Some(&column));
        found.filter_map(|row| row.get(1).copied()).collect::<Vec<_>>()
    };
    let (subjects, troubles, places) = (words("subject"), words("trouble"), words("where"));
    let count = subjects.len() * troubles.len() * places.len();
    // A step that shares no factor with the count visits each combination once, in no visible order.
    let step = (count / 2..).find(|step| gcd(*step, count) == 1).unwrap_or(1);
    let thread = |rank: usize| {
        let index = rank * step % count;
        let subject = subjects.get(index % subjects.len())?;
        let trouble = troubles.get(index / subjects.len() % troubles.len())?;
        let place = places.get(index / subjects.len() / troubles.len())?;
        let title = format!("{subject} {trouble}{place}");
        let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let slug = words.collect::<Vec<_>>().join("-").to_ascii_lowercase();
        Some(SitePage {
            section: "community",
            path: format!("/community/{}-{slug}", index + 100),
            title,
            summary: "A question of somebody who owns one, and what others answered.",
            weight: weight_of_thread(u64::try_from(rank).ok()?),
        })
    };
    (0..count).filter_map(thread).collect()
}

/// Falls with the rank to the power of 1.25, in whole numbers. Of a few page views most go to the first thousand
/// threads; of millions, every thread gets some.
fn weight_of_thread(rank: u64) -> u64 {
    let place = rank + RANK_OFFSET;
    let hundred_fold_fourth_root = (place * 100_000_000).isqrt().isqrt();
    THREADS * 100 / (place * hundred_fold_fourth_root.max(1))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

/// Index of a page within the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct PageIndex(u32);

/// The pages, and tables to choose them from.
pub(super) struct Site {
    pages: Vec<SitePage>,
    /// For each section, its pages and the sections that visitors go to next.
    sections: BTreeMap<&'static str, (WeightedTable<PageIndex>, WeightedTable<&'static str>)>,
    /// The page on which a visitor signs up for the newsletter.
    pub sign_up: PageIndex,
}

impl Site {
    pub(super) fn new() -> Self {
        let pages = pages();
        let names: Vec<&str> = rows(SECTIONS).filter_map(|row| row.first().copied()).collect();
        let indexed = || (0..).map(PageIndex).zip(&pages);
        let sections = rows(SECTIONS).filter_map(|row| {
            let (name, next) = row.split_first()?;
            let own = indexed().filter(|(_, page)| page.section == *name);
            let own = WeightedTable::new(own.map(|(index, page)| (page.weight, index)));
            let next = next.iter().map(|weight| number(weight)).zip(names.iter().copied());
            Some((*name, (own, WeightedTable::new(next))))
        });
        let sections = sections.collect();
        let sign_up = indexed().find(|(_, page)| page.path == NEWSLETTER_SIGN_UP);
        let sign_up = sign_up.map_or(PageIndex(0), |(index, _)| index);
        Self { sections, sign_up, pages }
    }

    #[expect(clippy::indexing_slicing, reason = "an index is made here only, for each page one")]
    pub(super) fn page(&self, index: PageIndex) -> &SitePage {
        &self.pages[index.0 as usize]
    }

    /// A page of a section; popular ones more often.
    #[expect(clippy::indexing_slicing, reason = "the tables are part of the binary; the tests read them")]
    pub(super) fn choose(&self, random: &RandomStream, section: &str) -> PageIndex {
        random.pick(&self.sections[section].0)
    }

    /// The page that a visitor opens after `from`, which is seldom the same again.
    #[expect(clippy::indexing_slicing, reason = "the tables are part of the binary; the tests read them")]
    pub(super) fn choose_next(&self, random: &RandomStream, from: PageIndex) -> PageIndex {
        let section = random.pick(&self.sections[self.page(from).section].1);
        let chosen = self.choose(random, section);
        if chosen == from { self.choose(random, section) } else { chosen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::page::Page;

    #[test]
    fn every_row_of_the_tables_is_a_page_of_its_own() {
        let words = |what: &str| rows(TOPICS).filter(|row| row[0] == what).count();
        let threads = words("subject") * words("trouble") * words("where");
        assert!((15_000..25_000).contains(&threads), "{threads}");
        let all = pages();
        assert_eq!(all.len(), rows(PAGES).count() + threads);
        let paths: std::collections::BTreeSet<&str> = all.iter().map(|page| page.path.as_str()).collect();
        assert_eq!(paths.len(), all.len(), "two pages have one path");
        for page in &all {
            assert!(page.weight > 0 && !page.title.is_empty(), "{}", page.path);
            let recorded = Page::recorded(&format!("http://localhost:8081{}", page.path), None, None);
            assert_eq!(recorded.unwrap().page.path, page.path);
        }
    }

    #[test]
    fn sections_are_complete_and_lead_to_each_other() {
        let site = Site::new();
        assert_eq!(site.page(site.sign_up).path, NEWSLETTER_SIGN_UP);
        assert!(site.pages.iter().all(|page| site.sections.contains_key(page.section)));
        let count = site.sections.len();
        assert!(
            rows(SECTIONS)
                .all(|row| row.len() == count + 1 && row[1..].iter().all(|w| w.parse::<u64>().is_ok()))
        );
    }
}
