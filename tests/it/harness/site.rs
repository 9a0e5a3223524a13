//! The public side in process: a real store in a temporary directory, a clock that stands still until it is
//! moved, seeded randomness, and the routes of the product. The fold runs only when a test calls it.

use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

use actix_web::http::Method;
use actix_web::http::header::{HOST, HeaderValue};
use actix_web::test::{TestRequest, call_service, init_service, read_body};
use actix_web::web::Data;
use guestlog::app::ingest::fold;
use guestlog::app::ingest::fold::Cache;
use guestlog::app::jobs::close_days::CloseJob;
use guestlog::app::{App, core};
use guestlog::base::cidr::Cidr;
use guestlog::base::clock::{ManualClock, Millis};
use guestlog::base::random::SeededRandom;
use guestlog::domain::account::{AccountId, Settings};
use guestlog::domain::hit_reason::Reason;
use guestlog::domain::tracking::Tracking;
use guestlog::geo::Geo;
use guestlog::store::{self, Store};
use guestlog::web;
use guestlog::web::request::state::State;
use rusqlite::types::FromSql;
use serde_json::{Value, json};

/// 2026-11-22T12:00:00Z
pub(crate) const NOON: Millis = Millis(1_795_348_800_000);
pub(crate) const FIREFOX: &str = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0";
/// Outside of every range of the proxies.
pub(crate) const VISITOR: &str = "203.0.113.7";

/// How a site differs from a plain one.
pub(crate) struct Wanted {
    pub(crate) limit_to_domains: bool,
    pub(crate) time_zone: &'static str,
    pub(crate) per_address: u32,
    pub(crate) events: i64,
    pub(crate) custom_js: bool,
    pub(crate) min_free: u64,
    pub(crate) proxies: &'static [&'static str],
    pub(crate) public_url: Option<&'static str>,
    pub(crate) geo: Geo,
}

impl Default for Wanted {
    fn default() -> Self {
        Self {
            limit_to_domains: false,
            time_zone: "UTC",
            per_address: 0,
            events: 2_000,
            custom_js: true,
            min_free: 0,
            proxies: &[],
            public_url: None,
            geo: Geo::none(),
        }
    }
}

/// A running site with one account for `example.com` and `shop.test`.
pub(crate) struct Site {
    pub(crate) app: Arc<App>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) account: AccountId,
    pub(crate) state: Data<State>,
    cache: Cache,
    folder: tempfile::TempDir,
}

/// What was answered.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// Empty when there is none.
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.iter().find(|(n, _)| n == name).map_or("", |(_, value)| value)
    }

    pub(crate) fn reason(&self) -> &str {
        self.header("x-guestlog")
    }

    /// All that was sent, but for the status.
    pub(crate) fn bytes(&self) -> Vec<u8> {
        let lines = self.headers.iter().map(|(name, value)| format!("{name}: {value}\n"));
        [lines.collect::<String>().as_bytes(), &self.body].concat()
    }

    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).unwrap()
    }
}

impl Site {
    pub(crate) async fn new() -> Self {
        Self::with(Wanted::default()).await
    }

