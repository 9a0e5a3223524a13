//! Error messages of forms: the text beside a field, or above the page when it belongs to no field.

use crate::app::access::Error;
use crate::domain::password::Weak;
use crate::web::response::error::WebError;
use crate::web::response::page::{Flash, Layout, Tone};
use crate::web::text::access::Wrong;

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
pub fn text(words: &Wrong, error: Error) -> Result<&'static str, WebError> {
    Ok(match error {
        Error::Email => words.email,
        Error::Weak(Weak::Short) => words.password_short,
        Error::Weak(Weak::Long) => words.password_long,
        Error::Weak(Weak::Common) => words.password_common,
        Error::Wrong => words.current_password,
        Error::Taken => words.taken,
        Error::Full => words.full,
        Error::LastOwner => words.last_owner,
        Error::LastServerAdmin => words.last_server_admin,
        Error::Own => words.own,
        Error::TokenName => words.token_name,
        Error::NoScope => words.no_scope,
        Error::Link => words.link,
        Error::Publish => words.publish,
        Error::Denied | Error::Wait(_) | Error::Password(_) | Error::Store(_) => return Err(error.into()),
    })
}

/// Shows the message above the page.
pub fn above(layout: &mut Layout, text: &str) {
    layout.flash = Some(Flash { tone: Tone::Bad, text: text.to_owned() });
}
