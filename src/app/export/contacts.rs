//! Exports all contacts of an account as CSV: `guestlog contact export`, and the same as a download of an admin. An import
//! of the file into an empty account makes the same contacts (rules.md 34). Both take it step by step, so that memory does
//! not grow with the number of contacts.

use std::io;
use std::sync::Arc;

use rustc_hash::FxHashMap;
use serde_json::{Map, Value};
use tokio::sync::OwnedSemaphorePermit;

use super::take_turn;
use crate::app::access::{self, Actor, permissions};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::import::{BETWEEN_DETAILS, COLUMNS_MAX, Target};
use crate::domain::money;
use crate::domain::text::{BYTE_ORDER_MARK, cell_to_read_again};
use crate::domain::user::Role;
use crate::store::account::Account;
use crate::store::contact::{self, Shown};
use crate::store::dictionary::{self, Kind, part};
use crate::store::{self, Connection, email, property};

/// Contacts of a step.
const STEP: usize = 1_000;
/// Columns before and behind those of properties.
const BEFORE: [&str; 4] = ["contact_id", "email", "other_emails", "external_id"];
const BEHIND: [&str; 11] = [
    "other_properties",
    "created",
    "first_seen",
    "last_seen",
    "original_source",
    "original_source_detail",
    "revenue",
    "revenue_asserted",
    "completions",
    "sessions",
    "page_views",
];
/// Most properties with a column of their own, those that most contacts have; the others stand together in one column. So
/// the file has no more columns than an import takes.
pub const PROPERTY_COLUMNS_MAX: usize = COLUMNS_MAX - BEFORE.len() - BEHIND.len();

/// An export under way.
pub struct ContactExport {
    account: Account,
    /// Begin with `BYTE_ORDER_MARK`.
    has_mark: bool,
    /// Properties with a column of their own; `None` before the first step.
    properties: Option<Vec<String>>,
    /// The last contact that was exported.
    after: i64,
    sources: FxHashMap<u32, String>,
    pub exported: u64,
}

impl ContactExport {
    #[must_use]
    pub fn new(account: Account, has_mark: bool) -> Self {
        Self { account, has_mark, properties: None, after: 0, sources: FxHashMap::default(), exported: 0 }
    }

    /// Appends the next contacts to `out`. Answers false when there are no more.
    ///
    /// # Errors
    /// SQLite's.
    pub fn step(&mut self, conn: &Connection, out: &mut Vec<u8>) -> Result<bool, store::Error> {
        let id = self.account.id;
        let properties = match self.properties.take() {
            Some(properties) => properties,
            None => {
                let mut names = property::list_names(conn, id)?;
                names.truncate(PROPERTY_COLUMNS_MAX);
                if self.has_mark {
                    out.extend(BYTE_ORDER_MARK);
                }
                let headings = names.iter().map(|name| Target::heading_of(name));
                let head = BEFORE.iter().map(|name| (*name).to_owned()).chain(headings);
                let head = head.chain(BEHIND.iter().map(|name| (*name).to_owned()));
                write_record(out, head.map(|heading| cell_to_read_again(&heading).into_owned()))?;
                names
            }
        };
        let contacts = contact::list_after(conn, id, self.after, STEP)?;
        let has_more = contacts.len() == STEP;
        for shown in contacts {
            self.after = shown.id;
            self.exported += 1;
            write_record(out, self.record(conn, &properties, shown)?.into_iter())?;
        }
        self.properties = Some(properties);
        Ok(has_more)
    }

    fn record(
        &mut self,
        conn: &Connection,
        columns: &[String],
        shown: Shown,
    ) -> Result<Vec<String>, store::Error> {
        let id = self.account.id;
        let digits = money::digits(&self.account.settings.currency);
        let emails: Vec<String> =
            email::list(conn, id, shown.id)?.into_iter().map(|held| held.email).collect();
        let (primary, others) = match emails.split_first() {
            Some((first, others)) if shown.email.is_some() => (first.as_str(), others),
            _ => ("", &*emails),
        };
        let mut known: FxHashMap<String, String> =
            property::list(conn, id, shown.id)?.into_iter().map(|said| (said.name, said.value)).collect();
        let text = |text: &str| cell_to_read_again(text).into_owned();
        let mut cells = vec![
            shown.id.to_string(),
            text(primary),
            text(&others.join(";")),
            text(shown.external_id.as_deref().unwrap_or_default()),
        ];
        cells.extend(columns.iter().map(|name| text(&known.remove(name).unwrap_or_default())));
        let rest: Map<String, Value> = known.into_iter().map(|(name, value)| (name, value.into())).collect();
        let rest = if rest.is_empty() { String::new() } else { Value::from(rest).to_string() };
        let source = match self.sources.get(&shown.source) {
            Some(source) => source,
            None => {
                let source = dictionary::find_value(conn, id, Kind::Source, shown.source)?;
                self.sources.entry(shown.source).or_insert(source)
            }
        };
        let details: Vec<&str> =
            [1, 2].map(|n| part(source, n)).into_iter().filter(|one| !one.is_empty()).collect();
        cells.extend([
            rest,
            shown.created.iso(),
            shown.first.iso(),
            shown.last.iso(),
            text(part(source, 0)),
            text(&details.join(BETWEEN_DETAILS)),
            money::decimal(shown.revenue_minor, digits),
            money::decimal(shown.asserted_minor, digits),
            shown.completions.to_string(),
            shown.sessions.to_string(),
            shown.page_views.to_string(),
        ]);
        Ok(cells)
    }
}

fn write_record(out: &mut Vec<u8>, cells: impl Iterator<Item = String>) -> Result<(), store::Error> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    let written = writer.write_record(cells.map(String::into_bytes)).map_err(io::Error::from);
    Ok(written.and_then(|()| writer.flush())?)
}

/// An export that a signed-in user downloads. Each step reads one state of the store, so a slow download keeps no old state
/// in use.
pub struct ContactDownload {
    app: Arc<App>,
    /// `None` after the end.
    export: Option<ContactExport>,
    _turn: OwnedSemaphorePermit,
}

impl ContactDownload {
    /// Begins a download, and writes it to the audit log.
    ///
    /// # Errors
    /// `Denied` for roles below admin (rules.md 28). `Busy` when there are too many downloads.
    pub async fn start(
        app: &Arc<App>,
        actor: Actor,
        account: AccountId,
        has_mark: bool,
    ) -> Result<Self, access::Error> {
        let turn = take_turn(app)?;
        let now = app.now();
        let account = app
            .store
            .writer
            .write(move |conn| {
                permissions::need(conn, actor, account, Role::Admin)?;
                store::audit::insert(conn, now, Some(account), actor.user(), "contacts.export", "")?;
                store::account::find(conn, account)?.ok_or(access::Error::Store(store::Error::NotFound))
            })
            .await?;
        Ok(Self { app: Arc::clone(app), export: Some(ContactExport::new(account, has_mark)), _turn: turn })
    }

    /// The next part of the file; `None` after its end.
    ///
    /// # Errors
    /// The store's.
    pub async fn next(&mut self) -> Result<Option<Vec<u8>>, store::Error> {
        let Some(mut export) = self.export.take() else { return Ok(None) };
        let step = move |conn: &Connection| {
            let mut part = Vec::new();
            let has_more = export.step(conn, &mut part)?;
            Ok::<_, store::Error>((export, has_more, part))
        };
        let (export, has_more, part) = self.app.store.read_long(step).await?;
        self.export = has_more.then_some(export);
        Ok((!part.is_empty()).then_some(part))
    }
}
