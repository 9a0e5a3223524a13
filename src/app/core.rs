//! What all use cases share. `server` (or a test) makes it once and hands it down.

use std::sync::Arc;

use tokio::sync::Semaphore;

use crate::app::banner_cache::BannerCache;
use crate::app::state::account_cache::{AccountCache, Entry};
use crate::app::state::address_cache::AddressCache;
use crate::app::state::counters::Counters;
use crate::app::state::dead_letters::DeadLetters;
use crate::app::state::definition_cache::DefinitionCache;
use crate::app::state::fold_progress::FoldProgress;
use crate::app::state::live::Live;
use crate::app::state::passwords::Passwords;
use crate::app::state::rate_limit::RateLimiter;
use crate::app::state::report_turns::ReportTurns;
use crate::app::state::script_cache::ScriptCache;
use crate::app::state::sign_in_throttle::SignInThrottle;
use crate::app::state::undeclared_proxy::UndeclaredProxy;
use crate::app::state::user_agent_cache::UserAgentCache;
use crate::base::clock::{Clock, Millis};
use crate::base::random::Random;
use crate::domain::event::LIMIT;
use crate::domain::retention::{KEPT_MONTHS, Retention};
use crate::geo::Geo;
use crate::store::{self, Store};

/// Most downloads of all events at once. One more is told to come later.
pub const DOWNLOADS_MAX: usize = 2;
/// Most long CSV files that are sent at a time. The rows of each are in memory until it is sent.
pub const CSV_FILES_MAX: usize = 4;

/// Settings of the use cases. `server` makes them from the configuration.
#[derive(Clone, Debug)]
pub struct Options {
    /// Requests per second that an address may send to the collector; 0 means no limit.
    pub collector_per_address: u32,
    /// Requests per second that a token may send; 0 means no limit.
    pub api_per_token: u32,
    /// Most events of an account.
    pub events: i64,
    /// Whether custom JavaScript of events may be served at all.
    pub custom_js: bool,
    /// How long an account keeps data that has chosen nothing, months; 0 means without end.
    pub kept_months: u32,
    /// The origin under which browsers reach the collector, if it is known.
    pub public_url: Option<String>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            collector_per_address: 200,
            api_per_token: 200,
            events: LIMIT,
            custom_js: true,
            kept_months: KEPT_MONTHS,
            public_url: None,
        }
    }
}

/// The running product.
pub struct App {
    pub store: Store,
    pub geo: Geo,
    pub clock: Arc<dyn Clock>,
    pub random: Arc<dyn Random>,
    pub accounts: Arc<AccountCache>,
    pub definitions: Arc<DefinitionCache>,
    pub addresses: AddressCache,
    pub user_agents: UserAgentCache,
    pub counters: Counters,
    pub live: Live,
    pub progress: FoldProgress,
    pub dead_letters: DeadLetters,
    /// Of the requests to the collector.
    pub undeclared_proxy: UndeclaredProxy,
    /// One permit, for the report of many days that runs.
    pub long_reports: Semaphore,
    pub report_turns: ReportTurns,
    /// A permit for each download of all events that may run.
    pub downloads: Arc<Semaphore>,
    /// A permit for each long CSV file that may be on its way.
    pub csv_files: Arc<Semaphore>,
    pub scripts: Arc<ScriptCache>,
    /// The banners that accounts show.
    pub banners: Arc<BannerCache>,
    /// By `rate_limit::sender_of`.
    pub senders: RateLimiter<u64>,
    /// By the id of the token.
    pub token_calls: RateLimiter<i64>,
    pub passwords: Passwords,
    /// Most events of an account.
    pub event_limit: i64,
    /// Whether custom JavaScript of events may be served at all.
    pub custom_js: bool,
    /// How long an account keeps each kind of data that has chosen nothing.
    pub retention: Retention,
    /// Held by the erasure of a person or visitor that runs.
    pub erasing: tokio::sync::Mutex<()>,
    /// Held by the import of contacts that runs.
    pub importing: tokio::sync::Mutex<()>,
    /// Failed sign-ins of the last hour.
    pub sign_in_throttle: SignInThrottle,
}

impl App {
    /// Makes it over an open store, reads the accounts and their events, and has them follow every change.
    pub fn new(
        store: Store,
        geo: Geo,
        clock: Arc<dyn Clock>,
        random: Arc<dyn Random>,
        options: &Options,
    ) -> Result<Self, store::Error> {
        let (accounts, definitions, banners, watermark, letters) = store.readers.read(|conn| {
            let accounts = AccountCache::load(conn)?;
            let ids = || accounts.list().into_iter().map(|entry| entry.id());
            let definitions = DefinitionCache::load(conn, ids())?;
            let banners = BannerCache::load(conn, ids())?;
            let letters = DeadLetters::of(store::dead_letter::totals(conn)?);
            Ok::<_, store::Error>((
                Arc::new(accounts),
                Arc::new(definitions),
                Arc::new(banners),
                store::watermark(conn)?,
                letters,
            ))
        })?;
        let caches = (Arc::clone(&banners), Arc::clone(&accounts), Arc::clone(&definitions));
        store.changes.follow(Box::new(move |conn, changes| {
            let (banners, accounts, definitions) = &caches;
            // A script must not name a banner that is not served yet.
            banners.follow(conn, changes)?;
            accounts.follow(conn, changes)?;
            definitions.follow(conn, changes)
        }));
        let counters = Counters::default();
        // An earlier process accepted these hits and this one will fold them.
        counters.receive(u64::try_from(store.inbox.last_id().saturating_sub(watermark)).unwrap_or(0));
        Ok(Self {
            live: Live::starting_at(clock.now()),
            passwords: Passwords::new(Arc::clone(&random)),
            sign_in_throttle: SignInThrottle::default(),
            erasing: tokio::sync::Mutex::default(),
            importing: tokio::sync::Mutex::default(),
            store,
            geo,
            clock,
            random,
            accounts,
            definitions,
            event_limit: options.events,
            retention: Retention::of_months(options.kept_months),
            custom_js: options.custom_js,
            addresses: AddressCache::default(),
            user_agents: UserAgentCache::default(),
            counters,
            progress: FoldProgress::at(watermark),
            dead_letters: letters,
            undeclared_proxy: UndeclaredProxy::default(),
            long_reports: Semaphore::new(1),
            report_turns: ReportTurns::default(),
            downloads: Arc::new(Semaphore::new(DOWNLOADS_MAX)),
            csv_files: Arc::new(Semaphore::new(CSV_FILES_MAX)),
            banners,
            scripts: Arc::new(ScriptCache::new(options.public_url.clone())),
            senders: RateLimiter::new(options.collector_per_address),
            token_calls: RateLimiter::new(options.api_per_token),
        })
    }

    /// Whether the script of an account loads the custom code of its events (rules.md 29).
    #[must_use]
    pub fn runs_code(&self, account: &Entry) -> bool {
        self.custom_js && account.account.custom_js
    }

    #[must_use]
    pub fn now(&self) -> Millis {
        self.clock.now()
    }

    /// Resolves when everything acknowledged before the call is in the reports.
    pub async fn folded(&self) {
        self.progress.wait_for(self.store.inbox.last_id()).await;
    }
}
