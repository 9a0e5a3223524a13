//! Finds out who sent a request and over which scheme. Forwarding headers are believed only when the peer is a trusted
//! proxy; anybody else could forge them.

use std::net::IpAddr;

use actix_web::HttpRequest;
use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName, X_FORWARDED_FOR};

use crate::base::cidr::Cidr;
use crate::web::request::forwarded::hop_address;
use crate::web::request::options::Options;

/// The headers by which proxies name their clients.
const FORWARDING: [HeaderName; 3] = [FORWARDED, X_FORWARDED_FOR, HeaderName::from_static("x-real-ip")];

/// The address of the client: the peer, or, when the peer is a trusted proxy, the last hop that is not one.
pub fn address(options: &Options, request: &HttpRequest) -> Option<IpAddr> {
    Some(address_of(options, peer(request)?, request.headers()))
}

/// Whether the browser uses https, either with this server or with a trusted proxy in front of it (rules.md 26).
pub fn is_https(options: &Options, request: &HttpRequest) -> bool {
    options.own_tls || options.public_https() || forwarded_https(options, request)
}

fn forwarded_https(options: &Options, request: &HttpRequest) -> bool {
    let scheme = || options.forwarding_header.scheme(request.headers());
    is_from_proxy(options, request) && scheme().is_some_and(|scheme| scheme.eq_ignore_ascii_case("https"))
}

/// Whether the request never left this machine, so nobody can read it even over plain http. A reverse proxy on this
/// machine would make every request look local. Therefore a forwarded request is not local, and neither is one for
/// a host name other than localhost.
pub fn is_local(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let is_forwarded =
        ["forwarded", "via", "x-forwarded-for", "x-forwarded-proto", "x-forwarded-host", "x-real-ip"]
            .iter()
            .any(|name| headers.contains_key(*name));
    let host =
        headers.get("host").and_then(|host| host.to_str().ok()).or(request.uri().host()).unwrap_or_default();
    let name = host.rsplit_once(':').filter(|(_, port)| port.bytes().all(|b| b.is_ascii_digit()));
    let name = name.map_or(host, |(name, _)| name);
    let is_own =
        name.eq_ignore_ascii_case("localhost") || hop_address(name).is_some_and(|ip| ip.is_loopback());
    is_own && !is_forwarded && peer(request).is_some_and(|peer| peer.is_loopback())
}

/// The host names, with port, under which the browser may know this server: `Host`, what a trusted proxy says
/// that it was asked for, and the host of the public URL.
pub fn hosts(options: &Options, request: &HttpRequest) -> Vec<String> {
    let mut hosts = Vec::with_capacity(3);
    let text = |name: &str| request.headers().get(name).and_then(|v| v.to_str().ok()).map(str::to_owned);
    // In HTTP/2 the host is part of the request target.
    hosts.extend(text("host").or_else(|| request.uri().authority().map(ToString::to_string)));
    if is_from_proxy(options, request) {
        hosts.extend(options.forwarding_header.host(request.headers()));
    }
    hosts.extend(options.public_url.as_deref().and_then(host_of).map(str::to_owned));
    hosts.iter().map(|host| plain_host(host)).collect()
}

/// Scheme and host for the script on the sites: the public URL if one is set, otherwise those of the request.
pub fn public_origin(options: &Options, request: &HttpRequest) -> String {
    let public = options.public_url.as_ref().or(options.apart_from.as_ref());
    public.map_or_else(|| own_origin(options, request), |url| url.trim_end_matches('/').to_owned())
}

/// Scheme and host for links to admin pages that people send to each other. If the admin pages have an address of
/// their own, the request came to it, so its host is used; otherwise the public URL.
pub fn admin_origin(options: &Options, request: &HttpRequest) -> String {
    if options.apart_from.is_some() {
        return own_origin(&Options { public_url: None, ..options.clone() }, request);
    }
    public_origin(options, request)
}

fn own_origin(options: &Options, request: &HttpRequest) -> String {
    let scheme = if is_https(options, request) { "https" } else { "http" };
    // The last entry is the most specific one: the proxy's host comes after `Host`.
    let host = hosts(options, request).pop().unwrap_or_default();
    format!("{scheme}://{host}")
}

