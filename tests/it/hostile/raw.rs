//! Raw bytes that a peer may send where an HTTP request should be, each with what RFC 9110 or 9112 lets a
//! server do. Nothing here connects to anything.

pub(super) use Expect::{AtMost, Cut, Refuse, Serve};

/// What a server may do. In every case: no answer is 5xx, none is 1xx but `100 Continue`, the connection
/// ends before the deadline, and the server lives.
#[derive(Clone, Copy, Debug)]
pub(super) enum Expect {
    /// One 4xx or nothing, then the end: what follows in the same bytes is never read as a request.
    Refuse,
    /// Exactly so many answers, none about broken framing (400).
    Serve(usize),
    /// The RFC leaves it open: up to so many answers.
    AtMost(usize),
    /// The peer stops in the middle and ends its side: the server ends the connection too.
    Cut,
}

/// Name, section of the RFC, bytes, outcome.
pub(super) struct Case(pub &'static str, pub &'static str, pub Vec<u8>, pub Expect);

const SMUGGLED: &[u8] = b"GET /healthz?smuggled HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";

/// Bytes as they are.
fn raw(name: &'static str, rule: &'static str, bytes: &[u8], expect: Expect) -> Case {
    Case(name, rule, bytes.to_vec(), expect)
}

/// A sound GET but for its request line.
fn line(name: &'static str, rule: &'static str, line: &[u8], expect: Expect) -> Case {
    Case(name, rule, [line, b"\r\nHost: a\r\nConnection: close\r\n\r\n"].concat(), expect)
}

/// A sound GET but for one header line.
fn header(name: &'static str, rule: &'static str, header: &[u8], expect: Expect) -> Case {
    let head: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\nConnection: close\r\n";
    Case(name, rule, [head, header, b"\r\n\r\n"].concat(), expect)
}

/// A POST with these framing headers, then this body, then another request: after `Refuse` and `AtMost(1)` it
/// must not be seen as one, for nobody knows where the body ends.
fn post(name: &'static str, rule: &'static str, framing: &[u8], body: &[u8], expect: Expect) -> Case {
    let head: &[u8] = b"POST /collect HTTP/1.1\r\nHost: a\r\nContent-Type: text/plain\r\n";
    let tail: &[u8] = match expect {
        Serve(_) => b"Connection: close\r\n",
        _ => b"",
    };
    let after: &[u8] = if matches!(expect, Refuse | AtMost(_)) { SMUGGLED } else { b"" };
    Case(name, rule, [head, framing, b"\r\n", tail, b"\r\n", body, after].concat(), expect)
}

/// A chunked POST with this body.
fn chunks(name: &'static str, rule: &'static str, body: &[u8], expect: Expect) -> Case {
    post(name, rule, b"Transfer-Encoding: chunked", body, expect)
}

