//! Style sheet, script and icon of the admin pages, embedded in the binary. Their address contains a hash of their
//! content, so browsers may keep them for ever. An address with another hash answers 404, so a page never gets a
//! file of another version. The tracking script is served elsewhere (`web/collect/script.rs`).

use std::borrow::Cow;
use std::io::Write;
use std::sync::{LazyLock, OnceLock};

use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::{HttpRequest, HttpResponse, web};
use sha2::{Digest, Sha256};

use crate::base::random::hex;

/// Hexadecimal digits of the hash in an address.
const HASH_DIGITS: usize = 16;
/// Higher qualities are much slower and hardly smaller.
const BROTLI_QUALITY: u32 = 9;
const KEEP: &str = "public, max-age=31536000, immutable";

#[derive(rust_embed::RustEmbed)]
#[folder = "static/admin/"]
struct Files;

struct Asset {
    name: &'static str,
    content_type: &'static str,
    hash: String,
    plain: Vec<u8>,
    gzip: OnceLock<Vec<u8>>,
    brotli: OnceLock<Vec<u8>>,
}

static ASSETS: LazyLock<[Asset; 3]> = LazyLock::new(|| {
    [
        Asset::of("style.css", "text/css; charset=utf-8", joined("css/")),
        Asset::of("admin.js", "text/javascript; charset=utf-8", joined("js/")),
        Asset::of("icon.svg", "image/svg+xml; charset=utf-8", joined("icon.svg")),
    ]
});

/// The files whose path begins with `prefix`, joined in the order of their names.
fn joined(prefix: &str) -> Vec<u8> {
    let mut names: Vec<Cow<'static, str>> = Files::iter().filter(|n| n.starts_with(prefix)).collect();
    names.sort();
    names.iter().filter_map(|name| Files::get(name)).flat_map(|file| file.data.into_owned()).collect()
}

impl Asset {
    fn of(name: &'static str, content_type: &'static str, plain: Vec<u8>) -> Self {
        let mut hash = hex(&Sha256::digest(&plain));
        hash.truncate(HASH_DIGITS);
        Self { name, content_type, hash, plain, gzip: OnceLock::new(), brotli: OnceLock::new() }
    }

    fn path(&self) -> String {
        format!("/assets/{}/{}", self.hash, self.name)
    }

    fn gzip(&self) -> &[u8] {
        self.gzip.get_or_init(|| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            // Writing to a `Vec` cannot fail. If it did, `body` would skip the empty result.
            encoder.write_all(&self.plain).and_then(|()| encoder.finish()).unwrap_or_default()
        })
    }

    fn brotli(&self) -> &[u8] {
        self.brotli.get_or_init(|| {
            let mut out = Vec::new();
            let params = brotli::enc::BrotliEncoderParams {
                quality: i32::try_from(BROTLI_QUALITY).unwrap_or(9),
                ..Default::default()
            };
            match brotli::BrotliCompress(&mut self.plain.as_slice(), &mut out, &params) {
                Ok(_) => out,
                Err(_) => Vec::new(),
            }
        })
    }

    /// The smallest encoding that the browser accepts.
    fn body(&self, accepted: &HeaderMap) -> (&[u8], Option<&'static str>) {
        let forms = [("br", Self::brotli as fn(&Self) -> &[u8]), ("gzip", Self::gzip)];
        for (coding, form) in forms {
            if accepts(accepted, coding) && !form(self).is_empty() {
                return (form(self), Some(coding));
            }
        }
        (&self.plain, None)
    }
}

#[must_use]
pub fn style() -> String {
    path("style.css")
}

#[must_use]
pub fn script() -> String {
    path("admin.js")
}

#[must_use]
pub fn icon() -> String {
    path("icon.svg")
}

fn path(name: &str) -> String {
    ASSETS.iter().find(|a| a.name == name).map_or_else(String::new, Asset::path)
}

/// `GET /assets/{hash}/{name}`
pub async fn show(request: HttpRequest, asked: web::Path<(String, String)>) -> HttpResponse {
    let (hash, name) = asked.into_inner();
    let Some(asset) = ASSETS.iter().find(|a| a.name == name && a.hash == hash) else {
        return HttpResponse::NotFound()
            .insert_header((header::CACHE_CONTROL, "no-store"))
            .content_type("text/plain; charset=utf-8")
            .body("not found\n");
    };
    let etag = format!("\"{}\"", asset.hash);
    let mut answer = if request.headers().get_all(header::IF_NONE_MATCH).any(|v| names(v, &etag)) {
        HttpResponse::NotModified().finish()
    } else {
        let (body, coding) = asset.body(request.headers());
        let mut answer = HttpResponse::Ok().content_type(asset.content_type).body(body.to_vec());
        if let Some(coding) = coding {
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
        }
        answer
    };
    let headers = answer.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(KEEP));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        headers.insert(header::ETAG, etag);
    }
    answer
}

