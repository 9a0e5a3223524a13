//! The minified script in the repository is what oxc_minifier makes of the parts. After a change of a part,
//! `MINIFY=1 cargo test --test it tracker::minified` makes it again.

use std::fs;
use std::path::PathBuf;

use oxc::allocator::Allocator;
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::minifier::{CompressOptions, Minifier, MinifierOptions};
use oxc::parser::Parser;
use oxc::span::SourceType;
use oxc_compat::EngineTargets;

/// What the syntax of the parts must be no newer than: all browsers in use know it.
const SYNTAX: &str = "es2015";

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "static", "tracker"].iter().collect()
}

/// Names and texts of the parts, in the order of their names.
fn parts() -> Vec<(String, String)> {
    let files = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().path());
    let mut parts: Vec<(String, String)> = files
        .filter(|path| path.is_file())
        .map(|path| {
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            (name, fs::read_to_string(path).unwrap())
        })
        .collect();
    parts.sort();
    parts
}

/// The script of the wanted parts. The minifier leaves the name alone that stands for the options.
pub(super) fn minify(wanted: fn(&str) -> bool) -> String {
    let parts: String = parts().into_iter().filter(|(name, _)| wanted(name)).map(|(_, text)| text).collect();
    let script = format!("(function (cfg) {{\n'use strict';\n{parts}}})(GUESTLOG_OPTIONS);\n");
    let allocator = Allocator::default();
    let mut parsed = Parser::new(&allocator, &script, SourceType::cjs()).parse();
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    let compress =
        CompressOptions { target: EngineTargets::from_target(SYNTAX).unwrap(), ..CompressOptions::default() };
    let options = MinifierOptions { compress: Some(compress), ..MinifierOptions::default() };
    let minified = Minifier::new(options).minify(&allocator, &mut parsed.program);
    let codegen = Codegen::new().with_options(CodegenOptions::minify()).with_scoping(minified.scoping);
    codegen.build(&parsed.program).code + "\n"
}

#[test]
fn the_minified_script_is_what_the_minifier_makes_of_the_parts() {
    let file = folder().join("minified").join("script.js");
    let made = minify(|_| true);
    if std::env::var_os("MINIFY").is_some_and(|set| !set.is_empty()) {
        fs::write(&file, &made).unwrap();
    }
    assert!(fs::read_to_string(file).unwrap() == made, "make it again, see the head of this file");
    assert_eq!(made.matches("GUESTLOG_OPTIONS").count(), 1);
}

#[test]
fn older_browsers_understand_the_script() {
    let script = minify(|_| true);
    for newer in ["?.", "??", "**", "...", "catch{", "async ", "await "] {
        assert!(!script.contains(newer), "the script holds {newer}");
    }
    assert!(script.is_ascii());
}

#[test]
fn the_parts_say_what_they_are() {
    for (name, text) in parts() {
        let number = name.get(..3).unwrap();
        assert!(number.as_bytes()[..2].iter().all(u8::is_ascii_digit) && number.ends_with('_'), "{name}");
        assert!(text.lines().count() < 600 && text.starts_with("// "), "{name} needs a head");
        assert!(text.lines().all(|line| line.is_ascii() && line.len() <= 200), "{name}");
    }
}
