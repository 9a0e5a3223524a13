//! Reads one Rust source into what the layer rules ask of it: which module it is, what it declares, what it
//! imports and every path it names. Knows nothing of layers.

use std::collections::{BTreeMap, BTreeSet};

use proc_macro2::{Delimiter, Ident, Spacing, TokenStream, TokenTree};

/// A path as written, from its first segment; `::` first when it began with one.
pub(super) type Path = Vec<String>;

/// A path named somewhere in a file.
#[derive(Clone, Debug)]
pub(super) struct Mention {
    pub path: Path,
    /// The module the text stands in: the file's own, or an inline one below it.
    pub scope: Path,
    pub line: usize,
    /// Inside `#[cfg(test)] mod … { }`.
    pub in_test: bool,
    /// A `pub use` whose name the file itself does not use: it shows the way and uses nothing.
    pub signpost: bool,
    /// `use x::*`: everything of `x`, whatever it is.
    pub glob: bool,
}

/// One source file.
#[derive(Debug, Default)]
pub(super) struct Source {
    /// Where it lies, as reported: `src/domain/hit.rs`.
    pub file: String,
    /// `["domain", "hit"]`; empty for `lib.rs`; `["main"]` for `main.rs`.
    pub module: Path,
    pub mentions: Vec<Mention>,
    /// Names brought in by `use`, and the paths they stand for.
    pub names: BTreeMap<String, Path>,
    /// Names handed on by `pub use`.
    pub exports: BTreeMap<String, Path>,
    /// Modules whose every name is brought in or handed on (`use x::*`).
    pub globs: Vec<Path>,
    pub glob_exports: Vec<Path>,
    /// Items and inline modules defined in this file.
    pub defines: BTreeSet<String>,
}

/// `src/a/mod.rs` and `src/a.rs` are both `["a"]`.
pub(super) fn module_of(file: &str) -> Path {
    let inside = file.strip_prefix("src/").unwrap_or(file);
    let stem = inside.strip_suffix(".rs").unwrap_or(inside);
    let stem = stem.strip_suffix("/mod").unwrap_or(stem);
    if stem == "lib" { Vec::new() } else { stem.split('/').map(str::to_owned).collect() }
}

/// Reads a file. Errors: it is not Rust.
pub(super) fn read(file: &str, text: &str) -> Result<Source, String> {
    let tokens: TokenStream = text.parse().map_err(|error| format!("{file}: not Rust: {error}"))?;
    let module = module_of(file);
    let mut reader = Reader {
        source: Source { file: file.to_owned(), module: module.clone(), ..Source::default() },
        imports: Vec::new(),
        words: BTreeSet::new(),
    };
    let tokens: Vec<TokenTree> = tokens.into_iter().collect();
    reader.walk(&tokens, &Place { scope: module, in_test: false, item_level: true });
    Ok(reader.finish())
}

struct Place {
    scope: Path,
    in_test: bool,
    /// Directly inside a module, where items are; not inside a body or an argument list.
    item_level: bool,
}

/// One leaf of a `use` tree.
struct Import {
    path: Path,
    /// `None` for `*`.
    name: Option<String>,
    public: bool,
    scope: Path,
    in_test: bool,
    line: usize,
}

struct Reader {
    source: Source,
    imports: Vec<Import>,
    /// Every word of the file outside its `use` lines.
    words: BTreeSet<String>,
}

