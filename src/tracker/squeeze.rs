//! Makes the script short enough to be carried by every page: comments and white space go, the names of
//! variables and functions become short. Not a JavaScript parser: it leans on the subset the parts are
//! written in, which the tests below hold:
//!
//! - comments are lines of their own; statements end in `;`; no template literals, destructuring, default
//!   parameters, labels or shorthand properties; globals are properties of `w`, except the language's own;
//! - within a statement of the outermost level a name stands for one thing, or is given another name for all
//!   of them at once, which changes nothing.

use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Before a `/`, these mean that a regular expression begins.
const BEFORE_PATTERN: &str = "(,=:[!&|?{};+-*%<>~^";
/// Not a call or a method, though a `(` follows.
const CONTROL: [&str; 6] = ["if", "for", "while", "switch", "return", "function"];
const LETTERS: &str = "etnrisoaclduhmfpgvybwxkjqzETNRISOACLDUHMFPGVYBWXKJQZ_$";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token<'a> {
    /// A name or a keyword.
    Word(&'a str),
    Number(&'a str),
    /// A string or a regular expression.
    Text(&'a str),
    Sign(char),
}

/// The parts, squeezed.
pub(super) fn squeeze(source: &str) -> String {
    let code = without_comments(source);
    let tokens = read(&code);
    let names = short_names(&tokens);
    write(&tokens, &names)
}

fn without_comments(source: &str) -> String {
    let lines = source.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with("//"));
    lines.collect::<Vec<_>>().join("\n")
}

fn read(text: &str) -> Vec<Token<'_>> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = length_of(rest, first, tokens.last());
        let (piece, after) = rest.split_at_checked(length).unwrap_or((rest, ""));
        tokens.push(match first {
            _ if is_word(first) && !first.is_ascii_digit() => Token::Word(piece),
            '0'..='9' => Token::Number(piece),
            _ if piece.len() > first.len_utf8() => Token::Text(piece),
            _ => Token::Sign(first),
        });
        rest = after.trim_start();
    }
    tokens
}

const fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '$'
}

/// Bytes of the token that begins `rest`.
fn length_of(rest: &str, first: char, before: Option<&Token>) -> usize {
    let run = |fits: fn(char) -> bool| rest.find(|c| !fits(c)).unwrap_or(rest.len());
    match first {
        '0'..='9' => run(|c| is_word(c) || c == '.'),
        _ if is_word(first) => run(is_word),
        '\'' | '"' => quoted(rest, first),
        '/' if begins_pattern(before) => pattern(rest),
        '+' | '-' if rest.chars().nth(1) == Some(first) => 2,
        _ => first.len_utf8(),
    }
}

fn begins_pattern(before: Option<&Token>) -> bool {
    match before {
        None => true,
        Some(Token::Sign(sign)) => BEFORE_PATTERN.contains(*sign),
        Some(Token::Word(word)) => *word == "return" || *word == "typeof",
        Some(_) => false,
    }
}

fn quoted(rest: &str, quote: char) -> usize {
    let mut escaped = false;
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return at + 1,
            _ => {}
        }
    }
    rest.len()
}

/// A regular expression with its flags; a `/` inside brackets does not end it.
fn pattern(rest: &str) -> usize {
    let (mut escaped, mut in_class, mut ended) = (false, false, false);
    for (at, c) in rest.char_indices().skip(1) {
        match c {
            _ if ended && is_word(c) => {}
            _ if ended => return at,
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            '[' => in_class = true,
            ']' => in_class = false,
            '/' if !in_class => ended = true,
            _ => {}
        }
    }
    rest.len()
}

/// What becomes of the names: those that all parts share, and those inside one statement of the outermost
/// level, by the place of that statement. A name that is both is shared.
struct Names<'a> {
    shared: HashMap<&'a str, String>,
    inner: HashMap<(usize, &'a str), String>,
}

impl<'a> Names<'a> {
    fn of(&self, statement: usize, word: &'a str) -> &str {
        let name = self.shared.get(word).or_else(|| self.inner.get(&(statement, word)));
        name.map_or(word, String::as_str)
    }
}