/// `https://Example.com:443` → `example.com`; `None` when the text is not an origin.
pub fn origin_host(origin: &str) -> Option<String> {
    host_of(origin).filter(|host| !host.is_empty()).map(plain_host)
}

fn host_of(url: &str) -> Option<&str> {
    let (_, rest) = url.split_once("://")?;
    rest.split(['/', '?', '#']).next()
}

/// In lower case and without the default port, because browsers leave it out.
fn plain_host(host: &str) -> String {
    let host = host.trim().to_ascii_lowercase();
    let bare = host.strip_suffix(":443").or_else(|| host.strip_suffix(":80"));
    bare.map_or_else(|| host.clone(), str::to_owned)
}

/// `None` when the connection is a Unix socket.
fn peer(request: &HttpRequest) -> Option<IpAddr> {
    request.peer_addr().map(|peer| peer.ip().to_canonical())
}

/// The peer, when it is not trusted and has sent a header by which proxies name their clients.
pub fn undeclared_proxy(options: &Options, request: &HttpRequest) -> Option<IpAddr> {
    let is_forwarded = FORWARDING.iter().any(|name| request.headers().contains_key(name));
    peer(request).filter(|_| is_forwarded && !is_from_proxy(options, request))
}

fn is_from_proxy(options: &Options, request: &HttpRequest) -> bool {
    peer(request).is_some_and(|peer| is_trusted(&options.trusted_proxies, peer))
}

fn is_trusted(trusted: &[Cidr], address: IpAddr) -> bool {
    trusted.iter().any(|network| network.contains(address))
}

