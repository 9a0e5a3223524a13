//! Dictionaries in memory, for reports: every request compares and sorts their texts. Texts are only ever added, so a
//! cached list is never wrong, only too short; what is new is then read and added to it.

use std::borrow::Cow;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;
use rustc_hash::FxHashMap;

use super::dictionary::{self, Kind, SEPARATOR};
use crate::domain::account::AccountId;
use crate::domain::question::NONE;
use crate::domain::readable::{readable, readable_referrer};
use crate::store::error::Error;

/// Most bytes of lists that are kept. Beyond it all but the latest are dropped.
const KEPT_BYTES: usize = 32 * 1024 * 1024;

#[derive(Debug, Default)]
pub(in crate::store) struct DictionaryCache {
    known: Mutex<FxHashMap<(AccountId, Kind), Arc<TextList>>>,
}

impl DictionaryCache {
    pub(in crate::store) fn clear(&self) {
        *self.known.lock().unwrap_or_else(PoisonError::into_inner) = FxHashMap::default();
    }

    /// The texts of a kind: all that `conn` sees, and perhaps later ones.
    pub(in crate::store) fn list(
        &self,
        conn: &Connection,
        account: AccountId,
        kind: Kind,
    ) -> Result<Arc<TextList>, Error> {
        let last = dictionary::last_id(conn, account, kind)?;
        let lock = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        let known = lock().get(&(account, kind)).map(Arc::clone);
        if let Some(list) = known.as_ref().filter(|list| list.last_id() >= last) {
            return Ok(Arc::clone(list));
        }
        let mut list = known.map_or_else(TextList::default, |list| TextList::clone(&list));
        list.extend(conn, account, kind)?;
        let list = Arc::new(list);
        let mut known = lock();
        known.insert((account, kind), Arc::clone(&list));
        if known.values().map(|list| list.bytes()).sum::<usize>() > KEPT_BYTES {
            known.retain(|key, _| *key == (account, kind));
        }
        Ok(list)
    }
}

/// A text as reports show it. What is stored of addresses is encoded.
fn shown(kind: Kind, text: &str) -> Cow<'_, str> {
    match kind {
        Kind::Referrer => readable_referrer(text),
        Kind::Page if text.contains(['%', '-']) => Cow::Owned(by_parts(text, readable)),
        Kind::Source if text.contains(['%', '-', '(']) => {
            Cow::Owned(by_parts(text, |part| given(&readable(part)).to_owned().into()))
        }
        Kind::Page => Cow::Borrowed(text),
        _ if text.contains(NONE) => Cow::Owned(by_parts(text, |part| given(part).into())),
        _ => Cow::Borrowed(text),
    }
}

fn by_parts<'t>(text: &'t str, shown: impl Fn(&'t str) -> Cow<'t, str>) -> String {
    let parts: Vec<_> = text.split(SEPARATOR).map(shown).collect();
    dictionary::join(&parts.iter().map(|part| &**part).collect::<Vec<_>>())
}

/// Campaign tools write `(none)` for a value that is not given. Reports and filters use the word for the same.
fn given(text: &str) -> &str {
    if text == NONE { "" } else { text }
}

/// The texts of one kind, as reports show them.
#[derive(Clone, Debug, Default)]
pub(in crate::store) struct TextList {
    /// All texts one after the other, ordered by id.
    text: String,
    /// Where each text ends in `text`.
    ends: Vec<u32>,
    /// Ids, ordered by their texts.
    order: Vec<u32>,
}

impl TextList {
    /// Reads what is new, and merges it into the order.
    pub(in crate::store) fn extend(
        &mut self,
        conn: &Connection,
        account: AccountId,
        kind: Kind,
    ) -> Result<(), Error> {
        let known = self.last_id();
        dictionary::list_after(conn, account, kind, known, |id, text| {
            let end = self.text.len();
            // Ids have no gaps. If damage made one, its texts are empty.
            self.ends.resize((id as usize).saturating_sub(1), u32::try_from(end).unwrap_or(u32::MAX));
            self.text.push_str(&shown(kind, text));
            self.ends.push(u32::try_from(self.text.len()).unwrap_or(u32::MAX));
        })?;
        let mut new: Vec<u32> = (known + 1..=self.last_id()).collect();
        new.sort_unstable_by(|a, b| self.get(*a).cmp(self.get(*b)));
        let old = std::mem::take(&mut self.order);
        let mut order = Vec::with_capacity(old.len() + new.len());
        let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
        while let (Some(left), Some(right)) = (old.peek(), new.peek()) {
            let is_left = self.get(*left) <= self.get(*right);
            order.extend(if is_left { old.next() } else { new.next() });
        }
        order.extend(old.chain(new));
        self.order = order;
        Ok(())
    }

    pub(in crate::store) fn last_id(&self) -> u32 {
        u32::try_from(self.ends.len()).unwrap_or(u32::MAX)
    }

    /// The text of an id; empty for 0 and for unknown ids.
    pub(in crate::store) fn get(&self, id: u32) -> &str {
        let Some(place) = (id as usize).checked_sub(1) else { return "" };
        let end_of = |place: usize| self.ends.get(place).map(|end| *end as usize);
        let begin = place.checked_sub(1).and_then(end_of).unwrap_or(0);
        end_of(place).and_then(|end| self.text.get(begin..end)).unwrap_or_default()
    }

    /// Ids and texts, ordered by text.
    pub(in crate::store) fn in_order(&self) -> impl Iterator<Item = (u32, &str)> {
        self.order.iter().map(|id| (*id, self.get(*id)))
    }

    /// Ids and texts, ordered by id, which is how they lie in memory.
    pub(in crate::store) fn by_id(&self) -> impl Iterator<Item = (u32, &str)> {
        (1..=self.last_id()).map(|id| (id, self.get(id)))
    }

    const fn bytes(&self) -> usize {
        self.text.capacity() + (self.ends.capacity() + self.order.capacity()) * size_of::<u32>()
    }
}
