//! What the fold knows of an account's events: which event a hit names, which names nobody has created, and which
//! events a page view completes by itself. It is read again when somebody changes an event.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, EventRef, Status, UnknownNames};
use crate::domain::hit::Hit;
use crate::domain::hit_reason::Reason;
use crate::domain::text::cut;
use crate::domain::url_rule::UrlRule;
use crate::store::dictionary::Kind;
use crate::store::unexpected::{self, Sighting};
use crate::store::{self, Connection, definition};

/// Characters kept of the address on which an unexpected name was seen.
const PAGE_MAX: usize = 1_024;
/// Bytes of what is remembered of an account's pages, approximately. Beyond it, all of it is dropped.
const PAGES_BYTES: usize = 1 << 20;
/// Bytes of a remembered page beside the events it completes, approximately.
const PAGE_BYTES: usize = 64;

/// The event a hit names.
pub(super) enum Found {
    /// With the value, in minor units, of a completion that carries none.
    Active(EventNumber, i64),
    Not(Reason),
}

/// The events that a page completes, and the value of a completion in minor units.
pub(super) type Visits = Arc<[(EventNumber, i64)]>;

/// The events of one account.
#[derive(Debug)]
pub(super) struct Definitions {
    by_number: FxHashMap<EventNumber, (Status, i64)>,
    by_name: FxHashMap<String, EventNumber>,
    active: i64,
    unknown: UnknownNames,
    /// Names that wait for review or were dismissed. They do not become events by themselves. The set holds those in
    /// the store and those seen since the last `write`.
    queued: FxHashSet<String>,
    visits: Vec<(EventNumber, UrlRule, i64)>,
    /// By the dictionary id of the page.
    of_page: FxHashMap<u32, Visits>,
    /// Bytes of `of_page`, approximately.
    page_bytes: usize,
    /// Unexpected names seen since the last `write`.
    seen_names: FxHashMap<String, Sighting>,
    /// The latest completion of each event since the last `write`, milliseconds.
    completed: FxHashMap<EventNumber, i64>,
}

impl Definitions {
    fn new(unknown: UnknownNames) -> Self {
        Self {
            by_number: FxHashMap::default(),
            by_name: FxHashMap::default(),
            active: 0,
            unknown,
            queued: FxHashSet::default(),
            visits: Vec::new(),
            of_page: FxHashMap::default(),
            page_bytes: 0,
            seen_names: FxHashMap::default(),
            completed: FxHashMap::default(),
        }
    }

    pub(super) fn load(conn: &Connection, account: AccountId) -> Result<Self, store::Error> {
        let mut loaded = Self::new(store::account::find_unknown_names(conn, account)?);
        for stored in definition::list(conn, account)? {
            loaded.add(stored.number, stored.status, stored.definition);
        }
        for dismissed in [false, true] {
            let names = unexpected::list(conn, account, dismissed)?;
            loaded.queued.extend(names.into_iter().map(|unexpected| unexpected.name));
        }
        Ok(loaded)
    }

    fn add(&mut self, number: EventNumber, status: Status, definition: Definition) {
        let Definition { name, kind, url, value_minor, .. } = definition;
        let is_active = status == Status::Active;
        self.active += i64::from(is_active);
        self.by_number.insert(number, (status, value_minor));
        self.by_name.insert(name, number);
        if let (true, EventKind::Visit, Some(rule)) = (is_active, kind, url) {
            self.visits.push((number, rule, value_minor));
        }
    }

    /// Finds the event by id or by name (rules.md 19). A new name may become an event or wait for review.
    pub(super) fn find(
        &mut self,
        conn: &Connection,
        hit: &Hit,
        event: &EventRef,
        kind: EventKind,
        (limit, now): (i64, Millis),
    ) -> Result<Found, store::Error> {
        let number = match event {
            EventRef::Id(number) => Some(*number),
            EventRef::Name(name) => self.by_name.get(name).copied(),
        };
        let known = number.and_then(|number| Some((number, *self.by_number.get(&number)?)));
        Ok(match (known, event) {
            (Some((number, (Status::Active, value_minor))), _) => Found::Active(number, value_minor),
            (Some((_, (Status::Archived, _))), _) => Found::Not(Reason::ArchivedEvent),
            (Some((_, (Status::Deleted, _))), _) | (None, EventRef::Id(_)) => {
                Found::Not(Reason::UnknownEvent)
            }
            (None, EventRef::Name(name)) => self.take_unknown(conn, hit, name, kind, (limit, now))?,
        })
    }

