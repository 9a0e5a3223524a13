//! Reads submitted forms. The body is limited in size and time, and the CSRF token is checked before a handler gets
//! any field.

use std::future::Future;
use std::pin::Pin;

use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use subtle::ConstantTimeEq;

use crate::domain::event::CUSTOM_JS_MAX;
use crate::web::request::body;
use crate::web::request::guard::{CsrfToken, Guest, Member, SignedIn};
use crate::web::response::error::WebError;

/// Longest body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Longest body of a form with a code field, in bytes. Percent-encoding can triple each byte of the code.
pub const CODE_BODY_MAX: usize = 3 * CUSTOM_JS_MAX + BODY_MAX;
/// Longest body of a form with a field for each column of a file, in bytes.
pub const COLUMNS_BODY_MAX: usize = 1024 * 1024;
/// Name of the hidden field with the CSRF token.
pub const CSRF: &str = "csrf";

/// The fields of a form. When a field occurs twice, the first one counts.
#[derive(Clone, Debug, Default)]
pub struct Fields(Vec<(String, String)>);

impl Fields {
    /// The value exactly as it was sent; empty when the field is missing.
    pub fn raw(&self, name: &str) -> &str {
        self.0.iter().find(|(key, _)| key == name).map_or("", |(_, value)| value)
    }

    /// The value without surrounding whitespace. Read passwords with `raw` instead.
    pub fn text(&self, name: &str) -> &str {
        self.raw(name).trim()
    }

    pub fn all(&self, name: &str) -> Vec<&str> {
        self.0.iter().filter(|(key, _)| key == name).map(|(_, value)| value.as_str()).collect()
    }

    pub fn is_on(&self, name: &str) -> bool {
        self.raw(name) == "on"
    }

    pub fn number(&self, name: &str) -> Option<i64> {
        self.text(name).parse().ok()
    }
}

impl Fields {
    #[cfg(test)]
    pub(crate) const fn of(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }
}

impl<const N: usize> From<[(&str, &str); N]> for Fields {
    fn from(pairs: [(&str, &str); N]) -> Self {
        Self(pairs.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect())
    }
}

/// A form with a valid CSRF token, and who sent it. Its body has at most `MAX` bytes.
pub struct Form<Sender, const MAX: usize = BODY_MAX> {
    pub sender: Sender,
    pub fields: Fields,
}

pub type GuestForm = Form<Guest>;
pub type SignedForm = Form<SignedIn>;
pub type AccountForm = Form<Member>;
/// A form with a line for each column of a file.
pub type ColumnsForm = Form<Member, COLUMNS_BODY_MAX>;
/// A form of an account with a code field.
pub type CodeForm = Form<Member, CODE_BODY_MAX>;

impl<Sender, const MAX: usize> FromRequest for Form<Sender, MAX>
where
    Sender: FromRequest<Error = WebError> + CsrfToken + 'static,
{
    type Error = WebError;
    type Future = Pin<Box<dyn Future<Output = Result<Self, WebError>>>>;

    fn from_request(request: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let (request, payload) = (request.clone(), payload.take());
        Box::pin(async move {
            // The sender is checked first, so nobody can make this server read the body of a form they may not send.
            let sender = Sender::extract(&request).await?;
            let fields = read(&request, payload, MAX).await?;
            check(&fields, sender.csrf())?;
            Ok(Self { sender, fields })
        })
    }
}

fn check(fields: &Fields, token: &str) -> Result<(), WebError> {
    check_token(fields.raw(CSRF), token)
}

/// Only a page that this server rendered for this browser knows the token.
///
/// # Errors
/// `Expired` when the form has another one.
pub(crate) fn check_token(sent: &str, token: &str) -> Result<(), WebError> {
    let same: bool = sent.as_bytes().ct_eq(token.as_bytes()).into();
    if same && !token.is_empty() { Ok(()) } else { Err(WebError::Expired) }
}

/// Reads a form that needs no CSRF token, because nothing of the browser but its body decides.
///
/// # Errors
/// What is wrong with the body.
pub(crate) async fn read(request: &HttpRequest, payload: Payload, max: usize) -> Result<Fields, WebError> {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_form = kind.is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded"));
    if !is_form {
        return Err(WebError::BadRequest("the body is not a form".to_owned()));
    }
    let body = body::read(payload, max).await.map_err(|error| match error {
        body::Error::TooLarge => WebError::TooLarge,
        body::Error::TooSlow => WebError::Slow,
        body::Error::Broken(error) => WebError::BadRequest(error.to_string()),
    })?;
    let text =
        String::from_utf8(body).map_err(|_| WebError::BadRequest("the form is not UTF-8".to_owned()))?;
    let pairs = web::Query::<Vec<(String, String)>>::from_query(&text)
        .map_err(|_| WebError::BadRequest("the form cannot be read".to_owned()))?;
    Ok(Fields(pairs.into_inner()))
}
