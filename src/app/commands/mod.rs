//! The changes that the command line may make (rules.md 23). The server runs them when there is one, else the
//! command's own process does; this module does not know which. Pages have use cases of their own.

mod error;

use std::sync::Arc;
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::error::{Error, Kind};
use super::access::{self, Actor};
use super::core::App;
use crate::app::access::{accounts, consent, counting, retention, tokens, users};
use crate::app::events::{count_back, definitions};
use crate::app::ingest::fold;
use crate::app::ingest::refusal::refusal;
use crate::app::people::erase::person::{self, ErasedPerson};
use crate::app::people::find_person::Key;
use crate::app::people::import::{self, Begin, Upload};
use crate::app::people::{lists, merge};
use crate::base::clock::Millis;
use crate::domain::account::{AccountId, Settings};
use crate::domain::consent::choice::Receipt;
use crate::domain::consent::counting::Counting;
use crate::domain::consent::rule::{PolicyType, Rule, Target};
use crate::domain::contact::Email;
use crate::domain::event::{EventKind, EventNumber, Status, Typed};
use crate::domain::import::map_columns;
use crate::domain::list::{Conditions, ListId, ListKind};
use crate::domain::retention::Kind as KeptKind;
use crate::domain::user::{Role, Scope};
use crate::domain::visitor::Token;
use crate::store::import::{Stop, Tally};
use crate::store::{self, member::Membership};

/// A change that is asked for. It has no `Debug`, because it may hold a password.
#[derive(Serialize, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub enum Command {
    /// Answers `{"account_id"}`.
    AccountAdd { name: String, domains: Vec<String>, time_zone: String, currency: String },
    /// Answers `{"user_id","server_admin"}`. A known user keeps their password and needs none here. `server_admin` says that
    /// the first user may administer the whole server without being an owner.
    UserAdd { email: String, account: AccountId, role: Role, password: Option<String>, server_admin: bool },
    /// Answers `{"user_id"}`. Every browser of the user is signed out.
    UserResetPassword { email: String, password: String },
    /// Answers `{"token_id","token"}`. The token cannot be read again.
    TokenAdd { account: AccountId, name: String, scopes: Vec<Scope> },
    /// Answers `{"event_id","snippet"}`. The snippet is null for types that the script finds by itself.
    EventAdd {
        account: AccountId,
        name: String,
        kind: EventKind,
        tags: Vec<String>,
        selector: String,
        url: String,
        value: String,
        custom_js: String,
    },
    /// Answers `{"event_id"}`.
    EventChange { account: AccountId, number: EventNumber, change: EventChange },
    /// Answers `{"revision"}`: the revision in force.
    ConsentSet { account: AccountId, rule: TypedRule },
    /// Answers `{"revision"}`, by which earlier choices become void.
    ConsentAskAgain { account: AccountId },
    /// Answers `{"count_anonymously","count_asked"}`. What is not given stays as it is.
    ConsentCount { account: AccountId, anonymously: Option<bool>, asked: Option<bool> },
    /// Answers `{"list_id"}`.
    ListAdd { account: AccountId, name: String, kind: ListKind, conditions: Conditions },
    /// Answers `{"list_id"}`.
    ListDelete { account: AccountId, list: ListId },
    /// Answers `{"contact_id"}`: the contact `into`, or the one that it was merged into, of which `from` is a part now.
    ContactMerge { account: AccountId, from: i64, into: i64 },
    /// Answers `{"contact_id","from"}`: the contact that lives again, and the one it was a part of.
    ContactUnmerge { account: AccountId, contact: i64 },
    /// Begins to import contacts from a file in the folder of imports; with `check_only` only to compare. Answers
    /// `{"import_id","state","rows","done","created","changed","same","refused","stop"}`: as long as the state is `checking` or
    /// `running`, `ContactImportContinue` is to be asked.
    ContactImport {
        account: AccountId,
        file: String,
        name: String,
        map: Vec<(String, String)>,
        check_only: bool,
    },
    /// Works on it for some seconds more, and answers the same.
    ContactImportContinue { account: AccountId, import: i64 },
    /// Deletes a file that was only checked. Answers `{"import_id"}`.
    ContactImportDiscard { account: AccountId, import: i64 },
    /// Answers `{"erased","sessions","page_views","damaged"}`: how many persons were erased, 0 when there is none with
    /// this email, token or receipt (any more), and the days that cannot be read. Exactly one of the three is given.
    ErasePerson {
        account: AccountId,
        email: Option<String>,
        visitor: Option<String>,
        #[serde(default)]
        receipt: Option<String>,
    },
    /// Changes how many months an account keeps a kind of data, unless it is a dry run. Answers `{"months","due",
    /// "clock_doubted_since"}`: the months and what is too old by kind, and since when nothing is deleted because the clock
    /// moved too far.
    Retention { account: AccountId, change: Option<(KeptKind, u32)>, dry_run: bool },
    /// Answers `{"confirmed"}`: the time that was confirmed.
    ConfirmClock {},
    /// Answers `{"replayed"}`: how many dead letters were put into the inbox again.
    ReplayDeadLetters {},
    /// Answers `{"deleted"}`: how many dead letters were deleted for good.
    DeleteDeadLetters {},
    /// Answers `{"taken","refused","dropped"}`: the map files that changed.
    ReloadMaps {},
    /// Answers `{"pid","waiting","writer_alive","inbox_alive","refusal"}`: the state of the running process,
    /// and why it accepts no hits; null when it does.
    Status {},
}

