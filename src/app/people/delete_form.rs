//! Deleting a form with all that was submitted with it: its place is free again. The contacts stay, with what the form
//! said of them. The audit log says which form it was and how much went.

use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::domain::account::AccountId;
use crate::domain::user::Role;
use crate::store::{self, form};

/// Deletes a form in short steps. Cut off between two of them, it finishes when it is run again.
///
/// # Errors
/// `Denied` below admin; `NotFound` when there is no such form; the store's.
pub async fn delete_form(app: &App, actor: Actor, account: AccountId, id: i64) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            let form = form::find(conn, account, id)?.ok_or(store::Error::NotFound)?;
            let detail = format!("form {id} {}, {} submissions", form.key, form.submissions);
            store::audit::insert(conn, now, Some(account), actor.user(), "form.delete", &detail)?;
            Ok::<_, Error>(())
        })
        .await?;
    while app.store.writer.write(move |conn| form::delete_step(conn, account, id)).await? {}
    Ok(())
}
