//! The data directory: its permissions, its lock, and opening the files in it. A restore that was interrupted is
//! finished here before anything is opened.

use std::fs::File;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use rusqlite::Connection;

use super::{migrate, open};
use crate::base::clock::Millis;
use crate::store::error::Error;

pub const MAIN_FILE: &str = "guestlog.db";
pub const INBOX_FILE: &str = "inbox.db";
/// Locked by the process that may write.
pub const LOCK_FILE: &str = "guestlog.lock";
/// What else a data directory holds: the lock, the control socket, maps, unfinished restores.
const OTHER_NAMES: &[&str] =
    &[LOCK_FILE, "guestlog.sock", "maps", "restore-", "erased-persons", "withdrawn-browsers"];
/// The directory in which a restore prepares its files, and its name (before the time) when they are complete.
pub(in crate::store) const RESTORE_NEW: &str = "restore-unfinished";
pub(in crate::store) const RESTORE_READY: &str = "restore-ready-";
/// Files up to this size are checked at each start, which takes about 20 ms. Larger ones are checked by `guestlog check`.
const QUICK_CHECK_MAX: u64 = 8 * 1024 * 1024;

/// Creates the directory if it does not exist. Only its owner may enter.
pub fn create_data_dir(dir: &Path) -> Result<(), Error> {
    use std::os::unix::fs::DirBuilderExt;
    if dir.is_dir() {
        return Ok(());
    }
    std::fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .map_err(|source| Error::DataDir { path: dir.to_owned(), source })
}

/// Locks a data directory. The lock is released when the file is dropped, however the process ends. Answers `Locked` when
/// another process has it.
pub fn lock(data_dir: &Path) -> Result<File, Error> {
    use std::os::unix::fs::OpenOptionsExt;
    let path = data_dir.join(LOCK_FILE);
    let unusable = |source| Error::DataDir { path: data_dir.to_owned(), source };
    let file =
        File::options().create(true).truncate(false).write(true).mode(0o600).open(&path).map_err(unusable)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(std::fs::TryLockError::WouldBlock) => return Err(Error::Locked(data_dir.to_owned())),
        Err(std::fs::TryLockError::Error(error)) => return Err(unusable(error)),
    }
    give_to_owner(data_dir, &[Some(&path)]).map_err(unusable)?;
    Ok(file)
}

/// Removes the permissions that other users have on the files of a store, among them copies made before an upgrade. Those
/// on the directory are removed too, when it holds nothing else.
pub fn remove_permissions_of_others(data_dir: &Path) -> Result<(), Error> {
    let mut is_own = true;
    for entry in std::fs::read_dir(data_dir)? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        let is_file = [MAIN_FILE, INBOX_FILE].iter().any(|file| name.starts_with(file));
        if is_file {
            restrict_mode(&entry.path());
        }
        is_own &= is_file || OTHER_NAMES.iter().any(|other| name.starts_with(other));
    }
    if is_own {
        restrict_mode(data_dir);
    }
    Ok(())
}

/// Leaves permissions to the owner alone. A file of another owner cannot be changed, and is logged.
fn restrict_mode(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(about) = std::fs::symlink_metadata(path) else { return };
    let mode = about.permissions().mode();
    if about.is_symlink() || mode & 0o077 == 0 {
        return;
    }
    match std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode & 0o700)) {
        Ok(()) => tracing::warn!(
            path = %path.display(), mode = format!("{:o}", mode & 0o777),
            "other users could read this; their permissions are removed"
        ),
        Err(error) => tracing::warn!(path = %path.display(), %error, "other users can read this"),
    }
}

/// When root runs a command on the directory of the server's user, gives the files that root created to that user.
/// Otherwise the server could not open them.
pub fn give_to_owner(data_dir: &Path, paths: &[Option<&Path>]) -> std::io::Result<()> {
    use std::os::unix::fs::MetadataExt;
    if !rustix::process::geteuid().is_root() {
        return Ok(());
    }
    let owner = std::fs::metadata(data_dir)?;
    for path in paths.iter().flatten() {
        let about = std::fs::symlink_metadata(path)?;
        if (about.uid(), about.gid()) != (owner.uid(), owner.gid()) {
            std::os::unix::fs::lchown(path, Some(owner.uid()), Some(owner.gid()))?;
        }
    }
    Ok(())
}

/// Opens the main file for reading, also beside a running server; `None` when there is no store yet. Answers `TooNew`,
/// `NotMigrated` or `Corrupt` when this program cannot use it.
pub fn open_main(data_dir: &Path) -> Result<Option<Connection>, Error> {
    settle(data_dir)?;
    let path = data_dir.join(MAIN_FILE);
    if is_absent(&path)? {
        return Ok(None);
    }
    let damaged = |error: Error| error.of_file(&path);
    let conn = open::reader(&path).map_err(damaged)?;
    open::verify_header(&conn).map_err(damaged)?;
    let found = migrate::version(&conn, migrate::MAIN).map_err(damaged)?;
    if found < migrate::MAIN.len() {
        return Err(Error::NotMigrated { found, known: migrate::MAIN.len() });
    }
    Ok(Some(conn))
}

/// The names of the migrations that the store still needs; all of them when there is no store.
pub fn missing_steps(data_dir: &Path) -> Result<Vec<&'static str>, Error> {
    settle(data_dir)?;
    let mut missing = Vec::new();
    for (name, steps) in [(MAIN_FILE, migrate::MAIN), (INBOX_FILE, migrate::INBOX)] {
        let found = version_of(&data_dir.join(name), steps)?.unwrap_or(0);
        missing.extend(steps.iter().skip(found).map(|step| step.name));
    }
    Ok(missing)
}

