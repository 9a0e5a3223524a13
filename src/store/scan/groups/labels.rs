//! The groups of a field: codes whose texts have the same parts are one group. Groups are numbered in the order of their
//! labels. They are kept between requests, because computing them means reading every text of the column.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use rustc_hash::FxHashMap;

use crate::domain::account::AccountId;
use crate::store::dictionary::SEPARATOR;
use crate::store::error::Error;
use crate::store::scan::column::{ColumnTexts, Field, Version, set};

/// The group of every code of a column. Group 0 is the one with the empty label.
#[derive(Clone, Debug)]
pub(in crate::store::scan) struct GroupLabels {
    pub field: Field,
    group_of: Vec<u32>,
    /// The lowest code of each group. It identifies the group for ever: a text that is added later has a higher code.
    pub lowest: Vec<u32>,
    /// The group of codes without text.
    of_unknown: u32,
}

/// In place of a group number: rows of this code are in no group of the request.
pub(in crate::store::scan) const SKIPPED: u32 = u32::MAX;

/// Keeps the groups of columns between requests. An entry is stale when the version of the texts is another one.
#[derive(Debug, Default)]
pub(in crate::store::scan) struct LabelCache(Mutex<FxHashMap<(AccountId, Field), Compiled>>);

/// The state of the texts at the time, and the groups.
type Compiled = (Version, Arc<GroupLabels>);

/// Most bytes of groups that are kept. Past it all but the latest are dropped.
const CACHE_BYTES: usize = 16 * 1024 * 1024;

impl LabelCache {
    pub(in crate::store::scan) fn clear(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = FxHashMap::default();
    }

    fn keep(&self, key: (AccountId, Field), compiled: Compiled) {
        let mut cache = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        cache.insert(key, compiled);
        if cache.values().map(|(_, labels)| labels.bytes()).sum::<usize>() > CACHE_BYTES {
            cache.retain(|other, _| *other == key);
        }
    }
}

impl GroupLabels {
    /// The groups of a field, from the cache if possible.
    pub(in crate::store::scan) fn of(
        texts: &ColumnTexts<'_>,
        cache: &LabelCache,
        field: Field,
    ) -> Result<Arc<Self>, Error> {
        let Some(version) = texts.version(field.column)? else {
            return Ok(Arc::new(Self::compile(texts, field)?));
        };
        let lock = || cache.0.lock().unwrap_or_else(PoisonError::into_inner);
        let key = (texts.account, field);
        if let Some((_, labels)) = lock().get(&key).filter(|(cache, _)| *cache == version) {
            return Ok(Arc::clone(labels));
        }
        let labels = Arc::new(Self::compile(texts, field)?);
        cache.keep(key, (version, Arc::clone(&labels)));
        Ok(labels)
    }

    /// Only the groups of these codes, numbered in the order of `codes`.
    pub(in crate::store::scan) fn chosen(
        texts: &ColumnTexts<'_>,
        cache: &LabelCache,
        field: Field,
        codes: &[u32],
    ) -> Result<Arc<Self>, Error> {
        let mut labels = Self::clone(&*Self::of(texts, cache, field)?);
        labels.retain(codes);
        Ok(Arc::new(labels))
    }

    const fn bytes(&self) -> usize {
        size_of::<Self>() + (self.group_of.len() + self.lowest.len()) * size_of::<u32>()
    }

    fn compile(texts: &ColumnTexts<'_>, field: Field) -> Result<Self, Error> {
        let mut labels = Self { field, group_of: vec![0], lowest: vec![0], of_unknown: 0 };
        if field.first == 0 {
            // The texts come in order, so texts with the same beginning follow each other.
            let mut last = String::new();
            let mut group = 0;
            texts.each_text(field.column, |code, text| {
                let label = field.part_of(text);
                if label != last {
                    label.clone_into(&mut last);
                    group += 1;
                }
                labels.add(code, if is_empty(label) { 0 } else { group });
            })?;
            return Ok(labels);
        }
        let mut codes_of: BTreeMap<String, Vec<u32>> = BTreeMap::new();
        texts.each_text(field.column, |code, text| {
            let label = field.part_of(text);
            if let Some(codes) = codes_of.get_mut(label) {
                codes.push(code);
            } else if !is_empty(label) {
                codes_of.insert(label.to_owned(), vec![code]);
            }
        })?;
        for (codes, group) in codes_of.into_values().zip(1..) {
            codes.into_iter().for_each(|code| labels.add(code, group));
        }
        Ok(labels)
    }

    fn add(&mut self, code: u32, group: u32) {
        set(&mut self.group_of, code, group, 0);
        let lowest = self.lowest.get(group as usize).map_or(code, |lowest| code.min(*lowest));
        set(&mut self.lowest, group, lowest, code);
    }

    pub(in crate::store::scan) fn group(&self, code: u32) -> u32 {
        self.group_of.get(code as usize).copied().unwrap_or(self.of_unknown)
    }

    fn retain(&mut self, codes: &[u32]) {
        let mut place_of = vec![SKIPPED; self.lowest.len()];
        let mut lowest = Vec::with_capacity(codes.len());
        for code in codes {
            let group = self.group(*code);
            // A code without text has no group of its own, and is not in the group with the empty label either.
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
        self.of_unknown = place(self.of_unknown);
        self.group_of.iter_mut().for_each(|group| *group = place(*group));
        self.lowest = lowest;
    }
}

/// Are all parts of a label empty?
fn is_empty(label: &str) -> bool {
    label.chars().all(|c| c == SEPARATOR)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::question::Dimension;

    #[test]
    fn groups_are_kept_up_to_their_bytes_and_past_them_the_last_alone() {
        let place = Field::of(Dimension::Browser);
        let of = |codes: usize| GroupLabels {
            field: place,
            group_of: vec![0; codes],
            lowest: Vec::new(),
            of_unknown: 0,
        };
        let half = (CACHE_BYTES / 2 - size_of::<GroupLabels>()) / size_of::<u32>();
        for (codes, kept) in [(half, 2), (half + 1, 1)] {
            let cache = LabelCache::default();
            for (account, codes) in [(1, half), (2, codes)] {
                cache.keep(
                    (AccountId(account), place),
                    (Version { last_id: 1, change: 0 }, Arc::new(of(codes))),
                );
            }
            let cache = cache.0.into_inner().unwrap();
            assert_eq!(cache.len(), kept);
            assert!(cache.contains_key(&(AccountId(2), place)));
        }
    }
}
