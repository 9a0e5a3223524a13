//! One integration binary.
#![cfg(test)]

mod admin;
mod changes;
mod citations;
mod cli;
mod collect;
mod durability;
mod fold;
mod fuzz;
mod generate;
mod geo;
mod harness;
mod hostile;
mod layering;
mod migration;
mod poison;
mod runner;
mod scan;
mod segments;
mod stories;
mod style;
mod tracker;

use std::path::Path;

/// Every file below a folder of the project whose name ends `.extension`, in order, as (path, text).
fn sources(folder: &str, extension: &str) -> Vec<(String, String)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut open = vec![root.join(folder)];
    let mut found = Vec::new();
    while let Some(folder) = open.pop() {
        let Ok(entries) = std::fs::read_dir(&folder) else { continue };
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else if path.extension().is_some_and(|end| end == extension) {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().replace('\\', "/");
                found.push((name, std::fs::read_to_string(&path).unwrap()));
            }
        }
    }
    found.sort();
    found
}
