//! What the addresses of hits say, as they were sent lately. Reading them is a good part of accepting a hit, and the
//! visitors of a site look at the same pages.

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use super::account_cache::Entry as Account;
use crate::domain::addresses::{Addresses, Sent};
use crate::domain::page::Invalid;

/// Longest addresses that are remembered, bytes of all four. Longer ones are read again.
const KEY_MAX: usize = 1_024;
/// Bytes of what is remembered, approximately; beyond it all is forgotten.
const BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of an entry beside those of its key and of the texts read from them, which are about as long.
const ENTRY_BYTES: usize = 400;

#[derive(Debug, Default)]
struct Known {
    by_key: FxHashMap<Box<[u8]>, Arc<Addresses>>,
    bytes: usize,
}

#[derive(Debug, Default)]
pub struct AddressCache(RwLock<Known>);

impl AddressCache {
    /// # Errors
    /// As `Addresses::read`.
    pub fn read(&self, account: &Account, sent: Sent<'_>) -> Result<Arc<Addresses>, Invalid> {
        let read = || {
            let own = |host: &str| account.settings().owns_host(host);
            Addresses::read(sent, own, &account.exclusions().parameters).map(Arc::new)
        };
        let Some(key) = key(account, sent) else { return read() };
        if let Some(known) = self.0.read().unwrap_or_else(PoisonError::into_inner).by_key.get(&*key) {
            return Ok(Arc::clone(known));
        }
        let addresses = read()?;
        let mut known = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let bytes = ENTRY_BYTES + 2 * key.len();
        if known.bytes + bytes > BYTES_MAX {
            *known = Known::default();
        }
        if known.by_key.insert(key.into(), Arc::clone(&addresses)).is_none() {
            known.bytes += bytes;
        }
        Ok(addresses)
    }

    /// Frees the memory.
    pub fn clear(&self) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Known::default();
    }
}

/// The texts behind their lengths, because any character may stand in a text. The settings of the account decide with
/// them, so their revision is a part. `None` when it would be too long.
fn key(account: &Account, sent: Sent<'_>) -> Option<Vec<u8>> {
    let texts = [sent.page, sent.path, sent.canonical, sent.referrer];
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    if bytes > KEY_MAX {
        return None;
    }
    let mut key = Vec::with_capacity(8 + 2 * texts.len() + bytes);
    key.extend_from_slice(&account.revision().to_le_bytes());
    for text in texts {
        key.extend_from_slice(&u16::try_from(text.len()).ok()?.to_le_bytes());
    }
    for text in texts {
        key.extend_from_slice(text.as_bytes());
    }
    Some(key)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::account::AccountId;

    fn account(domain: &str) -> Account {
        Account::for_test(AccountId::FIRST, domain)
    }

    fn count(cache: &AddressCache) -> usize {
        cache.0.read().unwrap().by_key.len()
    }

    #[test]
    fn what_is_remembered_is_what_would_be_read() {
        let (cache, account) = (AddressCache::default(), account("example.com"));
        let sent = |page, path, referrer| Sent { page, path, canonical: "", referrer };
        let all = [
            sent("https://example.com/a", "", ""),
            sent("https://example.com/a", "/b", ""),
            sent("https://example.com/a/b", "", ""),
            sent("https://example.com/a", "", "https://www.google.com/"),
            sent("https://example.com/a?utm_source=x", "", ""),
            sent("https://other.test/a", "", ""),
        ];
        for _ in 0..2 {
            for sent in all {
                let read = Addresses::read(sent, |host| account.settings().owns_host(host), &[]).unwrap();
                assert_eq!(*cache.read(&account, sent).unwrap(), read, "{sent:?}");
            }
        }
        assert_eq!(count(&cache), all.len());
        assert!(cache.read(&account, sent("no address", "", "")).is_err());
        assert_eq!(count(&cache), all.len(), "errors are not remembered");
    }

    #[test]
    fn other_settings_read_anew() {
        let cache = AddressCache::default();
        let sent = Sent { page: "https://example.com/a", ..Sent::default() };
        assert!(!cache.read(&account("example.com"), sent).unwrap().foreign_host);
        assert!(cache.read(&account("other.test"), sent).unwrap().foreign_host);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let (cache, account) = (AddressCache::default(), account("example.com"));
        let page = |n: usize, length: usize| format!("https://example.com/{n:0>width$}", width = length - 20);
        let read = |n: usize, length: usize| {
            let _ = cache.read(&account, Sent { page: &page(n, length), ..Sent::default() }).unwrap();
            count(&cache)
        };
        assert_eq!((read(0, KEY_MAX + 1), read(0, KEY_MAX)), (0, 1), "one past the limit, and at it");
        let each = ENTRY_BYTES + 2 * (16 + KEY_MAX);
        let most = BYTES_MAX / each;
        for n in 1..most {
            read(n, KEY_MAX);
        }
        assert_eq!(count(&cache), most);
        assert_eq!(read(most, KEY_MAX), 1, "one past the limit");
        cache.clear();
        assert_eq!(count(&cache), 0);
    }
}
