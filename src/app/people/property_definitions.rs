//! Declaring properties of contacts: their names, labels and types (rules.md 37). Values that contacts have already stay as
//! they are, whether they fit or not.

use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::property_type::{DEFINITIONS_MAX, Definition};
use crate::domain::user::Role;
use crate::store::property_definition::Declared;
use crate::store::{self, audit, property_definition};

/// Why a property was not declared.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("an account has at most {DEFINITIONS_MAX} declared properties")]
    TooMany,
    #[error("this property is declared already")]
    Declared,
    #[error(transparent)]
    Access(#[from] access::Error),
}

impl From<store::Error> for Error {
    fn from(error: store::Error) -> Self {
        Self::Access(error.into())
    }
}

/// A declared property by its name.
///
/// # Errors
/// `NotFound`; the store's.
pub async fn find(app: &App, account: AccountId, name: String) -> Result<Declared, store::Error> {
    app.store
        .read(move |conn| property_definition::find(conn, account, &name)?.ok_or(store::Error::NotFound))
        .await
}

/// The declared properties of an account, by name.
///
/// # Errors
/// The store's.
pub async fn list(app: &App, account: AccountId) -> Result<Vec<Definition>, store::Error> {
    let declared = app.store.read(move |conn| property_definition::list(conn, account)).await?;
    Ok(declared.into_iter().map(|one| one.definition).collect())
}

/// Declares a property.
///
/// # Errors
/// `TooMany`, `Declared`; `Denied` when the actor is no editor; the store's.
pub async fn create(
    app: &App,
    actor: Actor,
    account: AccountId,
    definition: Definition,
) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            if property_definition::find(conn, account, &definition.name)?.is_some() {
                return Err(Error::Declared);
            }
            if property_definition::list(conn, account)?.len() >= DEFINITIONS_MAX {
                return Err(Error::TooMany);
            }
            property_definition::insert(conn, account, &definition, now)?;
            audit::insert(conn, now, Some(account), actor.user(), "property.create", &detail(&definition))?;
            Ok(())
        })
        .await
}

/// Changes the label, the type and the choices of a declared property.
///
/// # Errors
/// `Denied` when the actor is no editor; `NotFound` when it is not declared; the store's.
pub async fn update(
    app: &App,
    actor: Actor,
    account: AccountId,
    definition: Definition,
) -> Result<(), access::Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            property_definition::update(conn, account, &definition)?;
            audit::insert(conn, now, Some(account), actor.user(), "property.update", &detail(&definition))?;
            Ok(())
        })
        .await
}

/// Takes a declaration back. The values stay, and are texts of an undeclared property from then on.
///
/// # Errors
/// `Denied` when the actor is no editor; `NotFound` when it is not declared; the store's.
pub async fn delete(app: &App, actor: Actor, account: AccountId, name: String) -> Result<(), access::Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Editor)?;
            property_definition::delete(conn, account, &name)?;
            audit::insert(conn, now, Some(account), actor.user(), "property.delete", &name)?;
            Ok(())
        })
        .await
}

fn detail(definition: &Definition) -> String {
    format!("{}: {}", definition.name, definition.kind.as_str())
}
