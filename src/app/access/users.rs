//! The users of an account: who is admitted, with which role, and how users get a password.

use crate::app::access::sign_in::{self, Session};
use crate::app::access::{self, Actor, Error, accounts};
use crate::app::core::App;
use crate::base::clock::{DAY, Millis};
use crate::base::secret::Secret;
use crate::domain::account::AccountId;
use crate::domain::contact::Email;
use crate::domain::password;
use crate::domain::user::{Role, USERS_MAX, UserId};
use crate::store::member::Membership;
use crate::store::one_time_link::{self, Purpose};
use crate::store::{self, Connection, user::User};

/// How long a link to choose a password works. People pass it on by hand, so it lasts days.
pub const LINK_LIFE: i64 = 3 * DAY;

/// A user who was added to an account.
#[derive(Clone, Debug)]
pub struct Added {
    pub user: UserId,
    /// For a new user without a password: the secret of the link by which they choose one.
    pub link: Option<Secret>,
}

/// The users of an account, by email.
pub async fn list(app: &App, account: AccountId) -> Result<Vec<(User, Membership)>, store::Error> {
    app.store.read(move |conn| store::member::list(conn, account)).await
}

/// The accounts a user may enter, with the user's role in each, by number.
pub fn accounts_of(
    app: &App,
    conn: &store::Connection,
    user: &User,
) -> Result<Vec<(AccountId, Role)>, store::Error> {
    if user.server_admin {
        return Ok(app.accounts.list().iter().map(|entry| (entry.id(), Role::Owner)).collect());
    }
    let list = store::member::list_of_user(conn, user.id)?;
    Ok(list.into_iter().map(|(account, what)| (account, what.role)).collect())
}

/// What every page of an account shows to a member.
#[derive(Clone, Copy, Debug)]
pub struct InAccount {
    pub membership: Membership,
    /// Unexpected events that wait for review.
    pub waiting: i64,
    /// When the first page view was counted.
    pub first_hit: Option<Millis>,
}

/// `None` when the user is no member.
pub fn in_account(
    conn: &store::Connection,
    user: &User,
    account: AccountId,
) -> Result<Option<InAccount>, store::Error> {
    let Some(membership) = access::membership(conn, user, account)? else { return Ok(None) };
    let waiting = store::unexpected::count(conn, account, false)?;
    Ok(Some(InAccount { membership, waiting, first_hit: accounts::first_hit_in(conn, account)? }))
}

/// Adds a user to an account. A new user gets the given password, or else a link to choose one.
///
/// # Errors
/// `Denied`, `Email`, `Weak`, `Taken`, `Full`.
pub async fn add(
    app: &App,
    actor: Actor,
    account: AccountId,
    email: &str,
    what: Membership,
    password: Option<&str>,
) -> Result<Added, Error> {
    let now = app.now();
    let email = Email::parse(email).ok_or(Error::Email)?;
    let hash = match password {
        Some(password) => {
            password::check(password, &[email.as_str()])?;
            Some(app.passwords.hash(password).await?)
        }
        None => None,
    };
    let link = Secret::new(&*app.random, "");
    app.store
        .writer
        .write(move |conn| {
            may_give(conn, actor, account, what, None)?;
            if store::member::count(conn, account)? >= USERS_MAX {
                return Err(Error::Full);
            }
            let known = store::user::find_by_email(conn, &email)?;
            let user = match &known {
                Some(known) if store::member::find(conn, known.id, account)?.is_some() => {
                    return Err(Error::Taken);
                }
                // A known user keeps their password.
                Some(known) => known.id,
                None => {
                    // The very first user is made at the set-up page or at the machine itself, and is server admin
                    // either way.
                    let first = actor == Actor::Machine && store::user::count(conn)? == 0;
                    store::user::insert(conn, &email, hash.as_deref(), first, now)?
                }
            };
            store::member::upsert(conn, user, account, what)?;
            note(conn, now, account, actor, "user.add", user, what.role.as_str())?;
            let wants_link = known.is_none() && hash.is_none();
            if wants_link {
                put_link(conn, &link, user, now)?;
            }
            Ok(Added { user, link: wants_link.then_some(link) })
        })
        .await
}

