//! What every handler is given: the application, and how requests reach it.

use std::net::IpAddr;
use std::sync::Arc;

use actix_web::HttpRequest;

use crate::app::App;

/// Data of the web layer.
pub struct State {
    pub app: Arc<App>,
    /// Peers whose `X-Forwarded-For` is believed.
    pub is_trusted_proxy: Box<dyn Fn(IpAddr) -> bool + Send + Sync>,
}

impl State {
    /// Who sent the request: the right-most hop that is no trusted proxy. From any other peer the header
    /// changes nothing.
    #[must_use]
    pub fn client_address(&self, request: &HttpRequest) -> Option<IpAddr> {
        let mut address = request.peer_addr()?.ip().to_canonical();
        if !(self.is_trusted_proxy)(address) {
            return Some(address);
        }
        let hops = request.headers().get_all("x-forwarded-for").filter_map(|value| value.to_str().ok());
        let hops: Vec<&str> = hops.flat_map(|value| value.split(',')).collect();
        for hop in hops.iter().rev() {
            let Some(next) = read_hop(hop.trim()) else { break };
            address = next;
            if !(self.is_trusted_proxy)(address) {
                break;
            }
        }
        Some(address)
    }
}

/// `192.0.2.1`, `192.0.2.1:80`, `2001:db8::1`, `[2001:db8::1]:80`
fn read_hop(hop: &str) -> Option<IpAddr> {
    let bare = hop.parse::<IpAddr>().ok();
    bare.or_else(|| hop.parse::<std::net::SocketAddr>().ok().map(|socket| socket.ip()))
        .or_else(|| hop.strip_prefix('[')?.strip_suffix(']')?.parse().ok())
        .map(|address| address.to_canonical())
}
