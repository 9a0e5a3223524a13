//! Where a server listens: admin pages on an address of their own, TLS of our own.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, ServerName};

use super::harness::Machine;

/// An address nobody listens on just now.
fn free_address() -> SocketAddr {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap()
}

fn request(path: &str) -> String {
    format!("GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
}

/// The status line's code.
fn status(stream: &mut (impl Read + Write), path: &str) -> u16 {
    stream.write_all(request(path).as_bytes()).unwrap();
    let mut answer = Vec::new();
    // A TLS peer may close without saying so; what counts is the first line.
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).split(' ').nth(1).unwrap().parse().unwrap()
}

fn get(address: &str, path: &str) -> u16 {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    status(&mut stream, path)
}

#[test]
fn admin_pages_can_have_an_address_of_their_own() {
    let machine = Machine::new();
    let account = machine.account();
    let admin = free_address().to_string();
    let settings = format!("[server]\nadmin_listen = \"{admin}\"\n[store]\nmin_free = 0\n");
    std::fs::write(machine.path("guestlog.toml"), settings).unwrap();
    let server = machine.serve();
    let script = format!("/{account}.js");
    assert_eq!(get(&server.address, &script), 200);
    assert_eq!(get(&server.address, "/readyz"), 200);
    assert_eq!(get(&server.address, "/sign-in"), 404, "the public side shows no admin page");
    assert_eq!(get(&server.address, "/metrics"), 404);
    assert_eq!(get(&admin, "/sign-in"), 200);
    assert_eq!(get(&admin, "/healthz"), 200);
    assert_eq!(get(&admin, &script), 404, "the admin side serves no script");
}

/// Whoever waits for the line that names the address may stop the server as soon as it is there.
#[test]
fn a_server_that_is_stopped_as_soon_as_it_says_that_it_listens_ends_in_order() {
    let machine = Machine::new();
    let settings = format!("[server]\nadmin_listen = \"{}\"\n[store]\nmin_free = 0\n", free_address());
    std::fs::write(machine.path("guestlog.toml"), settings).unwrap();
    for _ in 0..5 {
        assert_eq!(machine.serve().stop(), 0);
    }
}

/// The answer to a request without a body, but for the time in it.
fn answer(address: &str, method: &str, path: &str) -> (Vec<String>, String) {
    let mut stream = TcpStream::connect(address.trim_start_matches("http://")).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    stream.write_all(request(path).replacen("GET", method, 1).as_bytes()).unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let head = head.lines().filter(|line| !line.to_lowercase().starts_with("date:")).map(str::to_owned);
    // The framework's order of headers is none.
    let mut head: Vec<String> = head.collect();
    head.sort();
    (head, body.to_owned())
}

#[test]
fn head_is_answered_as_get_without_the_body() {
    let machine = Machine::new();
    let account = machine.account();
    let server = machine.serve();
    let scripts = [
        format!("/{account}.js"),
        format!("/analytics/1700000000000/{account}.js"),
        format!("/v2/{account}/banner.js"),
    ];
    let machines = ["/healthz", "/readyz", "/7.js"].map(str::to_owned);
    for path in scripts.iter().chain(&machines) {
        let (get, body) = answer(&server.address, "GET", path);
        assert!(!body.is_empty(), "{path}");
        assert_eq!(answer(&server.address, "HEAD", path), (get, String::new()), "{path}");
    }
    let (beacon, _) = answer(&server.address, "HEAD", "/__ptq.gif?k=1");
    assert!(
        !beacon.contains(&"HTTP/1.1 200 OK".to_owned()),
        "a beacon says something; whoever only looks says nothing"
    );
}

/// Whoever asked for port 0 must learn which one it was, however little is logged.
#[test]
fn the_address_is_told_at_every_level_of_the_log() {
    for level in ["error", "warn", "trace"] {
        let machine = Machine::new();
        let settings = format!("[log]\nlevel = \"{level}\"\n[store]\nmin_free = 0\n");
        std::fs::write(machine.path("guestlog.toml"), settings).unwrap();
        assert_eq!(get(&machine.serve().address, "/healthz"), 200, "{level}");
    }
}

#[test]
fn a_server_with_a_certificate_speaks_tls() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let machine = Machine::new();
    let file = |name: &str| data.join(name).display().to_string();
    let settings = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n[store]\nmin_free = 0\n",
        file("certificate.pem"),
        file("key.pem")
    );
    std::fs::write(machine.path("guestlog.toml"), settings).unwrap();
    let server = machine.serve();
    let address = server.address.strip_prefix("https://").expect("it says https");

    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(data.join("ca.pem")).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let name = ServerName::try_from("localhost").unwrap();
    let mut session = rustls::ClientConnection::new(Arc::new(config), name).unwrap();
    let mut socket = TcpStream::connect(address).unwrap();
    assert_eq!(status(&mut rustls::Stream::new(&mut session, &mut socket), "/healthz"), 200);
}

#[test]
fn a_key_that_does_not_fit_is_named() {
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/tls");
    let machine = Machine::new();
    let settings = format!(
        "[tls]\ncertificate = {:?}\nkey = {:?}\n",
        data.join("ca.pem").display().to_string(),
        data.join("key.pem").display().to_string()
    );
    std::fs::write(machine.path("guestlog.toml"), settings).unwrap();
    let said = machine.run(&["serve", "--listen", "127.0.0.1:0"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("do not belong together"), "{said:?}");
}
