//! The file with the look of the banner: the minified file in the repository is what oxc_minifier makes of the parts
//! (`MINIFY=1 cargo test --test it tracker::banner` makes it again), and it weighs no more than it may.

use std::fs;
use std::path::PathBuf;

use guestlog::domain::account::AccountId;
use guestlog::domain::consent_banner::{Banner, Position, Texts};
use guestlog::tracker::banner::{ARGUMENTS, build, hash, parameters, path, preview, text};

use super::minified::{minify_script, with_arrows};

/// The limit for release, in bytes as served with one language.
const GZIP_MAX: usize = 6_000;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "static", "banner"].iter().collect()
}

/// Names and texts of the scripts, in the order of their names.
fn parts() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut parts: Vec<(String, String)> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "js"))
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    parts.sort();
    parts
}

/// The style sheet without comments and needless spaces, one rule on a line.
fn squeezed(css: &str) -> String {
    let mut plain = String::new();
    let mut rest = css;
    while let Some((before, comment)) = rest.split_once("/*") {
        plain += before;
        rest = comment.split_once("*/").unwrap().1;
    }
    plain += rest;
    let mut css = plain.split_whitespace().collect::<Vec<_>>().join(" ");
    for (long, short) in [
        (" {", "{"),
        ("{ ", "{"),
        (" }", "}"),
        ("} ", "}"),
        ("; ", ";"),
        (": ", ":"),
        (", ", ","),
        (";}", "}"),
    ] {
        css = css.replace(long, short);
    }
    let (mut rules, mut depth) = (String::new(), 0);
    for letter in css.chars() {
        rules.push(letter);
        depth += i32::from(letter == '{') - i32::from(letter == '}');
        if letter == '}' && depth == 0 {
            rules.push('\n');
        }
    }
    assert_eq!(depth, 0, "a brace is open");
    rules.trim_end().to_owned()
}

fn minified() -> String {
    let parts: String = parts().into_iter().map(|(_, text)| text).collect();
    let css = squeezed(&fs::read_to_string(folder().join("style.css")).unwrap());
    let (names, css) = (parameters().join(", "), serde_json::to_string(&css).unwrap());
    let parts = with_arrows(&parts);
    minify_script(&format!("(({names}) => {{\n'use strict';\nconst css = {css};\n{parts}}})({ARGUMENTS});\n"))
}

#[test]
fn the_minified_banner_is_what_the_minifier_makes_of_the_parts() {
    let made = minified();
    let file = folder().join("minified").join("banner.js");
    if std::env::var_os("MINIFY").is_some_and(|set| !set.is_empty()) {
        fs::write(&file, &made).unwrap();
    }
    assert!(fs::read_to_string(file).unwrap() == made, "make banner.js again, see the head of this file");
    assert_eq!(made.matches(ARGUMENTS).count(), 1);
    assert!(made.is_ascii());
    for newer in ["?.", "??", "**", "...", "catch{", "async ", "await "] {
        assert!(!made.contains(newer), "the file holds {newer}");
    }
    for (name, text) in parts() {
        assert!(text.starts_with("// ") && text.lines().all(|line| line.len() <= 200), "{name}");
        assert!(!text.contains("innerHTML"), "{name}");
    }
}

#[test]
fn the_banner_weighs_at_most_its_kilobytes_as_served() {
    let banner = Banner { privacy_url: "https://www.example.com/privacy".to_owned(), ..Banner::default() };
    for language in banner.languages() {
        let script = build(&banner, language).unwrap();
        assert!(script.gzip.len() <= GZIP_MAX, "{language}: {} bytes gzip", script.gzip.len());
        assert!(script.brotli.len() < script.gzip.len());
    }
}

#[test]
fn another_look_has_another_address() {
    let (banner, account) = (Banner::default(), AccountId(1_000_001));
    let address = |banner: &Banner, language| path(account, &text(banner, language).unwrap(), language);
    let english = address(&banner, "en");
    let hash = hash(&text(&banner, "en").unwrap());
    assert_eq!(english, format!("/1000001/banner.{hash}.en.js"));
    assert_eq!(english, address(&banner.clone(), "en"));
    assert_ne!(english.replace(".en.", ".fr."), address(&banner, "fr"));
    assert_ne!(english, address(&Banner { position: Position::Top, ..banner.clone() }, "en"));
    assert_eq!(text(&banner, "ar"), None);
    assert_eq!(text(&Banner { language: Some("fr".to_owned()), ..banner }, "en"), None);
}

#[test]
fn texts_cannot_leave_their_place_in_the_file() {
    let mut banner = Banner::default();
    let hostile = "</script><script>alert(1)</script>\u{2028}\"',GUESTLOG_BANNER,GUESTLOG_POLICY";
    let own = Texts::NAMES.iter().map(|name| ((*name).to_owned(), hostile.to_owned())).collect();
    banner.own_texts.insert("en".to_owned(), own);
    let file = text(&banner, "en").unwrap();
    assert!(!file.contains("</script") && !file.contains('\u{2028}'));
    assert!(preview(&banner, "en", 4, false).unwrap().contains("\"isByCategory\":true"));
}