/// Short names for what the parts declare, the shortest for the most used.
fn short_names<'a>(tokens: &[Token<'a>]) -> Names<'a> {
    let statements = statements(tokens);
    let (outer, inner) = declared(tokens, &statements);
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    // Per statement: how often it uses what.
    let mut uses_in: BTreeMap<usize, BTreeMap<&str, usize>> = BTreeMap::new();
    for (at, token) in tokens.iter().enumerate() {
        let (Token::Word(word), Some(statement)) = (token, statements.get(at)) else { continue };
        if !is_property(tokens, at) {
            *uses.entry(word).or_default() += 1;
            *uses_in.entry(*statement).or_default().entry(word).or_default() += 1;
        }
    }
    let own = |word: &&str| outer.contains(word) || inner.iter().any(|(_, name)| name == word);
    let foreign: BTreeSet<String> =
        uses.keys().filter(|word| !own(word)).map(|word| (*word).to_owned()).collect();
    let shared = shortest(uses.into_iter().filter(|(word, _)| outer.contains(word)), &foreign);
    let mut names = Names { shared, inner: HashMap::new() };
    for (statement, words) in uses_in {
        let taken =
            words.keys().filter_map(|word| names.shared.get(word).cloned()).chain(foreign.iter().cloned());
        let taken = taken.collect();
        let free = words
            .into_iter()
            .filter(|(word, _)| !outer.contains(word) && inner.contains(&(statement, *word)));
        names.inner.extend(shortest(free, &taken).into_iter().map(|(word, name)| ((statement, word), name)));
    }
    names
}

fn shortest<'a>(
    words: impl Iterator<Item = (&'a str, usize)>,
    taken: &BTreeSet<String>,
) -> HashMap<&'a str, String> {
    let mut words: Vec<_> = words.collect();
    words.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
    words.into_iter().map(|(word, _)| word).zip(candidates().filter(|name| !taken.contains(name))).collect()
}

/// For each token, the number of the outermost statement it stands in.
fn statements(tokens: &[Token]) -> Vec<usize> {
    let (mut depth, mut statement) = (0_usize, 0);
    let mut of = Vec::with_capacity(tokens.len());
    for token in tokens {
        match token {
            Token::Sign('(' | '[' | '{') => depth += 1,
            Token::Sign(')' | ']' | '}') => depth = depth.saturating_sub(1),
            Token::Word("const" | "let" | "function") if depth == 0 => statement += 1,
            _ => {}
        }
        of.push(statement);
    }
    of
}

/// `e`, `t`, … `ee`, `et`, …
fn candidates() -> impl Iterator<Item = String> {
    let two = LETTERS.chars().flat_map(|a| LETTERS.chars().map(move |b| format!("{a}{b}")));
    LETTERS.chars().map(String::from).chain(two)
}

fn sign(tokens: &[Token], at: usize) -> Option<char> {
    match tokens.get(at) {
        Some(Token::Sign(sign)) => Some(*sign),
        _ => None,
    }
}

/// `x.name`, `{ name: x }`, and `name(a) {` of an object.
fn is_property(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1);
    let sign_before = before.and_then(|at| sign(tokens, at));
    let is_function = matches!(before.and_then(|at| tokens.get(at)), Some(Token::Word("function")));
    sign_before == Some('.')
        || sign(tokens, at + 1) == Some(':') && matches!(sign_before, Some('{' | ','))
        || !is_function && is_definition(tokens, at)
}

/// A word followed by `(…) {`.
fn is_definition(tokens: &[Token], at: usize) -> bool {
    let control =
        matches!(tokens.get(at), Some(Token::Word(word)) if CONTROL.contains(word) || *word == "catch");
    if control || sign(tokens, at + 1) != Some('(') {
        return false;
    }
    let names =
        tokens.iter().skip(at + 2).take_while(|t| matches!(t, Token::Word(_) | Token::Sign(','))).count();
    sign(tokens, at + 2 + names) == Some(')') && sign(tokens, at + 3 + names) == Some('{')
}

/// What `const`, `let` and `function` name on the outermost level; and what they name further in, with the
/// parameters of functions, methods, arrows and `catch`, by statement.
type Declared<'a> = (BTreeSet<&'a str>, BTreeSet<(usize, &'a str)>);

fn declared<'a>(tokens: &[Token<'a>], statements: &[usize]) -> Declared<'a> {
    let (mut outer, mut inner) = (BTreeSet::new(), BTreeSet::new());
    let mut last = 0;
    for (at, (token, statement)) in tokens.iter().zip(statements).enumerate() {
        let name = tokens.get(at + 1).and_then(word);
        match token {
            Token::Word("const" | "let" | "function") if *statement > last => {
                last = *statement;
                outer.extend(name);
            }
            Token::Word("const" | "let" | "function") => inner.extend(name.map(|name| (*statement, name))),
            // The parameters stand before `) {` and before `=>`.
            Token::Sign(')') if ends_parameters(tokens, at) => {
                let back = tokens.iter().take(at).rev().take_while(|t| **t != Token::Sign('('));
                inner.extend(back.filter_map(word).map(|name| (*statement, name)));
            }
            Token::Word(name) if sign(tokens, at + 1) == Some('=') && sign(tokens, at + 2) == Some('>') => {
                inner.insert((*statement, name));
            }
            _ => {}
        }
    }
    (outer, inner)
}

