//! The served script: size, encodings, etag, settings.

use std::io::Read;

use guestlog::tracker::{build, core, text};

use super::harness::{ACCOUNT, Browser, HOME, SERVER, Visit, options};
use serde_json::json;

const CORE_GZIP_MAX: usize = 6_000;
/// The core with events and forms. The script may grow to 9,000 bytes; the difference is reserved for the consent banner.
const ALL_GZIP_MAX: usize = 8_000;

#[test]
fn the_script_weighs_at_most_its_kilobytes_as_served() {
    let (core, all) = (core(&options()), build(&options()));
    assert!(core.gzip.len() <= CORE_GZIP_MAX, "core: {} bytes gzip", core.gzip.len());
    assert!(all.gzip.len() <= ALL_GZIP_MAX, "all: {} bytes gzip", all.gzip.len());
    assert!(all.brotli.len() < all.gzip.len());
}

#[test]
fn the_encodings_hold_the_same_script() {
    let script = build(&options());
    let mut gzip = Vec::new();
    flate2::read::GzDecoder::new(script.gzip.as_slice()).read_to_end(&mut gzip).unwrap();
    let mut brotli = Vec::new();
    brotli::Decompressor::new(script.brotli.as_slice(), 4096).read_to_end(&mut brotli).unwrap();
    assert!(gzip == script.plain && brotli == script.plain);
}

#[test]
fn the_etag_changes_with_the_settings_only() {
    let mut other = options();
    other.revision = 1;
    let (first, again, changed) = (build(&options()), build(&options()), build(&other));
    assert_eq!(first.etag, again.etag);
    assert_ne!(first.etag, changed.etag);
    assert!(first.etag.starts_with('"') && first.etag.ends_with('"') && first.etag.len() == 34);
}

#[test]
fn settings_cannot_break_out_of_the_script() {
    let mut hostile = options();
    hostile.domains = vec!["</script><!--\u{2028}\u{2029}';alert(1)//\"".into()];
    let script = text(&hostile);
    assert!(!script.contains("</script") && !script.contains('\u{2028}') && !script.contains('\u{2029}'));
    let browser = Browser::new();
    browser.open(&Visit::of(HOME).options(&hostile));
    assert_eq!(browser.views().len(), 1);
}

#[test]
fn the_script_finds_its_server_by_its_own_address() {
    for (src, server) in [
        (format!("{SERVER}/{ACCOUNT}.js"), SERVER.to_owned()),
        (format!("{SERVER}/analytics/1700000100000/{ACCOUNT}.js?x=1"), SERVER.to_owned()),
        (format!("{SERVER}/v2/{ACCOUNT}/banner.js"), SERVER.to_owned()),
        (format!("https://www.example.com/stats/{ACCOUNT}.js#a"), "https://www.example.com/stats".to_owned()),
    ] {
        let browser = Browser::new();
        browser.open(&Visit::of(HOME).with(json!({ "src": src })));
        assert_eq!(browser.requests()[0].url, format!("{server}/collect"), "{src}");
    }
}

#[test]
fn a_script_that_was_put_in_later_is_found_by_its_id_or_its_name() {
    for id in ["hs-script-loader", "renamed"] {
        let browser = Browser::new();
        let page = browser.open(&Visit {
            script: String::new(),
            ..Visit::of(HOME).with(json!({ "scriptId": id, "src": format!("{SERVER}/{ACCOUNT}.js?v=2") }))
        });
        page.run(&text(&options()));
        assert_eq!(browser.requests()[0].url, format!("{SERVER}/collect"), "{id}");
    }
}

#[test]
fn a_second_load_does_nothing() {
    let browser = Browser::new();
    let page = browser.visit(HOME);
    page.load(&text(&options()));
    page.push("['trackPageView']");
    assert_eq!(browser.views().len(), 2);
}

#[test]
fn no_globals_are_left_but_those_of_hubspot() {
    let page = Browser::new().visit(HOME);
    let mut globals = page.globals();
    globals.sort();
    assert_eq!(globals, ["_hsp", "_hsq", "_hstc_loaded", "_hstc_ran"]);
}
