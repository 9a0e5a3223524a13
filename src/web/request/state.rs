//! What every request needs: the use cases, and how this server stands in its network.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;

use crate::app::App;
use crate::web::request::client;
use crate::web::request::options::Options;

/// Data of the web layer; shared by all workers.
pub struct State {
    pub app: Arc<App>,
    pub options: Options,
}

impl State {
    /// Who sent the request; see `client`.
    #[must_use]
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        client::address(&self.options, request)
    }

    /// Does the browser speak https with us? (rules.md 26)
    #[must_use]
    pub fn is_https(&self, request: &HttpRequest) -> bool {
        client::is_https(&self.options, request)
    }
}
