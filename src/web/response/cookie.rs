//! The cookies of the admin pages: names, flags, and how a handler sets them.

use std::cell::RefCell;

use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::{HttpMessage, HttpRequest};

use crate::app::access::sign_in;
use crate::base::clock::SECOND;
use crate::base::secret::Secret;

/// The nonce of the content security policy; new for each answer.
#[derive(Clone, Debug)]
pub struct Nonce(pub String);

/// Cookies that the answer will set. They are collected on the request, so extractors can set them too.
#[derive(Default)]
pub struct NewCookies(RefCell<Vec<Cookie<'static>>>);

/// Sets a cookie with the answer to this request.
pub fn set(request: &HttpRequest, cookie: Cookie<'static>) {
    if let Some(cookies) = request.extensions().get::<NewCookies>() {
        cookies.0.borrow_mut().push(cookie);
    }
}

/// The `Set-Cookie` values of the answer.
pub fn new_cookies(request: &HttpRequest) -> Vec<String> {
    let extensions = request.extensions();
    let cookies = extensions.get::<NewCookies>();
    cookies.map_or_else(Vec::new, |new| new.0.borrow().iter().map(ToString::to_string).collect())
}

/// A cookie with our flags. Over https its name has the `__Host-` prefix, so that no other host can set it
/// (rules.md 26).
pub fn of(name: &CookieName, value: &str, https: bool) -> Cookie<'static> {
    Cookie::build(name.of(https).to_owned(), value.to_owned())
        .path("/")
        .http_only(true)
        .secure(https)
        .same_site(SameSite::Lax)
        .finish()
}

/// Signs the browser in.
pub fn set_sign_in(request: &HttpRequest, https: bool, secret: &Secret) {
    let mut cookie = of(&SIGN_IN, secret.reveal(), https);
    cookie.set_max_age(Duration::seconds(sign_in::ABSOLUTE / SECOND));
    set(request, cookie);
}

/// Makes the browser forget a cookie.
pub fn clear(request: &HttpRequest, https: bool, name: &CookieName) {
    let mut cookie = of(name, "", https);
    cookie.make_removal();
    set(request, cookie);
}

/// The two names of a cookie, by scheme.
#[derive(Debug)]
pub struct CookieName {
    https: &'static str,
    http: &'static str,
}

/// Holds the secret of a sign-in.
pub const SIGN_IN: CookieName = CookieName { https: "__Host-guestlog", http: "guestlog" };
/// Identifies a browser that is not signed in, so that its forms have a CSRF token.
pub const GUEST: CookieName = CookieName { https: "__Host-guestlog-guest", http: "guestlog-guest" };
/// Holds the notice for the next page.
pub const FLASH: CookieName = CookieName { https: "__Host-guestlog-flash", http: "guestlog-flash" };

impl CookieName {
    pub const fn of(&self, https: bool) -> &'static str {
        if https { self.https } else { self.http }
    }

    /// The value in this request. The name of the other scheme is ignored.
    pub fn read(&self, request: &HttpRequest, https: bool) -> Option<String> {
        request.cookie(self.of(https)).map(|cookie| cookie.value().to_owned())
    }
}
