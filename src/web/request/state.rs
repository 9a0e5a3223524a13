//! The shared state of the web layer.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;

use crate::app::App;
use crate::web::request::client;
use crate::web::request::options::Options;

pub struct State {
    pub app: Arc<App>,
    pub options: Options,
}

impl State {
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        client::address(&self.options, request)
    }

    /// Takes note of whether the request came through a proxy that is not trusted.
    pub fn count_proxy(&self, request: &HttpRequest) {
        self.app.undeclared_proxy.count(client::undeclared_proxy(&self.options, request));
    }

    pub fn is_https(&self, request: &HttpRequest) -> bool {
        client::is_https(&self.options, request)
    }
}
