//! Who may do what (rules.md 28), and the errors that say why somebody may not.

use crate::app::state::passwords;
use crate::domain::account::AccountId;
use crate::domain::password::Weak;
use crate::domain::retention::TooLong;
use crate::domain::user::{Role, UserId};
use crate::store::{self, Connection, member::Membership, user::User};

/// Who makes a change: a signed-in user, or somebody at the command line of the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    User(UserId),
    Machine,
}

impl Actor {
    #[must_use]
    pub const fn user(self) -> Option<UserId> {
        match self {
            Self::User(id) => Some(id),
            Self::Machine => None,
        }
    }
}

/// Why a change of users, passwords, sign-ins or tokens was refused.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("this needs a higher role")]
    Denied,
    #[error("you are not allowed to publish custom JavaScript")]
    Publish,
    #[error("the email or password is wrong")]
    Wrong,
    #[error("too many attempts; wait {0} s")]
    Wait(u32),
    #[error("this link was already used, has expired, or was replaced by a newer one")]
    Link,
    #[error("this is not an email address")]
    Email,
    #[error(transparent)]
    Weak(#[from] Weak),
    #[error("this user already belongs to the account")]
    Taken,
    #[error("the account has reached its limit")]
    Full,
    #[error("an account needs at least one owner")]
    LastOwner,
    #[error("the server needs at least one server admin")]
    LastServerAdmin,
    #[error("users cannot disable themselves")]
    Own,
    #[error("a token needs a name of at most {} characters", crate::domain::user::TOKEN_NAME_MAX)]
    TokenName,
    #[error("a token needs at least one scope")]
    NoScope,
    #[error(transparent)]
    Retention(#[from] TooLong),
    #[error(transparent)]
    Password(#[from] passwords::Error),
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// The role of a user in an account. `None` means that the account does not exist for this user. A server admin owns
/// every account, because the machine and its files are in their hands anyway.
pub fn membership(
    conn: &Connection,
    user: &User,
    account: AccountId,
) -> Result<Option<Membership>, store::Error> {
    if user.server_admin {
        return Ok(Some(Membership::OWNER));
    }
    store::member::find(conn, user.id, account)
}

/// The membership of the actor, read in the transaction that relies on it. The command line has the rights of an
/// owner.
fn membership_of(conn: &Connection, actor: Actor, account: AccountId) -> Result<Membership, Error> {
    let Some(id) = actor.user() else { return Ok(Membership::OWNER) };
    let user = store::user::find(conn, id)?.filter(|user| !user.disabled).ok_or(Error::Denied)?;
    membership(conn, &user, account)?.ok_or(Error::Denied)
}

pub(in crate::app) fn role_of(conn: &Connection, actor: Actor, account: AccountId) -> Result<Role, Error> {
    Ok(membership_of(conn, actor, account)?.role)
}

/// Refuses an actor who may not publish script that runs on the account's sites.
pub(in crate::app) fn need_publisher(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
) -> Result<(), Error> {
    if membership_of(conn, actor, account)?.may_publish() { Ok(()) } else { Err(Error::Publish) }
}

/// Refuses an actor who may not change how the sites are tracked.
pub(in crate::app) fn need_website_settings(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
) -> Result<(), Error> {
    if membership_of(conn, actor, account)?.may_change_website() { Ok(()) } else { Err(Error::Denied) }
}

/// Refuses an actor whose role is below `least`.
pub(in crate::app) fn need(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
    least: Role,
) -> Result<Role, Error> {
    let role = role_of(conn, actor, account)?;
    if role >= least { Ok(role) } else { Err(Error::Denied) }
}

/// Refuses an actor who is no server admin.
pub(in crate::app) fn need_server_admin(conn: &Connection, actor: Actor) -> Result<(), Error> {
    let Some(id) = actor.user() else { return Ok(()) };
    match store::user::find(conn, id)? {
        Some(user) if user.server_admin && !user.disabled => Ok(()),
        _ => Err(Error::Denied),
    }
}
