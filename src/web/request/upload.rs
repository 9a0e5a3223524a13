//! Reads an uploaded file from a form, part by part. The CSRF token stands before the file, so nothing of the file is kept
//! for a form of another site. The file has a limit of its own; the time for it is limited as a whole and from part to part.

use std::time::Duration;

use actix_multipart::{Field, Multipart};
use actix_web::HttpRequest;
use actix_web::http::header;
use actix_web::web::{Bytes, Payload};
use futures_util::StreamExt;

use crate::web::request::form::{self, CSRF};
use crate::web::request::guard::{CsrfToken, Member};
use crate::web::response::error::WebError;

/// Name of the field with the file.
pub const FILE: &str = "file";
/// Longest value of another field, bytes.
const FIELD_MAX: usize = 1_024;
/// Longest time for the whole file, and for the next part of it.
const TIME: Duration = Duration::from_secs(30 * 60);
const PART_TIME: Duration = Duration::from_secs(30);

/// Whether the request is a form that can have a file.
pub fn is_upload(request: &HttpRequest) -> bool {
    let kind = request.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    kind.is_some_and(|kind| kind.starts_with("multipart/form-data"))
}

/// An uploaded file that is being read.
pub struct Uploaded {
    /// Its name, as the browser says.
    pub name: String,
    field: Field,
    /// The field reads through it.
    _form: Multipart,
}

/// Finds the file of a form that this member was shown; `None` when none was chosen.
///
/// # Errors
/// `Expired` when the token is wrong, or does not come first; `BadRequest`; `Slow`.
pub async fn find(
    request: &HttpRequest,
    payload: Payload,
    sender: &Member,
) -> Result<Option<Uploaded>, WebError> {
    let mut form = Multipart::new(request.headers(), payload);
    let mut is_checked = false;
    while let Some(field) = in_time(form.next()).await? {
        let mut field = field.map_err(|error| WebError::BadRequest(error.to_string()))?;
        match field.name() {
            Some(CSRF) => {
                form::check_token(&read_short(&mut field).await?, sender.csrf())?;
                is_checked = true;
            }
            _ if !is_checked => return Err(WebError::Expired),
            Some(FILE) => {
                let disposition = field.content_disposition();
                let name = disposition.and_then(|one| one.get_filename()).unwrap_or_default().to_owned();
                // A browser sends an empty name when nothing was chosen.
                return Ok((!name.is_empty()).then_some(Uploaded { name, field, _form: form }));
            }
            _ => drop(read_short(&mut field).await?),
        }
    }
    if is_checked { Ok(None) } else { Err(WebError::Expired) }
}

impl Uploaded {
    /// Hands on the file part by part.
    ///
    /// # Errors
    /// `Slow`, `BadRequest`; those of `take`.
    pub async fn each<E: From<WebError>>(
        &mut self,
        mut take: impl FnMut(&[u8]) -> Result<(), E>,
    ) -> Result<(), E> {
        let reading = async {
            while let Some(part) = next(&mut self.field).await? {
                take(&part)?;
            }
            Ok(())
        };
        tokio::time::timeout(TIME, reading).await.unwrap_or_else(|_| Err(WebError::Slow.into()))
    }
}

async fn read_short(field: &mut Field) -> Result<String, WebError> {
    let mut value = Vec::new();
    while let Some(part) = next(field).await? {
        if value.len() + part.len() > FIELD_MAX {
            return Err(WebError::TooLarge);
        }
        value.extend_from_slice(&part);
    }
    String::from_utf8(value).map_err(|_| WebError::BadRequest("the form is not UTF-8".to_owned()))
}

async fn next(field: &mut Field) -> Result<Option<Bytes>, WebError> {
    let part = in_time(field.next()).await?.transpose();
    part.map_err(|error| WebError::BadRequest(error.to_string()))
}

async fn in_time<T>(next: impl Future<Output = T>) -> Result<T, WebError> {
    tokio::time::timeout(PART_TIME, next).await.map_err(|_| WebError::Slow)
}
