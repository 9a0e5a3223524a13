//! Makes the script short enough to be carried by every page: comments and white space go, the names of
//! variables and functions become short. Not a JavaScript parser: it leans on the subset the parts are
//! written in, which the tests below hold:
//!
//! - comments are lines of their own; statements end in `;`; no template literals, destructuring, default
//!   parameters, labels or shorthand properties; globals are properties of `w`, except the language's own;
//! - a name is the same thing everywhere, so that giving it another one everywhere changes nothing. One that
//!   is also the name of a property keeps its own.

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

/// Short names for what the parts declare, the shortest for the most used.
fn short_names<'a>(tokens: &[Token<'a>]) -> HashMap<&'a str, String> {
    let declared = declared(tokens);
    let mut uses: BTreeMap<&str, usize> = BTreeMap::new();
    let mut fixed = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        let Token::Word(word) = token else { continue };
        *uses.entry(word).or_default() += 1;
        if is_property(tokens, at) {
            fixed.insert(*word);
        }
    }
    let (free, kept): (Vec<_>, Vec<_>) =
        uses.into_iter().partition(|(word, _)| declared.contains(word) && !fixed.contains(word));
    let taken: BTreeSet<&str> = kept.into_iter().map(|(word, _)| word).collect();
    let mut free = free;
    free.sort_by_key(|(word, count)| (std::cmp::Reverse(*count), *word));
    let shorts = candidates().filter(|name| !taken.contains(name.as_str()));
    free.into_iter().map(|(word, _)| word).zip(shorts).collect()
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

/// `x.name`, `name: x`, and `name(a) {` of an object. A `name :` of a condition looks the same and keeps its
/// name too.
fn is_property(tokens: &[Token], at: usize) -> bool {
    let before = at.checked_sub(1);
    let is_function = matches!(before.and_then(|at| tokens.get(at)), Some(Token::Word("function")));
    before.and_then(|at| sign(tokens, at)) == Some('.')
        || sign(tokens, at + 1) == Some(':')
        || !is_function && is_definition(tokens, at)
}

/// A word followed by `(…) {`.
fn is_definition(tokens: &[Token], at: usize) -> bool {
    let control = matches!(tokens.get(at), Some(Token::Word(word)) if CONTROL.contains(word) || *word == "catch");
    if control || sign(tokens, at + 1) != Some('(') {
        return false;
    }
    let names = tokens.iter().skip(at + 2).take_while(|t| matches!(t, Token::Word(_) | Token::Sign(','))).count();
    sign(tokens, at + 2 + names) == Some(')') && sign(tokens, at + 3 + names) == Some('{')
}

/// What `const`, `let` and `function` name, and the parameters of functions, methods, arrows and `catch`.
fn declared<'a>(tokens: &[Token<'a>]) -> BTreeSet<&'a str> {
    let mut found = BTreeSet::new();
    for (at, token) in tokens.iter().enumerate() {
        match token {
            Token::Word("const" | "let" | "function") => {
                found.extend(tokens.get(at + 1).and_then(|next| word(next)));
            }
            // The parameters stand before `) {` and before `=>`.
            Token::Sign(')') if ends_parameters(tokens, at) => {
                let back = tokens.iter().take(at).rev();
                found.extend(back.take_while(|t| **t != Token::Sign('(')).filter_map(word));
            }
            Token::Word(name) if sign(tokens, at + 1) == Some('=') && sign(tokens, at + 2) == Some('>') => {
                found.insert(name);
            }
            _ => {}
        }
    }
    found
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
    let Some(open) = open.filter(|open| plain(*open) && sign(tokens, at + 1) == Some('{')) else { return false };
    let head = open.checked_sub(1).and_then(|head| tokens.get(head));
    match head {
        Some(Token::Word("function")) => true,
        Some(Token::Word(word)) => !CONTROL.contains(word),
        _ => false,
    }
}

fn write(tokens: &[Token], names: &HashMap<&str, String>) -> String {
    let mut out = String::new();
    let mut before = Token::Sign(';');
    for (at, token) in tokens.iter().enumerate() {
        let of_word = |token: &Token| matches!(token, Token::Word(_) | Token::Number(_));
        let glued = of_word(&before) && of_word(token)
            || matches!((&before, token), (Token::Sign(a @ ('+' | '-')), Token::Sign(b)) if a == b)
            || matches!((&before, token), (Token::Sign(a @ ('+' | '-')), Token::Text(b)) if b.starts_with(*a));
        if glued {
            out.push(' ');
        }
        match token {
            Token::Word(word) if !is_property(tokens, at) => out.push_str(names.get(word).map_or(*word, String::as_str)),
            Token::Word(text) | Token::Number(text) | Token::Text(text) => out.push_str(text),
            // The last statement of a block needs no end.
            Token::Sign('}') if before == Token::Sign(';') => {
                out.pop();
                out.push('}');
            }
            Token::Sign(sign) => out.push(*sign),
        }
        before = *token;
    }
    out
}
