//! What comes from peers that do not keep the rules: raw bytes against a listening server, and strings that
//! have broken other programs.

mod collector;
mod connections;
mod consent;
mod identity;
mod log;
mod raw;
mod siege;

use std::io::{Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use raw::{Case, Expect};

/// Within this, a connection has been answered or ended.
const DEADLINE: Duration = Duration::from_secs(10);

/// The Big List of Naughty Strings (`tests/data/naughty-strings.LICENSE`).
pub(crate) fn naughty_strings() -> Vec<String> {
    serde_json::from_str(include_str!("../data/naughty-strings.json")).unwrap()
}

/// Sends every raw case to a server that serves `/healthz` and `/collect`, and says what went wrong.
pub(crate) fn raw_faults(server: SocketAddr) -> Vec<String> {
    let mut faults = Vec::new();
    for Case(name, rule, bytes, expect) in raw::cases() {
        let bystanders: Vec<TcpStream> = (0..BYSTANDERS).map(|_| begin(server)).collect();
        let (answers, ended) = talk(server, &bytes, matches!(expect, Expect::Cut));
        let shown = || {
            format!(
                "{name} ({rule}): {expect:?}, but answered {answers:?}{}",
                if ended { "" } else { " and did not end" }
            )
        };
        if !ended || answers.iter().any(|status| *status >= 500) || !allowed(expect, &answers) {
            faults.push(shown());
        }
        let served = bystanders.into_iter().filter_map(finish).filter(|answers| *answers == [200]).count();
        if served < BYSTANDERS {
            faults.push(format!(
                "{name} ({rule}): {} of {BYSTANDERS} others lost their answer",
                BYSTANDERS - served
            ));
        }
        if talk(server, HEALTHY, false) != (vec![200], true) {
            faults.push(format!("{name} ({rule}): the server is gone"));
            return faults;
        }
    }
    faults
}

const HEALTHY: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Others that are in the middle of a request meanwhile: a worker that dies takes some of them with it.
const BYSTANDERS: usize = 4;

fn begin(server: SocketAddr) -> TcpStream {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.write_all(&HEALTHY[..30]).unwrap();
    stream
}

fn finish(mut stream: TcpStream) -> Option<Vec<u16>> {
    stream.write_all(&HEALTHY[30..]).ok()?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).ok()?;
    Some(statuses(&answer, HEALTHY))
}

fn allowed(expect: Expect, answers: &[u16]) -> bool {
    match expect {
        Expect::Refuse => answers.len() <= 1 && answers.iter().all(|s| (400..500).contains(s)),
        Expect::Serve(n) => answers.len() == n && answers.iter().all(|s| *s != 400 || n == 1),
        Expect::AtMost(n) => answers.len() <= n,
        Expect::Cut => answers.len() <= 1,
    }
}

/// Sends bytes, reads until the server ends the connection: the statuses of its answers, and whether it
/// ended in time. `cut` ends our side after the last byte.
fn talk(server: SocketAddr, bytes: &[u8], cut: bool) -> (Vec<u16>, bool) {
    let mut stream = TcpStream::connect(server).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    // A server that refuses early may have ended the connection before all is written.
    let _ = stream.write_all(bytes);
    if cut {
        let _ = stream.shutdown(Shutdown::Write);
    }
    let mut answer = Vec::new();
    let ended = match stream.read_to_end(&mut answer) {
        Ok(_) => true,
        Err(error) => error.kind() == std::io::ErrorKind::ConnectionReset,
    };
    (statuses(&answer, bytes), ended)
}

/// The final statuses in a stream of answers; a `100 Continue` is passed over. Panics when the stream is not
/// one answer after another.
fn statuses(mut stream: &[u8], request: &[u8]) -> Vec<u16> {
    let mut found = Vec::new();
    while !stream.is_empty() {
        let end = stream.windows(4).position(|w| w == b"\r\n\r\n");
        let end = end.unwrap_or_else(|| panic!("half an answer: {:?}", String::from_utf8_lossy(stream))) + 4;
        let head = String::from_utf8_lossy(&stream[..end]).to_lowercase();
        let status =
            head.strip_prefix("http/1.").and_then(|rest| rest.get(2..5)).and_then(|code| code.parse().ok());
        let status: u16 = status.unwrap_or_else(|| panic!("no status line: {head}"));
        stream = &stream[end..];
        if status == 100 {
            continue;
        }
        let field = |name: &str| head.lines().find_map(|l| l.strip_prefix(name)).map(str::trim);
        let bodiless = matches!(status, 204 | 304) || (found.is_empty() && request.starts_with(b"HEAD"));
        let length = if bodiless { 0 } else { field("content-length:").map_or(0, |v| v.parse().unwrap()) };
        assert!(field("transfer-encoding:").is_none(), "an answer in chunks is not read here: {head}");
        stream = stream.get(length..).expect("a whole body");
        found.push(status);
    }
    found
}

