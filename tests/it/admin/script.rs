//! The script of the admin pages, as it is served.

use rquickjs::{Context, Module, Runtime};

fn joined() -> String {
    let mut files: Vec<_> =
        std::fs::read_dir("static/admin/js").unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files.iter().map(|path| std::fs::read_to_string(path).unwrap()).collect()
}

fn parses(source: &str) -> bool {
    let runtime = Runtime::new().unwrap();
    let context = Context::full(&runtime).unwrap();
    context.with(|ctx| Module::declare(ctx, "admin.js", source).is_ok())
}

#[test]
fn the_files_joined_are_one_module() {
    assert!(parses(&joined()));
    assert!(!parses("const a = 1; const a = 2;"), "what is declared twice is noticed");
}

#[test]
fn the_script_writes_text_and_asks_no_other_host() {
    let script = joined();
    for bad in ["innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", "://", "import "] {
        assert!(!script.contains(bad), "{bad}");
    }
}