fn address_of(options: &Options, peer: IpAddr, headers: &HeaderMap) -> IpAddr {
    let trusted = &options.trusted_proxies;
    if !is_trusted(trusted, peer) {
        return peer;
    }
    let mut nearest = peer;
    for hop in options.forwarding_header.hops(headers) {
        // An entry that is not an address ends the search: nobody vouches for the entries before it.
        let Some(address) = hop else { return nearest };
        nearest = address;
        if !is_trusted(trusted, address) {
            return address;
        }
    }
    nearest
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use actix_web::test::TestRequest;

    use super::*;

    fn options(trusted: &[&str]) -> Options {
        let trusted_proxies = trusted.iter().map(|t| t.parse().unwrap()).collect();
        Options { trusted_proxies, ..Options::default() }
    }

    fn request(peer: &str, headers: &[(&str, &str)]) -> HttpRequest {
        let mut request = TestRequest::default().peer_addr(SocketAddr::new(peer.parse().unwrap(), 1));
        for (name, value) in headers {
            request = request.append_header((*name, *value));
        }
        request.to_http_request()
    }

    fn seen(trusted: &[&str], peer: &str, forwarded: &[&str]) -> String {
        let headers: Vec<_> = forwarded.iter().map(|line| ("X-Forwarded-For", *line)).collect();
        address(&options(trusted), &request(peer, &headers)).unwrap().to_string()
    }

    #[test]
    fn only_requests_that_never_left_the_machine_are_local() {
        let local = |peer: &str, headers: &[(&str, &str)]| is_local(&request(peer, headers));
        for host in ["localhost:8080", "LOCALHOST", "127.0.0.1:8080", "127.0.0.2", "[::1]:8080", "[::1]"] {
            assert!(local("127.0.0.1", &[("Host", host)]) && local("::1", &[("Host", host)]), "{host}");
            assert!(!local("192.0.2.1", &[("Host", host)]), "{host}");
            for header in ["X-Forwarded-For", "Forwarded", "Via", "X-Forwarded-Proto", "X-Real-IP"] {
                assert!(!local("127.0.0.1", &[("Host", host), (header, "")]), "{host} {header}");
            }
        }
        for host in
            ["stats.example.com", "localhost.example.com", "192.0.2.1:8080", "", "127.0.0.1.example.com"]
        {
            assert!(!local("127.0.0.1", &[("Host", host)]), "{host}");
        }
    }

    #[test]
    fn forwarding_headers_of_an_untrusted_peer_are_ignored() {
        assert_eq!(seen(&[], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
        assert_eq!(seen(&["10.0.0.0/8"], "192.0.2.1", &["203.0.113.9"]), "192.0.2.1");
    }

    #[test]
    fn behind_trusted_proxies_the_last_untrusted_hop_counts() {
        let trusted = ["10.0.0.0/8", "::1"];
        for (forwarded, client) in [
            (vec!["203.0.113.9"], "203.0.113.9"),
            (vec!["198.51.100.1, 203.0.113.9"], "203.0.113.9"),
            (vec!["198.51.100.1, 203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            (vec!["198.51.100.1", "203.0.113.9, 10.1.1.1"], "203.0.113.9"),
            (vec!["203.0.113.9:4711"], "203.0.113.9"),
            (vec!["[2001:db8::1]:4711"], "2001:db8::1"),
            (vec!["[2001:db8::1]"], "2001:db8::1"),
            (vec!["::ffff:203.0.113.9"], "203.0.113.9"),
            (vec!["10.2.2.2, 10.1.1.1"], "10.2.2.2"),
            (vec!["203.0.113.9, rubbish, 10.1.1.1"], "10.1.1.1"),
            (vec!["unknown"], "10.0.0.1"),
            (vec![""], "10.0.0.1"),
            (vec![], "10.0.0.1"),
        ] {
            assert_eq!(seen(&trusted, "10.0.0.1", &forwarded), client, "{forwarded:?}");
        }
        assert_eq!(seen(&trusted, "::1", &["203.0.113.9"]), "203.0.113.9");
    }

    /// rules.md 26
    #[test]
    fn https_is_own_tls_a_trusted_proxy_or_the_public_address() {
        let said = |value| request("10.0.0.1", &[("X-Forwarded-Proto", value)]);
        let trusted = options(&["10.0.0.0/8"]);
        assert!(is_https(&trusted, &said("https")));
        assert!(is_https(&trusted, &said("http, HTTPS")));
        assert!(!is_https(&trusted, &said("https, http")));
        assert!(!is_https(&trusted, &request("10.0.0.1", &[])));
        assert!(!is_https(&options(&[]), &said("https")), "anybody can say so");
        let own = Options { own_tls: true, ..Options::default() };
        assert!(is_https(&own, &request("192.0.2.1", &[])));
        for (url, https) in [("https://a.test", true), ("HTTPS://a.test", true), ("http://a.test", false)] {
            let public = Options { public_url: Some(url.into()), ..Options::default() };
            assert_eq!(is_https(&public, &request("192.0.2.1", &[])), https);
        }
    }

    #[test]
    fn hosts_are_compared_without_their_usual_ports() {
        let public = Options { public_url: Some("https://Stats.test/x".into()), ..options(&["10.0.0.0/8"]) };
        let headers = [("Host", "127.0.0.1:8080"), ("X-Forwarded-Host", "a.test, b.test:443")];
        assert_eq!(
            hosts(&public, &request("10.0.0.1", &headers)),
            ["127.0.0.1:8080", "b.test", "stats.test"]
        );
        assert_eq!(hosts(&options(&[]), &request("10.0.0.1", &headers)), ["127.0.0.1:8080"]);
        assert_eq!(origin_host("https://A.test:443").as_deref(), Some("a.test"));
        let of = |options: &Options| public_origin(options, &request("10.0.0.1", &headers));
        assert_eq!(of(&public), "https://Stats.test/x");
        let apart = Options { apart_from: Some("http://192.0.2.1:80".into()), ..options(&[]) };
        assert_eq!(of(&apart), "http://192.0.2.1:80", "sites reach the public side");
        let links = |options: &Options| admin_origin(options, &request("10.0.0.1", &headers));
        assert_eq!(links(&apart), "http://127.0.0.1:8080", "people the address they are on");
        assert_eq!(links(&public), "https://Stats.test/x");
        assert_eq!(
            links(&Options { apart_from: Some("http://x".into()), ..public.clone() }),
            "http://b.test"
        );
        assert_eq!(of(&options(&[])), "http://127.0.0.1:8080");
        assert_eq!(of(&options(&["10.0.0.0/8"])), "http://b.test");
        assert_eq!(origin_host("null"), None);
        assert_eq!(origin_host("https://"), None);
    }
}