const fn word<'a>(token: &Token<'a>) -> Option<&'a str> {
    match token {
        Token::Word(word) => Some(word),
        _ => None,
    }
}

fn ends_parameters(tokens: &[Token], at: usize) -> bool {
    if sign(tokens, at + 1) == Some('=') && sign(tokens, at + 2) == Some('>') {
        return true;
    }
    let open = tokens.iter().take(at).rposition(|t| *t == Token::Sign('('));
    let plain = |from: usize| {
        tokens.iter().take(at).skip(from + 1).all(|t| matches!(t, Token::Word(_) | Token::Sign(',')))
    };
    let Some(open) = open.filter(|open| plain(*open) && sign(tokens, at + 1) == Some('{')) else {
        return false;
    };
    let head = open.checked_sub(1).and_then(|head| tokens.get(head));
    match head {
        Some(Token::Word("function")) => true,
        Some(Token::Word(word)) => !CONTROL.contains(word),
        _ => false,
    }
}

fn write<'a>(tokens: &[Token<'a>], names: &Names<'a>) -> String {
    let statements = statements(tokens);
    let mut out = String::new();
    let mut before = Token::Sign(';');
    // For each open bracket, the word by which the statement before declares names.
    let mut declares = vec![None];
    for (at, (token, statement)) in tokens.iter().zip(statements).enumerate() {
        if glued(before, *token) {
            out.push(' ');
        }
        match token {
            // Declarations that follow each other become one.
            Token::Word(word) if before == Token::Sign(';') && declares.last() == Some(&Some(*word)) => {
                out.pop();
                out.push(',');
                before = Token::Sign(',');
                continue;
            }
            Token::Word(word) if !is_property(tokens, at) => out.push_str(names.of(statement, word)),
            // Strings that were written over several lines.
            Token::Text(text)
                if text.starts_with('\'') && out.ends_with("'+") && sign(tokens, at + 1) != Some('.') =>
            {
                out.truncate(out.len() - 2);
                out.push_str(text.get(1..).unwrap_or_default());
            }
            Token::Word(text) | Token::Number(text) | Token::Text(text) => out.push_str(text),
            // The last statement of a block needs no end.
            Token::Sign('}') if before == Token::Sign(';') => {
                out.pop();
                out.push('}');
            }
            Token::Sign(sign) => out.push(*sign),
        }
        follow(&mut declares, before, *token);
        before = *token;
    }
    out
}

/// Keeps up with what the statements of the open brackets declare.
fn follow<'a>(declares: &mut Vec<Option<&'a str>>, before: Token, token: Token<'a>) {
    if let (Token::Sign(';' | '{' | '}'), Some(last)) = (before, declares.last_mut()) {
        *last = match token {
            Token::Word(word @ ("const" | "let")) => Some(word),
            _ => None,
        };
    }
    match token {
        Token::Sign('(' | '[' | '{') => declares.push(None),
        Token::Sign(')' | ']' | '}') => drop(declares.pop()),
        _ => {}
    }
}