impl Command {
    /// Must everything acknowledged be folded before it? In a server that happens by itself.
    #[must_use]
    pub const fn needs_folded_hits(&self) -> bool {
        matches!(
            self,
            Self::ErasePerson { .. }
                | Self::ListAdd { .. }
                | Self::ContactMerge { .. }
                | Self::ContactUnmerge { .. }
        )
    }
}

/// A rule of a consent policy as it was typed. Empty texts mean everywhere; places stand apart by commas.
#[derive(Serialize, Deserialize)]
pub struct TypedRule {
    pub host: String,
    pub path: String,
    pub places: String,
    pub policy: PolicyType,
    pub gpc: bool,
}

/// A change of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventChange {
    Archive,
    Restore,
    Delete,
    /// The server does it in the background, now or when it next runs.
    CountBack,
}

/// Carries a command out and returns what it prints as JSON.
pub async fn execute(app: &Arc<App>, command: Command) -> Result<Value, Error> {
    match command {
        Command::AccountAdd { name, domains, time_zone, currency } => {
            let settings = Settings::parse(&name, &domains, &time_zone, &currency)
                .map_err(|what| Error::invalid(&what))?;
            let id = accounts::create(app, Actor::Machine, settings).await?;
            Ok(json!({ "account_id": id }))
        }
        Command::UserAdd { email, account, role, password, server_admin } => {
            add_user(app, &email, account, role, password, server_admin).await
        }
        Command::UserResetPassword { email, password } => reset_password(app, &email, &password).await,
        Command::TokenAdd { account, name, scopes } => {
            need_account(app, account)?;
            let (id, token) = tokens::create(app, Actor::Machine, account, &name, &scopes).await?;
            Ok(json!({ "token_id": id, "token": token.reveal() }))
        }
        Command::EventAdd { account, name, kind, tags, selector, url, value, custom_js } => {
            let typed = Typed {
                name: &name,
                tags: tags.iter().map(String::as_str).collect(),
                selector: &selector,
                url: &url,
                value: &value,
                value_property: "",
                custom_js: &custom_js,
            };
            add_event(app, account, kind, &typed).await
        }
        Command::EventChange { account, number, change } => {
            need_account(app, account)?;
            change_event(app, account, number, change).await?;
            Ok(json!({ "event_id": number.to_string() }))
        }
        Command::ConsentSet { account, rule } => set_consent(app, account, rule).await,
        Command::ConsentAskAgain { account } => ask_again(app, account).await,
        Command::ConsentCount { account, anonymously, asked } => {
            count_without_consent(app, account, anonymously, asked).await
        }
        Command::ListAdd { account, name, kind, conditions } => {
            add_list(app, account, &name, kind, conditions).await
        }
        Command::ListDelete { account, list } => delete_list(app, account, list).await,
        Command::ContactMerge { account, from, into } => merge_contacts(app, account, from, into).await,
        Command::ContactUnmerge { account, contact } => unmerge_contact(app, account, contact).await,
        Command::ContactImport { account, file, name, map, check_only } => {
            let what = if check_only { Begin::Check } else { Begin::Import };
            import_contacts(app, account, (&file, &name), &map, what).await
        }
        Command::ContactImportContinue { account, import } => continue_import(app, account, import).await,
        Command::ContactImportDiscard { account, import } => discard_import(app, account, import).await,
        Command::ErasePerson { account, email, visitor, receipt } => {
            erase_person(app, account, [email, visitor, receipt].each_ref().map(Option::as_deref)).await
        }
        Command::Retention { account, change, dry_run } => retain(app, account, change, dry_run).await,
        Command::ConfirmClock {} => confirm_clock(app).await,
        Command::ReplayDeadLetters {} => {
            let replayed = fold::replay_dead_letters(app).await?;
            Ok(json!({ "replayed": replayed }))
        }
        Command::DeleteDeadLetters {} => {
            let deleted = fold::delete_dead_letters(app).await?;
            Ok(json!({ "deleted": deleted }))
        }
        Command::ReloadMaps {} => reload_maps(app).await,
        Command::Status {} => Ok(status(app)),
    }
}

