//! Custom JavaScript of events (rules.md 29). It is parsed when it is saved and wrapped when it is served, and can be
//! switched off for a whole account. This program never runs it.

use std::thread;

use oxc::allocator::Allocator;
use oxc::diagnostics::OxcDiagnostic;
use oxc::parser::{ParseOptions, Parser};
use oxc::semantic::SemanticBuilder;
use oxc::span::SourceType;
use sha2::{Digest, Sha256};

use crate::app::access::{self, Actor, Error};
use crate::app::core::App;
use crate::base::clock::{MINUTE, Millis};
use crate::domain::account::AccountId;
use crate::domain::event::EventNumber;
use crate::domain::user::Role;
use crate::store::{self, Connection, definition, script_change};

/// What is put around the code. It adds no line before the code, so that an error names the line its author knows.
const BEFORE: &str = "(function(){try{(function(){";
const AFTER: &str = "\n}).call(window)}catch(e){console.error('Guestlog: the custom JavaScript of event ";
const END: &str = " threw',e)}})();\n";
/// Bytes of a hash in an address.
const HASH_BYTES: usize = 8;
/// How long replaced code can still be fetched. Browsers and proxies keep the script that names it for 60 s.
const REPLACED_LIFE: i64 = 5 * MINUTE;
/// Stack of the thread that parses. The parser calls itself for each step of nesting, without a limit, and a stack that
/// overflows would end the whole server. Each step begins with an opening bracket, with another sign, or with a word
/// and the white space or sign behind it; closing brackets, `;` and `,` end steps. So the thread gets, for each beginning
/// in the code, half as much again as a step was seen to take. It is address space: only what is used becomes memory.
const STACK_START: usize = 4 * 1024 * 1024;
const STACK_PER_BRACKET: usize = 6 * 1024;
const STACK_PER_SIGN: usize = 3 * 512;
/// Code that could need more is refused. Minified libraries of 2 MB are given 1 to 1.4 GB.
const STACK_MAX: usize = 2 * 1024 * 1024 * 1024;
const TOO_MUCH: &str = "the code has too many brackets and signs to be checked";

/// Why and where code does not parse. Line and column count from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Mistake {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// Turns the line ends of a form into those of a file.
#[must_use]
pub fn with_plain_line_ends(code: &str) -> String {
    code.replace("\r\n", "\n")
}

/// Checks that the code parses as the body of a function.
pub(super) async fn check(code: &str) -> Result<(), Mistake> {
    let code = code.to_owned();
    let unable =
        |why: String| Mistake { line: 1, column: 1, message: format!("it could not be checked: {why}") };
    let checked = tokio::task::spawn_blocking(move || {
        let stack = stack_for(&code).map_err(|offset| mistake(&code, offset, TOO_MUCH.to_owned()))?;
        let parser = thread::Builder::new().name("custom-js".into()).stack_size(stack);
        let parser = parser.spawn(move || parse(&code)).map_err(|error| unable(error.to_string()))?;
        parser.join().unwrap_or_else(|_| Err(unable("the parser failed".to_owned())))
    });
    checked.await.unwrap_or_else(|error| Err(Mistake { line: 1, column: 1, message: error.to_string() }))
}

/// Stack on which the code can be parsed whatever it is; or where in it `STACK_MAX` is exceeded.
fn stack_for(code: &str) -> Result<usize, usize> {
    let mut stack = STACK_START;
    for (offset, character) in code.char_indices() {
        stack += match character {
            '(' | '[' | '{' | '`' => STACK_PER_BRACKET,
            ')' | ']' | '}' | ';' | ',' => 0,
            'a'..='z' | 'A'..='Z' | '0'..='9' | '_' | '$' => 0,
            _ => STACK_PER_SIGN,
        };
        if stack > STACK_MAX {
            return Err(offset);
        }
    }
    Ok(stack)
}

