//! Serving the tracking script.

use std::io::Read;

use actix_web::http::Method;
use actix_web::test::TestRequest;

use crate::harness::site::{Site, Wanted};
use crate::tracker::harness::setting;

async fn script(site: &Site, headers: &[(&'static str, &str)]) -> crate::harness::site::Answer {
    let request = TestRequest::get().uri("/1000001.js");
    let request = headers.iter().fold(request, |request, header| request.insert_header(*header));
    site.call(request).await
}

#[actix_web::test]
async fn the_script_comes_plain_gzipped_and_brotlied_and_says_the_same() {
    let site = Site::new().await;
    let plain = script(&site, &[]).await;
    assert_eq!((plain.status, plain.header("content-encoding")), (200, ""));
    assert_eq!(plain.header("content-type"), "application/javascript; charset=utf-8");
    assert_eq!(plain.header("cache-control"), "public, max-age=60");
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    assert_eq!(plain.header("vary"), "Accept-Encoding");
    assert_eq!(plain.header("set-cookie"), "");
    let gzip = script(&site, &[("accept-encoding", "gzip, deflate")]).await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*gzip.body).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    let brotli = script(&site, &[("accept-encoding", "gzip, br;q=0.9")]).await;
    assert_eq!(brotli.header("content-encoding"), "br");
    let mut unpacked = Vec::new();
    brotli::Decompressor::new(&*brotli.body, 4_096).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert!(plain.text().contains("1000001"));
}

#[actix_web::test]
async fn a_browser_that_has_the_script_is_told_so() {
    let site = Site::new().await;
    let etag = script(&site, &[]).await.header("etag").to_owned();
    assert!(etag.starts_with('"') && etag.len() > 10, "{etag}");
    for tags in [etag.clone(), format!("\"x\", {etag}"), format!("W/{etag}"), "*".into()] {
        let answer = script(&site, &[("if-none-match", &tags), ("accept-encoding", "gzip")]).await;
        assert_eq!((answer.status, answer.body.len(), answer.header("etag")), (304, 0, &*etag), "{tags}");
    }
    assert_eq!(script(&site, &[("if-none-match", "\"x\"")]).await.status, 200);
}

#[actix_web::test]
async fn the_script_has_the_addresses_sites_know() {
    let site = Site::new().await;
    let plain = site.get("/1000001.js").await;
    for uri in ["/analytics/1700000000000/1000001.js", "/v2/1000001/banner.js", "/1000001.js?x=1"] {
        let answer = site.get(uri).await;
        assert_eq!((answer.status, &answer.body), (200, &plain.body), "{uri}");
    }
}

#[actix_web::test]
async fn an_unknown_account_gets_a_comment() {
    let site = Site::new().await;
    for uri in ["/1000002.js", "/0.js", "/analytics/1/7.js", "/v2/7/banner.js"] {
        let answer = site.get(uri).await;
        assert_eq!((answer.status, answer.header("cache-control")), (404, "no-store"), "{uri}");
        assert!(answer.text().starts_with("// "), "{uri}");
        assert_eq!(answer.header("content-type"), "application/javascript; charset=utf-8");
    }
    for uri in ["/99999999999999999999999.js", "/x.js", "/-1.js"] {
        assert_eq!(site.get(uri).await.status, 404, "{uri}");
    }
}

#[actix_web::test]
async fn only_a_browser_that_takes_the_script_counts_as_one_that_has_it() {
    let site = Site::new().await;
    site.call(TestRequest::default().method(Method::HEAD).uri("/1000001.js")).await;
    assert_eq!(site.app.scripts.fetched(site.account), None);
    script(&site, &[]).await;
    assert_eq!(site.app.scripts.fetched(site.account).map(|fetched| fetched.times), Some(1));
}

/// A site that keeps a copy of the script on a server of its own needs it.
#[actix_web::test]
async fn the_script_holds_the_public_address_of_the_server_where_it_is_known() {
    const SERVER: &str = "https://stats.example.net";
    for public_url in [None, Some(SERVER)] {
        let site = Site::with(Wanted { public_url, ..Wanted::default() }).await;
        let text = script(&site, &[]).await.text();
        assert_eq!(setting(&text, "publicUrl"), public_url.unwrap_or_default());
    }
}
