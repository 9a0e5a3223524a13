//! Holds the manners of the tree: lengths, heads, what templates never contain, what is never left behind,
//! and which names lie at the top. Every rule judges (path, text) pairs, so that planted faults prove it.

use std::path::Path;
use std::process::Command;

const LINES_MAX: usize = 600;
/// Rust files of one folder: fifteen and its `mod.rs`.
const FILES_MAX: usize = 16;

/// What the top of the tree holds.
pub(crate) const TOP: &[&str] = &[
    ".cargo",
    ".cargo",
    ".ci",
    ".gitattributes",
    ".gitignore",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "NOTICE",
    "README.md",
    "SECURITY.md",
    "askama.toml",
    "clippy.toml",
    "packaging",
    "rustfmt.toml",
    "src",
    "static",
    "templates",
    "tests",
];

/// In pieces, so that this file does not hold what it forbids.
const LEFT_BEHIND: &[(&str, &str)] = &[
    (concat!("#[", "allow("), "a lint silenced; expect it, with a reason"),
    (concat!("#![", "allow("), "a lint silenced; expect it, with a reason"),
    (concat!("#[", "ignore"), "a test that does not run"),
    (concat!("to", "do!("), "unfinished work"),
    (concat!("unimple", "mented!("), "unfinished work"),
    (concat!("db", "g!("), "left over from a search"),
    (concat!("escape = ", "\"none\""), "a template without escaping"),
];

const IN_TEMPLATES: &[(&str, &str)] = &[
    ("style=\"", "an inline style: the policy of the pages refuses it"),
    ("style='", "an inline style: the policy of the pages refuses it"),
    ("http://", "an absolute address: pages ask nobody but this server"),
    ("https://", "an absolute address: pages ask nobody but this server"),
    ("=\"//", "an address on another host"),
    ("javascript:", "script in an attribute"),
];

/// Everything wrong with one file, as `path:line: what`.
fn faults(file: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut add = |line: usize, what: &str| found.push(format!("{file}:{line}: {what}"));
    let area = file.split('/').next().unwrap_or(file);
    let data = file.starts_with("tests/data/") || file.ends_with("-lock.json") || file.ends_with(".lock");
    let lines = text.lines().count();
    let written = [".rs", ".html", ".css", ".js", ".mjs", "/run"].iter().any(|end| file.ends_with(end));
    if written && !data && lines > LINES_MAX {
        add(lines, &format!("{lines} lines; at most {LINES_MAX}"));
    }
    let rust = file.ends_with(".rs");
    if rust && !text.starts_with("//! ") {
        add(1, "no `//!` head that says what the file is for");
    }
    for (line, text) in (1..).zip(text.lines()) {
        if rust {
            LEFT_BEHIND.iter().filter(|(bad, _)| text.contains(bad)).for_each(|(_, why)| add(line, why));
        }
        if area == "templates" {
            IN_TEMPLATES.iter().filter(|(bad, _)| text.contains(bad)).for_each(|(_, why)| add(line, why));
            if text.replace(' ', "").contains("|safe") {
                add(line, "unescaped output");
            }
            if has_handler(text) {
                add(line, "an inline event handler: the policy of the pages refuses it");
            }
        }
        if !data && names_a_machine(text) {
            add(line, "a path of one machine");
        }
        if file.ends_with("package-lock.json") && text.contains("://") && text.contains("\"resolved\"") {
            add(line, "the lock file names the host of a registry");
        }
    }
    if file == "Cargo.toml" {
        bare_dependencies(text)
            .for_each(|(line, name)| add(line, &format!("`{name}` is there without a reason")));
    }
    if file == "clippy.toml" && !text.lines().any(|l| l == "too-many-lines-threshold = 70") {
        add(1, "a function has at most 70 lines: too-many-lines-threshold = 70");
    }
    if !TOP.contains(&area) {
        add(1, &format!("`{area}` has no place at the top of the tree"));
    }
    found
}

/// ` onclick=` and its kin inside a tag.
fn has_handler(text: &str) -> bool {
    text.split([' ', '\t', '"', '\'', '/']).any(|word| {
        word.strip_prefix("on")
            .and_then(|rest| rest.split_once('='))
            .is_some_and(|(name, _)| name.len() > 2 && name.bytes().all(|b| b.is_ascii_lowercase()))
    })
}

