//! The served scripts. Each is built once for a state of its account's settings and events: a script is stale when
//! one of these is another one than it was built from.

use std::sync::{Arc, Mutex, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::app::state::account_cache::Entry;
use crate::app::state::definition_cache::AccountEvents;
use crate::base::clock::Millis;
use crate::domain::account::AccountId;
use crate::domain::consent::policy::InForce;
use crate::domain::event::EventKind;
use crate::domain::url_rule::UrlRule;
use crate::store;
use crate::store::definition::Stored;
use crate::tracker::banner;
use crate::tracker::{self, PolicyRule, Rule, Script, ScriptOptions};

/// How often browsers have asked for an account's script since the start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fetched {
    pub times: u64,
    pub last: Millis,
}

/// A script with what it was built from.
struct Built {
    /// Of the account.
    revision: u64,
    defined: Arc<AccountEvents>,
    runs_code: bool,
    options: ScriptOptions,
    script: Arc<Script>,
}

/// Scripts by account, and how often each was asked for.
pub struct ScriptCache {
    /// The origin of this server, if it is known.
    public_url: Option<String>,
    built: RwLock<FxHashMap<AccountId, Built>>,
    /// Held by the request that has the script of an account built.
    building: Mutex<FxHashMap<AccountId, Turn>>,
    fetched: RwLock<FxHashMap<AccountId, Fetched>>,
}

/// Whoever has locked it has the script built.
type Turn = Arc<tokio::sync::Mutex<()>>;

impl ScriptCache {
    #[must_use]
    pub fn new(public_url: Option<String>) -> Self {
        Self { public_url, built: RwLock::default(), building: Mutex::default(), fetched: RwLock::default() }
    }

    /// The script for the present settings and events of an account. With `runs_code` it loads the custom code of
    /// events. Building a script takes about a tenth of a second, and many browsers ask for a changed script at the same
    /// time. One request has it built, beside the threads that answer others, and the rest wait for that one.
    ///
    /// # Errors
    /// `Panicked`.
    pub async fn of(
        self: &Arc<Self>,
        account: &Arc<Entry>,
        defined: &Arc<AccountEvents>,
        runs_code: bool,
    ) -> Result<Arc<Script>, store::Error> {
        if let Some(script) = self.present(account, defined, runs_code) {
            return Ok(script);
        }
        let building = self.turn(account.id());
        let _turn = building.lock().await;
        if let Some(script) = self.present(account, defined, runs_code) {
            return Ok(script);
        }
        let (cache, account, defined) = (Arc::clone(self), Arc::clone(account), Arc::clone(defined));
        let built = tokio::task::spawn_blocking(move || cache.build(&account, &defined, runs_code));
        built.await.map_err(|_| store::Error::Panicked)
    }

    /// The script that is built already, unless it is stale.
    fn present(&self, account: &Entry, defined: &Arc<AccountEvents>, runs_code: bool) -> Option<Arc<Script>> {
        let known = self.built.read().unwrap_or_else(PoisonError::into_inner);
        let built = known.get(&account.id())?;
        let is_present = built.revision == account.revision()
            && Arc::ptr_eq(&built.defined, defined)
            && built.runs_code == runs_code;
        is_present.then(|| Arc::clone(&built.script))
    }

    fn turn(&self, account: AccountId) -> Turn {
        let mut building = self.building.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(building.entry(account).or_default())
    }

    fn build(&self, account: &Entry, defined: &Arc<AccountEvents>, runs_code: bool) -> Arc<Script> {
        let id = account.id();
        let options =
            ScriptOptions { server: self.public_url.clone(), ..options(account, defined, runs_code) };
        // Most changes of events and accounts do not change the script.
        let known = self.built.read().unwrap_or_else(PoisonError::into_inner);
        let same = known.get(&id).filter(|built| built.options == options);
        let same = same.map(|built| Arc::clone(&built.script));
        drop(known);
        let script = same.unwrap_or_else(|| Arc::new(tracker::build(&options)));
        let (revision, defined, kept) = (account.revision(), Arc::clone(defined), Arc::clone(&script));
        let built = Built { revision, defined, runs_code, options, script: kept };
        self.built.write().unwrap_or_else(PoisonError::into_inner).insert(id, built);
        script
    }

    /// Counts a browser that asked for the script of an existing account.
    pub fn count_fetch(&self, account: AccountId, now: Millis) {
        let mut fetched = self.fetched.write().unwrap_or_else(PoisonError::into_inner);
        let of = fetched.entry(account).or_insert(Fetched { times: 0, last: now });
        of.times += 1;
        of.last = now;
    }

    /// `None` when nobody has asked since the start.
    #[must_use]
    pub fn fetched(&self, account: AccountId) -> Option<Fetched> {
        self.fetched.read().unwrap_or_else(PoisonError::into_inner).get(&account).copied()
    }
}

/// What the script must know: of the events only those that it finds in the page by itself, because everybody can
/// read it.
fn options(account: &Entry, defined: &AccountEvents, runs_code: bool) -> ScriptOptions {
    let tracking = account.tracking();
    let rules = |kind| {
        let of_kind = defined.active().filter(move |stored| stored.definition.kind == kind);
        of_kind.map(rule).collect()
    };
    let shown = account.consent.as_ref().filter(|consent| consent.policy.shows_banner());
    let look = shown.map(|consent| &consent.policy.banner);
    let with_code = defined.active().filter(|stored| runs_code && !stored.script_hash.is_empty());
    ScriptOptions {
        secure: tracking.secure_cookies,
        subdomains: tracking.cookies_per_subdomain,
        limit: tracking.limit_to_domains,
        linker: tracking.cross_domain_links,
        spa: tracking.moves_in_pages,
        hash: tracking.fragment_is_page,
        twice: tracking.first_view_twice,
        collects: tracking.collect_forms,
        policies: account.consent.as_ref().map(policies),
        asked: account.consent.as_ref().and_then(|consent| consent.asked).map_or(0, |(revision, _)| revision),
        revision: account.consent.as_ref().map_or(0, |consent| consent.revision),
        banner: look.map(banner::hashes).unwrap_or_default(),
        reopen: look.is_some_and(|look| look.has_reopen_button),
        clicks: if tracking.click_autocapture { rules(EventKind::Click) } else { Vec::new() },
        forms: rules(EventKind::Form),
        removed: account.exclusions().parameters.clone(),
        codes: with_code.map(|stored| format!("{}.{}", stored.number, stored.script_hash)).collect(),
        ..ScriptOptions::new(account.id(), account.settings().domains.clone())
    }
}

fn policies(consent: &InForce) -> Vec<PolicyRule> {
    let rules = consent.policy.preferred().into_iter();
    rules
        .map(|rule| {
            let places = rule.target.places.iter().map(ToString::to_string).collect();
            let (host, path) = (rule.target.host.clone(), rule.target.path.clone());
            PolicyRule(rule.kind.number(), rule.gpc.into(), host, path, places)
        })
        .collect()
}

fn rule(stored: &Stored) -> Rule {
    let definition = &stored.definition;
    let url = definition.url.as_ref().map_or("", UrlRule::pattern);
    Rule(stored.number.to_string(), definition.selector.clone(), url.to_owned())
}