/// Changes a user's role. All their browsers are signed out, except `keep`: users who change their own role stay
/// signed in there, with a new cookie from the caller.
///
/// # Errors
/// `Denied`, `LastOwner`, `NotFound`.
pub async fn change(
    app: &App,
    actor: Actor,
    account: AccountId,
    user: UserId,
    what: Membership,
    keep: Option<store::sign_in::SignInId>,
) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            let before = may_touch(conn, actor, account, user)?;
            may_give(conn, actor, account, what, Some(before))?;
            if what.role < Role::Owner {
                keeps_owner(conn, account, user, before)?;
            }
            store::member::upsert(conn, user, account, what)?;
            if before.role != what.role {
                store::sign_in::delete_of_user(conn, user, keep)?;
            }
            let publishes = if what.may_publish() { " publishes JavaScript" } else { "" };
            let changes = what.role == Role::Editor && what.website_settings;
            let changes = if changes { " changes website settings" } else { "" };
            note(
                conn,
                now,
                account,
                actor,
                "user.change",
                user,
                &format!("{}{publishes}{changes}", what.role.as_str()),
            )
        })
        .await
}

/// Removes a user from an account. Users may remove themselves.
///
/// # Errors
/// `Denied`, `LastOwner`, `NotFound`.
pub async fn remove(app: &App, actor: Actor, account: AccountId, user: UserId) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            let before = match actor {
                Actor::User(own) if own == user => {
                    store::member::find(conn, user, account)?.ok_or(store::Error::NotFound)?
                }
                _ => may_touch(conn, actor, account, user)?,
            };
            keeps_owner(conn, account, user, before)?;
            store::member::delete(conn, user, account)?;
            note(conn, now, account, actor, "user.remove", user, before.role.as_str())
        })
        .await
}

/// Disables a user of the whole server, or enables them again. Their browsers are signed out at once. Only server
/// admins may do it, and every account keeps an owner who can sign in.
///
/// # Errors
/// `Denied`, `Own`, `LastOwner`, `LastServerAdmin`, `NotFound`.
pub async fn set_disabled(app: &App, actor: Actor, user: UserId, disabled: bool) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need_server_admin(conn, actor)?;
            let found = store::user::find(conn, user)?.ok_or(store::Error::NotFound)?;
            if disabled {
                if actor.user() == Some(user) {
                    return Err(Error::Own);
                }
                if found.server_admin && !found.disabled && store::user::count_server_admins(conn)? <= 1 {
                    return Err(Error::LastServerAdmin);
                }
                for (account, what) in store::member::list_of_user(conn, user)? {
                    keeps_owner(conn, account, user, what)?;
                }
                store::sign_in::delete_of_user(conn, user, None)?;
                one_time_link::delete_earlier(conn, Purpose::Reset, Some(user))?;
                one_time_link::delete_earlier(conn, Purpose::SignIn, Some(user))?;
            }
            store::user::update_disabled(conn, user, disabled)?;
            let action = if disabled { "user.disable" } else { "user.enable" };
            store::audit::insert(conn, now, None, actor.user(), action, &format!("user {}", user.0))?;
            Ok(())
        })
        .await
}

/// Makes another link to choose a password, for a user who lost the link or the password. Whoever holds the link can
/// become that user, so an account's admins get it only for users who belong to this account alone and are no server
/// admins: it must not reach further than the admin's own role. A server admin gets it for everybody.
///
/// # Errors
/// `Denied`, `NotFound`.
pub async fn link(app: &App, actor: Actor, account: AccountId, user: UserId) -> Result<Secret, Error> {
    let now = app.now();
    let link = Secret::new(&*app.random, "");
    app.store
        .writer
        .write(move |conn| {
            may_touch(conn, actor, account, user)?;
            let found = store::user::find(conn, user)?.ok_or(store::Error::NotFound)?;
            let only_here = store::member::list_of_user(conn, user)?.len() == 1 && !found.server_admin;
            if !only_here {
                access::need_server_admin(conn, actor)?;
            }
            if found.disabled {
                return Err(Error::Denied);
            }
            put_link(conn, &link, user, now)?;
            note(conn, now, account, actor, "user.link", user, "")?;
            Ok(link)
        })
        .await
}

/// The email that a link belongs to. The link is not used up.
///
/// # Errors
/// `Link` when the link is unknown or too old.
pub async fn look(app: &App, link: &Secret) -> Result<String, Error> {
    let (hash, now) = (link.hash(), app.now());
    app.store
        .read(move |conn| {
            let found = one_time_link::find(conn, &hash, Purpose::Reset)?.filter(|l| now < l.expires);
            let user = found.and_then(|link| link.user).ok_or(Error::Link)?;
            let user = store::user::find(conn, user)?.filter(|u| !u.disabled).ok_or(Error::Link)?;
            Ok(user.email)
        })
        .await
}