fn parse(code: &str) -> Result<(), Mistake> {
    let allocator = Allocator::default();
    let options = ParseOptions {
        parse_regular_expression: true,
        allow_return_outside_function: true,
        ..ParseOptions::default()
    };
    let parsed = Parser::new(&allocator, code, SourceType::cjs()).with_options(options).parse();
    if let Some(error) = parsed.errors.first() {
        return Err(refused(code, error));
    }
    if parsed.program.hashbang.is_some() {
        let message = "a line that begins with #! is not allowed".to_owned();
        return Err(Mistake { line: 1, column: 1, message });
    }
    let meant = SemanticBuilder::new().with_check_syntax_error(true).build(&parsed.program);
    meant.errors.first().map_or(Ok(()), |error| Err(refused(code, error)))
}

fn refused(code: &str, error: &OxcDiagnostic) -> Mistake {
    // Some errors first name the place that the wrong one does not go with.
    let labels = error.labels.iter().flatten().map(|label| label.offset());
    mistake(code, labels.max().unwrap_or(0).min(code.len()), error.message.to_string())
}

/// `offset` is in bytes.
fn mistake(code: &str, offset: usize, message: String) -> Mistake {
    let before = code.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Mistake {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        message,
    }
}

/// A hash of the code and of what is put around it, which names the code in its address. Empty when there is no code.
#[must_use]
pub(super) fn hash(code: &str) -> String {
    if code.is_empty() {
        return String::new();
    }
    let mut hash = Sha256::new();
    for part in [BEFORE, AFTER, END, code] {
        hash.update(part);
    }
    hash.finalize().iter().take(HASH_BYTES).map(|byte| format!("{byte:02x}")).collect()
}

/// What browsers run: the code in a function, with a `try` of its own that names the event when the code throws.
fn wrap(event: EventNumber, code: &str) -> String {
    format!("{BEFORE}{code}{AFTER}{event}{END}")
}

/// The file at `/e/{account}/{event}.{hash}.js`: the present code, or code that was replaced minutes ago. `None` when
/// no code has this hash, when the event has no code any more, and when custom JavaScript is switched off.
pub async fn served(
    app: &App,
    account: AccountId,
    event: EventNumber,
    hash: &str,
) -> Result<Option<String>, store::Error> {
    let runs = app.accounts.find(account).is_some_and(|entry| app.runs_code(&entry));
    let known = app.definitions.of(account);
    let has_code = known.active().any(|stored| stored.number == event && !stored.script_hash.is_empty());
    if !runs || !has_code || hash.is_empty() {
        return Ok(None);
    }
    let (hash, since) = (hash.to_owned(), app.now().plus(-REPLACED_LIFE));
    let read = app.store.read(move |conn| match definition::find_script(conn, account, event)? {
        Some(script) if script.hash == hash => Ok(Some(script.code)),
        _ => script_change::find_replaced(conn, account, event, &hash, since),
    });
    Ok(read.await?.map(|code| wrap(event, &code)))
}

/// The present code of an event; empty when it has none.
pub async fn code(app: &App, account: AccountId, event: EventNumber) -> Result<String, store::Error> {
    let script = app.store.read(move |conn| definition::find_script(conn, account, event)).await?;
    Ok(script.map(|script| script.code).unwrap_or_default())
}

/// Requires the right to publish and logs the change, in the transaction that makes it. Does nothing when the code
/// stays the same.
pub(super) fn change(
    conn: &Connection,
    actor: Actor,
    account: AccountId,
    event: EventNumber,
    old: String,
    new: &str,
    now: Millis,
) -> Result<(), Error> {
    if old == new {
        return Ok(());
    }
    access::need_publisher(conn, actor, account)?;
    let change = script_change::Change {
        at: now,
        user: actor.user(),
        old_hash: hash(&old),
        old,
        new_hash: hash(new),
        new: new.to_owned(),
    };
    script_change::insert(conn, account, event, &change)?;
    let named = |hash: &str| if hash.is_empty() { "none".to_owned() } else { hash.to_owned() };
    let detail = format!("{event}: {} -> {}", named(&change.old_hash), named(&change.new_hash));
    store::audit::insert(conn, now, Some(account), actor.user(), "event.script", &detail)?;
    Ok(())
}

/// One change of the code of an event. An empty text means no code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Changed {
    pub at: Millis,
    pub by: By,
    pub old: String,
    pub new: String,
}

