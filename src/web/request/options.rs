//! How this server stands in its network; `server` makes it from the configuration.

use crate::base::cidr::Cidr;

/// Settings of the HTTP side.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `https://stats.example.com`, without a slash at the end; unset: pages use the request's own origin.
    pub public_url: Option<String>,
    /// The admin pages have an address of their own; this is the public one, `http://192.0.2.1:8080`.
    pub apart_from: Option<String>,
    /// This server speaks TLS itself.
    pub own_tls: bool,
    /// Peers whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed.
    pub trusted_proxies: Vec<Cidr>,
}

impl Options {
    /// Is the address people know an https one?
    #[must_use]
    pub fn public_https(&self) -> bool {
        self.public_url.as_deref().is_some_and(|url| starts_with_ignoring_case(url, "https://"))
    }
}

fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|head| head.eq_ignore_ascii_case(start))
}
