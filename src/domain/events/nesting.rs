//! How deep JavaScript nests, told from its text before a parser goes down a step of its stack for each: a stack that
//! runs over takes the whole server along. Never too low, so where text and code cannot be told apart, all counts as
//! code. Whether it parses is not asked here.

/// Words that carry a statement.
const STATEMENTS: [&str; 5] = ["if", "for", "while", "with", "do"];
/// Words whose brackets are no value: a statement follows them.
const HEADS: [&str; 4] = ["if", "for", "while", "with"];
/// Words that go on with the statement before them.
const CONTINUES: [&str; 4] = ["else", "while", "catch", "finally"];
/// Words a regular expression may stand after, and no division.
const BEFORE_VALUE: [&str; 11] =
    ["return", "typeof", "void", "delete", "throw", "new", "in", "instanceof", "case", "do", "else"];
/// Other words that are no names.
const OTHERS: [&str; 20] = [
    "async", "await", "break", "catch", "class", "const", "continue", "debugger", "default", "extends",
    "finally", "function", "import", "let", "of", "static", "switch", "try", "var", "yield",
];

/// Where code nests deeper than `max` steps, in bytes; `None` when it nowhere does. A step is a bracket, or a sign or
/// word that can carry the next one in its statement.
#[must_use]
pub fn too_deep(code: &str, max: usize) -> Option<usize> {
    let mut scan = Scan::new(code);
    while scan.token() {
        if scan.depth > max {
            return Some(scan.start);
        }
    }
    None
}

/// What the last token was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Last {
    /// The end of a value, or a name.
    Value,
    /// The end of a block or of a value.
    Brace,
    /// The end of the brackets after one of `HEADS`.
    Head,
    /// One of `BEFORE_VALUE`.
    BeforeValue,
    /// One of `HEADS`.
    HeadWord,
    OtherWord,
    Sign,
}

/// What stands between two brackets.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// `$` = a value in a template.
    open: char,
    is_head: bool,
    /// Beginning of the token before it.
    before: char,
    /// Steps of the statement, and of the expression that a comma ends.
    statement: usize,
    expression: usize,
    /// Steps of the statement that ended last, in case it goes on.
    ended: usize,
    /// Question marks without their colon.
    questions: usize,
}

struct Scan<'a> {
    code: &'a str,
    at: usize,
    /// Of the token.
    start: usize,
    depth: usize,
    /// Those around `here`.
    levels: Vec<Level>,
    here: Level,
    last: Last,
    /// How the token before the last one and the last one begin.
    signs: (char, char),
    /// A line ended before the token.
    on_new_line: bool,
    /// From here on everything counts and nothing ends.
    in_doubt: bool,
}

impl<'a> Scan<'a> {
    fn new(code: &'a str) -> Self {
        let here = Level {
            open: ' ',
            is_head: false,
            before: ';',
            statement: 0,
            expression: 0,
            ended: 0,
            questions: 0,
        };
        Self {
            code,
            at: 0,
            start: 0,
            depth: 0,
            levels: Vec::new(),
            here,
            last: Last::Sign,
            signs: (';', ';'),
            on_new_line: true,
            in_doubt: false,
        }
    }

