//! The minified scripts in the repository are what oxc_minifier makes of the parts. After a change of a part,
//! `MINIFY=1 cargo test --test it tracker::minified` makes them again.

use std::fmt::Write;
use std::fs;
use std::path::PathBuf;

use guestlog::tracker::{ARGUMENTS, parameters};
use oxc::allocator::Allocator;
use oxc::ast::ast::{Program, Statement};
use oxc::codegen::{Codegen, CodegenOptions};
use oxc::minifier::{CompressOptions, Minifier, MinifierOptions};
use oxc::parser::Parser;
use oxc::span::SourceType;
use oxc_compat::EngineTargets;

/// What the syntax of the parts must be no newer than: all browsers in use know it.
const SYNTAX: &str = "es2015";

/// The part that accounts are served only if they count navigation inside pages.
pub(super) const MOVES: &str = "61_moves.js";
/// The part that accounts are served only if they have a consent policy.
pub(super) const POLICIES: &str = "35_policies.js";
/// The part that accounts are served only if their policy may show something.
pub(super) const BANNER: &str = "37_banner.js";
/// The part that accounts are served only if they collect forms.
pub(super) const COLLECTED: &str = "84_forms.js";

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

/// The script of the wanted parts. The minifier leaves the name alone that stands for the settings.
pub(super) fn minify(wanted: fn(&str) -> bool) -> String {
    let parts: String = parts().into_iter().filter(|(name, _)| wanted(name)).map(|(_, text)| text).collect();
    let parts = with_arrows(&parts);
    minify_script(&format!("(({}) => {{\n'use strict';\n{parts}}})({ARGUMENTS});\n", parameters().join(", ")))
}

pub(super) fn minify_script(script: &str) -> String {
    let allocator = Allocator::default();
    let mut parsed = parse(&allocator, script);
    let compress =
        CompressOptions { target: EngineTargets::from_target(SYNTAX).unwrap(), ..CompressOptions::default() };
    let options = MinifierOptions { compress: Some(compress), ..MinifierOptions::default() };
    let minified = Minifier::new(options).minify(&allocator, &mut parsed);
    let codegen = Codegen::new().with_options(CodegenOptions::minify()).with_scoping(minified.scoping);
    codegen.build(&parsed).code + "\n"
}

fn parse<'a>(allocator: &'a Allocator, script: &'a str) -> Program<'a> {
    let parsed = Parser::new(allocator, script, SourceType::cjs()).parse();
    assert!(parsed.errors.is_empty(), "{:?}", parsed.errors);
    parsed.program
}

/// Writes the functions of the parts as arrow functions, which are shorter. Other than a function, an arrow function exists
/// only from its place on, so a part calls while it is loaded only what stands above. The script does nothing at all
/// otherwise, and every test of it fails.
pub(super) fn with_arrows(parts: &str) -> String {
    let allocator = Allocator::default();
    let program = parse(&allocator, parts);
    let (mut written, mut end) = (String::new(), 0);
    for statement in &program.body {
        let Statement::FunctionDeclaration(function) = statement else { continue };
        let name = function.id.as_ref().unwrap().name.as_str();
        let params = function.params.span.source_text(parts);
        let body = function.body.as_ref().unwrap().span.source_text(parts);
        written += &parts[end..function.span.start as usize];
        write!(written, "const {name} = {params} => {body};").unwrap();
        end = function.span.end as usize;
    }
    written + &parts[end..]
}

#[test]
fn the_minified_scripts_are_what_the_minifier_makes_of_the_parts() {
    let scripts = [
        ("script.js", minify(|name| ![COLLECTED, POLICIES, BANNER].contains(&name))),
        ("without_moves.js", minify(|name| ![MOVES, COLLECTED, POLICIES, BANNER].contains(&name))),
        ("with_forms.js", minify(|name| ![POLICIES, BANNER].contains(&name))),
        ("with_forms_without_moves.js", minify(|name| ![MOVES, POLICIES, BANNER].contains(&name))),
        ("with_policies.js", minify(|name| ![COLLECTED, BANNER].contains(&name))),
        ("with_policies_without_moves.js", minify(|name| ![MOVES, COLLECTED, BANNER].contains(&name))),
        ("with_policies_and_forms.js", minify(|name| name != BANNER)),
        ("with_policies_and_forms_without_moves.js", minify(|name| ![MOVES, BANNER].contains(&name))),
        ("with_banner.js", minify(|name| name != COLLECTED)),
        ("with_banner_without_moves.js", minify(|name| ![MOVES, COLLECTED].contains(&name))),
        ("with_banner_and_forms.js", minify(|_| true)),
        ("with_banner_and_forms_without_moves.js", minify(|name| name != MOVES)),
    ];
    for (name, made) in scripts {
        let file = folder().join("minified").join(name);
        if std::env::var_os("MINIFY").is_some_and(|set| !set.is_empty()) {
            fs::write(&file, &made).unwrap();
        }
        assert!(fs::read_to_string(file).unwrap() == made, "make {name} again, see the head of this file");
        assert_eq!(made.matches(ARGUMENTS).count(), 1);
    }
}

/// An arrow function has no `arguments` of its own.
#[test]
fn functions_of_the_parts_name_their_parameters() {
    for (name, text) in parts() {
        for line in text.lines().filter(|line| line.contains("arguments")) {
            assert!(line.starts_with("    "), "{name}: {line}");
        }
    }
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