    /// A name that nobody has created becomes an event, waits for review or is refused.
    fn take_unknown(
        &mut self,
        conn: &Connection,
        hit: &Hit,
        name: &str,
        kind: EventKind,
        (limit, now): (i64, Millis),
    ) -> Result<Found, store::Error> {
        if self.unknown == UnknownNames::Refuse {
            return Ok(Found::Not(Reason::UnknownEvent));
        }
        let is_made =
            self.unknown == UnknownNames::Create && self.active < limit && !self.queued.contains(name);
        if is_made {
            let made = Definition::named(name, kind);
            let number = definition::insert(conn, hit.account, &made, "", now)?;
            self.add(number, Status::Active, made);
            return Ok(Found::Active(number, 0));
        }
        let at_ms = hit.at.0;
        let seen = self.seen_names.entry(name.to_owned()).or_insert_with(|| Sighting {
            name: name.to_owned(),
            kind,
            page: String::new(),
            times: 0,
            first_ms: at_ms,
            last_ms: at_ms,
        });
        seen.times += 1;
        seen.first_ms = seen.first_ms.min(at_ms);
        if at_ms >= seen.last_ms {
            seen.last_ms = at_ms;
            seen.kind = kind;
            seen.page = cut(&hit.page.host_and_path(), PAGE_MAX);
        }
        self.queued.insert(name.to_owned());
        Ok(Found::Not(Reason::Unexpected))
    }

    /// The events that a view of the page with this dictionary id completes.
    pub(super) fn visits(&mut self, hit: &Hit, page: u32) -> Visits {
        if self.visits.is_empty() {
            return Visits::default();
        }
        if let Some(known) = self.of_page.get(&page) {
            return Arc::clone(known);
        }
        let matching = self.visits.iter().filter(|(_, rule, _)| rule.matches(&hit.page));
        let visits: Visits = matching.map(|(number, _, value_minor)| (*number, *value_minor)).collect();
        // One id stands for every page past the bound of the dictionary, and 0 for a page without a host.
        if (1..=Kind::Page.bound()).contains(&page) {
            self.remember_page(page, &visits);
        }
        visits
    }

    fn remember_page(&mut self, page: u32, visits: &Visits) {
        let bytes = PAGE_BYTES + size_of_val::<[_]>(visits);
        if self.page_bytes + bytes > PAGES_BYTES {
            self.forget_pages();
        }
        self.page_bytes += bytes;
        self.of_page.insert(page, Arc::clone(visits));
    }

    pub(super) const fn page_bytes(&self) -> usize {
        self.page_bytes
    }

    pub(super) fn forget_pages(&mut self) {
        self.of_page = FxHashMap::default();
        self.page_bytes = 0;
    }

    pub(super) fn note_completion(&mut self, number: EventNumber, at_ms: i64) {
        let last = self.completed.entry(number).or_insert(at_ms);
        *last = at_ms.max(*last);
    }

    /// Writes what was seen since the last call.
    pub(super) fn write(&mut self, conn: &Connection, account: AccountId) -> Result<(), store::Error> {
        let mut seen: Vec<Sighting> = std::mem::take(&mut self.seen_names).into_values().collect();
        if !seen.is_empty() {
            seen.sort_unstable_by(|a, b| (a.last_ms, &a.name).cmp(&(b.last_ms, &b.name)));
            for gone in unexpected::upsert(conn, account, &seen)? {
                self.queued.remove(&gone);
            }
        }
        let mut completed: Vec<_> = std::mem::take(&mut self.completed).into_iter().collect();
        completed.sort_unstable();
        for (number, at_ms) in completed {
            definition::update_last(conn, account, number, at_ms)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_remembered_of_pages_is_bounded_in_bytes() {
        let mut definitions = Definitions::new(UnknownNames::Create);
        let of_many: Visits = (0..2_000).map(|n| (EventNumber(n), 0)).collect();
        let fit = PAGES_BYTES / (PAGE_BYTES + size_of_val::<[_]>(&*of_many));
        for page in 0..u32::try_from(fit).unwrap() {
            definitions.remember_page(page, &of_many);
        }
        assert_eq!(definitions.of_page.len(), fit, "as many as fit");
        definitions.remember_page(u32::MAX, &of_many);
        assert_eq!(definitions.of_page.len(), 1, "one more and the others are forgotten");
        for page in 0..100_000 {
            definitions.remember_page(page, &Visits::default());
            assert!(definitions.page_bytes() <= PAGES_BYTES);
        }
    }
}
