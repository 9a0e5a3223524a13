//! The server that `bench ingest` compares with. It is actix alone, reads the same requests and stores nothing.

use std::net::{SocketAddr, TcpListener};

use actix_web::web::{Bytes, PayloadConfig, post};
use actix_web::{HttpResponse, HttpServer, rt};
use anyhow::Context;

/// Runs the server until it is asked to stop.
pub fn run(listen: SocketAddr, workers: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind(listen).with_context(|| format!("cannot listen on {listen}"))?;
    let address = listener.local_addr()?;
    rt::System::new().block_on(async move {
        let server = HttpServer::new(|| {
            actix_web::App::new().app_data(PayloadConfig::new(1024 * 1024)).route("/collect", post().to(read))
        })
        .workers(workers)
        .listen(listener)?
        .run();
        tracing::info!("listening on http://{address}");
        Ok(server.await?)
    })
}

async fn read(body: Bytes) -> HttpResponse {
    drop(body);
    HttpResponse::NoContent().finish()
}
