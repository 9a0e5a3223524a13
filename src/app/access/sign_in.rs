//! Signing in and out, and finding the user of a cookie.

use crate::app::access::Error;
use crate::app::core::App;
use crate::app::state::passwords::Check;
use crate::base::clock::{DAY, HOUR, MINUTE, Millis};
use crate::base::secret::{Hash, Secret};
use crate::domain::contact::Email;
use crate::domain::user::UserId;
use crate::store::one_time_link::{self, Purpose};
use crate::store::sign_in::{SignIn, SignInId};
use crate::store::{self, Connection, user::User};

/// A browser that was not seen for this long must sign in again.
pub const IDLE: i64 = 12 * HOUR;
/// Every browser must sign in again after this long.
pub const ABSOLUTE: i64 = 7 * DAY;
/// "Last seen" is stored at most once in this time.
pub const SEEN_EVERY: i64 = 5 * MINUTE;
/// Most browsers of one user. The oldest is signed out for one more.
pub const BROWSERS_MAX: i64 = 50;
/// Characters kept of a User-Agent.
const BROWSER_MAX: usize = 256;

/// A signed-in browser and its user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    pub sign_in: SignIn,
    pub user: User,
}

/// Signs a user in by email and password. Returns the secret of the cookie. A wrong password, an unknown email and a
/// disabled user get the same answer after the same work, so the answer does not reveal which users exist.
///
/// # Errors
/// `Wrong`; `Wait` when too many attempts failed; `Password` when too many passwords are being checked.
pub async fn sign_in(
    app: &App,
    email: &str,
    password: &str,
    sender: u64,
    browser: &str,
) -> Result<Secret, Error> {
    let now = app.now();
    let (user, stored) = attempt(app, email, password, sender).await?;
    begin(app, browser, now, move |conn| {
        // The user may have been disabled, or given another password, while this one was checked.
        let still = store::user::find(conn, user)?.is_some_and(|u| !u.disabled);
        if !still || store::user::find_password(conn, user)? != stored.checked {
            return Err(Error::Wrong);
        }
        if let Some(stronger) = &stored.stronger {
            store::user::update_password(conn, user, stronger)?;
        }
        store::audit::insert(conn, now, None, Some(user), "sign_in", "")?;
        Ok(user)
    })
    .await
}

/// The hash that was checked, and the stronger one that replaces it if there is one.
pub(super) struct Checked {
    pub checked: Option<String>,
    pub stronger: Option<String>,
}

/// Checks a password once, within the limits of the throttle.
pub(super) async fn attempt(
    app: &App,
    email: &str,
    password: &str,
    sender: u64,
) -> Result<(UserId, Checked), Error> {
    let email = Email::parse(email);
    let key = email.as_ref().map_or("", Email::as_str);
    let made = app.sign_in_throttle.begin(key, sender, app.now()).map_err(Error::Wait)?;
    let found = app
        .store
        .read(move |conn| {
            let Some(email) = email else { return Ok(None) };
            let Some(user) = store::user::find_by_email(conn, &email)? else { return Ok(None) };
            let hash = store::user::find_password(conn, user.id)?;
            Ok::<_, store::Error>(Some((user, hash)))
        })
        .await?;
    let (user, hash) = found.unzip();
    let hash = hash.flatten();
    let check = app.passwords.check(password, hash.clone()).await?;
    let stronger = match check {
        Check::Wrong => return Err(Error::Wrong),
        Check::Right => None,
        Check::RightButOld(new) => Some(new),
    };
    let user = user.filter(|user| !user.disabled).ok_or(Error::Wrong)?;
    app.sign_in_throttle.succeed(&made);
    Ok((user.id, Checked { checked: hash, stronger }))
}

/// The secrets of a new sign-in.
struct Secrets {
    cookie: Secret,
    csrf: String,
}

impl Secrets {
    fn new(app: &App) -> Self {
        Self { cookie: Secret::new(&*app.random, ""), csrf: app.random.secret() }
    }
}

