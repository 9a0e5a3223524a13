//! Errors of requests, and the one place that maps them to a status. As data they have the shape of HubSpot's
//! errors; `security` turns them into pages for people. A 5xx that is our fault carries an id, and the log has the
//! cause under it once.

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use serde_json::json;

use crate::app::access;
use crate::app::state::{passwords, report_turns};
use crate::base::random::{Random, SystemRandom};
use crate::domain::user::Scope;
use crate::store;
use crate::web::paths;

/// `Retry-After` of a busy server, in seconds.
const BUSY_SECONDS: u32 = 2;

#[derive(Debug, thiserror::Error)]
pub enum WebError {
    #[error("there is no page at this address")]
    NotFound,
    #[error("this needs a higher role")]
    Denied,
    #[error("this token needs the scope {}", .0.as_str())]
    Scope(Scope),
    #[error("sign in, or send a token as Authorization: Bearer …")]
    Unauthorized,
    /// Redirects to the sign-in page, and back to the path `next` afterwards.
    #[error("sign in first")]
    SignIn { next: Option<String> },
    #[error("{0}")]
    BadRequest(String),
    /// The CSRF token is missing or belongs to another browser or sign-in.
    #[error("the form has expired or came from another site")]
    Expired,
    #[error("the request is too large")]
    TooLarge,
    #[error("the request was too slow")]
    Slow,
    #[error("too many requests; wait {0} s")]
    TooMany(u32),
    #[error(transparent)]
    TooManyReports(#[from] report_turns::TooMany),
    /// The store stopped a query that took too long. The text says how long that was.
    #[error("{0}")]
    TimeLimit(String),
    #[error("temporarily unavailable; try again")]
    Busy,
    #[error("internal error; the log shows the cause for {id}")]
    Internal { id: String },
}

impl WebError {
    /// Logs the cause under a new id.
    pub fn internal(cause: impl std::fmt::Display) -> Self {
        let id = SystemRandom.token();
        tracing::error!(id, cause = %cause, "a request failed");
        Self::Internal { id }
    }

    pub const fn retry_after(&self) -> Option<u32> {
        match self {
            Self::TooMany(seconds) => Some(*seconds),
            Self::Busy | Self::TooManyReports(_) => Some(BUSY_SECONDS),
            _ => None,
        }
    }

    /// The `category` of HubSpot's errors.
    const fn category(&self) -> &'static str {
        match self {
            Self::NotFound => "OBJECT_NOT_FOUND",
            Self::Denied | Self::Expired => "FORBIDDEN",
            Self::Scope(_) => "MISSING_SCOPES",
            Self::Unauthorized | Self::SignIn { .. } => "INVALID_AUTHENTICATION",
            Self::BadRequest(_) | Self::TooLarge | Self::Slow => "VALIDATION_ERROR",
            Self::TooMany(_) | Self::TooManyReports(_) => "RATE_LIMITS",
            Self::Busy | Self::TimeLimit(_) => "SERVICE_UNAVAILABLE",
            Self::Internal { .. } => "INTERNAL_ERROR",
        }
    }
}

impl ResponseError for WebError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::Denied | Self::Scope(_) | Self::Expired => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::SignIn { .. } => StatusCode::SEE_OTHER,
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Slow => StatusCode::REQUEST_TIMEOUT,
            Self::TooMany(_) | Self::TooManyReports(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Busy | Self::TimeLimit(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut answer = HttpResponse::build(self.status_code());
        answer.insert_header((header::CACHE_CONTROL, "no-store"));
        if let Some(seconds) = self.retry_after() {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        match self {
            Self::SignIn { next } => {
                answer.insert_header((header::LOCATION, paths::sign_in(next.as_deref())));
                return answer.finish();
            }
            Self::Unauthorized => {
                answer.insert_header((header::WWW_AUTHENTICATE, "Bearer"));
            }
            _ => {}
        }
        let mut body = json!({
            "status": "error", "message": self.to_string(), "category": self.category(),
        });
        if let (Self::Internal { id }, Some(body)) = (self, body.as_object_mut()) {
            body.insert("correlationId".into(), json!(id));
        }
        answer.content_type("application/json; charset=utf-8").body(body.to_string())
    }
}

impl From<store::Error> for WebError {
    fn from(error: store::Error) -> Self {
        match error {
            store::Error::NotFound => Self::NotFound,
            store::Error::Busy | store::Error::Closed => Self::Busy,
            store::Error::TimeLimit => Self::TimeLimit(error.to_string()),
            // A full disk is no fault of this request, and the next one may find room.
            of_the_disk if of_the_disk.is_of_the_disk() => {
                tracing::error!(cause = %of_the_disk, "a request could not be stored");
                Self::Busy
            }
            other => Self::internal(other),
        }
    }
}

/// For handlers without a form field to show the message at.
impl From<access::Error> for WebError {
    fn from(error: access::Error) -> Self {
        match error {
            access::Error::Store(error) => error.into(),
            access::Error::Denied | access::Error::Publish => Self::Denied,
            access::Error::Wait(seconds) => Self::TooMany(seconds),
            access::Error::Password(passwords::Error::Busy) => Self::Busy,
            access::Error::Password(error) => Self::internal(error),
            other => Self::BadRequest(other.to_string()),
        }
    }
}

impl From<askama::Error> for WebError {
    fn from(error: askama::Error) -> Self {
        Self::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failure_of_our_own_tells_its_id_and_not_its_cause() {
        let error = WebError::from(store::Error::Panicked);
        let WebError::Internal { id } = &error else { panic!("{error:?}") };
        assert_eq!(id.len(), 32);
        assert!(error.to_string().contains(id.as_str()));
        assert!(!error.to_string().contains("panicked"));
        assert_eq!(error.error_response().status(), 500);
    }

    #[test]
    fn who_should_come_again_is_told_when() {
        let later = |error: WebError| error.error_response().headers().get("retry-after").cloned();
        assert_eq!(later(WebError::TooMany(7)).unwrap(), "7");
        assert_eq!(later(report_turns::TooMany.into()).unwrap(), "2");
        assert_eq!(later(store::Error::Busy.into()).unwrap(), "2");
        let full = || store::Error::Io(std::io::Error::from(std::io::ErrorKind::StorageFull));
        assert_eq!(WebError::from(full()).status_code(), 503);
        assert_eq!(later(access::Error::Store(full()).into()).unwrap(), "2");
        assert_eq!(later(WebError::NotFound), None);
    }
}
