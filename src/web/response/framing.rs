//! Which pages may hold frames, and which may be shown in one. Only pages of this server are ever shown in a frame, and
//! only in pages of this server. Every other page neither holds a frame nor is shown in one.

use actix_web::{HttpMessage, HttpRequest};

/// What the security headers of an answer allow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Framing {
    #[default]
    None,
    /// The page holds frames with pages of this server.
    Holds,
    /// The page is shown in a frame of this server.
    Inside,
}

impl Framing {
    /// Has the answer to this request allow it.
    pub fn allow(self, request: &HttpRequest) {
        request.extensions_mut().insert(self);
    }

    pub fn of(request: &HttpRequest) -> Self {
        request.extensions().get().copied().unwrap_or_default()
    }

    /// The end of the content security policy.
    pub const fn directives(self) -> &'static str {
        match self {
            Self::None => "frame-ancestors 'none'",
            Self::Holds => "frame-src 'self'; frame-ancestors 'none'",
            Self::Inside => "frame-ancestors 'self'",
        }
    }

    /// The value of `X-Frame-Options`, for browsers that do not know `frame-ancestors`.
    pub const fn options(self) -> &'static str {
        match self {
            Self::None | Self::Holds => "DENY",
            Self::Inside => "SAMEORIGIN",
        }
    }
}
