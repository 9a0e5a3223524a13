//! The events of all accounts in memory, for accepting hits and for the served script. They follow the changes of
//! events (`store::changes`).

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::account::AccountId;
use crate::domain::event::{EventNumber, EventRef, Status};
use crate::domain::value_property::ValueProperty;
use crate::store::changes::{Change, Kind};
use crate::store::definition::{self, Stored};
use crate::store::{self, Connection};

/// The events of one account.
#[derive(Debug, Default)]
pub struct AccountEvents {
    /// In the order of their numbers. Deleted events are left out.
    pub events: Vec<Stored>,
    /// Whether any of them takes its value from a property, which most accounts never use.
    have_value_properties: bool,
}

impl AccountEvents {
    fn load(conn: &Connection, account: AccountId) -> Result<Self, store::Error> {
        let mut events = definition::list(conn, account)?;
        events.retain(|stored| stored.status != Status::Deleted);
        let have_value_properties = events.iter().any(|stored| stored.definition.value_property.is_some());
        Ok(Self { events, have_value_properties })
    }

    #[must_use]
    pub fn find(&self, number: EventNumber) -> Option<&Stored> {
        let place = self.events.binary_search_by_key(&number, |stored| stored.number).ok()?;
        self.events.get(place)
    }

    #[must_use]
    pub fn has_name(&self, name: &str) -> bool {
        self.events.iter().any(|stored| stored.definition.name == name)
    }

    /// The property that is the value of an event's completions, if one is set.
    #[must_use]
    pub fn value_property(&self, event: &EventRef) -> Option<&ValueProperty> {
        if !self.have_value_properties {
            return None;
        }
        let mut with_property =
            self.events.iter().filter(|stored| stored.definition.value_property.is_some());
        let found = match event {
            EventRef::Id(number) => with_property.find(|stored| stored.number == *number),
            EventRef::Name(name) => with_property.find(|stored| stored.definition.name == *name),
        };
        found?.definition.value_property.as_ref()
    }

    /// The events whose completions are counted.
    pub fn active(&self) -> impl Iterator<Item = &Stored> {
        self.events.iter().filter(|stored| stored.status == Status::Active)
    }
}

/// The events of all accounts.
#[derive(Debug, Default)]
pub struct DefinitionCache(RwLock<FxHashMap<AccountId, Arc<AccountEvents>>>);

impl DefinitionCache {
    pub(in crate::app) fn load(
        conn: &Connection,
        accounts: impl Iterator<Item = AccountId>,
    ) -> Result<Self, store::Error> {
        let loaded = accounts.map(|id| Ok((id, Arc::new(AccountEvents::load(conn, id)?))));
        Ok(Self(RwLock::new(loaded.collect::<Result<_, store::Error>>()?)))
    }

    /// The events of an account; none where the account is not known.
    #[must_use]
    pub fn of(&self, account: AccountId) -> Arc<AccountEvents> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(&account).cloned().unwrap_or_default()
    }

    /// Reads the events of the accounts in which one changed.
    pub(in crate::app) fn follow(&self, conn: &Connection, changes: &[Change]) -> Result<(), store::Error> {
        for change in changes.iter().filter(|change| change.kind == Kind::Events) {
            let events = Arc::new(AccountEvents::load(conn, change.account)?);
            self.0.write().unwrap_or_else(PoisonError::into_inner).insert(change.account, events);
        }
        Ok(())
    }
}
