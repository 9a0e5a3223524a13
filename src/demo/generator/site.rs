//! The site of an invented company: its pages, which of them people look at, and where they go next. The example
//! site of the demo is made of the same table, so that every page of the history can be looked at.

use crate::demo::generator::dice::{Dice, Weighted, rows, weight};
use crate::domain::page::Page;

const PAGES: &str = include_str!("data/pages.txt");
const TOPICS: &str = include_str!("data/topics.txt");
/// Ranks before the first of the community's threads; a higher number makes the first ones more alike.
const HEAD: u64 = 9;
/// A written page's weight of 1, in those of the threads.
const UNIT: u64 = 1_000_000;
/// Weight of all threads together, about half of what it is multiplied with.
const THREADS: u64 = 720 * UNIT;

/// Part of the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Section {
    Home,
    Product,
    Pricing,
    Shop,
    Docs,
    Blog,
    Community,
    Company,
    Planner,
    Newsletter,
}

impl Section {
    pub const ALL: [Self; 10] = [
        Self::Home,
        Self::Product,
        Self::Pricing,
        Self::Shop,
        Self::Docs,
        Self::Blog,
        Self::Community,
        Self::Company,
        Self::Planner,
        Self::Newsletter,
    ];

    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Home => "home",
            Self::Product => "product",
            Self::Pricing => "pricing",
            Self::Shop => "shop",
            Self::Docs => "docs",
            Self::Blog => "blog",
            Self::Community => "community",
            Self::Company => "company",
            Self::Planner => "planner",
            Self::Newsletter => "newsletter",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|section| section.as_str() == text)
    }

    /// Where people go from here, as weights in the order of `ALL`.
    const fn next(self) -> [u64; 10] {
        match self {
            Self::Home => [2, 40, 14, 1, 12, 14, 4, 6, 6, 2],
            Self::Product => [4, 44, 16, 14, 8, 3, 3, 2, 6, 1],
            Self::Pricing => [6, 26, 10, 18, 8, 2, 1, 8, 6, 2],
            Self::Shop => [6, 22, 6, 52, 4, 1, 1, 3, 0, 1],
            Self::Docs => [3, 8, 4, 1, 62, 4, 15, 2, 1, 0],
            Self::Blog => [8, 16, 4, 1, 7, 46, 5, 4, 2, 6],
            Self::Community => [3, 6, 2, 1, 18, 4, 64, 1, 1, 0],
            Self::Company => [14, 20, 14, 1, 8, 14, 2, 22, 2, 4],
            Self::Planner => [2, 18, 12, 12, 4, 1, 1, 1, 48, 1],
            Self::Newsletter => [16, 20, 4, 2, 6, 34, 4, 8, 4, 0],
        }
    }
}

/// A page as it is written in the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed {
    pub section: Section,
    pub path: String,
    pub title: String,
    pub summary: String,
    weight: u64,
}

/// Every page of the site: those of the table, then the threads of the community, most read first.
#[must_use]
pub fn pages() -> Vec<Listed> {
    let written = rows(PAGES).filter_map(|row| {
        let [section, drawn, path, title, summary] = row.as_slice() else { return None };
        Some(Listed {
            section: Section::parse(section)?,
            path: (*path).to_owned(),
            title: (*title).to_owned(),
            summary: (*summary).to_owned(),
            weight: weight(drawn) * UNIT,
        })
    });
    let words = |what: &str| {
        let found = rows(TOPICS).filter(|row| row.first() == Some(&what));
        found.filter_map(|row| row.get(1).copied()).collect::<Vec<_>>()
    };
    let (subjects, troubles, places) = (words("subject"), words("trouble"), words("where"));
    let count = subjects.len() * troubles.len() * places.len();
    // A step that shares no factor with the count visits every one once, in an order without pattern.
    let step = (count / 2..).find(|step| step % 2 == 1 && gcd(*step, count) == 1).unwrap_or(1);
    let threads = (0..count).filter_map(|rank| {
        let number = rank * step % count;
        let subject = subjects.get(number % subjects.len())?;
        let trouble = troubles.get(number / subjects.len() % troubles.len())?;
        let place = places.get(number / subjects.len() / troubles.len())?;
        let title = format!("{subject} {trouble}{place}");
        let path = format!("/community/{}-{}", number + 100, slug(&title));
        let weight = weight_of_thread(u64::try_from(rank).ok()?);
        let summary = "A question of somebody who owns one, and what others answered.".to_owned();
        Some(Listed { section: Section::Community, path, title, summary, weight })
    });
    written.chain(threads).collect()
}

