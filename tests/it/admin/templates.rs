//! Templates contain only structure: no prose, no inline style or script, and nothing unescaped.

use std::path::PathBuf;

/// All files in a folder with this ending, recursively.
fn files(folder: &str, ending: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.to_string_lossy().ends_with(ending) {
                found.push((path.display().to_string(), std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    assert!(!found.is_empty(), "no {ending} in {folder:?}");
    found
}

/// The template without askama tags; each expression becomes `\u{1}`.
fn without_expressions(template: &str) -> String {
    let mut text = template.to_owned();
    for (open, close) in [("{{", "}}"), ("{%", "%}"), ("{#", "#}")] {
        while let Some(start) = text.find(open) {
            let end = start + text[start..].find(close).expect("closed") + close.len();
            text.replace_range(start..end, if open == "{{" { "\u{1}" } else { "" });
        }
    }
    text
}

/// The texts between tags, and the attributes that people read.
fn readable(template: &str) -> Vec<String> {
    const READ: [&str; 6] =
        [" title=\"", " aria-label=\"", " placeholder=\"", " alt=\"", " value=\"", " label=\""];
    /// Values of buttons and fields that only programs read.
    const WORDS: [&str; 10] =
        ["on", "custom", "approve", "check", "dismiss", "restore", "renew", "drop", "accept", "withdraw"];
    let text = without_expressions(template);
    let mut found = Vec::new();
    for piece in text.split('<') {
        let (tag, between) = piece.split_once('>').unwrap_or(("", piece));
        // The name of a key is the same in every language.
        if !tag.starts_with("kbd") {
            found.push(between.to_owned());
        }
        for name in READ {
            let values = tag.split(name).skip(1).filter_map(|rest| rest.split('"').next());
            found.extend(values.filter(|v| !WORDS.contains(v)).map(str::to_owned));
        }
    }
    found
}

#[test]
fn templates_hold_no_prose() {
    for (name, template) in files("templates", ".html") {
        for text in readable(&template) {
            assert!(!text.chars().any(char::is_alphabetic), "{name} holds “{}”", text.trim());
        }
    }
}

#[test]
fn prose_in_a_template_is_found() {
    for bad in [
        "<p>Hello</p>",
        "<a title=\"Go\">{{ x }}</a>",
        "{{ a }} visitors",
        "<input placeholder=\"{{ a }} b\">",
    ] {
        assert!(readable(bad).iter().any(|t| t.chars().any(char::is_alphabetic)), "{bad}");
    }
    let good = "<p class=\"x\">{{ t.hello }} · <kbd>g</kbd></p><input value=\"custom\">";
    assert!(!readable(good).iter().any(|t| t.chars().any(char::is_alphabetic)));
}

/// rules.md 27
#[test]
fn templates_hold_no_inline_style_script_or_other_host() {
    for (name, template) in files("templates", ".html") {
        let markup = without_expressions(&template);
        for bad in [" style=", "javascript:", "://", "<style", "<iframe", "<base", "<object"] {
            // The preview of the consent banner shows a page of this server in a frame.
            let is_preview = bad == "<iframe" && name.ends_with("_banner_preview.html");
            assert!(is_preview || !markup.contains(bad), "{name} holds {bad}");
        }
        for attribute in markup.split_whitespace().filter(|a| a.contains("=\"")) {
            assert!(!attribute.starts_with("on"), "{name} holds {attribute}");
        }
        for script in markup.split("<script").skip(1) {
            let tag = script.split('>').next().unwrap();
            assert!(tag.contains("nonce=\"\u{1}\"") && tag.contains(" src="), "{name}: {tag}");
        }
    }
}

#[test]
fn nothing_bypasses_the_escaping() {
    for (name, template) in files("templates", ".html") {
        let tight = template.replace(' ', "");
        for bad in ["|safe", "|escape(", "{%autoescape", "{%filter"] {
            assert!(!tight.contains(bad), "{name} holds {bad}");
        }
    }
    for (name, source) in files("src/web", ".rs") {
        assert!(!source.contains("filters::Safe") && !source.contains("escape = \"none\""), "{name}");
        // Only a struct that one of our escaping templates renders may be inserted without escaping.
        for marked in source.split("impl HtmlSafe for ").skip(1) {
            let what = marked.split([' ', '<', '{']).next().unwrap();
            let of = [format!("struct {what}"), format!("enum {what}")];
            let at =
                of.iter().find_map(|d| source.find(&format!("pub {d}"))).expect("it stands in the same file");
            let head = &source[at.saturating_sub(200)..at];
            assert!(head.contains("Template)]") && head.contains(".html\")]"), "{name}: {what}");
        }
    }
}

#[test]
fn every_form_that_changes_something_carries_the_token() {
    for (name, template) in files("templates", ".html") {
        for form in template.split("<form").skip(1) {
            let form = form.split("</form>").next().unwrap();
            let posts = form.contains("method=\"post\"");
            assert!(posts || form.contains("method=\"get\""), "{name}: a form says how it is sent");
            // Nobody is signed in on the page for visitors: what is typed there decides alone, and no cookie.
            let needs_token = posts && !name.ends_with("visitor_page/show.html");
            assert_eq!(
                needs_token,
                form.contains("name=\"csrf\""),
                "{name}: a form that posts carries the token"
            );
        }
    }
}