impl Reader {
    fn walk(&mut self, tokens: &[TokenTree], place: &Place) {
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at = match token {
                TokenTree::Ident(word) => self.word(tokens, at, word, place),
                TokenTree::Group(group) => {
                    let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                    let scope = place.scope.clone();
                    self.walk(&inner, &Place { scope, in_test: place.in_test, item_level: false });
                    at + 1
                }
                _ => at + 1,
            };
        }
    }

    /// Reads what a word begins, gives the index to go on from.
    fn word(&mut self, tokens: &[TokenTree], at: usize, word: &Ident, place: &Place) -> usize {
        let next = tokens.get(at + 1);
        match (word.to_string().as_str(), next) {
            ("use", Some(TokenTree::Ident(_) | TokenTree::Punct(_) | TokenTree::Group(_)))
                if !is_punct(next, '<') =>
            {
                return self.import(tokens, at, place);
            }
            ("mod", Some(TokenTree::Ident(name))) => {
                if let Some(TokenTree::Group(body)) = tokens.get(at + 2) {
                    return self.inline_module(tokens, at, &name.to_string(), body.stream(), place);
                }
                return at + 2;
            }
            ("extern", Some(TokenTree::Ident(next))) if next == "crate" => {
                if let Some(TokenTree::Ident(name)) = tokens.get(at + 2) {
                    self.mention(vec!["::".to_owned(), name.to_string()], word, place);
                }
                return at + 3;
            }
            (
                "struct" | "enum" | "union" | "fn" | "const" | "static" | "type" | "trait",
                Some(TokenTree::Ident(name)),
            ) if place.item_level => {
                self.source.defines.insert(name.to_string());
            }
            _ => {}
        }
        self.path(tokens, at, word, place)
    }

    /// A path of two or more segments is kept; a single word is noted.
    fn path(&mut self, tokens: &[TokenTree], at: usize, word: &Ident, place: &Place) -> usize {
        let mut path = Vec::new();
        if at >= 2 && is_double_colon(tokens, at - 2) {
            if at >= 3 && ends_a_path(tokens.get(at - 3)) {
                return at + 1;
            }
            path.push("::".to_owned());
        }
        path.push(word.to_string());
        let mut end = at + 1;
        while is_double_colon(tokens, end) {
            let Some(TokenTree::Ident(segment)) = tokens.get(end + 2) else { break };
            path.push(segment.to_string());
            end += 3;
        }
        self.words.insert(word.to_string());
        if path.len() > 1 {
            self.mention(path, word, place);
        }
        end
    }

    fn mention(&mut self, path: Path, at: &Ident, place: &Place) {
        self.source.mentions.push(Mention {
            path,
            scope: place.scope.clone(),
            line: at.span().start().line,
            in_test: place.in_test,
            signpost: false,
            glob: false,
        });
    }

    fn inline_module(
        &mut self,
        tokens: &[TokenTree],
        at: usize,
        name: &str,
        body: TokenStream,
        place: &Place,
    ) -> usize {
        self.source.defines.insert(name.to_owned());
        let mut scope = place.scope.clone();
        scope.push(name.to_owned());
        let in_test = place.in_test || is_test_only(tokens, at);
        let inner: Vec<TokenTree> = body.into_iter().collect();
        self.walk(&inner, &Place { scope, in_test, item_level: true });
        at + 3
    }

    fn import(&mut self, tokens: &[TokenTree], at: usize, place: &Place) -> usize {
        let end = (at..tokens.len()).find(|i| is_punct(tokens.get(*i), ';')).unwrap_or(tokens.len());
        let line = tokens[at].span().start().line;
        let mut leaves = Vec::new();
        read_tree(&tokens[at + 1..end], &mut Vec::new(), &mut leaves);
        let public = is_public(tokens, at);
        self.imports.extend(leaves.into_iter().map(|(path, name)| Import {
            path,
            name,
            public,
            scope: place.scope.clone(),
            in_test: place.in_test,
            line,
        }));
        end + 1
    }

    fn finish(mut self) -> Source {
        for import in self.imports {
            let own_scope = import.scope == self.source.module;
            // What an inline module brings in is not visible outside it, and `super` means another thing there.
            let from = absolute(&import.path, &import.scope);
            match (&import.name, import.public && own_scope) {
                (Some(name), true) => {
                    self.source.exports.insert(name.clone(), from.clone());
                }
                (None, true) => self.source.glob_exports.push(from.clone()),
                _ => {}
            }
            match &import.name {
                Some(name) => self.source.names.insert(name.clone(), from).map_or((), drop),
                None => self.source.globs.push(from),
            }
            let used_here = import.name.as_ref().is_some_and(|name| self.words.contains(name));
            self.source.mentions.push(Mention {
                path: import.path,
                scope: import.scope,
                line: import.line,
                in_test: import.in_test,
                signpost: import.public && !used_here,
                glob: import.name.is_none(),
            });
        }
        self.source
    }
}

