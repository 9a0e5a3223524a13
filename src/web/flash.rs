//! What was just done, told once by the next page. The cookie carries a word of a closed list, never a text.

use actix_web::HttpRequest;
use actix_web::cookie::time::Duration;

use crate::web::cookie::{self, FLASH};
use crate::web::page::{Flash, Tone};
use crate::web::text::Texts;
use crate::web::text::access::Done as Words;

/// Seconds until it is no news any more.
const KEPT: i64 = 60;

macro_rules! done {
    ($($name:ident $word:ident),+ $(,)?) => {
        /// What was done.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Done { $($name),+ }

        impl Done {
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            const fn as_str(self) -> &'static str {
                match self { $(Self::$name => stringify!($word)),+ }
            }

            const fn text(self, words: &Words) -> &'static str {
                match self { $(Self::$name => words.$word),+ }
            }
        }
    };
}

done! {
    Saved saved,
    AccountMade account_made,
    UserAdded user_added,
    UserChanged user_changed,
    UserRemoved user_removed,
    UserDisabled user_disabled,
    UserEnabled user_enabled,
    TokenRevoked token_revoked,
    PasswordChanged password_changed,
    BrowserEnded browser_ended,
    BrowsersEnded browsers_ended,
    SignedOut signed_out,
}

/// The next page of this browser will say so.
pub fn put(request: &HttpRequest, https: bool, done: Done) {
    let mut told = cookie::of(&FLASH, done.as_str(), https);
    told.set_max_age(Duration::seconds(KEPT));
    cookie::set(request, told);
}

/// What this page has to say; it is forgotten with the answer.
pub(super) fn take(request: &HttpRequest, https: bool, t: &Texts) -> Option<Flash> {
    let word = FLASH.read(request, https)?;
    let mut gone = cookie::of(&FLASH, "", https);
    gone.make_removal();
    cookie::set(request, gone);
    let done = Done::ALL.iter().find(|done| done.as_str() == word)?;
    Some(Flash { tone: Tone::Good, text: done.text(&t.access.done).to_owned() })
}