/// A folder that exists where somebody worked, not where the product runs.
fn names_a_machine(text: &str) -> bool {
    let spared = ["mktemp", "TMPDIR", "tempfile"].iter().any(|word| text.contains(word));
    let folders = ["work", "root", "tmp", "farm"].map(|name| format!("/{name}/"));
    !spared
        && folders.iter().any(|folder| {
            text.match_indices(folder.as_str()).any(|(at, _)| {
                let before = text[..at].chars().next_back();
                let after = text[at + folder.len()..].chars().next();
                !before.is_some_and(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.' || c == '}')
                    && after.is_some_and(|c| c.is_ascii_alphabetic() || c == '.')
            })
        })
}

/// Dependencies whose line has no comment, with their line numbers.
fn bare_dependencies(manifest: &str) -> impl Iterator<Item = (usize, String)> {
    let mut within = false;
    let mut found = Vec::new();
    for (number, line) in (1..).zip(manifest.lines()) {
        if line.starts_with('[') {
            within = line.trim_end_matches(']').ends_with("dependencies");
        } else if let Some((name, rest)) = line.split_once('=')
            && within
            && !line.trim_start().starts_with('#')
            && rest.rsplit_once('#').is_none_or(|(_, reason)| reason.trim().len() < 4)
        {
            found.push((number, name.trim().to_owned()));
        }
    }
    found.into_iter()
}

/// Every text file of the project: what git tracks or would track; without git, what lies in the known folders.
pub(crate) fn project() -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let listed = Command::new("git")
        .args(["ls-files", "-z", "--cached", "--others", "--exclude-standard"])
        .current_dir(root)
        .output()
        .ok()
        .filter(|answer| answer.status.success() && !answer.stdout.is_empty());
    let Some(answer) = listed else {
        return ["src", "templates", "static", "tests/it"]
            .iter()
            .flat_map(|folder| ["rs", "html", "css", "js"].map(|end| crate::sources(folder, end)))
            .flatten()
            .collect();
    };
    String::from_utf8(answer.stdout)
        .unwrap()
        .split_terminator('\0')
        .filter_map(|file| Some((file.to_owned(), std::fs::read_to_string(root.join(file)).ok()?)))
        .collect()
}