/// Turns `self::`, `super::` into `crate::…`; other paths stay as they are.
pub(super) fn absolute(path: &[String], scope: &[String]) -> Path {
    let ups = path.iter().take_while(|s| *s == "super" || *s == "self").count();
    if ups == 0 {
        return path.to_vec();
    }
    let supers = path[..ups].iter().filter(|s| *s == "super").count();
    let base = &scope[..scope.len().saturating_sub(supers)];
    std::iter::once("crate")
        .chain(base.iter().map(String::as_str))
        .map(str::to_owned)
        .chain(path[ups..].to_vec())
        .collect()
}

/// The leaves of a `use` tree: path, and the name it gets here (`None` for `*`).
fn read_tree(tokens: &[TokenTree], prefix: &mut Path, leaves: &mut Vec<(Path, Option<String>)>) {
    let start = prefix.len();
    let mut name = None;
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(word) if word == "as" => {
                name = tokens.get(at + 1).map(ToString::to_string);
                break;
            }
            TokenTree::Ident(word) => prefix.push(word.to_string()),
            TokenTree::Punct(mark) if mark.as_char() == '*' => {
                leaves.push((prefix.clone(), None));
                prefix.truncate(start);
                return;
            }
            TokenTree::Punct(_) if at == 0 && prefix.is_empty() => prefix.push("::".to_owned()),
            TokenTree::Group(group) if group.delimiter() == Delimiter::Brace => {
                let inner: Vec<TokenTree> = group.stream().into_iter().collect();
                for part in inner.split(|t| is_punct(Some(t), ',')).filter(|part| !part.is_empty()) {
                    read_tree(part, prefix, leaves);
                }
                prefix.truncate(start);
                return;
            }
            _ => {}
        }
        at += 1;
    }
    // `use a::b::{self}` names `b`.
    let path: Path = if prefix.len() > 1 && prefix.last().is_some_and(|s| s == "self") {
        prefix[..prefix.len() - 1].to_vec()
    } else {
        prefix.clone()
    };
    let name = name.or_else(|| path.last().cloned());
    leaves.push((path, name));
    prefix.truncate(start);
}

fn is_punct(token: Option<&TokenTree>, mark: char) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == mark)
}

fn is_double_colon(tokens: &[TokenTree], at: usize) -> bool {
    let joined = matches!(tokens.get(at), Some(TokenTree::Punct(p)) if p.as_char() == ':' && p.spacing() == Spacing::Joint);
    joined && is_punct(tokens.get(at + 1), ':')
}

/// Does a `::` after this token continue a path (`Vec::new`, `<T as X>::f`) and not begin one?
fn ends_a_path(token: Option<&TokenTree>) -> bool {
    match token {
        Some(TokenTree::Ident(word)) => {
            !["in", "as", "return", "dyn", "impl", "mut", "for", "use", "where"].iter().any(|w| word == w)
        }
        other => is_punct(other, '>'),
    }
}

/// `pub use`, `pub(crate) use`.
fn is_public(tokens: &[TokenTree], at: usize) -> bool {
    let word = |i: usize| matches!(tokens.get(i), Some(TokenTree::Ident(word)) if word == "pub");
    let scoped = at >= 2 && matches!(tokens.get(at - 1), Some(TokenTree::Group(_))) && word(at - 2);
    scoped || (at >= 1 && word(at - 1))
}

/// Is the item whose keyword stands at `at` headed by `#[cfg(test)]`?
fn is_test_only(tokens: &[TokenTree], at: usize) -> bool {
    tokens[..at]
        .iter()
        .rev()
        .take_while(|token| match token {
            TokenTree::Group(group) => group.delimiter() != Delimiter::Brace,
            TokenTree::Punct(punct) => punct.as_char() == '#',
            TokenTree::Ident(word) => word == "pub",
            TokenTree::Literal(_) => false,
        })
        .any(|token| token.to_string().replace(' ', "") == "[cfg(test)]")
}