pub(super) fn cases() -> Vec<Case> {
    [
        request_lines(),
        targets(),
        not_http(),
        headers(),
        lengths(),
        encodings(),
        chunked(),
        pipelines(),
        long(),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn request_lines() -> Vec<Case> {
    let r = "9112 3";
    vec![
        line("an empty line before the request", "9112 2.2", b"\r\nGET /healthz HTTP/1.1", Serve(1)),
        line(
            "five empty lines before the request",
            "9112 2.2",
            b"\r\n\r\n\r\n\r\n\r\nGET /healthz HTTP/1.1",
            Serve(1),
        ),
        raw(
            "lines that end in LF alone",
            "9112 2.2",
            b"GET /healthz HTTP/1.1\nHost: a\nConnection: close\n\n",
            AtMost(1),
        ),
        raw("lines that end in CR alone", "9112 2.2", b"GET /healthz HTTP/1.1\rHost: a\r\r", Cut),
        raw(
            "white space before the first header",
            "9112 2.2",
            b"GET /healthz HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n",
            Refuse,
        ),
        line("a method in lower case", "9110 9.1", b"get /healthz HTTP/1.1", Serve(1)),
        line("an unknown method", "9110 9.1", b"BREW /healthz HTTP/1.1", Serve(1)),
        line("a method that is no token", "9110 5.6.2", b"GE(T /healthz HTTP/1.1", Refuse),
        line("NUL in the method", "9110 5.6.2", b"GE\0T /healthz HTTP/1.1", Refuse),
        line("no method", r, b" /healthz HTTP/1.1", Refuse),
        line("no target", r, b"GET HTTP/1.1", Refuse),
        line("nothing but a method", r, b"GET", Refuse),
        line("two spaces before the target", r, b"GET  /healthz HTTP/1.1", AtMost(1)),
        line("tabs for spaces", r, b"GET\t/healthz\tHTTP/1.1", AtMost(1)),
        line("a space first", r, b" GET /healthz HTTP/1.1", Refuse),
        line("a space last", r, b"GET /healthz HTTP/1.1 ", AtMost(1)),
        line("HTTP/0.9", "9112 2.3", b"GET /healthz", Refuse),
        line("HTTP/2.0 as text", "9112 2.3", b"GET /healthz HTTP/2.0", AtMost(1)),
        line("HTTP/1.2", "9112 2.3", b"GET /healthz HTTP/1.2", AtMost(1)),
        line("HTTP/1.1.1", "9112 2.3", b"GET /healthz HTTP/1.1.1", Refuse),
        line("HTTP/11", "9112 2.3", b"GET /healthz HTTP/11", Refuse),
        line("http/1.1", "9112 2.3", b"GET /healthz http/1.1", Refuse),
        line("HTTP/ 1.1", "9112 2.3", b"GET /healthz HTTP/ 1.1", Refuse),
        line("another protocol's name", "9112 2.3", b"GET /healthz ICY/1.1", Refuse),
        raw("HTTP/1.0 without Host", "9112 3.2", b"GET /healthz HTTP/1.0\r\n\r\n", Serve(1)),
    ]
}

fn targets() -> Vec<Case> {
    let r = "9112 3.2";
    vec![
        line("absolute form", r, b"GET http://a/healthz HTTP/1.1", Serve(1)),
        line("absolute form of another host", r, b"GET http://b.test/healthz HTTP/1.1", Serve(1)),
        line("authority form with GET", r, b"GET a:80 HTTP/1.1", AtMost(1)),
        line("asterisk form", r, b"OPTIONS * HTTP/1.1", AtMost(1)),
        line("asterisk form with GET", r, b"GET * HTTP/1.1", AtMost(1)),
        line("CONNECT to elsewhere", "9110 9.3.6", b"CONNECT b.test:443 HTTP/1.1", AtMost(1)),
        line("TRACE", "9110 9.3.8", b"TRACE /healthz HTTP/1.1", Serve(1)),
        line("a space in the target", r, b"GET /health z HTTP/1.1", Refuse),
        line("a fragment in the target", r, b"GET /healthz#x HTTP/1.1", AtMost(1)),
        line("UTF-8 in the target", r, "GET /gästebuch HTTP/1.1".as_bytes(), AtMost(1)),
        line("0xFF in the target", r, b"GET /\xff\xfe HTTP/1.1", AtMost(1)),
        line("NUL in the target", r, b"GET /a\0b HTTP/1.1", Refuse),
        line("a control character in the target", r, b"GET /a\x07b HTTP/1.1", Refuse),
        line("percent without digits", "3986 2.1", b"GET /%zz?a=% HTTP/1.1", AtMost(1)),
        line("an encoded NUL", "3986 2.1", b"GET /a%00.js HTTP/1.1", AtMost(1)),
        line("an encoded line end", "3986 2.1", b"GET /1000001.js%0d%0aX-Injected:%201 HTTP/1.1", AtMost(1)),
        line("dots that climb", "3986 5.2.4", b"GET /../../../etc/passwd HTTP/1.1", AtMost(1)),
        line("encoded dots that climb", "3986 5.2.4", b"GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1", AtMost(1)),
        line("two slashes", r, b"GET //b.test/healthz HTTP/1.1", AtMost(1)),
        line("backslashes", r, b"GET \\healthz HTTP/1.1", AtMost(1)),
        line("no slash", r, b"GET healthz HTTP/1.1", AtMost(1)),
        line("a bare query", r, b"GET ? HTTP/1.1", AtMost(1)),
        line("brackets and pipes", r, b"GET /a[0]|{b}^`\"<> HTTP/1.1", AtMost(1)),
    ]
}

fn not_http() -> Vec<Case> {
    let r = "9112 2.2";
    vec![
        raw("nothing", r, b"", Cut),
        raw("an empty line", r, b"\r\n", Cut),
        raw("half a request line", r, b"GET /hea", Cut),
        raw("half a header", r, b"GET /healthz HTTP/1.1\r\nHos", Cut),
        raw("no end of the headers", r, b"GET /healthz HTTP/1.1\r\nHost: a\r\n", Cut),
        raw(
            "the preface of HTTP/2",
            "9113 3.4",
            b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0",
            AtMost(1),
        ),
        raw("a TLS hello", r, b"\x16\x03\x01\x00\x05\x01\x00\x00\x01\x03\r\n\r\n", Refuse),
        raw("an SSH banner", r, b"SSH-2.0-OpenSSH_9.2\r\n\r\n", Refuse),
        raw("a Redis command", r, b"*1\r\n$4\r\nPING\r\n\r\n", Refuse),
        raw("an SMTP greeting", r, b"EHLO a.test\r\n\r\n", Refuse),
        raw(
            "a PROXY line",
            r,
            b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\r\nGET /healthz HTTP/1.1\r\nHost: a\r\n\r\n",
            Refuse,
        ),
        raw("zeros", r, &[0; 512], Refuse),
        raw("0xFF", r, &[0xff; 512], Refuse),
    ]
}

fn headers() -> Vec<Case> {
    let r = "9112 5.1";
    vec![
        raw("no Host", "9112 3.2", b"GET /healthz HTTP/1.1\r\n\r\n", Refuse),
        header("two Hosts", "9112 3.2", b"Host: b", Refuse),
        raw(
            "an empty Host",
            "9112 3.2",
            b"GET /healthz HTTP/1.1\r\nHost:\r\nConnection: close\r\n\r\n",
            AtMost(1),
        ),
        raw(
            "a Host that is none",
            "9112 3.2",
            b"GET /healthz HTTP/1.1\r\nHost: a/b<c> d\r\nConnection: close\r\n\r\n",
            AtMost(1),
        ),
        raw(
            "0xFF in Host",
            "9112 3.2",
            b"GET /healthz HTTP/1.1\r\nHost: \xff\r\nConnection: close\r\n\r\n",
            AtMost(1),
        ),
        header("a space before the colon", r, b"X-A : 1", Refuse),
        header("a tab before the colon", r, b"X-A\t: 1", Refuse),
        header("a folded value", "9112 5.2", b"X-A: 1\r\n 2", AtMost(1)),
        header("no colon", r, b"X-A", Refuse),
        header("no name", r, b": 1", Refuse),
        header("a space in the name", r, b"X A: 1", Refuse),
        header("a name that is no token", "9110 5.6.2", b"X(A): 1", Refuse),
        header("UTF-8 in the name", "9110 5.6.2", "X-Ä: 1".as_bytes(), Refuse),
        header("NUL in the value", "9110 5.5", b"X-A: a\0b", Refuse),
        header("a bare CR in the value", "9112 2.2", b"X-A: a\rX-B: b", Refuse),
        header("a control character in the value", "9110 5.5", b"X-A: a\x07b", AtMost(1)),
        header("0xFF in the value", "9110 5.5", b"X-A: \xff\xfe", Serve(1)),
        header("an empty value", "9110 5.5", b"X-A:", Serve(1)),
        header("the same header twice", "9110 5.2", b"X-A: 1\r\nX-A: 2", Serve(1)),
        header("a cookie that is none", "6265 5.4", b"Cookie: ;;=;a;\"=;\xff", AtMost(1)),
        header("an expectation nobody meets", "9110 10.1.1", b"Expect: miracles", AtMost(1)),
        header(
            "an upgrade to what nobody speaks",
            "9110 7.8",
            b"Upgrade: h2c, websocket\r\nConnection: Upgrade",
            AtMost(1),
        ),
        header("ranges that overlap", "9110 14.2", b"Range: bytes=0-,0-,0-,5-1,-,x", AtMost(1)),
        header("encodings nobody has", "9110 12.5.3", b"Accept-Encoding: zip;q=9, *;q=-1, ;;", AtMost(1)),
    ]
}

fn lengths() -> Vec<Case> {
    let r = "9112 6.3";
    vec![
        post("two equal lengths", r, b"Content-Length: 2\r\nContent-Length: 2", b"{}", AtMost(1)),
        post("two lengths", r, b"Content-Length: 2\r\nContent-Length: 9", b"{}", Refuse),
        post("a list of equal lengths", r, b"Content-Length: 2, 2", b"{}", AtMost(1)),
        post("a list of lengths", r, b"Content-Length: 2, 9", b"{}", Refuse),
        post("a length with a plus", r, b"Content-Length: +2", b"{}", Refuse),
        post("a negative length", r, b"Content-Length: -2", b"{}", Refuse),
        post("a hexadecimal length", r, b"Content-Length: 0x2", b"{}", Refuse),
        post("a length with letters", r, b"Content-Length: 2a", b"{}", Refuse),
        post("a length with a fraction", r, b"Content-Length: 2.0", b"{}", Refuse),
        post("a length in other digits", r, "Content-Length: ٢".as_bytes(), b"{}", Refuse),
        post("an empty length", r, b"Content-Length:", b"{}", Refuse),
        post("a length past 64 bits", r, b"Content-Length: 18446744073709551616", b"{}", Refuse),
        post("the greatest length of 64 bits", r, b"Content-Length: 18446744073709551615", b"{}", Cut),
        post("leading zeros", r, b"Content-Length: 0002", b"{}", Serve(1)),
        post("white space around the length", r, b"Content-Length: \t 2 \t", b"{}", Serve(1)),
        post("a body shorter than its length", r, b"Content-Length: 9", b"{}", Cut),
        post("a body longer than its length", r, b"Content-Length: 2", b"{}trailing\r\n\r\n", AtMost(2)),
        post("no length and no body", r, b"X-A: 1", b"", Serve(1)),
        raw(
            "a GET with a body",
            "9110 9.3.1",
            b"GET /healthz HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhelloGET /healthz HTTP/1.1\r\nHost: a\r\n\
              Connection: close\r\n\r\n",
            // 9.3.1: the server may end the connection after a request whose body nobody reads.
            AtMost(2),
        ),
    ]
}

fn encodings() -> Vec<Case> {
    let r = "9112 6.1";
    let body: &[u8] = b"2\r\n{}\r\n0\r\n\r\n";
    vec![
        post("chunked", r, b"Transfer-Encoding: chunked", body, Serve(1)),
        post("chunked in capitals", r, b"Transfer-Encoding: CHUNKED", body, Serve(1)),
        post("length, then chunked", r, b"Content-Length: 12\r\nTransfer-Encoding: chunked", body, AtMost(1)),
        post("chunked, then length", r, b"Transfer-Encoding: chunked\r\nContent-Length: 3", body, AtMost(1)),
        post("chunked twice", r, b"Transfer-Encoding: chunked, chunked", body, Refuse),
        post(
            "two encodings in two lines",
            r,
            b"Transfer-Encoding: identity\r\nTransfer-Encoding: chunked",
            body,
            Refuse,
        ),
        post("chunked that is not last", r, b"Transfer-Encoding: chunked, identity", body, Refuse),
        post("gzip and chunked", r, b"Transfer-Encoding: gzip, chunked", body, Refuse),
        post("identity", r, b"Transfer-Encoding: identity", b"", AtMost(1)),
        post("an unknown encoding", r, b"Transfer-Encoding: xchunked", body, Refuse),
        post("chunked after a vertical tab", r, b"Transfer-Encoding: \x0bchunked", body, Refuse),
        post("chunked with a parameter", r, b"Transfer-Encoding: chunked;q=1", body, Refuse),
        post("chunked in quotes", r, b"Transfer-Encoding: \"chunked\"", body, Refuse),
        post("chunked on a folded line", "9112 5.2", b"Transfer-Encoding:\r\n chunked", body, AtMost(1)),
        post(
            "a space before the colon of the encoding",
            "9112 5.1",
            b"Transfer-Encoding : chunked",
            body,
            Refuse,
        ),
        post(
            "an underscore in the name",
            r,
            b"Transfer_Encoding: chunked\r\nContent-Length: 2",
            b"{}",
            Serve(1),
        ),
        raw(
            "chunked in HTTP/1.0",
            r,
            b"POST /collect HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n",
            AtMost(1),
        ),
    ]
}

fn chunked() -> Vec<Case> {
    let r = "9112 7.1";
    vec![
        chunks("an extension", r, b"2;a=b\r\n{}\r\n0\r\n\r\n", Serve(1)),
        chunks("leading zeros in a size", r, b"00002\r\n{}\r\n0\r\n\r\n", Serve(1)),
        chunks("a trailer", "9112 7.1.2", b"2\r\n{}\r\n0\r\nX-A: 1\r\n\r\n", AtMost(2)),
        chunks("a length as trailer", "9112 7.1.2", b"2\r\n{}\r\n0\r\nContent-Length: 5\r\n\r\n", AtMost(2)),
        chunks("a size with 0x", r, b"0x2\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("a negative size", r, b"-2\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("a size with an underscore", r, b"0_2\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("a size past 64 bits", r, b"10000000000000002\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("the greatest size of 64 bits", r, b"FFFFFFFFFFFFFFFF\r\n{}", Cut),
        chunks("no size", r, b"\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("a space after the size", r, b"2 \r\n{}\r\n0\r\n\r\n", AtMost(2)),
        chunks("a space before the size", r, b" 2\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("no line end after the data", r, b"2\r\n{}0\r\n\r\n", Refuse),
        chunks("data longer than its size", r, b"2\r\n{}}}\r\n0\r\n\r\n", Refuse),
        chunks("LF alone after the size", r, b"2\n{}\r\n0\r\n\r\n", Refuse),
        chunks("LF alone after the data", r, b"2\r\n{}\n0\r\n\r\n", Refuse),
        chunks("LF alone inside an extension", r, b"2;a\nx\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("CR alone inside an extension", r, b"2;a\rx\r\n{}\r\n0\r\n\r\n", Refuse),
        chunks("no last chunk", r, b"2\r\n{}\r\n", Cut),
        chunks("no end after the last chunk", r, b"2\r\n{}\r\n0\r\n", Cut),
    ]
}

fn pipelines() -> Vec<Case> {
    let r = "9112 9.3.2";
    let get: &[u8] = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let head: &[u8] = b"HEAD /healthz HTTP/1.1\r\nHost: a\r\n\r\n";
    let lost: &[u8] = b"POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello";
    vec![
        raw("two requests at once", r, &[get, SMUGGLED].concat(), Serve(2)),
        // Four at once, and then one after the other with pauses.
        raw("eight requests at once", r, &[get.repeat(7).as_slice(), SMUGGLED].concat(), Serve(8)),
        raw("a request, then rubbish", r, &[get, b"rubbish \x01\r\n\r\n"].concat(), AtMost(2)),
        raw("HEAD, then GET", "9110 9.3.2", &[head, SMUGGLED].concat(), Serve(2)),
        raw("a body nobody reads, then GET", r, &[lost, SMUGGLED].concat(), AtMost(2)),
        // 9.6 says one; the framework has read both by then. Each is a whole request, so nothing is smuggled.
        raw("a request after close", "9112 9.6", &[SMUGGLED, SMUGGLED].concat(), AtMost(2)),
        post(
            "continue is asked for",
            "9110 10.1.1",
            b"Expect: 100-continue\r\nContent-Length: 2",
            b"{}",
            Serve(1),
        ),
        post(
            "a body that says it is gzip",
            "9110 8.4",
            b"Content-Encoding: gzip\r\nContent-Length: 2",
            b"{}",
            AtMost(2),
        ),
    ]
}

fn long() -> Vec<Case> {
    let fill = |n: usize| vec![b'a'; n];
    let many: Vec<u8> = (0..500).flat_map(|n| format!("X-{n}: 1\r\n").into_bytes()).collect();
    let bytes: Vec<u8> = b"1\r\nx\r\n".repeat(20_000).into_iter().chain(*b"0\r\n\r\n").collect();
    let extension = [b"2;".as_slice(), &fill(200_000), b"\r\n{}\r\n0\r\n\r\n"].concat();
    vec![
        line("a method of 70,000", "9112 3", &[&fill(70_000), b" / HTTP/1.1".as_slice()].concat(), AtMost(1)),
        line(
            "a target of 70,000",
            "9112 3",
            &[b"GET /", fill(70_000).as_slice(), b" HTTP/1.1"].concat(),
            AtMost(1),
        ),
        line(
            "a target of 300,000",
            "9112 3",
            &[b"GET /", fill(300_000).as_slice(), b" HTTP/1.1"].concat(),
            Refuse,
        ),
        header("a value of 70,000", "9110 5.4", &[b"X-A: ", fill(70_000).as_slice()].concat(), AtMost(1)),
        header("a value of 300,000", "9110 5.4", &[b"X-A: ", fill(300_000).as_slice()].concat(), Refuse),
        header("a name of 70,000", "9110 5.4", &[&fill(70_000), b": 1".as_slice()].concat(), AtMost(1)),
        header("five hundred headers", "9110 5.4", &many, Refuse),
        post("twenty thousand chunks of one", "9112 7.1", b"Transfer-Encoding: chunked", &bytes, AtMost(2)),
        chunks("an extension of 200,000", "9112 7.1.1", &extension, AtMost(2)),
    ]
}
