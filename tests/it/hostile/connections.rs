//! Connections that cost a server more than they bring: slow ones, idle ones, many of them, and those that never read.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use guestlog::base::clock::{Clock, RealClock, pause};
use guestlog::domain::account::AccountId;

use super::collector::server;
use crate::harness::load::Load;
use crate::harness::server::{Server, get, prepare, skipped};
use crate::harness::site::FIREFOX;

/// What a server may hold of a flood, MB: tables that have grown, threads and the live page.
const FLOOD_MB: u64 = 12;
/// A test gives up when a connection is not ended by then.
const PATIENCE: Duration = Duration::from_secs(90);

fn is_quick() -> bool {
    std::env::var_os("QUICK").is_some_and(|set| !set.is_empty())
}

/// `None` where the limit cannot be set.
fn server_with_64_descriptors() -> Option<(tempfile::TempDir, AccountId, Server)> {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let account = prepare(&data);
    let started = Server::start_with(&data, &[], &["sh", "-c", "ulimit -n 64 && exec \"$0\" \"$@\""]);
    let reason = started.as_ref().err().filter(|log| log.contains("ulimit")).cloned();
    (!skipped("64 file descriptors", reason)).then(|| (folder, account, started.unwrap()))
}

/// Memory of the server, MB.
fn memory(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse::<u64>().unwrap() / 1_000
}

