//! Reads what proxies say about the requests they pass on: `X-Forwarded-For`, `Forwarded` (RFC 7239) or `X-Real-IP`.
//! Whether a proxy may be believed is decided by the caller.

use std::net::{IpAddr, SocketAddr};

use actix_web::http::header::{FORWARDED, HeaderMap, HeaderName};

use crate::base::forwarding_header::ForwardingHeader;

impl ForwardingHeader {
    /// The hops of a request, the nearest first; `None` for one that is not an address.
    pub fn hops(self, headers: &HeaderMap) -> Vec<Option<IpAddr>> {
        match self {
            Self::XForwardedFor => {
                let name = HeaderName::from_static("x-forwarded-for");
                let lines: Vec<&str> =
                    headers.get_all(name).map(|value| value.to_str().unwrap_or("")).collect();
                lines.iter().flat_map(|line| line.split(',')).rev().map(hop_address).collect()
            }
            Self::Forwarded => {
                let hops = elements(headers).into_iter().rev();
                hops.map(|element| parameter(&element, "for").as_deref().and_then(hop_address)).collect()
            }
            Self::XRealIp => last_value(headers, "x-real-ip").map(hop_address).into_iter().collect(),
        }
    }

    /// The scheme by which the client reached the nearest proxy.
    pub fn scheme(self, headers: &HeaderMap) -> Option<String> {
        self.of_nearest(headers, "proto", "x-forwarded-proto")
    }

    /// The host that the client asked the nearest proxy for.
    pub fn host(self, headers: &HeaderMap) -> Option<String> {
        self.of_nearest(headers, "host", "x-forwarded-host")
    }

    fn of_nearest(self, headers: &HeaderMap, word: &str, name: &'static str) -> Option<String> {
        match self {
            Self::Forwarded => parameter(elements(headers).last()?, word),
            Self::XForwardedFor | Self::XRealIp => last_value(headers, name).map(str::to_owned),
        }
    }
}

/// The last value of the last line of this name, which the nearest proxy wrote.
fn last_value<'a>(headers: &'a HeaderMap, name: &'static str) -> Option<&'a str> {
    let lines = headers.get_all(HeaderName::from_static(name));
    let line = lines.filter_map(|value| value.to_str().ok()).last()?;
    line.rsplit(',').next().map(str::trim)
}

/// `192.0.2.1`, `192.0.2.1:4711`, `2001:db8::1`, `[2001:db8::1]:4711`
pub fn hop_address(hop: &str) -> Option<IpAddr> {
    let hop = hop.trim();
    let bare = hop.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(hop);
    let address = bare.parse::<IpAddr>().ok().or_else(|| hop.parse::<SocketAddr>().ok().map(|a| a.ip()));
    address.map(|a| a.to_canonical())
}

/// The elements of all `Forwarded` lines, each what one proxy wrote. A comma inside quotes divides nothing.
fn elements(headers: &HeaderMap) -> Vec<String> {
    let lines = headers.get_all(FORWARDED).map(|value| value.to_str().unwrap_or(""));
    lines.flat_map(|line| divide(line, ',')).collect()
}

/// The value of a parameter of an element, without its quotes.
fn parameter(element: &str, name: &str) -> Option<String> {
    divide(element, ';').iter().find_map(|pair| {
        let (key, value) = pair.split_once('=')?;
        key.trim().eq_ignore_ascii_case(name).then(|| unquote(value.trim()))
    })
}

/// Divides a text at a character that stands outside quotes.
fn divide(text: &str, at: char) -> Vec<String> {
    let mut parts = vec![String::new()];
    let (mut is_quoted, mut is_escaped) = (false, false);
    for c in text.chars() {
        if c == '"' && !is_escaped {
            is_quoted = !is_quoted;
        }
        is_escaped = is_quoted && c == '\\' && !is_escaped;
        if c == at && !is_quoted {
            parts.push(String::new());
        } else if let Some(last) = parts.last_mut() {
            last.push(c);
        }
    }
    parts
}