/// Whether `If-None-Match` contains this etag. Proxies may have made it weak.
fn names(header: &HeaderValue, etag: &str) -> bool {
    let Ok(text) = header.to_str() else { return false };
    text.split(',').map(str::trim).any(|one| one == "*" || one.trim_start_matches("W/") == etag)
}

/// Whether `Accept-Encoding` allows this coding.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let listed = headers.get_all(header::ACCEPT_ENCODING).filter_map(|v| v.to_str().ok());
    listed.flat_map(|list| list.split(',')).any(|one| {
        let mut parts = one.split(';').map(str::trim);
        parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding))
            && !parts.any(|q| q.strip_prefix("q=").is_some_and(|q| q.parse::<f32>().is_ok_and(|q| q <= 0.0)))
    })
}

#[cfg(test)]
pub(crate) fn texts() -> Vec<(&'static str, String)> {
    ASSETS.iter().map(|a| (a.name, String::from_utf8(a.plain.clone()).unwrap())).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use actix_web::http::StatusCode;
    use actix_web::test::TestRequest;

    use super::*;

    async fn get(path: &str, headers: &[(&'static str, &str)]) -> HttpResponse {
        let mut request = TestRequest::get();
        for (name, value) in headers {
            request = request.insert_header((*name, *value));
        }
        let mut parts = path.trim_start_matches("/assets/").splitn(2, '/').map(str::to_owned);
        let asked = (parts.next().unwrap(), parts.next().unwrap());
        show(request.to_http_request(), web::Path::from(asked)).await
    }

    async fn bytes(answer: HttpResponse) -> Vec<u8> {
        actix_web::body::to_bytes(answer.into_body()).await.unwrap().to_vec()
    }

    fn header_of(answer: &HttpResponse, name: header::HeaderName) -> Option<String> {
        answer.headers().get(name).map(|v| v.to_str().unwrap().to_owned())
    }

    #[actix_web::test]
    async fn an_asset_is_kept_for_ever_and_known_by_its_etag() {
        let answer = get(&style(), &[]).await;
        assert_eq!(header_of(&answer, header::CACHE_CONTROL).as_deref(), Some(KEEP));
        assert_eq!(header_of(&answer, header::CONTENT_TYPE).as_deref(), Some("text/css; charset=utf-8"));
        let etag = header_of(&answer, header::ETAG).unwrap();
        let again = get(&style(), &[("if-none-match", &format!("\"x\", W/{etag}"))]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
        assert!(bytes(again).await.is_empty());
        assert!(String::from_utf8(bytes(answer).await).unwrap().contains(":root"));
    }

    #[actix_web::test]
    async fn another_hash_or_name_is_not_found() {
        let wrong = style().replace("style.css", "style.scss");
        for path in ["/assets/0000000000000000/style.css", &wrong, "/assets/x/../Cargo.toml"] {
            let answer = get(path, &[]).await;
            assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{path}");
            assert_eq!(header_of(&answer, header::CACHE_CONTROL).as_deref(), Some("no-store"));
        }
    }

    #[actix_web::test]
    async fn the_smallest_accepted_form_is_sent() {
        let plain = bytes(get(&script(), &[]).await).await;
        let coding = |answer: &HttpResponse| header_of(answer, header::CONTENT_ENCODING);

        let answer = get(&script(), &[("accept-encoding", "gzip, deflate, br")]).await;
        assert_eq!(coding(&answer).as_deref(), Some("br"));
        let mut unpacked = Vec::new();
        let sent = bytes(answer).await;
        brotli::Decompressor::new(sent.as_slice(), 4096).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);

        let answer = get(&script(), &[("accept-encoding", "br;q=0, GZIP;q=0.5")]).await;
        assert_eq!(coding(&answer).as_deref(), Some("gzip"));
        let mut unpacked = Vec::new();
        let sent = bytes(answer).await;
        flate2::read::GzDecoder::new(sent.as_slice()).read_to_end(&mut unpacked).unwrap();
        assert_eq!(unpacked, plain);

        assert_eq!(coding(&get(&script(), &[("accept-encoding", "identity")]).await), None);
    }

    #[test]
    fn assets_ask_nothing_of_other_hosts_and_stay_small() {
        for (asset, most) in ASSETS.iter().zip([11_000, 6_000, 1_000]) {
            let text = String::from_utf8(asset.plain.clone()).unwrap();
            assert!(!text.is_empty());
            let text = text.replace("http://www.w3.org/2000/svg", "");
            for bad in ["http://", "https://", "@import", "@font-face", "eval("] {
                assert!(!text.contains(bad), "{} holds {bad}", asset.name);
            }
            assert!(asset.gzip().len() <= most, "{}: {} bytes", asset.name, asset.gzip().len());
        }
    }
}
