//! Holds the layers of `src/` (the table in `lib.rs`): reads every source file and names each place that
//! breaks a rule.
//!
//! 1. A module uses what stands below it, never what stands beside or above. `config` is for `server` and
//!    what stands above it alone: the others get plain options from them.
//! 2. The crate root defines nothing; it declares modules and may hand names on.
//! 3. A fenced crate is used only by the modules that own it; `domain` touches neither files nor processes.
//! 4. Every top-level module has a place in the table, and no module is named after nothing (`utils`).
//! 5. No circle, at any depth. In each module, its own file and its children (each with all below it) are
//!    the nodes; an arrow is a use. `mod x;`, `use` of a bare module and `pub use` only show the way: what
//!    is named through them counts as used from where it is defined. So a child may use what its parent's
//!    file defines, or the parent may use the child, never both: what both need goes to a file of its own.
//!    Test modules may look around freely here and may read files, but keep the other rules.

mod planted;
mod read;

use std::collections::{BTreeMap, BTreeSet};

use read::{Mention, Path, Source, absolute};

/// From the ground up; those in one row stand beside each other.
const LAYERS: &[&[&str]] = &[
    &["base"],
    &["domain"],
    &["store", "geo", "tracker", "outbound", "config"],
    &["app"],
    &["web"],
    &["server"],
    &["demo"],
    &["bench"],
    &["cli"],
    &["main"],
];

/// Crates with the only modules that may name them.
const FENCES: &[(&str, &[&str])] = &[
    ("getrandom", &["base"]),
    ("url", &["domain"]),
    ("psl", &["domain"]),
    ("ua_parser", &["domain"]),
    ("isbot", &["domain"]),
    ("toml", &["config"]),
    ("rusqlite", &["store"]),
    ("roaring", &["store"]),
    ("maxminddb", &["geo"]),
    ("rust_embed", &["tracker", "web", "demo"]),
    ("flate2", &["web"]),
    ("zopfli", &["tracker"]),
    ("brotli", &["tracker", "web"]),
    ("argon2", &["app"]),
    ("oxc", &["app"]),
    ("encoding_rs", &["app"]),
    ("actix_multipart", &["web"]),
    ("actix_web", &["web", "server", "demo", "bench"]),
    ("askama", &["web"]),
    ("rustls", &["server"]),
    ("anyhow", &["server", "demo", "bench", "cli", "main"]),
    ("clap", &["server", "demo", "bench", "cli", "main"]),
    ("tracing_subscriber", &["server", "demo", "bench", "cli", "main"]),
];

/// What `domain` does not touch.
const IMPURE: &[&[&str]] =
    &[&["std", "fs"], &["std", "env"], &["std", "process"], &["std", "thread"], &["tokio"]];

/// Names that say nothing of what a module holds.
const EMPTY_NAMES: &[&str] = &["utils", "util", "common", "helpers", "helper", "models", "types", "misc"];

/// Every breach in these files, as (`src/…`, text) pairs; each begins with `file:line: `.
fn breaches(files: &[(String, String)]) -> Vec<String> {
    let mut found = BTreeSet::new();
    let mut house = House::default();
    for (file, text) in files {
        match read::read(file, text) {
            Ok(source) => drop(house.sources.insert(source.module.clone(), source)),
            Err(error) => drop(found.insert(error)),
        }
    }
    for source in house.sources.values() {
        house.judge_place(source, &mut found);
        for mention in &source.mentions {
            house.judge_mention(source, mention, &mut found);
        }
    }
    found.extend(house.circles());
    found.into_iter().collect()
}

/// All sources by module path.
#[derive(Default)]
struct House {
    sources: BTreeMap<Path, Source>,
}

/// What a path leads to.
enum Target {
    /// A crate or `std`, with the whole path.
    Outside(Path),
    /// A file of ours by its module path, and the item named in it, if any.
    Inside(Path, Option<String>),
}

impl House {
    fn judge_place(&self, source: &Source, found: &mut BTreeSet<String>) {
        let file = &source.file;
        let Some(top) = source.module.first() else {
            for item in source.defines.iter().filter(|d| *d != "tests") {
                found.insert(format!("{file}:1: the crate root defines `{item}`; it only declares modules"));
            }
            return;
        };
        if rank(top).is_none() {
            found.insert(format!("{file}:1: module `{top}` has no place in the layers"));
        }
        if let Some(name) = source.module.iter().find(|m| EMPTY_NAMES.contains(&m.as_str())) {
            found.insert(format!("{file}:1: a module named `{name}` says nothing of what it holds"));
        }
    }