fn unquote(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut text = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        text.extend(if c == '\\' { chars.next() } else { Some(c) });
    }
    text
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    fn headers(lines: &[(&str, &str)]) -> HeaderMap {
        let mut request = TestRequest::default();
        for line in lines {
            request = request.append_header(*line);
        }
        request.to_http_request().headers().clone()
    }

    /// The examples of RFC 7239, and what is not an address.
    #[test]
    fn forwarded_is_read_as_the_standard_writes_it() {
        for (line, hops, scheme, host) in [
            ("for=192.0.2.60;proto=http;by=203.0.113.43", vec![Some("192.0.2.60")], Some("http"), None),
            ("For=\"[2001:db8:cafe::17]:4711\"", vec![Some("2001:db8:cafe::17")], None, None),
            ("for=\"_gazonk\"", vec![None], None, None),
            ("for=unknown, for=192.0.2.43", vec![Some("192.0.2.43"), None], None, None),
            (
                "for=192.0.2.43,FOR = \"198.51.100.17:80\" ; host=\"a.test:8\";Proto=https",
                vec![Some("198.51.100.17"), Some("192.0.2.43")],
                Some("https"),
                Some("a.test:8"),
            ),
            ("for=\"192.0.2.1, 192.0.2.2\"", vec![None], None, None),
            ("host=\"a\\\"b,c\";for=192.0.2.9", vec![Some("192.0.2.9")], None, Some("a\"b,c")),
            ("for=\"192.0.2.1", vec![None], None, None),
            ("", vec![None], None, None),
        ] {
            let headers = headers(&[("forwarded", line)]);
            let expected: Vec<Option<IpAddr>> =
                hops.iter().map(|hop| hop.map(|hop| hop.parse().unwrap())).collect();
            let header = ForwardingHeader::Forwarded;
            assert_eq!(header.hops(&headers), expected, "{line}");
            assert_eq!(header.scheme(&headers).as_deref(), scheme, "{line}");
            assert_eq!(header.host(&headers).as_deref(), host, "{line}");
        }
    }

    #[test]
    fn only_the_chosen_header_is_read() {
        let headers = headers(&[
            ("forwarded", "for=192.0.2.1;proto=https;host=a.test"),
            ("x-forwarded-for", "192.0.2.2"),
            ("x-real-ip", "192.0.2.3"),
            ("x-forwarded-proto", "http"),
            ("x-forwarded-host", "b.test"),
        ]);
        for (header, hop, scheme, host) in [
            (ForwardingHeader::Forwarded, "192.0.2.1", "https", "a.test"),
            (ForwardingHeader::XForwardedFor, "192.0.2.2", "http", "b.test"),
            (ForwardingHeader::XRealIp, "192.0.2.3", "http", "b.test"),
        ] {
            assert_eq!(header.hops(&headers), [hop.parse().ok()], "{header:?}");
            let said = (header.scheme(&headers), header.host(&headers));
            assert_eq!(said, (Some(scheme.to_owned()), Some(host.to_owned())), "{header:?}");
        }
    }

    #[test]
    fn of_several_lines_the_nearest_proxy_wrote_the_last() {
        let real = headers(&[("x-real-ip", "192.0.2.1"), ("x-real-ip", "192.0.2.2")]);
        assert_eq!(ForwardingHeader::XRealIp.hops(&real), ["192.0.2.2".parse().ok()]);
        let two = headers(&[("forwarded", "for=192.0.2.1"), ("forwarded", "for=192.0.2.2")]);
        assert_eq!(
            ForwardingHeader::Forwarded.hops(&two),
            ["192.0.2.2".parse().ok(), "192.0.2.1".parse().ok()]
        );
        assert_eq!(ForwardingHeader::XRealIp.hops(&headers(&[])), []);
    }
}
