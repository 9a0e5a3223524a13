//! The files with the look of the consent banners that accounts show. They follow the changes of accounts
//! (`store::changes`). Each file is compressed when the first browser asks for it. Only published files are found, so nobody
//! can have the server build others.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::account::AccountId;
use crate::domain::consent::policy::Policy;
use crate::domain::consent_banner::Banner;
use crate::store::changes::{Change, Kind};
use crate::store::{self, Connection};
use crate::tracker::Script;
use crate::tracker::banner;

/// The banners of so many of the latest revisions are served. A page that is open loads the banner only when its visitor wants
/// to change a choice, and it then asks for the one of the revision that it was opened with.
pub const REVISIONS: usize = 10;

/// One banner in one language.
struct File {
    language: String,
    hash: String,
    banner: Banner,
    script: OnceLock<Option<Arc<Script>>>,
}

impl File {
    fn is_same(&self, other: &Self) -> bool {
        self.hash == other.hash && self.language == other.language
    }
}

#[derive(Default)]
pub struct BannerCache {
    published: RwLock<FxHashMap<AccountId, Vec<Arc<File>>>>,
}

impl BannerCache {
    /// Publishes the banners of all accounts.
    pub(in crate::app) fn load(
        conn: &Connection,
        accounts: impl Iterator<Item = AccountId>,
    ) -> Result<Self, store::Error> {
        let cache = Self::default();
        for account in accounts {
            cache.publish(account, &banners(conn, account)?);
        }
        Ok(cache)
    }

    /// Publishes the banners of the accounts that changed.
    pub(in crate::app) fn follow(&self, conn: &Connection, changes: &[Change]) -> Result<(), store::Error> {
        for change in changes.iter().filter(|change| change.kind == Kind::Account) {
            self.publish(change.account, &banners(conn, change.account)?);
        }
        Ok(())
    }

    /// From now on the account shows these banners and no others. What is compressed already stays so. Without a banner
    /// nothing is served.
    pub fn publish(&self, account: AccountId, banners: &[Banner]) {
        let mut all: Vec<Arc<File>> = Vec::new();
        for file in banners.iter().flat_map(files) {
            if !all.iter().any(|other| other.is_same(&file)) {
                let known = self.published(account, &file.language, &file.hash);
                all.push(known.unwrap_or_else(|| Arc::new(file)));
            }
        }
        let mut published = self.published.write().unwrap_or_else(PoisonError::into_inner);
        if all.is_empty() {
            published.remove(&account);
        } else {
            published.insert(account, all);
        }
    }

    /// The published file with this language and hash.
    ///
    /// # Errors
    /// `Panicked`.
    pub async fn find(
        &self,
        account: AccountId,
        language: &str,
        hash: &str,
    ) -> Result<Option<Arc<Script>>, store::Error> {
        let Some(file) = self.published(account, language, hash) else { return Ok(None) };
        if let Some(script) = file.script.get() {
            return Ok(script.clone());
        }
        // Browsers that ask at the same time wait for the one that builds it.
        let build = move || {
            file.script.get_or_init(|| banner::build(&file.banner, &file.language).map(Arc::new)).clone()
        };
        tokio::task::spawn_blocking(build).await.map_err(|_| store::Error::Panicked)
    }

    fn published(&self, account: AccountId, language: &str, hash: &str) -> Option<Arc<File>> {
        let published = self.published.read().unwrap_or_else(PoisonError::into_inner);
        let mut files = published.get(&account)?.iter();
        files.find(|file| file.language == language && file.hash == hash).cloned()
    }
}

/// The banners of the latest revisions that show one.
fn banners(conn: &Connection, account: AccountId) -> Result<Vec<Banner>, store::Error> {
    let revisions = store::consent::list(conn, account, u32::MAX, REVISIONS)?;
    let policies = revisions.into_iter().map(|revision| revision.policy);
    Ok(policies.filter(Policy::shows_banner).map(|policy| policy.banner).collect())
}

fn files(look: &Banner) -> Vec<File> {
    let hashes = banner::hashes(look).into_iter();
    hashes
        .map(|(language, hash)| File { language, hash, banner: look.clone(), script: OnceLock::new() })
        .collect()
}