/// After how long the server ends a connection on which this was sent and nothing follows, and what it said before.
fn end_of(address: SocketAddr, bytes: &[u8], drip: bool) -> (Option<Duration>, String) {
    let began = RealClock.monotonic();
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(bytes).unwrap();
    stream.set_read_timeout(Some(Duration::from_millis(500))).unwrap();
    let mut said = Vec::new();
    let mut part = [0; 1_024];
    loop {
        match stream.read(&mut part) {
            Ok(0) => break,
            Ok(n) => said.extend(&part[..n]),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                if drip && stream.write_all(b"x").is_err() {
                    break;
                }
            }
            Err(_) => break,
        }
        if RealClock.monotonic() - began > PATIENCE {
            return (None, String::from_utf8_lossy(&said).into_owned());
        }
    }
    (Some(RealClock.monotonic() - began), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn slow_headers_and_slow_bodies_are_cut_and_nobody_else_waits() {
    if is_quick() {
        return;
    }
    let (_folder, server) = server(&[("GUESTLOG_SERVER__WORKERS", "1")], &[]);
    let address = server.address;
    let head = b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{";
    let chunked = b"POST /collect HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n{";
    let nowhere = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{";
    let slow: Vec<_> = [
        (&b"GET /healthz HTTP/1.1\r\nHost: a\r\nX-A: "[..], 5),
        (&b"G"[..], 5),
        (&head[..], 15),
        (&chunked[..], 15),
        (&nowhere[..], 15),
        // Nobody reads these.
        (&b"POST /nowhere HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n{"[..], 15),
        (&b"GET /healthz HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nfffff\r\n{"[..], 15),
    ]
    .into_iter()
    .flat_map(|(bytes, seconds)| [(bytes, seconds, true), (bytes, seconds, false)])
    .map(|(bytes, seconds, drip)| {
        (bytes, seconds, drip, std::thread::spawn(move || end_of(address, bytes, drip)))
    })
    .collect();
    // Honest clients meanwhile.
    for _ in 0..50 {
        assert_eq!(server.status("/1000001.js"), Some(200));
    }
    let mut faults = Vec::new();
    for (bytes, seconds, drip, ended) in slow {
        let (took, said) = ended.join().unwrap();
        let answered =
            said.is_empty() || said.starts_with("HTTP/1.1 4") || bytes.starts_with(b"GET /healthz");
        if took.is_none() || !answered {
            let bytes = String::from_utf8_lossy(bytes);
            faults.push(format!(
                "{bytes:?}, dripping {drip}: due after {seconds} s, ended after {took:?}: {said:?}"
            ));
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// There are more connections than file descriptors. Clients that send requests are served all the same.
#[test]
fn with_64_file_descriptors_honest_clients_are_served_and_nothing_is_lost() {
    if is_quick() {
        return;
    }
    let Some((folder, account, server)) = server_with_64_descriptors() else { return };
    let data = folder.path().join("data");
    // A hundred that connect and say nothing: the headers' time cuts them.
    let idle: Vec<_> = (0..100).filter_map(|_| TcpStream::connect(server.address).ok()).collect();
    let load = Load::start("fds", account, 4);
    load.turn_to(server.address);
    assert!(load.wait_for(200, Duration::from_secs(30)), "{}", server.log());
    drop(idle);
    assert_eq!(get(server.address, "/readyz").map(|(status, _)| status), Some(200));
    let all = load.finish();
    server.wait_until_folded();
    assert_eq!(server.stop().0.code(), Some(0));
    let conn = rusqlite::Connection::open(data.join(guestlog::store::MAIN_FILE)).unwrap();
    let rows: i64 = conn.query_row("select count(*) from event_hot", [], |row| row.get(0)).unwrap();
    assert_eq!(usize::try_from(rows).unwrap(), all.len());
}

/// Sends as much as the server takes. False when it has ended the connection.
fn send(stream: &mut TcpStream, bytes: &[u8]) -> bool {
    loop {
        match stream.write(bytes) {
            Ok(0) => return false,
            Ok(_) => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return true,
            Err(_) => return false,
        }
    }
}

/// The framework made a request of each line it could read and kept the answers, 11 MB of a connection.
#[test]
fn clients_that_send_ahead_and_never_read_cost_little_and_are_cut_off() {
    if is_quick() {
        return;
    }
    let (_folder, server) = server(&[], &[]);
    assert_eq!(server.status("/1000001.js"), Some(200));
    let before = memory(&server);
    let requests = "GET /1000001.js HTTP/1.1\r\nHost: a\r\n\r\n".repeat(1_000);
    let mut open: Vec<TcpStream> = (0..100).map(|_| TcpStream::connect(server.address).unwrap()).collect();
    open.iter().for_each(|stream| stream.set_nonblocking(true).unwrap());
    let (mut most, began) = (before, RealClock.monotonic());
    while !open.is_empty() && RealClock.monotonic() - began < PATIENCE {
        open.retain_mut(|stream| send(stream, requests.as_bytes()));
        most = most.max(memory(&server));
        assert_eq!(server.status("/1000001.js"), Some(200), "others are served");
        pause(Duration::from_millis(50));
    }
    assert!(open.is_empty(), "{} are still open", open.len());
    assert!(most < before + 60, "{before} MB before, {most} MB");
}

/// A connection that was answered and stays open.
fn keep_alive(address: SocketAddr) -> Option<TcpStream> {
    let mut stream = TcpStream::connect(address).ok()?;
    stream.set_read_timeout(Some(PATIENCE)).ok()?;
    stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n").ok()?;
    let mut part = [0; 1_024];
    (stream.read(&mut part).ok()? > 0).then_some(stream)
}

/// Idle connections were kept for 75 s, and whoever came later waited for them.
#[test]
fn idle_connections_make_room_with_64_file_descriptors() {
    if is_quick() {
        return;
    }
    let Some((_folder, _, server)) = server_with_64_descriptors() else { return };
    let idle: Vec<_> = (0..200).filter_map(|_| keep_alive(server.address)).collect();
    assert_eq!(idle.len(), 200, "each was served");
    for _ in 0..20 {
        assert_eq!(server.status("/1000001.js"), Some(200));
    }
    assert!(!server.log().contains("Too many open files"), "{}", server.log());
}

/// A connection that is within a request, and whether it is still open.
fn busy(address: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(address).unwrap();
    stream.write_all(b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\n{").unwrap();
    stream.set_nonblocking(true).unwrap();
    stream
}

fn is_open(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0; 64]), Err(error) if error.kind() == ErrorKind::WouldBlock)
}

#[test]
fn one_address_cannot_hold_all_connections_and_a_trusted_proxy_can() {
    let limit = ["sh", "-c", "ulimit -n 1024 && exec \"$0\" \"$@\""];
    for (proxies, is_proxy) in [("", false), ("127.0.0.1/32", true)] {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data");
        prepare(&data);
        let server =
            Server::start_with(&data, &[("GUESTLOG_SERVER__TRUSTED_PROXIES", proxies)], &limit).unwrap();
        let mut open: Vec<_> = (0..500).map(|_| busy(server.address)).collect();
        assert_eq!(server.status("/1000001.js"), Some(200));
        let mut count = || open.iter_mut().filter_map(|stream| is_open(stream).then_some(())).count();
        // A busy machine cuts them off a little later.
        for _ in 0..PATIENCE.as_secs() * 20 {
            if is_proxy || count() < 500 {
                break;
            }
            pause(Duration::from_millis(50));
        }
        let left = count();
        assert_eq!(left == 500, is_proxy, "{left} are open");
        assert!(left > 350, "{left} are open");
    }
}

/// The caches of the fold and of SQLite stayed full.
#[test]
fn memory_that_a_flood_of_visitors_took_is_given_back() {
    if is_quick() {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let account = prepare(&data);
    let server = Server::start_with(&data, &[("GUESTLOG_LIMITS__COLLECTOR_PER_ADDRESS", "0")], &[]).unwrap();
    let post = |first: u32| {
        let view = |n: u32| {
            let page = format!("https://example.com/{n}/{}", "a".repeat(200));
            serde_json::json!({"a": account.0, "k": 1, "id": format!("id-{n}"), "vi": format!("v-{n}"), "pu": page, "cc": 15})
        };
        let views: Vec<_> = (first..first + 100).map(view).collect();
        let request = ureq::post(format!("http://{}/collect", server.address)).header("user-agent", FIREFOX);
        assert_eq!(request.send_json(views).unwrap().status(), 204);
    };
    post(0);
    server.wait_until_folded();
    let before = memory(&server);
    (1..200).for_each(|body| post(body * 100));
    server.wait_until_folded();
    let most = memory(&server);
    assert!(most > before + FLOOD_MB, "the flood took nothing: {before} MB before, {most} MB after");
    let mut after = most;
    for _ in 0..PATIENCE.as_secs() {
        if after <= before + FLOOD_MB {
            break;
        }
        pause(Duration::from_secs(1));
        after = memory(&server);
    }
    assert!(after <= before + FLOOD_MB, "{before} MB before, {most} MB in the flood, {after} MB afterwards");
}

/// Each check left 19 MB behind in a thread of its own.
#[test]
fn wrong_passwords_leave_no_memory_behind() {
    let (_folder, server) = server(&[("GUESTLOG_SERVER__TRUSTED_PROXIES", "127.0.0.1/32")], &[]);
    let agent: ureq::Agent =
        ureq::Agent::config_builder().http_status_as_error(false).max_redirects(0).build().into();
    let url = format!("http://{}/sign-in", server.address);
    let attempt = |n: u32| {
        let address = format!("10.0.{}.{}", n / 250, n % 250);
        let mut page = agent.get(&url).header("x-forwarded-for", &address).call().unwrap();
        let cookie = page.headers()["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
        let html = page.body_mut().read_to_string().unwrap();
        let csrf = html.split("name=\"csrf\" value=\"").nth(1).unwrap().split('"').next().unwrap();
        let form =
            [("csrf", csrf), ("email", &format!("u{n}@example.com")), ("password", "not the password")];
        let request = agent.post(&url).header("x-forwarded-for", &address).header("cookie", &cookie);
        request.send_form(form).unwrap().status().as_u16()
    };
    for n in 0..4 {
        assert_eq!(attempt(n), 422);
    }
    let before = memory(&server);
    std::thread::scope(|scope| {
        for thread in 0..8 {
            let attempt = &attempt;
            scope.spawn(move || (0..25).for_each(|n| assert_eq!(attempt(100 + thread * 25 + n), 422)));
        }
    });
    // Threads and tables of the first attempts take some; one check takes 19 MB.
    let most = before + 16;
    let mut after = memory(&server);
    for _ in 0..100 {
        if after <= most {
            break;
        }
        pause(Duration::from_millis(100));
        after = memory(&server);
    }
    assert!(after <= most, "{before} MB before, {after} MB after");
}