/// The version of a file, which is only read; `None` when it does not exist.
fn version_of(path: &Path, steps: &[migrate::Migration]) -> Result<Option<usize>, Error> {
    if is_absent(path)? {
        return Ok(None);
    }
    let found = open::reader(path).and_then(|conn| migrate::version(&conn, steps));
    found.map(Some).map_err(|error| error.of_file(path))
}

/// Does the file not exist, or is it as empty as one that was just created?
pub(in crate::store) fn is_absent(path: &Path) -> Result<bool, Error> {
    match std::fs::metadata(path) {
        Ok(about) => Ok(about.len() == 0),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error.into()),
    }
}

/// Refuses files of a version that this program does not know, and an inbox without main file. It writes nothing. The
/// caller holds the lock.
pub(in crate::store) fn refuse_unfit(data_dir: &Path) -> Result<(), Error> {
    for (name, steps) in [(MAIN_FILE, migrate::MAIN), (INBOX_FILE, migrate::INBOX)] {
        version_of(&data_dir.join(name), steps)?;
    }
    let (main, inbox) = (data_dir.join(MAIN_FILE), data_dir.join(INBOX_FILE));
    // The main file is created first, so an inbox alone means that the main file was lost. A new one must not silently
    // take its place.
    if is_absent(&main)? && !is_absent(&inbox)? {
        return Err(Error::Corrupt {
            file: main,
            finding: format!("missing or empty, although {INBOX_FILE} exists"),
        });
    }
    Ok(())
}

/// Opens and migrates a file. The error for a damaged file names it and says what to do.
pub(in crate::store) fn open_checked(
    path: &Path,
    steps: &[migrate::Migration],
    fills: &[migrate::Fill],
    page_bytes: u32,
    now: Millis,
) -> Result<Connection, Error> {
    let open = || {
        // Before SQLite opens it, because SQLite gives its log the same owner and mode.
        restrict(path)?;
        let mut conn = open::writer(path, page_bytes)?;
        open::verify_header(&conn)?;
        migrate::run(&mut conn, steps, fills, path, now)?;
        if std::fs::metadata(path)?.len() <= QUICK_CHECK_MAX {
            let finding: String = conn.query_row("pragma quick_check(1)", [], |row| row.get(0))?;
            if finding != "ok" {
                return Err(Error::Corrupt { file: path.to_owned(), finding });
            }
        }
        Ok(conn)
    };
    open().map_err(|error: Error| error.of_file(path))
}

/// Lets only the owner read the file, and creates it if it does not exist.
pub(in crate::store) fn restrict(path: &Path) -> Result<(), Error> {
    use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
    let file = File::options().create(true).truncate(false).write(true).mode(0o600).open(path)?;
    file.set_permissions(std::fs::Permissions::from_mode(0o600))?;
    if let Some(dir) = path.parent() {
        give_to_owner(dir, &[Some(path)])?;
    }
    Ok(())
}

/// Syncs a directory, so that names in it survive a power cut.
pub(in crate::store) fn sync_dir(dir: Option<&Path>) -> std::io::Result<()> {
    let dir = dir.filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    File::open(dir)?.sync_all()
}

/// Finishes a restore that was interrupted after its files were complete, so that nobody sees one old and one new file.
/// Answers `Locked` when another process is doing that.
pub(in crate::store) fn settle(data_dir: &Path) -> Result<(), Error> {
    if ready_restore(data_dir)?.is_some() {
        let _lock = lock(data_dir)?;
        finish_restore(data_dir)?;
    }
    Ok(())
}

fn ready_restore(data_dir: &Path) -> Result<Option<(PathBuf, String)>, Error> {
    let entries = match std::fs::read_dir(data_dir) {
        Ok(entries) => entries,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(source) => return Err(Error::DataDir { path: data_dir.to_owned(), source }),
    };
    for entry in entries {
        let entry = entry?;
        if let Some(time) = entry.file_name().to_str().and_then(|name| name.strip_prefix(RESTORE_READY)) {
            return Ok(Some((entry.path(), time.to_owned())));
        }
    }
    Ok(None)
}

/// Moves complete restored files to their places; answers where the old ones are. If it is interrupted anywhere, the next
/// call continues, because each step leaves what the next one needs. The caller holds the lock.
pub(in crate::store) fn finish_restore(data_dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let Some((stage, time)) = ready_restore(data_dir)? else { return Ok(Vec::new()) };
    for (from, to) in restore_moves(data_dir, &stage, &time) {
        std::fs::rename(from, to)?;
    }
    sync_dir(Some(data_dir))?;
    std::fs::remove_dir_all(stage)?;
    let kept = |name: &str| data_dir.join(format!("{name}.before-restore-{time}"));
    Ok([MAIN_FILE, INBOX_FILE].map(kept).into_iter().filter(|path| path.exists()).collect())
}

/// What remains to be renamed, in this order. An old file is moved away only while its new one is waiting. Its log moves
/// with it, because SQLite would read a log into whatever file is beside it.
fn restore_moves(data_dir: &Path, stage: &Path, time: &str) -> Vec<(PathBuf, PathBuf)> {
    let mut moves = Vec::new();
    for name in [INBOX_FILE, MAIN_FILE] {
        let new = stage.join(name);
        if !new.exists() {
            continue;
        }
        for ending in ["", "-wal", "-shm"] {
            let old = data_dir.join(format!("{name}{ending}"));
            if old.exists() {
                moves.push((old, data_dir.join(format!("{name}.before-restore-{time}{ending}"))));
            }
        }
        moves.push((new, data_dir.join(name)));
    }
    moves
}