/// Would the two read as one without a space?
fn glued(before: Token, token: Token) -> bool {
    match (before, token) {
        (Token::Word(_) | Token::Number(_), Token::Word(_) | Token::Number(_)) => true,
        (Token::Sign(a @ ('+' | '-')), Token::Sign(b)) => a == b,
        (Token::Sign(a @ ('+' | '-')), Token::Text(b)) => b.starts_with(a),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_white_space_go() {
        assert_eq!(squeeze("// why\n  // more\nw.a();\n\n  return w.b;\n"), "w.a();return w.b;");
        assert_eq!(squeeze("if (a) {\n  b();\n} else {\n  c();\n}\n"), "if(a){b()}else{c()}");
        assert_eq!(squeeze("a = b + +c - -d; e++ + f; g = typeof /x/;"), "a=b+ +c- -d;e+++f;g=typeof/x/;");
    }

    #[test]
    fn strings_and_patterns_stay_as_they_are() {
        for text in [
            r"'it\'s  // no comment'",
            r#""a  'b' c""#,
            r"/[/'  ]\/ \//gi.test(w.x)",
            r"w.a/w.b/w.c",
            r"f(/'/,'/ x')",
        ] {
            assert_eq!(squeeze(&format!("w.x = {text};")), format!("w.x={text};"), "{text}");
        }
    }

    #[test]
    fn strings_over_several_lines_become_one() {
        assert_eq!(squeeze("w.x = ('a ' +\n  'b').c;"), "w.x=('a b').c;");
        assert_eq!(squeeze("w.x = 'a ' + 'b'.length;"), "w.x='a '+'b'.length;");
        assert_eq!(squeeze("w.x = y['a'] + 'b';"), "w.x=y['a']+'b';");
    }

    #[test]
    fn names_become_short_and_properties_do_not() {
        assert_eq!(
            squeeze(
                "const value = 1;\nw.value = w.x ? value : { value: value, get(value) { return value; } };"
            ),
            "const e=1;w.value=w.x?e:{value:e,get(e){return e}};"
        );
        assert_eq!(
            squeeze(
                "function outer(first, second) {\n  const third = first;\n  return third + second;\n}\nouter(1);"
            ),
            "function e(t,n){const r=t;return r+n}e(1);"
        );
        assert_eq!(squeeze("w.f = long => w.g((left, right) => long + left);"), "w.f=t=>w.g((e,n)=>t+e);");
        assert_eq!(
            squeeze("try {\n  w.a();\n} catch (error) {\n  w.b(error);\n}"),
            "try{w.a()}catch(e){w.b(e)}"
        );
    }

    #[test]
    fn declarations_that_follow_each_other_become_one() {
        assert_eq!(
            squeeze("const a = 1;\nconst b = 2;\nlet c;\nlet d = {};\nw.x();\nlet f;\nconst g = 3;\n"),
            "const e=1,t=2;let n,r={};w.x();let i;const s=3;"
        );
        assert_eq!(
            squeeze("for (let i = 1; w.x; ) {\n  const a = i;\n  const b = a;\n}\nconst c = 1;\n"),
            "for(let t=1;w.x;){const e=t,n=e}const e=1;"
        );
    }

    #[test]
    fn no_short_name_hides_one_that_is_in_use() {
        // `e` is the page's here, and `shared` is used beside the inner name.
        assert_eq!(
            squeeze("const shared = e;\nfunction more(inner) {\n  return inner + shared + shared;\n}"),
            "const t=e;function n(r){return r+t+t}"
        );
    }

    fn parts() -> Vec<(String, String)> {
        let names = super::super::Parts::iter();
        names.map(|name| (name.to_string(), super::super::part(&name))).collect()
    }

    /// What `read` and `write` rely on, and what older browsers understand.
    #[test]
    fn the_parts_keep_to_the_subset() {
        for (name, text) in parts() {
            let number = name.get(..3).unwrap();
            assert!(number.as_bytes()[..2].iter().all(u8::is_ascii_digit) && number.ends_with('_'), "{name}");
            assert!(text.lines().count() < 600 && text.starts_with("// "), "{name} needs a head");
            for (at, line) in
                text.lines().enumerate().filter(|(_, line)| !line.trim_start().starts_with("//"))
            {
                let place = format!("{name}:{}: {line}", at + 1);
                for unknown in ["`", "//", "/*", "?.", "??", "**", "...", "catch {", " #", "\t"] {
                    assert!(!line.contains(unknown), "{place} holds {unknown}");
                }
                assert!(line.is_ascii() && line.len() <= 200, "{place}");
            }
            let code = without_comments(&text);
            for token in read(&code) {
                let banned = ["async", "await", "class", "var", "yield", "import", "export", "eval"];
                assert!(
                    !matches!(token, Token::Word(word) if banned.contains(&word)),
                    "{name} holds {token:?}"
                );
            }
        }
    }

    #[test]
    fn the_parts_end_their_statements() {
        for (name, text) in parts() {
            let code = without_comments(&text);
            for (line, next) in code.lines().zip(code.lines().skip(1)) {
                let open = line.ends_with([';', '{', '}', ',', '(', '[', '+', '?', ':', '&', '|', '>']);
                assert!(open || next.starts_with(['.', ')', ']', '}', '?', ':']), "{name}: {line}");
            }
        }
    }

    #[test]
    fn the_parts_have_no_shorthand_properties() {
        for (name, text) in parts() {
            let code = without_comments(&text);
            let tokens = read(&code);
            for at in 1..tokens.len() {
                let alone =
                    sign(&tokens, at - 1) == Some('{') && matches!(sign(&tokens, at + 1), Some(',' | '}'));
                assert!(!(alone && word(&tokens[at]).is_some()), "{name}: {:?}", tokens[at]);
            }
        }
    }
}
