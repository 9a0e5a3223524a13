//! The cookies of the admin side: their names, their flags, and how an answer comes to set them.

use std::cell::RefCell;

use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage, HttpRequest};

/// Names a script that may run; made fresh for each answer.
#[derive(Clone, Debug)]
pub struct Nonce(pub String);

/// Cookies that the answer will set.
#[derive(Default)]
pub struct NewCookies(RefCell<Vec<Cookie<'static>>>);

/// Sets a cookie with the answer to this request; also from an extractor.
pub fn set(request: &HttpRequest, cookie: Cookie<'static>) {
    if let Some(cookies) = request.extensions().get::<NewCookies>() {
        cookies.0.borrow_mut().push(cookie);
    }
}

/// What is to be set with the answer, as header values.
#[must_use]
pub fn new_cookies(request: &HttpRequest) -> Vec<String> {
    let extensions = request.extensions();
    let cookies = extensions.get::<NewCookies>();
    cookies.map_or_else(Vec::new, |new| new.0.borrow().iter().map(ToString::to_string).collect())
}

/// A cookie of ours: its name carries the prefix that keeps other hosts from setting it, over https (rules.md 26).
#[must_use]
pub fn of(name: &CookieName, value: &str, https: bool) -> Cookie<'static> {
    Cookie::build(name.of(https).to_owned(), value.to_owned())
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .finish()
}

/// A cookie of ours, by its two names.
#[derive(Debug)]
pub struct CookieName {
    https: &'static str,
    http: &'static str,
}

/// The signed-in browser.
pub const SIGN_IN: CookieName = CookieName { https: "__Host-guestlog", http: "guestlog" };
/// The browser before it is signed in: ties its forms to it.
pub const GUEST: CookieName = CookieName { https: "__Host-guestlog-guest", http: "guestlog-guest" };
/// What was just done, for the next page to say.
pub const FLASH: CookieName = CookieName { https: "__Host-guestlog-flash", http: "guestlog-flash" };

impl CookieName {
    #[must_use]
    pub const fn of(&self, https: bool) -> &'static str {
        if https { self.https } else { self.http }
    }

    /// Its value in this request; the name of the other scheme does not count.
    #[must_use]
    pub fn read(&self, request: &HttpRequest, https: bool) -> Option<String> {
        request.cookie(self.of(https)).map(|cookie| cookie.value().to_owned())
    }
}
