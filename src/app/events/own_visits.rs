//! Leaving out one's own visits: a link to the site marks the browser that opens it, and the site's script sends nothing
//! from there any more. Another link takes the mark back. The link proves itself with a token that works once, as the
//! picker of elements does (rules.md 30); nothing is stored but that.

use super::element_picker::{Error, LIFE};
use crate::app::access::{self, Actor};
use crate::app::core::App;
use crate::base::secret::Secret;
use crate::domain::account::AccountId;
use crate::domain::element_picker::Target;
use crate::store;

/// Stands in place of the key of a form.
const KEY: &str = "own visits";
/// Longest token that is looked up, characters.
const TOKEN_MAX: usize = 64;

/// What a link does with the browser that opens it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wish {
    /// Leave its visits out.
    LeaveOut,
    /// Count its visits again.
    Count,
}

impl Wish {
    const ALL: [Self; 2] = [Self::LeaveOut, Self::Count];

    /// The word that stands in forms.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::LeaveOut => "leave_out",
            Self::Count => "count",
        }
    }

    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wish| wish.as_str() == text)
    }

    /// The first letter of its tokens.
    const fn letter(self) -> char {
        match self {
            Self::LeaveOut => 'o',
            Self::Count => 'b',
        }
    }

    fn of_token(token: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|wish| token.starts_with(wish.letter()))
    }
}

/// Makes a link to a page of the account's own sites.
///
/// # Errors
/// `Address`, `Foreign`; `Denied` when the actor may not change the settings of the website.
pub async fn link(
    app: &App,
    actor: Actor,
    account: AccountId,
    page: &str,
    wish: Wish,
) -> Result<String, Error> {
    let entry = app.accounts.find(account).ok_or(Error::NoAccount)?;
    let target = Target::parse(page).ok_or(Error::Address)?;
    if !entry.settings().owns_host(&target.host()) {
        return Err(Error::Foreign(target.host()));
    }
    let user = actor.user().ok_or(access::Error::Denied)?;
    let token = Secret::from_request(&format!("{}{}", wish.letter(), app.random.token()));
    let (hash, now) = (token.hash(), app.now());
    app.store
        .writer
        .write(move |conn| {
            access::need_website_settings(conn, actor, account)?;
            store::element_pick::delete_expired(conn, now)?;
            store::element_pick::insert(conn, account, user, KEY, &hash, now.plus(LIFE))?;
            Ok::<_, Error>(())
        })
        .await?;
    Ok(target.with_own_visits_token(token.reveal()))
}

/// Uses up a token. `None` when it is unknown, used or too old.
pub async fn redeem(app: &App, token: &str) -> Result<Option<Wish>, store::Error> {
    let Some(wish) = Wish::of_token(token).filter(|_| token.len() <= TOKEN_MAX) else { return Ok(None) };
    let (hash, now) = (Secret::from_request(token).hash(), app.now());
    let is_genuine =
        app.store.writer.write(move |conn| store::element_pick::update_confirmed(conn, &hash, now)).await?;
    Ok(is_genuine.then_some(wish))
}