    fn rest(&self) -> &'a str {
        self.code.get(self.at..).unwrap_or_default()
    }

    /// Reads a token; false at the end.
    fn token(&mut self) -> bool {
        self.on_new_line = self.at == 0;
        self.skip_space();
        self.start = self.at;
        let Some(first) = self.rest().chars().next() else { return false };
        if self.in_doubt {
            self.at += first.len_utf8();
            self.depth += usize::from(!is_of_word(first));
            return true;
        }
        match first {
            '"' | '\'' => self.text(first),
            '`' => {
                self.step();
                self.at += 1;
                self.template();
            }
            '(' | '[' | '{' => {
                self.at += 1;
                self.open(first);
            }
            ')' | ']' | '}' => self.close(first),
            '/' => self.slash(),
            first if is_of_word(first) => self.word(),
            first => self.sign(first),
        }
        true
    }

    /// White space and comments.
    fn skip_space(&mut self) {
        while !self.in_doubt {
            let rest = self.rest();
            let skipped = if rest.starts_with("//") {
                rest.find(is_line_end).unwrap_or(rest.len())
            } else if rest.starts_with("/*") {
                let inside = rest.get(2..).unwrap_or_default();
                inside.find("*/").map_or(rest.len(), |end| end + 4)
            } else {
                let is_space = |c: char| c.is_whitespace() || c == '\u{feff}';
                rest.find(|c| !is_space(c)).unwrap_or(rest.len())
            };
            // Comments of a time when some browsers had no script.
            self.in_doubt = rest.starts_with("<!--") || rest.starts_with("-->") && self.on_new_line;
            if skipped == 0 {
                return;
            }
            self.on_new_line |= rest.get(..skipped).unwrap_or_default().contains(is_line_end);
            self.at += skipped;
        }
    }

    fn step(&mut self) {
        self.here.expression += 1;
        self.depth += 1;
    }

    fn step_of_statement(&mut self, steps: usize) {
        self.here.statement += steps;
        self.depth += steps;
    }

    fn end_expression(&mut self) {
        self.depth -= self.here.expression;
        self.here.expression = 0;
        self.here.questions = 0;
    }

    fn end_statement(&mut self) {
        self.end_expression();
        self.depth -= self.here.statement;
        self.here.ended = self.here.statement;
        self.here.statement = 0;
    }

    /// Two values with no sign between them are of two statements.
    fn begin_value(&mut self) {
        if matches!(self.last, Last::Value | Last::Brace) {
            self.end_statement();
        }
    }

    fn put(&mut self, last: Last, sign: char) {
        self.last = last;
        self.signs = (self.signs.1, sign);
    }

    fn open(&mut self, open: char) {
        self.step();
        let is_head = self.last == Last::HeadWord;
        let inside = Level { open, is_head, before: self.signs.1, ..Self::new("").here };
        self.levels.push(std::mem::replace(&mut self.here, inside));
        self.depth += 1;
        self.put(Last::Sign, open);
    }

    fn close(&mut self, close: char) {
        self.at += 1;
        let Some(around) = self.levels.pop() else { return self.put(Last::Value, close) };
        self.end_statement();
        self.depth -= 1;
        let inside = std::mem::replace(&mut self.here, around);
        if inside.open == '$' {
            return self.template();
        }
        self.last = match close {
            '}' => Last::Brace,
            ')' if inside.is_head => Last::Head,
            _ => Last::Value,
        };
        self.signs = (inside.before, close);
    }

    fn text(&mut self, quote: char) {
        self.begin_value();
        let mut chars = self.rest().char_indices().skip(1);
        let mut end = self.code.len() - self.at;
        while let Some((place, c)) = chars.next() {
            if c == '\\' {
                chars.next();
            } else if c == quote || matches!(c, '\n' | '\r') {
                end = place + 1;
                break;
            }
        }
        self.at += end;
        self.put(Last::Value, quote);
    }

    /// From within a template to its end, or into a value of it.
    fn template(&mut self) {
        let mut chars = self.rest().char_indices();
        let mut before = ' ';
        let mut end = None;
        while let Some((place, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                    before = ' ';
                    continue;
                }
                '`' => end = Some((place + 1, false)),
                '{' if before == '$' => end = Some((place + 1, true)),
                _ => {}
            }
            before = c;
            if end.is_some() {
                break;
            }
        }
        let (length, is_value) = end.unwrap_or((self.rest().len(), false));
        self.at += length;
        if is_value { self.open('$') } else { self.put(Last::Value, '`') }
    }

    /// A division, a regular expression, or who knows.
    fn slash(&mut self) {
        match self.last {
            Last::Value => self.sign('/'),
            Last::Head | Last::BeforeValue | Last::Sign => self.regex(),
            Last::Brace | Last::HeadWord | Last::OtherWord => {
                let line = self.rest().get(1..).unwrap_or_default();
                let line = line.get(..line.find(is_line_end).unwrap_or(line.len())).unwrap_or_default();
                match line.split_once('/') {
                    None => self.sign('/'),
                    // Either way a name, and what follows it belongs to it.
                    Some((name, after))
                        if !name.is_empty()
                            && name.chars().all(|c| c.is_ascii_alphanumeric())
                            && Last::of(name) == Last::Value
                            && after.starts_with(|c: char| c == '.' || c.is_ascii_alphanumeric()) =>
                    {
                        self.regex();
                    }
                    Some(_) => self.in_doubt = true,
                }
            }
        }
    }

    fn regex(&mut self) {
        let mut is_class = false;
        let mut chars = self.rest().char_indices().skip(1);
        let mut end = None;
        while let Some((place, c)) = chars.next() {
            match c {
                '\\' => {
                    chars.next();
                }
                '(' | '[' => {
                    self.step();
                    is_class |= c == '[';
                }
                ']' => is_class = false,
                '/' if !is_class => end = Some(place + 1),
                c if is_line_end(c) => break,
                _ => {}
            }
            if end.is_some() {
                break;
            }
        }
        let Some(end) = end else {
            self.in_doubt = true;
            return;
        };
        self.at += end;
        let flags = self.rest();
        self.at += flags.find(|c| !is_of_word(c)).unwrap_or(flags.len());
        self.put(Last::Value, '/');
    }

    fn word(&mut self) {
        let rest = self.rest();
        let word = rest.get(..rest.find(|c| !is_of_word(c)).unwrap_or(rest.len())).unwrap_or_default();
        let first = word.chars().next().unwrap_or(' ');
        self.at += word.len();
        let kind = if self.signs.1 == '.' { Last::Value } else { Last::of(word) };
        if !matches!(word, "in" | "instanceof" | "of" | "extends") {
            self.begin_value();
        }
        if kind != Last::Value {
            if CONTINUES.contains(&word) {
                self.step_of_statement(self.here.ended);
            }
            match word {
                "else" => {}
                word if STATEMENTS.contains(&word) => self.step_of_statement(1),
                _ => self.step(),
            }
        }
        // for await (…)
        let kind = if word == "await" && self.last == Last::HeadWord { Last::HeadWord } else { kind };
        self.put(kind, first);
    }

    fn sign(&mut self, sign: char) {
        let rest = self.rest();
        let two = rest.get(..2).unwrap_or_default();
        self.at += sign.len_utf8();
        match sign {
            ';' => self.end_statement(),
            ',' => self.end_expression(),
            ':' if self.here.questions > 0 => self.here.questions -= 1,
            // The name of a property.
            ':' if matches!(self.signs.0, ',' | '{') => {}
            ':' => self.step_of_statement(1),
            '?' if matches!(two, "?." | "??") => {
                self.step();
                self.at += 1;
                return self.put(Last::Sign, if two == "?." { '.' } else { '?' });
            }
            '?' => {
                self.step();
                self.here.questions += 1;
            }
            '.' if rest.starts_with("...") => {
                self.step();
                self.at += 2;
                return self.put(Last::Sign, '…');
            }
            '+' | '-' if matches!(two, "++" | "--") => {
                self.step();
                self.at += 1;
                if !self.on_new_line {
                    match self.last {
                        // It belongs to what stands before it.
                        Last::Value => return self.put(Last::Value, sign),
                        Last::Brace => self.in_doubt = true,
                        _ => {}
                    }
                }
            }
            _ => self.step(),
        }
        self.put(Last::Sign, sign);
    }
}

