//! The HTTP servers: the public one, and one for the admin pages if they have an address of their own. They use TLS
//! when files for it are configured.

use std::fs::File;
use std::io::{BufReader, Error, ErrorKind};
use std::net::{SocketAddr, TcpListener};
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use actix_http::HttpService;
use actix_http::error::DispatchError;
use actix_server::{GracefulShutdownSignal, Server};
use actix_service::{IntoServiceFactory, Service, ServiceFactory, ServiceFactoryExt, fn_service, map_config};
use actix_tls::accept::rustls_0_23::Acceptor;
use actix_web::dev::AppConfig;
use actix_web::middleware::from_fn;
use actix_web::rt::net::{ActixStream, TcpStream};
use actix_web::web::{Data, PayloadConfig, ServiceConfig};
use anyhow::Context;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use super::connections::registry::{Connections, HEADER_TIME, Limits};
use super::connections::requests;
use super::connections::stream::{GuardedStream, Slot};
use crate::app::ingest::accept::beacon::BATCH_BODY_MAX;
use crate::config::Config;
use crate::web;
use crate::web::request::state::State;

/// The longest time between two requests of a connection.
const IDLE_TIME: Duration = Duration::from_secs(75);
/// The longest time for requests in progress after a stop, seconds.
const STOP_SECONDS: u64 = 5;
/// Connections that the system keeps for a server that is busy accepting others.
const BACKLOG: i32 = 4096;
/// Bytes that the system keeps of what a connection sends to the client; it doubles this number. Most pages fit, so they are
/// written at once: between programs of one machine a smaller buffer waits 40 ms for an acknowledgement when it is full.
const SEND_BUFFER: usize = 128 * 1024;
/// The same of what a client has sent.
const RECEIVE_BUFFER: usize = 32 * 1024;

/// Which pages a server shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Side {
    Public,
    Admin,
    Both,
}

impl Side {
    fn routes(self, config: &mut ServiceConfig) {
        // The routes of beacons come first, because every request tries the routes in this order.
        if self != Self::Admin {
            config.configure(web::public_routes);
        }
        config.configure(web::machine_routes);
        if self != Self::Public {
            config.configure(web::admin_routes);
        }
    }
}

/// A server and its connections.
pub(super) struct Started {
    pub server: Server,
    pub connections: Arc<Connections>,
}

/// Makes a server on a listening socket, with at most so many connections. Files of TLS that cannot be used are an error.
pub(super) fn start(
    config: &Config,
    state: Data<State>,
    side: Side,
    listener: TcpListener,
    connections: usize,
) -> anyhow::Result<Started> {
    set_up(&listener)?;
    let tls = tls_of(config)?;
    let workers = workers(config);
    let builder = actix_server::Server::build()
        .workers(workers)
        .max_concurrent_connections(connections.div_ceil(workers))
        .shutdown_timeout(STOP_SECONDS)
        // `StopSignals` hears them, from before the server says that it listens.
        .disable_signals();
    let stop = builder.graceful_shutdown_signal();
    let proxies = config.server.trusted_proxies.clone();
    let clock = Arc::clone(&state.app.clock);
    let connections = Arc::new(Connections::new(clock, Limits::of(connections), proxies));
    let open = Arc::clone(&connections);
    let builder = match tls {
        None => builder.listen("http", listener, move || {
            let open = Arc::clone(&open);
            let enter = move |io: TcpStream| {
                let entered = enter(&open, &io);
                async { entered.map(|(slot, peer)| (GuardedStream::of_socket(io, slot), peer)) }
            };
            fn_service(enter).and_then(requests(&state, side, &stop))
        })?,
        Some(tls) => builder.listen("https", listener, move || {
            let (open, acceptor) = (Arc::clone(&open), Acceptor::new(tls.clone()));
            let enter = move |io: TcpStream| {
                let (entered, acceptor) =
                    (enter(&open, &io), ServiceFactory::<TcpStream>::new_service(&acceptor, ()));
                async move {
                    let (slot, peer) = entered?;
                    let acceptor = acceptor.await.map_err(|()| Error::from(ErrorKind::Other))?;
                    let io = acceptor.call(io).await.map_err(|error| Error::other(error.to_string()))?;
                    Ok((GuardedStream::new(io, slot), peer))
                }
            };
            fn_service(enter).and_then(requests(&state, side, &stop))
        })?,
    };
    Ok(Started { server: builder.run(), connections })
}