/// Signs a browser in as the user that `who` finds, in one transaction with what `who` writes, and deletes the
/// sign-ins that are too old. Returns the secret of the cookie.
pub(super) async fn begin(
    app: &App,
    browser: &str,
    now: Millis,
    who: impl FnOnce(&Connection) -> Result<UserId, Error> + Send + 'static,
) -> Result<Secret, Error> {
    let secrets = Secrets::new(app);
    let cookie = secrets.cookie.clone();
    let browser: String = browser.chars().filter(|c| !c.is_control()).take(BROWSER_MAX).collect();
    app.store
        .writer
        .write(move |conn| {
            let user = who(conn)?;
            store::sign_in::delete_older(conn, now.plus(-ABSOLUTE), now.plus(-IDLE))?;
            store::sign_in::insert(conn, &secrets.cookie.hash(), user, &secrets.csrf, &browser, now)?;
            store::sign_in::delete_beyond(conn, user, BROWSERS_MAX)?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(cookie)
}

/// The sign-in of a cookie. `None` when the cookie is unknown or too old, or its user is disabled.
pub async fn find(app: &App, cookie: &Secret) -> Result<Option<Session>, store::Error> {
    Ok(find_with(app, cookie, |_, _| Ok(())).await?.map(|(session, ())| session))
}

/// The sign-in of a cookie, and what `more` reads for its user. Both are one read, because each read waits for its turn.
pub async fn find_with<T: Send + 'static>(
    app: &App,
    cookie: &Secret,
    more: impl FnOnce(&store::Connection, &User) -> Result<T, store::Error> + Send + 'static,
) -> Result<Option<(Session, T)>, store::Error> {
    let now = app.now();
    let hash = cookie.hash();
    let found = app.store.read(move |conn| {
        let Some((sign_in, user)) = store::sign_in::find(conn, &hash)? else { return Ok(None) };
        let more = more(conn, &user)?;
        Ok::<_, store::Error>(Some((sign_in, user, more)))
    });
    let Some((sign_in, user, more)) = found.await? else { return Ok(None) };
    // A clock that was set back signs nobody out.
    let too_old = now.since(sign_in.created) >= ABSOLUTE || now.since(sign_in.last) >= IDLE;
    if user.disabled {
        return Ok(None);
    }
    if too_old {
        // It is deleted, so that a clock that is set back does not make it valid again.
        let (user, id) = (user.id, sign_in.id);
        let ended = app.store.writer.write(move |conn| store::sign_in::delete(conn, user, id)).await;
        if let Err(error) = ended {
            tracing::warn!(error = %error, "an expired sign-in could not be deleted");
        }
        return Ok(None);
    }
    if now.since(sign_in.last) >= SEEN_EVERY {
        let id = sign_in.id;
        let seen = app.store.writer.write(move |conn| store::sign_in::update_last(conn, id, now)).await;
        if let Err(error) = seen {
            // A full disk must not sign anybody out.
            tracing::warn!(error = %error, "the time a browser was last seen could not be saved");
        }
    }
    Ok(Some((Session { sign_in, user }, more)))
}

/// Signs one browser of a user out, this one or another.
///
/// # Errors
/// `NotFound` when the sign-in is another user's.
pub async fn end(app: &App, user: UserId, id: SignInId) -> Result<(), store::Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            store::sign_in::delete(conn, user, id)?;
            store::audit::insert(conn, now, None, Some(user), "sign_out", "")
        })
        .await
}

/// Signs all browsers of a user out, except the one to keep.
pub async fn end_all(app: &App, user: UserId, keep: Option<SignInId>) -> Result<(), store::Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            let ended = store::sign_in::delete_of_user(conn, user, keep)?;
            store::audit::insert(conn, now, None, Some(user), "sign_out.everywhere", &ended.to_string())
        })
        .await
}

/// The browsers in which a user is signed in, last seen first.
pub async fn list(app: &App, user: UserId) -> Result<Vec<SignIn>, store::Error> {
    let now = app.now();
    let all = app.store.read(move |conn| store::sign_in::list(conn, user)).await?;
    let good = |s: &SignIn| now.since(s.created) < ABSOLUTE && now.since(s.last) < IDLE;
    Ok(all.into_iter().filter(good).collect())
}

/// Replaces the cookie of a browser after the rights of its user changed.
///
/// # Errors
/// `NotFound` when the sign-in ended meanwhile.
pub async fn rotate(app: &App, id: SignInId) -> Result<Secret, store::Error> {
    let secrets = Secrets::new(app);
    let cookie = secrets.cookie.clone();
    app.store
        .writer
        .write(move |conn| store::sign_in::update_hash(conn, id, &secrets.cookie.hash(), &secrets.csrf))
        .await?;
    Ok(cookie)
}

/// How long a link signs in.
pub const LINK_LIFE: i64 = HOUR;

/// Makes a link that signs a user in once (`demo` prints one).
pub async fn link(app: &App, user: UserId) -> Result<Secret, store::Error> {
    let secret = Secret::new(&*app.random, "");
    let (hash, now) = (secret.hash(), app.now());
    app.store
        .writer
        .write(move |conn| {
            one_time_link::delete_expired(conn, now)?;
            one_time_link::insert(conn, &hash, Purpose::SignIn, Some(user), now.plus(LINK_LIFE))
        })
        .await?;
    Ok(secret)
}

/// Signs in by such a link and uses it up.
///
/// # Errors
/// `Link` when the link is unknown or too old.
pub async fn by_link(app: &App, link: &Secret, browser: &str) -> Result<Secret, Error> {
    let (hash, now) = (link.hash(), app.now());
    begin(app, browser, now, move |conn| {
        let user = take_link_of_user(conn, &hash, Purpose::SignIn, now)?;
        store::audit::insert(conn, now, None, Some(user), "sign_in", "link")?;
        Ok(user)
    })
    .await
}

/// Uses up a link that was made for a user, and returns that user.
///
/// # Errors
/// `Link` when the link is unknown or too old, or its user is disabled.
pub(super) fn take_link_of_user(
    conn: &Connection,
    hash: &Hash,
    purpose: Purpose,
    now: Millis,
) -> Result<UserId, Error> {
    let user = take_link(conn, hash, purpose, now)?.ok_or(Error::Link)?;
    store::user::find(conn, user)?.filter(|user| !user.disabled).ok_or(Error::Link)?;
    Ok(user)
}

/// Uses a link up and returns its user. The link of the set-up page has none.
///
/// # Errors
/// `Link` when the link is unknown or too old.
pub(super) fn take_link(
    conn: &Connection,
    hash: &Hash,
    purpose: Purpose,
    now: Millis,
) -> Result<Option<UserId>, Error> {
    let link = one_time_link::find(conn, hash, purpose)?.filter(|l| now < l.expires).ok_or(Error::Link)?;
    one_time_link::delete(conn, hash)?;
    Ok(link.user)
}
