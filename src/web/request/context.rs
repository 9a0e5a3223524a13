//! What is known about every request, signed in or not: time, theme, scheme, nonce. Every page takes its layout
//! from here.

use std::borrow::Cow;

use actix_web::http::header;
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpRequest};

use crate::app::state::rate_limit;
use crate::base::clock::Millis;
use crate::web::request::client;
use crate::web::request::state::State;
use crate::web::response::cookie::Nonce;
use crate::web::response::error::WebError;
use crate::web::response::flash;
use crate::web::response::page::{Flash, Layout, Theme};
use crate::web::text::{EN, Texts};

#[derive(Clone, Debug)]
pub struct Context {
    pub t: &'static Texts,
    /// The time of the request. It is read once, so everything on a page agrees.
    pub now: Millis,
    pub https: bool,
    /// The request came over plain http from another machine, so others can read it.
    exposed: bool,
    nonce: String,
    theme: Theme,
    current_path: String,
    flash: Option<Flash>,
}

impl Context {
    pub fn of(request: &HttpRequest) -> Self {
        let state = request.app_data::<Data<State>>();
        let https = state.is_some_and(|state| state.is_https(request));
        let theme = request.cookie(Theme::COOKIE).and_then(|cookie| Theme::parse(cookie.value()));
        let nonce = request.extensions().get::<Nonce>().map_or_else(String::new, |nonce| nonce.0.clone());
        Self {
            t: &EN,
            now: state.map_or(Millis(0), |state| state.app.now()),
            https,
            exposed: !https && !client::is_local(request),
            nonce,
            theme: theme.unwrap_or_default(),
            current_path: request.uri().path_and_query().map_or("/", |path| path.as_str()).to_owned(),
            flash: flash::read(request, https, &EN),
        }
    }

    /// The layout of a page that needs no sign-in.
    pub fn layout(&self, title: &str) -> Layout {
        Layout {
            t: self.t,
            title: title.to_owned(),
            nonce: self.nonce.clone(),
            csrf: String::new(),
            theme: self.theme,
            now: self.now,
            current_path: self.current_path.clone(),
            plain_http: self.exposed,
            troubles: Vec::new(),
            flash: self.flash.clone(),
            viewer: None,
            account: None,
            section: None,
        }
    }

    pub fn current_path(&self) -> &str {
        &self.current_path
    }
}

pub fn state(request: &HttpRequest) -> Result<Data<State>, WebError> {
    request.app_data::<Data<State>>().cloned().ok_or_else(|| WebError::internal("the web state is missing"))
}

/// The User-Agent, kept for the user's list of signed-in browsers.
pub fn browser(request: &HttpRequest) -> String {
    let agent = request.headers().get(header::USER_AGENT);
    agent.map_or_else(String::new, |value| String::from_utf8_lossy(value.as_bytes()).into_owned())
}

/// The key under which the rate limit counts this client.
pub fn sender(state: &State, request: &HttpRequest) -> u64 {
    state.client_address(request).map_or(0, rate_limit::sender_of)
}

/// The first value that the address has for a key.
pub(crate) fn parameter<'r>(request: &'r HttpRequest, name: &str) -> Option<Cow<'r, str>> {
    let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
    pairs.find_map(|(key, value)| (key == name).then_some(value))
}

/// Whether the answer should be data instead of a page: the request has a token, accepts no HTML, or asks for a
/// format without an `Accept` header.
pub fn wants_data(request: &HttpRequest) -> bool {
    let accept = request.headers().get(header::ACCEPT).and_then(|value| value.to_str().ok());
    let takes_html = accept.is_none_or(|accept| accept.contains("text/html"));
    let asks_format = parameter(request, "format").is_some();
    request.headers().contains_key(header::AUTHORIZATION) || (asks_format && accept.is_none()) || !takes_html
}
