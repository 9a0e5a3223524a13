//! The groups of a column: which codes have one name, numbered in the order of their names, and kept between
//! questions.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use super::column::{Place, Version, Words, set};
use crate::domain::account::AccountId;
use crate::store::dictionary::SEPARATOR;
use crate::store::error::Error;

/// The group of every code of a column. Group 0 is the empty name.
#[derive(Clone, Debug)]
pub(super) struct Names {
    pub place: Place,
    group_of: Vec<u32>,
    /// Lowest code of each group: names it, and stays its lowest when codes are added.
    pub lowest: Vec<u32>,
    /// The group of codes that have no text.
    of_others: u32,
}

/// The group of what is not asked for.
pub(super) const SKIPPED: u32 = u32::MAX;

/// Groups of columns whose texts are in dictionaries, kept until there are more of these.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<FxHashMap<(AccountId, Place), Compiled>>);

/// Of which state of the texts they are, and the groups.
type Compiled = (Version, Arc<Names>);

/// Bytes of groups that are kept; past it the others are compiled anew when asked for.
const KNOWN_BYTES: usize = 16 * 1024 * 1024;

impl Known {
    fn keep(&self, key: (AccountId, Place), compiled: Compiled) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert(key, compiled);
        if known.values().map(|(_, names)| names.bytes()).sum::<usize>() > KNOWN_BYTES {
            known.retain(|other, _| *other == key);
        }
    }
}

impl Names {
    /// The groups of a column, known or compiled.
    pub(super) fn of(words: &Words<'_>, known: &Known, place: Place) -> Result<Arc<Self>, Error> {
        let Some(version) = words.version(place.column)? else {
            return Ok(Arc::new(Self::compile(words, place)?));
        };
        let lock = || known.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (words.account, place);
        if let Some((_, names)) = lock().get(&key).filter(|(known, _)| *known == version) {
            return Ok(Arc::clone(names));
        }
        let names = Arc::new(Self::compile(words, place)?);
        known.keep(key, (version, Arc::clone(&names)));
        Ok(names)
    }

    /// Only the groups of these codes, in their order.
    pub(super) fn only(
        words: &Words<'_>,
        known: &Known,
        place: Place,
        codes: &[u32],
    ) -> Result<Arc<Self>, Error> {
        let mut names = Self::clone(&*Self::of(words, known, place)?);
        names.keep(codes);
        Ok(Arc::new(names))
    }

    const fn bytes(&self) -> usize {
        size_of::<Self>() + (self.group_of.len() + self.lowest.len()) * size_of::<u32>()
    }

    fn compile(words: &Words<'_>, place: Place) -> Result<Self, Error> {
        let mut names = Self { place, group_of: vec![0], lowest: vec![0], of_others: 0 };
        if place.first == 0 {
            // texts come in their order, so equal beginnings come together
            let mut last = String::new();
            let mut group = 0;
            words.each(place.column, |code, text| {
                let name = place.of_text(text);
                if name != last {
                    name.clone_into(&mut last);
                    group += 1;
                }
                names.add(code, if is_empty(name) { 0 } else { group });
            })?;
            return Ok(names);
        }
        let mut codes_of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        words.each(place.column, |code, text| {
            let name = place.of_text(text);
            if let Some(codes) = codes_of.get_mut(name) {
                codes.push(code);
            } else if !is_empty(name) {
                codes_of.insert(name.to_owned(), vec![code]);
            }
        })?;
        for (codes, group) in codes_of.into_values().zip(1..) {
            codes.into_iter().for_each(|code| names.add(code, group));
        }
        Ok(names)
    }

    fn add(&mut self, code: u32, group: u32) {
        set(&mut self.group_of, code, group, 0);
        let lowest = self.lowest.get(group as usize).map_or(code, |lowest| code.min(*lowest));
        set(&mut self.lowest, group, lowest, code);
    }

    pub(super) fn group(&self, code: u32) -> u32 {
        self.group_of.get(code as usize).copied().unwrap_or(self.of_others)
    }

    fn keep(&mut self, codes: &[u32]) {
        let mut place_of = vec![SKIPPED; self.lowest.len()];
        let mut lowest = Vec::with_capacity(codes.len());
        for code in codes {
            let group = self.group(*code);
            // What has no text is no group of its own, and not the one without name.
            let is_known = group != 0 || *code == 0;
            if let Some(place) = place_of.get_mut(group as usize)
                && is_known
                && *place == SKIPPED
            {
                *place = u32::try_from(lowest.len()).unwrap_or(SKIPPED);
                lowest.push(*code);
            }
        }
        let place = |group: u32| place_of.get(group as usize).copied().unwrap_or(SKIPPED);
        self.of_others = place(self.of_others);
        self.group_of.iter_mut().for_each(|group| *group = place(*group));
        self.lowest = lowest;
    }
}

/// Are all parts of a name empty?
fn is_empty(name: &str) -> bool {
    name.chars().all(|c| c == SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Dimension;

    #[test]
    fn groups_are_kept_up_to_their_bytes_and_past_them_the_last_alone() {
        let place = Place::of(Dimension::Browser);
        let of = |codes: usize| Names { place, group_of: vec![0; codes], lowest: Vec::new(), of_others: 0 };
        let half = (KNOWN_BYTES / 2 - size_of::<Names>()) / size_of::<u32>();
        for (codes, kept) in [(half, 2), (half + 1, 1)] {
            let known = Known::default();
            for (account, codes) in [(1, half), (2, codes)] {
                known.keep(
                    (AccountId(account), place),
                    (Version { last_id: 1, change: 0 }, Arc::new(of(codes))),
                );
            }
            let known = known.0.into_inner().unwrap();
            assert_eq!(known.len(), kept);
            assert!(known.contains_key(&(AccountId(2), place)));
        }
    }
}