/// Sets up a socket whose connections inherit this.
fn set_up(listener: &TcpListener) -> rustix::io::Result<()> {
    rustix::net::listen(listener, BACKLOG)?;
    rustix::net::sockopt::set_socket_send_buffer_size(listener, SEND_BUFFER)?;
    rustix::net::sockopt::set_socket_recv_buffer_size(listener, RECEIVE_BUFFER)?;
    // An answer that is larger than the buffer is written in parts. The last one must not wait until the client has
    // acknowledged the others.
    rustix::net::sockopt::set_tcp_nodelay(listener, true)
}

/// Finds room for a connection.
fn enter(
    connections: &Arc<Connections>,
    io: &TcpStream,
) -> Result<(Rc<Slot>, Option<SocketAddr>), DispatchError> {
    let peer = io.peer_addr().ok();
    let slot = Slot::enter(connections, peer.map(|peer| peer.ip()));
    Ok((slot.ok_or_else(|| Error::from(ErrorKind::ConnectionRefused))?, peer))
}

/// Answers the requests of connections.
fn requests<T: ActixStream + 'static>(
    state: &Data<State>,
    side: Side,
    stop: &GracefulShutdownSignal,
) -> impl ServiceFactory<
    (GuardedStream<T>, Option<SocketAddr>),
    Config = (),
    Response = (),
    Error = DispatchError,
    InitError = (),
> + use<T> {
    let app = actix_web::App::new()
        .app_data(state.clone())
        .app_data(PayloadConfig::new(BATCH_BODY_MAX))
        .wrap(from_fn(requests::follow))
        .configure(|routes| side.routes(routes))
        .into_factory()
        .map_err(|error: actix_web::Error| error.error_response());
    let stop = stop.clone();
    HttpService::build()
        .graceful_shutdown_signal(move || {
            let stop = stop.clone();
            async move { stop.notified().await }
        })
        .client_request_timeout(HEADER_TIME)
        .keep_alive(IDLE_TIME)
        .on_connect_ext(|io: &GuardedStream<T>, data| {
            data.insert(Rc::clone(&io.slot));
        })
        .h1(map_config(app, |()| AppConfig::default()))
}

/// How many workers a server has.
pub(super) fn workers(config: &Config) -> usize {
    match config.server.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        count => count,
    }
}

/// `None` when no files are configured.
pub(super) fn tls_of(config: &Config) -> anyhow::Result<Option<ServerConfig>> {
    config.tls.files().map(|(certificate, key)| tls(certificate, key)).transpose()
}

fn tls(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).with_context(|| format!("cannot read {}", path.display()))
    };
    let chain = CertificateDer::pem_reader_iter(open(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} is no PEM file", certificate.display()))?;
    anyhow::ensure!(!chain.is_empty(), "{} contains no PEM certificate", certificate.display());
    let private = PrivateKeyDer::from_pem_reader(open(key)?)
        .with_context(|| format!("{} contains no PEM private key", key.display()))?;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .context("the certificate and the key do not belong together")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_connection_has_bounded_buffers_and_sends_at_once() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        set_up(&listener).unwrap();
        let _client = std::net::TcpStream::connect(listener.local_addr().unwrap()).unwrap();
        let (connection, _) = listener.accept().unwrap();
        assert!(connection.nodelay().unwrap());
        // The system doubles the number.
        assert_eq!(rustix::net::sockopt::socket_send_buffer_size(&connection).unwrap(), 2 * SEND_BUFFER);
        assert_eq!(rustix::net::sockopt::socket_recv_buffer_size(&connection).unwrap(), 2 * RECEIVE_BUFFER);
    }
}
