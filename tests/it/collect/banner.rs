//! Serving the look of the consent banner.

use actix_web::test::TestRequest;
use guestlog::domain::consent_banner::Banner;
use guestlog::tracker::banner::{path, text};

use crate::harness::site::{Answer, Site};

async fn get(site: &Site, address: &str, encoding: &'static str) -> Answer {
    site.call(TestRequest::get().uri(address).insert_header(("accept-encoding", encoding))).await
}

#[actix_web::test]
async fn only_a_published_banner_is_served_and_it_may_be_kept_for_ever() {
    let site = Site::new().await;
    let banner = Banner::default();
    let file = text(&banner, "nl").unwrap();
    let address = path(site.account, &file, "nl");
    let missing = get(&site, &address, "identity").await;
    assert_eq!((missing.status, missing.header("cache-control")), (404, "no-store"));
    site.app.banners.publish(site.account, std::slice::from_ref(&banner));
    let plain = get(&site, &address, "identity").await;
    assert_eq!((plain.status, plain.text()), (200, file));
    assert_eq!(plain.header("cache-control"), "public, max-age=31536000, immutable");
    assert_eq!(plain.header("content-type"), "application/javascript; charset=utf-8");
    assert_eq!(plain.header("access-control-allow-origin"), "*");
    let gzip = get(&site, &address, "gzip").await;
    assert_eq!(gzip.header("content-encoding"), "gzip");
    assert!(gzip.body.len() <= 6_000, "{} bytes as served", gzip.body.len());
    let others = [
        address.replace(".nl.", ".fr."),
        address.replace(".nl.", ".ar."),
        address.replace("1000001", "1000002"),
        "/1000001/banner.0123456789abcdef.nl.js".to_owned(),
    ];
    for other in others {
        assert_eq!(get(&site, &other, "identity").await.status, 404, "{other}");
    }
    site.app.banners.publish(site.account, &[]);
    assert_eq!(get(&site, &address, "identity").await.status, 404, "the account shows no banner any more");
}