#[test]
fn the_naughty_strings_are_all_there() {
    let strings = naughty_strings();
    assert_eq!(strings.len(), 515);
    for part in ["<script>", "\u{202e}", "'; DROP", "../../", "{{", "\0", "👩🏽", "NULL", "\u{feff}"] {
        let found = strings.iter().any(|s| s.contains(part));
        assert!(found || part == "\0", "{part:?} is not among them");
    }
}

#[test]
fn there_are_a_hundred_raw_cases_and_no_name_twice() {
    let cases = raw::cases();
    assert!(cases.len() >= 100, "{}", cases.len());
    let names: std::collections::BTreeSet<_> = cases.iter().map(|case| case.0).collect();
    assert_eq!(names.len(), cases.len());
}

#[test]
fn the_outcomes_are_told_apart() {
    use Expect::{AtMost, Cut, Refuse, Serve};
    assert!(allowed(Refuse, &[]) && allowed(Refuse, &[400]) && allowed(Refuse, &[431]));
    assert!(!allowed(Refuse, &[200]) && !allowed(Refuse, &[400, 200]));
    assert!(allowed(Serve(2), &[200, 404]) && !allowed(Serve(2), &[200, 400]) && !allowed(Serve(2), &[200]));
    assert!(allowed(AtMost(1), &[]) && allowed(AtMost(1), &[200]) && !allowed(AtMost(1), &[200, 200]));
    assert!(allowed(Cut, &[]) && allowed(Cut, &[408]) && !allowed(Cut, &[400, 200]));
}

#[test]
fn answers_are_counted_one_after_another() {
    let stream =
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 19\r\n\r\nHTTP/1.1 500 x\r\n\r\n.\
                   HTTP/1.1 204 No Content\r\n\r\nHTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";
    assert_eq!(statuses(stream, b"GET"), [200, 204, 404]);
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nHTTP/1.1 400 x\r\n\r\n";
    assert_eq!(statuses(head, b"HEAD / "), [200, 400]);
}

/// This is the baseline for our own server. There is one worker, so honest clients share it with the hostile peer.
#[test]
fn the_framework_alone_answers_the_raw_cases_as_the_rfcs_allow() {
    use actix_web::{App, HttpResponse, HttpServer, web};
    let (ready, address) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let healthz = || web::get().to(|| async { HttpResponse::Ok().body("ok") });
            let collect = || web::post().to(|_: web::Bytes| async { HttpResponse::NoContent().finish() });
            let app = move || App::new().route("/healthz", healthz()).route("/collect", collect());
            let server = HttpServer::new(app).workers(1).bind("127.0.0.1:0").unwrap();
            ready.send(server.addrs()[0]).unwrap();
            server.run().await.unwrap();
        });
    });
    let faults = raw_faults(address.recv().unwrap());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

/// Reads to an empty line, then answers with the same bytes whatever was asked; with none, hangs up at once.
fn misbehave(mut stream: TcpStream, answer: &[u8]) {
    let mut seen = Vec::new();
    let mut part = [0; 4096];
    while !seen.ends_with(b"\r\n\r\n") && !answer.is_empty() {
        match stream.read(&mut part) {
            Ok(n) if n > 0 => seen.extend(&part[..n]),
            _ => break,
        }
    }
    let _ = stream.write_all(answer);
}

#[test]
fn a_server_that_smuggles_or_hangs_up_is_found() {
    let serve = |answer: &'static [u8]| {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                std::thread::spawn(move || misbehave(stream, answer));
            }
        });
        address
    };
    let gone = raw_faults(serve(b""));
    assert!(gone.iter().any(|f| f.contains("lost their answer")), "{gone:?}");
    assert!(gone.last().is_some_and(|f| f.contains("the server is gone")), "{gone:?}");
    let two =
        serve(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\nHTTP/1.1 503 x\r\nContent-Length: 0\r\n\r\n");
    assert!(raw_faults(two).iter().any(|f| f.contains("answered [200, 503]")));
}
