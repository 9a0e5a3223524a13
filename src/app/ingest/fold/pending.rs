//! The events of a batch before they are written. What follows in the same batch (how long a page view was visible,
//! or the same event id again) finds them here. They are written in the order of their keys. Nothing here outlives
//! the transaction of the batch.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::store::contact::{self, Activity};
use crate::store::event::{Event, Seen, Statements, Viewer};
use crate::store::{self, Connection};

/// An event to be written.
#[derive(Debug)]
struct Waiting {
    account: AccountId,
    event: Event,
    /// Whose page view it is; `None` for completions.
    viewer: Option<Viewer>,
    /// `None` also when a later event of the batch has taken the id over.
    id: Option<String>,
    received_ms: i64,
}

/// Events in the order they came.
#[derive(Debug, Default)]
pub(super) struct Pending {
    events: Vec<Waiting>,
    places: FxHashMap<AccountId, FxHashMap<String, usize>>,
    /// Ids of hits that left no event.
    alone: FxHashMap<(AccountId, String), Seen>,
    /// What the visitors of contacts did: written once a contact, however many hits it was.
    activities: BTreeMap<(AccountId, i64), Activity>,
}

impl Pending {
    /// When the hit with this event id was received, milliseconds. `None` when this batch does not have it.
    pub(super) fn received_ms(&self, account: AccountId, id: &str) -> Option<i64> {
        if let Some(place) = self.places.get(&account).and_then(|places| places.get(id)) {
            return Some(self.events.get(*place)?.received_ms);
        }
        if self.alone.is_empty() {
            return None;
        }
        Some(self.alone.get(&(account, id.to_owned()))?.received_ms)
    }

    /// The page view of this visitor with this event id, to be changed.
    pub(super) fn page_view(&mut self, account: AccountId, id: &str, viewer: Viewer) -> Option<&mut Event> {
        let place = *self.places.get(&account)?.get(id)?;
        let waiting = self.events.get_mut(place)?;
        (waiting.viewer == Some(viewer)).then_some(&mut waiting.event)
    }

    /// Frees an event id. Its event stays.
    pub(super) fn forget_id(&mut self, account: AccountId, id: &str) {
        let place = self.places.get_mut(&account).and_then(|places| places.remove(id));
        if let Some(waiting) = place.and_then(|place| self.events.get_mut(place)) {
            waiting.id = None;
        }
        if !self.alone.is_empty() {
            self.alone.remove(&(account, id.to_owned()));
        }
    }

    pub(super) fn push(
        &mut self,
        account: AccountId,
        event: Event,
        viewer: Option<Viewer>,
        id: Option<&str>,
        received_ms: i64,
    ) {
        if let Some(id) = id {
            self.places.entry(account).or_default().insert(id.to_owned(), self.events.len());
        }
        self.events.push(Waiting { account, event, viewer, id: id.map(str::to_owned), received_ms });
    }

    /// Keeps the event id of a hit that left no event, so that a repeat is known as one.
    pub(super) fn push_id(
        &mut self,
        account: AccountId,
        id: Option<&str>,
        inbox_id: i64,
        at_ms: i64,
        received_ms: i64,
    ) {
        if let Some(id) = id {
            let seen = Seen { inbox_id, at_ms, received_ms, session_id: 0, viewer: None, engaged_ms: 0 };
            self.alone.insert((account, id.to_owned()), seen);
        }
    }

    /// A visitor of this contact was seen. Lists of contacts are ordered by these times.
    pub(super) fn add_activity(&mut self, account: AccountId, contact: i64, more: Activity) {
        let nothing = Activity { sessions: 0, page_views: 0, ..more };
        let activity = self.activities.entry((account, contact)).or_insert(nothing);
        activity.first_ms = activity.first_ms.min(more.first_ms);
        activity.last_ms = activity.last_ms.max(more.last_ms);
        activity.sessions += more.sessions;
        activity.page_views += more.page_views;
    }

    /// Writes all.
    pub(super) fn write(
        mut self,
        conn: &Connection,
        statements: &mut Statements<'_>,
        now: Millis,
    ) -> Result<(), store::Error> {
        self.events.sort_unstable_by_key(|w| (w.account, w.event.at_ms, w.event.inbox_id));
        for waiting in &self.events {
            statements.insert(waiting.account, &waiting.event)?;
        }
        let with_id = self.events.iter().filter_map(|waiting| Some((waiting.id.as_deref()?, waiting)));
        let mut with_id: Vec<(&str, &Waiting)> = with_id.collect();
        with_id.sort_unstable_by_key(|(id, waiting)| (waiting.account, *id));
        for (id, waiting) in with_id {
            let Event { inbox_id, at_ms, session_id, engaged_ms, .. } = waiting.event;
            let Waiting { viewer, received_ms, .. } = *waiting;
            let seen = Seen { inbox_id, at_ms, received_ms, session_id, viewer, engaged_ms };
            statements.insert_seen(waiting.account, id, seen)?;
        }
        let mut alone: Vec<_> = self.alone.into_iter().collect();
        alone.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        for ((account, id), seen) in alone {
            statements.insert_seen(account, &id, seen)?;
        }
        for ((account, contact), activity) in &self.activities {
            contact::add_activity(conn, *account, *contact, activity, now)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::visitor::Token;
    use crate::store::event::PAGE_VIEW;

    fn event(at_ms: i64) -> Event {
        Event {
            at_ms,
            inbox_id: 1,
            kind: PAGE_VIEW,
            visitor: 1,
            session_id: 1,
            page: 1,
            title: 0,
            event: 0,
            value_minor: 0,
            consent: 1,
            policy: 0,
            engaged_ms: 0,
            foreign_host: false,
        }
    }

    #[test]
    fn an_id_is_found_in_its_own_account_until_it_is_forgotten() {
        let (one, other) = (AccountId(1_000_001), AccountId(1_000_002));
        let mut pending = Pending::default();
        let viewer_of = |token: &str| Viewer::of(&Token::parse(token).unwrap());
        let viewer = Some(viewer_of("ada"));
        let found = |pending: &mut Pending, token: &str| {
            pending.page_view(one, "a", viewer_of(token)).map(|event| event.at_ms)
        };
        pending.push(one, event(5), viewer, Some("a"), 50);
        pending.push(one, event(6), viewer, None, 60);
        assert_eq!((pending.received_ms(one, "a"), pending.received_ms(other, "a")), (Some(50), None));
        assert_eq!(found(&mut pending, "ada"), Some(5));
        assert_eq!(found(&mut pending, "eve"), None);
        pending.forget_id(one, "a");
        assert_eq!(pending.received_ms(one, "a"), None);
        pending.push(one, event(7), viewer, Some("a"), 70);
        assert_eq!(found(&mut pending, "ada"), Some(7));
        let ids: Vec<_> = pending.events.iter().map(|waiting| waiting.id.as_deref()).collect();
        assert_eq!(ids, [None, None, Some("a")], "each id is written once");
    }
}