impl Last {
    fn of(word: &str) -> Self {
        if HEADS.contains(&word) {
            Self::HeadWord
        } else if BEFORE_VALUE.contains(&word) {
            Self::BeforeValue
        } else if OTHERS.contains(&word) {
            Self::OtherWord
        } else {
            Self::Value
        }
    }
}

fn is_of_word(c: char) -> bool {
    let is_ascii = c.is_ascii_alphanumeric() || matches!(c, '_' | '$' | '#' | '\\');
    is_ascii || (!c.is_ascii() && !c.is_whitespace() && c != '\u{feff}')
}

const fn is_line_end(c: char) -> bool {
    matches!(c, '\n' | '\r' | '\u{2028}' | '\u{2029}')
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The deepest of it.
    fn depth(code: &str) -> usize {
        (0..).find(|max| too_deep(code, *max).is_none()).unwrap()
    }

    #[test]
    fn what_stands_side_by_side_is_not_deep() {
        for unit in [
            "a = b + c;",
            "if (a) { b(); } else { c(); }\n",
            "foo.bar(1, [2], {a: 3})\n",
            "function a(b) { return b ? 1 : 2 }\n",
            "var a = /[(/'{]/.test(b) ? '(((' : \"{[\"; // ((( {\n",
            "/* ( [ { ` ' */ a++ / 2;",
            "`( { ${a} [ '`;",
            "(a = 1, b = 2);",
            "if (a)\n  b()\nelse if (c)\n  d()\n",
            "for (var i = 0; i < 9; i++) a[i] = i / 2\n",
            "x = {'a': 1, b: [2], c() { return 3 }}\n",
            "while (n --> 0) a(); b();",
        ] {
            let (one, many) = (depth(unit), depth(&unit.repeat(300)));
            assert!(many <= one + 2, "{unit}: {one} and {many}");
        }
        let list = |item: &str| format!("a = [{}];", item.repeat(300));
        assert!(depth(&list("{a: 1, 'b': [2, 3], c: x ? y : z},")) < 12);
        assert!(depth(&format!("a({});", "b = c ? d : e, f.g(), ".repeat(300))) < 12);
    }

    #[test]
    fn what_carries_the_next_is_a_step_each() {
        for unit in [
            "(",
            "[",
            "{",
            "`${",
            "!",
            "a=",
            "a?b:",
            "x=>",
            "new ",
            "async x=>",
            "class A extends ",
            "if(a)",
            "if(a);else ",
            "a:",
            "if(a){}else ",
            "if(a)try{}catch(e){}else ",
            "if(a)do b;while(c);else ",
            "for await(a of b)",
            "do ",
            "if(a)x,((",
            "if(a)var x=((",
            "a.b.",
            "()",
            "``",
            "1+",
            "(')',",
            "(\")\",",
            "(/)/,",
            "[`]`,",
            "(`${')'}`,",
            "(/[/)]/,",
            "if(a)/)/.x,(",
            "(a++/2,'/)',",
            "{}/)/.x,(",
            "(//)\n",
            "(/*)*/",
            "(...typeof/)/,",
            "(a.return/')'.x/2,",
            "<!--'\n(",
            "{}\n/'/.test(a)(",
            "(\u{2028}",
            "(// \u{2028}",
            "yield/'/,(",
        ] {
            assert!(depth(&unit.repeat(200)) >= 200, "{unit}: {}", depth(&unit.repeat(200)));
        }
    }

    #[test]
    fn the_place_is_that_of_the_first_step_too_many() {
        assert_eq!(too_deep("!!!", 3), None);
        assert_eq!(too_deep("!!!!", 3), Some(3));
        assert_eq!(too_deep("a;\n  !!!é!", 3), Some(10));
        assert_eq!(too_deep("", 0), None);
    }
}
