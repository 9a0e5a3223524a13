//! `tests/run` itself, in a tree of its own where every tool it calls is a stand-in that does what the test asks.

use std::path::{Path, PathBuf};
use std::process::Command;

struct Tree {
    folder: tempfile::TempDir,
}

struct Answer {
    code: i32,
    text: String,
}

impl Tree {
    /// A copy of the script with tools that succeed and say nothing.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let tree = Self { folder };
        std::fs::create_dir_all(tree.path("tests/browser/node_modules")).unwrap();
        std::fs::create_dir_all(tree.path("tools")).unwrap();
        std::fs::write(tree.path("tests/browser/package-lock.json"), "{}").unwrap();
        std::fs::write(tree.path("tests/browser/a.test.mjs"), "").unwrap();
        std::fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/run"), tree.path("tests/run"))
            .unwrap();
        for tool in ["cargo", "npm", "chromium", "strace"] {
            tree.tool(tool, "");
        }
        tree.tool("node", "[ \"$1\" != --version ] || echo v20.1.0");
        tree
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Every call of a tool is noted in `calls`.
    fn tool(&self, name: &str, does: &str) {
        use std::os::unix::fs::PermissionsExt;
        let file = self.path(&format!("tools/{name}"));
        let calls = self.path("calls");
        std::fs::write(
            &file,
            format!("#!/bin/sh\necho {name} \"$@\" QUICK=$QUICK >>'{}'\n{does}\n", calls.display()),
        )
        .unwrap();
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn run(&self, mode: &str, ci: bool) -> Answer {
        let mut command = Command::new("/bin/bash");
        // The stand-ins, then the plain tools of the system through links: a real apt-get is never in reach.
        for tool in ["bash", "cat", "dirname", "env", "grep", "id", "mktemp", "rm", "sed", "sha256sum", "tee"]
        {
            let real =
                ["/usr/bin", "/bin"].iter().map(|d| Path::new(d).join(tool)).find(|p| p.exists()).unwrap();
            let _ = std::os::unix::fs::symlink(real, self.path(&format!("tools/{tool}")));
        }
        command.arg(self.path("tests/run")).args((!mode.is_empty()).then_some(mode)).env_clear();
        command.env("PATH", self.path("tools")).env("HOME", self.folder.path());
        if ci {
            command.env("CI", "true");
        }
        let answer = command.output().unwrap();
        let text = [answer.stdout, answer.stderr].concat();
        Answer { code: answer.status.code().unwrap(), text: String::from_utf8_lossy(&text).into_owned() }
    }

    fn calls(&self) -> String {
        std::fs::read_to_string(self.path("calls")).unwrap_or_default()
    }
}

#[test]
fn everything_runs_in_one_go() {
    let tree = Tree::new();
    let answer = tree.run("", true);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.text.ends_with("0 skipped\ntests/run: all passed\n"), "{}", answer.text);
    let calls = tree.calls();
    for call in ["cargo fmt --check", "cargo clippy", "-D warnings", "cargo test", "npm ci", "node --test"] {
        assert!(calls.contains(call), "{call} is not among\n{calls}");
    }
}

#[test]
fn a_skip_is_told_and_fails_only_under_ci() {
    let tree = Tree::new();
    tree.tool("cargo", "[ \"$1\" != test ] || echo 'SKIP: power cuts: no such machine'");
    let answer = tree.run("", false);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.text.contains("1 skipped\ntests/run: all passed"), "{}", answer.text);
    let answer = tree.run("", true);
    assert_eq!(answer.code, 1, "{}", answer.text);
    assert!(answer.text.contains("failed: skipped tests"), "{}", answer.text);
}

#[test]
fn a_missing_tool_is_a_skip() {
    let tree = Tree::new();
    std::fs::remove_file(tree.path("tools/chromium")).unwrap();
    let answer = tree.run("", false);
    assert_eq!(answer.code, 0, "{}", answer.text);
    assert!(answer.text.contains("\nSKIP: chromium: "), "{}", answer.text);
    assert!(!tree.calls().contains("node --test"), "{}", tree.calls());
    assert_eq!(tree.run("", true).code, 1);
    assert_eq!(tree.run("quick", true).code, 0, "quick needs no browser");
}

#[test]
fn a_browser_runtime_too_old_is_a_skip() {
    let tree = Tree::new();
    tree.tool("node", "echo v18.20.4");
    let answer = tree.run("", false);
    assert!(
        answer.text.contains("SKIP: browser tests: node 20 or newer is needed, this is v18.20.4"),
        "{}",
        answer.text
    );
}

#[test]
fn a_failing_step_is_named_and_the_others_still_run() {
    let tree = Tree::new();
    tree.tool("cargo", "[ \"$1\" != clippy ] || { echo 'warning: x'; exit 101; }");
    let answer = tree.run("", false);
    assert_eq!(answer.code, 1);
    assert!(
        answer.text.contains("clippy: FAILED") && answer.text.contains("failed: clippy"),
        "{}",
        answer.text
    );
    assert!(tree.calls().contains("cargo test") && tree.calls().contains("node --test"));
}

#[test]
fn packages_are_fetched_again_only_when_the_lock_file_changed() {
    let tree = Tree::new();
    let fetched = |tree: &Tree| tree.calls().matches("npm ci").count();
    tree.run("", false);
    tree.run("", false);
    assert_eq!(fetched(&tree), 1);
    std::fs::write(tree.path("tests/browser/package-lock.json"), "{\"a\":1}").unwrap();
    tree.run("", false);
    assert_eq!(fetched(&tree), 2);
    tree.tool("npm", "exit 1");
    std::fs::write(tree.path("tests/browser/package-lock.json"), "{\"a\":2}").unwrap();
    assert_eq!(tree.run("", false).code, 1, "a failed fetch fails the step");
    assert_eq!(tree.run("", false).code, 1, "and is tried again");
}

#[test]
fn the_loops_of_faults_run_unless_quick() {
    let tree = Tree::new();
    tree.run("", true);
    assert!(tree.calls().contains("--show-output QUICK=\n"), "{}", tree.calls());
    std::fs::remove_file(tree.path("calls")).unwrap();
    tree.run("quick", true);
    let calls = tree.calls();
    assert!(calls.contains("--show-output QUICK=1\n") && !calls.contains("node"), "{calls}");
}

#[test]
fn an_unknown_word_is_a_usage_error() {
    let tree = Tree::new();
    assert_eq!(tree.run("fast", false).code, 2);
    assert_eq!(tree.calls(), "");
}

#[test]
fn both_scripts_can_be_run() {
    use std::os::unix::fs::PermissionsExt;
    for script in ["tests/run", ".ci/run"] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(script);
        let mode = std::fs::metadata(&file).unwrap().permissions().mode();
        assert_eq!(mode & 0o111, 0o111, "{script}");
        let check = Command::new("bash").arg("-n").arg(&file).status().unwrap();
        assert!(check.success(), "{script}");
    }
}
