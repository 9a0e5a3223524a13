//! A directory that goes when the benchmark is over.

use std::path::{Path, PathBuf};

use crate::base::random::{Random, SystemRandom};
use crate::store::{INBOX_FILE, MAIN_FILE};

pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    /// A name nobody has; the directory is made by who uses it.
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("guestlog-bench-{}", SystemRandom.token())))
    }

    /// A copy of a store that nobody holds.
    pub(super) fn copy_of(dir: &Path) -> std::io::Result<Self> {
        let scratch = Self::new();
        std::fs::create_dir_all(&scratch.0)?;
        for file in [MAIN_FILE, INBOX_FILE] {
            std::fs::copy(dir.join(file), scratch.0.join(file))?;
        }
        Ok(scratch)
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