async fn reset_password(app: &App, email: &str, password: &str) -> Result<Value, Error> {
    let user = users::reset_password(app, email, password).await.map_err(|error| match error {
        access::Error::Store(store::Error::NotFound) => {
            Error::failed(&"there is no user with this email address")
        }
        error => error.into(),
    })?;
    Ok(json!({ "user_id": user }))
}

async fn add_event(
    app: &Arc<App>,
    account: AccountId,
    kind: EventKind,
    typed: &Typed<'_>,
) -> Result<Value, Error> {
    need_account(app, account)?;
    let number = definitions::create(app, Actor::Machine, account, kind, typed).await?;
    Ok(json!({ "event_id": number.to_string(), "snippet": definitions::snippet(app, account, number) }))
}

async fn retain(
    app: &App,
    account: AccountId,
    change: Option<(KeptKind, u32)>,
    dry_run: bool,
) -> Result<Value, Error> {
    need_account(app, account)?;
    let mut wanted = retention::find(app, account).await?;
    if let Some((kind, months)) = change {
        wanted.set(kind, months);
        wanted.check().map_err(|error| Error::invalid(&error))?;
    }
    let due = retention::preview(app, account, wanted).await?;
    if change.is_some() && !dry_run {
        retention::update(app, Actor::Machine, account, wanted).await?;
    }
    Ok(json!({
        "months": wanted,
        "due": {
            "visits": due.page_views,
            "completions": due.completions,
            "submissions": due.submissions,
            "contacts": due.contacts,
            "consent_log": due.choices,
            "audit_log": due.audit_rows,
        },
        "clock_doubted_since": retention::doubted_since(app).await?.map(Millis::iso),
    }))
}

async fn set_consent(app: &App, account: AccountId, typed: TypedRule) -> Result<Value, Error> {
    need_account(app, account)?;
    let target = Target::parse(&typed.host, &typed.path, &typed.places);
    let target = target.map_err(|what| Error::invalid(&what))?;
    let rule = Rule { target, kind: typed.policy, gpc: typed.gpc };
    let revision = consent::set_rule(app, Actor::Machine, account, rule).await?;
    Ok(json!({ "revision": revision }))
}

