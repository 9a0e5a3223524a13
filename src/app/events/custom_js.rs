//! Custom JavaScript of events (rules.md 29): parsed when it is saved, wrapped when it is served, switched off for a
//! whole account. Nothing runs it here.

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
use crate::domain::nesting;
use crate::domain::user::Role;
use crate::store::{self, Connection, definition, script_change};

/// What stands around the code. A line of the file is the line of the code that its author knows.
const BEFORE: &str = "(function(){try{(function(){";
const AFTER: &str = "\n}).call(window)}catch(e){console.error('Guestlog: the custom JavaScript of event ";
const END: &str = " threw',e)}})();\n";
/// Bytes of a hash in an address.
const HASH_BYTES: usize = 8;
/// How long code that was replaced is still there. Browsers and proxies keep the script that names it for 60 s.
const REPLACED_LIFE: i64 = 5 * MINUTE;
/// Deepest nesting of code that is parsed, in the steps of `nesting`: more than browsers take.
const NESTING_MAX: usize = 10_000;
/// Stack of the parser: for a beginning, and for each step. Only what is used of it costs memory.
const STACK: usize = 4 * 1024 * 1024 + NESTING_MAX * 8 * 1024;

/// Why code does not parse, and where: line and column from 1, in characters.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}, column {column}: {message}")]
pub struct Mistake {
    pub line: usize,
    pub column: usize,
    pub message: String,
}

/// Line ends as in a file, whatever a form made of them.
#[must_use]
pub(super) fn plain(code: &str) -> String {
    code.replace("\r\n", "\n")
}

/// Does the code parse as the body of a function?
pub(super) async fn check(code: &str) -> Result<(), Mistake> {
    let code = code.to_owned();
    let unable =
        |why: String| Mistake { line: 1, column: 1, message: format!("it could not be checked: {why}") };
    let checked = tokio::task::spawn_blocking(move || {
        if let Some(offset) = nesting::too_deep(&code, NESTING_MAX) {
            return Err(mistake(
                &code,
                offset,
                format!("the code is nested deeper than {NESTING_MAX} levels"),
            ));
        }
        let parser = thread::Builder::new().name("custom-js".into()).stack_size(STACK);
        let parser = parser.spawn(move || parse(&code)).map_err(|error| unable(error.to_string()))?;
        parser.join().unwrap_or_else(|_| Err(unable("the parser failed".to_owned())))
    });
    checked.await.unwrap_or_else(|error| Err(Mistake { line: 1, column: 1, message: error.to_string() }))
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
    // several tell first what it does not go with
    let labels = error.labels.iter().flatten().map(|label| label.offset());
    mistake(code, labels.max().unwrap_or(0).min(code.len()), error.message.to_string())
}

/// `offset`: bytes before it.
fn mistake(code: &str, offset: usize, message: String) -> Mistake {
    let before = code.get(..offset).unwrap_or_default();
    let line_start = before.rfind('\n').map_or(0, |at| at + 1);
    Mistake {
        line: before.matches('\n').count() + 1,
        column: before.get(line_start..).unwrap_or_default().chars().count() + 1,
        message,
    }
}

/// Names the code in its address, with what is put around it. Empty of no code.
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

/// What browsers run: the code in a function and a `try` of its own, which names the event when it throws.
fn wrap(event: EventNumber, code: &str) -> String {
    format!("{BEFORE}{code}{AFTER}{event}{END}")
}

/// The file at `/e/{account}/{event}.{hash}.js`: the code as it is, or as it was until minutes ago. None when there is
/// none of that name, when the event has no code any more, and when custom JavaScript is switched off.
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

/// Code of an event as it is now; empty = it has none.
pub async fn code(app: &App, account: AccountId, event: EventNumber) -> Result<String, store::Error> {
    let script = app.store.read(move |conn| definition::find_script(conn, account, event)).await?;
    Ok(script.map(|script| script.code).unwrap_or_default())
}

/// Asks for the right to publish and writes down what changed, in the transaction that changes it. Nothing to do where
/// the code stays.
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

/// One change of the code of an event; empty = no code.
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
    /// With his email.
    User(String),
    /// A user who is no more.
    Gone,
}

/// Who changed the code of an event, when, from what to what; the newest first.
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

/// Switches the custom JavaScript of all events of an account on or off; browsers follow within the minute that they
/// keep the script. Any admin may switch it off; on, who may publish.
///
/// # Errors
/// `Denied` to who is no admin, `Publish` to who may not publish; the store's.
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
        .await?;
    Ok(app.reload_accounts()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(code: String) -> Result<(), Mistake> {
        let parser = thread::Builder::new().stack_size(STACK).spawn(move || parse(&code)).unwrap();
        parser.join().unwrap()
    }

    #[tokio::test]
    async fn code_is_taken_at_the_limit_of_nesting_and_refused_one_past_it() {
        let code = |n: usize| format!("a();\n{};", "!".repeat(n - 1) + "+a");
        assert_eq!(check(&code(NESTING_MAX)).await, Ok(()));
        let refused = check(&code(NESTING_MAX + 1)).await.unwrap_err();
        assert_eq!((refused.line, refused.column), (2, NESTING_MAX + 1));
        assert!(refused.message.contains("10000 levels"), "{}", refused.message);
    }

    /// A stack that runs over would take the whole server along; here it would end the test.
    #[test]
    fn nothing_that_is_parsed_is_nested_too_deep_for_the_parser() {
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
            let fits = |n: usize| nesting::too_deep(&unit.repeat(n), NESTING_MAX).is_none();
            let (mut most, mut step) = (0, 1 << 14);
            while step > 0 {
                most += if fits(most + step) { step } else { 0 };
                step /= 2;
            }
            assert!(most > 1_000, "{unit}: {most}");
            let _ = checked(unit.repeat(most));
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
