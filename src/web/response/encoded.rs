//! Sends what is kept in three encodings. `Accept-Encoding` and `If-None-Match` are read here and nowhere else.

use actix_web::http::header::{
    AcceptEncoding, ContentEncoding, ETAG, Encoding, EntityTag, IfNoneMatch, Preference, Quality, VARY,
};
use actix_web::{HttpMessage, HttpRequest, HttpResponse, HttpResponseBuilder};

/// 304 when the client has the content, else the content in the smallest encoding it accepts. `etag` is strong and has its
/// quotes; `dress` adds the other headers.
pub(crate) fn send(
    request: &HttpRequest,
    etag: &str,
    dress: impl FnOnce(&mut HttpResponseBuilder),
    content: impl FnOnce(ContentEncoding) -> Vec<u8>,
) -> HttpResponse {
    let is_known = knows(request, etag);
    let mut answer = if is_known { HttpResponse::NotModified() } else { HttpResponse::Ok() };
    dress(&mut answer);
    answer.insert_header((VARY, "Accept-Encoding")).insert_header((ETAG, etag));
    if is_known {
        return answer.finish();
    }
    let encoding = encoding(request);
    if encoding != ContentEncoding::Identity {
        answer.insert_header(encoding);
    }
    answer.body(content(encoding))
}

/// Proxies may have made the tag weak.
fn knows(request: &HttpRequest, etag: &str) -> bool {
    match (request.get_header(), etag.parse::<EntityTag>()) {
        (Some(IfNoneMatch::Any), _) => true,
        (Some(IfNoneMatch::Items(tags)), Ok(etag)) => tags.iter().any(|tag| tag.weak_eq(&etag)),
        _ => false,
    }
}

/// The smallest that is accepted, however much less it is preferred.
fn encoding(request: &HttpRequest) -> ContentEncoding {
    let accepted = request.get_header::<AcceptEncoding>();
    let is_accepted = |encoding: &ContentEncoding| {
        let wanted = Preference::Specific(Encoding::Known(*encoding));
        let mut items = accepted.iter().flat_map(|accepted| accepted.iter());
        items.any(|item| item.item == wanted && item.quality > Quality::ZERO)
    };
    let smallest = [ContentEncoding::Brotli, ContentEncoding::Gzip].into_iter().find(is_accepted);
    smallest.unwrap_or(ContentEncoding::Identity)
}

#[cfg(test)]
mod tests {
    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    fn sent(name: &'static str, value: &str) -> (StatusCode, Option<String>) {
        let request = TestRequest::get().insert_header((name, value)).to_http_request();
        let answer = send(&request, "\"abc\"", |_| {}, |encoding| encoding.as_str().as_bytes().to_vec());
        let encoding = answer.headers().get("content-encoding");
        (answer.status(), encoding.map(|encoding| encoding.to_str().unwrap().to_owned()))
    }

    #[test]
    fn the_encoding_is_the_smallest_that_is_accepted() {
        for (accepted, encoding) in [
            ("gzip, deflate, br", Some("br")),
            ("gzip, deflate, br, zstd", Some("br")),
            ("gzip, br;q=0.9", Some("br")),
            ("gzip;q=0.8", Some("gzip")),
            ("br;q=0, GZIP;q=0.5", Some("gzip")),
            ("br;q=0.0, gzip;q=0", None),
            ("identity", None),
            ("zstd", None),
            ("*", None),
            ("", None),
            ("?;q=x", None),
        ] {
            assert_eq!(sent("accept-encoding", accepted).1.as_deref(), encoding, "{accepted}");
        }
    }

    #[test]
    fn what_the_client_has_is_not_sent_again() {
        for (tags, status) in [
            ("\"abc\"", StatusCode::NOT_MODIFIED),
            ("\"x\", W/\"abc\"", StatusCode::NOT_MODIFIED),
            ("*", StatusCode::NOT_MODIFIED),
            ("\"ab\"", StatusCode::OK),
            ("abc", StatusCode::OK),
            ("", StatusCode::OK),
        ] {
            assert_eq!(sent("if-none-match", tags).0, status, "{tags}");
        }
    }
}
