//! How visits begin: from where, with which campaign, on which part of the site. What that means is decided by
//! the rules of `domain::source`, as for any visit.

use rustc_hash::FxHashMap;

use crate::demo::generator::dice::{Dice, Weighted, rows, weight};
use crate::demo::generator::site::{PageNumber, Placed, Section};
use crate::domain::campaign::Campaign;
use crate::domain::page::Page;
use crate::domain::scrub;
use crate::domain::source::{self, Origin};

/// Sites of the long tail that link here.
const TAIL: u16 = 2_500;
/// Arrivals worked out and remembered; past it all are forgotten.
const REMEMBERED_MAX: usize = 20_000;

/// What is special about a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Mood {
    Usual,
    /// The newsletter went out today, or yesterday.
    Letter,
    LetterPast,
    /// Something is sold for less.
    Sale,
    /// People talk about an article.
    Talk,
}

/// A line of the table.
struct Way {
    section: Section,
    referrer: &'static str,
    query: &'static str,
}

/// A way a visit began: line of the table, and which site of the long tail.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Arrival {
    way: u16,
    tail: u16,
}

/// What the rules made of an arrival.
#[derive(Clone)]
pub(super) struct Read {
    pub origin: Origin,
    pub campaign: Campaign,
    pub referrer: String,
}

/// All ways.
pub(super) struct Ways {
    all: Vec<Way>,
    usual: Weighted<u16>,
    letter: Weighted<u16>,
    sale: Weighted<u16>,
    talk: Weighted<u16>,
}

impl Ways {
    pub(super) fn new() -> Self {
        let mut all = Vec::new();
        let mut when = Vec::new();
        for row in rows(include_str!("data/arrivals.txt")) {
            let [time, drawn, section, referrer, query] = row.as_slice() else { continue };
            let Some(section) = Section::parse(section) else { continue };
            all.push(Way { section, referrer, query });
            when.push((*time, weight(drawn)));
        }
        let of = |time: &str| {
            let places = (0..).zip(&when).filter(|(_, (at, _))| *at == time);
            Weighted::new(places.map(|(place, (_, weight))| (*weight, place)))
        };
        Self { usual: of("always"), letter: of("letter"), sale: of("sale"), talk: of("talk"), all }
    }

    /// How a visit of such a day begins, and on which part of the site.
    pub(super) fn draw(&self, dice: &Dice, mood: Mood) -> (Arrival, Section) {
        let table = match mood {
            Mood::Letter if dice.chance(330) => &self.letter,
            Mood::LetterPast if dice.chance(110) => &self.letter,
            Mood::Sale if dice.chance(240) => &self.sale,
            Mood::Talk if dice.chance(440) => &self.talk,
            _ => &self.usual,
        };
        let way = *dice.pick(table);
        // Few of the tail send many.
        let rank = dice.unit();
        let tail = (rank * rank * rank * f64::from(TAIL)) as u16;
        let section = self.all.get(usize::from(way)).map_or(Section::Home, |way| way.section);
        (Arrival { way, tail }, section)
    }
}

/// Arrivals as the rules read them, each worked out once.
pub(super) struct Reader {
    ways: Ways,
    known: FxHashMap<(Arrival, PageNumber, i32), Read>,
}

impl Reader {
    pub(super) fn new() -> Self {
        Self { ways: Ways::new(), known: FxHashMap::default() }
    }

    /// `month` counts from year 0.
    pub(super) fn read(
        &mut self,
        arrival: Arrival,
        (number, page): (PageNumber, &Placed),
        month: i32,
        own: impl Fn(&str) -> bool,
    ) -> Read {
        let key = (arrival, number, month);
        if let Some(known) = self.known.get(&key) {
            return known.clone();
        }
        let read = self.work_out(arrival, page, month, own);
        if self.known.len() >= REMEMBERED_MAX {
            self.known.clear();
        }
        self.known.insert(key, read.clone());
        read
    }

    /// What the browser would tell: the address of the page with its campaign, and the referrer.
    pub(super) fn told(&self, arrival: Arrival, page: &Placed, month: i32) -> (String, String) {
        let way = self.ways.all.get(usize::from(arrival.way));
        let (referrer, query) = way.map_or(("", ""), |way| (way.referrer, way.query));
        let fill = |text: &str| {
            let date = format!("{:04}-{:02}", month.div_euclid(12), month.rem_euclid(12) + 1);
            text.replace("{month}", &date).replace("{n}", &arrival.tail.to_string())
        };
        let mark = if query.is_empty() { "" } else { "?" };
        (format!("{}{mark}{}", page.url, fill(query)), fill(referrer))
    }

    fn work_out(&self, arrival: Arrival, page: &Placed, month: i32, own: impl Fn(&str) -> bool) -> Read {
        let (landing, referrer) = self.told(arrival, page, month);
        let referrer = scrub::scrub_referrer(&referrer);
        match Page::recorded(&landing, None, None) {
            Ok(recorded) => Read {
                origin: source::attribute(&recorded, &referrer, own),
                campaign: Campaign::of(&recorded.landing),
                referrer,
            },
            // The pages of a site are addresses, with a query too.
            Err(_) => Read {
                origin: Origin::Internal { entrance: page.entrance.clone() },
                campaign: Campaign::default(),
                referrer,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generator::site::Site;
    use crate::domain::source::Source;

    #[test]
    fn every_line_is_read_and_all_sources_come_about() {
        let written = rows(include_str!("data/arrivals.txt")).count();
        let mut reader = Reader::new();
        assert_eq!(reader.ways.all.len(), written);
        let site = Site::new("https://www.example.com").unwrap();
        let dice = Dice::of(1, 1);
        let page = site.choose(&dice, Section::Blog);
        let mut seen = Vec::new();
        for way in 0..u16::try_from(written).unwrap() {
            let arrival = Arrival { way, tail: 3 };
            let read =
                reader.read(arrival, (page, site.page(page)), 2026 * 12, |host| host == "www.example.com");
            let Origin::From(from) = read.origin else { panic!("{way} is internal") };
            assert!(!read.referrer.contains('{') && !read.campaign.campaign.contains('{'));
            seen.push(from.source);
        }
        let missing: Vec<_> = Source::ALL.into_iter().filter(|s| !seen.contains(s)).collect();
        assert_eq!(missing, [Source::Offline], "no browser comes from offline");
    }
}
