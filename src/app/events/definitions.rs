//! Creating, changing, archiving and deleting the events of an account.

use std::sync::Arc;

use super::custom_js;
use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::event::{Definition, EventKind, EventNumber, Invalid, Status, Typed, UnknownNames};
use crate::domain::money;
use crate::domain::question::{Dimension, Filter};
use crate::domain::snippet;
use crate::domain::user::Role;
use crate::store::scan::{Bounds, Counted, Deadline, Grouping, Request};
use crate::store::{self, definition, event_work, unexpected};

/// Why an event was not created or changed.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "))]
    Invalid(Vec<Invalid>),
    #[error("an event with this name already exists")]
    Taken,
    #[error("somebody else has changed the event meanwhile")]
    Changed,
    #[error("the account has reached its limit of {0} events; archive one first")]
    Full(i64),
    #[error("the custom JavaScript is not valid: line {line}, column {column}: {message}")]
    CustomJs { line: usize, column: usize, message: String },
    #[error("you are not allowed to publish custom JavaScript")]
    Publish,
    #[error("there is no such account")]
    NoAccount,
    #[error(transparent)]
    Access(access::Error),
}

impl From<access::Error> for Error {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Publish => Self::Publish,
            other => Self::Access(other),
        }
    }
}

impl From<custom_js::Mistake> for Error {
    fn from(mistake: custom_js::Mistake) -> Self {
        let custom_js::Mistake { line, column, message } = mistake;
        Self::CustomJs { line, column, message }
    }
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::Conflict => Self::Taken,
            other => Self::Access(other.into()),
        }
    }
}

/// Creates an event.
///
/// # Errors
/// `Invalid`, `CustomJs`, `Taken`, `Full`; `Denied` when the actor is no editor, `Publish` when there is code and the
/// actor may not publish.
pub async fn create(
    app: &App,
    actor: Actor,
    account: AccountId,
    kind: EventKind,
    typed: &Typed<'_>,
) -> Result<EventNumber, Error> {
    let made = read(app, actor, account, kind, typed, None).await?;
    let (limit, now) = (app.event_limit, app.now());
    let number = app
        .store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            if definition::count_active(conn, account)? >= limit {
                return Err(Error::Full(limit));
            }
            // A person may use the name of a deleted event again.
            definition::release_name(conn, account, &made.name)?;
            unexpected::delete_name(conn, account, &made.name)?;
            let hash = custom_js::hash(&made.custom_js);
            let number = definition::insert(conn, account, &made, &hash, now)?;
            store::audit::insert(conn, now, Some(account), actor.user(), "event.create", &made.name)?;
            custom_js::change(conn, actor, account, number, String::new(), &made.custom_js, now)?;
            Ok(number)
        })
        .await?;
    Ok(number)
}

/// The line of code by which a site fires the event; `None` for types that need none.
pub(in crate::app) fn snippet(app: &App, account: AccountId, number: EventNumber) -> Option<String> {
    let digits = money::digits(&app.accounts.find(account)?.settings().currency);
    let known = app.definitions.of(account);
    snippet::lines(number, &known.find(number)?.definition, digits)
}

/// Changes an event. Its type stays.
///
/// # Errors
/// `Invalid`, `CustomJs`, `Taken`, `NotFound`; `Changed` when it was changed after `seen`, the time of its last change that
/// the actor has seen; `Denied` when the actor is no editor, `Publish` when the code changes and the actor may not
/// publish.
pub async fn update(
    app: &App,
    actor: Actor,
    account: AccountId,
    number: EventNumber,
    typed: &Typed<'_>,
    seen: Option<Millis>,
) -> Result<(), Error> {
    let known = app.definitions.of(account);
    let kind = known.find(number).ok_or(store::Error::NotFound)?.definition.kind;
    let changed = read(app, actor, account, kind, typed, Some(number)).await?;
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let stored = definition::find(conn, account, number)?.ok_or(store::Error::NotFound)?;
            if seen.is_some_and(|seen| stored.changed != seen) {
                return Err(Error::Changed);
            }
            definition::release_name(conn, account, &changed.name)?;
            unexpected::delete_name(conn, account, &changed.name)?;
            let before = definition::find_script(conn, account, number)?;
            let hash = custom_js::hash(&changed.custom_js);
            definition::update(conn, account, number, &changed, &hash, now)?;
            let detail = format!("{number} {}", changed.name);
            store::audit::insert(conn, now, Some(account), actor.user(), "event.update", &detail)?;
            let before = before.map(|script| script.code).unwrap_or_default();
            custom_js::change(conn, actor, account, number, before, &changed.custom_js, now)?;
            Ok::<_, Error>(())
        })
        .await
}

