//! Planted breaches: each rule is shown to catch what it is for, and to let pass what it is not for.

use super::breaches;

/// The breaches of a house made of these files, beside a sound ground.
fn check(files: &[(&str, &str)]) -> Vec<String> {
    let ground = [
        ("src/lib.rs", "pub mod app; pub mod base; pub mod domain; pub mod store; pub mod web;"),
        ("src/domain/hit.rs", "use crate::base::clock::Millis; pub struct Hit(Millis);"),
        ("src/domain/mod.rs", "pub mod hit;"),
        ("src/base/mod.rs", "pub mod clock;"),
        ("src/base/clock.rs", "pub struct Millis(pub i64);"),
        ("src/store/mod.rs", "pub mod open;"),
        ("src/store/open.rs", "pub fn open() {}"),
        ("src/config.rs", "pub struct Settings;"),
    ];
    let planted: Vec<&str> = files.iter().map(|(file, _)| *file).collect();
    let all = ground.iter().filter(|(file, _)| !planted.contains(file)).chain(files);
    breaches(&all.map(|(file, text)| ((*file).to_owned(), (*text).to_owned())).collect::<Vec<_>>())
}

/// One breach, at this place, with these words.
#[track_caller]
fn one(files: &[(&str, &str)], place: &str, words: &str) {
    let found = check(files);
    assert_eq!(found.len(), 1, "{found:#?}");
    assert!(found[0].starts_with(place) && found[0].contains(words), "{found:#?}");
}

#[track_caller]
fn none(files: &[(&str, &str)]) {
    assert_eq!(check(files), Vec::<String>::new());
}

#[test]
fn the_ground_is_sound() {
    none(&[]);
}

#[test]
fn an_import_that_goes_up_is_found() {
    one(&[("src/domain/a.rs", "\nuse crate::store::open::open;")], "src/domain/a.rs:2:", "stands above");
}

#[test]
fn an_upward_path_is_found_however_it_is_written() {
    for text in [
        "fn f() { crate::store::open::open() }",
        "use crate::{base::clock, store::open as o};",
        "use crate::store::{self};",
        "use super::super::store::open::*;",
        "fn f() -> super::super::store::Open { x }",
        "pub use crate::store::open::open;",
        "fn f() { assert!(crate::store::open::open() == ()) }",
        "#[derive(crate::store::Open)] struct A;",
        "mod inner { use super::super::super::store::open; }",
        "#[cfg(test)] mod tests { use crate::store::open; }",
        "macro_rules! m { () => { $crate::store::open::open() } }",
        "use crate as root; fn f() { root::store::open::open() }",
        "use crate::*; fn f() { store::open::open() }",
        "type A = <crate::store::Open as Iterator>::Item;",
    ] {
        let found = check(&[("src/domain/a.rs", text)]);
        assert!(
            found.iter().any(|b| b.contains("`domain` uses `store`, which stands above")),
            "{text}: {found:?}"
        );
    }
}

#[test]
fn an_import_that_goes_sideways_is_found() {
    one(&[("src/geo/mod.rs", "use crate::store::open::open;")], "src/geo/mod.rs:1:", "stands beside");
    one(&[("src/store/a.rs", "use crate::config::Settings;")], "src/store/a.rs:1:", "stands beside");
}

#[test]
fn the_configuration_is_for_those_who_wire_alone() {
    one(
        &[("src/app/mod.rs", "use crate::config::Settings;")],
        "src/app/mod.rs:1:",
        "for server, demo, bench and cli",
    );
    one(
        &[("src/web/mod.rs", "use crate::config::Settings;")],
        "src/web/mod.rs:1:",
        "for server, demo, bench and cli",
    );
    none(&[
        ("src/server.rs", "use crate::config::Settings;"),
        ("src/cli/mod.rs", "use crate::config::Settings;"),
    ]);
}

#[test]
fn the_binary_is_read_by_the_name_of_the_crate() {
    none(&[("src/main.rs", "fn main() { guestlog::cli::run() }"), ("src/cli/mod.rs", "pub fn run() {}")]);
    one(
        &[("src/main.rs", "mod odd;"), ("src/odd.rs", "pub fn f() {}")],
        "src/odd.rs:1:",
        "`odd` has no place",
    );
}

#[test]
fn a_name_handed_on_by_the_root_leads_to_where_it_is_defined() {
    let root = "pub mod store; pub use store::open::open;";
    one(
        &[("src/lib.rs", root), ("src/domain/a.rs", "use crate::open;")],
        "src/domain/a.rs:1:",
        "`domain` uses `store`",
    );
    let chain = [
        ("src/lib.rs", "pub use store::*;"),
        ("src/store/mod.rs", "pub mod open; pub use self::open::open as begin; pub fn other() {}"),
        ("src/domain/a.rs", "fn f() { crate::other() }"),
    ];
    one(&chain, "src/domain/a.rs:1:", "`domain` uses `store`");
}

#[test]
fn the_root_defines_nothing() {
    one(&[("src/lib.rs", "pub struct Everything;")], "src/lib.rs:1:", "`Everything`");
}

#[test]
fn a_fenced_crate_used_elsewhere_is_found() {
    for text in [
        "use rusqlite::Connection;",
        "fn f(c: &rusqlite::Connection) {}",
        "fn f(c: ::rusqlite::Connection) {}",
        "use ::rusqlite as db;",
        "extern crate rusqlite;",
        "use {rusqlite::Connection, std::rc::Rc};",
    ] {
        one(&[("src/app/mod.rs", text)], "src/app/mod.rs:1:", "crate `rusqlite`, which belongs to store");
        none(&[("src/store/a.rs", text)]);
    }
    one(
        &[("src/web/mod.rs", "use clap::Parser;")],
        "src/web/mod.rs:1:",
        "belongs to server, demo, bench, cli, main",
    );
    one(&[("src/app/mod.rs", "use url::Url;")], "src/app/mod.rs:1:", "belongs to domain");
}