    fn judge_mention(&self, source: &Source, mention: &Mention, found: &mut BTreeSet<String>) {
        let Some(own) = source.module.first() else { return };
        let at = format!("{}:{}", source.file, mention.line);
        for target in self.way(source, mention) {
            match target {
                Target::Outside(path) => {
                    if let Some(breach) = judge_outside(own, &path, mention.in_test) {
                        found.insert(format!("{at}: {breach}"));
                    }
                }
                Target::Inside(module, _) => {
                    if let Some(breach) = module.first().and_then(|top| judge_inside(own, top)) {
                        found.insert(format!("{at}: {breach}"));
                    }
                }
            }
        }
    }

    /// Where a path leads: first the file it names, then, through names handed on, the file that defines it.
    fn way(&self, source: &Source, mention: &Mention) -> Vec<Target> {
        let mut way = Vec::new();
        let mut path = self.rooted(source, &mention.path, &mention.scope);
        // A name can be handed on by a few modules in turn; more than this is a riddle of `pub use`.
        for _ in 0..8 {
            if path.first().is_none_or(|first| first != "crate") {
                way.push(Target::Outside(path));
                break;
            }
            let inside = path[1..].to_vec();
            let known = (0..=inside.len()).rev().find(|n| self.sources.contains_key(&inside[..*n]));
            let Some(known) = known else { break };
            let (module, rest) = inside.split_at(known);
            way.push(Target::Inside(module.to_vec(), rest.first().cloned()));
            let Some(onward) = rest.first().and_then(|name| self.handed_on(&self.sources[module], name))
            else {
                break;
            };
            path = onward.into_iter().chain(rest[1..].iter().cloned()).collect();
        }
        way
    }

    /// A path from `crate` on, or from the outside crate's name on.
    fn rooted(&self, source: &Source, path: &[String], scope: &[String]) -> Path {
        let path = absolute(path, scope);
        let Some(first) = path.first() else { return path };
        match first.as_str() {
            "crate" => return path,
            "guestlog" if source.module == ["main"] => {
                return std::iter::once("crate".to_owned()).chain(path[1..].iter().cloned()).collect();
            }
            "::" => return path[1..].to_vec(),
            _ => {}
        }
        if let Some(meant) =
            source.names.get(first).filter(|meant| **meant != path && meant.first() != Some(first))
        {
            let meant: Path = meant.iter().chain(&path[1..]).cloned().collect();
            return self.rooted(source, &meant, scope);
        }
        let own = source.module.clone();
        let near = std::iter::once(own).chain(source.globs.iter().filter_map(|glob| {
            let glob = if glob.first().is_some_and(|f| f == "crate") { &glob[1..] } else { return None };
            Some(glob.to_vec())
        }));
        for module in near {
            let child: Path = module.iter().cloned().chain([first.clone()]).collect();
            if self.sources.contains_key(&child) {
                return std::iter::once("crate".to_owned())
                    .chain(child)
                    .chain(path[1..].iter().cloned())
                    .collect();
            }
        }
        path
    }

    /// Where a module has a name from that it hands on.
    fn handed_on(&self, module: &Source, name: &str) -> Option<Path> {
        if let Some(from) = module.exports.get(name) {
            return Some(self.rooted(module, from, &module.module));
        }
        module.glob_exports.iter().find_map(|glob| {
            let glob = self.rooted(module, glob, &module.module);
            let inside = glob.strip_prefix(&["crate".to_owned()])?;
            let defines = self.sources.get(inside)?.defines.contains(name);
            defines.then(|| glob.iter().cloned().chain([name.to_owned()]).collect())
        })
    }

    /// Uses of one file by another, each with the place of one of them. Test modules and signposts use nothing.
    fn uses(&self) -> BTreeMap<(Path, Path), String> {
        let mut uses = BTreeMap::new();
        for source in self.sources.values() {
            for mention in source.mentions.iter().filter(|m| !m.in_test && !m.signpost) {
                if let Some(Target::Inside(to, item)) = self.way(source, mention).pop()
                    && (item.is_some() || mention.glob)
                    && to != source.module
                {
                    let at = format!("{}:{}", source.file, mention.line);
                    uses.entry((source.module.clone(), to)).or_insert(at);
                }
            }
        }
        uses
    }

