//! What visitors of the invented site complete besides looking at pages: which events there are, where and how often
//! they are completed, and what they are worth.

use crate::app::core::App;
use crate::demo::generator::seeded_random::{RandomStream, number, rows};
use crate::demo::generator::site::SitePage;
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, Typed};
use crate::store::{self, definition};

/// Decimal places of the amounts in the table.
const DIGITS: u32 = 2;
/// The place of events that a program reports.
const BY_PROGRAM: &str = "contact";

/// A row of the table of events.
struct Listed {
    definition: Definition,
    /// A section or a path of the site, `BY_PROGRAM`, or empty for an event that a page view completes by itself.
    place: &'static str,
    /// Completions for a thousand page views of that place.
    per_mille: u64,
    /// Lowest and highest value of a completion, minor units.
    value_minor: (u64, u64),
    /// The number in the account; `None` when the account has no room for the event.
    number: Option<EventNumber>,
}

/// The events of an account.
pub(super) struct Events(Vec<Listed>);

impl Events {
    fn listed() -> Self {
        Self(rows(include_str!("data/events.txt")).filter_map(|row| read(&row)).collect())
    }

    /// Creates the events that an account does not have yet, as many as it has room for.
    pub(super) fn create(app: &App, account: AccountId) -> Result<Self, store::Error> {
        let (limit, now) = (app.event_limit, app.now());
        let Self(mut listed) = Self::listed();
        let events = app.store.writer.write_blocking(move |conn| {
            let known = definition::list(conn, account)?;
            let mut room = limit - definition::count_active(conn, account)?;
            for event in &mut listed {
                let stored = known.iter().find(|stored| stored.definition.name == event.definition.name);
                event.number = stored.map(|stored| stored.number);
                if event.number.is_none() && room > 0 {
                    event.number = Some(definition::insert(conn, account, &event.definition, "", now)?);
                    room -= 1;
                }
            }
            Ok::<_, store::Error>(Self(listed))
        })?;
        Ok(events)
    }

    /// What a visitor completes on a page, and its value in minor units.
    pub(super) fn draw(&self, random: &RandomStream, page: &SitePage) -> Option<(EventNumber, i64)> {
        self.draw_where(random, |place| place == page.section || place == page.path)
    }

    /// What a program reports of a contact who returns.
    pub(super) fn draw_by_program(&self, random: &RandomStream) -> Option<(EventNumber, i64)> {
        self.draw_where(random, |place| place == BY_PROGRAM)
    }

    fn draw_where(
        &self,
        random: &RandomStream,
        is_here: impl Fn(&str) -> bool,
    ) -> Option<(EventNumber, i64)> {
        let event = self.0.iter().find(|event| is_here(event.place) && random.chance(event.per_mille))?;
        // Small amounts are more frequent than large ones.
        let spread = random.fraction() * random.fraction();
        let (least, most) = event.value_minor;
        let value = least + (most.saturating_sub(least) as f64 * spread) as u64;
        Some((event.number?, i64::try_from(value).unwrap_or(0)))
    }
}

fn read(row: &[&'static str]) -> Option<Listed> {
    let [name, kind, tags, selector, url, place, per_mille, least, most] = *row else { return None };
    let typed = Typed { name, tags: tags.split(',').collect(), selector, url, ..Typed::default() };
    Some(Listed {
        definition: Definition::parse(EventKind::parse(kind)?, &typed, DIGITS).ok()?,
        place,
        per_mille: number(per_mille),
        value_minor: (number(least), number(most)),
        number: None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo::generator::site::pages;

    #[test]
    fn every_row_of_the_table_is_an_event_of_a_place_that_exists() {
        let Events(listed) = Events::listed();
        assert_eq!(listed.len(), rows(include_str!("data/events.txt")).count());
        let pages = pages();
        for Listed { definition, place, .. } in &listed {
            let exists = match *place {
                BY_PROGRAM => definition.kind == EventKind::Http,
                "" => definition.kind == EventKind::Visit,
                place => pages.iter().any(|page| page.section == place || page.path == place),
            };
            assert!(exists, "{}", definition.name);
        }
        for kind in EventKind::ALL {
            assert!(listed.iter().any(|listed| listed.definition.kind == *kind), "{kind:?}");
        }
    }
}
