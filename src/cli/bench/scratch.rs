//! A directory that goes when the benchmark is over.

use std::path::PathBuf;

use crate::base::random::{Random, SystemRandom};

pub(super) struct Scratch(pub(super) PathBuf);

impl Scratch {
    /// A name nobody has; the directory is made by who uses it.
    pub(super) fn new() -> Self {
        Self(std::env::temp_dir().join(format!("guestlog-bench-{}", SystemRandom.token())))
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
