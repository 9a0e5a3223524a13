//! Whether a database file is still where it was opened. SQLite goes on writing into a file that was removed or moved
//! away, and what it acknowledges then is gone with the process.

use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use crate::store::error::Error;

/// A file as it was when it was opened.
pub(in crate::store) struct Presence {
    path: PathBuf,
    device_and_inode: (u64, u64),
}

impl Presence {
    /// # Errors
    /// When there is no such file.
    pub(in crate::store) fn of(path: &Path) -> Result<Self, Error> {
        Ok(Self { path: path.to_owned(), device_and_inode: device_and_inode(path)? })
    }

    /// # Errors
    /// `Gone` when the file is not there, or is another one.
    pub(in crate::store) fn check(&self) -> Result<(), Error> {
        match device_and_inode(&self.path) {
            Ok(found) if found == self.device_and_inode => Ok(()),
            _ => Err(Error::Gone(self.path.clone())),
        }
    }
}

fn device_and_inode(path: &Path) -> std::io::Result<(u64, u64)> {
    let about = std::fs::metadata(path)?;
    Ok((about.dev(), about.ino()))
}
