//! The header in which trusted proxies name their clients. The configuration chooses it, and the requests are read by it.

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`, beside it `X-Forwarded-Proto` and `X-Forwarded-Host`.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), which holds address, scheme and host.
    Forwarded,
    /// `X-Real-IP`, beside it `X-Forwarded-Proto` and `X-Forwarded-Host`.
    XRealIp,
}
