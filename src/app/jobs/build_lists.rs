//! Keeps active lists up to date: each is asked again at most once a minute, when something happened in its account, or
//! when its conditions depend on the time.

use rustc_hash::FxHashMap;

use crate::app::core::App;
use crate::app::people::lists;
use crate::base::clock::{MINUTE, Millis};
use crate::domain::account::AccountId;
use crate::domain::list::{ListId, ListKind};
use crate::store::list::List;
use crate::store::{self, Connection};

/// How often a list is asked again at most.
pub const EVERY_MS: i64 = MINUTE;

/// When lists were built by this job, and after what.
#[derive(Debug, Default)]
pub struct ListJob {
    built: FxHashMap<(AccountId, ListId), Built>,
}

#[derive(Clone, Copy, Debug)]
struct Built {
    at: Millis,
    /// What had happened in the account by then; `None` when it failed.
    after: Option<Activity>,
}

/// When the lists of an account were built.
type BuiltAt = FxHashMap<ListId, Option<Millis>>;

/// How far an account has come: the inbox id of its last folded hit, and the latest change of anything in the store. What
/// people and files say of contacts is no hit and raises no change, but the store writes down which contacts it was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Activity {
    hit: i64,
    change: i64,
    contact_change: i64,
}

impl ListJob {
    /// Builds the lists that are due, and answers how many they were. One that fails does not hold up the others.
    ///
    /// # Errors
    /// When the lists cannot be read.
    pub async fn run(&mut self, app: &App) -> Result<usize, store::Error> {
        let mut count = 0;
        for account in app.accounts.list() {
            let id = account.id();
            let read = move |conn: &Connection| {
                Ok::<_, store::Error>((store::list::list(conn, id)?, store::contact_change::latest(conn)?))
            };
            let (lists, contact_change) = app.store.read(read).await?;
            let mut built_at: BuiltAt = lists.iter().map(|list| (list.id, list.built)).collect();
            for list in in_order(lists) {
                // What happens while it is built belongs to the next time.
                let (hit, change) = (app.progress.last_of(id), app.store.changes.followed());
                let activity = Activity { hit, change, contact_change };
                if !self.is_due(id, &list, &built_at, activity, app.now()) {
                    continue;
                }
                count += 1;
                let built = lists::build(app, id, list.id).await;
                if let Err(error) = &built {
                    tracing::warn!(account = id.0, list = list.id.0, %error, "a list could not be built");
                }
                let after = built.is_ok().then_some(activity);
                built_at.insert(list.id, built.ok().map(|built| built.at));
                self.built.insert((id, list.id), Built { at: app.now(), after });
            }
        }
        Ok(count)
    }

    fn is_due(
        &self,
        account: AccountId,
        list: &List,
        built_at: &BuiltAt,
        activity: Activity,
        now: Millis,
    ) -> bool {
        let is_snapshot = list.kind == ListKind::Static && list.built.is_some();
        let built = self.built.get(&(account, list.id));
        // A clock that goes back must not stop the job.
        let is_recent = built.is_some_and(|built| (0..EVERY_MS).contains(&now.since(built.at)));
        if is_snapshot || is_recent {
            return false;
        }
        let is_same = built.is_some_and(|built| built.after == Some(activity));
        let is_older = |one: ListId| built_at.get(&one).copied().flatten() > built.map(|built| built.at);
        list.built.is_none()
            || !is_same
            || list.conditions.depends_on_time()
            || list.conditions.lists().any(is_older)
    }
}

/// Lists after those that their conditions name. There are no circles.
fn in_order(mut lists: Vec<List>) -> Vec<List> {
    let mut ordered: Vec<List> = Vec::with_capacity(lists.len());
    while !lists.is_empty() {
        let names: Vec<ListId> = lists.iter().map(|list| list.id).collect();
        let (ready, waiting): (Vec<_>, Vec<_>) =
            lists.into_iter().partition(|list| !list.conditions.lists().any(|one| names.contains(&one)));
        if ready.is_empty() {
            ordered.extend(waiting);
            return ordered;
        }
        ordered.extend(ready);
        lists = waiting;
    }
    ordered
}
