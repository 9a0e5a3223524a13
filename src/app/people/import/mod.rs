//! Importing contacts from a CSV file (rules.md 34). A file is uploaded, its columns are matched, its rows are checked
//! against the contacts, and then imported: both of the last run in the background, in short steps, and each row is imported
//! whole or refused with its reason. The file is kept in the folder of imports until it is imported or discarded, at most a
//! day, and no longer than until somebody of the account is erased: it may hold that person.

mod apply;
pub mod file;
mod row;
mod run;
pub mod work;

use std::io::Write;
use std::path::PathBuf;

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::import::{
    Column, FILE_MAX, NAME_MAX, Refusal, WrongColumns, check_columns, guess_columns,
};
use crate::domain::text::cut;
use crate::domain::user::Role;
use crate::store::import::{IMPORTS_MAX, Import, NewImport, State};
use crate::store::{self, Connection, audit, import};
use file::{FileError, Rows};

/// Why nothing was done.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("the file is larger than {} MiB", FILE_MAX / (1024 * 1024))]
    TooLarge,
    #[error(transparent)]
    File(#[from] FileError),
    #[error(transparent)]
    Columns(#[from] WrongColumns),
    #[error("this import is under way or over")]
    NotNow,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

impl From<std::io::Error> for Error {
    fn from(error: std::io::Error) -> Self {
        Self::File(error.into())
    }
}

/// A file in the folder of imports that belongs to no import yet. It is deleted when nobody keeps it.
pub struct Pending {
    data_dir: PathBuf,
    name: String,
    is_kept: bool,
}

impl Pending {
    fn new(app: &App) -> Self {
        Self { data_dir: app.store.data_dir().to_owned(), name: app.random.token(), is_kept: false }
    }

    fn path(&self) -> PathBuf {
        file::path_of(&self.data_dir, &self.name)
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        if !self.is_kept
            && let Err(error) = file::delete(&self.data_dir, &self.name)
        {
            tracing::warn!(%error, "the file of an import could not be deleted");
        }
    }
}

/// A file that is being uploaded.
pub struct Upload {
    pending: Pending,
    file: std::fs::File,
    bytes: u64,
}

impl Upload {
    /// # Errors
    /// The system's.
    pub fn start(app: &App) -> Result<Self, Error> {
        let pending = Pending::new(app);
        let file = file::create(&pending.data_dir, &pending.name)?;
        Ok(Self { pending, file, bytes: 0 })
    }

    /// A file that somebody else has put into the folder of imports under this name.
    ///
    /// # Errors
    /// The system's; also when there is no such file.
    pub fn of_file(app: &App, name: &str) -> Result<Self, Error> {
        if !file::is_name(name) {
            return Err(std::io::Error::from(std::io::ErrorKind::NotFound).into());
        }
        let pending =
            Pending { data_dir: app.store.data_dir().to_owned(), name: name.to_owned(), is_kept: false };
        let file = std::fs::File::open(pending.path())?;
        let bytes = file.metadata()?.len();
        if bytes > FILE_MAX {
            return Err(Error::TooLarge);
        }
        Ok(Self { pending, file, bytes })
    }

    /// Appends a part.
    ///
    /// # Errors
    /// `TooLarge`; the system's.
    pub fn write(&mut self, part: &[u8]) -> Result<(), Error> {
        self.bytes += part.len() as u64;
        if self.bytes > FILE_MAX {
            return Err(Error::TooLarge);
        }
        Ok(self.file.write_all(part)?)
    }
}

/// Makes an import of a file, with its columns as they most likely are. Answers its number.
///
/// # Errors
/// `File` when it cannot be imported; `Denied` below admin; the store's.
pub async fn create(
    app: &App,
    actor: Actor,
    account: AccountId,
    upload: Upload,
    name: &str,
) -> Result<i64, Error> {
    let readable = Pending::new(app);
    let inspecting = move || {
        let Upload { pending, file, .. } = upload;
        drop(file);
        let target = file::create(&readable.data_dir, &readable.name)?;
        let inspected = file::inspect(&pending.path(), target, &readable.path())?;
        Ok::<_, FileError>((inspected, readable))
    };
    let inspected = tokio::task::spawn_blocking(inspecting).await.map_err(|_| store::Error::Panicked)?;
    let (inspected, mut readable) = inspected?;
    let name = match cut(name.trim(), NAME_MAX) {
        name if name.is_empty() => "contacts.csv".to_owned(),
        name => name,
    };
    let (now, file) = (app.now(), readable.name.clone());
    let id = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            store::account::find(conn, account)?.ok_or(store::Error::NotFound)?;
            let columns = guess_columns(&inspected.headings);
            let new = NewImport {
                user: actor.user().map(|user| user.0),
                name: &name,
                file: &file,
                encoding: inspected.encoding,
                separator: inspected.separator,
                columns: &columns,
                rows: inspected.rows,
            };
            Ok::<_, access::Error>(import::insert(conn, account, &new, now)?)
        })
        .await?;
    readable.is_kept = true;
    forget_oldest(app, account).await?;
    Ok(id)
}

/// Deletes the imports past the number that is kept.
async fn forget_oldest(app: &App, account: AccountId) -> Result<(), Error> {
    let imports = app.store.read(move |conn| import::list(conn, account)).await?;
    for old in imports.into_iter().skip(IMPORTS_MAX).filter(|old| !old.state.is_active()) {
        delete(app, &old).await?;
    }
    Ok(())
}

/// An import of the account.
///
/// # Errors
/// `NotFound`; the store's.
pub async fn find(app: &App, account: AccountId, id: i64) -> Result<Import, store::Error> {
    app.store.read(move |conn| import::find(conn, account, id)?.ok_or(store::Error::NotFound)).await
}