/// What is deleted together with an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Goes {
    pub completions: u64,
    /// Contacts who completed it.
    pub contacts: u64,
    /// The value of the completions, which is subtracted from the revenue of these contacts.
    pub value_minor: i64,
}

/// What deleting an event would delete with it.
///
/// # Errors
/// `NotFound`, `TimeLimit`.
pub async fn what_goes(app: &App, account: AccountId, number: EventNumber) -> Result<Goes, Error> {
    let known = app.definitions.of(account);
    let name = known.find(number).ok_or(store::Error::NotFound)?.definition.name.clone();
    let (scanner, clock, now) = (Arc::clone(&app.store.scanner), Arc::clone(&app.clock), app.now());
    app.store
        .read_long(move |conn| {
            let answer = scanner.run(
                conn,
                &Request {
                    account,
                    range_ms: 0..i64::MAX,
                    filters: &[Filter::is(Dimension::Event, &name)],
                    groupings: &[Grouping::Total],
                    engaged: false,
                    counted: Counted::Contacts,
                    now,
                    deadline: Deadline::new(clock),
                    bounds: Bounds::default(),
                },
            )?;
            let total = answer.tables.into_iter().next().and_then(|table| table.rows.into_iter().next());
            let figures = total.unwrap_or_default().figures;
            Ok::<_, Error>(Goes {
                completions: figures.completions,
                contacts: figures.contacts,
                value_minor: figures.value_minor,
            })
        })
        .await
}

/// Deletes an event. Nothing completes it from now on. In the background its completions are taken out of every
/// report and their value out of the revenue of contacts. Only a person can use its name again.
///
/// # Errors
/// `NotFound`; `Denied` when the actor is no editor.
pub async fn delete(app: &App, actor: Actor, account: AccountId, number: EventNumber) -> Result<(), Error> {
    set_status(app, actor, account, number, Status::Deleted).await
}

/// Archives, restores or deletes an event. Archived events do not count towards the limit. Restoring one does, and
/// publishes the code it carries.
///
/// # Errors
/// `Full`, `NotFound`; `Denied` when the actor is no editor, `Publish` when an event with code is restored by
/// somebody who may not publish.
pub async fn set_status(
    app: &App,
    actor: Actor,
    account: AccountId,
    number: EventNumber,
    status: Status,
) -> Result<(), Error> {
    let (limit, now) = (app.event_limit, app.now());
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            let event = definition::find(conn, account, number)?.ok_or(store::Error::NotFound)?;
            let is_restored = status == Status::Active && event.status != Status::Active;
            if is_restored && definition::count_active(conn, account)? >= limit {
                return Err(Error::Full(limit));
            }
            if is_restored && !event.script_hash.is_empty() {
                access::need_publisher(conn, actor, account)?;
            }
            definition::update_status(conn, account, number, status, now)?;
            if status == Status::Deleted {
                event_work::upsert(conn, account, number, event_work::Kind::Delete, now)?;
            }
            let detail = format!("{number} {}: {}", event.definition.name, status.as_str());
            store::audit::insert(conn, now, Some(account), actor.user(), "event.status", &detail)?;
            Ok(())
        })
        .await
}

/// What happens to names that nobody has created.
pub async fn unknown_names(app: &App, account: AccountId) -> Result<UnknownNames, store::Error> {
    app.store.read(move |conn| store::account::find_unknown_names(conn, account)).await
}

/// Sets what happens to names that nobody has created (rules.md 19).
///
/// # Errors
/// `Denied` when the actor is no admin.
pub async fn set_unknown_names(
    app: &App,
    actor: Actor,
    account: AccountId,
    rule: UnknownNames,
) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            store::account::update_unknown_names(conn, account, rule)?;
            let action = "account.unknown_names";
            store::audit::insert(conn, now, Some(account), actor.user(), action, rule.as_str())?;
            Ok(())
        })
        .await
}

/// Checks what was typed. Code is parsed only when it differs from that of the event `known` and the actor may
/// publish.
async fn read(
    app: &App,
    actor: Actor,
    account: AccountId,
    kind: EventKind,
    typed: &Typed<'_>,
    known: Option<EventNumber>,
) -> Result<Definition, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let digits = money::digits(&entry.settings().currency);
    let mut read = Definition::parse(kind, typed, digits).map_err(Error::Invalid)?;
    if read.custom_js.is_empty() {
        return Ok(read);
    }
    read.custom_js = custom_js::with_plain_line_ends(&read.custom_js);
    let before = match known {
        Some(number) => custom_js::code(app, account, number).await?,
        None => String::new(),
    };
    if read.custom_js != before {
        app.store.read(move |conn| access::need_publisher(conn, actor, account)).await?;
        custom_js::check(&read.custom_js).await?;
    }
    Ok(read)
}
