//! The identity keys of an account (rules.md 36): made on demand, renewed, and dropped by admins. The audit log says that a
//! key was changed, and never what it is.

use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::identity_key::{IdentityKey, IdentityKeys};
use crate::domain::user::Role;
use crate::store::{self, identity_key};

/// The keys of an account, and when the current one was made; `None` before the first one.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn find(
    app: &App,
    actor: Actor,
    account: AccountId,
) -> Result<Option<(IdentityKeys, Millis)>, Error> {
    app.store
        .read(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            Ok::<_, Error>(identity_key::find(conn, account)?)
        })
        .await
}

/// Makes a key, or a new one. The key before stays accepted, so that no site is refused before it has the new one; a key
/// that was the former one already is dropped.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn renew(app: &App, actor: Actor, account: AccountId) -> Result<(), Error> {
    let now = app.now();
    let key = IdentityKey::new(&*app.random);
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let is_first = identity_key::find(conn, account)?.is_none();
            identity_key::upsert(conn, account, &key, now)?;
            let action = if is_first { "identity_key.create" } else { "identity_key.renew" };
            store::audit::insert(conn, now, Some(account), actor.user(), action, "")?;
            Ok(())
        })
        .await
}

/// Drops the former key: what it signed is refused from now on.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn drop_former(app: &App, actor: Actor, account: AccountId) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            if identity_key::delete_former(conn, account)? {
                store::audit::insert(conn, now, Some(account), actor.user(), "identity_key.drop", "")?;
            }
            Ok(())
        })
        .await
}

/// Whether what browsers say of their users counts only when it is signed.
///
/// # Errors
/// `Denied` below admin; the store's.
pub async fn set_signed_only(app: &App, actor: Actor, account: AccountId, on: bool) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            identity_key::update_signed_only(conn, account, on)?;
            let word = if on { "on" } else { "off" };
            store::audit::insert(conn, now, Some(account), actor.user(), "account.signed_only", word)?;
            Ok(())
        })
        .await
}