/// The imports of the account, the latest first.
///
/// # Errors
/// The store's.
pub async fn list(app: &App, account: AccountId) -> Result<Vec<Import>, store::Error> {
    app.store.read(move |conn| import::list(conn, account)).await
}

/// Refused rows of an import after this line, in order.
///
/// # Errors
/// The store's.
pub async fn refusals(app: &App, id: i64, after: u64, limit: usize) -> Result<Vec<Refusal>, store::Error> {
    app.store.read(move |conn| import::list_refusals(conn, id, after, limit)).await
}

/// Values of each column in the first rows that have one, at most this many.
///
/// # Errors
/// When the file cannot be read.
pub async fn samples(app: &App, import: &Import, count: usize) -> Result<Vec<Vec<String>>, Error> {
    /// Rows that are looked through.
    const ROWS: usize = 100;
    let path = file::path_of(app.store.data_dir(), &import.file);
    let (separator, columns) = (import.separator, import.columns.len());
    let reading = move || {
        let mut rows = Rows::open(&path, separator)?;
        let mut samples = vec![Vec::new(); columns];
        for _ in 0..ROWS {
            let Some(row) = rows.next_row()? else { break };
            for (sample, cell) in samples.iter_mut().zip(&row.record) {
                if sample.len() < count && !cell.trim().is_empty() {
                    sample.push(cell.to_owned());
                }
            }
        }
        Ok::<_, FileError>(samples)
    };
    Ok(tokio::task::spawn_blocking(reading).await.map_err(|_| store::Error::Panicked)??)
}

/// Begins to check an import, or to import its rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Begin {
    Check,
    Import,
}

/// Begins with these columns; the server, or `work::work`, does the rest.
///
/// # Errors
/// `Columns` when they cannot be imported; `NotNow` when it runs or is over; `NotFound`; `Denied` below admin; the store's.
pub async fn begin(
    app: &App,
    actor: Actor,
    account: AccountId,
    id: i64,
    columns: Vec<Column>,
    what: Begin,
) -> Result<(), Error> {
    check_columns(&columns)?;
    let now = app.now();
    // Those of an earlier check, before the import is begun in one step.
    delete_refusals(app, actor, account, id).await?;
    app.store
        .writer
        .write(move |conn| {
            need_idle(conn, actor, account, id)?;
            import::update_columns(conn, id, &columns)?;
            let state = match what {
                Begin::Check => State::Checking,
                Begin::Import => State::Running,
            };
            import::begin(conn, id, state)?;
            if what == Begin::Import {
                let detail = format!("import {id}");
                audit::insert(conn, now, Some(account), actor.user(), "contacts.import", &detail)?;
            }
            Ok(())
        })
        .await
}

/// The import, when an admin may begin something with it.
fn need_idle(conn: &Connection, actor: Actor, account: AccountId, id: i64) -> Result<Import, Error> {
    access::need(conn, actor, account, Role::Admin)?;
    let found = import::find(conn, account, id)?.ok_or(store::Error::NotFound)?;
    if found.state.is_active() || found.state.is_over() {
        return Err(Error::NotNow);
    }
    Ok(found)
}

async fn delete_refusals(app: &App, actor: Actor, account: AccountId, id: i64) -> Result<(), Error> {
    let step = move |conn: &Connection| {
        need_idle(conn, actor, account, id)?;
        Ok::<_, Error>(import::delete_refusals(conn, id)?)
    };
    while app.store.writer.write(step).await? {}
    Ok(())
}

/// Deletes the file of an import that was not begun, and what is known of it.
///
/// # Errors
/// `NotNow` when it runs or is over; `NotFound`; `Denied` below admin; the store's.
pub async fn discard(app: &App, actor: Actor, account: AccountId, id: i64) -> Result<(), Error> {
    let found = app.store.writer.write(move |conn| need_idle(conn, actor, account, id)).await?;
    delete(app, &found).await
}

/// Deletes an import, its file first.
async fn delete(app: &App, import: &Import) -> Result<(), Error> {
    delete_file(app, import).await?;
    let id = import.id;
    while app.store.writer.write(move |conn| import::delete_refusals(conn, id)).await? {}
    Ok(app.store.writer.write(move |conn| import::delete(conn, id)).await?)
}

async fn delete_file(app: &App, import: &Import) -> Result<(), Error> {
    if !import.file.is_empty() {
        file::delete(app.store.data_dir(), &import.file)?;
        let id = import.id;
        app.store.writer.write(move |conn| import::update_without_file(conn, id)).await?;
    }
    Ok(())
}

/// Longest time that a file waits to be imported.
pub const KEPT_MS: i64 = crate::base::clock::DAY;

/// Deletes the files of imports that are over, and imports that nobody began within a day.
///
/// # Errors
/// The store's, and the system's.
pub async fn delete_left_over(app: &App, now: Millis) -> Result<(), Error> {
    for import in app.store.read(import::list_open).await? {
        if import.state.is_over() {
            delete_file(app, &import).await?;
        } else if !import.state.is_active() && now.since(import.created) > KEPT_MS {
            delete(app, &import).await?;
        }
    }
    Ok(())
}

/// Deletes what lies in the folder and belongs to no import: uploads of a process that ended. Nobody may upload meanwhile.
///
/// # Errors
/// The store's, and the system's.
pub async fn delete_strays(app: &App) -> Result<(), Error> {
    let known: Vec<String> =
        app.store.read(import::list_open).await?.into_iter().map(|one| one.file).collect();
    let entries = match std::fs::read_dir(app.store.data_dir().join(file::FOLDER)) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let name = entry?.file_name();
        let name = name.to_string_lossy();
        if file::is_name(&name) && !known.iter().any(|known| *known == *name) {
            file::delete(app.store.data_dir(), &name)?;
        }
    }
    Ok(())
}