/// By rank to the power of -1.25, in whole numbers: of few views most go to the first thousand threads, of millions
/// some to every one.
fn weight_of_thread(rank: u64) -> u64 {
    let place = rank + HEAD;
    // The fourth root, a hundred times.
    let root = (place * 100_000_000).isqrt().isqrt();
    THREADS * 100 / (place * root.max(1))
}

fn gcd(a: usize, b: usize) -> usize {
    if b == 0 { a } else { gcd(b, a % b) }
}

fn slug(title: &str) -> String {
    let words = title.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-").to_ascii_lowercase()
}

/// Number of a page within the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) struct PageNumber(pub u32);

/// A page of the site on its host.
pub(super) struct Placed {
    pub section: Section,
    /// With scheme.
    pub url: String,
    pub page: Page,
    pub title: String,
    /// Host and path, by which a visit that begins here is known.
    pub entrance: String,
}

/// The site on a host.
pub(super) struct Site {
    pages: Vec<Placed>,
    /// By `Section::ALL`: its pages, and where people go from it.
    sections: Vec<(Weighted<PageNumber>, Weighted<Section>)>,
    /// Where somebody signs up for the newsletter.
    pub thanks: PageNumber,
}

impl Site {
    /// `origin` is scheme and host, such as `https://example.com`. None when that is no address.
    pub(super) fn new(origin: &str) -> Option<Self> {
        let listed = pages();
        let mut placed = Vec::with_capacity(listed.len());
        for page in &listed {
            let url = format!("{origin}{}", page.path);
            let recorded = Page::recorded(&url, None, None).ok()?.page;
            placed.push(Placed {
                section: page.section,
                entrance: recorded.host_and_path(),
                page: recorded,
                title: page.title.clone(),
                url,
            });
        }
        let numbered = || (0..).map(PageNumber).zip(&listed);
        let sections = Section::ALL.map(|section| {
            let own = numbered().filter(|(_, page)| page.section == section);
            let next = section.next().into_iter().zip(Section::ALL);
            (Weighted::new(own.map(|(number, page)| (page.weight, number))), Weighted::new(next))
        });
        let thanks = numbered().find(|(_, page)| page.path == "/newsletter/thanks")?.0;
        Some(Self { pages: placed, sections: sections.into(), thanks })
    }

    #[expect(clippy::indexing_slicing, reason = "numbers are made here, one a page")]
    pub(super) fn page(&self, number: PageNumber) -> &Placed {
        &self.pages[number.0 as usize]
    }

    #[expect(clippy::indexing_slicing, reason = "one entry a section")]
    fn section(&self, section: Section) -> &(Weighted<PageNumber>, Weighted<Section>) {
        &self.sections[section as usize]
    }

    /// A page of a section, as people choose them.
    pub(super) fn choose(&self, dice: &Dice, section: Section) -> PageNumber {
        *dice.pick(&self.section(section).0)
    }

    /// Where somebody goes from a page; seldom to the same again.
    pub(super) fn choose_next(&self, dice: &Dice, from: PageNumber) -> PageNumber {
        let to = *dice.pick(&self.section(self.page(from).section).1);
        let chosen = self.choose(dice, to);
        if chosen == from { self.choose(dice, to) } else { chosen }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_line_of_the_table_is_a_page_of_its_own() {
        let lines = PAGES.lines().filter(|line| !line.starts_with('#')).count();
        let words = |what: &str| rows(TOPICS).filter(|row| row[0] == what).count();
        let threads = words("subject") * words("trouble") * words("where");
        assert!((15_000..25_000).contains(&threads), "{threads}");
        let all = pages();
        assert_eq!(all.len(), lines + threads);
        let paths: std::collections::BTreeSet<&str> = all.iter().map(|page| page.path.as_str()).collect();
        assert_eq!(paths.len(), all.len(), "two pages have one path");
        assert!(
            all.iter().all(|page| page.weight > 0 && page.path.starts_with('/') && !page.title.is_empty())
        );
        assert!(Section::ALL.iter().enumerate().all(|(place, section)| *section as usize == place));
        let site = Site::new("http://localhost:8081").unwrap();
        for (listed, placed) in all.iter().zip(&site.pages) {
            assert_eq!((&*placed.page.host, &placed.page.path), ("localhost:8081", &listed.path));
        }
    }
}