    pub(crate) async fn with(wanted: Wanted) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let clock = ManualClock::at(NOON);
        let store = open(&folder, &clock, wanted.min_free);
        let domains = ["example.com".to_owned(), "shop.test".to_owned()];
        let settings = Settings::parse("Test", &domains, wanted.time_zone, "EUR").unwrap();
        let tracking = Tracking { limit_to_domains: wanted.limit_to_domains, ..Tracking::default() };
        let account = store
            .writer
            .write(move |c| {
                let account = store::account::insert(c, &settings, NOON)?;
                store::account::update_tracking(c, account, tracking)?;
                Ok::<_, store::Error>(account)
            })
            .await
            .unwrap();
        Self::over(store, folder, clock, account, wanted)
    }

    fn over(
        store: Store,
        folder: tempfile::TempDir,
        clock: Arc<ManualClock>,
        account: AccountId,
        wanted: Wanted,
    ) -> Self {
        let limits = core::Options {
            collector_per_address: wanted.per_address,
            api_per_token: 0,
            events: wanted.events,
            custom_js: wanted.custom_js,
            public_url: wanted.public_url.map(str::to_owned),
            ..core::Options::default()
        };
        let random = Arc::new(SeededRandom::new(1));
        let app = App::new(store, wanted.geo, Arc::clone(&clock) as _, random, &limits).unwrap();
        let app = Arc::new(app);
        let trusted_proxies = wanted.proxies.iter().map(|range| range.parse::<Cidr>().unwrap()).collect();
        let options =
            web::request::options::Options { trusted_proxies, ..web::request::options::Options::default() };
        let state = Data::new(State { app: Arc::clone(&app), options });
        let cache = Cache::new(app.event_limit);
        Self { app, clock, account, state, cache, folder }
    }

    /// Closes the store and opens it again, with another memory and the plain settings.
    pub(crate) async fn restart(self) -> Self {
        self.restart_after(|_| ()).await
    }

    /// The same; `change` is made to the data directory meanwhile.
    pub(crate) async fn restart_after(self, change: impl FnOnce(&Path)) -> Self {
        let Self { app, clock, account, state, folder, .. } = self;
        drop(state);
        let app = Arc::try_unwrap(app).unwrap_or_else(|_| panic!("somebody still holds the application"));
        tokio::task::spawn_blocking(|| app.store.close()).await.unwrap();
        change(&folder.path().join("data"));
        let store = open(&folder, &clock, 0);
        Self::over(store, folder, clock, account, Wanted::default())
    }

    /// A request of the visitor's address, unless it names its own.
    /// Goes on with other settings of the network.
    pub(crate) fn set_options(&mut self, options: web::request::options::Options) {
        self.state = Data::new(State { app: Arc::clone(&self.app), options });
    }

    pub(crate) async fn call(&self, request: TestRequest) -> Answer {
        let service = actix_web::App::new()
            .app_data(self.state.clone())
            .configure(web::machine_routes)
            .configure(web::public_routes)
            .configure(web::admin_routes);
        let service = init_service(service).await;
        let mut request = request.to_request();
        if request.peer_addr().is_none() {
            // Metrics are for programs on the same machine.
            let is_own = request.path() == "/metrics";
            if is_own {
                request.headers_mut().insert(HOST, HeaderValue::from_static("localhost"));
            }
            let peer = if is_own { "127.0.0.1" } else { VISITOR };
            request.head_mut().peer_addr = Some(SocketAddr::new(peer.parse().unwrap(), 40_000));
        }
        let answer = call_service(&service, request).await;
        let headers = answer.headers().iter();
        let headers = headers.map(|(n, v)| (n.as_str().to_owned(), v.to_str().unwrap().to_owned())).collect();
        Answer { status: answer.status().as_u16(), headers, body: read_body(answer).await.to_vec() }
    }

    pub(crate) async fn get(&self, uri: &str) -> Answer {
        self.call(TestRequest::get().uri(uri).insert_header(("user-agent", FIREFOX))).await
    }

    /// `POST /collect`
    pub(crate) async fn collect(&self, body: &Value) -> Answer {
        self.collect_bytes(body.to_string()).await
    }

    pub(crate) async fn collect_bytes(&self, body: impl Into<actix_web::web::Bytes>) -> Answer {
        self.call(post().set_payload(body.into())).await
    }

    /// `GET /__ptq.gif` with these parameters.
    pub(crate) async fn gif(&self, pairs: &[(&str, &str)]) -> Answer {
        self.get(&format!("/__ptq.gif?{}", query(pairs))).await
    }

    /// A page view of a visitor as our script sends it, to be changed at will.
    pub(crate) fn view(&self, id: &str, visitor: &str, url: &str) -> Value {
        json!({"a": self.account.0, "k": 1, "id": id, "vi": visitor, "pu": url, "t": "A page",
               "cc": 15, "rev": 3, "age": 0, "sd": "1920x1080", "ln": "en-GB"})
    }

    /// A completion of a visitor as our script sends it.
    pub(crate) fn completion(&self, id: &str, visitor: &str, event: &str, value: impl Into<Value>) -> Value {
        let view = self.view(id, visitor, "https://example.com/cart");
        with(with(with(view, "k", 3), "n", event), "m", value)
    }

    /// Folds all that waits.
    pub(crate) async fn fold(&mut self) {
        while fold::step(&self.app, &mut self.cache).await.unwrap() > 0 {}
    }

    pub(crate) fn data_dir(&self) -> std::path::PathBuf {
        self.folder.path().join("data")
    }

    /// One row of a question to the store.
    pub(crate) fn ask<T: FromSql>(&self, question: &str) -> T {
        self.asks(question).into_iter().next().unwrap()
    }

    /// The first column of all rows. Sessions stand in `session_unpacked`.
    pub(crate) fn asks<T: FromSql>(&self, question: &str) -> Vec<T> {
        let conn = store::Connection::open(self.data_dir().join(store::MAIN_FILE)).unwrap();
        store::unpacked::create_views(&conn).unwrap();
        let mut statement = conn.prepare(question).unwrap();
        let rows = statement.query_map([], |row| row.get(0)).unwrap();
        rows.map(Result::unwrap).collect()
    }

    /// Changes the store behind the product's back.
    pub(crate) async fn tamper(&self, sql: &'static str) {
        let job = move |conn: &store::Connection| Ok::<_, store::Error>(conn.execute_batch(sql)?);
        self.app.store.writer.write(job).await.unwrap();
    }

    /// Closes the days that are over.
    pub(crate) async fn close_days(&self) {
        let app = self.app.clone();
        let account = app.accounts.find(self.account).unwrap();
        let closing = move || CloseJob::default().close_account(&app, &account, app.now());
        actix_web::rt::task::spawn_blocking(closing).await.unwrap().unwrap();
    }

    pub(crate) fn count(&self, reason: Reason) -> u64 {
        self.app.counters.of(reason)
    }

    /// received = stored + duplicate + rejected + dead-lettered + waiting, as `/metrics` shows it.
    pub(crate) async fn assert_that_all_are_counted(&self) {
        let text = self.get("/metrics").await.text();
        let numbers = |name: &str| -> u64 {
            let lines = text.lines().filter(|line| line.starts_with(name));
            lines.map(|line| line.rsplit(' ').next().unwrap().parse::<u64>().unwrap()).sum()
        };
        let received = numbers("guestlog_hits_received_total ");
        let accounted = numbers("guestlog_hits_total{") + numbers("guestlog_hits_waiting ");
        assert_eq!(received, accounted, "{text}");
    }
}

