//! What the fold knows of an account's events: which hit is of which event, which names nobody has created, and
//! which page views complete an event by themselves. Read again when somebody changed a definition.

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, EventRef, Status, UnknownNames};
use crate::domain::hit::Hit;
use crate::domain::reason::Reason;
use crate::domain::text::cut;
use crate::domain::url_rule::UrlRule;
use crate::store::unexpected::{self, Sighting};
use crate::store::{self, Connection, definition};

/// Longest address that is kept of a name nobody has created, characters.
const PAGE_MAX: usize = 1_024;
/// Pages of which it is remembered which events they complete.
const PAGES_MAX: usize = 20_000;

/// The event a hit names.
pub(super) enum Found {
    /// And what a completion of it is worth that tells no value, minor units.
    Active(EventNumber, i64),
    Not(Reason),
}

/// Events that a page completes, and what a completion is worth.
pub(super) type Visits = Arc<[(EventNumber, i64)]>;

/// The events of one account.
#[derive(Debug)]
pub(super) struct Definitions {
    by_number: FxHashMap<EventNumber, (Status, i64)>,
    by_name: FxHashMap<String, EventNumber>,
    active: i64,
    unknown: UnknownNames,
    /// Names that wait for review or were dismissed: they do not become events by themselves. As many as the store
    /// has, and those told since the last `write`.
    queued: FxHashSet<String>,
    visits: Vec<(EventNumber, UrlRule, i64)>,
    of_page: FxHashMap<String, Visits>,
    /// Names told since the last `write`.
    told: FxHashMap<String, Sighting>,
    /// Latest completion of events since then, milliseconds.
    completed: FxHashMap<EventNumber, i64>,
}

impl Definitions {
    pub(super) fn load(conn: &Connection, account: AccountId) -> Result<Self, store::Error> {
        let mut loaded = Self {
            by_number: FxHashMap::default(),
            by_name: FxHashMap::default(),
            active: 0,
            unknown: store::account::find_unknown_names(conn, account)?,
            queued: FxHashSet::default(),
            visits: Vec::new(),
            of_page: FxHashMap::default(),
            told: FxHashMap::default(),
            completed: FxHashMap::default(),
        };
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

    /// rules.md 19: by id, or by name, which may make the event or wait for review.
    pub(super) fn find(
        &mut self,
        conn: &Connection,
        hit: &Hit,
        event: &EventRef,
        kind: EventKind,
        (limit, now): (i64, Millis),
    ) -> Result<(Found, bool), store::Error> {
        let number = match event {
            EventRef::Id(number) => Some(*number),
            EventRef::Name(name) => self.by_name.get(name).copied(),
        };
        let known = number.and_then(|number| Some((number, *self.by_number.get(&number)?)));
        let (found, is_made) = match (known, event) {
            (Some((number, (Status::Active, value_minor))), _) => (Found::Active(number, value_minor), false),
            (Some((_, (Status::Archived, _))), _) => (Found::Not(Reason::ArchivedEvent), false),
            (Some((_, (Status::Deleted, _))), _) | (None, EventRef::Id(_)) => {
                (Found::Not(Reason::UnknownEvent), false)
            }
            (None, EventRef::Name(name)) => self.take_unknown(conn, hit, name, kind, (limit, now))?,
        };
        Ok((found, is_made))
    }

    /// A name nobody has created; says whether it became an event.
    fn take_unknown(
        &mut self,
        conn: &Connection,
        hit: &Hit,
        name: &str,
        kind: EventKind,
        (limit, now): (i64, Millis),
    ) -> Result<(Found, bool), store::Error> {
        if self.unknown == UnknownNames::Refuse {
            return Ok((Found::Not(Reason::UnknownEvent), false));
        }
        let is_made =
            self.unknown == UnknownNames::Create && self.active < limit && !self.queued.contains(name);
        if is_made {
            let made = Definition::named(name, kind);
            let number = definition::insert(conn, hit.account, &made, "", now)?;
            self.add(number, Status::Active, made);
            return Ok((Found::Active(number, 0), true));
        }
        let at_ms = hit.at.0;
        let told = self.told.entry(name.to_owned()).or_insert_with(|| Sighting {
            name: name.to_owned(),
            kind,
            page: String::new(),
            times: 0,
            first_ms: at_ms,
            last_ms: at_ms,
        });
        told.times += 1;
        told.first_ms = told.first_ms.min(at_ms);
        if at_ms >= told.last_ms {
            told.last_ms = at_ms;
            told.kind = kind;
            told.page = cut(&hit.page.host_and_path(), PAGE_MAX);
        }
        self.queued.insert(name.to_owned());
        Ok((Found::Not(Reason::Unexpected), false))
    }

    /// The events a page view completes.
    pub(super) fn visits(&mut self, hit: &Hit) -> Visits {
        if self.visits.is_empty() {
            return Visits::default();
        }
        let page = hit.page.address();
        if let Some(known) = self.of_page.get(&page) {
            return Arc::clone(known);
        }
        let matching = self.visits.iter().filter(|(_, rule, _)| rule.matches(&hit.page));
        let visits: Visits = matching.map(|(number, _, value_minor)| (*number, *value_minor)).collect();
        if self.of_page.len() >= PAGES_MAX {
            self.of_page.clear();
        }
        self.of_page.insert(page, Arc::clone(&visits));
        visits
    }

    pub(super) fn note_completion(&mut self, number: EventNumber, at_ms: i64) {
        let last = self.completed.entry(number).or_insert(at_ms);
        *last = at_ms.max(*last);
    }

    /// Writes what was told since the last time.
    pub(super) fn write(&mut self, conn: &Connection, account: AccountId) -> Result<(), store::Error> {
        let mut told: Vec<Sighting> = std::mem::take(&mut self.told).into_values().collect();
        if !told.is_empty() {
            told.sort_unstable_by(|a, b| (a.last_ms, &a.name).cmp(&(b.last_ms, &b.name)));
            for gone in unexpected::upsert(conn, account, &told)? {
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
