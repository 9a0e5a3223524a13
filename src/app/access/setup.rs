//! The first user. No user is there by default: an empty store prints a link that works once, for an hour.

use crate::app::access::{Actor, Error, consent, sign_in};
use crate::app::core::App;
use crate::base::clock::HOUR;
use crate::base::secret::Secret;
use crate::domain::account::Settings;
use crate::domain::consent::rule::Rule;
use crate::domain::contact::Email;
use crate::domain::password::{self, Weak};
use crate::store::member::Membership;
use crate::store::one_time_link::{self, Purpose};
use crate::store::{self};

/// How long the link works.
pub const LINK_LIFE: i64 = HOUR;

/// Makes a set-up link and ends the one before. `None` when there is a user already.
pub async fn setup_link(app: &App) -> Result<Option<Secret>, store::Error> {
    let secret = Secret::new(&*app.random, "");
    let (hash, now) = (secret.hash(), app.now());
    let made = app
        .store
        .writer
        .write(move |conn| {
            if store::user::count(conn)? > 0 {
                return Ok::<_, store::Error>(false);
            }
            one_time_link::delete_earlier(conn, Purpose::Setup, None)?;
            one_time_link::insert(conn, &hash, Purpose::Setup, None, now.plus(LINK_LIFE))?;
            Ok(true)
        })
        .await?;
    Ok(made.then_some(secret))
}

/// What the set-up page asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// There is no account yet, so the page asks for one as well.
    pub account: bool,
}

/// Checks a link without using it up.
///
/// # Errors
/// `Link` when the link is unknown or too old, or when there is a user already.
pub async fn look(app: &App, link: &Secret) -> Result<Wanted, Error> {
    let (hash, now) = (link.hash(), app.now());
    app.store
        .read(move |conn| {
            let found = one_time_link::find(conn, &hash, Purpose::Setup)?;
            found.filter(|link| now < link.expires).ok_or(Error::Link)?;
            if store::user::count(conn)? > 0 {
                return Err(Error::Link);
            }
            Ok(Wanted { account: store::account::list(conn)?.is_empty() })
        })
        .await
}

/// Is the password good enough, given the email and the account that stand beside it?
pub fn check_password(email: &str, password: &str, account: Option<&Settings>) -> Result<(), Weak> {
    let mut context = vec![email];
    if let Some(settings) = account {
        context.push(&settings.name);
        context.extend(settings.domains.iter().map(String::as_str));
    }
    password::check(password, &context)
}

/// Makes the first user, who is server admin and owner of the first account, and signs them in. Returns the secret of
/// the cookie. The account has these rules of a consent policy; without rules it has no policy. Without `account` the user
/// becomes owner of all accounts that are there.
///
/// # Errors
/// `Link`, `Email`, `Weak`.
pub async fn set_up(
    app: &App,
    link: &Secret,
    email: &str,
    password: &str,
    account: Option<(Settings, Vec<Rule>)>,
    browser: &str,
) -> Result<Secret, Error> {
    look(app, link).await?;
    let email = Email::parse(email).ok_or(Error::Email)?;
    check_password(email.as_str(), password, account.as_ref().map(|(settings, _)| settings))?;
    let hash = app.passwords.hash(password).await?;
    let (link, now) = (link.hash(), app.now());
    sign_in::begin(app, browser, now, move |conn| {
        sign_in::take_link(conn, &link, Purpose::Setup, now)?;
        if store::user::count(conn)? > 0 {
            return Err(Error::Link);
        }
        let user = store::user::insert(conn, &email, Some(&hash), true, now)?;
        if let Some((settings, rules)) = account {
            let id = store::account::insert(conn, &settings, now)?;
            if !rules.is_empty() {
                consent::start(conn, Actor::User(user), id, rules, now)?;
            }
        }
        for account in store::account::list(conn)? {
            store::member::upsert(conn, user, account.id, Membership::OWNER)?;
        }
        store::audit::insert(conn, now, None, Some(user), "setup", "")?;
        Ok(user)
    })
    .await
}