#[test]
fn the_tree_keeps_its_manners() {
    let files = project();
    assert!(files.iter().any(|(file, _)| file == "src/lib.rs"), "the sources were not found");
    let found: Vec<String> = files.iter().flat_map(|(file, text)| faults(file, text)).collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[track_caller]
fn check(file: &str, text: &str, words: &[&str]) {
    let found = faults(file, text);
    assert_eq!(found.len(), words.len(), "{file}: {found:#?}");
    for (fault, words) in found.iter().zip(words) {
        assert!(fault.contains(words), "{fault} does not say {words}");
    }
}

#[test]
fn a_file_may_have_600_lines_and_not_one_more() {
    for (file, head) in [
        ("src/a.rs", "//! A.\n"),
        ("static/a.css", "\n"),
        ("tests/browser/a.mjs", "\n"),
        ("templates/a.html", "\n"),
    ] {
        check(file, &format!("{head}{}", "\n".repeat(LINES_MAX - 1)), &[]);
        check(file, &format!("{head}{}", "\n".repeat(LINES_MAX)), &["601 lines; at most 600"]);
    }
    for data in ["tests/data/long.txt", "src/domain/data/long.yaml", "tests/browser/package-lock.json"] {
        check(data, &"\n".repeat(LINES_MAX + 1), &[]);
    }
}

#[test]
fn a_rust_file_begins_with_what_it_is_for() {
    check("src/a.rs", "//! The a of things.\n", &[]);
    for text in ["", "use x;", "// A.", "//!\n"] {
        check("src/a.rs", text, &["no `//!` head"]);
    }
}

#[test]
fn what_is_left_behind_in_code_is_found() {
    for (bad, why) in LEFT_BEHIND {
        check("src/a.rs", &format!("//! A.\n    {bad}x)]\n"), &[why]);
        check("tests/it/a.rs", &format!("//! A.\n{bad}x)]\n"), &[why]);
    }
    check("src/a.rs", "//! A.\n#[expect(dead_code, reason = \"x\")]\n", &[]);
}

#[test]
fn a_template_holds_no_style_no_handler_no_address_and_nothing_unescaped() {
    for (text, words) in [
        ("<p style=\"x\">", "inline style"),
        ("<p style='x'>", "inline style"),
        ("<a href=\"http://x.test\">", "absolute address"),
        ("<a href=\"https://x.test\">", "absolute address"),
        ("<img src=\"//x.test/y\">", "another host"),
        ("<a href=\"javascript:x\">", "script in an attribute"),
        ("<p onclick=\"x\">", "event handler"),
        ("<p\tonmouseover='x'>", "event handler"),
        ("<img src=\"x\"onerror=x>", "event handler"),
        ("{{ name|safe }}", "unescaped"),
        ("{{ name | safe }}", "unescaped"),
    ] {
        check("templates/a/b.html", text, &[words]);
    }
    check("templates/a/b.html", "<a href=\"/on\" class=\"one=two\">on {{ name }} safe</a>", &[]);
    check("README.md", "<a href=\"https://x.test\">", &[]);
}

#[test]
fn a_path_of_one_machine_is_found() {
    for folder in ["work", "root", "tmp", "farm"] {
        check("README.md", &format!("see /{folder}/x"), &["a path of one machine"]);
        check("README.md", &format!("see there/{folder}/x, /{folder}/ and /{folder}"), &[]);
    }
    check("tests/run", concat!("d=$(mktemp -d /t", "mp/x.XXXX)"), &[]);
    check("tests/data/strings.txt", concat!("touch /t", "mp/x"), &[]);
}

#[test]
fn a_lock_file_names_no_host() {
    let line = "  \"resolved\": \"https://packages.example/a.tgz\",";
    check("tests/browser/package-lock.json", line, &["names the host"]);
    check("tests/browser/package-lock.json", "\"url\": \"https://opencollective.example/a\"", &[]);
}

#[test]
fn a_dependency_has_its_reason_beside_it() {
    let manifest = "[package]\nname = \"x\"\n[dependencies]\na = \"1\"\nb = \"1\" # sorts\n\n[dev-dependencies]\nc = { version = \"1\" }\n\
                    [target.'cfg(unix)'.dependencies]\nd = \"1\" #\n[features]\ne = []\n";
    check("Cargo.toml", manifest, &["4: `a`", "8: `c`", "10: `d`"]);
}

#[test]
fn the_length_of_a_function_is_held_by_clippy() {
    check("clippy.toml", "too-many-lines-threshold = 70\n", &[]);
    check("clippy.toml", "too-many-lines-threshold = 700\n", &["at most 70 lines"]);
}

#[test]
fn a_stray_name_at_the_top_is_found() {
    check("notes.txt", "", &["`notes.txt` has no place"]);
    check("scripts/a.sh", "", &["`scripts` has no place"]);
}

/// Folders whose own `.rs` files are more than a reader takes in at a glance.
fn over_full_folders<'a>(files: impl Iterator<Item = &'a str>) -> Vec<String> {
    let mut counts = std::collections::BTreeMap::<&str, usize>::new();
    for file in files.filter(|file| file.starts_with("src/") && file.ends_with(".rs")) {
        if let Some((folder, _)) = file.rsplit_once('/') {
            *counts.entry(folder).or_default() += 1;
        }
    }
    let over = counts.into_iter().filter(|(_, count)| *count > FILES_MAX);
    over.map(|(folder, count)| format!("{folder}: {count} files; at most {FILES_MAX}")).collect()
}

#[test]
fn no_folder_has_too_many_files() {
    let files = crate::sources("src", "rs");
    let found = over_full_folders(files.iter().map(|(file, _)| file.as_str()));
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn a_folder_may_have_16_files_and_not_one_more() {
    let files: Vec<String> = (0..=FILES_MAX).map(|n| format!("src/a/f{n}.rs")).collect();
    let names = || files.iter().map(String::as_str);
    assert_eq!(
        over_full_folders(names().skip(1).chain(["src/a/b/c.rs", "src/a/data.txt"])),
        Vec::<String>::new()
    );
    assert_eq!(over_full_folders(names()), ["src/a: 17 files; at most 16"]);
}
