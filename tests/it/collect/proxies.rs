//! Which forwarding headers are believed.

use guestlog::domain::hit_reason::Reason;
use guestlog::geo::{Geo, MapKind, MapOptions};

use crate::harness::mmdb::{Mmdb, map, text};
use crate::harness::site::{Site, Wanted, post};

const PAGE: &str = "https://example.com/";
const PROXY: &str = "10.0.0.1";

/// Geo data for the addresses below.
fn countries(folder: &std::path::Path) -> Geo {
    let country = |code: &str| map([("country", map([("iso_code", text(code))]))]);
    let file = Mmdb::new("GeoLite2-Country")
        .range("203.0.113.0/24", country("NL"))
        .range("198.51.100.0/24", country("DE"))
        .range("192.0.2.0/24", country("FR"))
        .bytes();
    let path = folder.join("countries.mmdb");
    std::fs::write(&path, file).unwrap();
    Geo::open(&[MapOptions { path, kind: MapKind::Auto, places: Vec::new() }], folder)
}

/// The country stored with a hit.
async fn country(site: &mut Site, peer: &str, forwarded: &[&str]) -> String {
    let mut request = post().peer_addr(format!("{peer}:1").parse().unwrap());
    for value in forwarded {
        request = request.append_header(("x-forwarded-for", *value));
    }
    for name in ["forwarded", "x-real-ip", "true-client-ip", "cf-connecting-ip"] {
        request = request.insert_header((name, "192.0.2.1"));
    }
    let visitor = format!("v{}", site.app.store.inbox.last_id());
    let answer = site.call(request.set_payload(site.view("", &visitor, PAGE).to_string())).await;
    assert_eq!(answer.reason(), "stored");
    site.fold().await;
    let place =
        "select coalesce((select value from dictionary where kind = 8 and id = place), '') from session_unpacked
                 order by id desc";
    site.ask::<String>(place).trim_end_matches('\u{1f}').to_owned()
}

#[actix_web::test]
async fn a_forwarded_address_from_an_untrusted_peer_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut site = Site::with(Wanted { geo: countries(folder.path()), ..Wanted::default() }).await;
    assert_eq!(country(&mut site, "203.0.113.7", &[]).await, "NL");
    for forwarded in [&["198.51.100.1"][..], &["198.51.100.1, 192.0.2.1"], &["x", "198.51.100.1"]] {
        assert_eq!(country(&mut site, "203.0.113.7", forwarded).await, "NL", "{forwarded:?}");
    }
}

#[actix_web::test]
async fn behind_a_trusted_proxy_the_right_most_untrusted_hop_counts() {
    let folder = tempfile::tempdir().unwrap();
    let geo = countries(folder.path());
    let mut site = Site::with(Wanted { geo, proxies: &[PROXY, "10.0.0.2"], ..Wanted::default() }).await;
    for (forwarded, expected) in [
        (&["198.51.100.1"][..], "DE"),
        (&["192.0.2.1, 198.51.100.1"], "DE"),
        (&["192.0.2.1", "198.51.100.1"], "DE"),
        (&["192.0.2.1, 198.51.100.1, 10.0.0.2"], "DE"),
        (&["198.51.100.1:4711"], "DE"),
        (&["::ffff:198.51.100.1"], "DE"),
        (&["198.51.100.1,nonsense"], ""),
        (&[], ""),
    ] {
        assert_eq!(country(&mut site, PROXY, forwarded).await, expected, "{forwarded:?}");
    }
    assert_eq!(country(&mut site, "203.0.113.7", &["198.51.100.1"]).await, "NL", "another peer");
}

#[actix_web::test]
async fn no_header_helps_around_the_limit_of_an_address() {
    let site = Site::with(Wanted { per_address: 1, proxies: &[PROXY], ..Wanted::default() }).await;
    let send = |peer: &'static str, forwarded: String| {
        let view = site.view("", "ab", PAGE).to_string();
        let request = post().peer_addr(format!("{peer}:1").parse().unwrap());
        let request = request.insert_header(("x-forwarded-for", forwarded)).set_payload(view);
        async { site.call(request).await.status }
    };
    for n in 0..10 {
        assert_eq!(send("203.0.113.7", format!("192.0.2.{n}")).await, 204);
    }
    assert_eq!(send("203.0.113.7", "192.0.2.99".into()).await, 429);
    assert_eq!(site.count(Reason::TooMany), 1);
    for n in 0..20 {
        assert_eq!(send(PROXY, format!("192.0.2.{n}")).await, 204, "each visitor has its own limit");
    }
}
