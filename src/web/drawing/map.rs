//! The world map: countries coloured by a count, drawn as SVG from the outlines in `map/world.txt`. The table under
//! the map has the same numbers, so people who cannot see the map or its colours miss nothing.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use askama::Template;
use askama::filters::HtmlSafe;

use crate::web::drawing::format;
use crate::web::text::{Texts, fill};

/// Most colours.
const CLASSES: usize = 5;

/// Country code → outline.
static WORLD: LazyLock<BTreeMap<&'static str, Outline>> =
    LazyLock::new(|| read(include_str!("map/world.txt")));

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outline {
    Area(&'static str),
    /// The position `x y` of a country that is too small for an outline.
    Dot(&'static str),
}

fn read(table: &'static str) -> BTreeMap<&'static str, Outline> {
    let lines = table.lines().filter(|line| !line.starts_with('#'));
    lines
        .filter_map(|line| {
            let (code, outline) = line.split_once(' ')?;
            Some((
                code,
                if outline.starts_with('M') { Outline::Area(outline) } else { Outline::Dot(outline) },
            ))
        })
        .collect()
}

#[derive(Clone, Debug)]
pub struct Country {
    /// ISO 3166-1 code. Any other text is listed beside the map.
    pub code: String,
    pub count: i64,
    pub title: String,
    /// Filters the report by the country.
    pub href: String,
}

/// The map, its legend, and a list of what has no place on the map.
#[derive(Template)]
#[template(path = "_map.html")]
pub struct Map {
    t: &'static Texts,
    /// The element's `id`, unique on its page.
    id: &'static str,
    title: String,
    /// Outline and title of the countries without visitors.
    land: Vec<(&'static str, String)>,
    areas: Vec<Place>,
    /// Small countries, drawn above the areas.
    dots: Vec<Place>,
    legend: Vec<Class>,
    /// Titles of the countries that are not on the map.
    elsewhere: Vec<String>,
}

impl HtmlSafe for Map {}

struct Place {
    path: String,
    /// Number of its colour, from 1.
    level: usize,
    title: String,
    href: String,
}

/// One colour of the legend: counts from `from` to `to`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Class {
    from: i64,
    to: i64,
}

impl Map {
    /// `countries` contains each country with visitors once; `nobody` makes the title of the others.
    pub fn new(
        t: &'static Texts,
        id: &'static str,
        title: String,
        countries: Vec<Country>,
        nobody: impl Fn(&str) -> String,
    ) -> Self {
        let shown = countries.iter().filter(|c| WORLD.contains_key(c.code.as_str())).map(|c| c.count);
        let (least, most) = (shown.clone().min(), shown.max());
        let legend = classes(least.unwrap_or(0), most.unwrap_or(0));
        let mut map = Self {
            t,
            id,
            title,
            land: Vec::new(),
            areas: Vec::new(),
            dots: Vec::new(),
            legend,
            elsewhere: Vec::new(),
        };
        let mut left: BTreeMap<&str, Outline> = WORLD.clone();
        for country in countries {
            let level = map.legend.iter().filter(|class| class.from <= country.count).count();
            let Country { code, title, href, .. } = country;
            let (places, path) = match left.remove(code.as_str()) {
                Some(Outline::Area(path)) => (&mut map.areas, path.to_owned()),
                Some(Outline::Dot(at)) => (&mut map.dots, dot(at)),
                None => {
                    map.elsewhere.push(title);
                    continue;
                }
            };
            places.push(Place { path, level, title, href });
        }
        let land = left.into_iter().filter_map(|(code, outline)| match outline {
            Outline::Area(path) => Some((path, nobody(code))),
            Outline::Dot(_) => None,
        });
        map.land = land.collect();
        map
    }

    /// `5–49`
    fn span(&self, class: &Class) -> String {
        let text = |n| format::number(&self.t.number, n);
        if class.from == class.to {
            text(class.from)
        } else {
            fill(self.t.report.map.span, &[("from", &text(class.from)), ("to", &text(class.to))])
        }
    }

    fn elsewhere_text(&self) -> String {
        let list = self.elsewhere.join(self.t.report.map.between);
        fill(self.t.report.map.elsewhere, &[("list", &list)])
    }
}

/// A line of almost no length: a round pen draws it as a dot that keeps its size when the map is scaled.
fn dot(at: &str) -> String {
    format!("M{at}h.01")
}

/// Divides the counts from `least` to `most` into classes. Visitor counts per country have a long tail, so the
/// lower bounds grow by a constant factor. They are rounded to 1, 2 or 5 times a power of ten. The first class
/// starts at `least`, so that on a busy site no class is empty.
fn classes(least: i64, most: i64) -> Vec<Class> {
    let least = least.max(1);
    if most < least {
        return Vec::new();
    }
    let ratio = most as f64 / least as f64;
    let bound = |i: usize| nice(least as f64 * ratio.powf(i as f64 / CLASSES as f64));
    let mut bounds = vec![least];
    bounds.extend((1..CLASSES).map(bound).filter(|bound| *bound > least));
    bounds.dedup();
    let ends = bounds.iter().skip(1).map(|next| next - 1).chain([most]);
    bounds.iter().zip(ends).map(|(from, to)| Class { from: *from, to }).collect()
}

/// The largest of 1, 2, 5 × 10^k that is at most `value`; `value` must be at least 1.
fn nice(value: f64) -> i64 {
    // The power function may return slightly less than a whole number.
    let value = value + 1e-9;
    let mut power = 1_i64;
    while (power.saturating_mul(10) as f64) <= value && power < i64::MAX / 10 {
        power *= 10;
    }
    let factor = [5, 2, 1].into_iter().find(|factor| (factor * power) as f64 <= value).unwrap_or(1);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::web::text::EN;

    fn country(code: &str, count: i64) -> Country {
        Country {
            code: code.into(),
            count,
            title: format!("{code}: {count}"),
            href: format!("/x?filter=country:is:{code}"),
        }
    }

    fn map(countries: Vec<Country>) -> Map {
        Map::new(&EN, "map", "Visitors by country".into(), countries, |code| format!("{code}: none"))
    }

    fn bounds(most: i64) -> Vec<i64> {
        classes(1, most).iter().map(|class| class.from).collect()
    }

    #[test]
    fn every_country_with_a_name_has_a_place_but_two() {
        let missing: Vec<_> = EN.label.country.codes().filter(|c| !WORLD.contains_key(c)).collect();
        assert_eq!(missing, ["AQ", "TK"]);
        assert!(WORLD.keys().all(|code| EN.label.country.codes().any(|known| known == *code)));
        let areas = WORLD.values().filter(|outline| matches!(outline, Outline::Area(_))).count();
        assert_eq!((WORLD.len(), areas), (248, 176));
        assert!(include_str!("map/world.txt").len() <= 60_000);
    }

    /// Every outline is inside the map, closed, and a valid path.
    #[test]
    fn outlines_lie_on_the_map() {
        for (code, outline) in WORLD.iter() {
            let Outline::Area(path) = outline else { continue };
            for ring in path.split_terminator('z') {
                let (start, steps) = ring.strip_prefix('M').and_then(|ring| ring.split_once('l')).unwrap();
                let numbers = |text: &str| -> Vec<i32> {
                    let spaced = text.replace('-', " -");
                    spaced.split_whitespace().map(|n| n.parse().unwrap()).collect()
                };
                let (mut at, steps) = (numbers(start), numbers(steps));
                assert!(at.len() == 2 && steps.len() >= 4 && steps.len().is_multiple_of(2), "{code} {ring}");
                for step in steps.chunks(2) {
                    at = vec![at[0] + step[0], at[1] + step[1]];
                    assert!((0..=2_000).contains(&at[0]) && (0..=864).contains(&at[1]), "{code}: {at:?}");
                    assert!(step[0].abs() < 400, "{code} crosses the edge of the map");
                }
            }
        }
    }

    #[test]
    fn classes_have_round_bounds_and_hold_every_count() {
        assert!(bounds(0).is_empty());
        assert_eq!(bounds(1), [1]);
        assert_eq!(bounds(3), [1, 2]);
        assert_eq!(bounds(40), [1, 2, 5, 10]);
        assert_eq!(bounds(31_870), [1, 5, 50, 500, 2_000]);
        assert_eq!(bounds(100_000), [1, 10, 100, 1_000, 10_000]);
        let few = (1..2_000).map(|most| (1 + most / 3, most));
        for (least, most) in (1..2_000).map(|most| (1, most)).chain(few).chain([(1, i64::MAX), (0, 7)]) {
            let classes = classes(least, most);
            assert!(classes.len() <= CLASSES);
            assert_eq!((classes[0].from, classes[classes.len() - 1].to), (least.max(1), most));
            for pair in classes.windows(2) {
                assert_eq!(pair[0].to + 1, pair[1].from, "{most}");
            }
        }
    }

    /// Otherwise the map of a busy site would have a single colour.
    #[test]
    fn classes_begin_with_the_least_count() {
        let bounds = |least, most| classes(least, most).iter().map(|class| class.from).collect::<Vec<_>>();
        assert_eq!(bounds(354, 41_132), [354, 500, 2_000, 5_000, 10_000]);
        assert_eq!(bounds(1_000, 1_000), [1_000]);
        assert!(bounds(8, 7).is_empty());
    }

    #[test]
    fn countries_are_links_of_their_class_and_the_rest_is_named() {
        let html =
            map(vec![country("NL", 31_870), country("DE", 49), country("MT", 4), country("(none)", 7)]);
        let html = html.to_string();
        for (code, level) in [("NL", 5), ("DE", 2), ("MT", 1)] {
            let link =
                format!("<a class=\"level-{level}\" href=\"/x?filter=country:is:{code}\" tabindex=\"-1\">");
            assert!(html.contains(&link), "{link}");
        }
        assert!(html.contains("M984 214h.01") || html.contains("h.01"), "Malta is a dot");
        assert_eq!(html.matches("<a ").count(), 3, "only who was counted is a link");
        assert!(html.contains("<title>FR: none</title>") && html.contains("<title>DE: 49</title>"));
        assert!(html.contains("(none): 7"), "who has no place on the map is named under it");
        assert!(html.contains("20–99") && html.contains("5,000–31,870"), "{html}");
    }

    #[test]
    fn without_visitors_the_map_has_no_classes() {
        let html = map(Vec::new()).to_string();
        assert!(!html.contains("level-1") && html.contains("FR: none"));
    }
}