/// Who changed it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum By {
    Machine,
    /// With their email.
    User(String),
    /// A user who was deleted since.
    Gone,
}

/// The changes of an event's code, newest first.
pub async fn changes(
    app: &App,
    account: AccountId,
    event: EventNumber,
) -> Result<Vec<Changed>, store::Error> {
    let read = move |conn: &Connection| {
        let all = script_change::list(conn, account, event)?.into_iter().map(|change| {
            let by = match change.user {
                None => By::Machine,
                Some(id) => store::user::find(conn, id)?.map_or(By::Gone, |user| By::User(user.email)),
            };
            Ok(Changed { at: change.at, by, old: change.old, new: change.new })
        });
        all.collect()
    };
    app.store.read(read).await
}

/// Switches the custom JavaScript of all events of an account on or off. Browsers follow within a minute, which is
/// how long they keep the script. Any admin may switch it off; only a publisher may switch it on.
///
/// # Errors
/// `Denied` when the actor is no admin, `Publish` when the actor may not publish.
pub async fn set_custom_js(app: &App, actor: Actor, account: AccountId, on: bool) -> Result<(), Error> {
    let now = app.now();
    app.store
        .writer
        .write(move |conn| {
            access::need(conn, actor, account, Role::Admin)?;
            if on {
                access::need_publisher(conn, actor, account)?;
            }
            store::account::update_custom_js(conn, account, on)?;
            let word = if on { "on" } else { "off" };
            store::audit::insert(conn, now, Some(account), actor.user(), "account.custom_js", word)?;
            Ok::<_, Error>(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(code: String) -> Result<(), Mistake> {
        let stack = stack_for(&code).unwrap() * 2 / 3;
        let parser = thread::Builder::new().stack_size(stack).spawn(move || parse(&code)).unwrap();
        parser.join().unwrap()
    }

    #[tokio::test]
    async fn code_is_taken_at_the_limit_of_the_stack_and_refused_one_past_it() {
        let signs = (STACK_MAX - STACK_START) / STACK_PER_SIGN;
        let code = |n: usize| "\na".repeat(n);
        assert_eq!(check(&code(signs)).await, Ok(()));
        let refused = check(&code(signs + 1)).await.unwrap_err();
        assert_eq!((refused.line, refused.column), (signs + 1, 2));
        assert_eq!(refused.message, TOO_MUCH);
    }

    /// A stack that overflows would end the whole server; here it would end the test.
    #[test]
    fn nothing_takes_more_than_two_thirds_of_its_stack() {
        for unit in [
            "(",
            "[",
            "{",
            "`${",
            "a(",
            "!",
            "-",
            "+ ",
            "~",
            "a=",
            "a?b:",
            "a?",
            "x=>",
            "(x)=>",
            "new ",
            "typeof ",
            "void ",
            "delete ",
            "if(a)",
            "if(a);else ",
            "if(a){}else ",
            "if(a)do a;while(b);else ",
            "(')',",
            "(/)/,",
            "(`${')'}`,",
            "while(a)",
            "for(;;)",
            "do ",
            "a:",
            "1+",
            "a**",
            "a,",
            "a.b.",
            "a?.b",
            "a()",
            "a[",
            "a`",
            "/a/.",
            "class A extends ",
            "class A{a=",
            "function a(){",
            "async()=>",
            "({a:",
            "[...",
            "({...",
            "var{a:",
            "var[",
            "case",
            "switch(a){case ",
            "try{",
            "with(a)",
            "a??",
            "a&&",
            "a||",
            "a<",
            "await ",
            "yield ",
            "throw ",
            "return ",
            "import(",
            "super.",
            "{{",
            "/*",
            "//",
            "'",
            "/(?:",
            "/[",
        ] {
            let _ = checked(unit.repeat(10_000));
        }
    }

    #[test]
    fn code_in_its_wrapper_is_one_statement() {
        for code in ["a();", "// a", "return", "'use strict'; a();", "/* a */", "`\n`", "a = {}"] {
            assert_eq!(checked(code.to_owned()), Ok(()), "{code}");
            assert_eq!(checked(wrap(EventNumber(1), code)), Ok(()), "{code}");
        }
    }
}
