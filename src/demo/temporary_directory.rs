//! A directory that is removed when it is no longer used, also after an error.

use std::path::{Path, PathBuf};

use crate::base::random::{Random, SystemRandom};
use crate::store::{INBOX_FILE, MAIN_FILE};

pub struct TemporaryDirectory(pub PathBuf);

impl TemporaryDirectory {
    /// Chooses a name that is not in use. Whoever uses the directory creates it.
    #[must_use]
    pub fn new(purpose: &str) -> Self {
        Self(std::env::temp_dir().join(format!("guestlog-{purpose}-{}", SystemRandom.token())))
    }

    /// Copies the files of a store that no process has open.
    pub fn copy_of(purpose: &str, store: &Path) -> std::io::Result<Self> {
        let copy = Self::new(purpose);
        std::fs::create_dir_all(&copy.0)?;
        for file in [MAIN_FILE, INBOX_FILE] {
            std::fs::copy(store.join(file), copy.0.join(file))?;
        }
        Ok(copy)
    }
}

impl Drop for TemporaryDirectory {
    fn drop(&mut self) {
        if let Err(error) = std::fs::remove_dir_all(&self.0)
            && error.kind() != std::io::ErrorKind::NotFound
        {
            tracing::warn!(dir = %self.0.display(), error = %error, "a temporary store could not be removed");
        }
    }
}
