//! Style sheet, script and icon of the admin pages, inside the binary. Their address carries a hash of
//! their content, so that browsers keep them for ever; another hash is 404, never an old or a new file in
//! its place. The public script of an account is not served here.

use std::borrow::Cow;
use std::io::Write;
use std::sync::{LazyLock, OnceLock};

use actix_web::http::header::{self, ContentEncoding};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, web};
use sha2::{Digest, Sha256};

use crate::base::random::hex;
use crate::web::response::encoded;

/// Digits of the hash in an address.
const HASH_DIGITS: usize = 16;
/// As strong as brotli gets before it becomes slow.
const BROTLI_QUALITY: i32 = 9;
const KEEP: &str = "public, max-age=31536000, immutable";

#[derive(rust_embed::RustEmbed)]
#[folder = "static/admin/"]
struct Files;

/// One served file.
struct Asset {
    name: &'static str,
    content_type: &'static str,
    hash: String,
    plain: Vec<u8>,
    gzip: OnceLock<Vec<u8>>,
    brotli: OnceLock<Vec<u8>>,
}

static ASSETS: LazyLock<[Asset; 4]> = LazyLock::new(|| {
    [
        Asset::of("style.css", "text/css; charset=utf-8", joined("css/")),
        Asset::of("admin.js", "text/javascript; charset=utf-8", joined("js/")),
        Asset::of("visitor.js", "text/javascript; charset=utf-8", joined("visitor/")),
        Asset::of("icon.svg", "image/svg+xml; charset=utf-8", joined("icon.svg")),
    ]
});

/// The files that begin with `prefix`, in the order of their names.
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

    #[expect(clippy::expect_used, reason = "a Vec takes every byte")]
    fn gzip(&self) -> &[u8] {
        self.gzip.get_or_init(|| {
            let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            encoder.write_all(&self.plain).and_then(|()| encoder.finish()).expect("written to memory")
        })
    }

    #[expect(clippy::expect_used, reason = "a Vec takes every byte")]
    fn brotli(&self) -> &[u8] {
        self.brotli.get_or_init(|| {
            let mut out = Vec::new();
            let params = brotli::enc::BrotliEncoderParams { quality: BROTLI_QUALITY, ..Default::default() };
            brotli::BrotliCompress(&mut self.plain.as_slice(), &mut out, &params).expect("written to memory");
            out
        })
    }

    fn content(&self, encoding: ContentEncoding) -> &[u8] {
        match encoding {
            ContentEncoding::Brotli => self.brotli(),
            ContentEncoding::Gzip => self.gzip(),
            _ => &self.plain,
        }
    }
}

/// Address of the style sheet.
#[must_use]
pub fn style() -> String {
    path("style.css")
}

/// Address of the script.
#[must_use]
pub fn script() -> String {
    path("admin.js")
}

/// Address of the script of the page for visitors.
#[must_use]
pub fn visitor_script() -> String {
    path("visitor.js")
}

/// Address of the icon.
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
    let headers = |answer: &mut HttpResponseBuilder| {
        answer.insert_header((header::CACHE_CONTROL, KEEP)).content_type(asset.content_type);
    };
    let etag = format!("\"{}\"", asset.hash);
    encoded::send(&request, &etag, headers, |encoding| asset.content(encoding).to_vec())
}

/// Name and content of every asset.
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
        for (asset, most) in ASSETS.iter().zip([11_200, 6_000, 1_000]) {
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