async fn confirm_clock(app: &App) -> Result<Value, Error> {
    retention::confirm_clock(app, Actor::Machine).await?;
    Ok(json!({ "confirmed": app.now().iso() }))
}

async fn count_without_consent(
    app: &App,
    account: AccountId,
    anonymously: Option<bool>,
    asked: Option<bool>,
) -> Result<Value, Error> {
    need_account(app, account)?;
    let change = move |counting: &mut Counting| {
        counting.anonymous = anonymously.unwrap_or(counting.anonymous);
        counting.asked = asked.unwrap_or(counting.asked);
    };
    let now = counting::update(app, Actor::Machine, account, change).await?;
    Ok(json!({ "count_anonymously": now.anonymous, "count_asked": now.asked }))
}

async fn ask_again(app: &App, account: AccountId) -> Result<Value, Error> {
    need_account(app, account)?;
    let revision = consent::ask_again(app, Actor::Machine, account).await?;
    Ok(json!({ "revision": revision }))
}

async fn add_list(
    app: &App,
    account: AccountId,
    name: &str,
    kind: ListKind,
    conditions: Conditions,
) -> Result<Value, Error> {
    need_account(app, account)?;
    let id = lists::create(app, Actor::Machine, account, name, kind, conditions).await?;
    Ok(json!({ "list_id": id }))
}

async fn delete_list(app: &App, account: AccountId, list: ListId) -> Result<Value, Error> {
    need_account(app, account)?;
    lists::delete(app, Actor::Machine, account, list).await?;
    Ok(json!({ "list_id": list }))
}

async fn unmerge_contact(app: &App, account: AccountId, contact: i64) -> Result<Value, Error> {
    need_account(app, account)?;
    let from = merge::undo_merge(app, Actor::Machine, account, contact).await?;
    Ok(json!({ "contact_id": contact, "from": from }))
}

async fn merge_contacts(app: &App, account: AccountId, from: i64, into: i64) -> Result<Value, Error> {
    need_account(app, account)?;
    let survivor = merge::merge(app, Actor::Machine, account, from, into).await?;
    Ok(json!({ "contact_id": survivor }))
}

/// How long a command works on an import. The command line waits longer for an answer.
const IMPORT_TIME: Duration = Duration::from_secs(20);

async fn import_contacts(
    app: &App,
    account: AccountId,
    (file, name): (&str, &str),
    map: &[(String, String)],
    what: Begin,
) -> Result<Value, Error> {
    // The file is deleted when it cannot be imported, whatever the reason.
    let upload = Upload::of_file(app, file)?;
    need_account(app, account)?;
    let id = import::create(app, Actor::Machine, account, upload, name).await?;
    let mut columns = import::find(app, account, id).await?.columns;
    let begun = match map_columns(&mut columns, map) {
        Ok(()) => import::begin(app, Actor::Machine, account, id, columns, what).await,
        Err(error) => Err(error.into()),
    };
    if let Err(error) = begun {
        import::discard(app, Actor::Machine, account, id).await?;
        return Err(error.into());
    }
    continue_import(app, account, id).await
}

async fn discard_import(app: &App, account: AccountId, id: i64) -> Result<Value, Error> {
    import::discard(app, Actor::Machine, account, id).await?;
    Ok(json!({ "import_id": id }))
}

async fn continue_import(app: &App, account: AccountId, id: i64) -> Result<Value, Error> {
    let import = import::work::work(app, account, id, Some(IMPORT_TIME)).await?;
    let Tally { created, changed, same, refused } = import.tally;
    Ok(json!({
        "import_id": id,
        "state": import.state.as_str(),
        "rows": import.rows,
        "done": import.tally.total(),
        "created": created,
        "changed": changed,
        "same": same,
        "refused": refused,
        "stop": import.stop.map(Stop::as_str),
    }))
}

