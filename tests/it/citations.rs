//! Holds the references that comments make. A rule is cited by its number in `src/domain/rules.md`, and no text names
//! a page that a reader of the repository cannot open. Both checks judge (path, text) pairs, so planted faults prove
//! them.

use std::collections::BTreeSet;

use crate::style::{TOP, project};

const RULES: &str = include_str!("../../src/domain/rules.md");
const END: &str = concat!(".", "md");

/// The numbers that the page of rules defines: a rule is an item of a numbered list.
fn defined_rules(page: &str) -> BTreeSet<u32> {
    page.lines().filter_map(|line| line.split_once(". ")?.0.parse().ok()).collect()
}

/// The numbers behind one citation: `12`, `19, 20`, `19-22`, `1 to 10` and their mixtures.
fn cited_rules(after: &str) -> Vec<u32> {
    let mut rest = after;
    let mut cited = Vec::new();
    let mut is_range = false;
    loop {
        let digits = rest.len() - rest.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let Ok(number) = rest[..digits].parse::<u32>() else { return cited };
        match cited.last() {
            Some(first) if is_range => cited.extend(first + 1..=number),
            _ => cited.push(number),
        }
        rest = &rest[digits..];
        let Some((sign, next)) = ["-", " to ", ", ", " and "]
            .iter()
            .find_map(|sign| rest.strip_prefix(sign).map(|next| (*sign, next)))
        else {
            return cited;
        };
        (rest, is_range) = (next, sign == "-" || sign == " to ");
    }
}

fn is_of_a_path(c: char) -> bool {
    c.is_ascii_alphanumeric() || "_-./".contains(c)
}

/// Every wrong reference in one file, as `path:line: what`. `files` are the paths of the repository.
fn wrong_references(file: &str, text: &str, files: &BTreeSet<&str>, rules: &BTreeSet<u32>) -> Vec<String> {
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        for (at, _) in line.match_indices(END) {
            let after = &line[at + END.len()..];
            let before = &line[..at];
            let start = before
                .rfind(|c| !is_of_a_path(c))
                .map_or(0, |at| at + before[at..].chars().next().map_or(1, char::len_utf8));
            let page = format!("{}{END}", &before[start..]);
            let is_page = start < at && !after.starts_with(is_of_a_word);
            // An address on another host is no page of ours.
            if !is_page || before.contains("://") || TOP.contains(&page.as_str()) {
                continue;
            }
            if !files.iter().any(|known| *known == page || known.ends_with(&format!("/{page}"))) {
                found.push(format!("{file}:{number}: `{page}` is not in the repository"));
            }
            if page == "rules.md" {
                let cited = cited_rules(after.trim_start());
                for rule in cited.iter().filter(|rule| !rules.contains(rule)) {
                    found.push(format!("{file}:{number}: there is no rule {rule}"));
                }
            }
        }
    }
    found
}

fn is_of_a_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_'
}

#[test]
fn every_cited_rule_and_page_exists() {
    let files = project();
    let paths: BTreeSet<&str> = files.iter().map(|(file, _)| file.as_str()).collect();
    let rules = defined_rules(RULES);
    let found: Vec<String> = files
        .iter()
        // Domains end like pages do.
        .filter(|(file, _)| file != "tests/it/citations.rs" && !file.ends_with("/free_mail_domains.txt"))
        .flat_map(|(file, text)| wrong_references(file, text, &paths, &rules))
        .collect();
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn the_rules_are_numbered_without_a_gap() {
    let rules = defined_rules(RULES);
    assert_eq!(rules.len(), 42);
    assert!((1..).zip(&rules).all(|(number, rule)| number == *rule), "{rules:?}");
}

#[test]
fn a_rule_or_a_page_that_does_not_exist_is_found() {
    let files = BTreeSet::from(["src/domain/rules.md", "ARCHITECTURE.md", "src/a.rs"]);
    let rules = (1..=30).collect();
    let of = |text: &str| wrong_references("src/a.rs", text, &files, &rules);
    for good in [
        "/// rules.md 30",
        "(rules.md 13, 19-22).",
        "//! rules.md 1 to 10, each",
        "see src/domain/rules.md, [how](ARCHITECTURE.md)",
        "https://example.com/there/README.md",
        "a.md5 and x.mdb and .md alone",
        "a SECURITY.md may come",
    ] {
        assert_eq!(of(good), Vec::<String>::new(), "{good}");
    }
    for (bad, what) in [
        ("/// rules.md 34", "there is no rule 34"),
        ("(rules.md 0)", "there is no rule 0"),
        ("rules.md 4, 29-31, 2", "there is no rule 31"),
        ("rules.md 1 to 31", "there is no rule 31"),
        ("(design.md 4)", "`design.md` is not in the repository"),
        ("“bar.md”", "`bar.md` is not in the repository"),
        ("src/rules.md 3", "`src/rules.md` is not in the repository"),
    ] {
        let found = of(bad);
        assert!(found.len() == 1 && found[0].contains(what), "{bad}: {found:?}");
    }
}

/// The table of security requirements names tests. A test that was renamed would leave it untrue.
#[test]
fn the_tests_that_the_table_of_requirements_names_are_there() {
    let (table, files) = (include_str!("../asvs.md"), project());
    let sources: Vec<&str> =
        files.iter().filter(|(path, _)| path.ends_with(".rs")).map(|(_, text)| text.as_str()).collect();
    let mut missing = Vec::new();
    for name in table.split('`').skip(1).step_by(2) {
        let last = name.rsplit("::").next().unwrap_or(name);
        let is_test = last.matches('_').count() >= 2 && !last.contains(['/', '.', '-']);
        let is_there = |text: &&str| text.contains(&format!("fn {last}("));
        let is_file = |(path, _): &(String, String)| *path == name || path.ends_with(&format!("/{name}"));
        if is_test && !sources.iter().any(is_there) || name.ends_with(".rs") && !files.iter().any(is_file) {
            missing.push(name);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
}
