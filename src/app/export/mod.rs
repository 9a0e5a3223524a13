//! Exports all events of an account, because people own their data: `guestlog export events`, and the same as a download
//! of an admin; and all of its contacts in the same way (`contacts`). Both are taken step by step, so that memory does
//! not grow with the number of events.

pub mod columns;
pub mod contacts;
mod format;

use std::ops::Range;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, TryAcquireError};

pub use self::format::Format;
use crate::app::access::{self, Actor, permissions};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::money;
use crate::domain::period::{LocalDay, Zone};
use crate::domain::user::Role;
use crate::store::account::Account;
use crate::store::event::PAGE_VIEW;
use crate::store::export::{EventReader, STEP_ROWS, count_about};
use crate::store::{self, Connection};
use columns::Line;

/// Which events are exported, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Local days, both included; without them from the first event on, and up to the last one.
    pub first: Option<LocalDay>,
    pub last: Option<LocalDay>,
    pub format: Format,
}

impl Wanted {
    fn range(&self, zone: &Zone) -> Range<i64> {
        self.first.map_or(i64::MIN, |day| zone.start_of(day).0)
            ..self.last.map_or(i64::MAX, |day| zone.start_of(day.plus(1)).0)
    }

    /// Whether the first day is after the last one.
    #[must_use]
    pub fn is_reversed(&self) -> bool {
        matches!((self.first, self.last), (Some(first), Some(last)) if first > last)
    }

    /// The name of the file, such as `events-1000001-2026-01-01-2026-01-31.csv`.
    #[must_use]
    pub fn file_name(&self, account: AccountId) -> String {
        let days = [self.first, self.last].into_iter().flatten().map(|day| format!("-{day}"));
        format!("events-{account}{}.{}", days.collect::<String>(), self.format.extension())
    }
}

/// How many events were exported.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Exported {
    pub page_views: u64,
    pub completions: u64,
}

impl Exported {
    #[must_use]
    pub const fn events(self) -> u64 {
        self.page_views + self.completions
    }
}

/// An export under way.
pub struct Export {
    account: Account,
    zone: Zone,
    format: Format,
    reader: EventReader,
    is_begun: bool,
    /// What is still to be exported.
    rest_ms: Range<i64>,
    now: Millis,
    pub exported: Exported,
}

impl Export {
    #[must_use]
    pub fn new(account: Account, wanted: &Wanted, now: Millis) -> Self {
        let zone = Zone::named(&account.settings.time_zone);
        Self {
            reader: EventReader::new(account.id, zone.clone(), STEP_ROWS),
            format: wanted.format,
            is_begun: false,
            rest_ms: wanted.range(&zone),
            now,
            exported: Exported::default(),
            account,
            zone,
        }
    }

    /// How many events are still to come, about.
    ///
    /// # Errors
    /// SQLite's.
    pub fn count_about(&self, conn: &Connection) -> Result<u64, store::Error> {
        count_about(conn, self.account.id, &self.rest_ms)
    }

    /// Days that could not be read. Their events are missing in what was written so far.
    #[must_use]
    pub fn damaged(&self) -> &[LocalDay] {
        &self.reader.damaged
    }

    /// Appends the next events to `out`. Answers false when there are no more.
    ///
    /// # Errors
    /// SQLite's. Days that cannot be read are left out and are in `damaged`.
    pub fn step(&mut self, conn: &Connection, out: &mut Vec<u8>) -> Result<bool, store::Error> {
        if !self.is_begun {
            self.format.write_head(out);
            self.is_begun = true;
        }
        let Self { account, zone, format, reader, rest_ms, now, exported, .. } = self;
        let currency = account.settings.currency.as_str();
        let digits = money::digits(currency);
        let mut writer = format.writer(out);
        let next = reader.read(conn, *now, rest_ms, |texts, row| {
            match row.event.kind {
                PAGE_VIEW => exported.page_views += 1,
                _ => exported.completions += 1,
            }
            writer.write(&Line { row, texts, zone, currency, digits });
        })?;
        let Some(next) = next else { return Ok(false) };
        rest_ms.start = next;
        Ok(true)
    }
}

/// An export that a signed-in user downloads. Each step reads one state of the store, so a slow download keeps no old state
/// in use.
pub struct Download {
    app: Arc<App>,
    /// `None` after the end.
    export: Option<Export>,
    _turn: OwnedSemaphorePermit,
}

/// A download ended before it had all events.
#[derive(Debug, thiserror::Error)]
pub enum DownloadError {
    #[error("{0} days cannot be read and are missing in the export, the first of them {1}")]
    Damaged(usize, LocalDay),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The turn of a download.
///
/// # Errors
/// `Busy` when there are too many downloads, `Closed`.
fn take_turn(app: &App) -> Result<OwnedSemaphorePermit, store::Error> {
    Arc::clone(&app.downloads).try_acquire_owned().map_err(|error| match error {
        TryAcquireError::NoPermits => store::Error::Busy,
        TryAcquireError::Closed => store::Error::Closed,
    })
}

impl Download {
    /// Begins a download, and writes it to the audit log.
    ///
    /// # Errors
    /// `Denied` for roles below admin (rules.md 28). `Busy` when there are too many downloads.
    pub async fn start(
        app: &Arc<App>,
        actor: Actor,
        account: AccountId,
        wanted: Wanted,
    ) -> Result<Self, access::Error> {
        let turn = take_turn(app)?;
        let now = app.now();
        let account = app
            .store
            .writer
            .write(move |conn| {
                permissions::need(conn, actor, account, Role::Admin)?;
                let file = wanted.file_name(account);
                store::audit::insert(conn, now, Some(account), actor.user(), "events.export", &file)?;
                store::account::find(conn, account)?.ok_or(access::Error::Store(store::Error::NotFound))
            })
            .await?;
        Ok(Self { app: Arc::clone(app), export: Some(Export::new(account, &wanted, now)), _turn: turn })
    }

    /// The next part of the file; `None` after its end.
    ///
    /// # Errors
    /// `Damaged` at the end when days are missing, so that the file does not pass for a whole one.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, DownloadError> {
        let Some(mut export) = self.export.take() else { return Ok(None) };
        loop {
            let step = move |conn: &Connection| {
                let mut part = Vec::new();
                let has_more = export.step(conn, &mut part)?;
                Ok::<_, store::Error>((export, has_more, part))
            };
            let (stepped, has_more, part) = self.app.store.read_long(step).await?;
            export = stepped;
            if !part.is_empty() {
                self.export = Some(export);
                return Ok(Some(part));
            }
            match export.damaged() {
                // A day without anything to read.
                _ if has_more => {}
                [] => return Ok(None),
                [first, ..] => return Err(DownloadError::Damaged(export.damaged().len(), *first)),
            }
        }
    }
}