async fn reload_maps(app: &Arc<App>) -> Result<Value, Error> {
    let own = Arc::clone(app);
    let done = tokio::task::spawn_blocking(move || own.geo.reload_changed()).await;
    let done = done.map_err(|error| Error::failed(&error))?;
    Ok(json!({ "taken": done.taken, "refused": done.refused, "dropped": done.dropped }))
}

async fn erase_person(app: &App, account: AccountId, known_by: [Option<&str>; 3]) -> Result<Value, Error> {
    need_account(app, account)?;
    let key = match known_by {
        [Some(email), None, None] => Email::parse(email).map(Key::Email),
        [None, Some(token), None] => Token::parse(token).map(Key::Token),
        [None, None, Some(receipt)] => Receipt::parse(receipt).map(Key::Receipt),
        _ => None,
    };
    let key = key.ok_or_else(|| {
        Error::invalid(&"give the email of a person, the token of a browser or the receipt of a choice")
    })?;
    let erased = person::erase_person(app, Actor::Machine, account, key).await?;
    let count = u8::from(erased.is_some());
    let ErasedPerson { sessions, page_views, damaged } = erased.unwrap_or_default();
    let damaged: Vec<String> = damaged.iter().map(ToString::to_string).collect();
    Ok(json!({ "erased": count, "sessions": sessions, "page_views": page_views, "damaged": damaged }))
}

async fn add_user(
    app: &App,
    email: &str,
    account: AccountId,
    role: Role,
    password: Option<String>,
    server_admin: bool,
) -> Result<Value, Error> {
    need_account(app, account)?;
    if password.is_none() && !is_known(app, email).await? {
        return Err(Error::invalid(&"a new user needs a password, which is read from stdin"));
    }
    let is_first = app.store.read(store::user::count).await? == 0;
    if is_first && role != Role::Owner && !server_admin {
        return Err(Error::invalid(
            &"the first user administers the whole server, which is more than this role; add an owner first, or confirm \
              with --server-admin",
        ));
    }
    if server_admin && !is_first {
        return Err(Error::invalid(&"--server-admin is for the first user, and there are users already"));
    }
    let what =
        Membership { role, show_emails: role > Role::Viewer, publish_js: false, website_settings: false };
    let added = users::add(app, Actor::Machine, account, email, what, password.as_deref()).await?;
    Ok(json!({ "user_id": added.user, "server_admin": is_first }))
}

fn status(app: &App) -> Value {
    json!({
        "pid": std::process::id(),
        "waiting": app.store.inbox.last_id() - app.progress.watermark(),
        "writer_alive": app.store.writer.is_alive(),
        "inbox_alive": app.store.inbox.is_alive(),
        "refusal": refusal(app).map(|refusal| refusal.to_string()),
        "undeclared_proxy": app.undeclared_proxy.found().map(|found| json!({ "address": found.address })),
    })
}

async fn change_event(
    app: &App,
    account: AccountId,
    number: EventNumber,
    change: EventChange,
) -> Result<(), Error> {
    let set = async |status| definitions::set_status(app, Actor::Machine, account, number, status).await;
    match change {
        EventChange::Archive => set(Status::Archived).await?,
        EventChange::Restore => set(Status::Active).await?,
        EventChange::Delete => definitions::delete(app, Actor::Machine, account, number).await?,
        EventChange::CountBack => count_back::count_back(app, Actor::Machine, account, number).await?,
    }
    Ok(())
}

fn need_account(app: &App, account: AccountId) -> Result<(), Error> {
    match app.accounts.find(account) {
        Some(_) => Ok(()),
        None => Err(Error::failed(&format!("there is no account {account}; see guestlog account list"))),
    }
}

async fn is_known(app: &App, email: &str) -> Result<bool, Error> {
    let email = Email::parse(email).ok_or_else(|| Error::invalid(&access::Error::Email))?;
    let found = app.store.read(move |conn| store::user::find_by_email(conn, &email)).await?;
    Ok(found.is_some())
}