#[test]
fn a_module_named_like_a_fenced_crate_is_not_that_crate() {
    none(&[
        ("src/app/mod.rs", "mod url; fn f() { url::g() }"),
        ("src/app/url.rs", "pub fn g() {}"),
        ("src/app/b.rs", "use super::url; fn f() { url::g() }"),
        (
            "src/app/c.rs",
            "// use rusqlite::Connection;\nconst A: &str = \"rusqlite::Connection\"; /* crate::web::x */",
        ),
    ]);
}

#[test]
fn a_pure_module_touches_no_files() {
    one(&[("src/domain/a.rs", "fn f() { std::fs::read(\"x\"); }")], "src/domain/a.rs:1:", "`std::fs`");
    one(&[("src/domain/a.rs", "use std::{env, fmt};")], "src/domain/a.rs:1:", "`std::env`");
    none(&[("src/store/a.rs", "use std::fs;")]);
    none(&[("src/domain/a.rs", "#[cfg(test)]\nmod tests { fn f() { std::fs::read(\"x\"); } }")]);
}

#[test]
fn a_new_module_without_a_place_is_found() {
    one(&[("src/extra/mod.rs", "//! New.")], "src/extra/mod.rs:1:", "`extra` has no place");
}

#[test]
fn a_module_named_after_nothing_is_found() {
    one(&[("src/app/utils.rs", "")], "src/app/utils.rs:1:", "`utils`");
}

#[test]
fn a_circle_of_two_files_is_found() {
    let files = [
        ("src/domain/a.rs", "use super::b::B; pub struct A;"),
        ("src/domain/b.rs", "pub struct B; fn f() -> crate::domain::a::A { x }"),
    ];
    one(&files, "src/domain/a.rs:1:", "a circle of domain::a, domain::b");
}

#[test]
fn a_circle_of_three_files_is_found() {
    let files = [
        ("src/app/mod.rs", "mod a; mod b; mod c; pub fn all() { a::g() }"),
        ("src/app/a.rs", "use super::b; pub fn g() { b::h() }"),
        ("src/app/b.rs", "use super::{c::C}; pub fn h() {}"),
        ("src/app/c.rs", "pub struct C;\nuse crate::app; fn f() { app::a::g() }"),
    ];
    one(&files, "src/app/a.rs:1:", "a circle of app::a, app::b, app::c");
}

#[test]
fn a_circle_between_folders_is_found_though_no_two_files_make_one() {
    let files = [
        ("src/store/scan/mod.rs", "mod question; mod bits;"),
        ("src/store/scan/question.rs", "use crate::store::segment::pack::pack;"),
        ("src/store/scan/bits.rs", "pub fn bits() {}"),
        ("src/store/segment/mod.rs", "pub mod pack; mod build;"),
        ("src/store/segment/pack.rs", "pub fn pack() {}"),
        ("src/store/segment/build.rs", "use crate::store::scan::bits::bits;"),
    ];
    one(&files, "src/store/scan/question.rs:1:", "a circle of store::scan, store::segment");
}

#[test]
fn a_parent_and_a_child_that_use_each_other_are_a_circle() {
    let child = ("src/store/open.rs", "use super::Error; pub fn open() -> Error { Error }");
    one(
        &[("src/store/mod.rs", "mod open; pub struct Error; pub fn start() { open::open() }"), child],
        "src/store/mod.rs:1:",
        "a circle of store, store::open",
    );
    none(&[("src/store/mod.rs", "mod open; pub use open::open; pub struct Error;"), child]);
    none(&[
        ("src/store/mod.rs", "mod open; mod error; pub use error::Error; pub fn start() { open::open() }"),
        ("src/store/error.rs", "pub struct Error;"),
        child,
    ]);
}

#[test]
fn a_parent_that_uses_what_it_hands_on_is_no_signpost() {
    one(
        &[
            ("src/store/mod.rs", "mod open; pub use open::open; pub struct Error; fn f() { open() }"),
            ("src/store/open.rs", "use super::Error; pub fn open() {}"),
        ],
        "src/store/mod.rs:1:",
        "a circle of store, store::open",
    );
}

#[test]
fn siblings_that_meet_through_their_parents_names_are_a_circle() {
    one(
        &[
            ("src/domain/mod.rs", "mod a; mod b; pub use a::A; pub use b::*;"),
            ("src/domain/a.rs", "use super::B; pub struct A;"),
            ("src/domain/b.rs", "use crate::domain::A; pub struct B;"),
        ],
        "src/domain/a.rs:1:",
        "a circle of domain::a, domain::b",
    );
}

#[test]
fn everything_of_a_parent_is_a_use_of_it() {
    let parent = ("src/app/mod.rs", "mod a; pub struct Job; pub fn all() { a::g() }");
    one(&[parent, ("src/app/a.rs", "use super::*; pub fn g() {}")], "src/app/mod.rs:1:", "app, app::a");
    none(&[parent, ("src/app/a.rs", "use crate::app as home; pub fn g() {}")]);
}

#[test]
fn tests_may_use_what_uses_them() {
    none(&[
        (
            "src/domain/a.rs",
            "pub struct A;\n#[cfg(test)]\nmod tests { use super::*; use crate::domain::b::B; }",
        ),
        ("src/domain/b.rs", "use super::a::A; pub struct B;"),
    ]);
}

#[test]
fn a_file_that_is_not_rust_is_named() {
    one(&[("src/domain/a.rs", "fn f( {")], "src/domain/a.rs", "not Rust");
}
