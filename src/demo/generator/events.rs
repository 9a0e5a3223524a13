//! What visitors of the invented site complete besides looking at pages: which events there are, on which pages, how
//! often, and what they are worth.

use crate::app::core::App;
use crate::demo::generator::dice::{Dice, rows, weight};
use crate::demo::generator::site::{Placed, Section};
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, Typed};
use crate::store::{self, definition};

/// Digits of the amounts in the table.
const DIGITS: u32 = 2;

/// Place of an event in the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place(usize);

/// Where an event is completed.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Where {
    Section(Section),
    Path(String),
    /// Told by a program of a contact who came back.
    Contact,
    /// A page view is one by itself.
    ByItself,
}

struct Listed {
    definition: Definition,
    place: Where,
    /// Of a thousand chances.
    often: u64,
    /// Least and most a completion is worth, minor units.
    worth: (u64, u64),
}

/// The table, and the numbers its events have in an account.
pub(super) struct Events {
    listed: Vec<Listed>,
    numbers: Vec<Option<EventNumber>>,
}

impl Events {
    pub(super) fn new() -> Self {
        let listed: Vec<Listed> =
            rows(include_str!("data/events.txt")).filter_map(|row| read(&row)).collect();
        Self { numbers: vec![None; listed.len()], listed }
    }

    /// Creates the events an account does not have yet, as many as fit.
    pub(super) fn define(&mut self, app: &App, account: AccountId) -> Result<(), store::Error> {
        let definitions: Vec<Definition> =
            self.listed.iter().map(|listed| listed.definition.clone()).collect();
        let (limit, now) = (app.event_limit, app.now());
        self.numbers = app.store.writer.write_blocking(move |conn| {
            let known = definition::list(conn, account)?;
            let mut room = limit - definition::count_active(conn, account)?;
            let mut numbers = Vec::with_capacity(definitions.len());
            for made in &definitions {
                let of_name = known.iter().find(|stored| stored.definition.name == made.name);
                numbers.push(match of_name {
                    Some(stored) => Some(stored.number),
                    None if room > 0 => {
                        room -= 1;
                        Some(definition::insert(conn, account, made, "", now)?)
                    }
                    None => None,
                });
            }
            Ok::<_, store::Error>(numbers)
        })?;
        Ok(())
    }

    pub(super) fn number(&self, place: Place) -> Option<EventNumber> {
        self.numbers.get(place.0).copied().flatten()
    }

    /// What is completed on a page, and what it is worth.
    pub(super) fn draw(&self, dice: &Dice, placed: &Placed) -> Option<(Place, i64)> {
        self.draw_from(dice, |place| match place {
            Where::Section(section) => *section == placed.section,
            Where::Path(path) => *path == placed.page.path,
            Where::Contact | Where::ByItself => false,
        })
    }

    /// What a program tells of a contact who comes back.
    pub(super) fn draw_of_contact(&self, dice: &Dice) -> Option<(Place, i64)> {
        self.draw_from(dice, |place| *place == Where::Contact)
    }

    fn draw_from(&self, dice: &Dice, is_here: impl Fn(&Where) -> bool) -> Option<(Place, i64)> {
        let here = self.listed.iter().enumerate().filter(|(_, listed)| is_here(&listed.place));
        for (place, Listed { often, worth: (least, most), .. }) in here {
            if dice.chance(*often) {
                // Small amounts more often than great ones.
                let spread = dice.unit() * dice.unit();
                let more = (most.saturating_sub(*least) as f64 * spread) as u64;
                return Some((Place(place), i64::try_from(least + more).unwrap_or(0)));
            }
        }
        None
    }
}

fn read(row: &[&'static str]) -> Option<Listed> {
    let [name, kind, tags, selector, url, place, often, least, most] = *row else { return None };
    let typed = Typed { name, tags: tags.split(',').collect(), selector, url, ..Typed::default() };
    Some(Listed {
        definition: Definition::parse(EventKind::parse(kind)?, &typed, DIGITS).ok()?,
        place: match place {
            "" => Where::ByItself,
            "contact" => Where::Contact,
            path if path.starts_with('/') => Where::Path(path.to_owned()),
            section => Where::Section(Section::parse(section)?),
        },
        often: weight(often),
        worth: (weight(least), weight(most)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generator::site::pages;

    #[test]
    fn every_line_of_the_table_is_an_event_of_pages_that_there_are() {
        let events = Events::new();
        assert_eq!(events.listed.len(), rows(include_str!("data/events.txt")).count());
        let pages = pages();
        for Listed { definition, place, .. } in &events.listed {
            let is_there = match place {
                Where::Section(section) => pages.iter().any(|page| page.section == *section),
                Where::Path(path) => pages.iter().any(|page| page.path == *path),
                Where::Contact => definition.kind == EventKind::Http,
                Where::ByItself => definition.kind == EventKind::Visit,
            };
            assert!(is_there, "{}", definition.name);
        }
        for kind in EventKind::ALL {
            assert!(events.listed.iter().any(|listed| listed.definition.kind == *kind), "{kind:?}");
        }
    }
}
