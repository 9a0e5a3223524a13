//! The HTTP servers: the public one, and one for the admin pages if they have an address of their own. They use TLS
//! when files for it are configured.

use std::fs::File;
use std::io::BufReader;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use actix_web::HttpServer;
use actix_web::dev::Server;
use actix_web::middleware::from_fn;
use actix_web::web::{Data, PayloadConfig, ServiceConfig};
use anyhow::Context;
use rustls::ServerConfig;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::app::ingest::accept::beacon::BATCH_BODY_MAX;
use crate::config::Config;
use crate::web;
use crate::web::request::state::State;

/// The longest time for the headers of a request.
const HEADER_TIME: Duration = Duration::from_secs(5);
/// The longest time between two requests of a connection.
const IDLE_TIME: Duration = Duration::from_secs(75);
/// The longest time for requests in progress after a stop, seconds.
const STOP_SECONDS: u64 = 5;
/// The most connections of each worker.
const CONNECTIONS_MAX: usize = 10_000;

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

/// Makes a server on a listening socket. Files of TLS that cannot be used are an error.
pub(super) fn start(
    config: &Config,
    state: Data<State>,
    side: Side,
    listener: TcpListener,
) -> anyhow::Result<Server> {
    let workers = match config.server.workers {
        0 => std::thread::available_parallelism().map_or(2, std::num::NonZero::get),
        count => count,
    };
    let server = HttpServer::new(move || {
        actix_web::App::new()
            .app_data(state.clone())
            .app_data(PayloadConfig::new(BATCH_BODY_MAX))
            .wrap(from_fn(web::request::unread_bodies::close_unread))
            .configure(|routes| side.routes(routes))
    })
    .workers(workers)
    .client_request_timeout(HEADER_TIME)
    .keep_alive(IDLE_TIME)
    .max_connections(CONNECTIONS_MAX)
    .shutdown_timeout(STOP_SECONDS);
    let server = match config.tls.files() {
        None => server.listen(listener)?,
        Some((certificate, key)) => server.listen_rustls_0_23(listener, tls(certificate, key)?)?,
    };
    Ok(server.run())
}

fn tls(certificate: &Path, key: &Path) -> anyhow::Result<ServerConfig> {
    let open = |path: &Path| {
        File::open(path).map(BufReader::new).with_context(|| format!("cannot read {}", path.display()))
    };
    let chain = CertificateDer::pem_reader_iter(open(certificate)?)
        .collect::<Result<Vec<_>, _>>()
        .with_context(|| format!("{} contains no PEM certificate", certificate.display()))?;
    let private = PrivateKeyDer::from_pem_reader(open(key)?)
        .with_context(|| format!("{} contains no PEM private key", key.display()))?;
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)
        .context("the certificate and the key do not belong together")
}