pub(crate) fn post() -> TestRequest {
    TestRequest::default()
        .method(Method::POST)
        .uri("/collect")
        .insert_header(("content-type", "text/plain"))
        .insert_header(("user-agent", FIREFOX))
}

fn open(folder: &tempfile::TempDir, clock: &Arc<ManualClock>, min_free: u64) -> Store {
    let options = store::Options { data_dir: folder.path().join("data"), min_free, readers: 2 };
    Store::open(&options, Arc::clone(clock) as _).unwrap()
}

/// Every byte that is not a letter or a digit is escaped.
pub(crate) fn query(pairs: &[(&str, &str)]) -> String {
    let escape = |text: &str| -> String {
        let escaped = |byte: u8| match byte.is_ascii_alphanumeric() {
            true => char::from(byte).to_string(),
            false => format!("%{byte:02X}"),
        };
        text.bytes().map(escaped).collect()
    };
    pairs.iter().map(|(n, v)| format!("{}={}", escape(n), escape(v))).collect::<Vec<_>>().join("&")
}

/// A value with one field changed; `null` takes it away.
pub(crate) fn with(mut value: Value, name: &str, to: impl Into<Value>) -> Value {
    let to = to.into();
    let fields = value.as_object_mut().unwrap();
    if to.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), to);
    }
    value
}

/// Whether both files of a store are whole.
pub(crate) fn findings(data_dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for file in [store::MAIN_FILE, store::INBOX_FILE] {
        let conn = rusqlite::Connection::open(data_dir.join(file)).unwrap();
        for check in ["pragma integrity_check", "pragma foreign_key_check"] {
            let mut statement = conn.prepare(check).unwrap();
            let rows = statement.query_map([], |row| row.get::<_, String>(0)).unwrap();
            found.extend(
                rows.map(Result::unwrap).filter(|row| row != "ok").map(|row| format!("{file}: {row}")),
            );
        }
    }
    found
}
