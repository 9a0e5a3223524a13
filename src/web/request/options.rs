//! The network settings of the web layer. `server` makes them from the configuration.

use crate::base::cidr::Cidr;
use crate::base::forwarding_header::ForwardingHeader;

#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `https://stats.example.com`, without a trailing slash. When unset, pages use the origin of the request.
    pub public_url: Option<String>,
    /// Set when the admin pages listen on an address of their own: the public address, `http://192.0.2.1:8080`.
    pub apart_from: Option<String>,
    /// This server terminates TLS itself.
    pub own_tls: bool,
    /// Peers whose forwarding headers are believed.
    pub trusted_proxies: Vec<Cidr>,
    /// The header in which they name their clients.
    pub forwarding_header: ForwardingHeader,
    /// The secret of monitors that read `/metrics` from elsewhere.
    pub metrics_token: Option<String>,
}

impl Options {
    /// Whether the public URL is an https one.
    pub fn public_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| starts_with_ignoring_case(url, "https://"))
    }
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