/// Sets the password by a link and signs the user in. Returns the secret of the cookie. All other browsers of the
/// user are signed out.
///
/// # Errors
/// `Link`, `Weak`.
pub async fn choose_password(
    app: &App,
    link: &Secret,
    password: &str,
    browser: &str,
) -> Result<Secret, Error> {
    let email = look(app, link).await?;
    password::check(password, &[&email])?;
    let hash = app.passwords.hash(password).await?;
    let (link, now) = (link.hash(), app.now());
    sign_in::begin(app, browser, now, move |conn| {
        let user = sign_in::take_link_of_user(conn, &link, Purpose::Reset, now)?;
        replace_password(conn, user, &hash, now, "link")?;
        Ok(user)
    })
    .await
}

/// Changes the user's own password. All other browsers of the user are signed out; this one gets a new cookie.
///
/// # Errors
/// `Wrong`, `Wait`, `Weak`.
pub async fn change_password(
    app: &App,
    session: &Session,
    sender: u64,
    current: &str,
    new: &str,
) -> Result<Secret, Error> {
    let now = app.now();
    let email = &session.user.email;
    password::check(new, &[email])?;
    let (user, stored) = sign_in::attempt(app, email, current, sender).await?;
    let hash = app.passwords.hash(new).await?;
    sign_in::begin(app, &session.sign_in.browser, now, move |conn| {
        if store::user::find_password(conn, user)? != stored.checked {
            return Err(Error::Wrong);
        }
        replace_password(conn, user, &hash, now, "own")?;
        Ok(user)
    })
    .await
}

/// Sets a password from the command line, for a user who has lost everything else.
///
/// # Errors
/// `Email`, `Weak`, `NotFound`.
pub async fn reset_password(app: &App, email: &str, password: &str) -> Result<UserId, Error> {
    let now = app.now();
    let email = Email::parse(email).ok_or(Error::Email)?;
    password::check(password, &[email.as_str()])?;
    let hash = app.passwords.hash(password).await?;
    app.store
        .writer
        .write(move |conn| {
            let user = store::user::find_by_email(conn, &email)?.ok_or(store::Error::NotFound)?;
            replace_password(conn, user.id, &hash, now, "command line")?;
            Ok(user.id)
        })
        .await
}

/// Stores a new password and ends every sign-in and every link of its user.
fn replace_password(
    conn: &Connection,
    user: UserId,
    hash: &str,
    now: Millis,
    how: &str,
) -> Result<(), store::Error> {
    store::user::update_password(conn, user, hash)?;
    store::sign_in::delete_of_user(conn, user, None)?;
    one_time_link::delete_earlier(conn, Purpose::Reset, Some(user))?;
    one_time_link::delete_earlier(conn, Purpose::SignIn, Some(user))?;
    store::audit::insert(conn, now, None, Some(user), "password", how)
}

fn put_link(conn: &Connection, link: &Secret, user: UserId, now: Millis) -> Result<(), store::Error> {
    one_time_link::delete_expired(conn, now)?;
    one_time_link::delete_earlier(conn, Purpose::Reset, Some(user))?;
    one_time_link::insert(conn, &link.hash(), Purpose::Reset, Some(user), now.plus(LINK_LIFE))
}

/// Admins give roles up to their own; only an owner makes owners. Only a publisher makes publishers, but a user who
/// is one may stay one.
fn may_give(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
    what: Membership,
    before: Option<Membership>,
) -> Result<(), Error> {
    let own = access::need(conn, actor, account, Role::Admin)?;
    if what.role > own {
        return Err(Error::Denied);
    }
    if what.publish_js && !before.is_some_and(|before| before.publish_js) {
        access::need_publisher(conn, actor, account)?;
    }
    Ok(())
}

/// Admins change users up to their own role; only an owner changes owners. Returns the user's membership.
fn may_touch(conn: &Connection, actor: Actor, account: AccountId, user: UserId) -> Result<Membership, Error> {
    let own = access::need(conn, actor, account, Role::Admin)?;
    let what = store::member::find(conn, user, account)?.ok_or(store::Error::NotFound)?;
    if what.role <= own { Ok(what) } else { Err(Error::Denied) }
}

fn keeps_owner(conn: &Connection, account: AccountId, user: UserId, what: Membership) -> Result<(), Error> {
    if what.role == Role::Owner && store::member::count_owners(conn, account, user)? == 0 {
        return Err(Error::LastOwner);
    }
    Ok(())
}

fn note(
    conn: &Connection,
    now: Millis,
    account: AccountId,
    actor: Actor,
    action: &str,
    user: UserId,
    detail: &str,
) -> Result<(), Error> {
    let detail = format!("user {} {detail}", user.0);
    store::audit::insert(conn, now, Some(account), actor.user(), action, detail.trim_end())?;
    Ok(())
}
