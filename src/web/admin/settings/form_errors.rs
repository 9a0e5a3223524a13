//! Error messages of forms: the text beside a field, or above the page when it belongs to no field.

use crate::app::access::Error;
use crate::domain::password::Weak;
use crate::web::response::error::WebError;
use crate::web::response::page::{Flash, Layout, Tone};
use crate::web::text::access::Wrong;

/// The message for an error that the user can correct. Any other error is returned as a failure of the request.
pub fn message(texts: &Wrong, error: Error) -> Result<&'static str, WebError> {
    Ok(match error {
        Error::Email => texts.email,
        Error::Weak(Weak::Short) => texts.password_short,
        Error::Weak(Weak::Long) => texts.password_long,
        Error::Weak(Weak::Common) => texts.password_common,
        Error::Wrong => texts.current_password,
        Error::Taken => texts.taken,
        Error::Full => texts.full,
        Error::LastOwner => texts.last_owner,
        Error::LastServerAdmin => texts.last_server_admin,
        Error::Own => texts.own,
        Error::TokenName => texts.token_name,
        Error::NoScope => texts.no_scope,
        Error::Link => texts.link,
        Error::Publish => texts.publish,
        Error::Retention(_) => texts.months,
        Error::Denied | Error::Wait(_) | Error::Password(_) | Error::Store(_) => return Err(error.into()),
    })
}

/// Shows the message above the page.
pub fn show_above(layout: &mut Layout, text: &str) {
    layout.flash = Some(Flash { tone: Tone::Bad, text: text.to_owned() });
}
