//! Serving the look of the consent banner.

use actix_web::test::TestRequest;
use guestlog::app::banner_cache::REVISIONS;
use guestlog::domain::consent::policy::Policy;
use guestlog::domain::consent::rule::{PolicyType, Rule, Target};
use guestlog::domain::consent_banner::{Banner, Colour};
use guestlog::store;
use guestlog::tracker::banner::{path, text};
use serde_json::Value;

use crate::harness::site::{Answer, Site};
use crate::tracker::harness::setting;

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

async fn revise(site: &Site, policy: Policy) {
    let (account, now) = (site.account, site.app.now());
    let insert =
        move |conn: &store::Connection| store::consent::insert(conn, account, &policy, false, None, now);
    site.app.store.writer.write(insert).await.unwrap();
}

fn asking(kind: PolicyType, accent: u8) -> Policy {
    let rule = Rule { target: Target::parse("", "", "").unwrap(), kind, gpc: false };
    let accent = Colour { red: 0, green: 0, blue: accent };
    Policy { rules: vec![rule], banner: Banner { accent, ..Banner::default() } }
}

/// The addresses of the banner's files that the account's script names.
async fn named(site: &Site) -> Vec<String> {
    let script = site.get(&format!("/{}.js", site.account)).await.text();
    let files = setting(&script, "question")["files"].as_object().cloned().unwrap_or_default();
    let address = |(language, hash): (&String, &Value)| {
        format!("/{}/banner.{}.{language}.js", site.account, hash.as_str().unwrap())
    };
    files.iter().map(address).collect()
}

async fn count_served(site: &Site, addresses: &[String]) -> usize {
    let mut count = 0;
    for address in addresses {
        count += usize::from(site.get(address).await.status == 200);
    }
    count
}

#[actix_web::test]
async fn the_script_names_the_banner_and_pages_that_are_open_find_theirs_after_a_change() {
    let site = Site::new().await;
    assert_eq!(named(&site).await, Vec::<String>::new(), "no policy");
    revise(&site, asking(PolicyType::None, 100)).await;
    assert_eq!(named(&site).await, Vec::<String>::new(), "this policy shows nothing");
    revise(&site, asking(PolicyType::OptIn, 100)).await;
    let first = named(&site).await;
    assert_eq!(first.len(), 4, "{first:?}");
    assert_eq!(count_served(&site, &first).await, 4);
    for _ in 1..REVISIONS {
        revise(&site, asking(PolicyType::OptIn, 101)).await;
    }
    let second = named(&site).await;
    assert!(second.len() == 4 && !second.iter().any(|address| first.contains(address)));
    assert_eq!((count_served(&site, &first).await, count_served(&site, &second).await), (4, 4));
    let site = site.restart().await;
    assert_eq!((count_served(&site, &first).await, count_served(&site, &second).await), (4, 4));
    revise(&site, asking(PolicyType::None, 101)).await;
    assert_eq!(named(&site).await, Vec::<String>::new());
    assert_eq!((count_served(&site, &first).await, count_served(&site, &second).await), (0, 4));
}

#[actix_web::test]
async fn a_banner_in_one_language_is_served_in_that_one_alone() {
    let site = Site::new().await;
    let mut policy = asking(PolicyType::OptOutCategories, 100);
    policy.banner.language = Some("de".to_owned());
    policy.banner.has_reopen_button = false;
    revise(&site, policy).await;
    let named = named(&site).await;
    assert!(named.len() == 1 && named[0].ends_with(".de.js"), "{named:?}");
    assert!(site.get(&named[0]).await.text().contains("Ablehnen"));
    let script = site.get(&format!("/{}.js", site.account)).await.text();
    assert_eq!(setting(&script, "question")["reopen"], false);
}