    fn circles(&self) -> Vec<String> {
        let uses = self.uses();
        let mut found = Vec::new();
        for parent in self.sources.keys() {
            // Inside one parent, a file stands for its child of that parent; the parent's own file for itself.
            let node = |module: &Path| {
                module.starts_with(parent).then(|| module[..module.len().min(parent.len() + 1)].to_vec())
            };
            let mut arrows: BTreeMap<Path, BTreeMap<Path, &String>> = BTreeMap::new();
            for ((from, to), at) in &uses {
                if let (Some(from), Some(to)) = (node(from), node(to))
                    && from != to
                {
                    arrows.entry(from).or_default().entry(to).or_insert(at);
                }
            }
            for circle in rings(&arrows) {
                let names: Vec<String> = circle.iter().map(|module| module.join("::")).collect();
                let places: Vec<String> = circle
                    .iter()
                    .flat_map(|from| {
                        arrows[from]
                            .iter()
                            .filter(|(to, _)| circle.contains(*to))
                            .map(|(_, at)| (*at).clone())
                    })
                    .collect();
                found.push(format!(
                    "{}: a circle of {} ({})",
                    places[0],
                    names.join(", "),
                    places.join(", ")
                ));
            }
        }
        found
    }
}

/// Groups of nodes that reach each other.
fn rings<T>(arrows: &BTreeMap<Path, BTreeMap<Path, T>>) -> Vec<BTreeSet<Path>> {
    let reach = |from: &Path| {
        let mut seen = BTreeSet::new();
        let mut open = vec![from];
        while let Some(node) = open.pop() {
            for to in arrows.get(node).into_iter().flat_map(BTreeMap::keys) {
                if seen.insert(to.clone()) {
                    open.push(to);
                }
            }
        }
        seen
    };
    let reached: BTreeMap<&Path, BTreeSet<Path>> = arrows.keys().map(|node| (node, reach(node))).collect();
    let mut rings = BTreeSet::new();
    for (node, far) in reached.iter().filter(|(node, far)| far.contains(**node)) {
        let ring: BTreeSet<Path> = far
            .iter()
            .filter(|other| reached.get(other).is_some_and(|back| back.contains(*node)))
            .cloned()
            .collect();
        rings.insert(ring);
    }
    rings.into_iter().collect()
}

fn rank(module: &str) -> Option<usize> {
    LAYERS.iter().position(|row| row.contains(&module))
}

fn judge_inside(own: &str, other: &str) -> Option<String> {
    if own == other {
        return None;
    }
    let (mine, theirs) = (rank(own)?, rank(other)?);
    if theirs > mine {
        return Some(format!("`{own}` uses `{other}`, which stands above it"));
    }
    if theirs == mine {
        return Some(format!("`{own}` uses `{other}`, which stands beside it"));
    }
    let readers = ["server", "demo", "bench", "cli"];
    (other == "config" && !readers.contains(&own))
        .then(|| format!("`{own}` uses `config`, which is for server, demo, bench and cli"))
}

fn judge_outside(own: &str, path: &[String], in_test: bool) -> Option<String> {
    let name = path.first()?;
    if let Some((_, owners)) = FENCES.iter().find(|(fenced, _)| fenced == name)
        && !owners.contains(&own)
    {
        return Some(format!("`{own}` uses the crate `{name}`, which belongs to {}", owners.join(", ")));
    }
    let impure =
        IMPURE.iter().find(|bad| path.len() >= bad.len() && bad.iter().zip(path).all(|(a, b)| a == b))?;
    (own == "domain" && !in_test).then(|| format!("`{own}` is pure and uses `{}`", impure.join("::")))
}

#[test]
fn the_sources_keep_their_layers() {
    let files = crate::sources("src", "rs");
    assert!(files.iter().any(|(file, _)| file == "src/domain/hit.rs"), "the sources were not found");
    let found = breaches(&files);
    assert!(found.is_empty(), "{}", found.join("\n"));
}

#[test]
fn every_fence_stands_around_a_crate_that_is_used() {
    let manifest = include_str!("../../Cargo.toml");
    for (name, _) in FENCES {
        let wanted = name.replace('_', "-");
        let there = manifest
            .lines()
            .any(|l| l.split('=').next().is_some_and(|key| key.trim() == wanted || key.trim() == *name));
        assert!(there, "{name} is fenced and not among the dependencies");
    }
}
