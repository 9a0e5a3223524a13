//! Connections from many addresses of this machine: the server keeps one address from taking all it has.

use std::net::{Ipv4Addr, SocketAddr};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::net::{TcpSocket, TcpStream};

/// Bytes that the system keeps for a connection of this side, in each direction.
const BUFFER: u32 = 32 * 1024;
/// File descriptors of this side.
const DESCRIPTORS: u64 = 32_000;

/// Connects from the `n`th of many addresses, all within 127.0.0.0/8 and none of them 127.0.0.1.
pub(super) async fn connect(to: SocketAddr, n: u32) -> std::io::Result<TcpStream> {
    let socket = TcpSocket::new_v4()?;
    // Thousands of connections with the usual buffers of this side would take all memory that the system has for them,
    // and the server shares that only here.
    socket.set_send_buffer_size(BUFFER)?;
    socket.set_recv_buffer_size(BUFFER)?;
    let [_, _, high, low] = (n % 60_000).to_be_bytes();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 1, high, low.max(1)), 0)))?;
    let stream = socket.connect(to).await?;
    stream.set_nodelay(true)?;
    Ok(stream)
}

/// Raises the limit of file descriptors of this process, for root also beyond what was allowed.
pub(super) fn raise_descriptor_limit() {
    let allowed = getrlimit(Resource::Nofile).maximum;
    let wanted = allowed.map_or(DESCRIPTORS, |allowed| allowed.max(DESCRIPTORS));
    for most in [Some(wanted), allowed] {
        if setrlimit(Resource::Nofile, Rlimit { current: most, maximum: most }).is_ok() {
            return;
        }
    }
}
