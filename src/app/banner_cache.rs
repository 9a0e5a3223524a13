//! The files with the look of the consent banners that accounts show. Each is compressed when the first browser asks for
//! it. Only published files are found, so nobody can have the server build others.

use std::sync::{Arc, OnceLock, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::domain::account::AccountId;
use crate::domain::consent_banner::Banner;
use crate::store;
use crate::tracker::Script;
use crate::tracker::banner;

/// One banner in one language.
struct File {
    language: String,
    hash: String,
    banner: Banner,
    script: OnceLock<Option<Arc<Script>>>,
}

#[derive(Default)]
pub struct BannerCache {
    published: RwLock<FxHashMap<AccountId, Vec<Arc<File>>>>,
}

impl BannerCache {
    /// From now on the account shows these banners and no others. Browsers keep the script of the account for a minute, so
    /// the banner that was shown before a change belongs to them too. Without a banner nothing is served.
    pub fn publish(&self, account: AccountId, banners: &[Banner]) {
        let files = banners.iter().flat_map(files).collect();
        self.published.write().unwrap_or_else(PoisonError::into_inner).insert(account, files);
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

fn files(look: &Banner) -> Vec<Arc<File>> {
    let file = |language: &str| {
        let hash = banner::hash(&banner::text(look, language)?);
        let (language, banner) = (language.to_owned(), look.clone());
        Some(Arc::new(File { language, hash, banner, script: OnceLock::new() }))
    };
    look.languages().into_iter().filter_map(file).collect()
}
